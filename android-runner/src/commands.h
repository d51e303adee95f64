/* The subcommands that are one file each. */
#ifndef DEVBENCH_COMMANDS_H
#define DEVBENCH_COMMANDS_H

#include "platform.h"

int command_info(int count, char **values);
int command_canary(int count, char **values);
int command_sample(int count, char **values);
int command_watchdog(int count, char **values);
int command_exec(int count, char **values);

#endif
