#include "model_file.h"

static struct {
    int fd;
    int64_t size;
} file;

static int bad(struct failure *f, const char *path, const char *why) {
    return fail(f, "bad-model", "model", 0, "%s: %s", path, why);
}

/* `n` little-endian bytes at `at`, or -1 outside of the file. */
static int64_t number_at(int64_t at, int n) {
    uint8_t bytes[8];
    int64_t value = 0;
    if (at < 0 || at + n > file.size || pread(file.fd, bytes, (size_t)n, (off_t)at) != n) return -1;
    for (int i = n - 1; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

/* Where field `index` of the table at `table` stands: 0 if absent, -1 outside of the file. */
static int64_t field_at(int64_t table, int index) {
    int64_t back = number_at(table, 4);
    if (back < 0) return -1;
    int64_t vtable = table - (int32_t)back, length = number_at(vtable, 2);
    if (length < 4) return -1;
    if (4 + 2 * index + 2 > length) return 0;
    int64_t offset = number_at(vtable + 4 + 2 * index, 2);
    return offset <= 0 ? offset : table + offset;
}

/* Follows the offset stored at `at` to what it points to; -1 outside of the file. */
static int64_t follow_offset(int64_t at) {
    int64_t offset = number_at(at, 4);
    return offset <= 0 || at + offset >= file.size ? -1 : at + offset;
}

/* The buffers hold the weights and are most of a file, wherever in it they lie. */
static bool buffers_inside(int64_t model) {
    int64_t field = field_at(model, 4), vector = field > 0 ? follow_offset(field) : -1;
    int64_t count = number_at(vector, 4);
    if (count < 0 || vector + 4 + 4 * count > file.size) return false;
    for (int64_t i = 0; i < count; i++) {
        int64_t table = follow_offset(vector + 4 + 4 * i), data = field_at(table, 0);
        if (table < 0 || data < 0) return false;
        if (data == 0) continue;
        int64_t bytes = follow_offset(data), length = number_at(bytes, 4);
        if (bytes < 0 || length < 0 || bytes + 4 + length > file.size) return false;
        int64_t far = field_at(table, 1), far_length = field_at(table, 2);
        if (far > 0 && far_length > 0 && number_at(far, 8) + number_at(far_length, 8) > file.size) return false;
    }
    return true;
}

static int nodes = -1;

int model_nodes(void) { return nodes; }

static int count_nodes(int64_t subgraphs) {
    int64_t graph = follow_offset(follow_offset(subgraphs) + 4), operators = field_at(graph, 3);
    return operators > 0 ? (int)number_at(follow_offset(operators), 4) : 0;
}

static int check_flatbuffer(const char *path, struct failure *f) {
    char magic[4] = {0};
    if (file.size == 0) return bad(f, path, "the file is empty");
    if (file.size < 8 || pread(file.fd, magic, 4, 4) != 4 || memcmp(magic, "TFL3", 4) != 0)
        return bad(f, path, "not a TFLite model (no TFL3 identifier)");
    int64_t model = follow_offset(0), subgraphs = field_at(model, 2);
    if (model < 0 || subgraphs <= 0 || follow_offset(subgraphs) < 0 || number_at(follow_offset(subgraphs), 4) < 1)
        return bad(f, path, "the model is damaged or cut off (no graph in it)");
    if (!buffers_inside(model)) return bad(f, path, "the model is damaged or cut off (weights reach past its end)");
    nodes = count_nodes(subgraphs);
    return 0;
}

/* The varint at `*at`, which moves behind it; -1 where there is none. */
static int64_t varint_at(int64_t *at) {
    int64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
        int64_t byte = number_at((*at)++, 1);
        if (byte < 0) return -1;
        value |= (byte & 127) << shift;
        if (byte < 128) return value;
    }
    return -1;
}

/* The fields of the outermost message, among them the nodes, end where the file does. */
static int check_graph(const char *path, struct failure *f) {
    int64_t at = 0, found = 0;
    if (file.size == 0) return bad(f, path, "the file is empty");
    while (at < file.size) {
        int64_t key = varint_at(&at), length = (key & 7) == 2 ? varint_at(&at) : 0;
        if (key < 8 || length < 0 || ((key & 7) != 0 && (key & 7) != 2))
            return bad(f, path, found ? "the graph is damaged or cut off" : "not a TensorFlow graph");
        if (length > file.size - at) return bad(f, path, "the graph is damaged or cut off (a node reaches past its end)");
        if ((key & 7) == 0 && varint_at(&at) < 0) return bad(f, path, "the graph is damaged or cut off");
        if (key == 1 << 3) return bad(f, path, "a SavedModel, not a frozen graph");
        if (key == (1 << 3 | 2)) found++;
        at += length;
    }
    return found ? 0 : bad(f, path, "not a TensorFlow graph (no node in it)");
}

int check_model(const char *path, const char *format, struct failure *f) {
    static char chunk[64 * 1024];
    ssize_t n;
    file.fd = open(path, O_RDONLY | O_CLOEXEC);
    file.size = 0;
    if (file.fd < 0) return fail(f, "bad-model", "model", errno, "%s: %s", path, strerror(errno));
    while ((n = read(file.fd, chunk, sizeof chunk)) > 0) file.size += n;
    int result = n < 0 ? fail(f, "bad-model", "model", errno, "%s: %s", path, strerror(errno))
                 : strcmp(format, "pb") == 0 ? check_graph(path, f)
                                             : check_flatbuffer(path, f);
    close(file.fd);
    return result;
}
