/* Tensor types, and the inputs that host and phone both can make: see "Generated inputs" in PROTOCOL.md. */
#ifndef DEVBENCH_INPUTS_H
#define DEVBENCH_INPUTS_H

#include "platform.h"

/* Bits of one element of the type with NumPy's name `dtype`, or 0 where elements have no fixed size. */
int dtype_bits(const char *dtype);
/* Fills `bytes` bytes of input `index`; false when the generator does not know the type. */
bool fill_random(uint64_t seed, int index, const char *dtype, void *to, size_t bytes);

#endif
