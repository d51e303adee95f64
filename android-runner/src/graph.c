#include "graph.h"

#include "wire.h"

static const struct {
    const char *name;
    size_t bytes;
} TYPES[] = {{"none", 0},   {"float32", 4}, {"float64", 8},  {"int32", 4},      {"uint8", 1},       {"int16", 2},
             {"int8", 1},   {"string", 0},  {"complex64", 8}, {"int64", 8},     {"bool", 1},        {"int8", 1},
             {"uint8", 1},  {"int32", 4},   {"bfloat16", 2}, {"int16", 2},      {"uint16", 2},      {"uint16", 2},
             {"complex128", 16}, {"float16", 2}, {"resource", 0}, {"variant", 0}, {"uint32", 4},    {"uint64", 8}};

const char *graph_type_name(int number) { return number >= 0 && number < COUNT_OF(TYPES) ? TYPES[number].name : "unknown"; }
size_t graph_type_bytes(int number) { return number >= 0 && number < COUNT_OF(TYPES) ? TYPES[number].bytes : 0; }

int graph_reference(const char *text, char *node, size_t size, int *port, struct failure *f) {
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    *port = colon ? (int)parse_integer(colon + 1, "feed, fetch", 0, 65535) : 0;
    if (length >= size) return fail(f, "bad-model", "compile", 0, "the name of a node is longer than %zu bytes", size - 1);
    memcpy(node, text, length);
    node[length] = 0;
    return 0;
}

static void write_dims(char *to, size_t size, int rank, const int32_t *dims) {
    size_t used = 0;
    to[0] = 0;
    for (int i = 0; i < rank && used < size; i++) {
        const char *comma = i ? "," : "";
        int n = dims[i] < 0 ? snprintf(to + used, size - used, "%s?", comma)
                            : snprintf(to + used, size - used, "%s%d", comma, (int)dims[i]);
        used += (size_t)n;
    }
}

static bool agrees(const struct tensor *t, int rank, const int32_t *dims) {
    if (t->rank < 0) return true;
    for (int i = 0; i < rank && i < t->rank; i++)
        if (t->dims[i] >= 0 && t->dims[i] != dims[i]) return false;
    return rank == t->rank;
}

int graph_input_shape(const struct run_options *o, struct tensor *t, int index, size_t element, struct failure *f) {
    int32_t dims[MAX_RANK];
    char asked[128], known[128];
    int rank = shape_argument(o->args, t, index, dims);
    uint64_t bytes = element;
    write_dims(known, sizeof known, t->rank, t->dims);
    write_dims(asked, sizeof asked, rank, dims);
    if (rank == 0 && t->rank < 0)
        return fail(f, "bad-model", "compile", 0, "the graph does not say the shape of its input '%s': give shape=%s=…",
                    t->name, t->name);
    if (rank > 0 && !agrees(t, rank, dims))
        return fail(f, "usage", "compile", 0, "input '%s' takes the shape %s, not %s", t->name, known, asked);
    if (rank > 0) t->rank = rank;
    for (int i = 0; i < t->rank; i++) {
        t->dims[i] = rank > 0 ? dims[i] : t->dims[i] < 0 ? 1 : t->dims[i];
        bytes *= (uint64_t)t->dims[i];
        if (bytes > 0x7fffffff) return fail(f, "out-of-memory", "compile", 0, "input '%s' takes more than 2 GB", t->name);
    }
    t->bytes = (size_t)bytes;
    return 0;
}

static size_t put_number(uint8_t *to, uint8_t key, int value) {
    to[0] = key;
    to[1] = (uint8_t)(value < 128 ? value : (value & 127) | 128);
    if (value >= 128) to[2] = (uint8_t)(value >> 7);
    return value < 128 ? 2 : 3;
}

size_t graph_config(int threads, uint8_t to[GRAPH_CONFIG_BYTES]) {
    size_t n = put_number(to, 2 << 3, threads); /* intra_op_parallelism_threads */
    n += put_number(to + n, 5 << 3, threads);   /* inter_op_parallelism_threads */
    return n + put_number(to + n, 9 << 3, 1);   /* use_per_session_threads */
}

/* ---- RunMetadata ---- */

struct node_stats {
    char name[512], type[128];
    int64_t start_ns, ns, bytes;
};

static void copy_text(char *to, size_t size, const uint8_t *from, const uint8_t *end) {
    size_t n = (size_t)(end - from) < size - 1 ? (size_t)(end - from) : size - 1;
    memcpy(to, from, n);
    to[n] = 0;
}

/* "[memory] name = Type(inputs)": how the timeline calls a node. */
static void type_of(char *to, size_t size, struct wire label) {
    for (const uint8_t *at = label.at; at + 3 < label.end; at++) {
        if (memcmp(at, " = ", 3) != 0) continue;
        const uint8_t *end = memchr(at + 3, '(', (size_t)(label.end - at - 3));
        copy_text(to, size, at + 3, end ? end : label.end);
        return;
    }
}

static int64_t total_bytes(struct wire memory) {
    struct wire_field field;
    int64_t bytes = 0;
    while (wire_next(&memory, &field))
        if (field.number == 2) bytes = (int64_t)field.value;
    return bytes;
}

static void read_node(struct wire w, struct node_stats *s) {
    struct wire_field field;
    uint64_t start_us = 0, us = 0, start_ns = 0, ns = 0;
    *s = (struct node_stats){.type = "?"};
    while (wire_next(&w, &field)) {
        if (field.number == 1) copy_text(s->name, sizeof s->name, field.inside.at, field.inside.end);
        if (field.number == 2) start_us = field.value;
        if (field.number == 5) us = field.value;
        if (field.number == 6) s->bytes += total_bytes(field.inside);
        if (field.number == 8) type_of(s->type, sizeof s->type, field.inside);
        if (field.number == 13) start_ns = field.value; /* newer versions tell nanoseconds as well */
        if (field.number == 16) ns = field.value;
    }
    s->start_ns = (int64_t)(start_ns ? start_ns : start_us * 1000);
    s->ns = (int64_t)(ns ? ns : us * 1000);
}

static int64_t hash_of(const char *name) {
    uint64_t hash = 0xcbf29ce484222325ull;
    for (; *name; name++) hash = (hash ^ (uint8_t)*name) * 0x100000001b3ull;
    return (int64_t)(hash >> 1);
}

typedef void (*node_visit)(const struct node_stats *s, int64_t *first_ns, op_sink sink);

static void find_first(const struct node_stats *s, int64_t *first_ns, op_sink sink) {
    (void)sink;
    if (*first_ns < 0 || s->start_ns < *first_ns) *first_ns = s->start_ns;
}

static void tell_node(const struct node_stats *s, int64_t *first_ns, op_sink sink) {
    sink(&(struct op_event){hash_of(s->name), s->type, s->name, NULL, s->ns, s->start_ns - *first_ns, s->bytes});
}

static void each_node(struct wire metadata, node_visit visit, int64_t *first_ns, op_sink sink) {
    static struct node_stats s;
    struct wire_field step, device, node;
    while (wire_next(&metadata, &step)) {
        if (step.number != 1) continue; /* step_stats */
        while (wire_next(&step.inside, &device)) {
            if (device.number != 1) continue; /* dev_stats */
            while (wire_next(&device.inside, &node)) {
                if (node.number != 2) continue; /* node_stats */
                read_node(node.inside, &s);
                visit(&s, first_ns, sink);
            }
        }
    }
}

void graph_trace(const uint8_t *metadata, size_t bytes, op_sink sink) {
    struct wire w = {metadata, metadata + bytes};
    int64_t first_ns = -1;
    each_node(w, find_first, &first_ns, sink);
    each_node(w, tell_node, &first_ns, sink);
}

const char *graph_failure_kind(const char *message, const char *otherwise) {
    static const char *const meanings[][2] = {
        {"Op type not registered", "unsupported-op"},
        {"No OpKernel was registered", "unsupported-op"},
        {"No registered '", "unsupported-op"},
        {"NodeDef mentions attr", "unsupported-op"},
        {"not in the list of allowed values", "unsupported-op"},
        {"OOM when allocating", "out-of-memory"},
    };
    for (int i = 0; i < COUNT_OF(meanings); i++)
        if (strstr(message, meanings[i][0])) return meanings[i][1];
    return otherwise;
}
