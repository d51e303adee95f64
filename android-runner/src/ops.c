#include "ops.h"

struct op {
    int64_t node, total_ns, calls;
    const char *type, *name, *delegate;
};

#define MAX_OPS 16384
static struct op *ops;
static int n_ops, next_op;
static bool overflowed;

int ops_prepare(struct failure *f) {
    ops = calloc(MAX_OPS, sizeof *ops);
    return ops ? 0 : fail(f, "out-of-memory", "profile", 0, "no memory for the table of operators");
}

void ops_begin(void) { next_op = 0; }

/* Inferences run the same operators in the same order, and some of them twice: the search goes forward only. */
void ops_add(int64_t node, const char *type, const char *name, const char *delegate, int64_t ns) {
    int at = next_op;
    while (at < n_ops && (ops[at].node != node || strcmp(ops[at].type, type) != 0)) at++;
    if (at == MAX_OPS) {
        overflowed = true;
        return;
    }
    if (at == n_ops) ops[n_ops++] = (struct op){node, 0, 0, strdup(type), strdup(name), delegate};
    ops[at].total_ns += ns;
    ops[at].calls++;
    next_op = at + 1;
}

void ops_tell(void) {
    for (int i = 0; i < n_ops; i++) {
        int64_t tenths = (ops[i].total_ns * 10 + ops[i].calls / 2) / ops[i].calls;
        line_begin("op");
        line_number("index", i);
        line_text("type", ops[i].type);
        line_text("name", ops[i].name);
        line_text("delegate", ops[i].delegate);
        line_key("mean_ns");
        line_raw("%lld.%d", (long long)(tenths / 10), (int)(tenths % 10));
        line_number("calls", ops[i].calls);
        line_end();
    }
    if (overflowed) {
        line_begin("log");
        line_text("text", "more than 16384 operators: the rest is not told");
        line_end();
    }
}
