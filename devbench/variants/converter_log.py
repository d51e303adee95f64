"""What a converter's own words say, because its dump of a thousand lines hides the one name that matters."""

from __future__ import annotations

import re

_TAIL_CHARACTERS = 600
# MLIR: … error: 'tf.BitwiseAnd' op is neither a custom op nor a flex op
_REFUSED = re.compile(r"'(tf\.\w+)' op is neither a custom op nor a flex op")
# With the place it stands at: loc(callsite(fused["BitwiseAnd:", "model/best/BitwiseAnd@__inference…"]
_PLACE = re.compile(r'fused\["(\w+):", "([^"@]+)@')
_CHATTER = re.compile(r"^(?:[IWE]\d{4} |\d{4}-\d\d-\d\d |WARNING|INFO|[IWE]0000 )")


def refused_operators(text: str) -> tuple[str, ...]:
    """Operators of TensorFlow that the converter has no equivalent for, with a place where it says one."""
    places = dict(_PLACE.findall(text))
    names = dict.fromkeys(name.removeprefix("tf.") for name in _REFUSED.findall(text))
    return tuple(f"{name} (at {places[name]})" if name in places else name for name in names)


def explained(text: str) -> str:
    """One paragraph for a person: the refused operators, or else the beginning of the converter's message."""
    refused = refused_operators(text)
    if refused:
        return f"TFLite has no operator for {', '.join(refused)}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:6])[:_TAIL_CHARACTERS] or "it gave no reason"


def log_tail(text: str) -> str:
    """The last lines of a log that are not routine messages of TensorFlow."""
    refused = refused_operators(text)
    lines = [line for line in text.splitlines() if line.strip() and not _CHATTER.match(line)]
    tail = "\n".join(lines)[-_TAIL_CHARACTERS:].strip()
    return f"refused: {', '.join(refused)}\n{tail}" if refused else tail
