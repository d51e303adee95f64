/* How many nodes a TFLite delegate really took: the C API does not tell, and older versions do not even log it. */
#ifndef DEVBENCH_DELEGATION_H
#define DEVBENCH_DELEGATION_H

#include "tflite_api.h"

struct delegation {
    int nodes, delegated_nodes, partitions; /* partitions: pieces, delegated or not */
};

/* Puts a step of our own behind the delegate's, in which the first graph of the model is counted. */
void watch_delegation(tfl_delegate *delegate);
/* NULL while the delegate has not been applied, or when it could not be watched. */
const struct delegation *seen_delegation(void);

#endif
