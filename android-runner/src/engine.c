#include "engine.h"

/* The linker puts an engine's word for itself beside those of the others, and names both ends. */
extern const struct engine *const __start_engines[] __attribute__((visibility("hidden")));
extern const struct engine *const __stop_engines[] __attribute__((visibility("hidden")));

const struct engine *engine_named(const char *name) {
    for (const struct engine *const *e = __start_engines; e < __stop_engines; e++)
        if (strcmp((*e)->name, name) == 0) return *e;
    return NULL;
}

static const char *const TYPES[] = {
    "none",    "float32",    "int32",  "uint8",    "int64",   "string", "bool",   "int16",
    "complex64", "int8",     "float16", "float64", "complex128", "uint64", "resource", "variant",
    "uint32",  "uint16",     "int4",   "bfloat16", "int2",    "uint4",  "float8_e4m3", "float8_e5m2"};

const char *tflite_type_name(int number) {
    return number >= 0 && number < COUNT_OF(TYPES) ? TYPES[number] : "unknown";
}

int check_type(const struct tensor *t, struct failure *f) {
    static const char *const without_bytes[] = {"none", "string", "resource", "variant", "unknown"};
    for (int i = 0; i < COUNT_OF(without_bytes); i++)
        if (strcmp(t->dtype, without_bytes[i]) == 0)
            return fail(f, "bad-model", "compile", 0, "'%s' has type %s, which the runner cannot fill or read", t->name,
                        t->dtype);
    return 0;
}

bool selects(const char *selector, size_t length, const struct tensor *t, int index) {
    char numbered[16];
    int n = snprintf(numbered, sizeof numbered, "#%d", index);
    if (length == (size_t)n && strncmp(selector, numbered, length) == 0) return true;
    if (t->name && strlen(t->name) == length && strncmp(selector, t->name, length) == 0) return true;
    return t->other_name && strlen(t->other_name) == length && strncmp(selector, t->other_name, length) == 0;
}

static int parse_dims(const char *text, int32_t dims[MAX_RANK]) {
    int rank = 0;
    for (const char *at = text;; at++) {
        char number[16];
        size_t n = 0;
        while (at[n] && at[n] != ',' && n + 1 < sizeof number) {
            number[n] = at[n];
            n++;
        }
        number[n] = 0;
        if (rank == MAX_RANK) usage_error("shape: '%s' has more than %d dimensions", text, MAX_RANK);
        dims[rank++] = (int32_t)parse_integer(number, "shape", 1, 0x7fffffff);
        at += n;
        if (!*at) return rank;
    }
}

int shape_argument(const struct args *args, const struct tensor *t, int index, int32_t dims[MAX_RANK]) {
    const char *value;
    for (int i = 0; (value = args_nth(args, "shape", i)) != NULL; i++) {
        const char *equals = strrchr(value, '=');
        if (equals && selects(value, (size_t)(equals - value), t, index)) return parse_dims(equals + 1, dims);
    }
    return 0;
}

int find_symbol(void *library, const char *name, void **to, struct failure *f) {
    *to = dlsym(library, name);
    return *to ? 0 : fail(f, "link", "engine", 0, "the engine library has no function %s", name);
}
