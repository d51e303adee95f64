/* key=value arguments, strict: what is unknown, given twice or no number ends the program with exit code 64. */
#ifndef DEVBENCH_ARGS_H
#define DEVBENCH_ARGS_H

#include "platform.h"

struct args {
    int count;
    char **values; /* each "key=value" */
};

/* Checks every argument against `known` (NULL-terminated); a name that starts with '*' may repeat. */
struct args args_check(int count, char **values, const char *const *known);
const char *args_text(const struct args *args, const char *key, const char *otherwise);
const char *args_required(const struct args *args, const char *key);
int64_t args_integer(const struct args *args, const char *key, int64_t otherwise, int64_t low, int64_t high);
double args_decimal(const struct args *args, const char *key, double otherwise);
bool args_flag(const struct args *args, const char *key);
/* The n-th value of a key that may repeat, or NULL. */
const char *args_nth(const struct args *args, const char *key, int n);
/* How often it is given. */
int args_count(const struct args *args, const char *key);
int64_t parse_integer(const char *text, const char *what, int64_t low, int64_t high);

#endif
