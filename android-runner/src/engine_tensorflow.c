/* Engine `tensorflow`: TensorFlow 2's C API, as libtensorflow_cc.so.2 of its Python wheel exports it (Linux).
 *
 * The library needs libtensorflow_framework.so.2 beside it. Outputs are new tensors at each inference. */
#include "engine.h"
#include "graph.h"

struct tf_output {
    void *node;
    int port;
};

struct tf_buffer {
    const void *data;
    size_t length;
    void (*deallocate)(void *, size_t);
};

/* X(result, name, arguments); opaque handles are plain pointers. */
#define TENSORFLOW_FUNCTIONS(X) \
    X(const char *, TF_Version, (void)) \
    X(void *, TF_NewStatus, (void)) \
    X(int, TF_GetCode, (const void *)) \
    X(const char *, TF_Message, (const void *)) \
    X(void *, TF_NewGraph, (void)) \
    X(void, TF_DeleteGraph, (void *)) \
    X(struct tf_buffer *, TF_NewBuffer, (void)) \
    X(void, TF_DeleteBuffer, (struct tf_buffer *)) \
    X(void *, TF_NewImportGraphDefOptions, (void)) \
    X(void, TF_DeleteImportGraphDefOptions, (void *)) \
    X(void, TF_GraphImportGraphDef, (void *, const struct tf_buffer *, const void *, void *)) \
    X(void *, TF_GraphOperationByName, (void *, const char *)) \
    X(void *, TF_GraphNextOperation, (void *, size_t *)) \
    X(const char *, TF_OperationName, (void *)) \
    X(const char *, TF_OperationOpType, (void *)) \
    X(int, TF_OperationNumOutputs, (void *)) \
    X(int, TF_OperationOutputType, (struct tf_output)) \
    X(int, TF_GraphGetTensorNumDims, (void *, struct tf_output, void *)) \
    X(void, TF_GraphGetTensorShape, (void *, struct tf_output, int64_t *, int, void *)) \
    X(void *, TF_NewSessionOptions, (void)) \
    X(void, TF_DeleteSessionOptions, (void *)) \
    X(void, TF_SetConfig, (void *, const void *, size_t, void *)) \
    X(void *, TF_NewSession, (void *, const void *, void *)) \
    X(void, TF_CloseSession, (void *, void *)) \
    X(void, TF_DeleteSession, (void *, void *)) \
    X(void, TF_SessionRun, \
      (void *, const struct tf_buffer *, const struct tf_output *, void *const *, int, const struct tf_output *, void **, \
       int, const void *const *, int, struct tf_buffer *, void *)) \
    X(void *, TF_AllocateTensor, (int, const int64_t *, int, size_t)) \
    X(void, TF_DeleteTensor, (void *)) \
    X(void *, TF_TensorData, (const void *)) \
    X(size_t, TF_TensorByteSize, (const void *)) \
    X(int, TF_NumDims, (const void *)) \
    X(int64_t, TF_Dim, (const void *, int))

#define X(result, name, arguments) static result(*name) arguments;
TENSORFLOW_FUNCTIONS(X)
#undef X

static struct {
    void *status, *graph, *session;
    struct tf_output *feeds, *fetches;
    void **input_tensors, **output_tensors;
    struct tf_buffer *metadata;
    struct model_io *io;
    bool tracing;
} self;

static int check(struct failure *f, const char *kind, const char *step, const char *what) {
    if (TF_GetCode(self.status) == 0) return 0;
    const char *message = TF_Message(self.status);
    return fail(f, graph_failure_kind(message, kind), step, TF_GetCode(self.status), "%s: %s", what, message);
}

static int tensorflow_open(const struct run_options *o, struct failure *f) {
    if (strcmp(o->delegate, "none") != 0)
        return fail(f, "delegate-refused", "engine", 0, "TensorFlow has no delegate %s", o->delegate);
    /* It tells of every trace and of all the hardware that it does not find; errors are enough. */
    setenv("TF_CPP_MIN_LOG_LEVEL", "2", 0);
    void *library = dlopen(o->library, RTLD_NOW | RTLD_LOCAL);
    if (!library) return fail(f, "link", "engine", 0, "%s", dlerror());
#define X(result, name, arguments) \
    if (find_symbol(library, #name, (void **)&name, f) != 0) return -1;
    TENSORFLOW_FUNCTIONS(X)
#undef X
    self.status = TF_NewStatus();
    return 0;
}

static int tensorflow_load(const struct run_options *o, struct failure *f) {
    size_t size = o->size;
    void *own = o->data ? NULL : read_whole(o->model, &size, f);
    const void *bytes = o->data ? o->data : own;
    if (!bytes) return -1;
    struct tf_buffer buffer = {bytes, size, NULL};
    void *options = TF_NewImportGraphDefOptions();
    self.graph = TF_NewGraph();
    TF_GraphImportGraphDef(self.graph, &buffer, options, self.status);
    TF_DeleteImportGraphDefOptions(options);
    free(own);
    return check(f, "bad-model", "model", "the graph cannot be imported");
}

/* ---- inputs and outputs ---- */

static int describe(struct tf_output end, struct tensor *t, struct failure *f) {
    int64_t dims[MAX_RANK];
    if (end.port >= TF_OperationNumOutputs(end.node))
        return fail(f, "bad-model", "compile", 0, "node '%s' has no output %d", t->name, end.port);
    t->dtype = graph_type_name(TF_OperationOutputType(end));
    t->rank = TF_GraphGetTensorNumDims(self.graph, end, self.status);
    if (t->rank > MAX_RANK) return fail(f, "bad-model", "compile", 0, "'%s' has %d dimensions", t->name, t->rank);
    if (t->rank > 0) TF_GraphGetTensorShape(self.graph, end, dims, t->rank, self.status);
    if (check(f, "bad-model", "compile", t->name) != 0) return -1;
    for (int i = 0; i < t->rank; i++) t->dims[i] = (int32_t)dims[i];
    return check_type(t, f);
}

static int find_node(struct tf_output *end, struct tensor *t, const char *reference, struct failure *f) {
    char node[512];
    if (graph_reference(reference, node, sizeof node, &end->port, f) != 0) return -1;
    end->node = TF_GraphOperationByName(self.graph, node);
    t->name = reference;
    return end->node ? 0 : fail(f, "bad-model", "compile", 0, "the graph has no node '%s'", node);
}

/* Placeholders in the graph's order; their number. */
static int each_placeholder(struct tensor *tensors) {
    size_t position = 0;
    int n = 0;
    void *node;
    while ((node = TF_GraphNextOperation(self.graph, &position)) != NULL) {
        if (strcmp(TF_OperationOpType(node), "Placeholder") != 0) continue;
        if (tensors) {
            self.feeds[n].node = node;
            tensors[n].name = TF_OperationName(node);
        }
        n++;
    }
    return n;
}

static int allocate_input(const struct run_options *o, int index, struct failure *f) {
    struct tensor *t = &self.io->inputs[index];
    int64_t dims[MAX_RANK];
    if (describe(self.feeds[index], t, f) != 0) return -1;
    int type = TF_OperationOutputType(self.feeds[index]);
    if (graph_input_shape(o, t, index, graph_type_bytes(type), f) != 0) return -1;
    for (int i = 0; i < t->rank; i++) dims[i] = t->dims[i];
    self.input_tensors[index] = TF_AllocateTensor(type, dims, t->rank, t->bytes);
    return self.input_tensors[index] ? 0 : fail(f, "out-of-memory", "compile", 0, "no memory for input '%s'", t->name);
}

static int find_ends(const struct run_options *o, struct model_io *io, struct failure *f) {
    int feeds = args_count(o->args, "feed"), fetches = args_count(o->args, "fetch");
    if (fetches == 0) return fail(f, "usage", "compile", 0, "a graph has no outputs of its own: give fetch=NODE");
    io->n_inputs = feeds ? feeds : each_placeholder(NULL);
    io->n_outputs = fetches;
    self.feeds = calloc((size_t)io->n_inputs + 1, sizeof *self.feeds);
    self.fetches = calloc((size_t)io->n_outputs + 1, sizeof *self.fetches);
    self.input_tensors = calloc((size_t)io->n_inputs + 1, sizeof *self.input_tensors);
    self.output_tensors = calloc((size_t)io->n_outputs + 1, sizeof *self.output_tensors);
    io->inputs = calloc((size_t)io->n_inputs + 1, sizeof *io->inputs);
    io->outputs = calloc((size_t)io->n_outputs + 1, sizeof *io->outputs);
    if (!self.feeds || !self.fetches || !self.input_tensors || !self.output_tensors || !io->inputs || !io->outputs)
        return fail(f, "out-of-memory", "compile", 0, "no memory for the tensors");
    if (!feeds) each_placeholder(io->inputs);
    for (int i = 0; i < io->n_inputs; i++) {
        if (feeds && find_node(&self.feeds[i], &io->inputs[i], args_nth(o->args, "feed", i), f) != 0) return -1;
        if (allocate_input(o, i, f) != 0) return -1;
    }
    for (int i = 0; i < io->n_outputs; i++) {
        if (find_node(&self.fetches[i], &io->outputs[i], args_nth(o->args, "fetch", i), f) != 0) return -1;
        if (describe(self.fetches[i], &io->outputs[i], f) != 0) return -1;
    }
    return 0;
}

static int tensorflow_compile(const struct run_options *o, struct model_io *io, struct failure *f) {
    uint8_t config[GRAPH_CONFIG_BYTES];
    self.io = io;
    if (find_ends(o, io, f) != 0) return -1;
    void *options = TF_NewSessionOptions();
    TF_SetConfig(options, config, graph_config(o->threads, config), self.status);
    if (check(f, "engine", "compile", "threads") != 0) return -1;
    self.session = TF_NewSession(self.graph, options, self.status);
    TF_DeleteSessionOptions(options);
    return check(f, "bad-model", "compile", "no session");
}

static void tensorflow_read_back(struct applied *to) { *to = (struct applied){TF_Version(), "none", 0, 0, -1, 0}; }

/* ---- inference ---- */

static void *tensorflow_map_input(int index, struct failure *f) {
    void *data = TF_TensorData(self.input_tensors[index]);
    if (!data) fail(f, "engine", "input", 0, "input %d has no memory", index);
    return data;
}

static int tensorflow_unmap(int index, struct failure *f) {
    (void)index, (void)f;
    return 0;
}

static void delete_outputs(void) {
    for (int i = 0; i < self.io->n_outputs; i++) {
        if (self.output_tensors[i]) TF_DeleteTensor(self.output_tensors[i]);
        self.output_tensors[i] = NULL;
    }
}

static int tensorflow_invoke(struct failure *f) {
    static const struct tf_buffer full_trace = {GRAPH_FULL_TRACE, GRAPH_FULL_TRACE_BYTES, NULL};
    delete_outputs();
    TF_SessionRun(self.session, self.tracing ? &full_trace : NULL, self.feeds, self.input_tensors, self.io->n_inputs,
                  self.fetches, self.output_tensors, self.io->n_outputs, NULL, 0, self.tracing ? self.metadata : NULL,
                  self.status);
    return check(f, "engine", "invoke", "the inference failed");
}

static const void *tensorflow_map_output(int index, struct failure *f) {
    struct tensor *t = &self.io->outputs[index];
    const void *tensor = self.output_tensors[index], *data = TF_TensorData(tensor);
    t->rank = TF_NumDims(tensor);
    if (t->rank > MAX_RANK) {
        fail(f, "engine", "output", 0, "output '%s' has %d dimensions", t->name, t->rank);
        return NULL;
    }
    for (int i = 0; i < t->rank; i++) t->dims[i] = (int32_t)TF_Dim(tensor, i);
    t->bytes = TF_TensorByteSize(tensor);
    return data ? data : "";
}

static int tensorflow_profile_start(struct failure *f) {
    (void)f;
    self.tracing = true;
    self.metadata = TF_NewBuffer();
    return 0;
}

static int tensorflow_profile_stop(op_sink sink, struct failure *f) {
    bool told = self.metadata->data != NULL;
    self.tracing = false;
    if (told) graph_trace(self.metadata->data, self.metadata->length, sink);
    TF_DeleteBuffer(self.metadata);
    self.metadata = NULL;
    return told ? 0 : fail(f, "engine", "profile", 0, "TensorFlow %s gives no trace", TF_Version());
}

static void tensorflow_close(void) {
    delete_outputs();
    for (int i = 0; i < self.io->n_inputs; i++) TF_DeleteTensor(self.input_tensors[i]);
    TF_CloseSession(self.session, self.status);
    TF_DeleteSession(self.session, self.status);
    TF_DeleteGraph(self.graph);
}

const struct engine engine_tensorflow = {
    .name = "tensorflow",
    .format = "pb",
    .open = tensorflow_open,
    .load = tensorflow_load,
    .compile = tensorflow_compile,
    .read_back = tensorflow_read_back,
    .map_input = tensorflow_map_input,
    .unmap_input = tensorflow_unmap,
    .invoke = tensorflow_invoke,
    .map_output = tensorflow_map_output,
    .unmap_output = tensorflow_unmap,
    .profile_start = tensorflow_profile_start,
    .profile_stop = tensorflow_profile_stop,
    .close = tensorflow_close,
};

#if !defined(DEVBENCH_BIONIC) && !defined(__ANDROID__) /* it exists for Linux only; elsewhere the linker drops all this */
RUNNER_HAS(engine_tensorflow);
#endif
