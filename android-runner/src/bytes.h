/* The ways in which a model's bytes get into memory before an engine parses them there: `load=` of `run`. */
#ifndef DEVBENCH_BYTES_H
#define DEVBENCH_BYTES_H

#include "line.h"

/* The app's asset manager, as its Java hands it over: the JNI's environment and the object. */
void assets_are(const void *env, void *manager);

/* Whether `way` is `file`, `mmap` or `asset`. */
bool way_is_known(const char *way);

/* The bytes, until the process ends: `file` reads all of `path` into memory, `mmap` maps it, `asset` lets the asset
 * manager open `name` of the APK, which maps what is stored there and unpacks what is compressed. */
int bring_bytes(const char *way, const char *path, const char *name, const void **data, size_t *size, struct failure *f);

/* Reads an asset once, so that its pages are as warm as those of a file that was looked at. */
int warm_asset(const char *name, struct failure *f);

/* The whole file in memory, to be freed; NULL with `f` filled. */
void *read_whole(const char *path, size_t *size, struct failure *f);

#endif
