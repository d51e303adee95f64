/* Engine `litert`: libLiteRt.so (LiteRT 2) through its C API.
 *
 * Options travel as small TOML texts under a name ("xnnpack", "runtime_options_string"). A model is always run by
 * signature; one without signatures has a single nameless one made up by the library. Inputs and outputs are counted
 * in the order of the graph. Buffers are the library's own, so an inference copies nothing. */
#include "engine.h"
#include "litert_api.h"

#define X(result, name, arguments) static result(*name) arguments;
LITERT_FUNCTIONS(X)
#undef X

static struct {
    lrt_environment environment;
    lrt_model model;
    lrt_signature signature;
    size_t signature_index;
    lrt_subgraph subgraph;
    lrt_compiled compiled;
    lrt_profiler profiler;
    lrt_buffer *input_buffers, *output_buffers;
    struct lrt_tensor_type *output_types;
    struct model_io *io;
    bool wants_delegate;
} self;

/* The library's status numbers, as far as they say more than "it failed". */
static const char *kind_of(int status, const char *step) {
    if (status == 2) return "out-of-memory";
    if (status == 5) return "unsupported-op";
    bool before_running = strcmp(step, "model") == 0 || strcmp(step, "compile") == 0;
    return before_running ? "bad-model" : "engine";
}

#define TRY(step, call) \
    do { \
        int status_ = (call); \
        if (status_ != LRT_OK) return fail(f, kind_of(status_, step), step, status_, "%s: status %d", #call, status_); \
    } while (0)

static int litert_open(const struct run_options *o, struct failure *f) {
    void *library = dlopen(o->library, RTLD_NOW | RTLD_LOCAL);
    if (!library) return fail(f, "link", "engine", 0, "%s", dlerror());
#define X(result, name, arguments) \
    if (find_symbol(library, #name, (void **)&name, f) != 0) return -1;
    LITERT_FUNCTIONS(X)
#undef X
    /* At its default the library tells every step of its search for accelerators. */
    struct lrt_integer_option quiet = {LRT_OPTION_MIN_LOG_SEVERITY, {LRT_ANY_INTEGER, LRT_LOG_WARNING}};
    TRY("engine", LiteRtCreateEnvironment(1, &quiet, &self.environment));
    return 0;
}

static int choose_signature(const char *wanted, struct failure *f) {
    size_t count;
    TRY("model", LiteRtGetNumModelSignatures(self.model, &count));
    for (size_t i = 0; i < count; i++) {
        const char *key;
        TRY("model", LiteRtGetModelSignature(self.model, i, &self.signature));
        TRY("model", LiteRtGetSignatureKey(self.signature, &key));
        if (!wanted || strcmp(wanted, key) == 0) {
            self.signature_index = i;
            TRY("model", LiteRtGetSignatureSubgraph(self.signature, &self.subgraph));
            return 0;
        }
    }
    return fail(f, "bad-model", "model", 0, "the model has no signature '%s'", wanted ? wanted : "");
}

static int litert_load(const struct run_options *o, struct failure *f) {
    int status = o->data ? LiteRtCreateModelFromBuffer(self.environment, o->data, o->size, &self.model)
                         : LiteRtCreateModelFromFile(self.environment, o->model, &self.model);
    if (status != LRT_OK)
        return fail(f, "bad-model", "model", status, "LiteRT cannot read %s: status %d", o->model, status);
    return choose_signature(o->signature, f);
}

static int describe(struct tensor *t, lrt_tensor tensor, const char *name, struct lrt_tensor_type *type,
                    struct failure *f) {
    int type_id;
    TRY("model", LiteRtGetTensorTypeId(tensor, &type_id));
    if (type_id != LRT_RANKED)
        return fail(f, "bad-model", "model", 0, "tensor '%s' has no rank: the engine cannot size it", name);
    TRY("model", LiteRtGetRankedTensorType(tensor, type));
    if (LiteRtGetTensorName(tensor, &t->other_name) != LRT_OK) t->other_name = NULL;
    t->name = name;
    t->dtype = tflite_type_name(type->element);
    t->rank = (int)type->layout.rank;
    for (int i = 0; i < t->rank && i < MAX_RANK; i++) t->dims[i] = type->layout.dims[i];
    return 0;
}

static int add_options(lrt_options options, const char *name, const char *toml, struct failure *f) {
    lrt_opaque opaque;
    char *copy = strdup(toml);
    if (!copy) return fail(f, "out-of-memory", "compile", 0, "no memory for the options");
    TRY("compile", LiteRtCreateOpaqueOptions(name, copy, free, &opaque));
    TRY("compile", LiteRtAddOpaqueOptions(options, opaque));
    return 0;
}

static int create_compiled(const struct run_options *o, struct failure *f) {
    lrt_options options;
    const char *cache = args_text(o->args, "weight_cache", NULL);
    char toml[1200];
    if (cache && (strlen(cache) > 1000 || strchr(cache, '"') || strchr(cache, '\\') || strchr(cache, '\n')))
        return fail(f, "usage", "compile", 0, "weight_cache: not a path that the engine's options can hold");
    TRY("compile", LiteRtCreateOptions(&options));
    TRY("compile", LiteRtSetOptionsHardwareAccelerators(options, LRT_ACCELERATOR_CPU));
    self.wants_delegate = strcmp(o->delegate, "xnnpack") == 0;
    snprintf(toml, sizeof toml, "kernel_mode = \"%s\"\nnum_threads = %d\n", self.wants_delegate ? "delegate" : "builtin",
             o->threads);
    if (cache) snprintf(toml + strlen(toml), sizeof toml - strlen(toml), "weight_cache_file_path = \"%s\"\n", cache);
    if (add_options(options, "xnnpack", toml, f) != 0) return -1;
    if (o->profile && add_options(options, "runtime_options_string", "enable_profiling = true\n", f) != 0) return -1;
    TRY("compile", LiteRtCreateCompiledModel(self.environment, self.model, options, &self.compiled));
    if (o->profile) TRY("compile", LiteRtCompiledModelGetProfiler(self.compiled, &self.profiler));
    return 0;
}

/* An input with open dimensions gets what `shape=` says, else 1 for each of them. */
static int resize_input(const struct run_options *o, int index, struct tensor *t, struct failure *f) {
    int32_t dims[MAX_RANK];
    int rank = shape_argument(o->args, t, index, dims);
    bool open = false;
    if (rank == 0) {
        rank = t->rank;
        for (int i = 0; i < rank; i++) {
            open = open || t->dims[i] < 0;
            dims[i] = t->dims[i] < 0 ? 1 : t->dims[i];
        }
        if (!open) return 0;
    }
    int status = LiteRtCompiledModelResizeInputTensorNonStrict(self.compiled, self.signature_index, (size_t)index, dims,
                                                               (size_t)rank);
    if (status != LRT_OK)
        return fail(f, "bad-model", "compile", status,
                    open ? "input '%s' has open dimensions and the engine refuses 1 for them: give a shape"
                         : "input '%s' cannot be resized to the given shape",
                    t->name);
    return 0;
}

static int create_buffer(size_t index, bool input, struct tensor *t, struct lrt_tensor_type *type, lrt_buffer *buffer,
                         struct failure *f) {
    lrt_requirements needs;
    for (int i = 0; i < t->rank; i++) {
        t->dims[i] = type->layout.dims[i];
        if (t->dims[i] < 0)
            return fail(f, "bad-model", "compile", 0, "the shape of '%s' is open after resizing: give a shape", t->name);
    }
    if (check_type(t, f) != 0) return -1;
    if (input)
        TRY("compile",
            LiteRtGetCompiledModelInputBufferRequirements(self.compiled, self.signature_index, index, &needs));
    else
        TRY("compile",
            LiteRtGetCompiledModelOutputBufferRequirements(self.compiled, self.signature_index, index, &needs));
    TRY("compile", LiteRtCreateManagedTensorBufferFromRequirements(self.environment, type, needs, buffer));
    TRY("compile", LiteRtGetTensorBufferPackedSize(*buffer, &t->bytes));
    return 0;
}

static int create_inputs(const struct run_options *o, struct model_io *io, struct failure *f) {
    struct lrt_tensor_type type;
    for (int i = 0; i < io->n_inputs; i++) {
        lrt_tensor tensor;
        const char *name;
        TRY("model", LiteRtGetSignatureInputTensorByIndex(self.signature, (size_t)i, &tensor));
        TRY("model", LiteRtGetSignatureInputName(self.signature, (size_t)i, &name));
        if (describe(&io->inputs[i], tensor, name, &type, f) != 0) return -1;
        if (resize_input(o, i, &io->inputs[i], f) != 0) return -1;
    }
    for (int i = 0; i < io->n_inputs; i++) {
        lrt_tensor tensor;
        TRY("model", LiteRtGetSignatureInputTensorByIndex(self.signature, (size_t)i, &tensor));
        TRY("model", LiteRtGetRankedTensorType(tensor, &type));
        TRY("compile",
            LiteRtGetCompiledModelInputTensorLayout(self.compiled, self.signature_index, (size_t)i, &type.layout));
        io->inputs[i].rank = (int)type.layout.rank;
        if (create_buffer((size_t)i, true, &io->inputs[i], &type, &self.input_buffers[i], f) != 0) return -1;
    }
    return 0;
}

static int create_outputs(struct model_io *io, struct failure *f) {
    struct lrt_layout *layouts = calloc((size_t)io->n_outputs + 1, sizeof *layouts);
    if (!layouts) return fail(f, "out-of-memory", "compile", 0, "no memory for %d outputs", io->n_outputs);
    int status = LiteRtGetCompiledModelOutputTensorLayouts(self.compiled, self.signature_index, (size_t)io->n_outputs,
                                                           layouts, true);
    if (status != LRT_OK) {
        free(layouts);
        return fail(f, kind_of(status, "compile"), "compile", status, "the engine cannot allocate the model: status %d", status);
    }
    for (int i = 0; i < io->n_outputs; i++) {
        lrt_tensor tensor;
        const char *name;
        TRY("model", LiteRtGetSignatureOutputTensorByIndex(self.signature, (size_t)i, &tensor));
        TRY("model", LiteRtGetSignatureOutputName(self.signature, (size_t)i, &name));
        if (describe(&io->outputs[i], tensor, name, &self.output_types[i], f) != 0) return -1;
        self.output_types[i].layout = layouts[i];
        io->outputs[i].rank = (int)layouts[i].rank;
        if (create_buffer((size_t)i, false, &io->outputs[i], &self.output_types[i], &self.output_buffers[i], f) != 0)
            return -1;
    }
    free(layouts);
    return 0;
}

static int litert_compile(const struct run_options *o, struct model_io *io, struct failure *f) {
    size_t n_inputs, n_outputs;
    TRY("model", LiteRtGetNumSignatureInputs(self.signature, &n_inputs));
    TRY("model", LiteRtGetNumSignatureOutputs(self.signature, &n_outputs));
    io->n_inputs = (int)n_inputs;
    io->n_outputs = (int)n_outputs;
    io->inputs = calloc(n_inputs + 1, sizeof *io->inputs);
    io->outputs = calloc(n_outputs + 1, sizeof *io->outputs);
    self.input_buffers = calloc(n_inputs + 1, sizeof(lrt_buffer));
    self.output_buffers = calloc(n_outputs + 1, sizeof(lrt_buffer));
    self.output_types = calloc(n_outputs + 1, sizeof *self.output_types);
    self.io = io;
    if (!io->inputs || !io->outputs || !self.input_buffers || !self.output_buffers || !self.output_types)
        return fail(f, "out-of-memory", "compile", 0, "no memory for %zu inputs and %zu outputs", n_inputs, n_outputs);
    if (create_compiled(o, f) != 0) return -1;
    return create_inputs(o, io, f) != 0 ? -1 : create_outputs(io, f);
}

/* The library tells no more than whether every node is delegated. Kernel mode "builtin" registers no delegate at all;
 * with "delegate" and nodes left over, litert_count_delegated finds out how many. */
static void litert_read_back(struct applied *to) {
    size_t nodes;
    bool fully;
    *to = (struct applied){NULL, NULL, -1, -1, -1, -1};
    if (LiteRtGetNumSubgraphOps(self.subgraph, &nodes) == LRT_OK) to->nodes = (int)nodes;
    if (LiteRtCompiledModelIsFullyAccelerated(self.compiled, &fully) != LRT_OK) return;
    to->fully_delegated = fully && to->nodes != 0;
    if (to->fully_delegated) {
        to->delegate = "xnnpack";
        to->delegated_nodes = to->nodes;
        to->partitions = 1; /* with no node left between them there is only one piece */
    } else if (!self.wants_delegate) {
        to->delegate = "none";
        to->delegated_nodes = 0;
        to->partitions = 0;
    }
}

static void *litert_map_input(int index, struct failure *f) {
    void *data = NULL;
    int status = LiteRtLockTensorBuffer(self.input_buffers[index], &data, LRT_LOCK_WRITE);
    if (status != LRT_OK) fail(f, "engine", "input", status, "input %d cannot be written: status %d", index, status);
    return data;
}

static int litert_unmap_input(int index, struct failure *f) {
    TRY("input", LiteRtUnlockTensorBuffer(self.input_buffers[index]));
    return 0;
}

static int litert_invoke(struct failure *f) {
    TRY("invoke", LiteRtRunCompiledModel(self.compiled, self.signature_index, (size_t)self.io->n_inputs,
                                         self.input_buffers, (size_t)self.io->n_outputs, self.output_buffers));
    return 0;
}

static const void *litert_map_output(int index, struct failure *f) {
    void *data = NULL;
    int status = LiteRtLockTensorBuffer(self.output_buffers[index], &data, LRT_LOCK_READ);
    if (status != LRT_OK) fail(f, "engine", "output", status, "output %d cannot be read: status %d", index, status);
    return data;
}

static int litert_unmap_output(int index, struct failure *f) {
    TRY("output", LiteRtUnlockTensorBuffer(self.output_buffers[index]));
    return 0;
}

static int litert_profile_start(struct failure *f) {
    TRY("profile", LiteRtStartProfiler(self.profiler));
    return 0;
}

static const char *node_name(size_t node) {
    lrt_op op;
    lrt_tensor tensor;
    const char *name;
    if (LiteRtGetSubgraphOp(self.subgraph, node, &op) != LRT_OK) return "";
    if (LiteRtGetOpOutput(op, 0, &tensor) != LRT_OK || LiteRtGetTensorName(tensor, &name) != LRT_OK) return "";
    return name;
}

/* Ends profiling; the events, to be freed, or NULL. */
static struct lrt_profile_event *take_events(int *count, struct failure *f) {
    int status = LiteRtStopProfiler(self.profiler);
    if (status == LRT_OK) status = LiteRtGetNumProfilerEvents(self.profiler, count);
    struct lrt_profile_event *events = status == LRT_OK ? calloc((size_t)*count + 1, sizeof *events) : NULL;
    if (events) status = LiteRtGetProfilerEvents(self.profiler, *count, events);
    if (events && status == LRT_OK) return events;
    fail(f, "engine", "profile", status, "the engine gives no events: status %d", status);
    free(events);
    return NULL;
}

/* Operators that the delegate tells, and those that the interpreter ran itself. Some delegates are an operator of the
 * interpreter as well, under their own name, which then stands for what they tell. */
static bool by_delegate(const struct lrt_profile_event *e) {
    return e->kind == LRT_EVENT_DELEGATE_PROFILED_OPERATOR || e->kind == LRT_EVENT_DELEGATE_OPERATOR;
}

static bool by_interpreter(const struct lrt_profile_event *e) {
    return e->kind == LRT_EVENT_OPERATOR && !strstr(e->tag, "Delegate");
}

static int litert_profile_stop(op_sink sink, struct failure *f) {
    int count;
    struct lrt_profile_event *events = take_events(&count, f);
    if (!events) return -1;
    for (int i = 0; i < count; i++) {
        const struct lrt_profile_event *e = &events[i];
        struct op_event op = {(int64_t)e->node, e->tag, "", "xnnpack", (int64_t)e->elapsed_us * 1000, -1, -1};
        if (by_delegate(e)) sink(&op);
        if (!by_interpreter(e)) continue;
        op.name = node_name((size_t)e->node);
        op.delegate = NULL;
        sink(&op);
    }
    free(events);
    return 0;
}

/* Nodes that the interpreter ran itself are not delegated; nodes of other graphs, which control flow may run, do not
 * count. Pieces are delegated or not; the delegate numbers its operators anew in each of its own. */
static int litert_count_delegated(int *delegated_nodes, int *partitions, struct failure *f) {
    int count;
    size_t nodes, alone = 0;
    bool any_delegated = false;
    const struct lrt_profile_event *first = NULL, *last = NULL;
    TRY("profile", LiteRtGetNumSubgraphOps(self.subgraph, &nodes));
    if (litert_profile_start(f) != 0 || litert_invoke(f) != 0) return -1;
    struct lrt_profile_event *events = take_events(&count, f);
    if (!events) return -1;
    *partitions = 0;
    for (const struct lrt_profile_event *e = events; e < events + count; e++) {
        if (!by_delegate(e) && !by_interpreter(e)) continue;
        if (!first && by_interpreter(e)) first = e;
        if (by_interpreter(e) && e->subgraph == first->subgraph) alone++;
        bool renumbered = last && by_delegate(e) && by_delegate(last) && e->node <= last->node;
        if (!last || by_delegate(e) != by_delegate(last) || renumbered) *partitions += 1;
        any_delegated = any_delegated || by_delegate(e);
        last = e;
    }
    free(events);
    if (alone > nodes) return fail(f, "engine", "profile", 0, "%zu of %zu nodes ran", alone, nodes);
    *delegated_nodes = any_delegated ? (int)(nodes - alone) : 0;
    if (!any_delegated) *partitions = 0;
    return 0;
}

static void litert_close(void) {
    for (int i = 0; self.io && i < self.io->n_inputs; i++)
        if (self.input_buffers[i]) LiteRtDestroyTensorBuffer(self.input_buffers[i]);
    for (int i = 0; self.io && i < self.io->n_outputs; i++)
        if (self.output_buffers[i]) LiteRtDestroyTensorBuffer(self.output_buffers[i]);
    if (self.compiled) LiteRtDestroyCompiledModel(self.compiled);
    if (self.model) LiteRtDestroyModel(self.model);
    if (self.environment) LiteRtDestroyEnvironment(self.environment);
}

const struct engine engine_litert = {
    .name = "litert",
    .format = "tflite",
    .open = litert_open,
    .load = litert_load,
    .compile = litert_compile,
    .read_back = litert_read_back,
    .map_input = litert_map_input,
    .unmap_input = litert_unmap_input,
    .invoke = litert_invoke,
    .map_output = litert_map_output,
    .unmap_output = litert_unmap_output,
    .count_delegated = litert_count_delegated,
    .profile_start = litert_profile_start,
    .profile_stop = litert_profile_stop,
    .close = litert_close,
};

RUNNER_HAS(engine_litert);
