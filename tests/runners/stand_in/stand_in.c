/* A stand-in for the stock benchmark tools: it times sleeps of its own and prints them as an era file says.
 *
 * The era file lies behind the program itself, after a line ERA. Its head is `key value` lines:
 *   flags     flags that it takes and --help lists; all others are unknown
 *   lists     flags that --help lists and it does not take
 *   unknown   warn (go on) or fatal (exit 255), as the tools do
 *   help      exit code of --help
 * and after a line `---` follow the lines to print: an optional condition, the stream (1 or 2), the text:
 *   ?name=value   only if the flag, or the model's behaviour, has that value; ?!name=value if not; ?name if given
 * {name} in a text is a flag, a behaviour or a number: {w.avg} of the warm-up, {m.avg} of the measured phase.
 * `@warmup` and `@measure` alone in a line say when a phase runs.
 *
 * Behaviours are `key=value` lines at the end of the model file, after a line STAND-IN:
 *   latency_us, stop_after (end the measured phase early), exit, signal, silence_s, delegate, and any name. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST 20000
static char era[65536], behaviour[4096], unknown[4096];
static char *flag_names[64], *flag_values[64];
static int flag_count;

struct phase {
    const char *letter;
    double values[MOST], sum;
    int count;
};
static struct phase warmup = {.letter = "w"}, measured = {.letter = "m"};
static double init_us;

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The text behind the last line `mark` of a file. */
static void read_behind(const char *path, const char *mark, char *to, size_t room) {
    char *data = malloc(1 << 25), *found = NULL;
    size_t n = 0, got, length = strlen(mark);
    int fd = open(path, O_RDONLY);
    to[0] = 0;
    while (fd >= 0 && (got = (size_t)read(fd, data + n, (1 << 25) - 1 - n)) > 0 && got != (size_t)-1) n += got;
    for (size_t i = 0; n >= length && i <= n - length; i++)
        if (memcmp(data + i, mark, length) == 0) found = data + i + length;
    if (found) {
        size_t rest = n - (size_t)(found - data);
        if (rest >= room) rest = room - 1;
        memcpy(to, found, rest);
        to[rest] = 0;
    }
    if (fd >= 0) close(fd);
    free(data);
}

/* Value of `key<separator>value` at the start of a line of `text`, or NULL; in one of two static buffers. */
static const char *value_in(const char *text, const char *key, char separator) {
    static char buffers[8][4096];
    static int turn;
    size_t n = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, "---", 3) == 0) break;
        if (strncmp(line, key, n) != 0 || line[n] != separator) continue;
        char *to = buffers[turn++ % 8];
        size_t length = strcspn(line + n + 1, "\n");
        snprintf(to, 4096, "%.*s", (int)length, line + n + 1);
        return to;
    }
    return NULL;
}

static const char *flag(const char *name) {
    for (int i = 0; i < flag_count; i++)
        if (strcmp(flag_names[i], name) == 0) return flag_values[i];
    return NULL;
}

static double number_of(const char *name, double otherwise) {
    const char *text = flag(name);
    if (!text) text = value_in(behaviour, name, '=');
    return text ? atof(text) : otherwise;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void run_phase(struct phase *p, double least, double least_s, double most_s, double stop_after) {
    double latency = number_of("latency_us", 1000), start = now_us();
    while (p->count < MOST && p->count != (int)stop_after) {
        double elapsed = (now_us() - start) / 1e6;
        if (elapsed >= most_s || (p->count >= (int)least && elapsed >= least_s)) break;
        double began = now_us();
        while (now_us() - began < latency) {
        }
        p->values[p->count] = (double)(long)(now_us() - began);
        p->sum += p->values[p->count++];
    }
}

static double statistic(const struct phase *p, const char *name) {
    static double sorted[MOST];
    double variance = 0, average = p->count ? p->sum / p->count : 0;
    if (p->count == 0) return 0;
    memcpy(sorted, p->values, sizeof(double) * (size_t)p->count);
    qsort(sorted, (size_t)p->count, sizeof *sorted, compare);
    if (strcmp(name, "first") == 0) return p->values[0];
    if (strcmp(name, "curr") == 0) return p->values[p->count - 1];
    if (strcmp(name, "min") == 0) return sorted[0];
    if (strcmp(name, "max") == 0) return sorted[p->count - 1];
    if (strcmp(name, "p5") == 0) return sorted[p->count * 5 / 100];
    if (strcmp(name, "median") == 0) return sorted[p->count / 2];
    if (strcmp(name, "p95") == 0) return sorted[p->count * 95 / 100];
    if (strcmp(name, "count") == 0) return p->count;
    if (strcmp(name, "avg") == 0) return average;
    for (int i = 0; i < p->count; i++) variance += (p->values[i] - average) * (p->values[i] - average);
    double low = 0, high = 1e9;
    variance /= p->count;
    for (int i = 0; i < 80; i++) *((low + high) / 2 * ((low + high) / 2) < variance ? &low : &high) = (low + high) / 2;
    return (double)(long)low;
}

/* `name` or `name:scale` as the tools print it: six digits for a stream's double, `.2f` with a scale. */
static void print_name(FILE *to, const char *name) {
    char plain[128], *scale = NULL;
    snprintf(plain, sizeof plain, "%s", name);
    if ((scale = strchr(plain, '/')) != NULL) *scale++ = 0;
    double value = 0;
    if (strcmp(plain, "stat.w") == 0 || strcmp(plain, "stat.m") == 0 || strcmp(plain, "stat7.m") == 0) {
        const struct phase *p = plain[strlen(plain) - 1] == 'w' ? &warmup : &measured;
        fprintf(to, "count=%d", p->count);
        if (p->count == 1) fprintf(to, " curr=%.6g", p->values[0]);
        const char *names[] = {"first", "curr", "min", "max", "avg", "std", "p5", "median", "p95"};
        for (int i = 0; p->count > 1 && i < (plain[4] == '7' ? 9 : 6); i++)
            fprintf(to, " %s=%.6g", names[i], statistic(p, names[i]));
        return;
    }
    if (strcmp(plain, "unconsumed") == 0) {
        fputs(unknown, to);
        return;
    }
    if (strncmp(plain, "w.", 2) == 0)
        value = statistic(&warmup, plain + 2);
    else if (strncmp(plain, "m.", 2) == 0)
        value = statistic(&measured, plain + 2);
    else if (strcmp(plain, "init") == 0)
        value = init_us;
    else {
        const char *text = flag(plain);
        if (!text) text = value_in(behaviour, plain, '=');
        fputs(text ? text : "", to);
        return;
    }
    if (scale)
        fprintf(to, strchr(scale, 'f') ? "%.2f" : "%.6g", value / atof(scale));
    else
        fprintf(to, "%.6g", value);
}

static int holds(const char *condition) {
    char name[128];
    int no = *condition == '!';
    snprintf(name, sizeof name, "%s", condition + no);
    char *equals = strchr(name, '=');
    if (equals) *equals++ = 0;
    const char *value = strcmp(name, "unconsumed") == 0 ? (unknown[0] ? unknown : NULL) : flag(name);
    if (!value) value = value_in(behaviour, name, '=');
    int is = equals ? value && strcmp(value, equals) == 0 : value != NULL;
    return is != no;
}

static void print_line(char *line) {
    char condition[128], name[128];
    while (*line == '?') {
        size_t n = strcspn(line, " ");
        snprintf(condition, sizeof condition, "%.*s", (int)(n - 1), line + 1);
        if (!holds(condition)) return;
        line += n + 1;
    }
    FILE *to = *line == '2' ? stderr : stdout;
    for (line += 2; *line; line++) {
        size_t n = strcspn(line, "}");
        if (*line != '{' || line[n] != '}') {
            fputc(*line, to);
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(n - 1), line + 1);
        print_name(to, name);
        line += n;
    }
    fputc('\n', to);
    fflush(to);
}

static void put_float(FILE *to, int number, double value) {
    float narrow = (float)value;
    fputc(number << 3 | 5, to);
    fwrite(&narrow, 4, 1, to);
}

static void write_result(const char *path) {
    FILE *to = fopen(path, "wb");
    const char *names[] = {"avg", "min", "max", "std", "median", "p5", "p95"};
    if (!to) return;
    fputs("\x12\x32", to); /* field 2, 50 bytes: ten floats */
    for (int i = 0; i < 7; i++) put_float(to, i + 1, statistic(&measured, names[i]) / 1000);
    put_float(to, 8, init_us / 1000);
    put_float(to, 9, statistic(&warmup, "first") / 1000);
    put_float(to, 10, statistic(&warmup, "avg") / 1000);
    fclose(to);
}

static int listed(const char *name) {
    const char *flags = value_in(era, "flags", ' ');
    size_t n = strlen(name);
    for (const char *at = flags; at && (at = strstr(at, name)) != NULL; at += n)
        if ((at == flags || at[-1] == ' ') && (at[n] == ' ' || at[n] == 0)) return 1;
    return 0;
}

static int help(FILE *to, int code) {
    char flags[4096];
    const char *found = value_in(era, "flags", ' '), *more = value_in(era, "lists", ' ');
    snprintf(flags, sizeof flags, "%s %s", found ? found : "", more ? more : "");
    fprintf(to, "usage: benchmark_model\nFlags:\n");
    for (char *name = strtok(flags, " "); name; name = strtok(NULL, " ")) fprintf(to, "\t--%s=                \tstring\t%s\n", name, name);
    return code;
}

static int take_arguments(int argc, char **argv) {
    const char *manner = value_in(era, "unknown", ' '), *help_code = value_in(era, "help", ' ');
    for (int i = 1; i < argc; i++) {
        char *name = strdup(argv[i] + (strncmp(argv[i], "--", 2) == 0 ? 2 : 0)), *equals = strchr(name, '=');
        if (strcmp(name, "help") == 0) return help(stderr, help_code ? atoi(help_code) : 1);
        if (equals) *equals++ = 0;
        if (listed(name)) {
            flag_names[flag_count] = name;
            flag_values[flag_count++] = equals ? equals : "true";
        } else if (manner && strcmp(manner, "fatal") == 0) {
            fprintf(stderr, "Unknown argument %s\n", argv[i]);
            return help(stderr, 255);
        } else {
            snprintf(unknown + strlen(unknown), sizeof unknown - strlen(unknown), "%s%s", *unknown ? " " : "", argv[i]);
        }
    }
    return -1;
}

int main(int argc, char **argv) {
    read_behind("/proc/self/exe", "\nERA\n", era, sizeof era);
    int code = take_arguments(argc, argv);
    if (code >= 0) return code;
    double start = now_us();
    if (flag("graph")) read_behind(flag("graph"), "\nSTAND-IN\n", behaviour, sizeof behaviour);
    init_us = (double)(long)(now_us() - start) + 1;
    char *line = strstr(era, "\n---\n") + 5;
    while (line && *line) {
        char *end = strchr(line, '\n');
        if (end) *end = 0;
        if (strcmp(line, "@warmup") == 0)
            run_phase(&warmup, number_of("warmup_runs", 1), number_of("warmup_min_secs", 0), number_of("max_secs", 150), -1);
        else if (strcmp(line, "@measure") == 0)
            run_phase(&measured, number_of("num_runs", number_of("max_num_runs", 50)), number_of("min_secs", 0),
                      number_of("max_secs", 150), number_of("stop_after", -1));
        else if (*line)
            print_line(line);
        line = end ? end + 1 : NULL;
    }
    if (flag("result_file_path")) write_result(flag("result_file_path"));
    if (number_of("silence_s", 0) > 0) sleep((unsigned)number_of("silence_s", 0));
    if (number_of("signal", 0) > 0) kill(getpid(), (int)number_of("signal", 0));
    return (int)number_of("exit", 0);
}
