#include "tensors.h"

#include "inputs.h"
#include "sha256.h"

static void line_shape(const struct tensor *t) {
    line_key("shape");
    if (t->rank < 0) {
        line_raw("null");
        return;
    }
    line_raw("[");
    for (int i = 0; i < t->rank; i++) line_raw(i ? ",%d" : "%d", t->dims[i]);
    line_raw("]");
}

static bool is_sized(const struct tensor *t) {
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] < 0) return false;
    return t->rank >= 0;
}

void line_tensors(const char *key, const struct tensor *tensors, int n) {
    line_key(key);
    line_raw("[");
    for (int i = 0; i < n; i++) {
        line_raw("%s{\"index\":%d", i ? "," : "", i);
        line_text("name", tensors[i].name);
        line_text("dtype", tensors[i].dtype);
        line_shape(&tensors[i]);
        line_number_or_null("bytes", is_sized(&tensors[i]) ? (int64_t)tensors[i].bytes : -1);
        line_raw("}");
    }
    line_raw("]");
}

const char *input_argument(const struct args *args, const char *key, const struct tensor *t, int index) {
    const char *value;
    for (int i = 0; (value = args_nth(args, key, i)) != NULL; i++) {
        /* A tensor name may hold '=', a path as well: the first '=' after which the name agrees decides. */
        for (const char *equals = strchr(value, '='); equals; equals = strchr(equals + 1, '='))
            if (selects(value, (size_t)(equals - value), t, index)) return equals + 1;
    }
    return NULL;
}

int read_exactly(const char *path, const struct tensor *t, char *to, struct failure *f) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 0;
    char more;
    if (fd < 0) return fail(f, "usage", "input", errno, "input '%s': %s: %s", t->name, path, strerror(errno));
    while (n < t->bytes && (got = read(fd, to + n, t->bytes - n)) > 0) n += (size_t)got;
    bool longer = n == t->bytes && read(fd, &more, 1) == 1;
    close(fd);
    if (n == t->bytes && !longer) return 0;
    return fail(f, "usage", "input", 0, "input '%s' needs %zu bytes, %s has %s", t->name, t->bytes, path,
                longer ? "more" : "fewer");
}

static int fill(const struct tensor *t, int index, const struct args *args, void *to, struct failure *f) {
    const char *file = input_argument(args, "input", t, index), *inputs = args_text(args, "inputs", "random:0");
    if (file) return read_exactly(file, t, to, f);
    if (strcmp(inputs, "zeros") == 0) {
        memset(to, 0, t->bytes);
        return 0;
    }
    uint64_t seed = (uint64_t)parse_integer(inputs + strlen("random:"), "inputs", 0, INT64_MAX);
    if (fill_random(seed, index, t->dtype, to, t->bytes)) return 0;
    return fail(f, "usage", "input", 0, "input '%s' has type %s, which is not generated: give a file", t->name, t->dtype);
}

int check_selectors(const char *key, const struct model_io *io, const struct args *args, struct failure *f) {
    const char *value;
    for (int i = 0; (value = args_nth(args, key, i)) != NULL; i++) {
        bool known = false;
        for (const char *equals = strchr(value, '='); equals && !known; equals = strchr(equals + 1, '='))
            for (int k = 0; k < io->n_inputs && !known; k++)
                known = selects(value, (size_t)(equals - value), &io->inputs[k], k);
        if (!known) return fail(f, "usage", "input", 0, "%s=%s names no input of the model", key, value);
    }
    return 0;
}

int fill_inputs(const struct engine *e, const struct model_io *io, const struct args *args, struct failure *f) {
    if (check_selectors("input", io, args, f) != 0 || check_selectors("shape", io, args, f) != 0) return -1;
    for (int i = 0; i < io->n_inputs; i++) {
        void *to = e->map_input(i, f);
        if (!to) return -1;
        int result = fill(&io->inputs[i], i, args, to, f);
        if (e->unmap_input(i, f) != 0 || result != 0) return -1;
    }
    return 0;
}

static int write_file(const char *path, const char *from, size_t n, struct failure *f) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), error = 0;
    if (fd < 0) return fail(f, "usage", "output", errno, "%s: %s", path, strerror(errno));
    while (n > 0 && !error) {
        ssize_t done = write(fd, from, n);
        if (done < 0 && errno != EINTR) error = errno;
        if (done > 0) {
            from += done;
            n -= (size_t)done;
        }
    }
    if (close(fd) != 0 && !error) error = errno;
    if (!error) return 0;
    const char *kind = error == ENOSPC || error == EDQUOT || error == EFBIG ? "disk-full" : "engine";
    return fail(f, kind, "output", error, "%s: %s", path, strerror(error));
}

int tell_output(const struct tensor *t, int index, const void *data, const char *folder, struct failure *f) {
    struct sha256 s;
    char hex[65], path[4096];
    if (folder) {
        snprintf(path, sizeof path, "%s/output_%d.bin", folder, index);
        if (write_file(path, data, t->bytes, f) != 0) return -1;
    }
    sha256_start(&s);
    sha256_add(&s, data, t->bytes);
    sha256_hex(&s, hex);
    line_begin("output");
    line_number("index", index);
    line_text("name", t->name);
    line_text("dtype", t->dtype);
    line_shape(t);
    line_number("bytes", (int64_t)t->bytes);
    line_text("sha256", hex);
    line_text("path", folder ? path : NULL);
    line_end();
    return 0;
}

int make_folder(const char *folder, struct failure *f) {
    if (!folder || mkdir(folder, 0755) == 0 || errno == EEXIST) return 0;
    return fail(f, "usage", "output", errno, "%s: %s", folder, strerror(errno));
}

int tell_outputs(const struct engine *e, const struct model_io *io, const char *folder, struct failure *f) {
    if (make_folder(folder, f) != 0) return -1;
    for (int i = 0; i < io->n_outputs; i++) {
        const void *data = e->map_output(i, f);
        if (!data) return -1;
        int result = tell_output(&io->outputs[i], i, data, folder, f);
        if (e->unmap_output(i, f) != 0 || result != 0) return -1;
    }
    return 0;
}
