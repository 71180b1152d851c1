/* load: mail for an SMTP server, from many sessions of one thread, and what came of it as one line of JSON.
 *
 *   load -p PORT -s SESSIONS -n MAILS -k MAILS_A_CONNECTION -m MAILS_FILE -r RECIPIENTS_FILE [-P] [-T] [-R RATE] [-t SECONDS]
 *
 *   -k 0  all of a session's mails on one connection      -P  MAIL, RCPT and DATA in one write (RFC 2920)
 *   -T    STARTTLS on every connection (built with -DTLS)  -t  give up after so many seconds
 *   -R    open loop: a mail falls due RATE times a second, whether the server keeps up or not, and its latency counts from then;
 *         without it every session sends its next mail when the last is answered
 *
 * MAILS_FILE: for each mail a line with its size, then so many octets as they go over the wire, dots stuffed, end of content
 * included. Every "@@SEQUENCE" in it becomes a number of ten digits that no other mail of this run has. RECIPIENTS_FILE: a
 * forward-path a line, taken in turn.
 *
 * Loopback only. Promises: ends by itself; a reply of 4xx or 5xx, and a lost connection, are counted as failed and the session
 * goes on with a new connection. Needs Linux (epoll).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
static SSL_CTX *tls_context;
#endif

#define MARK "@@SEQUENCE"
#define MARK_SIZE 10
#define MOST_MARKS 8
#define FIRST_NUMBER (time(NULL) % 100000 * 100000L)

enum stage { GREETING, EHLO, STARTTLS, HANDSHAKE, IDLE, MAIL, RCPT, DATA, PIPELINED, CONTENT, QUIT, GONE };

struct mail {
    char *octets;
    size_t size;
    size_t marks[MOST_MARKS];
    int mark_count;
};

struct session {
    int fd;
    enum stage stage;
    bool encrypted, wants_write;
    int awaited;          /* replies that are still to come to a pipelined group */
    long sent;            /* mails of this connection */
    long number;          /* of the mail in hand */
    double since;         /* when the mail in hand was begun, or fell due */
    const char *out;
    size_t out_size;
    char *content;        /* the mail in hand, its marks filled in */
    size_t content_room;
    char command[1024];
    char in[4096];
    size_t in_size;
#ifdef TLS
    SSL *tls;
#endif
};

static int port, session_count = 1, poll_fd;
static long mail_count = 1000, mails_a_connection, begun, finished, failed, connections, first_number;
static bool pipelined, with_tls;
static double rate, time_limit = 60, started_at;
static struct mail *mails;
static size_t mails_size;
static char **recipients;
static size_t recipients_size;
static double *latencies;
static struct session *sessions;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void give_up(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *room(size_t size) {
    void *given = calloc(1, size ? size : 1);
    if (!given) give_up("memory");
    return given;
}

static void read_mails(const char *path) {
    FILE *file = fopen(path, "rb");
    size_t size;
    if (!file) give_up(path);
    while (fscanf(file, "%zu", &size) == 1 && fgetc(file) == '\n') {
        mails = realloc(mails, (mails_size + 1) * sizeof *mails);
        struct mail *mail = &mails[mails_size++];
        *mail = (struct mail){.octets = room(size), .size = size};
        if (fread(mail->octets, 1, size, file) != size) give_up(path);
        char *at = mail->octets;
        while (mail->mark_count < MOST_MARKS && (at = memmem(at, mail->octets + size - at, MARK, MARK_SIZE))) {
            mail->marks[mail->mark_count++] = at - mail->octets;
            at += MARK_SIZE;
        }
    }
    fclose(file);
    if (!mails_size) give_up("no mails");
}

static void read_recipients(const char *path) {
    FILE *file = fopen(path, "r");
    char line[512];
    if (!file) give_up(path);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = 0;
        recipients = realloc(recipients, (recipients_size + 1) * sizeof *recipients);
        recipients[recipients_size++] = strdup(line);
    }
    fclose(file);
    if (!recipients_size) give_up("no recipients");
}

static void watch(struct session *session, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (session->wants_write ? EPOLLOUT : 0), .data.ptr = session};
    if (epoll_ctl(poll_fd, operation, session->fd, &event) < 0) give_up("epoll");
}

static void want_write(struct session *session, bool wanted) {
    if (session->wants_write == wanted) return;
    session->wants_write = wanted;
    watch(session, EPOLL_CTL_MOD);
}

/* As many octets as go now; -1 where none do. */
static ssize_t put(struct session *session, const char *octets, size_t size) {
#ifdef TLS
    if (session->encrypted) return SSL_write(session->tls, octets, size > 1 << 20 ? 1 << 20 : (int)size);
#endif
    return send(session->fd, octets, size, MSG_NOSIGNAL);
}

static void flush_out(struct session *session) {
    while (session->out_size) {
        ssize_t gone = put(session, session->out, session->out_size);
        if (gone <= 0) break;
        session->out += gone;
        session->out_size -= gone;
    }
    want_write(session, session->out_size > 0);
}

static void say(struct session *session, enum stage stage, const char *octets, size_t size) {
    session->stage = stage;
    session->out = octets;
    session->out_size = size;
    flush_out(session);
}

static void say_command(struct session *session, enum stage stage, const char *form, const char *argument) {
    int size = snprintf(session->command, sizeof session->command, form, argument);
    say(session, stage, session->command, size);
}

static void connect_session(struct session *session) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
    if (session->fd < 0) give_up("socket");
    setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    session->stage = GREETING;
    session->encrypted = session->wants_write = false;
    session->sent = session->out_size = session->in_size = 0;
    connections++;
    if (connect(session->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) give_up("connect");
    watch(session, EPOLL_CTL_ADD);
}

static bool over(void) { return begun >= mail_count || now() - started_at > time_limit; }

static void drop(struct session *session) {
#ifdef TLS
    if (session->tls) SSL_free(session->tls);
    session->tls = NULL;
#endif
    close(session->fd);
    session->stage = GONE;
    if (!over()) connect_session(session);
}

static void compose(struct session *session) {
    const struct mail *mail = &mails[session->number % mails_size];
    char number[MARK_SIZE + 1];
    if (session->content_room < mail->size) {
        free(session->content);
        session->content = room(session->content_room = mail->size);
    }
    memcpy(session->content, mail->octets, mail->size);
    snprintf(number, sizeof number, "%010ld", first_number + session->number);
    for (int mark = 0; mark < mail->mark_count; mark++) memcpy(session->content + mail->marks[mark], number, MARK_SIZE);
}

static void next_mail(struct session *session) {
    if (over() || (mails_a_connection && session->sent >= mails_a_connection)) {
        say_command(session, QUIT, "QUIT\r\n", "");
        return;
    }
    double due = rate ? started_at + begun / rate : now();
    session->stage = IDLE;
    if (due > now()) return; /* the clock wakes it */
    session->since = due;
    session->number = begun++;
    session->sent++;
    compose(session);
    if (pipelined) {
        session->awaited = 3;
        say_command(session, PIPELINED, "MAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n", recipients[session->number % recipients_size]);
    } else {
        say_command(session, MAIL, "MAIL FROM:<>\r\n", "");
    }
}

static void shake_hands(struct session *session) {
#ifdef TLS
    int done = SSL_connect(session->tls);
    if (done == 1) {
        session->encrypted = true;
        want_write(session, false);
        say_command(session, EHLO, "EHLO load.example\r\n", "");
        return;
    }
    int why = SSL_get_error(session->tls, done);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        want_write(session, why == SSL_ERROR_WANT_WRITE);
        return;
    }
#endif
    failed++;
    drop(session);
}

static void start_tls(struct session *session) {
#ifdef TLS
    session->tls = SSL_new(tls_context);
    SSL_set_fd(session->tls, session->fd);
#endif
    session->stage = HANDSHAKE;
    shake_hands(session);
}

static void heard(struct session *session, int code) {
    if (code >= 400) {
        failed++;
        if (session->stage == QUIT) return;
        say_command(session, QUIT, "QUIT\r\n", "");
        return;
    }
    switch (session->stage) {
    case GREETING: say_command(session, EHLO, "EHLO load.example\r\n", ""); break;
    case EHLO:
        if (with_tls && !session->encrypted) say_command(session, STARTTLS, "STARTTLS\r\n", "");
        else next_mail(session);
        break;
    case STARTTLS: start_tls(session); break;
    case MAIL: say_command(session, RCPT, "RCPT TO:<%s>\r\n", recipients[session->number % recipients_size]); break;
    case RCPT: say_command(session, DATA, "DATA\r\n", ""); break;
    case PIPELINED:
        if (--session->awaited) break; /* fall through */
    case DATA: say(session, CONTENT, session->content, mails[session->number % mails_size].size); break;
    case CONTENT:
        latencies[finished++] = now() - session->since;
        next_mail(session);
        break;
    default: break;
    }
}

/* False where the connection is gone. */
static bool listen_to(struct session *session) {
    ssize_t size;
    char *room_left = session->in + session->in_size;
#ifdef TLS
    if (session->encrypted) {
        size = SSL_read(session->tls, room_left, sizeof session->in - session->in_size);
        if (size <= 0) {
            int why = SSL_get_error(session->tls, (int)size);
            return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
        }
    } else
#endif
    {
        size = recv(session->fd, room_left, sizeof session->in - session->in_size, 0);
        if (size < 0) return errno == EAGAIN;
        if (size == 0) return false;
    }
    session->in_size += size;
    char *line = session->in, *end;
    while ((end = memchr(line, '\n', session->in + session->in_size - line))) {
        bool last = end - line >= 4 && line[3] != '-';
        int code = atoi(line);
        line = end + 1;
        if (last) heard(session, code);
    }
    session->in_size -= line - session->in;
    memmove(session->in, line, session->in_size);
    return session->in_size < sizeof session->in;
}

static void serve(struct session *session, unsigned events) {
    if (session->stage == HANDSHAKE) {
        shake_hands(session);
        return;
    }
    if (events & EPOLLOUT) flush_out(session);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    do {
        if (!listen_to(session)) {
            if (session->stage != QUIT) failed++;
            drop(session);
            return;
        }
#ifdef TLS
    } while (session->encrypted && session->stage != HANDSHAKE && SSL_pending(session->tls));
#else
    } while (false);
#endif
}

static int by_size(const void *one, const void *other) {
    double left = *(const double *)one, right = *(const double *)other;
    return (left > right) - (left < right);
}

static double part(double share) { return finished ? latencies[(long)(share * (finished - 1))] * 1000 : 0; }

static void run(void) {
    struct epoll_event events[256];
    started_at = now();
    for (int number = 0; number < session_count; number++) connect_session(&sessions[number]);
    for (int open = session_count; open;) {
        int ready = epoll_wait(poll_fd, events, 256, rate ? 1 : 500);
        for (int number = 0; number < ready; number++) serve(events[number].data.ptr, events[number].events);
        open = 0;
        for (int number = 0; number < session_count; number++) {
            struct session *session = &sessions[number];
            if (session->stage == IDLE) next_mail(session);
            open += session->stage != GONE;
        }
        if (now() - started_at > time_limit + 15) break;
    }
}

static void tell(double seconds) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    qsort(latencies, finished, sizeof *latencies, by_size);
    printf("{\"mails\": %ld, \"failed\": %ld, \"connections\": %ld, \"seconds\": %.4f, \"rate\": %.1f, ", finished, failed, connections,
           seconds, finished / seconds);
    printf("\"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, \"max\": %.3f, \"cpu\": %.3f}\n", part(.5), part(.9), part(.99), part(1), cpu);
}

int main(int count, char **words) {
    int option;
    const char *mails_path = "", *recipients_path = "";
    while ((option = getopt(count, words, "p:s:n:k:m:r:PTR:t:")) > 0) switch (option) {
        case 'p': port = atoi(optarg); break;
        case 's': session_count = atoi(optarg); break;
        case 'n': mail_count = atol(optarg); break;
        case 'k': mails_a_connection = atol(optarg); break;
        case 'm': mails_path = optarg; break;
        case 'r': recipients_path = optarg; break;
        case 'P': pipelined = true; break;
        case 'T': with_tls = true; break;
        case 'R': rate = atof(optarg); break;
        case 't': time_limit = atof(optarg); break;
        default: return 64;
        }
    read_mails(mails_path);
    read_recipients(recipients_path);
    first_number = FIRST_NUMBER;
#ifdef TLS
    tls_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(tls_context, SSL_SESS_CACHE_OFF); /* every handshake is a whole one */
#else
    if (with_tls) give_up("built without TLS");
#endif
    latencies = room((mail_count + session_count + 1) * sizeof *latencies);
    sessions = room(session_count * sizeof *sessions);
    if ((poll_fd = epoll_create1(0)) < 0) give_up("epoll");
    run();
    tell(now() - started_at);
    return finished < mail_count || failed ? 1 : 0;
}
