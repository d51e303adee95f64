/* `exec`: another program as a job, so that a user's own tool is pinned, followed and stopped like our measurements. */
#include "args.h"
#include "commands.h"
#include "job.h"
#include "line.h"
#include "proc.h"

#define MAX_ARGUMENTS 64

static void tell_hello(const struct args *a, int64_t started_ns) {
    line_begin("hello");
    line_number("protocol", PROTOCOL);
    line_text("version", RUNNER_VERSION);
    line_text("abi", RUNNER_ABI);
    line_text("target", RUNNER_TARGET);
    line_number("pid", getpid());
    line_text("nonce", args_text(a, "nonce", NULL));
    line_text("pass", "exec");
    line_number("t_ns", started_ns);
    line_end();
}

static void stream_to(const char *path, int fd) {
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) usage_error("%s: %s", path, strerror(errno));
    dup2(file, fd);
    close(file);
}

/* In the new process: becomes the program, or tells the errno through `tell`. */
static void become(const struct args *a, const char *program, int tell) {
    char *argv[MAX_ARGUMENTS + 2] = {(char *)program};
    const char *value;
    for (int n = 0; n < MAX_ARGUMENTS && (value = args_nth(a, "arg", n)) != NULL; n++) argv[n + 1] = (char *)value;
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    execv(program, argv);
    int error = errno;
    if (write(tell, &error, sizeof error) < 0) _exit(126);
    _exit(127);
}

/* Process id of the program; 0 with `f` filled when the kernel does not run it. */
static pid_t start(const struct args *a, const char *program, struct failure *f) {
    int ends[2], error = 0;
    if (pipe(ends) != 0 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) != 0) error = errno;
    pid_t pid = error ? -1 : fork();
    if (pid == 0) become(a, program, ends[1]);
    if (pid > 0) {
        close(ends[1]);
        if (read(ends[0], &error, sizeof error) != sizeof error) return pid;
        waitpid(pid, NULL, 0);
    }
    fail(f, "not-executable", "exec", error ? error : errno, "%s: %s", program, strerror(error ? error : errno));
    return 0;
}

static void tell_program(pid_t pid) {
    char allowed[256];
    read_cpus_allowed(allowed, sizeof allowed);
    line_begin("program");
    line_number("pid", pid);
    line_text("cpus_allowed", allowed[0] ? allowed : NULL);
    line_end();
}

static int64_t ns_of(struct timeval t) { return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_usec * 1000; }

static void tell_ran(int status, int64_t started_ns) {
    struct rusage r;
    int64_t wall_ns = now_ns() - started_ns;
    getrusage(RUSAGE_CHILDREN, &r);
    line_begin("ran");
    line_number_or_null("code", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    line_number_or_null("signal", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    line_number("wall_ns", wall_ns);
    line_number("utime_ns", ns_of(r.ru_utime));
    line_number("stime_ns", ns_of(r.ru_stime));
    line_number("minor_faults", r.ru_minflt);
    line_number("major_faults", r.ru_majflt);
    line_number("voluntary_switches", r.ru_nvcsw);
    line_number("involuntary_switches", r.ru_nivcsw);
    line_number("max_rss_bytes", (int64_t)r.ru_maxrss * 1024);
    line_end();
}

static int tell_end(const struct failure *f, int64_t started_ns) {
    if (f->kind) line_failure(f);
    line_begin("end");
    line_text("status", f->kind ? "failed" : "ok");
    line_key("samples");
    line_raw("{}");
    line_number("wall_ns", now_ns() - started_ns);
    line_end();
    return f->kind ? EXIT_FAILED : EXIT_OK;
}

/* Once we are a job, stdout is the program's: the lines move out of its way. */
static void keep_lines(void) {
    if (lines_fd() != 1) return;
    int lines = fcntl(1, F_DUPFD_CLOEXEC, 10);
    if (lines < 0) usage_error("stdout: %s", strerror(errno));
    lines_to(lines);
    dup2(2, 1);
}

int command_exec(int count, char **values) {
    static const char *const known[] = {"program", "*arg", "cpu_mask", "stdout", "stderr", "nonce", "out", "detach", NULL};
    struct args a = args_check(count, values, known);
    struct failure f = {0};
    const char *program = args_required(&a, "program"), *out = args_text(&a, "out", NULL);
    const char *mask = args_text(&a, "cpu_mask", NULL), *to = args_text(&a, "stdout", NULL);
    const char *errors = args_text(&a, "stderr", NULL);
    if (args_nth(&a, "arg", MAX_ARGUMENTS)) usage_error("arg: more than %d", MAX_ARGUMENTS);
    if (args_flag(&a, "detach") && !out) usage_error("detach=1 needs out=FILE");
    if (mask) pin_to(mask);
    if (out) job_create(out);
    if (args_flag(&a, "detach")) job_detach(out);
    keep_lines();
    int64_t started_ns = now_ns();
    tell_hello(&a, started_ns);
    if (to) stream_to(to, 1);
    if (errors) stream_to(errors, 2);
    signal(SIGTERM, SIG_IGN); /* `stop` ends the program; what it used is told after it */
    int64_t program_ns = now_ns();
    pid_t pid = start(&a, program, &f);
    if (pid > 0) {
        int status = 0;
        tell_program(pid);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        tell_ran(status, program_ns);
    }
    _exit(tell_end(&f, started_ns));
}
