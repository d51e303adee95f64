"""Kinds of sources, one a file: `SCHEME:NAME` in a recipe is NAME in the file `SCHEME.py`."""
