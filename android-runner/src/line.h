/* JSON lines: each is built in one static buffer and leaves in one write, so a crash never cuts a line in two
 * and nothing is allocated. */
#ifndef DEVBENCH_LINE_H
#define DEVBENCH_LINE_H

#include "platform.h"

/* What went wrong, as the `error` line tells it. `code` is the engine's or the kernel's own number. */
struct failure {
    const char *kind, *step;
    long code;
    char message[1024];
};

/* Fills `f` and returns -1, so that a function can `return fail(...)`. */
int fail(struct failure *f, const char *kind, const char *step, long code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

void lines_to(int fd);
int lines_fd(void);
/* Every further line goes to `also` too, without its end. */
void lines_also_to(void (*also)(const char *line, size_t n));
/* From here on the job's own process writes its `exit` line, because it has no supervisor. */
void lines_tell_exit(void);

void line_begin(const char *event);
void line_text(const char *key, const char *value_or_null);
void line_text_n(const char *key, const char *value, size_t length);
void line_number(const char *key, int64_t value);
void line_number_or_null(const char *key, int64_t value); /* negative: null */
void line_bool_or_null(const char *key, int value);       /* negative: null */
void line_raw(const char *format, ...) __attribute__((format(printf, 1, 2)));
void line_key(const char *key);                           /* comma and key; the value follows by line_raw */
void line_end(void);
/* A whole line that was made elsewhere. */
void line_ready(const char *line);
/* Ends the process, its last line being `exit` where that was asked for. */
void line_exit(int code) __attribute__((noreturn));

void line_failure(const struct failure *f);
void usage_error(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
