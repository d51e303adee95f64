/* Libraries that an engine is linked against but never calls, as small stand-ins whose functions trap.
 *
 * On a phone the real libandroid.so brings half of the framework into the process, which would count as the engine's
 * memory; a bare userland has none at all. */
#ifndef DEVBENCH_STAND_INS_H
#define DEVBENCH_STAND_INS_H

#include "line.h"

/* Makes libandroid.so a stand-in, and libz.so where the phone has none; to be called before the engine is opened.
 * Nothing is done on Linux, or by a program that was built without them. `beside`: a path in a folder to write to. */
int load_stand_ins(const char *beside, struct failure *f);

#endif
