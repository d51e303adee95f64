/* `follow` and `stop`: how a host that may come and go watches a job and ends it. */
#include "args.h"
#include "job.h"
#include "proc.h"

#define LAST_WORDS_NS 2000000000LL
static const char EXIT_LINE[] = "{\"event\":\"exit\"";

/* How far the line that is being printed agrees with EXIT_LINE; -1 once it does not. */
static int agreed;

/* Takes one byte of the file; true when it ends the exit line. */
static bool ends_exit_line(char c) {
    bool complete = agreed == (int)sizeof EXIT_LINE - 1;
    if (c == '\n') {
        agreed = 0;
        return complete;
    }
    if (agreed >= 0 && !complete) agreed = c == EXIT_LINE[agreed] ? agreed + 1 : -1;
    return false;
}

/* An offset inside the exit line must not hide it: looks at what stands before. */
static void look_back(int fd, int64_t offset) {
    char before[256];
    int64_t n = offset < (int64_t)sizeof before ? offset : (int64_t)sizeof before;
    if (pread(fd, before, (size_t)n, (off_t)(offset - n)) != n) return;
    agreed = n == offset ? 0 : -1;
    for (int64_t i = 0; i < n; i++) ends_exit_line(before[i]);
}

/* Prints up to and including the exit line; true when that was printed. */
static bool print_until_exit(const char *data, size_t n) {
    size_t end = 0;
    bool done = false;
    while (end < n && !done) done = ends_exit_line(data[end++]);
    for (size_t at = 0; at < end;) {
        ssize_t written = write(1, data + at, end - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) _exit(EXIT_FAILED); /* nobody listens any more */
        at += (size_t)written;
    }
    return done;
}

static bool print_rest(int fd) {
    static char chunk[32 * 1024];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        if (print_until_exit(chunk, (size_t)n)) return true;
    return false;
}

/* Sleeps until the file changes, the reader of our output goes away (then the program ends), or half a second. */
static void wait_for_change(int watch) {
    char events[1024];
    struct pollfd fds[2] = {{.fd = watch, .events = POLLIN}, {.fd = 1, .events = 0}};
    if (watch < 0) fds[0].fd = -1; /* no inotify on this phone: look more often */
    int ready = poll(fds, 2, watch < 0 ? 20 : 500);
    if (ready > 0 && fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) _exit(EXIT_FAILED);
    if (ready > 0 && fds[0].revents && read(watch, events, sizeof events) < 0) sleep_ms(20);
}

/* Whether the process that the first lines of the file name lives; before they name one, whether there is time left. */
static bool writer_lives(const char *path, int64_t until_ns) {
    char text[2048];
    read_text(path, text, sizeof text);
    const char *named = strstr(text, "\"pid\":");
    if (!named) return now_ns() < until_ns;
    return kill((pid_t)strtol(named + 6, NULL, 10), 0) == 0 || errno != ESRCH;
}

/* The storage of apps is seen through another file system than the one they write to: neither their lock nor their
 * writing can be noticed, and what was read once may be kept. So the file is opened anew at each look, and the last
 * words of a process that is gone have some time to come through. */
static int follow_app(const char *path, int64_t offset, int64_t wait_ms) {
    int64_t until_ns = now_ns() + wait_ms * 1000000, gone_ns = 0;
    for (;;) {
        bool alive = writer_lives(path, until_ns);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == EACCES) usage_error("%s: %s", path, strerror(errno)); /* waiting does not change that */
        if (fd >= 0) {
            lseek(fd, (off_t)offset, SEEK_SET);
            bool done = print_rest(fd);
            offset = lseek(fd, 0, SEEK_CUR);
            close(fd);
            if (done) return EXIT_OK;
        }
        if (!alive && fd < 0) usage_error("%s: not there after %lld ms", path, (long long)wait_ms);
        if (!alive && gone_ns == 0) gone_ns = now_ns();
        if (!alive && now_ns() - gone_ns > LAST_WORDS_NS) break;
        wait_for_change(-1);
        sleep_ms(80);
    }
    line_begin("gone");
    line_end();
    return EXIT_GONE;
}

int command_follow(int count, char **values) {
    static const char *const known[] = {"offset", "app_wait_ms", NULL};
    if (count < 1) usage_error("follow needs a file");
    struct args args = args_check(count - 1, values + 1, known);
    int64_t offset = args_integer(&args, "offset", 0, 0, INT64_MAX);
    int64_t app_wait_ms = args_integer(&args, "app_wait_ms", -1, 0, 3600000);
    if (app_wait_ms >= 0) return follow_app(values[0], offset, app_wait_ms);
    int fd = open(values[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0) usage_error("%s: %s", values[0], strerror(errno));
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0) usage_error("offset: %s", strerror(errno));
    int watch = inotify_init1(IN_CLOEXEC);
    if (watch >= 0 && inotify_add_watch(watch, values[0], IN_MODIFY | IN_CLOSE_WRITE) < 0) watch = -1;
    look_back(fd, offset);
    for (;;) {
        bool alive = job_is_alive(values[0]); /* asked before reading: what a dead job wrote is then all there */
        if (print_rest(fd)) return EXIT_OK;
        if (!alive) break;
        wait_for_change(watch);
    }
    line_begin("gone");
    line_end();
    return EXIT_GONE;
}

struct search {
    const char *path;
    pid_t supervisor, measuring;
};

static bool names_file(const char *argument, const char *path) {
    struct stat a, b;
    if (strncmp(argument, "out=", 4) != 0) return false;
    if (strcmp(argument + 4, path) == 0) return true;
    return stat(argument + 4, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Whether one of the arguments of process `pid` is out=<the file at `path`>. */
static bool writes_file(pid_t pid, const char *path) {
    static char line[16 * 1024];
    char cmdline[64];
    snprintf(cmdline, sizeof cmdline, "/proc/%d/cmdline", (int)pid);
    ssize_t n = read_text(cmdline, line, sizeof line);
    for (char *argument = line; n > 0 && argument < line + n; argument += strlen(argument) + 1)
        if (names_file(argument, path)) return true;
    return false;
}

static pid_t parent_of(pid_t pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_text(path, text, sizeof text);
    const char *name_end = strrchr(text, ')');
    return name_end && strlen(name_end) > 4 ? (pid_t)strtol(name_end + 4, NULL, 10) : 0;
}

/* All processes of a job have its arguments. The supervisor leads the session; the measuring process is its child, or
 * its caller's; what that forks in turn (probe.h) goes with it. */
static void visit_process(int pid, void *context) {
    struct search *s = context;
    if (pid == getpid() || !writes_file(pid, s->path)) return;
    pid_t parent = parent_of(pid);
    if (getsid(pid) == pid)
        s->supervisor = pid;
    else if (getsid(parent) == parent || !writes_file(parent, s->path))
        s->measuring = pid;
}

static bool ends_within(const char *path, int ms) {
    for (; ms > 0 && job_is_alive(path); ms -= 20) sleep_ms(20);
    return !job_is_alive(path);
}

int command_stop(int count, char **values) {
    struct search s = {values[0], 0, 0};
    if (count != 1) usage_error("stop needs one file");
    if (access(s.path, F_OK) != 0) usage_error("%s: %s", s.path, strerror(errno));
    if (job_is_alive(s.path)) each_number("/proc", visit_process, &s);
    if (s.measuring == 0 && s.supervisor == 0) {
        line_begin("idle");
        line_end();
        return EXIT_OK;
    }
    pid_t pid = s.measuring ? s.measuring : s.supervisor;
    pid_t target = getpgid(pid) == pid ? -pid : pid;
    kill(target, SIGTERM);
    if (!ends_within(s.path, 2000)) {
        kill(target, SIGKILL);
        ends_within(s.path, 2000);
    }
    line_begin("stopped");
    line_number("pid", pid);
    line_end();
    return EXIT_OK;
}
