"""What every page has in common: it needs no network, escapes what it shows, and runs its own script only."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment


def page_environment() -> Environment:
    """Templates of this package; every string is escaped, and a name that is not there is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("devbench.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def template_text(name: str) -> str:
    """A style or script that stands in the page."""
    return (resources.files("devbench.reports") / "templates" / name).read_text(encoding="utf-8")


def content_policy(style: str, script: str) -> str:
    """A Content-Security-Policy that lets in just this style and this script, by their hashes."""

    def source(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def csv_link(text: str) -> str:
    """A CSV file inside a link."""
    return "data:text/csv;charset=utf-8," + quote(text, safe=",;:/.-_()+=@!*")
