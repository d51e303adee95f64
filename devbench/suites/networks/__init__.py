"""Networks of our own, one a file: `build()` gives a Keras model; its random weights follow Keras' seed."""
