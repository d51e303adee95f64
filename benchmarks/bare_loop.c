/* The least that can time a model on LiteRT: what devbench-runner is measured against.
 *
 *     bare_loop LIBRARY MODEL WARMUP RUNS      prints {"ns":[…],"vm_rss_bytes":N}
 *
 * One thread, XNNPACK, the same generated inputs as `inputs=random:0`, nothing else in the process. */
#include "inputs.h"
#include "litert_api.h"

#define X(result, name, arguments) static result(*name) arguments;
LITERT_FUNCTIONS(X)
#undef X
#define MUST(call) \
    if ((call) != LRT_OK) { \
        fprintf(stderr, "%s\n", #call); \
        return 1; \
    }

static long resident_kb(void) {
    char line[256];
    long kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %ld kB", &kb) == 1) break;
    return kb;
}

int main(int argc, char **argv) {
    lrt_environment environment;
    lrt_model model;
    lrt_signature signature;
    lrt_options options;
    lrt_opaque opaque;
    lrt_compiled compiled;
    lrt_buffer buffers[2][16];
    size_t n_inputs, n_outputs;
    struct lrt_integer_option quiet = {LRT_OPTION_MIN_LOG_SEVERITY, {LRT_ANY_INTEGER, LRT_LOG_WARNING}};
    if (argc != 5) return 2;
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) return 3;
#define X(result, name, arguments) \
    if (!(*(void **)&name = dlsym(library, #name))) return 4;
    LITERT_FUNCTIONS(X)
#undef X
    MUST(LiteRtCreateEnvironment(1, &quiet, &environment))
    MUST(LiteRtCreateModelFromFile(environment, argv[2], &model))
    MUST(LiteRtGetModelSignature(model, 0, &signature))
    MUST(LiteRtCreateOptions(&options))
    MUST(LiteRtSetOptionsHardwareAccelerators(options, LRT_ACCELERATOR_CPU))
    MUST(LiteRtCreateOpaqueOptions("xnnpack", strdup("kernel_mode = \"delegate\"\nnum_threads = 1\n"), free, &opaque))
    MUST(LiteRtAddOpaqueOptions(options, opaque))
    MUST(LiteRtCreateCompiledModel(environment, model, options, &compiled))
    MUST(LiteRtGetNumSignatureInputs(signature, &n_inputs))
    MUST(LiteRtGetNumSignatureOutputs(signature, &n_outputs))
    for (int output = 0; output < 2; output++) {
        for (size_t i = 0; i < (output ? n_outputs : n_inputs); i++) {
            lrt_tensor tensor;
            lrt_requirements needs;
            struct lrt_tensor_type type;
            size_t bytes;
            void *data;
            MUST((output ? LiteRtGetSignatureOutputTensorByIndex : LiteRtGetSignatureInputTensorByIndex)(signature, i, &tensor))
            MUST(LiteRtGetRankedTensorType(tensor, &type))
            MUST((output ? LiteRtGetCompiledModelOutputBufferRequirements
                         : LiteRtGetCompiledModelInputBufferRequirements)(compiled, 0, i, &needs))
            MUST(LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, needs, &buffers[output][i]))
            if (output) continue;
            MUST(LiteRtGetTensorBufferPackedSize(buffers[0][i], &bytes))
            MUST(LiteRtLockTensorBuffer(buffers[0][i], &data, LRT_LOCK_WRITE))
            fill_random(0, (int)i, "float32", data, bytes);
            MUST(LiteRtUnlockTensorBuffer(buffers[0][i]))
        }
    }
    int warmup = atoi(argv[3]), runs = atoi(argv[4]);
    int64_t *ns = malloc((size_t)runs * sizeof *ns);
    for (int i = -warmup; i < runs; i++) {
        int64_t start = now_ns();
        MUST(LiteRtRunCompiledModel(compiled, 0, n_inputs, buffers[0], n_outputs, buffers[1]))
        if (i >= 0) ns[i] = now_ns() - start;
    }
    printf("{\"vm_rss_bytes\":%ld,\"ns\":[", resident_kb() * 1024);
    for (int i = 0; i < runs; i++) printf("%s%lld", i ? "," : "", (long long)ns[i]);
    printf("]}\n");
    return 0;
}
