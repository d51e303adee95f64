/* An asset manager for tests: libandroid.so's functions, with files of the folder TOY_ASSETS as the assets. Never shipped.
 *
 * It says on stderr how it was asked, and closes only what it has opened. */
#include <stdio.h>
#include <stdlib.h>

struct asset {
    long length;
    char data[];
};

void *AAssetManager_fromJava(const void *env, void *object) { return env && object ? object : NULL; }

struct asset *AAssetManager_open(void *manager, const char *name, int mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("TOY_ASSETS"), name);
    FILE *file = manager ? fopen(path, "rb") : NULL;
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    struct asset *a = malloc(sizeof *a + (size_t)ftell(file));
    a->length = ftell(file);
    rewind(file);
    if (fread(a->data, 1, (size_t)a->length, file) != (size_t)a->length) return NULL;
    fclose(file);
    fprintf(stderr, "asset %s mode %d\n", name, mode);
    return a;
}

const void *AAsset_getBuffer(struct asset *a) { return a->data; }
long AAsset_getLength(struct asset *a) { return a->length; }
void AAsset_close(struct asset *a) { free(a); }
