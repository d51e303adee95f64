"""Model files: what they hold, read without TensorFlow."""
