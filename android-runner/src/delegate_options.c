/* A structure returned by value comes in registers when it is small (4 bytes in TFLite 2.4, 16 in some later versions)
 * and otherwise through a hidden pointer, so its size would have to be known for each version. Instead the function gets
 * a buffer as for a large one; where the buffer is untouched afterwards, the registers hold the structure. */
#include "delegate_options.h"

#define UNTOUCHED 0xa5a5a5a5a5a5a5a5ull

struct two_words {
    uint64_t low, high;
};

/* Calls `f` with `buffer` where a hidden pointer is expected; what comes back in the return registers. */
static struct two_words call(void *f, void *buffer) {
#if defined(__x86_64__)
    /* The hidden pointer is the first argument. */
    return ((struct two_words(*)(void *))f)(buffer);
#elif defined(__aarch64__)
    /* It has a register of its own, x8. */
    register uint64_t x0 __asm__("x0") = 0;
    register uint64_t x1 __asm__("x1") = 0;
    register void *x8 __asm__("x8") = buffer;
    register void *x16 __asm__("x16") = f;
    __asm__ volatile("blr %3"
                     : "+r"(x0), "+r"(x1), "+r"(x8), "+r"(x16)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x17", "x30",
                       "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22",
                       "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
    return (struct two_words){x0, x1};
#elif defined(__arm__)
    /* The hidden pointer is the first argument; only 4 bytes and less come in a register. */
    return (struct two_words){((uint32_t(*)(void *))f)(buffer), 0};
#else
    /* x86 returns every structure by hidden pointer, which the function takes off the stack. */
    struct large {
        uint8_t bytes[sizeof(union delegate_options)];
    };
    *(struct large *)buffer = ((struct large(*)(void))f)();
    return (struct two_words){0, 0};
#endif
}

void default_delegate_options(void *options_default, union delegate_options *to) {
    memset(to, 0xa5, sizeof *to);
    struct two_words registers = call(options_default, to);
    uint32_t first = (uint32_t)to->words[0];
    if (first == (uint32_t)UNTOUCHED) {
        memset(to, 0, sizeof *to);
        to->words[0] = registers.low;
        to->words[1] = registers.high;
        return;
    }
    /* Nobody may read what the library did not write. */
    for (int i = 0; i < COUNT_OF(to->words); i++)
        if (to->words[i] == UNTOUCHED) to->words[i] = 0;
}
