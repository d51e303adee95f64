/* The part of TensorFlow Lite's C API that the runner uses, declared by hand. It is stable from 2.4 on; what came later
 * may be missing. */
#ifndef DEVBENCH_TFLITE_API_H
#define DEVBENCH_TFLITE_API_H

#include "platform.h"

typedef struct tfl_model tfl_model;
typedef struct tfl_options tfl_options;
typedef struct tfl_interpreter tfl_interpreter;
typedef struct tfl_tensor tfl_tensor;
typedef struct tfl_delegate tfl_delegate;
typedef struct tfl_context tfl_context;
typedef struct tfl_node tfl_node;

/* The beginnings of the structures that a delegate works on; they have been the same in all these versions. */
struct tfl_delegate {
    void *data;
    int (*prepare)(tfl_context *, tfl_delegate *);
};

struct tfl_int_array {
    int size, values[];
};

struct tfl_registration {
    void *init, *free, *prepare, *invoke, *profiling_string;
    int32_t builtin_code;
};

struct tfl_context {
    size_t n_tensors;
    int (*get_execution_plan)(tfl_context *, struct tfl_int_array **);
    void *tensors, *impl, *resize_tensor, *report_error, *add_tensors;
    int (*get_node)(tfl_context *, int, tfl_node **, struct tfl_registration **);
    int (*replace_nodes)(tfl_context *, struct tfl_registration, const struct tfl_int_array *, tfl_delegate *);
};

enum { TFL_BUILTIN_DELEGATE = 51 };

/* Its functions are called by the interpreter while it runs; the names are those of the events' directions. */
struct tfl_profiler {
    void *data;
    void (*event)(struct tfl_profiler *, const char *name, uint64_t status);
    void (*op_event)(struct tfl_profiler *, const char *name, int64_t op, int64_t graph, uint64_t status);
    void (*settings)(struct tfl_profiler *, const char *name, const void *settings);
    uint32_t (*begin_op)(struct tfl_profiler *, const char *name, int64_t op, int64_t graph);
    void (*end_op)(struct tfl_profiler *, uint32_t handle);
    void (*timed_op)(struct tfl_profiler *, const char *name, uint64_t us, int64_t op, int64_t graph);
};

/* X(result, name, arguments) */
#define TFLITE_FUNCTIONS(X) \
    X(const char *, TfLiteVersion, (void)) \
    X(tfl_model *, TfLiteModelCreateFromFile, (const char *)) \
    X(void, TfLiteModelDelete, (tfl_model *)) \
    X(tfl_options *, TfLiteInterpreterOptionsCreate, (void)) \
    X(void, TfLiteInterpreterOptionsDelete, (tfl_options *)) \
    X(void, TfLiteInterpreterOptionsSetNumThreads, (tfl_options *, int32_t)) \
    X(void, TfLiteInterpreterOptionsSetErrorReporter, (tfl_options *, void (*)(void *, const char *, va_list), void *)) \
    X(void, TfLiteInterpreterOptionsAddDelegate, (tfl_options *, tfl_delegate *)) \
    X(tfl_interpreter *, TfLiteInterpreterCreate, (const tfl_model *, const tfl_options *)) \
    X(void, TfLiteInterpreterDelete, (tfl_interpreter *)) \
    X(int, TfLiteInterpreterAllocateTensors, (tfl_interpreter *)) \
    X(int, TfLiteInterpreterResizeInputTensor, (tfl_interpreter *, int32_t, const int *, int32_t)) \
    X(int, TfLiteInterpreterInvoke, (tfl_interpreter *)) \
    X(int32_t, TfLiteInterpreterGetInputTensorCount, (const tfl_interpreter *)) \
    X(tfl_tensor *, TfLiteInterpreterGetInputTensor, (const tfl_interpreter *, int32_t)) \
    X(int32_t, TfLiteInterpreterGetOutputTensorCount, (const tfl_interpreter *)) \
    X(const tfl_tensor *, TfLiteInterpreterGetOutputTensor, (const tfl_interpreter *, int32_t)) \
    X(int, TfLiteTensorType, (const tfl_tensor *)) \
    X(int32_t, TfLiteTensorNumDims, (const tfl_tensor *)) \
    X(int32_t, TfLiteTensorDim, (const tfl_tensor *, int32_t)) \
    X(size_t, TfLiteTensorByteSize, (const tfl_tensor *)) \
    X(void *, TfLiteTensorData, (const tfl_tensor *)) \
    X(const char *, TfLiteTensorName, (const tfl_tensor *))

/* May be missing from older versions. */
#define TFLITE_LATER_FUNCTIONS(X) \
    X(tfl_model *, TfLiteModelCreate, (const void *, size_t)) \
    X(int, TfLiteInterpreterModifyGraphWithDelegate, (const tfl_interpreter *, tfl_delegate *)) \
    X(void, TfLiteInterpreterOptionsSetTelemetryProfiler, (tfl_options *, struct tfl_profiler *))

#endif
