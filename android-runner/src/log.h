/* What the engine itself prints: its standard streams go to the `err` file, and what is new there becomes `log` lines. */
#ifndef DEVBENCH_LOG_H
#define DEVBENCH_LOG_H

#include "line.h"

/* Moves the lines to their own descriptor and the engine's stdout and stderr to `err_path` (NULL: stderr). */
void log_start(const char *err_path);
/* Prints what came since the last call, and lets it sharpen `f->kind` when `f` is not NULL. */
void log_drain(struct failure *f);

#endif
