/* A JNI environment without a Java VM: arrays, strings and direct buffers are plain memory of ours.
 *
 * The library of TensorFlow Mobile exports nothing but the native halves of Java methods. These need of Java what stands
 * in fake_jni.c and no more; a call of anything else ends the program with an `error` line. */
#ifndef DEVBENCH_FAKE_JNI_H
#define DEVBENCH_FAKE_JNI_H

#include "line.h"

struct jni_object {
    struct jni_object *next;
    int32_t length;
    void *data;
    bool owned;
};
typedef const void *const *const *jni_env;

jni_env jni_start(void);

/* Arrays around memory that stays the caller's, and strings. */
struct jni_object *jni_array(void *data, size_t length);
struct jni_object *jni_text(const char *text);

/* Objects made since `jni_mark` are freed by `jni_release`, as Java's local references would be. */
struct jni_object *jni_mark(void);
void jni_release(struct jni_object *mark);

/* The message of the exception that is pending, which it is then no more; NULL without one. */
const char *jni_exception(void);

#endif
