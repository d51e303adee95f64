/* Filling inputs and telling outputs. */
#ifndef DEVBENCH_TENSORS_H
#define DEVBENCH_TENSORS_H

#include "engine.h"

void line_tensors(const char *key, const struct tensor *tensors, int n);
/* Fills every input as `inputs` and `input` say. */
int fill_inputs(const struct engine *e, const struct model_io *io, const struct args *args, struct failure *f);
/* What `key=NAME=VALUE` says of this input, or NULL. */
const char *input_argument(const struct args *args, const char *key, const struct tensor *t, int index);
/* Refuses `key=NAME=VALUE` whose NAME is no input. */
int check_selectors(const char *key, const struct model_io *io, const struct args *args, struct failure *f);
/* A file of exactly the tensor's bytes. */
int read_exactly(const char *path, const struct tensor *t, char *to, struct failure *f);
/* Made unless it is there, or is NULL. */
int make_folder(const char *folder, struct failure *f);
int tell_output(const struct tensor *t, int index, const void *data, const char *folder, struct failure *f);
/* One `output` line each; the bytes go to `folder` unless that is NULL. */
int tell_outputs(const struct engine *e, const struct model_io *io, const char *folder, struct failure *f);

#endif
