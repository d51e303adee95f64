/* bare_loop.c for TensorFlow Lite's C API, on Android's C library: what devbench-runner is measured against there.
 *
 *     bare_loop_tflite LIBRARY MODEL WARMUP RUNS      prints {"ns":[…]} */
#include "delegate_options.h"
#include "inputs.h"
#include "tflite_api.h"

#define X(result, name, arguments) static result(*name) arguments;
TFLITE_FUNCTIONS(X)
TFLITE_LATER_FUNCTIONS(X)
#undef X

static int measure(void *options_default, const char *model, int warmup, int runs) {
    static int64_t ns[100000];
    union delegate_options xnnpack;
    tfl_options *options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsSetNumThreads(options, 1);
    default_delegate_options(options_default, &xnnpack);
    xnnpack.num_threads = 1;
    TfLiteInterpreterOptionsAddDelegate(options, TfLiteXNNPackDelegateCreate(&xnnpack));
    tfl_interpreter *interpreter = TfLiteInterpreterCreate(TfLiteModelCreateFromFile(model), options);
    if (!interpreter || TfLiteInterpreterAllocateTensors(interpreter) != 0) return 1;
    for (int i = 0; i < TfLiteInterpreterGetInputTensorCount(interpreter); i++) {
        tfl_tensor *input = TfLiteInterpreterGetInputTensor(interpreter, i);
        fill_random(0, i, "float32", TfLiteTensorData(input), TfLiteTensorByteSize(input));
    }
    for (int i = -warmup; i < runs; i++) {
        int64_t start = now_ns();
        if (TfLiteInterpreterInvoke(interpreter) != 0) return 1;
        if (i >= 0) ns[i] = now_ns() - start;
    }
    for (int i = 0; i < runs; i++) {
        char number[32];
        int n = snprintf(number, sizeof number, "%s%lld", i ? "," : "{\"ns\":[", (long long)ns[i]);
        if (write(1, number, (size_t)n) != n) return 1;
    }
    return write(1, "]}\n", 3) == 3 ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) return 3;
#define X(result, name, arguments) \
    if (!(*(void **)&name = dlsym(library, #name))) return 4;
    TFLITE_FUNCTIONS(X)
#undef X
#define X(result, name, arguments) *(void **)&name = dlsym(library, #name);
    TFLITE_LATER_FUNCTIONS(X)
#undef X
    void *options_default = dlsym(library, "TfLiteXNNPackDelegateOptionsDefault");
    _exit(measure(options_default, argv[2], (int)strtol(argv[3], NULL, 10), (int)strtol(argv[4], NULL, 10)));
}
