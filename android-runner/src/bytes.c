#include "bytes.h"

void *read_whole(const char *path, size_t *size, struct failure *f) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    char *data = end < 0 ? NULL : malloc((size_t)end + 1);
    ssize_t got = 1;
    if (!data) {
        fail(f, fd < 0 ? "bad-model" : "out-of-memory", "model", errno, "%s: %s", path, strerror(errno));
        return NULL;
    }
    for (*size = 0; *size < (size_t)end && got > 0; *size += (size_t)(got > 0 ? got : 0))
        got = pread(fd, data + *size, (size_t)end - *size, (off_t)*size);
    close(fd);
    if (*size == (size_t)end) return data;
    fail(f, "bad-model", "model", errno, "%s cannot be read to its end", path);
    free(data);
    return NULL;
}

static const void *map_whole(const char *path, size_t *size, struct failure *f) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    void *data = end <= 0 ? MAP_FAILED : mmap(NULL, (size_t)end, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) fail(f, "bad-model", "model", errno, "%s cannot be mapped: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    *size = (size_t)end;
    return data == MAP_FAILED ? NULL : data;
}

/* ---- assets: libandroid.so is in every app's process ---- */

#define BUFFER_MODE 3 /* all of it at once: mapped where it is stored */

static struct {
    const void *env;
    void *manager;
} app;

void assets_are(const void *env, void *manager) {
    app.env = env;
    app.manager = manager;
}

static struct {
    void *(*from_java)(const void *env, void *object);
    void *(*open)(void *manager, const char *name, int mode);
    const void *(*buffer)(void *asset);
    long (*length)(void *asset); /* off_t: models of more than 2 GB do not fit into 32 bits, nor does a flatbuffer */
    void (*close)(void *asset);
} asset_api;

static int find_asset_api(struct failure *f) {
    static const char *const names[] = {"AAssetManager_fromJava", "AAssetManager_open", "AAsset_getBuffer",
                                        "AAsset_getLength", "AAsset_close"};
    void **const to[] = {(void **)&asset_api.from_java, (void **)&asset_api.open, (void **)&asset_api.buffer,
                         (void **)&asset_api.length, (void **)&asset_api.close};
    if (!app.manager) return fail(f, "usage", "model", 0, "load=asset: this process is no app, and has no assets");
    void *library = dlopen("libandroid.so", RTLD_NOW | RTLD_LOCAL);
    if (!library) return fail(f, "link", "model", 0, "%s", dlerror());
    for (int i = 0; i < COUNT_OF(names); i++) {
        *to[i] = dlsym(library, names[i]);
        if (!*to[i]) return fail(f, "link", "model", 0, "libandroid.so has no %s", names[i]);
    }
    return 0;
}

/* The opened asset, its bytes and their number; NULL with `f` filled. */
static void *open_asset(const char *name, const void **data, size_t *size, struct failure *f) {
    if (!asset_api.close && find_asset_api(f) != 0) return NULL;
    void *asset = asset_api.open(asset_api.from_java(app.env, app.manager), name, BUFFER_MODE);
    *data = asset ? asset_api.buffer(asset) : NULL;
    if (*data) {
        *size = (size_t)asset_api.length(asset);
        return asset;
    }
    fail(f, "bad-model", "model", 0, asset ? "asset %s cannot be read" : "the app has no asset %s", name);
    if (asset) asset_api.close(asset);
    return NULL;
}

int warm_asset(const char *name, struct failure *f) {
    const void *data;
    size_t size;
    void *asset = open_asset(name, &data, &size, f);
    static volatile char sum;
    for (size_t at = 0; asset && at < size; at += 4096) sum = (char)(sum + ((const char *)data)[at]);
    if (asset) asset_api.close(asset);
    return asset ? 0 : -1;
}

bool way_is_known(const char *way) {
    return strcmp(way, "file") == 0 || strcmp(way, "mmap") == 0 || strcmp(way, "asset") == 0;
}

int bring_bytes(const char *way, const char *path, const char *name, const void **data, size_t *size, struct failure *f) {
    if (strcmp(way, "asset") == 0) return open_asset(name, data, size, f) ? 0 : -1;
    *data = strcmp(way, "mmap") == 0 ? map_whole(path, size, f) : read_whole(path, size, f);
    return *data ? 0 : -1;
}
