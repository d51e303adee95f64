/* The part of LiteRT's C API that the runner uses, declared by hand: opaque handles, plain numbers and the four
 * structures that cross the border. Checked against release 2.x of the library (engine_litert.c says which calls). */
#ifndef DEVBENCH_LITERT_API_H
#define DEVBENCH_LITERT_API_H

#include "platform.h"

typedef struct lrt_environment *lrt_environment;
typedef struct lrt_model *lrt_model;
typedef struct lrt_signature *lrt_signature;
typedef struct lrt_subgraph *lrt_subgraph;
typedef struct lrt_tensor *lrt_tensor;
typedef struct lrt_op *lrt_op;
typedef struct lrt_options *lrt_options;
typedef struct lrt_opaque *lrt_opaque;
typedef struct lrt_compiled *lrt_compiled;
typedef struct lrt_requirements *lrt_requirements;
typedef struct lrt_buffer *lrt_buffer;
typedef struct lrt_profiler *lrt_profiler;

struct lrt_layout {
    unsigned int rank : 7, has_strides : 1;
    int32_t dims[8]; /* negative: open */
    uint32_t strides[8];
};

struct lrt_tensor_type {
    int32_t element; /* numbered as TfLiteType */
    struct lrt_layout layout;
};

struct lrt_profile_event {
    const char *tag;
    int32_t kind;
    uint64_t start_us, elapsed_us;
    size_t memory_before[3], memory_after[3];
    uint64_t node, subgraph;
    int32_t source;
};

/* An option of the environment whose value is an integer (a tagged union in the library). */
struct lrt_integer_option {
    int32_t tag;
    struct {
        int32_t type;
        int64_t value;
    } any;
};

enum { LRT_OPTION_MIN_LOG_SEVERITY = 25, LRT_ANY_INTEGER = 2, LRT_LOG_WARNING = 2 };
enum { LRT_OK = 0, LRT_ACCELERATOR_CPU = 1, LRT_LOCK_READ = 0, LRT_LOCK_WRITE = 1, LRT_RANKED = 0 };
enum { LRT_EVENT_OPERATOR = 2, LRT_EVENT_DELEGATE_OPERATOR = 4, LRT_EVENT_DELEGATE_PROFILED_OPERATOR = 8 };

/* X(result, name, arguments); the second list may be missing from a library. */
#define LITERT_FUNCTIONS(X) \
    X(int, LiteRtCreateEnvironment, (int, const void *, lrt_environment *)) \
    X(int, LiteRtCreateModelFromFile, (lrt_environment, const char *, lrt_model *)) \
    X(int, LiteRtCreateModelFromBuffer, (lrt_environment, const void *, size_t, lrt_model *)) \
    X(int, LiteRtGetNumModelSignatures, (lrt_model, size_t *)) \
    X(int, LiteRtGetModelSignature, (lrt_model, size_t, lrt_signature *)) \
    X(int, LiteRtGetSignatureKey, (lrt_signature, const char **)) \
    X(int, LiteRtGetSignatureSubgraph, (lrt_signature, lrt_subgraph *)) \
    X(int, LiteRtGetNumSignatureInputs, (lrt_signature, size_t *)) \
    X(int, LiteRtGetSignatureInputName, (lrt_signature, size_t, const char **)) \
    X(int, LiteRtGetSignatureInputTensorByIndex, (lrt_signature, size_t, lrt_tensor *)) \
    X(int, LiteRtGetNumSignatureOutputs, (lrt_signature, size_t *)) \
    X(int, LiteRtGetSignatureOutputName, (lrt_signature, size_t, const char **)) \
    X(int, LiteRtGetSignatureOutputTensorByIndex, (lrt_signature, size_t, lrt_tensor *)) \
    X(int, LiteRtGetNumSubgraphOps, (lrt_subgraph, size_t *)) \
    X(int, LiteRtGetSubgraphOp, (lrt_subgraph, size_t, lrt_op *)) \
    X(int, LiteRtGetOpOutput, (lrt_op, size_t, lrt_tensor *)) \
    X(int, LiteRtGetTensorName, (lrt_tensor, const char **)) \
    X(int, LiteRtGetTensorTypeId, (lrt_tensor, int *)) \
    X(int, LiteRtGetRankedTensorType, (lrt_tensor, struct lrt_tensor_type *)) \
    X(int, LiteRtCreateOptions, (lrt_options *)) \
    X(int, LiteRtSetOptionsHardwareAccelerators, (lrt_options, int)) \
    X(int, LiteRtCreateOpaqueOptions, (const char *, void *, void (*)(void *), lrt_opaque *)) \
    X(int, LiteRtAddOpaqueOptions, (lrt_options, lrt_opaque)) \
    X(int, LiteRtCreateCompiledModel, (lrt_environment, lrt_model, lrt_options, lrt_compiled *)) \
    X(int, LiteRtGetCompiledModelInputBufferRequirements, (lrt_compiled, size_t, size_t, lrt_requirements *)) \
    X(int, LiteRtGetCompiledModelOutputBufferRequirements, (lrt_compiled, size_t, size_t, lrt_requirements *)) \
    X(int, LiteRtGetCompiledModelInputTensorLayout, (lrt_compiled, size_t, size_t, struct lrt_layout *)) \
    X(int, LiteRtGetCompiledModelOutputTensorLayouts, (lrt_compiled, size_t, size_t, struct lrt_layout *, bool)) \
    X(int, LiteRtCompiledModelResizeInputTensorNonStrict, (lrt_compiled, size_t, size_t, const int *, size_t)) \
    X(int, LiteRtCompiledModelIsFullyAccelerated, (lrt_compiled, bool *)) \
    X(int, LiteRtRunCompiledModel, (lrt_compiled, size_t, size_t, lrt_buffer *, size_t, lrt_buffer *)) \
    X(int, LiteRtCreateManagedTensorBufferFromRequirements, \
      (lrt_environment, const struct lrt_tensor_type *, lrt_requirements, lrt_buffer *)) \
    X(int, LiteRtGetTensorBufferPackedSize, (lrt_buffer, size_t *)) \
    X(int, LiteRtLockTensorBuffer, (lrt_buffer, void **, int)) \
    X(int, LiteRtUnlockTensorBuffer, (lrt_buffer)) \
    X(void, LiteRtDestroyTensorBuffer, (lrt_buffer)) \
    X(void, LiteRtDestroyCompiledModel, (lrt_compiled)) \
    X(void, LiteRtDestroyModel, (lrt_model)) \
    X(void, LiteRtDestroyEnvironment, (lrt_environment)) \
    X(int, LiteRtCompiledModelGetProfiler, (lrt_compiled, lrt_profiler *)) \
    X(int, LiteRtStartProfiler, (lrt_profiler)) \
    X(int, LiteRtStopProfiler, (lrt_profiler)) \
    X(int, LiteRtGetNumProfilerEvents, (lrt_profiler, int *)) \
    X(int, LiteRtGetProfilerEvents, (lrt_profiler, int, struct lrt_profile_event *))

#endif
