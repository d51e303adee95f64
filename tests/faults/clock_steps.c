/* Preloaded into devbench: its wall clock jumps by a day and back at every look, as by a user or NTP. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    static unsigned looks;
    if (real == 0) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(clock, now);
    if (clock == CLOCK_REALTIME && __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED) % 2) now->tv_sec -= 86400;
    return answer;
}
