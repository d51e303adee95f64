#include "delegation.h"

static int (*delegate_prepare)(tfl_context *, tfl_delegate *);
static struct delegation seen;
static bool counted;

static int plan_size(tfl_context *context) {
    struct tfl_int_array *plan;
    return context->get_execution_plan(context, &plan) == 0 ? plan->size : -1;
}

/* After the delegate each of its pieces is one node, with the builtin code that marks them. */
static void count(tfl_context *context, int nodes) {
    struct tfl_int_array *plan;
    int alone = 0;
    bool inside_alone = false;
    struct delegation d = {nodes, 0, 0};
    if (nodes < 0 || context->get_execution_plan(context, &plan) != 0) return;
    for (int i = 0; i < plan->size; i++) {
        tfl_node *node;
        struct tfl_registration *registration;
        if (context->get_node(context, plan->values[i], &node, &registration) != 0) return;
        bool piece = registration->builtin_code == TFL_BUILTIN_DELEGATE;
        if (piece || !inside_alone) d.partitions++;
        if (!piece) alone++;
        inside_alone = !piece;
    }
    d.delegated_nodes = nodes - alone;
    seen = d;
    counted = true;
}

static int prepare_and_count(tfl_context *context, tfl_delegate *delegate) {
    int nodes = counted ? -1 : plan_size(context);
    int status = delegate_prepare(context, delegate);
    if (status == 0 && !counted) count(context, nodes);
    return status;
}

void watch_delegation(tfl_delegate *delegate) {
    if (!delegate->prepare) return;
    delegate_prepare = delegate->prepare;
    delegate->prepare = prepare_and_count;
}

const struct delegation *seen_delegation(void) { return counted ? &seen : NULL; }
