/* Engine `toy`: doubles four floats. All that an engine has to be; a test drops it into a copy of the runner's sources. */
#include "engine.h"

/* what an engine has no use for keeps its name here, for who begins one from this */
#pragma clang diagnostic ignored "-Wunused-parameter"

static float in[4], out[4];
static struct tensor input = {"x", NULL, "float32", 1, {4}, sizeof in};
static struct tensor output = {"y", NULL, "float32", 1, {4}, sizeof out};

static int open_toy(const struct run_options *o, struct failure *f) {
    void *library = dlopen(o->library, RTLD_NOW | RTLD_LOCAL);
    return library ? 0 : fail(f, "link", "engine", 0, "%s", dlerror());
}

static int nothing(const struct run_options *o, struct failure *f) { return 0; }

static int compile(const struct run_options *o, struct model_io *io, struct failure *f) {
    *io = (struct model_io){1, 1, &input, &output};
    return 0;
}

static void read_back(struct applied *to) {
    *to = (struct applied){.engine_version = "0.1", .delegate = "none", .fully_delegated = -1, .delegated_nodes = -1, .nodes = 1};
}

static void *map_input(int index, struct failure *f) { return in; }
static const void *map_output(int index, struct failure *f) { return out; }
static int unmap(int index, struct failure *f) { return 0; }

static int invoke(struct failure *f) {
    for (int i = 0; i < 4; i++) out[i] = 2 * in[i];
    return 0;
}

static void close_toy(void) {}

const struct engine engine_toy = {
    .name = "toy",
    .format = "tflite",
    .open = open_toy,
    .load = nothing,
    .compile = compile,
    .read_back = read_back,
    .map_input = map_input,
    .unmap_input = unmap,
    .invoke = invoke,
    .map_output = map_output,
    .unmap_output = unmap,
    .close = close_toy,
};

RUNNER_HAS(engine_toy);
