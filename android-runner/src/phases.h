/* Warm-up and steady phase: when they end, and the buffer that keeps their samples. */
#ifndef DEVBENCH_PHASES_H
#define DEVBENCH_PHASES_H

#include "engine.h"

struct bounds {
    int64_t warmup_min_ns, warmup_max_ns, warmup_block_ns;
    int64_t warmup_max_n, warmup_block_n;
    double warmup_tolerance_pct;
    int64_t steady_min_n, steady_min_ns, steady_soft_ns, steady_soft_n, steady_max_n, warmup_keep_n;
    int64_t marks_ns; /* 0: none */
    const struct args *args; /* its `mark_file`s are read at each mark */
};

struct warmup_result {
    const char *status; /* "stable", "capped" or "none" */
    int64_t n, wall_ns;
};

struct bounds bounds_from(const struct args *args);
/* One inference, timed; -1 on failure. */
int64_t time_inference(const struct engine *e, struct failure *f);
int run_warmup(const struct engine *e, const struct bounds *b, struct warmup_result *result, struct failure *f);
/* Number of inferences, or -1. With `profile`, their operators go to ops.h. */
int64_t run_steady(const struct engine *e, const struct bounds *b, bool profile, struct failure *f);
/* Every sample of a set once, each made ready by `before` and taken by `after`, neither of which counts as inference. */
typedef int (*step_of_set)(int64_t n, struct failure *f);
int64_t run_set(const struct engine *e, int64_t count, step_of_set before, step_of_set after, struct failure *f);
/* CPUs on which the measuring thread was seen between inferences. */
uint64_t cpus_seen(void);
void line_sample(const char *phase, int64_t start_ns, int64_t ns);

#endif
