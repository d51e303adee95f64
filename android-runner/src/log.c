#include "log.h"

static int reader = -1;
static char text[16 * 1024];
static size_t kept;

/* Words of engines that say more than their status number. */
static const struct {
    const char *words, *kind;
} MEANINGS[] = {
    {"Didn't find op for builtin opcode", "unsupported-op"},
    {"unresolved custom op", "unsupported-op"},
    {"Unresolved custom op", "unsupported-op"},
    {"is not supported by the", "unsupported-op"},
    {"failed to create XNNPACK", "delegate-refused"},
    {"failed to delegate", "delegate-refused"},
    {"Failed to modify graph with delegate", "delegate-refused"},
    {"Restored original execution plan after delegate", "delegate-refused"},
    {"bad_alloc", "out-of-memory"},
};

void log_start(const char *err_path) {
    int lines = lines_fd();
    if (lines == 1) {
        lines = fcntl(1, F_DUPFD_CLOEXEC, 10);
        if (lines < 0) usage_error("stdout: %s", strerror(errno));
        lines_to(lines);
    }
    if (err_path) {
        int fd = open(err_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        reader = open(err_path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || reader < 0) usage_error("err: %s: %s", err_path, strerror(errno));
        lseek(reader, 0, SEEK_END);
        dup2(fd, 2);
        close(fd);
    }
    dup2(2, 1);
}

/* Engines like to say the same again and again: a line that repeats the one before is told once. */
static bool repeats(const char *line, size_t n) {
    static char last[256];
    static size_t last_n;
    size_t compared = n < sizeof last ? n : sizeof last;
    bool same = n == last_n && memcmp(line, last, compared) == 0;
    memcpy(last, line, compared);
    last_n = n;
    return same;
}

static void emit(const char *line, size_t n, struct failure *f) {
    if (n == 0 || repeats(line, n)) return;
    line_begin("log");
    line_text_n("text", line, n > 2048 ? 2048 : n);
    line_end();
    for (int i = 0; f && i < COUNT_OF(MEANINGS); i++) {
        const char *found = strstr(line, MEANINGS[i].words);
        if (found && found < line + n) {
            f->kind = MEANINGS[i].kind;
            if (n + 2 + strlen(f->message) < sizeof f->message)
                snprintf(f->message + strlen(f->message), sizeof f->message - strlen(f->message), ": %.*s", (int)n, line);
            return;
        }
    }
}

void log_drain(struct failure *f) {
    ssize_t got;
    if (reader < 0) return;
    while ((got = read(reader, text + kept, sizeof text - 1 - kept)) > 0) {
        char *line = text, *end;
        kept += (size_t)got;
        text[kept] = 0;
        while ((end = memchr(line, '\n', kept - (size_t)(line - text))) != NULL) {
            emit(line, (size_t)(end - line), f);
            line = end + 1;
        }
        kept -= (size_t)(line - text);
        memmove(text, line, kept);
        if (kept == sizeof text - 1) kept = 0; /* a line without end: dropped, the file has it */
    }
}
