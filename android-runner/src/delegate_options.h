/* Options of the XNNPACK delegate as the library itself makes them, whatever their size in its version. */
#ifndef DEVBENCH_DELEGATE_OPTIONS_H
#define DEVBENCH_DELEGATE_OPTIONS_H

#include "platform.h"

/* In every version the number of threads comes first. */
union delegate_options {
    int32_t num_threads;
    uint64_t words[32];
};

/* Fills `to` by `options_default`, a `…OptionsDefault` function that returns a structure of unknown size by value. */
void default_delegate_options(void *options_default, union delegate_options *to);

#endif
