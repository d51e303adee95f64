/* What the kernel says about a process and the CPUs: everything `run` reports is read back from here. */
#ifndef DEVBENCH_PROC_H
#define DEVBENCH_PROC_H

#include "platform.h"

#define MAX_CPUS 64

/* Reads a small file; its length, or -1 with errno. Always terminated. */
ssize_t read_text(const char *path, char *to, size_t room);
/* The first number in a file, or -1. */
int64_t read_number(const char *path);
/* Start of the value of "Key:" in the text of a status file, or NULL. */
const char *status_value(const char *text, const char *key);
/* kB value of a status file in bytes, or -1. */
int64_t status_bytes(const char *text, const char *key);
/* Copies a value up to the end of its line. */
void copy_line(const char *from, char *to, size_t room);

struct cpu_usage {
    int64_t wall_ns, utime_ns, stime_ns, minor_faults, major_faults, voluntary_switches, involuntary_switches;
};
void cpu_usage_now(struct cpu_usage *usage);
void line_usage(const char *phase, const struct cpu_usage *from, const struct cpu_usage *to, int hwm_reset);

/* True if VmHWM now starts afresh. */
bool reset_peak_memory(void);
/* What lives now beside the calling task is not ours: a virtual machine's threads are never counted. */
void other_tasks_begin(void);
/* Live tasks of this process, or -1; adds the CPU each last ran on to `cpus`. */
int read_tasks(uint64_t *cpus);
/* "Cpus_allowed_list" of the calling task; empty when unknown. */
void read_cpus_allowed(char *to, size_t room);
/* ,"cpu_khz":{"0":…} of the CPUs in `cpus` whose clock may be read. */
void line_cpu_khz(uint64_t cpus);
/* ,"thermal":{"0":34000}: milli-degrees of the thermal zones that may be read. */
void line_thermal(void);
/* ,"cpuset":…,"oom_score_adj":… : how Android ranks this process. */
void line_place(void);
/* Pins the calling task, and what it starts from now on, to the CPUs of a hex mask; usage error when the kernel says no
 * or pins otherwise. */
void pin_to(const char *hex_mask);
/* Process id of the n-th directory with a number as its name below `path`. */
int each_number(const char *path, void (*visit)(int number, void *context), void *context);

#endif
