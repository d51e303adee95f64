#include "fake_jni.h"

/* Numbers of functions are those of the JNI specification's table. */
#define FUNCTIONS 233

static struct jni_object *live;
static const void *table[FUNCTIONS];
static const void *const *environment = table;
static bool pending;
static char message[900];

static void out_of_memory(void) {
    struct failure f = {0};
    fail(&f, "out-of-memory", "engine", 0, "no memory for an array");
    line_failure(&f);
    _exit(EXIT_FAILED);
}

static struct jni_object *make(int32_t length, size_t element) {
    struct jni_object *o = calloc(1, sizeof *o);
    if (!o) out_of_memory();
    o->length = length;
    o->owned = element > 0;
    if (o->owned && !(o->data = calloc((size_t)length + 1, element))) out_of_memory();
    o->next = live;
    live = o;
    return o;
}

struct jni_object *jni_array(void *data, size_t length) {
    struct jni_object *o = make((int32_t)length, 0);
    o->data = data;
    return o;
}

struct jni_object *jni_text(const char *text) {
    struct jni_object *o = make((int32_t)strlen(text), 1);
    memcpy(o->data, text, (size_t)o->length + 1);
    return o;
}

struct jni_object *jni_mark(void) { return live; }

void jni_release(struct jni_object *mark) {
    while (live != mark) {
        struct jni_object *o = live;
        live = o->next;
        if (o->owned) free(o->data);
        free(o);
    }
}

const char *jni_exception(void) {
    bool was = pending;
    pending = false;
    return was ? message : NULL;
}

/* ---- the table ---- */

static int32_t get_version(jni_env e) {
    (void)e;
    return 0x00010006;
}

static struct jni_object *new_text(jni_env e, const char *text) {
    (void)e;
    return jni_text(text);
}

static int32_t throw_new(jni_env e, struct jni_object *class, const char *text) {
    (void)e, (void)class;
    if (!pending) snprintf(message, sizeof message, "%s", text ? text : "");
    pending = true;
    return 0;
}

static struct jni_object *exception_occurred(jni_env e) {
    (void)e;
    return pending ? make(0, 0) : NULL;
}

static void exception_describe(jni_env e) { (void)e; }

static void exception_clear(jni_env e) {
    (void)e;
    pending = false;
}

static uint8_t exception_check(jni_env e) {
    (void)e;
    return pending;
}

static void delete_local(jni_env e, struct jni_object *o) { (void)e, (void)o; }

static int32_t length_of(jni_env e, struct jni_object *o) {
    (void)e;
    return o->length;
}

static void *get_elements(jni_env e, struct jni_object *o, uint8_t *copied) {
    (void)e;
    if (copied) *copied = 0;
    return o->data;
}

static void release_elements(jni_env e, struct jni_object *o, void *data, int32_t mode) {
    (void)e, (void)o, (void)data, (void)mode;
}

static struct jni_object *get_element(jni_env e, struct jni_object *o, int32_t index) {
    (void)e;
    return ((struct jni_object **)o->data)[index];
}

static struct jni_object *new_bytes(jni_env e, int32_t n) {
    (void)e;
    return make(n, 1);
}

static struct jni_object *new_ints(jni_env e, int32_t n) {
    (void)e;
    return make(n, 4);
}

static struct jni_object *new_longs(jni_env e, int32_t n) {
    (void)e;
    return make(n, 8);
}

static void *region(struct jni_object *o, int32_t start, int32_t n, size_t element) {
    if (start >= 0 && n >= 0 && start <= o->length - n) return (char *)o->data + (size_t)start * element;
    throw_new(NULL, NULL, "a part of an array reaches past its end");
    return NULL;
}

#define REGION(name, element) \
    static void set_##name(jni_env e, struct jni_object *o, int32_t start, int32_t n, const void *from) { \
        void *to = region(o, start, n, element); \
        (void)e; \
        if (to) memcpy(to, from, (size_t)n * (element)); \
    }
REGION(bytes, 1)
REGION(ints, 4)
REGION(longs, 8)
#undef REGION

static void get_bytes(jni_env e, struct jni_object *o, int32_t start, int32_t n, void *to) {
    const void *from = region(o, start, n, 1);
    (void)e;
    if (from) memcpy(to, from, (size_t)n);
}

static struct jni_object *new_direct(jni_env e, void *data, int64_t capacity) {
    (void)e;
    return jni_array(data, (size_t)capacity);
}

static void *direct_address(jni_env e, struct jni_object *o) {
    (void)e;
    return o->data;
}

static int64_t direct_capacity(jni_env e, struct jni_object *o) {
    (void)e;
    return o->length;
}

static void unknown(void) {
    struct failure f = {0};
    fail(&f, "engine", "engine", 0, "the library calls a function of JNI that it is not known to need");
    line_failure(&f);
    _exit(EXIT_FAILED);
}

jni_env jni_start(void) {
    static const struct {
        int number;
        const void *function;
    } known[] = {
        {4, get_version},         {6, new_text /* a class is its name */}, {14, throw_new},          {15, exception_occurred},
        {16, exception_describe}, {17, exception_clear},  {23, delete_local},       {167, new_text},
        {168, length_of},         {169, get_elements},    {170, release_elements},  {171, length_of},
        {173, get_element},       {176, new_bytes},       {179, new_ints},          {180, new_longs},
        {184, get_elements},      {187, get_elements},    {188, get_elements},      {192, release_elements},
        {195, release_elements},  {196, release_elements}, {200, get_bytes},        {208, set_bytes},
        {211, set_ints},          {212, set_longs},       {228, exception_check},   {229, new_direct},
        {230, direct_address},    {231, direct_capacity},
    };
    for (int i = 0; i < FUNCTIONS; i++) table[i] = unknown;
    for (int i = 0; i < COUNT_OF(known); i++) table[known[i].number] = known[i].function;
    return &environment;
}
