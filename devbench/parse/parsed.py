"""What `devbench parse` hands out: one object for every kind, so that scripts need to know one shape only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devbench.domain.codec import Json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One text's values by the keys of docs/parse.md; `source` is the format or era that was recognised."""

    kind: str
    source: str
    warnings: tuple[str, ...]
    values: dict[str, Json]

    def to_json(self) -> dict[str, Json]:
        """One flat object: `kind`, `source`, `warnings`, then the values of the kind."""
        return {"kind": self.kind, "source": self.source, "warnings": list(self.warnings), **self.values}


def as_parsed(kind: str, value: Any) -> Parsed:
    """A kind's dataclass as `Parsed`: its `source` and `warnings` apart, its other fields as values."""
    fields = to_json(value)
    assert isinstance(fields, dict)
    source = str(fields.pop("source"))
    fields.pop("warnings")
    return Parsed(kind=kind, source=source, warnings=value.warnings, values=fields)
