/* What the runner needs of an inference engine. One engine a process, so an engine keeps its state in its own file. */
#ifndef DEVBENCH_ENGINE_H
#define DEVBENCH_ENGINE_H

#include "args.h"
#include "line.h"

#define MAX_RANK 8

struct tensor {
    const char *name, *other_name; /* as the signature calls it, and as the graph does; either may be NULL */
    const char *dtype;             /* NumPy's name, or "string", "resource", … */
    int rank; /* -1: left open by the model, as each of the dims can be */
    int32_t dims[MAX_RANK];
    size_t bytes;
};

struct model_io {
    int n_inputs, n_outputs;
    struct tensor *inputs, *outputs;
};

struct run_options {
    const struct args *args; /* for `shape` */
    const char *library, *model, *delegate, *signature;
    const char *way, *asset; /* how the bytes come into memory (bytes.h); NULL: as the engine does it with a path */
    const void *data;        /* the bytes, with a way */
    size_t size;
    int threads;
    bool profile;
};

/* Read back after compile; -1 or NULL where the engine does not tell. */
struct applied {
    const char *engine_version, *delegate;
    int fully_delegated;
    int delegated_nodes, nodes, partitions; /* partitions: pieces, delegated or not; 0 without a delegate */
};

/* One operator as the engine timed it in the last inference: from the start of the inference's first one, and the memory
 * that it allocated; -1 where the engine does not tell. `node` tells operators of one type apart. */
struct op_event {
    int64_t node;
    const char *type, *name, *delegate;
    int64_t ns, start_ns, bytes;
};
typedef void (*op_sink)(const struct op_event *event);

/* Functions return 0, or -1 with `f` filled. */
struct engine {
    const char *name;
    const char *format; /* of its models: "tflite" or "pb" */
    int (*open)(const struct run_options *o, struct failure *f);
    int (*load)(const struct run_options *o, struct failure *f);
    /* Delegate, shapes, memory: afterwards `io` is known. */
    int (*compile)(const struct run_options *o, struct model_io *io, struct failure *f);
    void (*read_back)(struct applied *to);
    void *(*map_input)(int index, struct failure *f);
    int (*unmap_input)(int index, struct failure *f);
    int (*invoke)(struct failure *f);
    const void *(*map_output)(int index, struct failure *f); /* may update io->outputs[index] */
    int (*unmap_output)(int index, struct failure *f);
    /* Runs once, in a process of its own that was compiled with `profile`; NULL where read_back tells it all. */
    int (*count_delegated)(int *delegated_nodes, int *partitions, struct failure *f);
    int (*profile_start)(struct failure *f);
    int (*profile_stop)(op_sink sink, struct failure *f);
    void (*close)(void);
};

/* An engine's file ends with this, and the runner knows it by `name`: no list is kept. */
#define RUNNER_HAS(it) \
    static const struct engine *const it##_listed __attribute__((used, retain, section("engines"))) = &it
/* NULL if there is no such engine. */
const struct engine *engine_named(const char *name);

/* NumPy's name of an element type as TFLite and LiteRT number them. */
const char *tflite_type_name(int number);
/* `bad-model` for types that have no plain bytes. */
int check_type(const struct tensor *t, struct failure *f);

/* The dims that `shape=` asks for the input called `name`, `other_name` or `#index`: their number, or 0. */
int shape_argument(const struct args *args, const struct tensor *t, int index, int32_t dims[MAX_RANK]);
/* Whether `selector` (NAME or #INDEX, up to `length`) means this tensor. */
bool selects(const char *selector, size_t length, const struct tensor *t, int index);
/* dlsym into `*to`; a missing symbol is a `link` failure that names it. */
int find_symbol(void *library, const char *name, void **to, struct failure *f);

#endif
