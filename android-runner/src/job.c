#include "job.h"

static void fail_to_create(const char *path, int error) {
    struct failure f = {0};
    bool full = error == ENOSPC || error == EDQUOT;
    fail(&f, full ? "disk-full" : "usage", "output", error, "%s: %s", path, strerror(error));
    line_failure(&f);
    line_exit(full ? EXIT_FAILED : EXIT_USAGE);
}

void job_create(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) fail_to_create(path, errno);
    /* A full disk takes the name of a file but none of its content: ask for a little now. */
    int error = posix_fallocate(fd, 0, 16384);
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
        unlink(path);
        fail_to_create(path, ENOSPC);
    }
    if (ftruncate(fd, 0) != 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) fail_to_create(path, errno);
    lines_to(fd);
}

static void drop_streams(int keep) {
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    for (int fd = 3; fd < 1024; fd++)
        if (fd != keep) close(fd);
}

static pid_t fork_or_fail(void) {
    pid_t pid = fork();
    if (pid >= 0) return pid;
    struct failure f = {0};
    fail(&f, "engine", "detach", errno, "fork: %s", strerror(errno));
    line_failure(&f);
    _exit(EXIT_FAILED);
}

void go_to_background(const char *out) {
    int job = lines_fd();
    pid_t pid = fork_or_fail();
    if (pid > 0) {
        lines_to(1);
        line_begin("started");
        line_number("pid", pid);
        line_text("out", out);
        line_end();
        _exit(EXIT_OK);
    }
    setsid();
    signal(SIGHUP, SIG_IGN);
    drop_streams(job);
}

void job_detach(const char *path) {
    go_to_background(path);
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        setpgid(0, 0);
        return;
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    line_begin("exit");
    line_number_or_null("code", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    line_number_or_null("signal", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    line_end();
    _exit(EXIT_OK);
}

/* True when the open file is locked by someone; a shared lock of our own does not disturb other watchers. */
static bool is_locked(int fd) {
    if (flock(fd, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
    flock(fd, LOCK_UN);
    return false;
}

static bool file_is_locked(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool locked = is_locked(fd);
    close(fd);
    return locked;
}

bool job_is_alive(const char *path) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool alive = false;
    if (!folder) return file_is_locked(path);
    while (!alive && (entry = readdir(folder)) != NULL) {
        char inside[4096];
        if (entry->d_name[0] == '.') continue;
        if (snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name) < (int)sizeof inside)
            alive = job_is_alive(inside);
    }
    closedir(folder);
    return alive;
}
