/* A library in front of a real libLiteRt.so that makes marked models slower by a planted share, for planted.py.
 *
 * It needs the real library (DT_NEEDED, found by its run path), so whoever opens it finds all functions of that; only
 * two of them are its own: the one that reads a model looks whether the file ends in PLANTED_PCT=<number>, and the one
 * that runs it then works on, for that share of the time that its thread has just worked (not of what it waited for a
 * core: on a busy computer that would plant a multiple). So it is for one thread.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char MARK[] = "\nPLANTED_PCT=";
static double planted;

static void *real(const char *name) {
    static void *library;
    if (!library) library = dlopen("libLiteRt.so", RTLD_NOW | RTLD_NOLOAD);
    void *function = library ? dlsym(library, name) : NULL;
    if (!function) abort(); /* without the real engine there is nothing to be slower than */
    return function;
}

static int64_t worked_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double planted_in(const char *path) {
    char tail[64] = {0};
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    size_t n = fseek(file, -32, SEEK_END) == 0 ? fread(tail, 1, 32, file) : 0;
    fclose(file);
    for (size_t i = 0; i + sizeof MARK - 1 < n; i++)
        if (memcmp(tail + i, MARK, sizeof MARK - 1) == 0) return strtod(tail + i + sizeof MARK - 1, NULL) / 100.0;
    return 0;
}

int LiteRtCreateModelFromFile(void *environment, const char *path, void **model) {
    int (*function)(void *, const char *, void **) = (int (*)(void *, const char *, void **))real(__func__);
    planted = planted_in(path);
    return function(environment, path, model);
}

int LiteRtRunCompiledModel(void *compiled, size_t signature, size_t n_inputs, void **inputs, size_t n_outputs,
                           void **outputs) {
    static int (*function)(void *, size_t, size_t, void **, size_t, void **);
    if (!function) function = (int (*)(void *, size_t, size_t, void **, size_t, void **))real(__func__);
    int64_t begun_ns = worked_ns();
    int status = function(compiled, signature, n_inputs, inputs, n_outputs, outputs);
    int64_t ended_ns = worked_ns(), until_ns = ended_ns + (int64_t)(planted * (double)(ended_ns - begun_ns));
    while (planted > 0 && worked_ns() < until_ns) {
    }
    return status;
}
