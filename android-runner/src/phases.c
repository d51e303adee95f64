#include "phases.h"

#include "ops.h"
#include "proc.h"

#define CHUNK 512
#define CHUNKS 16

/* Samples wait here and are written between inferences: when the buffer is full, or a second after the last time. */
static struct {
    const char *phase;
    int64_t starts[CHUNKS], values[CHUNKS * CHUNK], flushed_ns;
    int n;
} pending;

static uint64_t seen;
static int64_t last_start_ns;

uint64_t cpus_seen(void) { return seen; }

struct bounds bounds_from(const struct args *a) {
    const int64_t day_ms = 86400000, many = 1000000000, ns = 1000000;
    struct bounds b = {
        .warmup_min_ns = args_integer(a, "warmup_min_ms", 1000, 0, day_ms) * ns,
        .warmup_max_ns = args_integer(a, "warmup_max_ms", 8000, 0, day_ms) * ns,
        .warmup_block_ns = args_integer(a, "warmup_block_ms", 500, 0, day_ms) * ns,
        .warmup_max_n = args_integer(a, "warmup_max_n", 10, 0, many),
        .warmup_block_n = args_integer(a, "warmup_block_n", 3, 1, many),
        .warmup_tolerance_pct = args_decimal(a, "warmup_tolerance_pct", 4.0),
        .steady_min_n = args_integer(a, "steady_min_n", 50, 1, many),
        .steady_min_ns = args_integer(a, "steady_min_ms", 2000, 0, day_ms) * ns,
        .steady_soft_ns = args_integer(a, "steady_soft_ms", 30000, 0, day_ms) * ns,
        .steady_soft_n = args_integer(a, "steady_soft_n", 5, 1, many),
        .warmup_keep_n = args_integer(a, "warmup_keep_n", 10000, 0, many),
        .steady_max_n = args_integer(a, "steady_max_n", 20000, 1, many),
        .marks_ns = args_integer(a, "marks_ms", 0, 0, day_ms) * ns,
        .args = a,
    };
    if (b.steady_min_n > b.steady_max_n)
        usage_error("steady_min_n: %lld is more than steady_max_n (%lld)", (long long)b.steady_min_n,
                    (long long)b.steady_max_n);
    return b;
}

int64_t time_inference(const struct engine *e, struct failure *f) {
    last_start_ns = now_ns();
    int result = e->invoke(f);
    int64_t ns = now_ns() - last_start_ns;
    int cpu = sched_getcpu();
    if (cpu >= 0 && cpu < MAX_CPUS) seen |= 1ull << cpu;
    return result == 0 ? ns : -1;
}

void line_sample(const char *phase, int64_t start_ns, int64_t ns) {
    line_begin("sample");
    line_text("phase", phase);
    line_number("start_ns", start_ns);
    line_key("ns");
    line_raw("[%lld]", (long long)ns);
    line_end();
}

static void flush(void) {
    for (int from = 0; from < pending.n; from += CHUNK) {
        line_begin("sample");
        line_text("phase", pending.phase);
        line_number("start_ns", pending.starts[from / CHUNK]);
        line_key("ns");
        for (int i = from; i < pending.n && i < from + CHUNK; i++)
            line_raw(i == from ? "[%lld" : ",%lld", (long long)pending.values[i]);
        line_raw("]");
        line_end();
    }
    pending.n = 0;
    pending.flushed_ns = now_ns();
}

static void begin_phase(const char *phase) {
    pending.phase = phase;
    pending.n = 0;
    pending.flushed_ns = now_ns();
}

static void keep(int64_t ns) {
    if (pending.n % CHUNK == 0) pending.starts[pending.n / CHUNK] = last_start_ns;
    pending.values[pending.n++] = ns;
    if (pending.n == CHUNK * CHUNKS || last_start_ns - pending.flushed_ns > 1000000000) flush();
}

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Median of the samples of a warm-up block; of a very long block, of its first BLOCK_KEPT. */
#define BLOCK_KEPT 4096
static struct {
    int64_t values[BLOCK_KEPT], started_ns, n;
    double median, previous;
    int complete;
} block;

static double block_median(void) {
    int n = block.n < BLOCK_KEPT ? (int)block.n : BLOCK_KEPT;
    qsort(block.values, (size_t)n, sizeof block.values[0], compare);
    return n % 2 ? (double)block.values[n / 2] : ((double)block.values[n / 2 - 1] + (double)block.values[n / 2]) / 2.0;
}

/* Adds a sample; true when a block ends whose median agrees with that of the block before. */
static bool block_agrees(const struct bounds *b, int64_t ns, int64_t now) {
    if (block.n == 0) block.started_ns = last_start_ns;
    if (block.n < BLOCK_KEPT) block.values[block.n] = ns;
    block.n++;
    if (block.n < b->warmup_block_n || now - block.started_ns < b->warmup_block_ns) return false;
    block.previous = block.median;
    block.median = block_median();
    block.n = 0;
    double difference = block.median < block.previous ? block.previous - block.median : block.median - block.previous;
    return block.complete++ > 0 && difference * 100.0 <= b->warmup_tolerance_pct * block.previous;
}

int run_warmup(const struct engine *e, const struct bounds *b, struct warmup_result *result, struct failure *f) {
    int64_t started = now_ns(), elapsed = 0, n = 0;
    *result = (struct warmup_result){"none", 0, 0};
    if (b->warmup_min_ns == 0 && b->warmup_max_ns == 0 && b->warmup_max_n == 0) return 0;
    begin_phase("warmup");
    result->status = "capped";
    while (elapsed < b->warmup_min_ns || elapsed < b->warmup_max_ns || n < b->warmup_max_n) {
        int64_t ns = time_inference(e, f);
        if (ns < 0) break;
        if (n++ < b->warmup_keep_n) keep(ns);
        int64_t now = now_ns();
        elapsed = now - started;
        if (block_agrees(b, ns, now) && elapsed >= b->warmup_min_ns) {
            result->status = "stable";
            break;
        }
    }
    flush();
    result->n = n;
    result->wall_ns = elapsed;
    return f->kind ? -1 : 0;
}

/* An inference of a microsecond would otherwise leave a million samples, each as sure as the next. */
static bool steady_ends(const struct bounds *b, int64_t n, int64_t elapsed) {
    if (n >= b->steady_max_n) return true;
    if (n >= b->steady_min_n && elapsed >= b->steady_min_ns) return true;
    return elapsed >= b->steady_soft_ns && n >= b->steady_soft_n;
}

/* What was asked for by `mark_file`, as it stands there; null where it may not be read. */
static void line_mark_files(const struct args *a) {
    static char text[4096];
    const char *path;
    if (!args_nth(a, "mark_file", 0)) return;
    line_key("files");
    line_raw("[");
    for (int i = 0; (path = args_nth(a, "mark_file", i)); i++) {
        ssize_t n = read_text(path, text, sizeof text);
        line_raw(i ? ",{\"n\":%d" : "{\"n\":%d", i);
        line_text("path", path);
        line_text("text", n < 0 ? NULL : text);
        line_raw("}");
    }
    line_raw("]");
}

/* Clocks and temperatures between two inferences, for a curve over minutes; never inside a sample. */
static void mark(const struct bounds *b, int64_t now) {
    line_begin("mark");
    line_number("t_ns", now);
    line_cpu_khz(~0ull);
    line_thermal();
    line_mark_files(b->args);
    line_end();
}

static void mark_if_due(const struct bounds *b, int64_t *marked_ns) {
    int64_t now = now_ns();
    if (b->marks_ns == 0 || now - *marked_ns < b->marks_ns) return;
    *marked_ns = now;
    mark(b, now);
}

int64_t run_set(const struct engine *e, int64_t count, step_of_set before, step_of_set after, struct failure *f) {
    begin_phase("steady");
    for (int64_t n = 0; n < count; n++) {
        int64_t ns = before(n, f) == 0 ? time_inference(e, f) : -1;
        if (ns < 0 || after(n, f) != 0) break;
        keep(ns);
    }
    flush();
    return f->kind ? -1 : count;
}

int64_t run_steady(const struct engine *e, const struct bounds *b, bool profile, struct failure *f) {
    int64_t started = now_ns(), n = 0, marked_ns = 0;
    begin_phase("steady");
    do {
        if (profile && e->profile_start(f) != 0) break;
        int64_t ns = time_inference(e, f);
        if (ns < 0) break;
        if (profile) {
            ops_begin();
            if (e->profile_stop(ops_add, f) != 0) break;
        }
        keep(ns);
        n++;
        mark_if_due(b, &marked_ns);
    } while (!steady_ends(b, n, now_ns() - started));
    flush();
    return f->kind ? -1 : n;
}
