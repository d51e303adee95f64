/* The way in from Java: the same program as the executable, as a library in a process that a virtual machine started.
 *
 * No header of Java's is needed: functions of the JNI are found by their index, which the JNI specification fixes. */
#include "bytes.h"
#include "job.h"
#include "line.h"
#include "mirror.h"

#ifdef DEVBENCH_LIBRARY

int main(int, char **);

typedef const void *const **jni_env;
enum { GET_ARRAY_LENGTH = 171, GET_BYTE_ARRAY_REGION = 200 };
typedef int32_t (*get_array_length)(jni_env, void *array);
typedef void (*get_byte_array_region)(jni_env, void *array, int32_t start, int32_t length, char *to);

/* The bytes of a Java array and a NUL, or an empty text without one; never freed, since the process ends with the call. */
static char *bytes_of(jni_env env, void *array, int32_t *length) {
    *length = array ? ((get_array_length)(*env)[GET_ARRAY_LENGTH])(env, array) : 0;
    char *copy = calloc((size_t)*length + 1, 1);
    if (copy && *length > 0) ((get_byte_array_region)(*env)[GET_BYTE_ARRAY_REGION])(env, array, 0, *length, copy);
    return copy;
}

/* `words`: the words of the command line, each ended by NUL. `line`: what the app says of itself, the first line of the
 * job, or null. `tag`: with it every line goes to Android's log too. `assets`: the app's AssetManager, or null. Never
 * returns: a process measures once.
 *
 * The file of `out=` is made before anything else, so that wrong arguments are told there too. */
__attribute__((visibility("default"), noreturn)) void Java_dev_devbench_runner_Native_run(
    jni_env env, void *class, void *words, void *line, void *tag, void *assets) {
    static char *arguments[256] = {"devbench-runner"};
    int32_t length, unused;
    int count = 1;
    char *text = bytes_of(env, words, &length), *first = bytes_of(env, line, &unused), *nonce = bytes_of(env, tag, &unused);
    (void)class;
    if (!text || !first || !nonce) _exit(EXIT_FAILED);
    if (nonce[0]) mirror_start(nonce);
    assets_are(env, assets);
    for (char *word = text; word < text + length && count < COUNT_OF(arguments); word += strlen(word) + 1) {
        if (strncmp(word, "out=", 4) != 0) {
            arguments[count++] = word;
            continue;
        }
        job_create(word + 4);
        lines_tell_exit();
    }
    if (first[0]) line_ready(first);
    line_exit(main(count, arguments));
}

#endif
