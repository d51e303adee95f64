/* `sample`: another process seen from outside, for as long as it lives. */
#include "args.h"
#include "commands.h"
#include "job.h"
#include "line.h"
#include "proc.h"

/* Fields of /proc/PID/stat after the name, counted as in proc(5). */
struct process_stat {
    char state;
    int64_t utime, stime, threads, rss_pages, processor;
};

static bool read_stat(const char *path, struct process_stat *to) {
    char text[1024];
    if (read_text(path, text, sizeof text) <= 0) return false;
    char *at = strrchr(text, ')');
    if (!at || !at[1]) return false;
    at += 2;
    to->state = *at;
    for (int field = 3; at; field++) {
        int64_t value = strtoll(at, NULL, 10);
        if (field == 14) to->utime = value;
        if (field == 15) to->stime = value;
        if (field == 20) to->threads = value;
        if (field == 24) to->rss_pages = value;
        if (field == 39) to->processor = value;
        at = strchr(at, ' ');
        if (at) at++;
    }
    return true;
}

int command_sample(int count, char **values) {
    static const char *const known[] = {"pid", "period_ms", "out", NULL};
    struct args args = args_check(count, values, known);
    const char *out = args_text(&args, "out", NULL);
    args_required(&args, "pid");
    args_required(&args, "period_ms");
    int64_t pid = args_integer(&args, "pid", 0, 1, 0x7fffffff);
    int64_t period_ns = args_integer(&args, "period_ms", 0, 1, 3600000) * 1000000, next = now_ns();
    struct process_stat stat;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_stat(path, &stat)) usage_error("pid: there is no process %d", (int)pid);
    if (out) job_create(out);
    while (read_stat(path, &stat) && stat.state != 'Z' && stat.state != 'X') {
        line_begin("proc");
        line_number("t_ns", now_ns());
        line_number("utime_ticks", stat.utime);
        line_number("stime_ticks", stat.stime);
        line_number("threads", stat.threads);
        line_number("rss_pages", stat.rss_pages);
        line_number("processor", stat.processor);
        line_cpu_khz(~0ull);
        line_thermal();
        line_end();
        next += period_ns;
        int64_t wait = next - now_ns();
        if (wait > 0)
            sleep_ms((int)((wait + 999999) / 1000000));
        else
            next = now_ns();
    }
    return EXIT_OK;
}
