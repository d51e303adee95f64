#include "tflite_delegates.h"

#include "delegate_options.h"

#define FORCE_FP16 4u
#define FP16_SINCE_MINOR 14
#define MAX_OPTIONS 32

typedef tfl_delegate *(*create_function)(const void *options);
typedef tfl_delegate *(*plugin_function)(char **keys, char **values, size_t count, void (*report)(const char *));

static int refused(struct failure *f, const char *format, const char *what, const char *why) {
    return fail(f, "delegate-refused", "compile", 0, format, what, why);
}

static int open_beside(const struct run_options *o, void **library, struct failure *f) {
    const char *path = args_text(o->args, "delegate_lib", NULL);
    if (!path) return fail(f, "usage", "compile", 0, "delegate %s needs delegate_lib=FILE", o->delegate);
    *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return *library ? 0 : refused(f, "%s: %s", o->delegate, dlerror());
}

/* A delegate whose three functions share the beginning of their names. */
static int find_family(const struct run_options *o, void *library, const char *name, struct tflite_delegate *to,
                       create_function *create, union delegate_options *options, struct failure *f) {
    char symbol[96];
    snprintf(symbol, sizeof symbol, "%sCreate", name);
    *(void **)create = dlsym(library, symbol);
    snprintf(symbol, sizeof symbol, "%sDelete", name);
    *(void **)&to->destroy = dlsym(library, symbol);
    snprintf(symbol, sizeof symbol, "%s%s", name, "OptionsDefault");
    void *defaults = dlsym(library, symbol);
    if (!defaults) { /* the GPU delegate's version stands behind the word */
        snprintf(symbol, sizeof symbol, "%.*sOptionsV2Default", (int)strlen(name) - 2, name);
        defaults = dlsym(library, symbol);
    }
    if (!*create || !to->destroy || !defaults)
        return refused(f, "%s: the library was built without %s", o->delegate, name);
    default_delegate_options(defaults, options);
    return 0;
}

static int make_xnnpack(const struct run_options *o, void *library, const char *version, bool fp16,
                        struct tflite_delegate *to, struct failure *f) {
    union delegate_options options;
    create_function create;
    const char *minor = strchr(version, '.');
    if (find_family(o, library, "TfLiteXNNPackDelegate", to, &create, &options, f) != 0) return -1;
    if (fp16 && (!minor || strtol(minor + 1, NULL, 10) < FP16_SINCE_MINOR))
        return refused(f, "%s: TFLite %s cannot force half precision (2.14 and later can)", o->delegate, version);
    options.num_threads = o->threads;
    if (fp16) options.words[0] |= (uint64_t)FORCE_FP16 << 32; /* the flags stand behind the number of threads */
    to->delegate = create(&options);
    return 0;
}

/* The permission to lose precision comes first; without it the delegate computes in single precision. */
static int make_gpu(const struct run_options *o, bool fp16, struct tflite_delegate *to, struct failure *f) {
    union delegate_options options;
    create_function create;
    void *library;
    if (open_beside(o, &library, f) != 0) return -1;
    if (find_family(o, library, "TfLiteGpuDelegateV2", to, &create, &options, f) != 0) return -1;
    options.num_threads = fp16;
    to->delegate = create(&options);
    return 0;
}

/* Where the phone has no NNAPI the delegate would take nothing and say nothing. */
static int make_nnapi(const struct run_options *o, void *library, struct tflite_delegate *to, struct failure *f) {
    union {
        union delegate_options all;
        struct {
            int32_t preference;
            const char *accelerator;
        } first;
    } options;
    create_function create;
    if (!dlopen("libneuralnetworks.so", RTLD_NOW | RTLD_LOCAL))
        return refused(f, "%s: this system has no NNAPI (%s)", o->delegate, dlerror());
    if (find_family(o, library, "TfLiteNnapiDelegate", to, &create, &options.all, f) != 0) return -1;
    options.first.accelerator = args_text(o->args, "accelerator", options.first.accelerator);
    to->delegate = create(&options);
    return 0;
}

static void report_error(const char *text) {
    if (write(2, text, strlen(text)) < 0 || write(2, "\n", 1) < 0) return;
}

/* The interface of TFLite's external delegates: options as two lists of words. */
static int make_external(const struct run_options *o, struct tflite_delegate *to, struct failure *f) {
    char *keys[MAX_OPTIONS], *values[MAX_OPTIONS];
    plugin_function create;
    const char *option;
    void *library;
    size_t n = 0;
    if (open_beside(o, &library, f) != 0) return -1;
    *(void **)&create = dlsym(library, "tflite_plugin_create_delegate");
    *(void **)&to->destroy = dlsym(library, "tflite_plugin_destroy_delegate");
    if (!create || !to->destroy)
        return refused(f, "%s: the library has no %s", o->delegate, "tflite_plugin_create_delegate");
    for (; n < MAX_OPTIONS && (option = args_nth(o->args, "delegate_option", (int)n)) != NULL; n++) {
        keys[n] = strdup(option);
        values[n] = keys[n] ? strchr(keys[n], ':') : NULL;
        if (!values[n]) return fail(f, "usage", "compile", 0, "delegate_option '%s' is not KEY:VALUE", option);
        *values[n]++ = 0;
    }
    to->delegate = create(keys, values, n, report_error);
    return 0;
}

int make_tflite_delegate(const struct run_options *o, void *library, const char *version, struct tflite_delegate *to,
                         struct failure *f) {
    const char *asked = o->delegate;
    bool fp16 = strstr(asked, "-fp16") != NULL;
    int result;
    if (strcmp(asked, "none") == 0) return 0;
    if (strncmp(asked, "xnnpack", 7) == 0)
        result = make_xnnpack(o, library, version, fp16, to, f);
    else if (strncmp(asked, "gpu", 3) == 0)
        result = make_gpu(o, fp16, to, f);
    else if (strcmp(asked, "nnapi") == 0)
        result = make_nnapi(o, library, to, f);
    else
        result = make_external(o, to, f);
    if (result != 0) return -1;
    return to->delegate ? 0 : refused(f, "%s: TFLite %s cannot make the delegate here", asked, version);
}
