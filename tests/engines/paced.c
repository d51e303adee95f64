/* An engine for tests: exports the functions of TensorFlow Lite's C API that the runner uses, and behaves as its "model"
 * file says. Never shipped.
 *
 * The file is a real .tflite (the runner looks at it), followed by a line PACED and lines key=value; paced.py writes it.
 * It has one input `bits` [1,2] and one output `both` [1,1], both float32. All draws come from `seed`, the same in each
 * process; with `run_noise_pct` each process has draws of its own.
 *
 *     latency_us first_us load_us        one inference (busy), extra of the first, of making the interpreter
 *     warmup_n warmup_pct                the first N inferences are slower
 *     drift_pct drift_n                  slower by so much after N inferences, in a straight line, and then constant
 *     step_at step_pct                   from inference N on, slower by so much
 *     heat_pct heat_file heat_n          each process adds a byte to that file of the phone, and is slower by so much once
 *                                        there are more than heat_n, in a straight line until then
 *     noise_pct run_noise_pct seed       uniform, between inferences and between processes
 *     sleep=1                            waits instead of working: no CPU time
 *     allocate_kb                        touched when the interpreter is made
 *     threads_max                        starts at most so many threads, whatever is asked (each works)
 *     crash_at abort_at hang_at fail_at  at inference N (0: while loading)
 *     exit_at                            the process ends itself in mid-measurement, as if all were well
 *     unpin=1                            lets the process run on every CPU, wherever it was pinned
 *     load_fails=1 message=TEXT          the model cannot be read; what the error reporter is told before any failure
 *     nodes                              of the graph (10)
 *     delegate=takes|partly|lies|refuses takes all nodes (the default), the first half, none in silence, or says no
 *     output delegated_output            value of the output (0.5); the same where a delegate runs a node
 *     version                            of the engine ("2.16.1")
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#include "tflite_api.h"

struct tfl_model {
    char text[4096];
};

struct tfl_options {
    int threads;
    void (*report)(void *, const char *, va_list);
    void *report_data;
    tfl_delegate *delegate;
    struct tfl_profiler *profiler;
};

struct tfl_tensor {
    const char *name;
    int rank, dims[2];
    float data[2];
};

struct tfl_interpreter {
    const struct tfl_model *model;
    struct tfl_options options;
    int64_t invoked;
    double run_factor, heat;
    uint64_t random;
    struct tfl_tensor input, output;
};

static const struct tfl_model *current;
static void *volatile kept; /* memory that is not to be optimised away */

/* ---- the text behind the model ---- */

static const char *text_of(const struct tfl_model *m, const char *key) {
    static char value[256];
    size_t n = strlen(key);
    for (const char *line = m->text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, key, n) != 0 || line[n] != '=') continue;
        const char *end = strchr(line + n + 1, '\n');
        size_t length = end ? (size_t)(end - line) - n - 1 : strlen(line + n + 1);
        if (length >= sizeof value) length = sizeof value - 1;
        memcpy(value, line + n + 1, length);
        value[length] = 0;
        return value;
    }
    return NULL;
}

static double number_of(const struct tfl_model *m, const char *key, double otherwise) {
    const char *value = text_of(m, key);
    return value ? strtod(value, NULL) : otherwise;
}

static double uniform(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0 * 2.0 - 1.0;
}

static void spend(const struct tfl_model *m, double us) {
    int64_t end = now_ns() + (int64_t)(us * 1000.0);
    if (number_of(m, "sleep", 0) > 0) {
        struct timespec t = {(long)(us / 1e6), (long)((us - (double)(long)(us / 1e6) * 1e6) * 1000.0)};
        nanosleep(&t, NULL);
    }
    while (now_ns() < end) {
    }
}

static void misbehave(const struct tfl_model *m, int64_t inference) {
    if ((int64_t)number_of(m, "crash_at", -1) == inference) *(volatile int *)0 = 1;
    if ((int64_t)number_of(m, "abort_at", -1) == inference) abort();
    if ((int64_t)number_of(m, "exit_at", -1) == inference) _exit(0);
    while ((int64_t)number_of(m, "hang_at", -1) == inference) sleep_ms(1000);
}

static void report(const struct tfl_options *o, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (o->report) o->report(o->report_data, format, args);
    va_end(args);
}

/* ---- model and options ---- */

const char *TfLiteVersion(void) {
    static char version[256];
    const char *given = current ? text_of(current, "version") : NULL;
    snprintf(version, sizeof version, "%s", given ? given : "2.16.1");
    return version;
}

/* What stands behind the mark in the last `n` bytes of a file. */
static tfl_model *model_of(const char *end, size_t n) {
    static const char mark[] = "\nPACED\n";
    struct tfl_model *m = calloc(1, sizeof *m);
    for (size_t i = 0; i + sizeof mark - 1 <= n; i++) {
        if (memcmp(end + i, mark, sizeof mark - 1) != 0) continue;
        memcpy(m->text, end + i + sizeof mark - 1, n - i - sizeof mark + 1);
        current = m;
        misbehave(m, 0);
        return number_of(m, "load_fails", 0) > 0 ? NULL : m;
    }
    return NULL;
}

tfl_model *TfLiteModelCreate(const void *data, size_t size) {
    size_t n = size < sizeof(struct tfl_model) ? size : sizeof(struct tfl_model) - 1;
    return model_of((const char *)data + size - n, n);
}

tfl_model *TfLiteModelCreateFromFile(const char *path) {
    char end[sizeof(struct tfl_model)];
    int fd = open(path, O_RDONLY);
    off_t size = lseek(fd, 0, SEEK_END), from = size > (off_t)sizeof end - 1 ? size - (off_t)sizeof end + 1 : 0;
    ssize_t n = pread(fd, end, sizeof end - 1, from);
    close(fd);
    return n < 0 ? NULL : model_of(end, (size_t)n);
}

void TfLiteModelDelete(tfl_model *m) { free(m); }
tfl_options *TfLiteInterpreterOptionsCreate(void) { return calloc(1, sizeof(tfl_options)); }
void TfLiteInterpreterOptionsDelete(tfl_options *o) { free(o); }
void TfLiteInterpreterOptionsSetNumThreads(tfl_options *o, int32_t threads) { o->threads = threads; }
void TfLiteInterpreterOptionsAddDelegate(tfl_options *o, tfl_delegate *d) { o->delegate = d; }
void TfLiteInterpreterOptionsSetTelemetryProfiler(tfl_options *o, struct tfl_profiler *p) { o->profiler = p; }

void TfLiteInterpreterOptionsSetErrorReporter(tfl_options *o, void (*f)(void *, const char *, va_list), void *data) {
    o->report = f;
    o->report_data = data;
}

/* ---- a graph that a delegate can take pieces of ---- */

static struct {
    tfl_context context;
    struct tfl_registration plain, piece;
    struct {
        int size, values[1024];
    } plan;
    int nodes, taken;
} graph;

static int get_plan(tfl_context *c, struct tfl_int_array **plan) {
    (void)c;
    graph.plan.size = graph.taken ? 1 + graph.nodes - graph.taken : graph.nodes;
    for (int i = 0; i < graph.plan.size; i++) graph.plan.values[i] = i;
    *plan = (struct tfl_int_array *)&graph.plan;
    return 0;
}

static int get_node(tfl_context *c, int index, tfl_node **node, struct tfl_registration **registration) {
    (void)c;
    *node = NULL;
    *registration = graph.taken && index == 0 ? &graph.piece : &graph.plain;
    return 0;
}

/* For delegates from elsewhere (toy_delegate.c). */
static int replace_nodes(tfl_context *c, struct tfl_registration r, const struct tfl_int_array *nodes, tfl_delegate *d) {
    (void)c, (void)r, (void)d;
    graph.taken = nodes->size;
    return 0;
}

static int prepare(tfl_context *c, tfl_delegate *d) {
    const char *how = text_of(current, "delegate");
    (void)c, (void)d;
    if (how && strcmp(how, "refuses") == 0) return 1;
    if (!how || strcmp(how, "takes") == 0) graph.taken = graph.nodes;
    if (how && strcmp(how, "partly") == 0) graph.taken = graph.nodes / 2;
    return 0;
}

/* As small as in TFLite 2.4, where it comes back in a register. */
struct xnnpack_options {
    int32_t num_threads;
};
struct xnnpack_options TfLiteXNNPackDelegateOptionsDefault(void) { return (struct xnnpack_options){0}; }

tfl_delegate *TfLiteXNNPackDelegateCreate(const void *options) {
    tfl_delegate *d = calloc(1, sizeof *d + 64);
    (void)options;
    d->prepare = prepare;
    return d;
}

void TfLiteXNNPackDelegateDelete(tfl_delegate *d) { free(d); }

static int apply_delegate(tfl_delegate *d) {
    graph.context.get_execution_plan = get_plan;
    graph.context.get_node = get_node;
    graph.context.replace_nodes = replace_nodes;
    graph.piece.builtin_code = TFL_BUILTIN_DELEGATE;
    graph.nodes = (int)number_of(current, "nodes", 10);
    return d ? d->prepare(&graph.context, d) : 0;
}

/* ---- interpreter ---- */

/* The part of the heating that has come so far: of the phone, which counts the processes it has run, not of one. */
static double heated(const struct tfl_model *m) {
    const char *path = text_of(m, "heat_file");
    int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
    if (file < 0) return 0;
    double before = write(file, "", 1) == 1 ? (double)lseek(file, 0, SEEK_END) - 1 : 0;
    close(file);
    double part = before / number_of(m, "heat_n", 1);
    return part > 1 ? 1 : part;
}

static void *work_for_ever(void *interpreter) {
    (void)interpreter;
    for (;;) sleep_ms(10);
}

static void start_threads(struct tfl_interpreter *i) {
    int threads = i->options.threads, most = (int)number_of(i->model, "threads_max", threads);
    for (int started = 1; started < (threads < most ? threads : most); started++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work_for_ever, i);
    }
}

tfl_interpreter *TfLiteInterpreterCreate(const tfl_model *m, const tfl_options *o) {
    struct tfl_interpreter *i = calloc(1, sizeof *i);
    size_t bytes = (size_t)number_of(m, "allocate_kb", 0) * 1024;
    i->model = m;
    i->options = *o;
    i->random = (uint64_t)number_of(m, "seed", 1);
    uint64_t process = i->random ^ (uint64_t)getpid() << 32;
    i->heat = heated(i->model);
    i->run_factor = 1.0 + number_of(m, "run_noise_pct", 0) / 100.0 * uniform(&process);
    if (number_of(m, "run_noise_pct", 0) > 0) i->random = process;
    i->input = (struct tfl_tensor){"bits", 2, {1, 2}, {0}};
    i->output = (struct tfl_tensor){"both", 2, {1, 1}, {0}};
    if (text_of(m, "message")) report(o, "%s", text_of(m, "message"));
    if (apply_delegate(o->delegate) != 0) return NULL;
    if (bytes > 0) memset(kept = malloc(bytes), 1, bytes);
    if (number_of(m, "unpin", 0) > 0) {
        cpu_set_t all;
        memset(&all, 0xff, sizeof all);
        sched_setaffinity(0, sizeof all, &all);
    }
    start_threads(i);
    spend(m, number_of(m, "load_us", 0));
    return i;
}

void TfLiteInterpreterDelete(tfl_interpreter *i) { free(i); }

int TfLiteInterpreterAllocateTensors(tfl_interpreter *i) {
    (void)i;
    return 0;
}

int TfLiteInterpreterResizeInputTensor(tfl_interpreter *i, int32_t index, const int *dims, int32_t rank) {
    (void)i;
    return index == 0 && rank == 2 && dims[0] == 1 && dims[1] == 2 ? 0 : 1;
}

static double latency_us(struct tfl_interpreter *i) {
    const struct tfl_model *m = i->model;
    double n = (double)i->invoked, us = number_of(m, "latency_us", 1000) * i->run_factor;
    double drift_n = number_of(m, "drift_n", 1);
    us *= 1.0 + number_of(m, "drift_pct", 0) / 100.0 * (n < drift_n ? n / drift_n : 1.0);
    us *= 1.0 + number_of(m, "heat_pct", 0) / 100.0 * i->heat;
    if (number_of(m, "step_at", 1e18) <= n) us *= 1.0 + number_of(m, "step_pct", 0) / 100.0;
    if (n <= number_of(m, "warmup_n", 0)) us *= 1.0 + number_of(m, "warmup_pct", 0) / 100.0;
    us *= 1.0 + number_of(m, "noise_pct", 0) / 100.0 * uniform(&i->random);
    return us + (i->invoked == 1 ? number_of(m, "first_us", 0) : 0);
}

/* Each node takes its share; a delegated piece is one. */
static void run_nodes(struct tfl_interpreter *i, double us) {
    struct tfl_profiler *p = i->options.profiler;
    struct tfl_int_array *plan;
    get_plan(&graph.context, &plan);
    for (int k = 0; k < plan->size; k++) {
        bool piece = graph.taken && k == 0;
        uint32_t handle = p ? p->begin_op(p, piece ? "TfLiteXNNPackDelegate" : "PACED", k, 0) : 0;
        spend(i->model, us * (piece ? graph.taken : 1) / graph.nodes);
        if (p) p->end_op(p, handle);
    }
}

int TfLiteInterpreterInvoke(tfl_interpreter *i) {
    i->invoked++;
    misbehave(i->model, i->invoked);
    if ((int64_t)number_of(i->model, "fail_at", -1) == i->invoked) return 1;
    double us = latency_us(i);
    if (i->options.profiler)
        run_nodes(i, us);
    else
        spend(i->model, us);
    double plain = number_of(i->model, "output", 0.5);
    i->output.data[0] = (float)(graph.taken ? number_of(i->model, "delegated_output", plain) : plain);
    return 0;
}

/* ---- tensors ---- */

int32_t TfLiteInterpreterGetInputTensorCount(const tfl_interpreter *i) { return i ? 1 : 0; }
int32_t TfLiteInterpreterGetOutputTensorCount(const tfl_interpreter *i) { return i ? 1 : 0; }

tfl_tensor *TfLiteInterpreterGetInputTensor(const tfl_interpreter *i, int32_t index) {
    return index == 0 ? (tfl_tensor *)&i->input : NULL;
}

const tfl_tensor *TfLiteInterpreterGetOutputTensor(const tfl_interpreter *i, int32_t index) {
    return index == 0 ? &i->output : NULL;
}

int TfLiteTensorType(const tfl_tensor *t) { return t ? 1 : 0; }
int32_t TfLiteTensorNumDims(const tfl_tensor *t) { return t->rank; }
int32_t TfLiteTensorDim(const tfl_tensor *t, int32_t i) { return t->dims[i]; }
size_t TfLiteTensorByteSize(const tfl_tensor *t) { return sizeof(float) * (size_t)t->dims[1]; }
void *TfLiteTensorData(const tfl_tensor *t) { return (void *)t->data; }
const char *TfLiteTensorName(const tfl_tensor *t) { return t->name; }
