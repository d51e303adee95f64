#include "batch.h"

#include "inputs.h"
#include "tensors.h"

#define MAX_INPUTS 16
#define MAX_OUTPUTS 16
#define MAX_KEPT_BYTES (256u << 20)

const char *const BATCH_KEYS[] = {"batch", "raw", "resize", "channels", "mean", "scale", "layout", NULL};

/* Where a row or column of the result comes from: two neighbours, and the share of the second. */
struct place {
    int low, high;
    float share;
};

struct input {
    const char *samples, *dtype; /* dtype NULL: the input has no samples of its own */
    int rank, dims[MAX_RANK];    /* raw, of one sample */
    size_t bytes;                /* raw, of one sample */
    int height, width, channels; /* of the result, where it is an image */
    struct place *rows, *columns;
    float *mean, *scale;
    int n_mean, n_scale;
    bool image, swapped, planar, plain;
};

static struct {
    const struct engine *engine;
    struct model_io *io;
    int64_t count;
    struct input inputs[MAX_INPUTS];
    char *outputs[MAX_OUTPUTS];
    size_t output_bytes[MAX_OUTPUTS];
} self;

int64_t batch_count(void) { return self.count; }

static int refuse(struct failure *f, const struct tensor *t, const char *why) {
    return fail(f, "usage", "input", 0, "input '%s': %s", t->name ? t->name : "?", why);
}

/* ---- arguments ---- */

static int read_dims(const char *text, int *dims) {
    int rank = 0;
    while (*text && rank < MAX_RANK) {
        int64_t size = 0;
        for (; *text >= '0' && *text <= '9' && size < (1 << 24); text++) size = size * 10 + (*text - '0');
        if (size < 1) return -1;
        dims[rank++] = (int)size;
        if (*text == ',') text++;
        else if (*text) return -1;
    }
    return *text ? -1 : rank;
}

/* Decimal numbers between commas; one for all, or one for each element of the last axis. */
static int read_numbers(const char *text, float **to, int last_axis, float otherwise) {
    int n = 1;
    for (const char *c = text; c && *c; c++) n += *c == ',';
    *to = calloc((size_t)n, sizeof **to);
    if (!*to || (n != 1 && n != last_axis)) return -1;
    (*to)[0] = otherwise;
    for (int i = 0; text && i < n; i++) {
        char *end;
        (*to)[i] = (float)strtod(text, &end);
        if (end == text || *end != (i + 1 < n ? ',' : 0)) return -1;
        text = end + 1;
    }
    return n;
}

static struct place *places(int before, int size) {
    struct place *p = calloc((size_t)size, sizeof *p);
    for (int i = 0; p && i < size; i++) {
        double at = (i + 0.5) * ((double)before / size) - 0.5;
        at = at < 0 ? 0 : at > before - 1 ? before - 1 : at;
        p[i].low = (int)at;
        p[i].high = p[i].low + 1 < before ? p[i].low + 1 : before - 1;
        p[i].share = (float)(at - p[i].low);
    }
    return p;
}

static int read_raw(struct input *in, const struct tensor *t, const char *text, struct failure *f) {
    const char *const known[] = {"uint8", "int32", "float32"};
    const char *colon = text ? strchr(text, ':') : NULL;
    if (!colon) return refuse(f, t, "raw=NAME=DTYPE:SIZES is missing");
    for (int i = 0; i < COUNT_OF(known); i++)
        if (strlen(known[i]) == (size_t)(colon - text) && strncmp(known[i], text, strlen(known[i])) == 0)
            in->dtype = known[i];
    if (!in->dtype) return refuse(f, t, "raw values are uint8, int32 or float32");
    in->rank = read_dims(colon + 1, in->dims);
    if (in->rank < 0) return refuse(f, t, "the sizes of raw are no numbers");
    in->bytes = (size_t)dtype_bits(in->dtype) / 8;
    for (int i = 0; i < in->rank; i++) in->bytes *= (size_t)in->dims[i];
    return 0;
}

static int read_image(struct input *in, const struct tensor *t, const struct args *args, int index, struct failure *f) {
    const char *resize = input_argument(args, "resize", t, index), *channels = input_argument(args, "channels", t, index);
    const char *layout = input_argument(args, "layout", t, index);
    int size[MAX_RANK] = {in->dims[0], in->dims[1]};
    if (channels && strcmp(channels, "RGB") != 0 && strcmp(channels, "BGR") != 0) return refuse(f, t, "channels are RGB or BGR");
    if (layout && strcmp(layout, "NHWC") != 0 && strcmp(layout, "NCHW") != 0) return refuse(f, t, "layout is NHWC or NCHW");
    in->swapped = channels && strcmp(channels, "BGR") == 0;
    in->planar = layout && strcmp(layout, "NCHW") == 0;
    in->image = resize || in->swapped || in->planar;
    if (!in->image) return 0;
    if (in->rank != 3) return refuse(f, t, "resize, channels and layout are for images, raw sizes HEIGHT,WIDTH,CHANNELS");
    if (resize && read_dims(resize, size) != 2) return refuse(f, t, "resize is HEIGHT,WIDTH");
    in->height = size[0];
    in->width = size[1];
    in->channels = in->dims[2];
    in->rows = places(in->dims[0], in->height);
    in->columns = places(in->dims[1], in->width);
    return in->rows && in->columns ? 0 : fail(f, "out-of-memory", "input", 0, "no memory for the tables of '%s'", t->name);
}

/* Products only: 32-bit ARM has no division of its own, and the runner brings no library that has. */
static size_t values_of(const struct input *in) {
    size_t n = 1;
    if (in->image) return (size_t)in->height * (size_t)in->width * (size_t)in->channels;
    for (int i = 0; i < in->rank; i++) n *= (size_t)in->dims[i];
    return n;
}

static size_t values_read(const struct tensor *t) {
    size_t n = 1;
    for (int i = 0; i < t->rank; i++) n *= (size_t)t->dims[i];
    return n;
}

static int read_samples(struct input *in, const struct tensor *t, const char *path, struct failure *f) {
    struct tensor whole = *t;
    whole.bytes = in->bytes * (size_t)self.count;
    char *data = malloc(whole.bytes + 1);
    if (!data) return fail(f, "out-of-memory", "input", 0, "no memory for %zu bytes of samples of '%s'", whole.bytes, t->name);
    in->samples = data;
    return read_exactly(path, &whole, data, f);
}

static int open_input(int index, const struct args *args, struct failure *f) {
    const struct tensor *t = &self.io->inputs[index];
    struct input *in = &self.inputs[index];
    const char *path = input_argument(args, "batch", t, index);
    if (!path) return 0;
    if (read_raw(in, t, input_argument(args, "raw", t, index), f) != 0 || read_image(in, t, args, index, f) != 0) return -1;
    int last = in->rank > 0 ? in->dims[in->rank - 1] : 1;
    const char *mean = input_argument(args, "mean", t, index), *scale = input_argument(args, "scale", t, index);
    in->n_mean = read_numbers(mean, &in->mean, last, 0.0f);
    in->n_scale = read_numbers(scale, &in->scale, last, 1.0f);
    if (in->n_mean < 1 || in->n_scale < 1) return refuse(f, t, "mean and scale are one number, or one for each element of the last axis");
    in->plain = !in->image && !mean && !scale && strcmp(in->dtype, t->dtype) == 0;
    if (!in->plain && strcmp(t->dtype, "float32") != 0)
        return fail(f, "usage", "input", 0, "input '%s' reads %s, the samples are %s to be made float32", t->name, t->dtype, in->dtype);
    size_t needed = values_read(t);
    if (values_of(in) != needed)
        return fail(f, "usage", "input", 0, "input '%s' reads %zu values, a sample has %zu", t->name, needed, values_of(in));
    return read_samples(in, t, path, f);
}

int batch_open(const struct engine *e, struct model_io *io, const struct args *args, struct failure *f) {
    self.engine = e;
    self.io = io;
    self.count = args_integer(args, "samples", 0, 1, 10000000);
    if (io->n_inputs > MAX_INPUTS || io->n_outputs > MAX_OUTPUTS)
        return fail(f, "usage", "input", 0, "%d inputs and %d outputs are too many", io->n_inputs, io->n_outputs);
    for (int i = 0; BATCH_KEYS[i]; i++)
        if (check_selectors(BATCH_KEYS[i], io, args, f) != 0) return -1;
    for (int i = 0; i < io->n_inputs; i++)
        if (open_input(i, args, f) != 0) return -1;
    return 0;
}

/* ---- one sample ---- */

static inline float value_at(const char *raw, const char *dtype, size_t i) {
    if (*dtype == 'u') return (float)((const uint8_t *)raw)[i];
    return *dtype == 'i' ? (float)((const int32_t *)(const void *)raw)[i] : ((const float *)(const void *)raw)[i];
}

/* `at` is the place along the last axis. */
static inline float scaled(const struct input *in, float value, size_t at) {
    return (value - in->mean[in->n_mean > 1 ? at : 0]) * in->scale[in->n_scale > 1 ? at : 0];
}

static inline float between(float low, float high, float share) {
    return share == 0.0f ? low : low * (1.0f - share) + high * share;
}

/* Bilinear, first between two rows, then between two columns, as devbench/variants/held_out.py has it. */
static void make_image(const struct input *in, const char *raw, float *to) {
    size_t row = (size_t)in->dims[1] * (size_t)in->channels, plane = (size_t)in->height * (size_t)in->width;
    for (int y = 0; y < in->height; y++) {
        const struct place *v = &in->rows[y];
        for (int x = 0; x < in->width; x++) {
            const struct place *h = &in->columns[x];
            for (int k = 0; k < in->channels; k++) {
                size_t from = (size_t)(in->swapped ? in->channels - 1 - k : k);
                size_t left = (size_t)h->low * (size_t)in->channels + from, right = (size_t)h->high * (size_t)in->channels + from;
                size_t top = (size_t)v->low * row, bottom = (size_t)v->high * row;
                float a = between(value_at(raw, in->dtype, top + left), value_at(raw, in->dtype, bottom + left), v->share);
                float b = between(value_at(raw, in->dtype, top + right), value_at(raw, in->dtype, bottom + right), v->share);
                size_t pixel = (size_t)y * (size_t)in->width + (size_t)x;
                size_t at = in->planar ? (size_t)k * plane + pixel : pixel * (size_t)in->channels + (size_t)k;
                to[at] = scaled(in, between(a, b, h->share), (size_t)k);
            }
        }
    }
}

static void make_ready(const struct input *in, int64_t n, void *to) {
    const char *raw = in->samples + in->bytes * (size_t)n;
    if (in->plain) {
        memcpy(to, raw, in->bytes);
    } else if (in->image) {
        make_image(in, raw, to);
    } else {
        size_t count = values_of(in);
        size_t last = in->rank > 0 ? (size_t)in->dims[in->rank - 1] : 1;
        for (size_t i = 0, at = 0; i < count; i++) {
            ((float *)to)[i] = scaled(in, value_at(raw, in->dtype, i), at);
            if (++at == last) at = 0;
        }
    }
}

int batch_prepare(int64_t n, struct failure *f) {
    for (int i = 0; i < self.io->n_inputs; i++) {
        if (!self.inputs[i].samples) continue;
        void *to = self.engine->map_input(i, f);
        if (!to) return -1;
        make_ready(&self.inputs[i], n, to);
        if (self.engine->unmap_input(i, f) != 0) return -1;
    }
    return 0;
}

/* ---- outputs ---- */

static int keep_output(int index, int64_t n, const void *data, struct failure *f) {
    const struct tensor *t = &self.io->outputs[index];
    if (!self.outputs[index]) {
        if ((uint64_t)t->bytes * (uint64_t)self.count > MAX_KEPT_BYTES)
            return fail(f, "out-of-memory", "output", 0, "%lld outputs '%s' of %zu bytes are too many to keep",
                        (long long)self.count, t->name, t->bytes);
        self.output_bytes[index] = t->bytes;
        self.outputs[index] = malloc(t->bytes * (size_t)self.count + 1);
        if (!self.outputs[index]) return fail(f, "out-of-memory", "output", 0, "no memory for the outputs '%s'", t->name);
    }
    if (t->bytes != self.output_bytes[index])
        return fail(f, "engine", "output", 0, "output '%s' has %zu bytes for one sample and %zu for another", t->name,
                    self.output_bytes[index], t->bytes);
    memcpy(self.outputs[index] + t->bytes * (size_t)n, data, t->bytes);
    return 0;
}

int batch_keep(int64_t n, struct failure *f) {
    for (int i = 0; i < self.io->n_outputs; i++) {
        const void *data = self.engine->map_output(i, f);
        if (!data) return -1;
        int result = keep_output(i, n, data, f);
        if (self.engine->unmap_output(i, f) != 0 || result != 0) return -1;
    }
    return 0;
}

int batch_tell(const char *folder, struct failure *f) {
    if (make_folder(folder, f) != 0) return -1;
    for (int i = 0; i < self.io->n_outputs; i++) {
        struct tensor all = self.io->outputs[i];
        if (all.rank < 1) all.rank = 1, all.dims[0] = 1;
        all.dims[0] *= (int32_t)self.count;
        all.bytes = self.output_bytes[i] * (size_t)self.count;
        if (tell_output(&all, i, self.outputs[i], folder, f) != 0) return -1;
    }
    return 0;
}
