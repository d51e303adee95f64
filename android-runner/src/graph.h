/* What the two engines for TensorFlow graphs (.pb) have in common: names, shapes, protocol buffers, messages. */
#ifndef DEVBENCH_GRAPH_H
#define DEVBENCH_GRAPH_H

#include "bytes.h"
#include "engine.h"

/* NumPy's name of an element type as TensorFlow numbers them. */
const char *graph_type_name(int number);
/* Bytes of one element; 0 for types that have no plain bytes. */
size_t graph_type_bytes(int number);

/* "name:1" → 1, and `node` gets "name"; a name without a number means output 0. `bad-model` if it does not fit. */
int graph_reference(const char *text, char *node, size_t size, int *port, struct failure *f);

/* Gives an input its final dims: what `shape=` says, which must agree with what the graph says (an input of a wrong size
 * may run and give numbers), else the graph's own with 1 for each open one. */
int graph_input_shape(const struct run_options *o, struct tensor *t, int index, size_t element, struct failure *f);

#define GRAPH_CONFIG_BYTES 8
/* ConfigProto for `threads` in each of a session's own two pools; its length. */
size_t graph_config(int threads, uint8_t to[GRAPH_CONFIG_BYTES]);
#define GRAPH_FULL_TRACE "\x08\x03" /* RunOptions that ask for a RunMetadata with the times of all nodes */
#define GRAPH_FULL_TRACE_BYTES 2

/* Each node that a RunMetadata tells, as TensorFlow's own summary counts them: the whole time from start to end. */
void graph_trace(const uint8_t *metadata, size_t bytes, op_sink sink);

/* What a message of TensorFlow means, where it says more than that something failed. */
const char *graph_failure_kind(const char *message, const char *otherwise);

#endif
