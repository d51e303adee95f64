"""Time stays linear in any text because no pattern repeats without bound: checked by structure, not by a clock."""

import ast
import re
from pathlib import Path

import devbench.parse

_SOURCES = sorted(Path(devbench.parse.__file__).parent.rglob("*.py"))
_RE_CALLS = {"compile", "search", "match", "fullmatch", "findall", "finditer", "sub", "split"}


def _patterns(tree: ast.AST) -> list[str]:
    """String constants that are handed to `re`, or stand in a table from which patterns are compiled."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = getattr(getattr(node.func, "value", None), "id", "")
            if (owner == "re" and name in _RE_CALLS) or name in ("tuple", "_rules"):
                found += [
                    part.value
                    for part in ast.walk(node)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ]
    return found


def _bare(pattern: str) -> str:
    """`pattern` without escapes and character classes, in which * and + mean themselves."""
    return re.sub(r"\[\^?\]?[^\]]*\]", "", re.sub(r"\\.", "", pattern))


def test_no_pattern_repeats_without_bound() -> None:
    offenders = [
        (source.name, pattern)
        for source in _SOURCES
        for pattern in _patterns(ast.parse(source.read_text(encoding="utf-8")))
        if re.search(r"[*+]|\{[0-9]+,\}", _bare(pattern).replace("%", ""))
    ]
    assert offenders == []


def test_the_check_sees_patterns_and_what_is_unbounded() -> None:
    seen = [p for source in _SOURCES for p in _patterns(ast.parse(source.read_text(encoding="utf-8")))]
    assert len(seen) > 100
    assert re.search(r"[*+]", _bare(r"a[*]\+b*"))
    assert not re.search(r"[*+]", _bare(r"a[*+]\+b{0,9}"))
