/* devbench-runner: the program that measures on the phone. PROTOCOL.md says what it takes and prints. */
#include "commands.h"
#include "job.h"
#include "line.h"
#include "run.h"
#include "sha256.h"

static const struct {
    const char *name;
    int (*run)(int count, char **values);
} COMMANDS[] = {
    {"info", command_info},     {"run", command_run},
#ifndef DEVBENCH_LIBRARY /* an app measures; what watches it is the executable */
    {"sha256", command_sha256}, {"follow", command_follow}, {"stop", command_stop}, {"canary", command_canary},
    {"sample", command_sample}, {"watchdog", command_watchdog}, {"exec", command_exec},
#endif
};

static void check_protocol(const char *given) {
    struct failure f = {0};
    char own[16];
    snprintf(own, sizeof own, "%d", PROTOCOL);
    if (strcmp(given, own) == 0) return;
    fail(&f, "protocol", "arguments", 0, "the host speaks protocol %s, this runner (%s) speaks %s", given, RUNNER_VERSION,
         own);
    line_failure(&f);
    line_exit(EXIT_USAGE);
}

int main(int argc, char **argv) {
    int at = 1;
    /* Both become errors of write, which are told. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (at < argc && argv[at][0] >= '0' && argv[at][0] <= '9') check_protocol(argv[at++]);
    if (at >= argc) usage_error("no subcommand: info, sha256, run, exec, follow, stop, canary, sample or watchdog");
    for (int i = 0; i < COUNT_OF(COMMANDS); i++)
        if (strcmp(COMMANDS[i].name, argv[at]) == 0) return COMMANDS[i].run(argc - at - 1, argv + at + 1);
    usage_error("unknown subcommand '%s'", argv[at]);
}
