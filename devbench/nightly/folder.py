"""The lab's own folder: alerts, pins, and the files of past nights, so that an earlier one can be measured again.

alerts.jsonl            a line each time an alert changes; the last one of an alert counts
pins.json               releases that later nights are held against
models/SHA256[.json]    every model file that a night measured, and what it is
engines/SHA256/LIBRARY  every engine library, with SHA256.json beside
confirmations/RUN       what was measured to confirm
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from devbench.domain.codec import from_json, to_json
from devbench.domain.run import Artifact
from devbench.domain.variant import Variant
from devbench.engines import engine_table
from devbench.errors import StoreError
from devbench.hashing import sha256_of
from devbench.nightly.alert import ALERT_SCHEMA, Alert
from devbench.store import sync_folder, write_atomically

ALERTS = "alerts.jsonl"


class LabFolder:
    """All methods raise StoreError where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def confirmations(self) -> Path:
        return self.path / "confirmations"

    @property
    def pins(self) -> Path:
        return self.path / "pins.json"

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert as it stands, in the order in which they came."""
        found: dict[str, Alert] = {}
        for number, line in enumerate(_lines(self.path / ALERTS), start=1):
            try:
                data = json.loads(line)
            except ValueError:
                continue  # a power cut in mid-line; the alert stands as it did before
            if data.get("schema", 0) > ALERT_SCHEMA:
                where = f"{self.path / ALERTS} line {number}"
                raise StoreError(f"{where} was written by a newer devbench", fix=StoreError.UPGRADE)
            alert = from_json(Alert, data)
            found[alert.alert] = alert
        return tuple(found.values())

    def write_alert(self, alert: Alert) -> None:
        """One line, on the disk when this returns."""
        line = json.dumps(to_json(alert), separators=(",", ":")) + "\n"
        with self._told(), open(self.path / ALERTS, "ab+") as file:
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
            sync_folder(self.path)

    def keep_model(self, variant: Variant) -> None:
        """A copy by content, before it is measured: the next build may overwrite it."""
        sha256, _ = variant.file
        place = self.path / "models" / sha256
        self._keep(Path(variant.path), sha256, place)
        self._describe(place, variant)

    def keep_engine(self, artifact: Artifact) -> None:
        """A copy of the library; one that stays where its packages are (TensorFlow's) cannot be kept."""
        known = engine_table().get(artifact.name)
        if known is None or known.in_place:
            return
        place = self.path / "engines" / artifact.sha256
        self._keep(Path(artifact.path), artifact.sha256, place / Path(artifact.path).name)
        self._describe(place, artifact)

    def model(self, sha256: str | None) -> Variant | None:
        """The variant with `path` in this folder; None when it was never kept."""
        if sha256 is None:
            return None
        place = self.path / "models" / sha256
        text = _text_or_none(place.with_name(f"{sha256}.json"))
        if text is None or not place.is_file():
            return None
        return from_json(Variant, {**json.loads(text), "path": str(place)})

    def engine(self, sha256: str) -> Artifact | None:
        """The same of an engine."""
        place = self.path / "engines" / sha256
        text = _text_or_none(place.with_name(f"{sha256}.json"))
        if text is None:
            return None
        artifact = from_json(Artifact, json.loads(text))
        path = place / Path(artifact.path).name
        return from_json(Artifact, {**json.loads(text), "path": str(path)}) if path.is_file() else None

    def forget_all_but(self, needed: Collection[str]) -> int:
        """Remove kept files that no hash in `needed` names; how many went."""
        gone = 0
        for folder in (self.path / "models", self.path / "engines"):
            for place in folder.iterdir() if folder.is_dir() else ():
                if place.name.partition(".")[0] in needed:
                    continue
                with self._told():
                    shutil.rmtree(place) if place.is_dir() else place.unlink()
                gone += place.suffix != ".json"
        return gone

    def _keep(self, source: Path, sha256: str, place: Path) -> None:
        if place.is_file():
            return
        part = place.with_name(place.name + ".part")
        with self._told():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, part)
        if sha256_of(part) != sha256:
            part.unlink()
            raise StoreError(
                f"{source} changed while it was read",
                fix="build models before the nightly job, not beside it",
            )
        part.replace(place)

    def _describe(self, place: Path, what: Variant | Artifact) -> None:
        path = place.with_name(f"{place.name}.json")
        if not path.is_file():
            with self._told():
                write_atomically(path, json.dumps(to_json(what), indent=1))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise StoreError(
                f"{error.filename or self.path}: {error.strerror or error}",
                fix="mend the disk or its permissions, or choose another folder: key `lab` of the configuration",
            ) from error


def _lines(path: Path) -> list[str]:
    text = _text_or_none(path)
    return [line for line in (text or "").split("\n") if line.strip()]


def _text_or_none(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
