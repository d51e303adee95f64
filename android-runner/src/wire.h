/* Reading protocol buffers without copying: one field after the other, never beyond the end. */
#ifndef DEVBENCH_WIRE_H
#define DEVBENCH_WIRE_H

#include "platform.h"

struct wire {
    const uint8_t *at, *end;
};

struct wire_field {
    int number;
    uint64_t value;     /* of a varint; else 0 */
    struct wire inside; /* of text, bytes and messages; else empty */
};

/* The next field; false at the end and where the bytes are no message. */
bool wire_next(struct wire *w, struct wire_field *field);

#endif
