/* Operators of one inference, added up over many. */
#ifndef DEVBENCH_OPS_H
#define DEVBENCH_OPS_H

#include "engine.h"

int ops_prepare(struct failure *f);
/* Before the operators of each inference, which then come by ops_add in order. */
void ops_begin(void);
void ops_add(int64_t node, const char *type, const char *name, const char *delegate, int64_t ns);
void ops_tell(void);

#endif
