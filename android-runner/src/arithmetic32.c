/* What a compiler calls by name on 32-bit CPUs; elsewhere it comes with the C library. */
#include "platform.h"

#if defined(DEVBENCH_BIONIC) && !defined(__LP64__)

#define HIDDEN __attribute__((used, visibility("hidden")))

HIDDEN uint64_t __udivdi3(uint64_t dividend, uint64_t divisor) {
    uint64_t quotient = 0, rest = 0;
    for (int bit = 63; bit >= 0; bit--) {
        rest = rest << 1 | (dividend >> bit & 1);
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1ull << bit;
        }
    }
    return quotient;
}

HIDDEN int64_t __divdi3(int64_t dividend, int64_t divisor) {
    uint64_t quotient = __udivdi3(dividend < 0 ? -(uint64_t)dividend : (uint64_t)dividend,
                                  divisor < 0 ? -(uint64_t)divisor : (uint64_t)divisor);
    return (dividend < 0) != (divisor < 0) ? -(int64_t)quotient : (int64_t)quotient;
}

HIDDEN double __floatdidf(int64_t value) {
    return (double)(int32_t)(value >> 32) * 4294967296.0 + (double)(uint32_t)value;
}

#ifdef __arm__
/* The exception tables name it; nothing here unwinds. */
HIDDEN void __aeabi_unwind_cpp_pr0(void) {}
#endif

#endif
