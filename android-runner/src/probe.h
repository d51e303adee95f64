/* A second process that counts delegated nodes, for engines whose library does not tell.
 *
 * It is forked before the engine is opened, so that it is clean and costs the measuring process nothing; it loads the
 * model only when asked, with the profiler on, and runs it once. */
#ifndef DEVBENCH_PROBE_H
#define DEVBENCH_PROBE_H

#include "engine.h"

/* Waits aside; does nothing for engines that cannot count. */
void probe_start(const struct engine *e, const struct run_options *o);
/* Completes `applied` with what the second process counts; leaves it as it is when that fails. Ends the process. */
void probe_ask(struct applied *applied);
void probe_dismiss(void);

#endif
