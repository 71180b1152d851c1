/* A disk and a system that fail when they are told to: loaded in front of libc into a real server, it makes chosen calls on the
 * files of one folder fail, and writes down what reached the disk in which order.
 *
 *   cc -shared -fPIC -O1 -o faults.so faults.c -ldl -lpthread
 *   LD_PRELOAD=./faults.so FAULTS_FOLDER=/folder FAULTS_CONTROL=/file [FAULTS_JOURNAL=/file] command
 *
 * FAULTS_CONTROL is a file of 32-bit numbers that whoever tests maps too (faults.py): what is to fail is changed while the
 * server runs, in all of its processes at once. Without it, or while nothing is armed, every call is libc's own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { WRITE = 1, SYNC = 2, TRUNCATE = 4, MAP = 8, OPEN = 16, LOCK = 32, ALLOCATE = 64, READ = 128, STAT = 256,
            UNLINK = 512, ACCEPT = 1024, MEMORY = 2048 };
enum file { DATABASE = 1, WAL = 2, SHM = 4, SERVER_LOCK = 8, OTHER = 16, OUTSIDE = 32 };
enum action { KILL = 0x10000, HALF = 0x20000, DONE = 0x40000 }; /* over an errno: die; write half of it first; or all of it */

struct control {
    uint32_t calls, files, action, first, count; /* from the first-th such call on, so many fail */
    _Atomic uint32_t seen, hits;                 /* such calls since it was armed, and those that failed */
    uint32_t delay;                              /* microseconds that each SYNC takes longer */
};

enum { MOST = 1 << 16 };
static struct control *control;
static char folder[4096];
static size_t folder_length;
static unsigned char kind_of[MOST]; /* by file descriptor */
static _Atomic uint32_t failures[64]; /* failed syncs of each file, */
static uint32_t heard[MOST];          /* and how many a file descriptor has heard of */
static int journal = -1;
static uintptr_t sqlite_begin, sqlite_end;

#define LIBC(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("FAULTS_CONTROL"), *under = getenv("FAULTS_FOLDER"), *log = getenv("FAULTS_JOURNAL");
    if (!where || !under) return;
    folder_length = strlen(under);
    memcpy(folder, under, folder_length + 1);
    int fd = open(where, O_RDWR | O_CLOEXEC);
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) abort();
    if (log) journal = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    control = mapped;
}

/* What is to become of this call: 0, or the action. */
static uint32_t fate(uint32_t call, uint32_t file) {
    if (!control || !(control->calls & call) || !(control->files & file)) return 0;
    uint32_t number = atomic_fetch_add(&control->seen, 1) + 1;
    if (number < control->first || number - control->first >= control->count) return 0;
    atomic_fetch_add(&control->hits, 1);
    if (control->action == KILL) kill(getpid(), SIGKILL);
    return control->action;
}

static int fails(uint32_t call, uint32_t file) {
    uint32_t action = fate(call, file);
    if (!action) return 0;
    errno = action & 0xffff;
    return 1;
}

static void killed_after(uint32_t action) {
    if (action & KILL) kill(getpid(), SIGKILL);
}

static uint32_t class_of(const char *path) {
    if (!control || strncmp(path, folder, folder_length) || path[folder_length] != '/') return 0;
    const char *end = path + strlen(path);
    if (end - path > 4 && !strcmp(end - 4, "-wal")) return WAL;
    if (end - path > 4 && !strcmp(end - 4, "-shm")) return SHM;
    if (end - path > 5 && !strcmp(end - 5, ".lock")) return SERVER_LOCK;
    if (end - path > 3 && !strcmp(end - 3, ".db")) return DATABASE;
    return OTHER;
}

static uint32_t class_at(int fd) { return fd >= 0 && fd < MOST ? kind_of[fd] : 0; }

/* The journal: what was written where, and when it was synchronised. One record, one write. */
struct record {
    uint32_t what, file;
    uint64_t offset, length, nanoseconds;
};

static void note(uint32_t what, uint32_t file, uint64_t offset, const void *octets, size_t length) {
    if (journal < 0 || !(file & (DATABASE | WAL))) return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct record record = {what, file, offset, length, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec};
    struct iovec parts[2] = {{&record, sizeof record}, {(void *)octets, octets ? length : 0}};
    if (writev(journal, parts, 2) < 0) abort();
}

static int find_sqlite(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size, (void)data;
    if (!info->dlpi_name || !strstr(info->dlpi_name, "libsqlite3")) return 0;
    for (int each = 0; each < info->dlpi_phnum; each++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[each];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        sqlite_begin = info->dlpi_addr + part->p_vaddr;
        sqlite_end = sqlite_begin + part->p_memsz;
    }
    return 1;
}

static int opened(int fd, uint32_t file) {
    if (fd >= 0 && fd < MOST) kind_of[fd] = (unsigned char)file, heard[fd] = atomic_load(&failures[file]);
    if (file & DATABASE && !sqlite_begin) dl_iterate_phdr(find_sqlite, NULL);
    return fd;
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        LIBC(int, #name, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        uint32_t file = class_of(path); \
        if (file && fails(OPEN, file)) return -1; \
        return opened(real(path, flags, mode), file); \
    }
OPENS(open)
OPENS(open64)

int close(int fd) {
    LIBC(int, "close", int);
    if (fd >= 0 && fd < MOST) kind_of[fd] = 0;
    return real(fd);
}

#define WRITES(name, type) \
    ssize_t name(int fd, const void *octets, size_t length, type offset) { \
        LIBC(ssize_t, #name, int, const void *, size_t, type); \
        uint32_t file = class_at(fd), action = file ? fate(WRITE, file) : 0; \
        if (action && !(action & (HALF | DONE))) return errno = action & 0xffff, -1; \
        ssize_t done = real(fd, octets, action & HALF ? length / 2 : length, offset); \
        if (done > 0) note(WRITE, file, (uint64_t)offset, octets, (size_t)done); \
        if (!action) return done; \
        killed_after(action); \
        return action & 0xffff ? (errno = action & 0xffff, -1) : done; \
    }
WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)

ssize_t write(int fd, const void *octets, size_t length) {
    LIBC(ssize_t, "write", int, const void *, size_t);
    uint32_t file = class_at(fd), action = file ? fate(WRITE, file) : 0;
    if (action && !(action & (HALF | DONE))) return errno = action & 0xffff, -1;
    ssize_t done = real(fd, octets, action & HALF ? length / 2 : length);
    if (!action) return done;
    killed_after(action);
    return action & 0xffff ? (errno = action & 0xffff, -1) : done;
}

#define READS(name, type) \
    ssize_t name(int fd, void *octets, size_t length, type offset) { \
        LIBC(ssize_t, #name, int, void *, size_t, type); \
        uint32_t file = class_at(fd); \
        if (file && fails(READ, file)) return -1; \
        return real(fd, octets, length, offset); \
    }
READS(pread, off_t)
READS(pread64, off64_t)

ssize_t read(int fd, void *octets, size_t length) {
    LIBC(ssize_t, "read", int, void *, size_t);
    uint32_t file = class_at(fd);
    if (file && fails(READ, file)) return -1;
    return real(fd, octets, length);
}

/* A failed one is what Linux makes of it: what was written before is lost unless it is written again, whoever has the file open
 * hears of it once, and the next one succeeds.
 */
enum { SYNC_BEGUN = 1000, SYNC_DONE = 1001, SYNC_FAILED = 1002 };

static int failed_before(int fd, uint32_t file) {
    uint32_t now = atomic_load(&failures[file]);
    int news = now != heard[fd];
    heard[fd] = now;
    return news;
}

static int sync_with(int (*real)(int), int fd, uint32_t file) {
    if (control->delay) usleep(control->delay);
    note(SYNC_BEGUN, file, (uint64_t)fd, NULL, 0);
    uint32_t action = fate(SYNC, file);
    int fails_now = action && !(action & DONE);
    if (fails_now) atomic_fetch_add(&failures[file], 1);
    int fails_too = failed_before(fd, file);
    int result = fails_now ? -1 : real(fd);
    note(result ? SYNC_FAILED : SYNC_DONE, file, (uint64_t)fd, NULL, 0);
    killed_after(action);
    if (!fails_now && !fails_too) return result;
    errno = fails_now ? action & 0xffff : EIO;
    return -1;
}

#define SYNCS(name) \
    int name(int fd) { \
        LIBC(int, #name, int); \
        uint32_t file = class_at(fd); \
        return file ? sync_with(real, fd, file) : real(fd); \
    }
SYNCS(fsync)
SYNCS(fdatasync)

#define TRUNCATES(name, type) \
    int name(int fd, type length) { \
        LIBC(int, #name, int, type); \
        uint32_t file = class_at(fd); \
        if (file && fails(TRUNCATE, file)) return -1; \
        int result = real(fd, length); \
        if (!result) note(TRUNCATE, file, (uint64_t)length, NULL, 0); \
        return result; \
    }
TRUNCATES(ftruncate, off_t)
TRUNCATES(ftruncate64, off64_t)

#define ALLOCATES(name, type) \
    int name(int fd, type offset, type length) { \
        LIBC(int, #name, int, type, type); \
        uint32_t file = class_at(fd); \
        if (file && fails(ALLOCATE, file)) return errno; \
        return real(fd, offset, length); \
    }
ALLOCATES(posix_fallocate, off_t)
ALLOCATES(posix_fallocate64, off64_t)

#define MAPS(name, type) \
    void *name(void *at, size_t length, int protection, int flags, int fd, type offset) { \
        LIBC(void *, #name, void *, size_t, int, int, int, type); \
        uint32_t file = class_at(fd); \
        if (file && fails(MAP, file)) return MAP_FAILED; \
        return real(at, length, protection, flags, fd, offset); \
    }
MAPS(mmap, off_t)
MAPS(mmap64, off64_t)

#define CONTROLS(name) \
    int name(int fd, int command, ...) { \
        LIBC(int, #name, int, int, ...); \
        va_list rest; \
        va_start(rest, command); \
        void *argument = va_arg(rest, void *); \
        va_end(rest); \
        uint32_t file = class_at(fd); \
        int locks = command == F_SETLK && argument && ((struct flock *)argument)->l_type != F_UNLCK; \
        if (file && locks && fails(LOCK, file)) return -1; \
        return real(fd, command, argument); \
    }
CONTROLS(fcntl)
CONTROLS(fcntl64)

#define STATS(name, type) \
    int name(int fd, struct type *found) { \
        LIBC(int, #name, int, struct type *); \
        uint32_t file = class_at(fd); \
        if (file && fails(STAT, file)) return -1; \
        return real(fd, found); \
    }
STATS(fstat, stat)
STATS(fstat64, stat64)

#define LOOKS(name, type) \
    int name(const char *path, struct type *found) { \
        LIBC(int, #name, const char *, struct type *); \
        uint32_t file = class_of(path); \
        if (file && fails(STAT, file)) return -1; \
        return real(path, found); \
    }
LOOKS(stat, stat)
LOOKS(stat64, stat64)

int unlink(const char *path) {
    LIBC(int, "unlink", const char *);
    uint32_t file = class_of(path);
    if (file && fails(UNLINK, file)) return -1;
    int result = real(path);
    if (!result) note(UNLINK, file, 0, NULL, 0);
    return result;
}

int accept4(int fd, struct sockaddr *restrict peer, socklen_t *restrict length, int flags) {
    LIBC(int, "accept4", int, struct sockaddr *, socklen_t *, int);
    if (fails(ACCEPT, OUTSIDE)) return -1;
    return real(fd, peer, length, flags);
}

/* Memory that SQLite asks for. */
extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);

static int memory_fails(void *caller) {
    uintptr_t at = (uintptr_t)caller;
    return control && control->calls & MEMORY && at >= sqlite_begin && at < sqlite_end && fails(MEMORY, OUTSIDE);
}

void *malloc(size_t length) { return memory_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(length); }

void *realloc(void *old, size_t length) {
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, length);
}
