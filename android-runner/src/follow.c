/* `follow` and `stop`: how a host that may come and go watches a job and ends it. */
#include "args.h"
#include "job.h"
#include "proc.h"

static const char EXIT_LINE[] = "{\"event\":\"exit\"";

/* How far the line that is being printed agrees with EXIT_LINE; -1 once it does not. */
static int agreed;

/* Prints up to and including the exit line; true when that was printed. */
static bool print_until_exit(const char *data, size_t n) {
    size_t end = 0;
    bool done = false;
    for (; end < n && !done; end++) {
        if (data[end] == '\n') {
            done = agreed == (int)sizeof EXIT_LINE - 1;
            agreed = 0;
        } else if (agreed >= 0 && agreed < (int)sizeof EXIT_LINE - 1) {
            agreed = data[end] == EXIT_LINE[agreed] ? agreed + 1 : -1;
        }
    }
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

int command_follow(int count, char **values) {
    static const char *const known[] = {"offset", NULL};
    if (count < 1) usage_error("follow needs a file");
    struct args args = args_check(count - 1, values + 1, known);
    int64_t offset = args_integer(&args, "offset", 0, 0, INT64_MAX);
    int fd = open(values[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0) usage_error("%s: %s", values[0], strerror(errno));
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0) usage_error("offset: %s", strerror(errno));
    int watch = inotify_init1(IN_CLOEXEC);
    if (watch >= 0 && inotify_add_watch(watch, values[0], IN_MODIFY | IN_CLOSE_WRITE) < 0) watch = -1;
    /* A cut that falls inside the exit line must not hide it. */
    agreed = offset == 0 ? 0 : -1;
    if (offset > 0) {
        char before;
        if (pread(fd, &before, 1, (off_t)offset - 1) == 1 && before == '\n') agreed = 0;
    }
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

/* Both processes of a job have its arguments; the supervisor leads the session. */
static void visit_process(int pid, void *context) {
    struct search *s = context;
    static char line[16 * 1024];
    char path[64];
    if (pid == getpid()) return;
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    ssize_t n = read_text(path, line, sizeof line);
    for (char *argument = line; n > 0 && argument < line + n; argument += strlen(argument) + 1) {
        if (!names_file(argument, s->path)) continue;
        if (getsid(pid) == pid)
            s->supervisor = pid;
        else
            s->measuring = pid;
        return;
    }
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
