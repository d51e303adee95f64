/* Jobs that outlive their caller: a file of lines, a lock on it that lives as long as the job, and a supervisor that
 * writes how the job ended. */
#ifndef DEVBENCH_JOB_H
#define DEVBENCH_JOB_H

#include "line.h"

/* Creates `path` and locks it; the lines go there. Ends the program when the file exists or the disk is full. */
void job_create(const char *path);
/* Leaves the caller behind: returns in the measuring process only. */
void job_detach(const char *path);
/* Becomes a background session of its own; prints `started` for the caller, which ends. */
void go_to_background(const char *out);
/* True when some process holds the lock of the file at `path` (of any file in it, for a folder). */
bool job_is_alive(const char *path);

int command_follow(int count, char **values);
int command_stop(int count, char **values);

#endif
