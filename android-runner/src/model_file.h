/* A look at the model file before the engine gets it: engines crash on files that are cut off, and cold pages would be
 * timed as part of the load. */
#ifndef DEVBENCH_MODEL_FILE_H
#define DEVBENCH_MODEL_FILE_H

#include "line.h"

/* Reads the whole file once and checks that it is what `format` says: "tflite", a flatbuffer whose weights are all inside
 * it, or "pb", a TensorFlow graph whose nodes are. */
int check_model(const char *path, const char *format, struct failure *f);
/* Operators of the first graph of the model that was checked; -1 when unknown. */
int model_nodes(void);

#endif
