#include "sha256.h"

#include "line.h"

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t word_at(const uint8_t *from) {
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* One round: instead of moving all eight words on, the next one names them differently. */
#define ROUND(a, b, c, d, e, f, g, h, i) \
    h += (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]; \
    d += h; \
    h += (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

static void compress_by_words(uint32_t state[8], const uint8_t block[64]) {
    uint32_t w[64], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6],
                    h = state[7];
    for (int i = 0; i < 16; i++) w[i] = word_at(block + 4 * i);
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 64; i += 8) {
        ROUND(a, b, c, d, e, f, g, h, i)
        ROUND(h, a, b, c, d, e, f, g, i + 1)
        ROUND(g, h, a, b, c, d, e, f, i + 2)
        ROUND(f, g, h, a, b, c, d, e, i + 3)
        ROUND(e, f, g, h, a, b, c, d, i + 4)
        ROUND(d, e, f, g, h, a, b, c, i + 5)
        ROUND(c, d, e, f, g, h, a, b, i + 6)
        ROUND(b, c, d, e, f, g, h, a, i + 7)
    }
    const uint32_t added[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) state[i] += added[i];
}

#if defined(__x86_64__)

typedef int words __attribute__((vector_size(16)));

/* With the SHA instructions of newer CPUs, several times as fast: an engine of a gigabyte is hashed, too. */
__attribute__((target("sha"))) static void compress_by_instructions(uint32_t state[8], const uint8_t block[64]) {
    words w[16], feba = {(int)state[5], (int)state[4], (int)state[1], (int)state[0]};
    words hgdc = {(int)state[7], (int)state[6], (int)state[3], (int)state[2]};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) w[i][k] = (int)word_at(block + 16 * i + 4 * k);
    for (int i = 4; i < 16; i++) {
        words sum = __builtin_ia32_sha256msg1(w[i - 4], w[i - 3]) + __builtin_shufflevector(w[i - 2], w[i - 1], 1, 2, 3, 4);
        w[i] = __builtin_ia32_sha256msg2(sum, w[i - 1]);
    }
    for (int i = 0; i < 16; i++) {
        words message = w[i] + (words){(int)K[4 * i], (int)K[4 * i + 1], (int)K[4 * i + 2], (int)K[4 * i + 3]};
        hgdc = __builtin_ia32_sha256rnds2(hgdc, feba, message);
        feba = __builtin_ia32_sha256rnds2(feba, hgdc, __builtin_shufflevector(message, message, 2, 3, 2, 3));
    }
    const int added[8] = {feba[3], feba[2], hgdc[3], hgdc[2], feba[1], feba[0], hgdc[1], hgdc[0]};
    for (int i = 0; i < 8; i++) state[i] += (uint32_t)added[i];
}

static bool has_instructions(void) {
    uint32_t a = 0, b, c = 0, d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (a < 7) return false;
    a = 7;
    c = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b >> 29 & 1;
}

static void compress(uint32_t state[8], const uint8_t block[64]) {
    static int known = -1;
    if (known < 0) known = has_instructions();
    if (known)
        compress_by_instructions(state, block);
    else
        compress_by_words(state, block);
}

#else

static void compress(uint32_t state[8], const uint8_t block[64]) { compress_by_words(state, block); }

#endif

void sha256_start(struct sha256 *s) {
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->state, initial, sizeof initial);
    s->bytes = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t n) {
    const uint8_t *from = data;
    while (n > 0) {
        size_t at = s->bytes % 64, take = 64 - at < n ? 64 - at : n;
        if (take == 64) {
            compress(s->state, from);
        } else {
            memcpy(s->block + at, from, take);
            if (at + take == 64) compress(s->state, s->block);
        }
        s->bytes += take;
        from += take;
        n -= take;
    }
}

void sha256_hex(struct sha256 *s, char hex[65]) {
    uint64_t bits = s->bytes * 8;
    static const uint8_t one = 0x80, zero = 0;
    uint8_t length[8];
    sha256_add(s, &one, 1);
    while (s->bytes % 64 != 56) sha256_add(s, &zero, 1);
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(s, length, 8);
    for (int i = 0; i < 8; i++) snprintf(hex + 8 * i, 9, "%08x", s->state[i]);
}

/* 0, or the errno that stopped it. */
static int hash_file(const char *path, struct sha256 *s) {
    static uint8_t chunk[64 * 1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
    if (fd < 0) return errno;
    sha256_start(s);
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) error = errno;
        if (n <= 0) break;
        sha256_add(s, chunk, (size_t)n);
    }
    close(fd);
    return error;
}

int command_sha256(int count, char **files) {
    int result = EXIT_OK;
    if (count == 0) usage_error("sha256 needs at least one file");
    for (int i = 0; i < count; i++) {
        struct sha256 s;
        char hex[65];
        int error = hash_file(files[i], &s);
        line_begin(error ? "missing" : "sha256");
        line_text("path", files[i]);
        if (error) {
            line_number("errno", error);
            line_text("error", strerror(error));
            result = EXIT_FAILED;
        } else {
            int64_t bytes = (int64_t)s.bytes;
            sha256_hex(&s, hex);
            line_text("sha256", hex);
            line_number("bytes", bytes);
        }
        line_end();
    }
    return result;
}
