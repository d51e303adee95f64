/* `run`: one measurement of one model in one process. */
#ifndef DEVBENCH_RUN_H
#define DEVBENCH_RUN_H

#include "platform.h"

int command_run(int count, char **values);

#endif
