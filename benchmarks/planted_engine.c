/* A library in front of a real libLiteRt.so that gives marked models a planted latency, for planted.py.
 *
 * It needs the real library (DT_NEEDED, found by its run path), so whoever opens it finds all functions of that; only
 * two of them are its own: the one that reads a model looks whether the file ends in PLANTED_PCT=<number>, with or
 * without LEVEL_US=<number> behind it, and the one that runs it plants that.
 *
 * With a level, an inference waits until it has lasted that long and PLANTED_PCT more; the level differs by 1.2 %
 * (standard deviation) from process to process. A computer whose own speed changes by half, as one does that is shared
 * with others, then still has a known latency. Without it, an inference works on for PLANTED_PCT of the time that its
 * thread has just worked (not of what it waited for a core: on a busy computer that would plant a multiple).
 * So it is for one thread.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char MARK[] = "\nPLANTED_PCT=", LEVEL[] = " LEVEL_US=";
static const double RUN_NOISE = 0.0208; /* uniform on each side: a standard deviation of 1.2 % */
static double planted;
static int64_t level_ns; /* 0: the model's own speed */

static void *real(const char *name) {
    static void *library;
    if (!library) library = dlopen("libLiteRt.so", RTLD_NOW | RTLD_NOLOAD);
    void *function = library ? dlsym(library, name) : NULL;
    if (!function) abort(); /* without the real engine there is nothing to be slower than */
    return function;
}

static int64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t worked_ns(void) { return now_ns(CLOCK_THREAD_CPUTIME_ID); }

/* Same distribution as the paced engine's; another value for each process. */
static double of_this_process(void) {
    uint64_t x = (uint64_t)now_ns(CLOCK_REALTIME) ^ ((uint64_t)getpid() << 32);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return RUN_NOISE * ((double)((x ^ (x >> 31)) >> 11) * 0x1p-52 - 1);
}

static void read_mark(const char *path) {
    char tail[65] = {0};
    planted = 0, level_ns = 0;
    FILE *file = fopen(path, "rb");
    if (!file) return;
    size_t n = fseek(file, -64, SEEK_END) == 0 ? fread(tail, 1, 64, file) : 0;
    fclose(file);
    for (size_t i = 0; i + sizeof MARK - 1 < n; i++) {
        if (memcmp(tail + i, MARK, sizeof MARK - 1) != 0) continue;
        char *end;
        planted = strtod(tail + i + sizeof MARK - 1, &end) / 100.0;
        if (strncmp(end, LEVEL, sizeof LEVEL - 1) == 0)
            level_ns = (int64_t)(1e3 * strtod(end + sizeof LEVEL - 1, NULL) * (1 + of_this_process()));
    }
}

static void wait_until(int64_t ns) {
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
    }
}

int LiteRtCreateModelFromFile(void *environment, const char *path, void **model) {
    int (*function)(void *, const char *, void **) = (int (*)(void *, const char *, void **))real(__func__);
    read_mark(path);
    return function(environment, path, model);
}

int LiteRtRunCompiledModel(void *compiled, size_t signature, size_t n_inputs, void **inputs, size_t n_outputs,
                           void **outputs) {
    static int (*function)(void *, size_t, size_t, void **, size_t, void **);
    if (!function) function = (int (*)(void *, size_t, size_t, void **, size_t, void **))real(__func__);
    int64_t from_ns = now_ns(CLOCK_MONOTONIC), begun_ns = worked_ns();
    int status = function(compiled, signature, n_inputs, inputs, n_outputs, outputs);
    if (level_ns > 0) {
        wait_until(from_ns + (int64_t)((double)level_ns * (1 + planted)));
        return status;
    }
    int64_t ended_ns = worked_ns(), until_ns = ended_ns + (int64_t)(planted * (double)(ended_ns - begun_ns));
    while (planted > 0 && worked_ns() < until_ns) {
    }
    return status;
}
