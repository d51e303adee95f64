/* A held-out set of inputs (pass accuracy): raw samples are made ready one after the other, and all outputs kept. */
#ifndef DEVBENCH_BATCH_H
#define DEVBENCH_BATCH_H

#include "engine.h"

/* Keys of `run` that describe the set. */
extern const char *const BATCH_KEYS[];

/* Reads the files of `batch` and checks that its samples fit the inputs. */
int batch_open(const struct engine *e, struct model_io *io, const struct args *args, struct failure *f);
int64_t batch_count(void);
/* Makes sample `n` ready in the engine's own inputs. */
int batch_prepare(int64_t n, struct failure *f);
/* Keeps the outputs of sample `n`. */
int batch_keep(int64_t n, struct failure *f);
/* One `output` line for each output, with all samples one after the other. */
int batch_tell(const char *folder, struct failure *f);

#endif
