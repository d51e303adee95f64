/* Delegates of TensorFlow Lite by the word that asks for them: in the engine's own library, or in one beside it. */
#ifndef DEVBENCH_TFLITE_DELEGATES_H
#define DEVBENCH_TFLITE_DELEGATES_H

#include "engine.h"
#include "tflite_api.h"

/* `destroy` may be NULL. */
struct tflite_delegate {
    tfl_delegate *delegate;
    void (*destroy)(tfl_delegate *);
};

/* Makes what `o->delegate` says (`none`: nothing) with functions of `library`, of `delegate_lib=`, or of the phone. */
int make_tflite_delegate(const struct run_options *o, void *library, const char *version, struct tflite_delegate *to,
                         struct failure *f);

#endif
