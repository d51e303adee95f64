#include "run.h"

#include "batch.h"
#include "bytes.h"
#include "job.h"
#include "log.h"
#include "model_file.h"
#include "ops.h"
#include "phases.h"
#include "probe.h"
#include "proc.h"
#include "tensors.h"

static const char *const KEYS[] = {
    "engine", "lib", "model", "delegate", "delegate_lib", "*delegate_option", "accelerator", "weight_cache", "threads", "cpu_mask",
    "pass", "warmup_min_ms", "warmup_max_ms", "warmup_max_n",
    "warmup_block_n", "warmup_block_ms", "warmup_tolerance_pct", "steady_min_n", "steady_min_ms", "steady_soft_ms",
    "steady_soft_n", "steady_max_n", "warmup_keep_n", "marks_ms", "*mark_file", "inputs", "*input", "*shape", "*feed", "*fetch",
    "*batch", "*raw", "*resize", "*channels", "*mean", "*scale", "*layout", "samples",
    "signature", "outputs", "until", "load", "asset",
    "hold_max_ms", "nonce", "out", "err", "detach", NULL};

enum pass { LATENCY, RESOURCES, OPS, ACCURACY, ENERGY };
static const char *const PASSES[] = {"latency", "resources", "ops", "accuracy", "energy"};

struct run {
    struct args args;
    struct run_options options;
    struct bounds bounds;
    const struct engine *engine;
    enum pass pass;
    const char *pass_name, *until;
    int64_t hold_max_ns, started_ns;
    struct model_io io;
    int64_t warmup_n, steady_n, first_n, load_n;
};

/* ---- arguments ---- */

static void check_inputs_argument(const char *inputs) {
    if (strcmp(inputs, "zeros") == 0) return;
    if (strncmp(inputs, "random:", 7) != 0) usage_error("inputs: '%s' is neither random:SEED nor zeros", inputs);
    parse_integer(inputs + 7, "inputs", 0, INT64_MAX);
}

static void check_batch_arguments(const struct run *r) {
    const struct args *a = &r->args;
    bool accuracy = r->pass == ACCURACY;
    if (accuracy && (!args_text(a, "samples", NULL) || !args_nth(a, "batch", 0)))
        usage_error("pass=accuracy needs samples=COUNT and batch=NAME=FILE");
    for (int i = 0; !accuracy && BATCH_KEYS[i]; i++)
        if (args_nth(a, BATCH_KEYS[i], 0)) usage_error("%s: only for pass=accuracy", BATCH_KEYS[i]);
    if (!accuracy && args_text(a, "samples", NULL)) usage_error("samples: only for pass=accuracy");
}

static void check_delegate(const char *delegate, const char *engine) {
    static const char *const words[] = {"none", "xnnpack", "xnnpack-fp16", "gpu", "gpu-fp16", "nnapi", "external"};
    int known = 0;
    while (known < COUNT_OF(words) && strcmp(words[known], delegate) != 0) known++;
    if (known == COUNT_OF(words)) usage_error("delegate: there is no '%s'", delegate);
    if (known > 1 && strcmp(engine, "tflite") != 0) usage_error("delegate: engine %s knows no '%s'", engine, delegate);
}

static void check_way(const struct run_options *o) {
    bool asset = o->way && strcmp(o->way, "asset") == 0;
    if (o->way && !way_is_known(o->way)) usage_error("load: '%s' is not file, mmap or asset", o->way);
    if (asset != (o->asset != NULL)) usage_error("asset: with load=asset, and only then");
}

static void read_arguments(struct run *r, int count, char **values) {
    r->args = args_check(count, values, KEYS);
    const struct args *a = &r->args;
    const char *engine = args_required(a, "engine");
    r->engine = engine_named(engine);
    if (!r->engine) usage_error("engine: this runner knows no '%s'", engine);
    r->pass_name = args_text(a, "pass", "latency");
    int pass = 0;
    while (pass < COUNT_OF(PASSES) && strcmp(r->pass_name, PASSES[pass]) != 0) pass++;
    if (pass == COUNT_OF(PASSES)) usage_error("pass: there is no '%s'", r->pass_name);
    r->pass = (enum pass)pass;
    r->options = (struct run_options){
        .args = a,
        .library = args_required(a, "lib"),
        .model = args_required(a, "model"),
        .delegate = args_required(a, "delegate"),
        .signature = args_text(a, "signature", NULL),
        .way = args_text(a, "load", NULL),
        .asset = args_text(a, "asset", NULL),
        .threads = (int)args_integer(a, "threads", 1, 1, 256),
        .profile = r->pass == OPS,
    };
    check_delegate(r->options.delegate, engine);
    check_way(&r->options);
    check_batch_arguments(r);
    bool graph = strcmp(r->engine->format, "pb") == 0;
    if (!graph && (args_nth(a, "feed", 0) || args_nth(a, "fetch", 0)))
        usage_error("feed, fetch: engine %s runs whole models, not parts of graphs", engine);
    if (graph && r->options.signature) usage_error("signature: a graph for engine %s has none", engine);
    check_inputs_argument(args_text(a, "inputs", "random:0"));
    r->bounds = bounds_from(a);
    r->until = args_text(a, "until", NULL);
    r->hold_max_ns = args_integer(a, "hold_max_ms", 20000, 0, 86400000) * 1000000;
    if (r->until && r->pass != RESOURCES) usage_error("until: only pass=resources holds");
    if (args_flag(a, "detach") && !args_text(a, "out", NULL)) usage_error("detach=1 needs out=FILE");
}

/* ---- lines ---- */

static void tell_hello(const struct run *r) {
    line_begin("hello");
    line_number("protocol", PROTOCOL);
    line_text("version", RUNNER_VERSION);
    line_text("abi", RUNNER_ABI);
    line_text("target", RUNNER_TARGET);
    line_number("pid", getpid());
    line_text("nonce", args_text(&r->args, "nonce", NULL));
    line_text("pass", r->pass_name);
    line_number("t_ns", r->started_ns);
    line_end();
}

static void tell_loaded(const struct run *r, const int64_t steps[4]) {
    struct applied applied;
    char allowed[256];
    r->engine->read_back(&applied);
    if (applied.delegate)
        probe_dismiss();
    else
        probe_ask(&applied);
    read_cpus_allowed(allowed, sizeof allowed);
    line_begin("loaded");
    line_number("t_ns", steps[3]);
    line_text("engine", r->engine->name);
    line_text("engine_version", applied.engine_version);
    line_text("delegate_asked", r->options.delegate);
    line_text("delegate_applied", applied.delegate);
    line_bool_or_null("fully_delegated", applied.fully_delegated);
    line_number_or_null("delegated_nodes", applied.delegated_nodes);
    line_number_or_null("nodes", applied.nodes);
    line_number_or_null("partitions", applied.partitions);
    line_number("threads_asked", r->options.threads);
    line_number_or_null("threads", read_tasks(&(uint64_t){0}));
    line_text("cpus_allowed", allowed[0] ? allowed : NULL);
    line_key("load_steps_ns");
    line_raw("{\"engine\":%lld,\"model\":%lld,\"compile\":%lld}", (long long)(steps[1] - steps[0]),
             (long long)(steps[2] - steps[1]), (long long)(steps[3] - steps[2]));
    line_tensors("inputs", r->io.inputs, r->io.n_inputs);
    line_tensors("outputs", r->io.outputs, r->io.n_outputs);
    line_end();
}

static void tell_readback(void) {
    uint64_t cpus = cpus_seen();
    char allowed[256];
    const char *comma = "";
    int threads = read_tasks(&cpus);
    read_cpus_allowed(allowed, sizeof allowed);
    line_begin("readback");
    line_number_or_null("threads", threads);
    line_text("cpus_allowed", allowed[0] ? allowed : NULL);
    line_key("cpus_used");
    line_raw("[");
    for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
        if (!(cpus >> cpu & 1)) continue;
        line_raw("%s%d", comma, cpu);
        comma = ",";
    }
    line_raw("]");
    line_cpu_khz(cpus);
    line_place();
    line_end();
}

static int tell_end(const struct run *r, const struct failure *f) {
    if (f->kind) line_failure(f);
    line_begin("end");
    line_text("status", f->kind ? "failed" : "ok");
    line_key("samples");
    line_raw("{\"load\":%d,\"first\":%d,\"warmup\":%lld,\"steady\":%lld}", (int)r->load_n, (int)r->first_n,
             (long long)r->warmup_n, (long long)r->steady_n);
    line_number("wall_ns", now_ns() - r->started_ns);
    line_end();
    return f->kind ? EXIT_FAILED : EXIT_OK;
}

/* ---- the measurement ---- */

static int load(struct run *r, struct failure *f) {
    struct cpu_usage before, after;
    int64_t steps[4];
    if (check_model(r->options.model, r->engine->format, f) != 0) return -1;
    if (r->options.asset && warm_asset(r->options.asset, f) != 0) return -1;
    if (r->pass == OPS && ops_prepare(f) != 0) return -1;
    probe_start(r->engine, &r->options);
    cpu_usage_now(&before);
    steps[0] = now_ns();
    if (r->engine->open(&r->options, f) != 0) return -1;
    steps[1] = now_ns();
    struct run_options *o = &r->options;
    if (o->way && bring_bytes(o->way, o->model, o->asset, &o->data, &o->size, f) != 0) return -1;
    if (r->engine->load(o, f) != 0) return -1;
    steps[2] = now_ns();
    if (r->engine->compile(&r->options, &r->io, f) != 0) return -1;
    steps[3] = now_ns();
    cpu_usage_now(&after);
    log_drain(NULL);
    tell_loaded(r, steps);
    line_sample("load", steps[0], steps[3] - steps[0]);
    r->load_n = 1;
    line_usage("load", &before, &after, false);
    return 0;
}

static int first_and_warmup(struct run *r, struct failure *f) {
    struct warmup_result warmup;
    if (fill_inputs(r->engine, &r->io, &r->args, f) != 0) return -1;
    if (r->pass == ACCURACY && batch_prepare(0, f) != 0) return -1;
    int64_t started = now_ns(), ns = time_inference(r->engine, f);
    if (ns < 0) return -1;
    line_sample("first", started, ns);
    r->first_n = 1;
    log_drain(NULL);
    int result = run_warmup(r->engine, &r->bounds, &warmup, f);
    r->warmup_n = warmup.n;
    if (result != 0) return -1;
    line_begin("warmup");
    line_text("status", warmup.status);
    line_number("n", warmup.n);
    line_number("wall_ns", warmup.wall_ns);
    line_end();
    return 0;
}

/* Keeps the engine busy so that the host can look at the process from outside. */
static int hold(const struct run *r, struct failure *f) {
    int64_t end = now_ns() + r->hold_max_ns, look = 0;
    line_begin("ready");
    line_number("pid", getpid());
    line_end();
    while (r->until && now_ns() < end) {
        if (now_ns() >= look && access(r->until, F_OK) == 0) break;
        if (now_ns() >= look) look = now_ns() + 20000000;
        if (r->engine->invoke(f) != 0) return -1;
    }
    return 0;
}

static int measure(struct run *r, struct failure *f) {
    struct cpu_usage before, after;
    if (load(r, f) != 0) return -1;
    if (r->pass == ACCURACY && batch_open(r->engine, &r->io, &r->args, f) != 0) return -1;
    bool hwm_reset = reset_peak_memory();
    if (first_and_warmup(r, f) != 0) return -1;
    cpu_usage_now(&before);
    int64_t n = r->pass == ACCURACY ? run_set(r->engine, batch_count(), batch_prepare, batch_keep, f)
                                    : run_steady(r->engine, &r->bounds, r->pass == OPS, f);
    cpu_usage_now(&after);
    if (n < 0) return -1;
    r->steady_n = n;
    line_usage("steady", &before, &after, hwm_reset);
    tell_readback();
    if (r->pass == RESOURCES && hold(r, f) != 0) return -1;
    ops_tell();
    const char *folder = args_text(&r->args, "outputs", NULL);
    return r->pass == ACCURACY ? batch_tell(folder, f) : tell_outputs(r->engine, &r->io, folder, f);
}

int command_run(int count, char **values) {
    static struct run r;
    struct failure f = {0};
    read_arguments(&r, count, values);
    const char *out = args_text(&r.args, "out", NULL), *mask = args_text(&r.args, "cpu_mask", NULL);
    other_tasks_begin();
    if (mask) pin_to(mask);
    if (out) job_create(out);
    if (args_flag(&r.args, "detach")) job_detach(out);
    log_start(args_text(&r.args, "err", NULL));
    r.started_ns = now_ns();
    tell_hello(&r);
    int result = measure(&r, &f);
    if (result == 0) r.engine->close();
    log_drain(result == 0 ? NULL : &f);
    /* Engines start threads and register exit handlers; after `end` nothing of theirs may change the exit code. */
    line_exit(tell_end(&r, &f));
}
