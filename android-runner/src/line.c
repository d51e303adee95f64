#include "line.h"

static char buffer[64 * 1024];
static size_t used;
static bool overflowed;
static int out_fd = 1;
static bool tells_exit;
static void (*mirror)(const char *line, size_t n);

int fail(struct failure *f, const char *kind, const char *step, long code, const char *format, ...) {
    va_list args;
    f->kind = kind;
    f->step = step;
    f->code = code;
    va_start(args, format);
    vsnprintf(f->message, sizeof f->message, format, args);
    va_end(args);
    return -1;
}

void lines_to(int fd) { out_fd = fd; }
int lines_fd(void) { return out_fd; }
void lines_also_to(void (*also)(const char *line, size_t n)) { mirror = also; }
void lines_tell_exit(void) { tells_exit = true; }

static void put(const char *text, size_t n) {
    if (used + n + 2 > sizeof buffer) {
        overflowed = true;
        return;
    }
    memcpy(buffer + used, text, n);
    used += n;
}

void line_raw(const char *format, ...) {
    va_list args;
    size_t room = sizeof buffer - used;
    va_start(args, format);
    int n = vsnprintf(buffer + used, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n + 2 > room)
        overflowed = true;
    else
        used += (size_t)n;
}

/* Length of the well-formed UTF-8 sequence at `s`, or 0. */
static size_t utf8_length(const unsigned char *s, size_t left) {
    size_t n = s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : 0;
    if (s[0] >= 0xf5 || n == 0 || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0;
    if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) return 0;
    return n;
}

static void put_json(const char *text, size_t length) {
    const unsigned char *s = (const unsigned char *)text;
    put("\"", 1);
    for (size_t i = 0; i < length; i++) {
        if (s[i] == '"' || s[i] == '\\') {
            char escaped[2] = {'\\', (char)s[i]};
            put(escaped, 2);
        } else if (s[i] < 32 || s[i] == 127) {
            line_raw("\\u%04x", s[i]);
        } else if (s[i] < 127) {
            put((const char *)s + i, 1);
        } else {
            size_t n = utf8_length(s + i, length - i);
            if (n == 0) {
                put("\\ufffd", 6);
            } else {
                put((const char *)s + i, n);
                i += n - 1;
            }
        }
    }
    put("\"", 1);
}

void line_begin(const char *event) {
    used = 0;
    overflowed = false;
    put("{\"event\":", 9);
    put_json(event, strlen(event));
}

void line_key(const char *key) {
    put(",", 1);
    put_json(key, strlen(key));
    put(":", 1);
}

void line_text_n(const char *key, const char *value, size_t length) {
    line_key(key);
    put_json(value, length);
}

void line_text(const char *key, const char *value_or_null) {
    if (value_or_null) {
        line_text_n(key, value_or_null, strlen(value_or_null));
    } else {
        line_key(key);
        put("null", 4);
    }
}

void line_number(const char *key, int64_t value) {
    line_key(key);
    line_raw("%lld", (long long)value);
}

void line_number_or_null(const char *key, int64_t value) {
    if (value < 0)
        line_text(key, NULL);
    else
        line_number(key, value);
}

void line_bool_or_null(const char *key, int value) {
    line_key(key);
    line_raw("%s", value < 0 ? "null" : value ? "true" : "false");
}

static int write_all(const char *data, size_t n) {
    while (n > 0) {
        ssize_t done = write(out_fd, data, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -1;
        data += done;
        n -= (size_t)done;
    }
    return 0;
}

/* The file of lines cannot grow any more. Its last lines are given up, so that it still ends by saying why. */
static void give_up_writing(off_t size, int error) {
    static const char reserve[] = "{\"event\":\"error\",\"kind\":\"disk-full\",\"step\":\"output\",\"message\":"
                                  "\"the last lines were dropped: the output could not be written\",\"code\":";
    char tail[sizeof reserve + 64];
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    int n = snprintf(tail, sizeof tail, "%s%d}\n", reserve, error);
    for (off_t keep = size; full && keep >= 0; keep -= 4096) {
        char block[4096];
        off_t from = keep > 4096 ? keep - 4096 : 0;
        ssize_t got = pread(out_fd, block, (size_t)(keep - from), from);
        while (got > 0 && block[got - 1] != '\n') got--;
        if (got == 0 && from > 0) continue; /* inside a long line: look further back */
        if (got < 0 || ftruncate(out_fd, from + got) != 0) break;
        if (lseek(out_fd, 0, SEEK_END) >= 0 && write_all(tail, (size_t)n) == 0) break;
        if (keep == 0) break;
    }
    n = snprintf(tail, sizeof tail, "devbench-runner: output: %s\n", strerror(error));
    if (out_fd != 2 && write(2, tail, (size_t)n) < 0) error = 0;
    _exit(EXIT_FAILED);
}

void line_end(void) {
    if (overflowed) {
        used = 0;
        overflowed = false;
        line_raw("{\"event\":\"error\",\"kind\":\"engine\",\"step\":\"output\",\"message\":"
                 "\"a line of more than 64 KiB was asked for\",\"code\":null}\n");
        write_all(buffer, used);
        _exit(EXIT_FAILED);
    }
    put("}\n", 2);
    if (mirror) mirror(buffer, used - 1);
    off_t size = lseek(out_fd, 0, SEEK_END);
    if (write_all(buffer, used) != 0) give_up_writing(size, errno);
}

void line_ready(const char *line) {
    used = 0;
    put(line, strlen(line) - 1); /* line_end closes the object again */
    line_end();
}

void line_exit(int code) {
    if (tells_exit) {
        line_begin("exit");
        line_number("code", code);
        line_text("signal", NULL);
        line_end();
    }
    _exit(code);
}

void line_failure(const struct failure *f) {
    line_begin("error");
    line_text("kind", f->kind);
    line_text("step", f->step);
    line_text("message", f->message);
    if (f->code)
        line_number("code", f->code);
    else
        line_text("code", NULL);
    line_end();
}

void usage_error(const char *format, ...) {
    struct failure f = {.kind = "usage", .step = "arguments"};
    va_list args;
    va_start(args, format);
    vsnprintf(f.message, sizeof f.message, format, args);
    va_end(args);
    line_failure(&f);
    line_exit(EXIT_USAGE);
}
