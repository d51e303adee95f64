"""Model files made step by step from a network; TensorFlow lives only here, in a process of its own."""
