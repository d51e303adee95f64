/* `canary`: a fixed piece of work for a CPU, to see whether it is slower than it was. */
#include "args.h"
#include "commands.h"
#include "line.h"
#include "proc.h"

#define WORDS 16384 /* 64 KiB: more than a first-level cache, less than a second-level one */
#define MAX_CHUNKS 4096

static uint32_t memory[WORDS];

/* One round: a dependent chain of integer work over the whole memory. */
static uint32_t work(uint32_t x) {
    for (int i = 0; i < WORDS; i++) {
        x = x * 1664525u + 1013904223u;
        uint32_t *word = &memory[(x >> 8) % WORDS];
        *word ^= x;
        x += *word >> 3;
    }
    return x;
}

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

int command_canary(int count, char **values) {
    static const char *const known[] = {"cpu_mask", "ms", NULL};
    static int64_t chunks[MAX_CHUNKS];
    struct args args = args_check(count, values, known);
    const char *mask = args_text(&args, "cpu_mask", NULL);
    int64_t wanted = args_integer(&args, "ms", 200, 1, 60000) * 1000000, started, elapsed = 0;
    int n = 0;
    volatile uint32_t result = 1;
    if (mask) pin_to(mask);
    result = work(result); /* touches the memory and lets the clock rise */
    for (started = now_ns(); elapsed < wanted && n < MAX_CHUNKS; elapsed = now_ns() - started) {
        int64_t chunk = now_ns();
        result = work(result);
        chunks[n++] = now_ns() - chunk;
    }
    qsort(chunks, (size_t)n, sizeof chunks[0], compare);
    line_begin("canary");
    line_text("cpu_mask", mask);
    line_number("rounds", n);
    line_number("ns_per_round", chunks[n / 2]);
    line_number("wall_ns", elapsed);
    line_end();
    return EXIT_OK;
}
