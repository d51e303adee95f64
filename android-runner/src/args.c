#include "args.h"

#include "line.h"

static bool is_key(const char *argument, const char *key) {
    size_t n = strlen(key);
    return strncmp(argument, key, n) == 0 && argument[n] == '=';
}

struct args args_check(int count, char **values, const char *const *known) {
    struct args args = {count, values};
    for (int i = 0; i < count; i++) {
        const char *const *name = known;
        if (!strchr(values[i], '=')) usage_error("'%s' is not key=value", values[i]);
        while (*name && !is_key(values[i], **name == '*' ? *name + 1 : *name)) name++;
        if (!*name) usage_error("unknown key in '%s'", values[i]);
        if (**name != '*' && args_nth(&args, *name, 1)) usage_error("key '%s' is given twice", *name);
    }
    return args;
}

const char *args_nth(const struct args *args, const char *key, int n) {
    for (int i = 0; i < args->count; i++)
        if (is_key(args->values[i], key) && n-- == 0) return args->values[i] + strlen(key) + 1;
    return NULL;
}

int args_count(const struct args *args, const char *key) {
    int n = 0;
    while (args_nth(args, key, n)) n++;
    return n;
}

const char *args_text(const struct args *args, const char *key, const char *otherwise) {
    const char *value = args_nth(args, key, 0);
    return value ? value : otherwise;
}

const char *args_required(const struct args *args, const char *key) {
    const char *value = args_nth(args, key, 0);
    if (!value || !*value) usage_error("key '%s' is required", key);
    return value;
}

int64_t parse_integer(const char *text, const char *what, int64_t low, int64_t high) {
    int64_t value = 0;
    const char *c = text;
    if (!*c) usage_error("%s: '' is not a number", what);
    for (; *c; c++) {
        if (*c < '0' || *c > '9') usage_error("%s: '%s' is not a number", what, text);
        if (value > (INT64_MAX - (*c - '0')) / 10) usage_error("%s: %s is too large", what, text);
        value = value * 10 + (*c - '0');
    }
    if (value < low || value > high)
        usage_error("%s: %s is not between %lld and %lld", what, text, (long long)low, (long long)high);
    return value;
}

int64_t args_integer(const struct args *args, const char *key, int64_t otherwise, int64_t low, int64_t high) {
    const char *value = args_nth(args, key, 0);
    return value ? parse_integer(value, key, low, high) : otherwise;
}

double args_decimal(const struct args *args, const char *key, double otherwise) {
    const char *value = args_nth(args, key, 0);
    char *end;
    if (!value) return otherwise;
    double number = strtod(value, &end);
    if (!*value || *end || !(number >= 0.0 && number <= 1e9)) usage_error("%s: '%s' is not a number", key, value);
    return number;
}

bool args_flag(const struct args *args, const char *key) {
    return args_integer(args, key, 0, 0, 1) == 1;
}
