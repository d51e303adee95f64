#include "stand_ins.h"

#ifdef STAND_INS /* folder of the libraries, given by build.py */

#define EMBED(name) \
    __asm__(".section .rodata." #name ",\"a\"\n.balign 8\n.hidden " #name "\n.globl " #name "\n" #name ":\n" \
            ".incbin \"" STAND_INS "/" #name ".so\"\n.hidden " #name "_end\n.globl " #name "_end\n" #name "_end:\n.text\n"); \
    extern const char name[], name##_end[]
EMBED(libandroid);
EMBED(libz);

static int write_library(const char *path, const char *from, const char *end) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    if (fd < 0) return -1;
    bool whole = write(fd, from, (size_t)(end - from)) == end - from;
    return close(fd) == 0 && whole ? 0 : -1;
}

/* A linker knows what it has loaded by soname, before Android 6 by the name of the file: so it must have that name. */
static int load(const char *folder, const char *name, const char *from, const char *end, struct failure *f) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path || write_library(path, from, end) != 0)
        return fail(f, errno == ENOSPC ? "disk-full" : "engine", "engine", errno, "%s: %s", path, strerror(errno));
    void *library = dlopen(path, RTLD_NOW);
    unlink(path);
    return library ? 0 : fail(f, "link", "engine", 0, "%s: %s", name, dlerror());
}

int load_stand_ins(const char *beside, struct failure *f) {
    char folder[3072];
    const char *slash = strrchr(beside, '/');
    int length = slash ? (int)(slash - beside) : 0;
    if (length > 2048) return fail(f, "usage", "engine", 0, "%s: the path is too long", beside);
    snprintf(folder, sizeof folder, "%.*s%sstand-ins-%d", length, beside, slash ? "/" : "", getpid());
    if (mkdir(folder, 0700) != 0) return fail(f, "engine", "engine", errno, "%s: %s", folder, strerror(errno));
    int result = load(folder, "libandroid.so", libandroid, libandroid_end, f);
    if (result == 0 && !dlopen("libz.so", RTLD_NOW)) result = load(folder, "libz.so", libz, libz_end, f);
    rmdir(folder);
    return result;
}

#else

int load_stand_ins(const char *beside, struct failure *f) {
    (void)beside, (void)f;
    return 0;
}

#endif
