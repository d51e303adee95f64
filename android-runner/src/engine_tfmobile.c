/* Engine `tfmobile`: libtensorflow_inference.so of TensorFlow Mobile (1.4 … 1.13), by its JNI functions, without a VM.
 *
 * That library exports the native halves of the classes of org.tensorflow and nothing of TensorFlow's C API. They get an
 * environment of ours (fake_jni.h). The versions are frozen and pinned by hash, so what they call is known. */
#include "engine.h"
#include "fake_jni.h"
#include "graph.h"
#include "stand_ins.h"

typedef struct jni_object *object;

/* X(result, name, arguments after JNIEnv* and jclass); handles are 64-bit numbers. */
#define TFMOBILE_FUNCTIONS(X) \
    X(object, TensorFlow_version, (jni_env, object)) \
    X(int64_t, Graph_allocate, (jni_env, object)) \
    X(void, Graph_delete, (jni_env, object, int64_t)) \
    X(void, Graph_importGraphDef, (jni_env, object, int64_t, object, object)) \
    X(int64_t, Graph_operation, (jni_env, object, int64_t, object)) \
    X(object, Graph_nextOperation, (jni_env, object, int64_t, int32_t)) \
    X(object, Operation_name, (jni_env, object, int64_t)) \
    X(object, Operation_type, (jni_env, object, int64_t)) \
    X(int32_t, Operation_numOutputs, (jni_env, object, int64_t)) \
    X(int32_t, Operation_dtype, (jni_env, object, int64_t, int64_t, int32_t)) \
    X(object, Operation_shape, (jni_env, object, int64_t, int64_t, int32_t)) \
    X(int64_t, Session_allocate2, (jni_env, object, int64_t, object, object)) \
    X(void, Session_delete, (jni_env, object, int64_t)) \
    X(object, Session_run, \
      (jni_env, object, int64_t, object, object, object, object, object, object, object, uint8_t, object)) \
    X(int64_t, Tensor_allocate, (jni_env, object, int32_t, object, int64_t)) \
    X(void, Tensor_delete, (jni_env, object, int64_t)) \
    X(object, Tensor_buffer, (jni_env, object, int64_t)) \
    X(object, Tensor_shape, (jni_env, object, int64_t))

#define X(result, name, arguments) static result(*name) arguments;
TFMOBILE_FUNCTIONS(X)
#undef X

/* Of the inputs, or of the outputs: node and output number of each, and the tensor. */
struct ends {
    int n;
    int64_t *nodes, *tensors;
    int32_t *ports;
    object node_array, port_array, tensor_array;
};

static struct {
    jni_env env;
    object class, none, full_trace, metadata, mark;
    int64_t graph, session;
    struct ends inputs, outputs;
    void **input_data;
    struct model_io *io;
    char version[32];
    bool tracing;
} self;

static int check(struct failure *f, const char *kind, const char *step, const char *what) {
    const char *message = jni_exception();
    return message ? fail(f, graph_failure_kind(message, kind), step, 0, "%s: %s", what, message) : 0;
}

static int tfmobile_open(const struct run_options *o, struct failure *f) {
    const char *out = args_text(o->args, "out", NULL);
    if (strcmp(o->delegate, "none") != 0)
        return fail(f, "delegate-refused", "engine", 0, "TensorFlow Mobile has no delegate %s", o->delegate);
    if (load_stand_ins(out ? out : o->library, f) != 0) return -1;
    void *library = dlopen(o->library, RTLD_NOW | RTLD_LOCAL);
    if (!library) return fail(f, "link", "engine", 0, "%s", dlerror());
#define X(result, name, arguments) \
    if (find_symbol(library, "Java_org_tensorflow_" #name, (void **)&name, f) != 0) return -1;
    TFMOBILE_FUNCTIONS(X)
#undef X
    self.env = jni_start();
    self.class = jni_text("");
    snprintf(self.version, sizeof self.version, "%s", (const char *)TensorFlow_version(self.env, self.class)->data);
    return 0;
}

static int tfmobile_load(const struct run_options *o, struct failure *f) {
    size_t size = o->size;
    void *own = o->data ? NULL : read_whole(o->model, &size, f);
    const void *bytes = o->data ? o->data : own;
    if (!bytes) return -1;
    object mark = jni_mark();
    self.graph = Graph_allocate(self.env, self.class);
    Graph_importGraphDef(self.env, self.class, self.graph, jni_array((void *)bytes, size), jni_text(""));
    free(own);
    jni_release(mark);
    return check(f, "bad-model", "model", "the graph cannot be imported");
}

/* ---- inputs and outputs ---- */

static int make_ends(struct ends *ends, struct tensor **tensors, int n, struct failure *f) {
    ends->n = n;
    ends->nodes = calloc((size_t)n + 1, sizeof *ends->nodes);
    ends->tensors = calloc((size_t)n + 1, sizeof *ends->tensors);
    ends->ports = calloc((size_t)n + 1, sizeof *ends->ports);
    *tensors = calloc((size_t)n + 1, sizeof **tensors);
    if (!ends->nodes || !ends->tensors || !ends->ports || !*tensors)
        return fail(f, "out-of-memory", "compile", 0, "no memory for the tensors");
    ends->node_array = jni_array(ends->nodes, (size_t)n);
    ends->tensor_array = jni_array(ends->tensors, (size_t)n);
    ends->port_array = jni_array(ends->ports, (size_t)n);
    return 0;
}

/* Type and shape as the graph says them; the type's number, or -1. */
static int describe(struct ends *ends, int index, struct tensor *t, struct failure *f) {
    int64_t node = ends->nodes[index];
    int32_t port = ends->ports[index];
    if (port >= Operation_numOutputs(self.env, self.class, node))
        return fail(f, "bad-model", "compile", 0, "node '%s' has no output %d", t->name, port);
    int type = Operation_dtype(self.env, self.class, self.graph, node, port);
    object mark = jni_mark(), shape = Operation_shape(self.env, self.class, self.graph, node, port);
    if (check(f, "bad-model", "compile", t->name) != 0) return -1;
    t->dtype = graph_type_name(type);
    t->rank = shape ? shape->length : -1;
    for (int i = 0; i < t->rank && i < MAX_RANK; i++) t->dims[i] = (int32_t)((const int64_t *)shape->data)[i];
    jni_release(mark);
    if (t->rank > MAX_RANK) return fail(f, "bad-model", "compile", 0, "'%s' has %d dimensions", t->name, t->rank);
    return check_type(t, f) == 0 ? type : -1;
}

static int find_node(struct ends *ends, int index, struct tensor *t, const char *reference, struct failure *f) {
    char node[512];
    int port;
    if (graph_reference(reference, node, sizeof node, &port, f) != 0) return -1;
    object mark = jni_mark();
    ends->nodes[index] = Graph_operation(self.env, self.class, self.graph, jni_text(node));
    jni_release(mark);
    ends->ports[index] = port;
    t->name = reference;
    return ends->nodes[index] ? 0 : fail(f, "bad-model", "compile", 0, "the graph has no node '%s'", node);
}

/* Calls `visit` for each placeholder in the graph's order; their number. */
static int each_placeholder(struct tensor *tensors) {
    int n = 0;
    for (int32_t position = 0;;) {
        object mark = jni_mark(), found = Graph_nextOperation(self.env, self.class, self.graph, position);
        if (!found) return n;
        int64_t node = ((const int64_t *)found->data)[0];
        position = (int32_t)((const int64_t *)found->data)[1];
        if (strcmp(Operation_type(self.env, self.class, node)->data, "Placeholder") == 0) {
            if (tensors) {
                self.inputs.nodes[n] = node;
                tensors[n].name = strdup(Operation_name(self.env, self.class, node)->data);
            }
            n++;
        }
        jni_release(mark);
    }
}

static int allocate_input(const struct run_options *o, int index, struct failure *f) {
    struct tensor *t = &self.io->inputs[index];
    int64_t dims[MAX_RANK];
    int type = describe(&self.inputs, index, t, f);
    if (type < 0 || graph_input_shape(o, t, index, graph_type_bytes(type), f) != 0) return -1;
    for (int i = 0; i < t->rank; i++) dims[i] = t->dims[i];
    object mark = jni_mark();
    object shape = jni_array(dims, (size_t)t->rank);
    self.inputs.tensors[index] = Tensor_allocate(self.env, self.class, type, shape, (int64_t)t->bytes);
    if (check(f, "out-of-memory", "compile", t->name) != 0) return -1;
    self.input_data[index] = Tensor_buffer(self.env, self.class, self.inputs.tensors[index])->data;
    jni_release(mark);
    return check(f, "engine", "compile", t->name);
}

static int find_ends(const struct run_options *o, struct model_io *io, struct failure *f) {
    int feeds = args_count(o->args, "feed"), fetches = args_count(o->args, "fetch");
    if (fetches == 0) return fail(f, "usage", "compile", 0, "a graph has no outputs of its own: give fetch=NODE");
    io->n_inputs = feeds ? feeds : each_placeholder(NULL);
    io->n_outputs = fetches;
    self.input_data = calloc((size_t)io->n_inputs + 1, sizeof *self.input_data);
    if (!self.input_data || make_ends(&self.inputs, &io->inputs, io->n_inputs, f) != 0 ||
        make_ends(&self.outputs, &io->outputs, io->n_outputs, f) != 0)
        return fail(f, "out-of-memory", "compile", 0, "no memory for the tensors");
    if (!feeds) each_placeholder(io->inputs);
    for (int i = 0; i < io->n_inputs; i++) {
        if (feeds && find_node(&self.inputs, i, &io->inputs[i], args_nth(o->args, "feed", i), f) != 0) return -1;
        if (allocate_input(o, i, f) != 0) return -1;
    }
    for (int i = 0; i < io->n_outputs; i++) {
        if (find_node(&self.outputs, i, &io->outputs[i], args_nth(o->args, "fetch", i), f) != 0) return -1;
        if (describe(&self.outputs, i, &io->outputs[i], f) < 0) return -1;
    }
    return 0;
}

static int tfmobile_compile(const struct run_options *o, struct model_io *io, struct failure *f) {
    uint8_t config[GRAPH_CONFIG_BYTES];
    static uint8_t full_trace[] = GRAPH_FULL_TRACE;
    self.io = io;
    if (find_ends(o, io, f) != 0) return -1;
    self.none = jni_array(NULL, 0);
    self.full_trace = jni_array(full_trace, GRAPH_FULL_TRACE_BYTES);
    object mark = jni_mark(), options = jni_array(config, graph_config(o->threads, config));
    self.session = Session_allocate2(self.env, self.class, self.graph, NULL, options);
    jni_release(mark);
    self.mark = jni_mark();
    return check(f, "bad-model", "compile", "no session");
}

static void tfmobile_read_back(struct applied *to) { *to = (struct applied){self.version, "none", 0, 0, -1, 0}; }

/* ---- inference ---- */

static void *tfmobile_map_input(int index, struct failure *f) {
    (void)f;
    return self.input_data[index];
}

static int tfmobile_unmap(int index, struct failure *f) {
    (void)index, (void)f;
    return 0;
}

static void delete_outputs(void) {
    for (int i = 0; i < self.outputs.n; i++) {
        if (self.outputs.tensors[i]) Tensor_delete(self.env, self.class, self.outputs.tensors[i]);
        self.outputs.tensors[i] = 0;
    }
}

/* The outputs are new tensors each time; letting go of the old ones is part of it, as in an app. */
static int tfmobile_invoke(struct failure *f) {
    delete_outputs();
    self.metadata = Session_run(self.env, self.class, self.session, self.tracing ? self.full_trace : NULL,
                                self.inputs.tensor_array, self.inputs.node_array, self.inputs.port_array,
                                self.outputs.node_array, self.outputs.port_array, self.none, self.tracing,
                                self.outputs.tensor_array);
    return check(f, "engine", "invoke", "the inference failed");
}

static const void *tfmobile_map_output(int index, struct failure *f) {
    struct tensor *t = &self.io->outputs[index];
    object buffer = Tensor_buffer(self.env, self.class, self.outputs.tensors[index]);
    object shape = Tensor_shape(self.env, self.class, self.outputs.tensors[index]);
    if (check(f, "engine", "output", t->name) != 0) return NULL;
    if (shape->length > MAX_RANK) {
        fail(f, "engine", "output", 0, "output '%s' has %d dimensions", t->name, (int)shape->length);
        return NULL;
    }
    t->rank = shape->length;
    for (int i = 0; i < t->rank; i++) t->dims[i] = (int32_t)((const int64_t *)shape->data)[i];
    t->bytes = (size_t)buffer->length;
    return buffer->data ? buffer->data : "";
}

static int tfmobile_unmap_output(int index, struct failure *f) {
    (void)index, (void)f;
    jni_release(self.mark);
    return 0;
}

static int tfmobile_profile_start(struct failure *f) {
    (void)f;
    self.tracing = true;
    return 0;
}

static int tfmobile_profile_stop(op_sink sink, struct failure *f) {
    self.tracing = false;
    if (!self.metadata) return fail(f, "engine", "profile", 0, "TensorFlow Mobile %s gives no trace", self.version);
    graph_trace(self.metadata->data, (size_t)self.metadata->length, sink);
    jni_release(self.mark);
    self.metadata = NULL;
    return 0;
}

static void tfmobile_close(void) {
    delete_outputs();
    for (int i = 0; i < self.inputs.n; i++) Tensor_delete(self.env, self.class, self.inputs.tensors[i]);
    Session_delete(self.env, self.class, self.session);
    Graph_delete(self.env, self.class, self.graph);
}

const struct engine engine_tfmobile = {
    .name = "tfmobile",
    .format = "pb",
    .open = tfmobile_open,
    .load = tfmobile_load,
    .compile = tfmobile_compile,
    .read_back = tfmobile_read_back,
    .map_input = tfmobile_map_input,
    .unmap_input = tfmobile_unmap,
    .invoke = tfmobile_invoke,
    .map_output = tfmobile_map_output,
    .unmap_output = tfmobile_unmap_output,
    .profile_start = tfmobile_profile_start,
    .profile_stop = tfmobile_profile_stop,
    .close = tfmobile_close,
};

#if defined(DEVBENCH_BIONIC) || defined(__ANDROID__) /* its libraries are Android's; elsewhere the linker drops all this */
RUNNER_HAS(engine_tfmobile);
#endif
