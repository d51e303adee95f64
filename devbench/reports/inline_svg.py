"""Makes a drawn SVG part of a page: its styles become classes and its colours the page's variables.

A strict Content-Security-Policy forbids style attributes, and classes that all pictures share keep the page small.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from devbench.reports.pictures.style import COLOUR_VARIABLES

_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_FONT = re.compile(r"font: ?(?:[a-z]+ )*([0-9.]+px)[^;]*")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_DIGITS = re.compile(r"(\.\d)\d+")
_HIDDEN = {"metadata", "title", "desc", "style"}
_COORDINATES = {"d", "x", "y", "width", "height", "x1", "x2", "y1", "y2", "points"}


class StyleSheet:
    """The classes of a page's pictures, one for each different style."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, style: str) -> str:
        return self._names.setdefault(style, f"k{len(self._names)}")

    def css(self) -> str:
        return "\n".join(f".{name}{{{style}}}" for style, name in self._names.items())


def inline_svg(svg: str, sheet: StyleSheet, prefix: str, title: str) -> str:
    """`svg` as an element for HTML, named `title` for screen readers; `prefix` keeps its ids apart."""
    root = ElementTree.fromstring(svg[svg.index("<svg") :])
    used = {match for text in _attribute_values(root) for match in _REFERENCE.findall(text)}
    used |= {
        text[1:] for text in _attribute_values(root) if text.startswith("#") and not _COLOUR.fullmatch(text)
    }
    _rewrite(root, sheet, prefix, used)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", title)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _attribute_values(root: ElementTree.Element) -> list[str]:
    return [value for element in root.iter() for value in element.attrib.values()]


def _rewrite(element: ElementTree.Element, sheet: StyleSheet, prefix: str, used: set[str]) -> None:
    element.tag = element.tag.rpartition("}")[2]
    attributes = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    element.attrib.clear()
    for name, value in attributes.items():
        if name == "style":
            element.set("class", sheet.name(_style(value, prefix)))
        elif name == "id":
            if value in used:
                element.set("id", prefix + value)
        elif value.startswith("#") and value[1:] in used:
            element.set(name, f"#{prefix}{value[1:]}")
        elif name in _COORDINATES:
            element.set(name, _DIGITS.sub(r"\1", value))
        else:
            element.set(name, _REFERENCE.sub(rf"url(#{prefix}\1)", _variables(value)))
    element.text = (element.text or "").strip() or None
    element.tail = None
    for child in list(element):
        if child.tag.rpartition("}")[2] in _HIDDEN:
            element.remove(child)
        else:
            _rewrite(child, sheet, prefix, used)


def _style(style: str, prefix: str) -> str:
    style = _FONT.sub(r"font-size: \1", style)
    return _REFERENCE.sub(rf"url(#{prefix}\1)", _variables(style))


def _variables(text: str) -> str:
    return _COLOUR.sub(lambda found: _variable(found[0]), text)


def _variable(colour: str) -> str:
    name = COLOUR_VARIABLES.get(colour)
    return f"var({name})" if name else colour
