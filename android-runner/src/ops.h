/* Operators of one inference, added up over many. */
#ifndef DEVBENCH_OPS_H
#define DEVBENCH_OPS_H

#include "engine.h"

int ops_prepare(struct failure *f);
/* Before the operators of each inference, which then come by ops_add. */
void ops_begin(void);
void ops_add(const struct op_event *event);
void ops_tell(void);

#endif
