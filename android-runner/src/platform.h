/* The one place that knows which C library is below: glibc by its headers, bionic by hand-written declarations
 * (platform_bionic.h), because Android builds use no NDK. */
#ifndef DEVBENCH_PLATFORM_H
#define DEVBENCH_PLATFORM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef DEVBENCH_BIONIC
#include "platform_bionic.h"
#else
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#endif

#ifdef DEVBENCH_BIONIC
static inline int own_task(void) { return gettid(); }
#else
static inline int own_task(void) { return (int)syscall(SYS_gettid); } /* glibc has gettid since 2.30 only */
#endif

#define PROTOCOL 1
#define EXIT_OK 0
#define EXIT_FAILED 1
#define EXIT_GONE 3
#define EXIT_USAGE 64

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static inline int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void sleep_ms(int ms) {
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

#endif
