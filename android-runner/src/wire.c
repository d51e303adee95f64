#include "wire.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static bool varint(struct wire *w, uint64_t *value) {
    *value = 0;
    for (int shift = 0; w->at < w->end && shift < 64; shift += 7) {
        uint8_t byte = *w->at++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return true;
    }
    return false;
}

static bool skip(struct wire *w, uint64_t n) {
    if (n > (uint64_t)(w->end - w->at)) return false;
    w->at += n;
    return true;
}

bool wire_next(struct wire *w, struct wire_field *field) {
    uint64_t key, n;
    *field = (struct wire_field){0};
    if (!varint(w, &key)) return false;
    field->number = (int)(key >> 3);
    switch (key & 7) {
    case VARINT:
        return varint(w, &field->value);
    case FIXED64:
        return skip(w, 8);
    case FIXED32:
        return skip(w, 4);
    case BYTES:
        if (!varint(w, &n)) return false;
        field->inside.at = w->at;
        if (!skip(w, n)) return false;
        field->inside.end = w->at;
        return true;
    default:
        return false;
    }
}
