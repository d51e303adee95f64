/* Filling inputs and telling outputs. */
#ifndef DEVBENCH_TENSORS_H
#define DEVBENCH_TENSORS_H

#include "engine.h"

void line_tensors(const char *key, const struct tensor *tensors, int n);
/* Fills every input as `inputs` and `input` say. */
int fill_inputs(const struct engine *e, const struct model_io *io, const struct args *args, struct failure *f);
/* One `output` line each; the bytes go to `folder` unless that is NULL. */
int tell_outputs(const struct engine *e, const struct model_io *io, const char *folder, struct failure *f);

#endif
