/* Makes every flush to disk take longer: what an honest disk costs, on one that answers from its cache.
 *
 *   cc -shared -fPIC -o slow_flush.so slow_flush.c -ldl
 *   LD_PRELOAD=./slow_flush.so SLOW_FLUSH_US=5000 command
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int slowly(const char *name, int fd) {
    const char *microseconds = getenv("SLOW_FLUSH_US");
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (microseconds) usleep(atoi(microseconds));
    return flush(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
