/* `watchdog`: puts the phone's settings back when the host that changed them is gone. */
#include "args.h"
#include "commands.h"
#include "job.h"
#include "line.h"

/* How long the heartbeat has not changed, by our own clock: a phone's wall clock may jump. */
struct heartbeat {
    const char *path;
    int64_t seen_ns;
    int64_t modified_s, modified_ns, size;
};

static int64_t heartbeat_age_ns(struct heartbeat *h) {
    struct stat s;
    if (stat(h->path, &s) == 0 &&
        (s.st_mtim.tv_sec != h->modified_s || s.st_mtim.tv_nsec != h->modified_ns || s.st_size != h->size)) {
        h->modified_s = s.st_mtim.tv_sec;
        h->modified_ns = s.st_mtim.tv_nsec;
        h->size = s.st_size;
        h->seen_ns = now_ns();
    }
    return now_ns() - h->seen_ns;
}

static void run_line(const char *line) {
    pid_t pid = fork();
    if (pid == 0) {
        const char *shell = access("/system/bin/sh", X_OK) == 0 ? "/system/bin/sh" : "/bin/sh";
        char *const argv[] = {"sh", "-c", (char *)line, NULL};
        execv(shell, argv);
        _exit(127);
    }
    if (pid > 0) waitpid(pid, NULL, 0);
}

/* Each line is run, however the one before it ended. */
static void run_undo(char *text) {
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end) *end = 0;
        if (*line) run_line(line);
        line = end ? end + 1 : NULL;
    }
}

int command_watchdog(int count, char **values) {
    static const char *const known[] = {"undo", "job", "heartbeat", "timeout_s", "detach", NULL};
    static char text[64 * 1024];
    char claimed[4096];
    struct args args = args_check(count, values, known);
    const char *undo = args_required(&args, "undo"), *job = args_required(&args, "job");
    struct heartbeat heartbeat = {.path = args_required(&args, "heartbeat"), .seen_ns = now_ns()};
    int64_t timeout_ns = args_integer(&args, "timeout_s", 600, 0, 86400) * 1000000000;
    if (snprintf(claimed, sizeof claimed, "%s.running", undo) >= (int)sizeof claimed) usage_error("undo: name too long");
    if (access(undo, R_OK) != 0) usage_error("undo: %s: %s", undo, strerror(errno));
    if (args_flag(&args, "detach")) go_to_background(undo);
    int pause_ms = timeout_ns < 20000000000 ? 100 : 2000;
    while (heartbeat_age_ns(&heartbeat) < timeout_ns || job_is_alive(job)) {
        if (access(undo, F_OK) != 0) return EXIT_OK;
        sleep_ms(pause_ms);
    }
    /* Taking the name first: host and watchdog never both put things back. */
    if (rename(undo, claimed) != 0) return EXIT_OK;
    int fd = open(claimed, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    run_undo(text);
    unlink(claimed);
    return EXIT_OK;
}
