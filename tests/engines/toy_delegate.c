/* A delegate for tests, in a library of its own: as an external delegate of TFLite's plugin interface, and under the names
 * of the GPU delegate. Never shipped.
 *
 * Option `take:all|half|none` says how much it takes, `take:refuse` makes it fail when it is applied, `take:null` when it is
 * made. The GPU delegate takes all with half precision and half of the nodes without. */
#include "tflite_api.h"

struct toy {
    tfl_delegate delegate;
    char take[16];
};

static int prepare(tfl_context *c, tfl_delegate *d) {
    struct toy *toy = (struct toy *)d;
    struct {
        int size, values[1024];
    } nodes = {0};
    struct tfl_int_array *plan;
    struct tfl_registration kernel = {.builtin_code = TFL_BUILTIN_DELEGATE};
    if (strcmp(toy->take, "refuse") == 0 || c->get_execution_plan(c, &plan) != 0) return 1;
    if (strcmp(toy->take, "none") == 0) return 0;
    nodes.size = strcmp(toy->take, "half") == 0 ? plan->size / 2 : plan->size;
    memcpy(nodes.values, plan->values, (size_t)nodes.size * sizeof(int));
    return c->replace_nodes(c, kernel, (const struct tfl_int_array *)&nodes, d);
}

static tfl_delegate *make(const char *take) {
    struct toy *toy = calloc(1, sizeof *toy + 64);
    toy->delegate.prepare = prepare;
    snprintf(toy->take, sizeof toy->take, "%s", take);
    return &toy->delegate;
}

tfl_delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
    const char *take = "all";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i], "take") == 0) {
            take = values[i];
        } else {
            report("toy: an option that it does not know");
            return NULL;
        }
    }
    if (strcmp(take, "null") == 0) {
        report("toy: no such hardware");
        return NULL;
    }
    return make(take);
}

void tflite_plugin_destroy_delegate(tfl_delegate *d) { free(d); }

struct gpu_options {
    int32_t precision_loss_allowed, preference, priorities[3];
    int64_t flags;
    int32_t most_partitions;
    const char *folder, *token;
};

struct gpu_options TfLiteGpuDelegateOptionsV2Default(void) {
    return (struct gpu_options){.precision_loss_allowed = -1, .priorities = {1, 0, 0}, .most_partitions = 7};
}

tfl_delegate *TfLiteGpuDelegateV2Create(const struct gpu_options *o) {
    if (o->most_partitions != 7 || o->folder || o->priorities[0] != 1) return NULL; /* its own defaults must come back */
    return make(o->precision_loss_allowed == 1 ? "all" : o->precision_loss_allowed == 0 ? "half" : "refuse");
}

void TfLiteGpuDelegateV2Delete(tfl_delegate *d) { free(d); }
