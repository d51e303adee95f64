#include "proc.h"

#include "line.h"

ssize_t read_text(const char *path, char *to, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    to[0] = 0;
    if (fd < 0) return -1;
    while (n + 1 < room) {
        ssize_t got = read(fd, to + n, room - 1 - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            int error = errno;
            close(fd);
            errno = error;
            return -1;
        }
        if (got == 0) break;
        n += (size_t)got;
    }
    close(fd);
    to[n] = 0;
    return (ssize_t)n;
}

int64_t read_number(const char *path) {
    char text[64], *end;
    if (read_text(path, text, sizeof text) <= 0) return -1;
    int64_t value = strtoll(text, &end, 10);
    return end == text ? -1 : value;
}

const char *status_value(const char *text, const char *key) {
    size_t n = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, key, n) == 0 && line[n] == ':') {
            line += n + 1;
            while (*line == ' ' || *line == '\t') line++;
            return line;
        }
    }
    return NULL;
}

int64_t status_bytes(const char *text, const char *key) {
    const char *value = status_value(text, key);
    return value ? (int64_t)strtoll(value, NULL, 10) * 1024 : -1;
}

void copy_line(const char *from, char *to, size_t room) {
    size_t n = 0;
    while (from && from[n] && from[n] != '\n' && n + 1 < room) {
        to[n] = from[n];
        n++;
    }
    to[n] = 0;
}

static int64_t timeval_ns(struct timeval t) { return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_usec * 1000; }

void cpu_usage_now(struct cpu_usage *usage) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    usage->wall_ns = now_ns();
    usage->utime_ns = timeval_ns(r.ru_utime);
    usage->stime_ns = timeval_ns(r.ru_stime);
    usage->minor_faults = r.ru_minflt;
    usage->major_faults = r.ru_majflt;
    usage->voluntary_switches = r.ru_nvcsw;
    usage->involuntary_switches = r.ru_nivcsw;
}

void line_usage(const char *phase, const struct cpu_usage *from, const struct cpu_usage *to, int hwm_reset) {
    char status[4096];
    read_text("/proc/self/status", status, sizeof status);
    line_begin("usage");
    line_text("phase", phase);
    line_number("wall_ns", to->wall_ns - from->wall_ns);
    line_number("utime_ns", to->utime_ns - from->utime_ns);
    line_number("stime_ns", to->stime_ns - from->stime_ns);
    line_number("minor_faults", to->minor_faults - from->minor_faults);
    line_number("major_faults", to->major_faults - from->major_faults);
    line_number("voluntary_switches", to->voluntary_switches - from->voluntary_switches);
    line_number("involuntary_switches", to->involuntary_switches - from->involuntary_switches);
    line_number_or_null("vm_hwm_bytes", status_bytes(status, "VmHWM"));
    line_number_or_null("vm_rss_bytes", status_bytes(status, "VmRSS"));
    line_number_or_null("rss_anon_bytes", status_bytes(status, "RssAnon"));
    line_number_or_null("rss_file_bytes", status_bytes(status, "RssFile"));
    line_number_or_null("rss_shmem_bytes", status_bytes(status, "RssShmem"));
    line_number_or_null("vm_swap_bytes", status_bytes(status, "VmSwap"));
    line_bool_or_null("hwm_reset", hwm_reset);
    line_end();
}

bool reset_peak_memory(void) {
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool done = write(fd, "5", 1) == 1;
    close(fd);
    return done;
}

int each_number(const char *path, void (*visit)(int number, void *context), void *context) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    int count = 0;
    if (!folder) return -1;
    while ((entry = readdir(folder)) != NULL) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || *end) continue;
        count++;
        if (visit) visit((int)number, context);
    }
    closedir(folder);
    return count;
}

/* Field 39 of a stat line: the CPU the task last ran on. The name in field 2 may hold anything, so count from its ')'. */
static void visit_task(int task, void *cpus) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", task);
    if (read_text(path, text, sizeof text) <= 0) return;
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 39; field++) {
        at = strchr(at, ' ');
        if (at) at++;
    }
    long cpu = at ? strtol(at, NULL, 10) : -1;
    if (cpu >= 0 && cpu < MAX_CPUS) *(uint64_t *)cpus |= 1ull << cpu;
}

static int others[256], n_others;

static bool is_other(int task) {
    for (int i = 0; i < n_others; i++)
        if (others[i] == task) return true;
    return false;
}

static void remember_task(int task, void *own) {
    if (task != *(int *)own && n_others < COUNT_OF(others)) others[n_others++] = task;
}

void other_tasks_begin(void) {
    int own = own_task();
    each_number("/proc/self/task", remember_task, &own);
}

struct tasks {
    uint64_t *cpus;
    int count;
};

static void visit_own_task(int task, void *context) {
    struct tasks *tasks = context;
    if (is_other(task)) return;
    tasks->count++;
    visit_task(task, tasks->cpus);
}

int read_tasks(uint64_t *cpus) {
    struct tasks tasks = {cpus, 0};
    return each_number("/proc/self/task", visit_own_task, &tasks) < 0 ? -1 : tasks.count;
}

void read_cpus_allowed(char *to, size_t room) {
    char path[64], status[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/status", own_task());
    read_text(path, status, sizeof status);
    copy_line(status_value(status, "Cpus_allowed_list"), to, room);
}

void line_cpu_khz(uint64_t cpus) {
    const char *comma = "";
    line_key("cpu_khz");
    line_raw("{");
    for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
        char path[96];
        if (!(cpus >> cpu & 1)) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu);
        int64_t khz = read_number(path);
        if (khz < 0) continue;
        line_raw("%s\"%d\":%lld", comma, cpu, (long long)khz);
        comma = ",";
    }
    line_raw("}");
}

void line_thermal(void) {
    const char *comma = "";
    line_key("thermal");
    line_raw("{");
    for (int zone = 0; zone < 64; zone++) {
        char path[96], text[64], *end;
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%d/temp", zone);
        if (read_text(path, text, sizeof text) <= 0) continue;
        long milli_c = strtol(text, &end, 10);
        if (end == text) continue;
        line_raw("%s\"%d\":%ld", comma, zone, milli_c);
        comma = ",";
    }
    line_raw("}");
}

void line_place(void) {
    char cpuset[256], text[32];
    bool known = read_text("/proc/self/cpuset", cpuset, sizeof cpuset) > 0;
    char *end = strchr(cpuset, '\n');
    if (end) *end = 0;
    line_text("cpuset", known ? cpuset : NULL);
    line_key("oom_score_adj");
    line_raw("%s", read_text("/proc/self/oom_score_adj", text, sizeof text) > 0 ? "" : "null");
    if (text[0]) line_raw("%d", (int)strtol(text, NULL, 10));
}

static uint64_t parse_mask(const char *hex) {
    uint64_t mask = 0;
    const char *c = hex;
    if (c[0] == '0' && (c[1] == 'x' || c[1] == 'X')) c += 2;
    if (!*c || strlen(c) > 16) usage_error("cpu_mask: '%s' is not a hex mask of at most 64 CPUs", hex);
    for (; *c; c++) {
        int digit = *c >= '0' && *c <= '9' ? *c - '0' : *c >= 'a' && *c <= 'f' ? *c - 'a' + 10
                    : *c >= 'A' && *c <= 'F' ? *c - 'A' + 10 : -1;
        if (digit < 0) usage_error("cpu_mask: '%s' is not a hex mask", hex);
        mask = mask << 4 | (uint64_t)digit;
    }
    if (mask == 0) usage_error("cpu_mask: '%s' names no CPU", hex);
    return mask;
}

void pin_to(const char *hex_mask) {
    uint64_t mask = parse_mask(hex_mask), got[16] = {0};
    if (sched_setaffinity(0, sizeof mask, (const void *)&mask) != 0)
        usage_error("cpu_mask: the kernel refuses %s: %s", hex_mask, strerror(errno));
    /* A mask with CPUs that are offline or not there is cut down silently: say so instead. */
    if (sched_getaffinity(0, sizeof got, (void *)got) != 0 || got[0] != mask)
        usage_error("cpu_mask: asked for %s, the kernel gives %llx", hex_mask, (unsigned long long)got[0]);
}
