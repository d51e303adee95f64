"""All nouns of devbench, one a file: frozen, slotted, keyword-only dataclasses that know no I/O."""
