"""Model files made step by step from a network; TensorFlow runs in a process of its own.

The way in is `build.build_variants`; nothing is imported here, because the worker process shares this package.
"""
