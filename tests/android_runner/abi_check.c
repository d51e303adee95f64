/* Checks, on each CPU that Android runs on, what depends on its calling convention. It has no C library, so that it is
 * built in a moment for any CPU; its exit code is 0, or the number of the check that failed. */
#include "delegate_options.h"

struct small {
    int32_t num_threads;
};
struct middle {
    int32_t num_threads;
    uint32_t flags;
    void *cache;
};
struct large {
    int32_t num_threads;
    uint32_t flags;
    void *cache;
    bool variables;
    const char *path;
    int64_t more[4];
};

__attribute__((noinline)) struct small small_default(void) { return (struct small){7}; }
__attribute__((noinline)) struct middle middle_default(void) { return (struct middle){8, 3, (void *)0x1234}; }
__attribute__((noinline)) struct large large_default(void) {
    return (struct large){9, 5, (void *)0x5678, true, (const char *)0x9abc, {1, 2, 3, 4}};
}

/* The two functions of the C library that are used. */
void *memset(void *to, int value, size_t n) {
    for (size_t i = 0; i < n; i++) ((volatile uint8_t *)to)[i] = (uint8_t)value;
    return to;
}

void *memcpy(void *to, const void *from, size_t n) {
    for (size_t i = 0; i < n; i++) ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

static int check_options(void) {
    union delegate_options o;
    default_delegate_options((void *)small_default, &o);
    if (o.num_threads != 7) return 1;
    default_delegate_options((void *)middle_default, &o);
    const struct middle *m = (const void *)&o;
    if (m->num_threads != 8 || m->flags != 3 || m->cache != (void *)0x1234) return 2;
    default_delegate_options((void *)large_default, &o);
    const struct large *l = (const void *)&o;
    if (l->num_threads != 9 || l->flags != 5 || l->cache != (void *)0x5678 || !l->variables) return 3;
    if (l->path != (const char *)0x9abc || l->more[3] != 4) return 4;
    return 0;
}

#ifndef __LP64__
uint64_t __udivdi3(uint64_t, uint64_t);
int64_t __divdi3(int64_t, int64_t);
double __floatdidf(int64_t);

static int check_arithmetic(void) {
    static const int64_t numbers[] = {0, 1, -1, 7, -7, 1000, 1000000007, -123456789012345678, INT64_MAX, INT64_MIN + 1};
    for (int i = 0; i < COUNT_OF(numbers); i++) {
        for (int k = 1; k < COUNT_OF(numbers); k++) {
            int64_t a = numbers[i], b = numbers[k], rest = a - __divdi3(a, b) * b;
            if ((uint64_t)(rest < 0 ? -rest : rest) >= (uint64_t)(b < 0 ? -b : b)) return 5;
            if (rest != 0 && (rest < 0) != (a < 0)) return 6;
        }
    }
    if (__udivdi3(UINT64_MAX, 3) != 0x5555555555555555ull || __udivdi3(7, 8) != 0) return 7;
    if (__floatdidf(-3) != -3.0 || __floatdidf(1ll << 40) != 1099511627776.0) return 8;
    if (__floatdidf(-123456789012345) != -123456789012345.0) return 9;
    return 0;
}
#else
static int check_arithmetic(void) { return 0; }
#endif

__attribute__((used)) void check(void) {
    int wrong = check_options();
    if (!wrong) wrong = check_arithmetic();
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(60), "D"(wrong));
#elif defined(__i386__)
    __asm__ volatile("int $0x80" : : "a"(1), "b"(wrong));
#elif defined(__aarch64__)
    register long number __asm__("x8") = 93;
    register long code __asm__("x0") = wrong;
    __asm__ volatile("svc #0" : : "r"(number), "r"(code));
#else
    /* r7 is Thumb's frame pointer: it may be written only where nothing follows */
    __asm__ volatile("mov r0, %0\n\tmovs r7, #1\n\tsvc #0" : : "r"(wrong) : "r0");
#endif
    for (;;) {
    }
}

#if defined(__x86_64__) || defined(__i386__)
__asm__(".globl _start\n_start:\n  call check\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n  bl check\n");
#else
__asm__(".arm\n.globl _start\n_start:\n  bl check\n");
#endif
