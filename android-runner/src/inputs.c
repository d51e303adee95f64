#include "inputs.h"

static const struct {
    const char *name;
    int bits;
} DTYPES[] = {{"float32", 32}, {"float16", 16}, {"bfloat16", 16}, {"float64", 64},   {"int8", 8},       {"uint8", 8},
              {"int16", 16},   {"uint16", 16},  {"int32", 32},    {"uint32", 32},    {"int64", 64},     {"uint64", 64},
              {"bool", 8},     {"int4", 4},     {"uint4", 4},     {"complex64", 64}, {"complex128", 128}};

int dtype_bits(const char *dtype) {
    for (int i = 0; i < COUNT_OF(DTYPES); i++)
        if (strcmp(DTYPES[i].name, dtype) == 0) return DTYPES[i].bits;
    return 0;
}

/* splitmix64: one step of its counter, then its finaliser. */
static uint64_t next_word(uint64_t *counter) {
    uint64_t z = *counter += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* k / 2048 - 1 for k in 0 … 4095, exactly, as the bits of an IEEE half: -1 … 2047/2048 in steps of 1/2048. */
static uint16_t half_bits(uint32_t k) {
    int32_t value = (int32_t)k - 2048;
    uint32_t sign = value < 0 ? 0x8000 : 0, magnitude = (uint32_t)(value < 0 ? -value : value), exponent = 25 - 11;
    if (magnitude == 0) return 0;
    while (magnitude < 1024) {
        magnitude <<= 1;
        exponent--;
    }
    while (magnitude >= 2048) {
        magnitude >>= 1;
        exponent++;
    }
    return (uint16_t)(sign | exponent << 10 | (magnitude & 1023));
}

static void fill_bytes(uint64_t counter, uint8_t mask, uint8_t *to, size_t n) {
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++, word >>= 8) {
        if (i % 8 == 0) word = next_word(&counter);
        to[i] = (uint8_t)word & mask;
    }
}

bool fill_random(uint64_t seed, int index, const char *dtype, void *to, size_t bytes) {
    uint64_t mixed = seed, counter = next_word(&mixed) ^ (uint64_t)index;
    if (strcmp(dtype, "float32") == 0 || strcmp(dtype, "complex64") == 0) {
        for (size_t i = 0; i < bytes / 4; i++)
            ((float *)to)[i] = (float)(int32_t)(next_word(&counter) >> 40) * 0x1p-23f - 1.0f;
    } else if (strcmp(dtype, "float64") == 0 || strcmp(dtype, "complex128") == 0) {
        for (size_t i = 0; i < bytes / 8; i++)
            ((double *)to)[i] = (double)(int32_t)(next_word(&counter) >> 40) * 0x1p-23 - 1.0;
    } else if (strcmp(dtype, "float16") == 0) {
        for (size_t i = 0; i < bytes / 2; i++) ((uint16_t *)to)[i] = half_bits((uint32_t)(next_word(&counter) >> 52));
    } else if (strcmp(dtype, "bfloat16") == 0) {
        for (size_t i = 0; i < bytes / 2; i++) {
            float value = (float)(int32_t)(next_word(&counter) >> 56) * 0x1p-7f - 1.0f;
            uint32_t word;
            memcpy(&word, &value, 4);
            ((uint16_t *)to)[i] = (uint16_t)(word >> 16);
        }
    } else if (strcmp(dtype, "int32") == 0 || strcmp(dtype, "uint32") == 0) {
        for (size_t i = 0; i < bytes / 4; i++) ((uint32_t *)to)[i] = (uint32_t)(next_word(&counter) >> 63);
    } else if (strcmp(dtype, "int64") == 0 || strcmp(dtype, "uint64") == 0) {
        for (size_t i = 0; i < bytes / 8; i++) ((uint64_t *)to)[i] = next_word(&counter) >> 63;
    } else if (strcmp(dtype, "bool") == 0) {
        fill_bytes(counter, 1, to, bytes);
    } else if (dtype_bits(dtype) != 0) {
        fill_bytes(counter, 0xff, to, bytes);
    } else {
        return false;
    }
    return true;
}
