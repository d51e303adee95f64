/* SHA-256 (FIPS 180-4), because old phones have no tool for it. */
#ifndef DEVBENCH_SHA256_H
#define DEVBENCH_SHA256_H

#include "platform.h"

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};

void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_hex(struct sha256 *s, char hex[65]);

int command_sha256(int count, char **files);

#endif
