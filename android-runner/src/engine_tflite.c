/* Engine `tflite`: TensorFlow Lite's C API, as libtensorflowlite_jni.so of the AARs 2.4 to 2.16 exports it.
 *
 * XNNPACK is not applied by default there: it is asked for explicitly, with the options that the version itself calls
 * default, and what it took is counted in the graph that it leaves behind. */
#include "delegation.h"
#include "engine.h"
#include "model_file.h"
#include "tflite_api.h"
#include "tflite_delegates.h"

#define X(result, name, arguments) static result(*name) arguments;
TFLITE_FUNCTIONS(X)
TFLITE_LATER_FUNCTIONS(X)
#undef X

static struct {
    tfl_model *model;
    tfl_options *options;
    tfl_interpreter *interpreter;
    void *library;
    const char *delegate_name;
    tfl_delegate *delegate;
    struct tflite_delegate made;
    struct tfl_profiler profiler;
    struct model_io *io;
} self;

static int tflite_open(const struct run_options *o, struct failure *f) {
    void *library = dlopen(o->library, RTLD_NOW | RTLD_LOCAL);
    if (!library) return fail(f, "link", "engine", 0, "%s", dlerror());
#define X(result, name, arguments) \
    if (find_symbol(library, #name, (void **)&name, f) != 0) return -1;
    TFLITE_FUNCTIONS(X)
#undef X
#define X(result, name, arguments) *(void **)&name = dlsym(library, #name);
    TFLITE_LATER_FUNCTIONS(X)
#undef X
    self.library = library;
    return 0;
}

/* ---- profiler: the interpreter calls these around each operator ---- */

#define MAX_EVENTS 8192
static struct event {
    int64_t node, started_ns, ns;
    bool timed_by_delegate;
    char name[95]; /* a copy: delegates reuse the memory of theirs */
} *events;
static uint32_t n_events;
static bool recording;

static struct event *new_event(const char *name, int64_t node) {
    if (!recording || n_events == MAX_EVENTS) return NULL;
    struct event *e = &events[n_events++];
    e->node = node;
    e->ns = 0;
    e->timed_by_delegate = false;
    size_t n = strlen(name) < sizeof e->name - 1 ? strlen(name) : sizeof e->name - 1;
    memcpy(e->name, name, n);
    e->name[n] = 0;
    return e;
}

static void ignore_event(struct tfl_profiler *p, const char *name, uint64_t status) { (void)p, (void)name, (void)status; }

static void ignore_op_event(struct tfl_profiler *p, const char *name, int64_t op, int64_t graph, uint64_t status) {
    (void)p, (void)name, (void)op, (void)graph, (void)status;
}

static void ignore_settings(struct tfl_profiler *p, const char *name, const void *s) { (void)p, (void)name, (void)s; }

static uint32_t begin_op(struct tfl_profiler *p, const char *name, int64_t op, int64_t graph) {
    struct event *e = new_event(name, op);
    (void)p, (void)graph;
    if (!e) return UINT32_MAX;
    e->started_ns = now_ns();
    return (uint32_t)(e - events);
}

static void end_op(struct tfl_profiler *p, uint32_t handle) {
    (void)p;
    if (handle < n_events) events[handle].ns = now_ns() - events[handle].started_ns;
}

static void timed_op(struct tfl_profiler *p, const char *name, uint64_t us, int64_t op, int64_t graph) {
    struct event *e = new_event(name, op);
    (void)p, (void)graph;
    if (!e) return;
    e->ns = (int64_t)us * 1000;
    e->timed_by_delegate = true;
}

static int add_profiler(struct failure *f) {
    if (!TfLiteInterpreterOptionsSetTelemetryProfiler)
        return fail(f, "engine", "profile", 0, "TFLite %s has no profiler in its C API (2.14 and later have)",
                    TfLiteVersion());
    events = calloc(MAX_EVENTS, sizeof *events);
    if (!events) return fail(f, "out-of-memory", "profile", 0, "no memory for %d events", MAX_EVENTS);
    self.profiler = (struct tfl_profiler){NULL, ignore_event, ignore_op_event, ignore_settings, begin_op, end_op, timed_op};
    TfLiteInterpreterOptionsSetTelemetryProfiler(self.options, &self.profiler);
    return 0;
}

/* ---- load ---- */

/* The library's messages go where its other output goes, and are told from there. */
static void on_error(void *data, const char *format, va_list args) {
    char text[1024];
    (void)data;
    int n = vsnprintf(text, sizeof text - 1, format, args);
    if (n < 0) return;
    if (n > (int)sizeof text - 2) n = (int)sizeof text - 2;
    text[n++] = '\n';
    if (write(2, text, (size_t)n) < 0) return;
}

static int tflite_load(const struct run_options *o, struct failure *f) {
    if (o->data && !TfLiteModelCreate)
        return fail(f, "link", "model", 0, "TFLite %s loads no model from memory", TfLiteVersion());
    self.model = o->data ? TfLiteModelCreate(o->data, o->size) : TfLiteModelCreateFromFile(o->model);
    return self.model ? 0 : fail(f, "bad-model", "model", 0, "TFLite %s cannot read %s", TfLiteVersion(), o->model);
}

static int create_delegate(const struct run_options *o, struct failure *f) {
    self.delegate_name = o->delegate;
    if (make_tflite_delegate(o, self.library, TfLiteVersion(), &self.made, f) != 0) return -1;
    self.delegate = self.made.delegate;
    if (self.delegate) watch_delegation(self.delegate);
    return 0;
}

static int create_interpreter(const struct run_options *o, bool delegate_first, struct failure *f) {
    self.options = TfLiteInterpreterOptionsCreate();
    if (!self.options) return fail(f, "out-of-memory", "compile", 0, "no memory for the options");
    TfLiteInterpreterOptionsSetNumThreads(self.options, o->threads);
    TfLiteInterpreterOptionsSetErrorReporter(self.options, on_error, NULL);
    if (self.delegate && delegate_first) TfLiteInterpreterOptionsAddDelegate(self.options, self.delegate);
    if (o->profile && add_profiler(f) != 0) return -1;
    self.interpreter = TfLiteInterpreterCreate(self.model, self.options);
    if (self.interpreter) return 0;
    if (self.delegate && delegate_first)
        return fail(f, "delegate-refused", "compile", 0,
                    "TFLite %s cannot run the model with %s (dynamic shapes?): give a shape, build it with batch 1, or "
                    "use delegate none", TfLiteVersion(), o->delegate);
    return fail(f, "bad-model", "compile", 0, "TFLite %s cannot make an interpreter for the model", TfLiteVersion());
}

static void describe(struct tensor *t, const tfl_tensor *tensor) {
    t->name = TfLiteTensorName(tensor);
    t->dtype = tflite_type_name(TfLiteTensorType(tensor));
    t->rank = TfLiteTensorNumDims(tensor);
    t->bytes = TfLiteTensorByteSize(tensor);
    for (int i = 0; i < t->rank && i < MAX_RANK; i++) t->dims[i] = TfLiteTensorDim(tensor, i);
}

/* A shape of no elements is one that the model leaves open: 1 for each such dimension, unless `shape=` says. */
static int resize_inputs(const struct run_options *o, struct model_io *io, struct failure *f) {
    for (int i = 0; i < io->n_inputs; i++) {
        struct tensor *t = &io->inputs[i];
        int32_t dims[MAX_RANK];
        describe(t, TfLiteInterpreterGetInputTensor(self.interpreter, i));
        int rank = shape_argument(o->args, t, i, dims);
        bool open = false;
        for (int k = 0; rank == 0 && k < t->rank; k++) open = open || t->dims[k] <= 0;
        if (open) {
            rank = t->rank;
            for (int k = 0; k < rank; k++) dims[k] = t->dims[k] <= 0 ? 1 : t->dims[k];
        }
        if (rank > 0 && TfLiteInterpreterResizeInputTensor(self.interpreter, i, dims, rank) != 0)
            return fail(f, "bad-model", "compile", 0, "input '%s' cannot be resized", t->name);
    }
    return 0;
}

static int describe_all(struct model_io *io, struct failure *f) {
    for (int i = 0; i < io->n_inputs; i++) {
        describe(&io->inputs[i], TfLiteInterpreterGetInputTensor(self.interpreter, i));
        if (check_type(&io->inputs[i], f) != 0) return -1;
    }
    for (int i = 0; i < io->n_outputs; i++) {
        describe(&io->outputs[i], TfLiteInterpreterGetOutputTensor(self.interpreter, i));
        if (check_type(&io->outputs[i], f) != 0) return -1;
    }
    return 0;
}

static int tflite_compile(const struct run_options *o, struct model_io *io, struct failure *f) {
    /* A delegate given with the options is applied to the shapes in the file. Newer versions can apply it later, when
     * the inputs have got theirs. */
    bool late = TfLiteInterpreterModifyGraphWithDelegate != NULL && args_nth(o->args, "shape", 0) != NULL;
    if (o->signature)
        return fail(f, "usage", "model", 0, "engine tflite runs the model's first graph only: signature is not honoured");
    if (create_delegate(o, f) != 0 || create_interpreter(o, !late, f) != 0) return -1;
    io->n_inputs = TfLiteInterpreterGetInputTensorCount(self.interpreter);
    io->n_outputs = TfLiteInterpreterGetOutputTensorCount(self.interpreter);
    io->inputs = calloc((size_t)io->n_inputs + 1, sizeof *io->inputs);
    io->outputs = calloc((size_t)io->n_outputs + 1, sizeof *io->outputs);
    self.io = io;
    if (!io->inputs || !io->outputs) return fail(f, "out-of-memory", "compile", 0, "no memory for the tensors");
    if (resize_inputs(o, io, f) != 0) return -1;
    if (self.delegate && late && TfLiteInterpreterModifyGraphWithDelegate(self.interpreter, self.delegate) != 0)
        return fail(f, "delegate-refused", "compile", 0, "TFLite %s cannot apply %s to the model", TfLiteVersion(),
                    o->delegate);
    if (TfLiteInterpreterAllocateTensors(self.interpreter) != 0)
        return fail(f, "bad-model", "compile", 0, "TFLite %s cannot allocate the model's tensors", TfLiteVersion());
    return describe_all(io, f);
}

static void tflite_read_back(struct applied *to) {
    const struct delegation *d = seen_delegation();
    *to = (struct applied){TfLiteVersion(), NULL, -1, -1, d ? d->nodes : model_nodes(), -1};
    if (!self.delegate || (d && d->delegated_nodes == 0)) {
        to->delegate = "none";
        to->fully_delegated = to->delegated_nodes = to->partitions = 0;
    } else if (d) {
        to->delegate = self.delegate_name;
        to->delegated_nodes = d->delegated_nodes;
        to->partitions = d->partitions;
        to->fully_delegated = d->delegated_nodes == d->nodes;
    }
}

/* ---- inference ---- */

static void *tflite_map_input(int index, struct failure *f) {
    void *data = TfLiteTensorData(TfLiteInterpreterGetInputTensor(self.interpreter, index));
    if (!data) fail(f, "engine", "input", 0, "input %d has no memory", index);
    return data;
}

static int tflite_unmap(int index, struct failure *f) {
    (void)index, (void)f;
    return 0;
}

static int tflite_invoke(struct failure *f) {
    int status = TfLiteInterpreterInvoke(self.interpreter);
    return status == 0 ? 0 : fail(f, "engine", "invoke", status, "the inference failed: status %d", status);
}

/* Shapes of outputs may be known only now. */
static const void *tflite_map_output(int index, struct failure *f) {
    const tfl_tensor *tensor = TfLiteInterpreterGetOutputTensor(self.interpreter, index);
    describe(&self.io->outputs[index], tensor);
    const void *data = TfLiteTensorData(tensor);
    if (!data && self.io->outputs[index].bytes > 0) {
        fail(f, "engine", "output", 0, "output %d has no memory", index);
        return NULL;
    }
    return data ? data : "";
}

static int tflite_profile_start(struct failure *f) {
    (void)f;
    n_events = 0;
    recording = true;
    return 0;
}

/* A delegate's piece is an operator with the delegate's name, around what the delegate tells of itself (if it does). */
static int tflite_profile_stop(op_sink sink, struct failure *f) {
    recording = false;
    if (n_events == MAX_EVENTS) return fail(f, "engine", "profile", 0, "more than %d operators", MAX_EVENTS);
    for (uint32_t i = 0; i < n_events; i++) {
        const struct event *e = &events[i];
        bool piece = strstr(e->name, "Delegate") != NULL;
        if (piece && i + 1 < n_events && events[i + 1].timed_by_delegate) continue;
        sink(&(struct op_event){e->node, e->name, "", piece || e->timed_by_delegate ? self.delegate_name : NULL, e->ns, -1, -1});
    }
    return 0;
}

static void tflite_close(void) {
    if (self.interpreter) TfLiteInterpreterDelete(self.interpreter);
    if (self.options) TfLiteInterpreterOptionsDelete(self.options);
    if (self.delegate && self.made.destroy) self.made.destroy(self.delegate);
    if (self.model) TfLiteModelDelete(self.model);
}

const struct engine engine_tflite = {
    .name = "tflite",
    .format = "tflite",
    .open = tflite_open,
    .load = tflite_load,
    .compile = tflite_compile,
    .read_back = tflite_read_back,
    .map_input = tflite_map_input,
    .unmap_input = tflite_unmap,
    .invoke = tflite_invoke,
    .map_output = tflite_map_output,
    .unmap_output = tflite_unmap,
    .profile_start = tflite_profile_start,
    .profile_stop = tflite_profile_stop,
    .close = tflite_close,
};

RUNNER_HAS(engine_tflite);
