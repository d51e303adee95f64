/* `info`: what this program and the kernel below it say of themselves, and what they keep to themselves. */
#include "commands.h"

#include "line.h"
#include "proc.h"

/* Files that were wanted and could not be read; told at the end of the line. */
static struct {
    char path[96];
    int error;
} unreadable[32];
static int n_unreadable;

static void note(const char *path, int error) {
    if (n_unreadable == COUNT_OF(unreadable)) return;
    snprintf(unreadable[n_unreadable].path, sizeof unreadable[0].path, "%s", path);
    unreadable[n_unreadable++].error = error;
}

static int64_t wanted_number(const char *path) {
    int64_t value = read_number(path);
    if (value < 0) note(path, errno ? errno : EINVAL);
    return value;
}

static void wanted_text(const char *key, const char *path) {
    char text[1024], line[1024];
    if (read_text(path, text, sizeof text) < 0) {
        note(path, errno);
        line_text(key, NULL);
    } else {
        copy_line(text, line, sizeof line);
        line_text(key, line);
    }
}

/* CPU numbers come in any order from the folder: mark them, then tell them in order. */
static uint64_t present;

static void mark_cpus(void) {
    DIR *folder = opendir("/sys/devices/system/cpu");
    struct dirent *entry;
    if (!folder) {
        note("/sys/devices/system/cpu", errno);
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        char *end;
        if (strncmp(entry->d_name, "cpu", 3) != 0 || entry->d_name[3] < '0' || entry->d_name[3] > '9') continue;
        long cpu = strtol(entry->d_name + 3, &end, 10);
        if (!*end && cpu < MAX_CPUS) present |= 1ull << cpu;
    }
    closedir(folder);
}

static int64_t cpu_file(int cpu, const char *name) {
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", cpu, name);
    errno = 0;
    return wanted_number(path);
}

static void tell_cores(void) {
    const char *comma = "";
    mark_cpus();
    line_key("cores");
    line_raw("[");
    for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
        char path[96];
        if (!(present >> cpu & 1)) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
        line_raw("%s{\"cpu\":%d", comma, cpu);
        line_bool_or_null("online", read_number(path) != 0); /* no such file: it cannot be taken offline */
        line_number_or_null("min_khz", cpu_file(cpu, "cpufreq/cpuinfo_min_freq"));
        line_number_or_null("max_khz", cpu_file(cpu, "cpufreq/cpuinfo_max_freq"));
        line_number_or_null("cur_khz", cpu_file(cpu, "cpufreq/scaling_cur_freq"));
        line_number_or_null("capacity", cpu_file(cpu, "cpu_capacity"));
        line_raw("}");
        comma = ",";
    }
    line_raw("]");
}

static void tell_zones(void) {
    const char *comma = "";
    line_key("thermal_zones");
    line_raw("[");
    for (int zone = 0; zone < 128; zone++) {
        char path[96], type[128], *end;
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%d/temp", zone);
        if (access(path, F_OK) != 0) continue;
        char text[64];
        if (read_text(path, text, sizeof text) < 0) {
            note(path, errno);
            continue;
        }
        long value = strtol(text, &end, 10);
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%d/type", zone);
        read_text(path, type, sizeof type);
        copy_line(type, type, sizeof type);
        line_raw("%s{\"zone\":%d", comma, zone);
        line_text("type", type[0] ? type : NULL);
        line_key("milli_c");
        line_raw(end == text ? "null" : "%ld", value);
        line_raw("}");
        comma = ",";
    }
    line_raw("]");
}

static void tell_memory(void) {
    char meminfo[4096];
    if (read_text("/proc/meminfo", meminfo, sizeof meminfo) < 0) note("/proc/meminfo", errno);
    line_number_or_null("mem_total_bytes", status_bytes(meminfo, "MemTotal"));
    line_number_or_null("mem_available_bytes", status_bytes(meminfo, "MemAvailable"));
}

static void tell_unreadable(void) {
    line_key("unreadable");
    line_raw("[");
    for (int i = 0; i < n_unreadable; i++) {
        line_raw("%s{\"path\":\"%s\"", i ? "," : "", unreadable[i].path);
        line_number("errno", unreadable[i].error);
        line_text("error", strerror(unreadable[i].error));
        line_raw("}");
    }
    line_raw("]");
}

int command_info(int count, char **values) {
    struct utsname name;
    char allowed[256];
    if (count > 0) usage_error("info takes no '%s'", values[0]);
    if (uname(&name) != 0) memset(&name, 0, sizeof name);
    read_cpus_allowed(allowed, sizeof allowed);
    line_begin("info");
    line_number("protocol", PROTOCOL);
    line_text("version", RUNNER_VERSION);
    line_text("abi", RUNNER_ABI);
    line_text("target", RUNNER_TARGET);
    line_number("page_size", (int64_t)getauxval(AT_PAGESZ));
    line_text("kernel", name.release);
    line_text("machine", name.machine);
    line_number("clock_ticks", (int64_t)getauxval(AT_CLKTCK));
    tell_cores();
    wanted_text("online", "/sys/devices/system/cpu/online");
    line_text("affinity", allowed[0] ? allowed : NULL);
    wanted_text("cpuset", "/proc/self/cpuset");
    wanted_text("cgroup", "/proc/self/cgroup");
    tell_memory();
    tell_zones();
    tell_unreadable();
    line_end();
    return EXIT_OK;
}
