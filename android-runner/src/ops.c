#include "ops.h"

struct op {
    struct op_event event; /* times and bytes: sums over `calls` */
    int64_t calls;
    uint32_t inference; /* the last one that it was seen in */
};

#define MAX_OPS 16384
static struct op *ops;
static int n_ops, next_op;
static uint32_t inference;
static bool overflowed;

int ops_prepare(struct failure *f) {
    ops = calloc(MAX_OPS, sizeof *ops);
    return ops ? 0 : fail(f, "out-of-memory", "profile", 0, "no memory for the table of operators");
}

void ops_begin(void) {
    next_op = 0;
    inference++;
}

/* An inference runs an operator once, or, where it stands there twice, as often as the one before. */
static bool is(const struct op *op, const struct op_event *event) {
    return op->event.node == event->node && op->inference != inference && strcmp(op->event.type, event->type) == 0;
}

/* Mostly the same operators come in the same order: the search begins behind the last one found. */
static struct op *find(const struct op_event *event) {
    for (int i = 0; i < n_ops; i++) {
        int at = next_op + i < n_ops ? next_op + i : next_op + i - n_ops;
        if (is(&ops[at], event)) return &ops[at];
    }
    return NULL;
}

void ops_add(const struct op_event *event) {
    struct op *op = find(event);
    if (!op && n_ops == MAX_OPS) {
        overflowed = true;
        return;
    }
    if (!op) {
        op = &ops[n_ops++];
        op->event = *event;
        op->event.type = strdup(event->type);
        op->event.name = strdup(event->name);
    } else {
        op->event.ns += event->ns;
        op->event.start_ns += event->start_ns;
        op->event.bytes += event->bytes;
    }
    op->calls++;
    op->inference = inference;
    next_op = (int)(op - ops) + 1;
}

static void line_mean(const char *key, int64_t sum, int64_t calls) {
    int64_t tenths = (sum * 10 + calls / 2) / calls;
    line_key(key);
    if (sum < 0)
        line_raw("null");
    else
        line_raw("%lld.%d", (long long)(tenths / 10), (int)(tenths % 10));
}

void ops_tell(void) {
    for (int i = 0; i < n_ops; i++) {
        const struct op_event *e = &ops[i].event;
        line_begin("op");
        line_number("index", i);
        line_text("type", e->type);
        line_text("name", e->name);
        line_text("delegate", e->delegate);
        line_mean("mean_ns", e->ns, ops[i].calls);
        line_number("calls", ops[i].calls);
        line_mean("start_ns", e->start_ns, ops[i].calls);
        line_mean("memory_bytes", e->bytes, ops[i].calls);
        line_end();
    }
    if (overflowed) {
        line_begin("log");
        line_text("text", "more than 16384 operators: the rest is not told");
        line_end();
    }
}
