"""Trained weights: those that Keras has on this computer are used, and only a person starts a download."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devbench.errors import ModelError

_CONNECT_S = 10.0
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretrained:
    """Trained weights that exist for a network: Keras' name for the file, and where it can be fetched."""

    file: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What a network gets: `imagenet` with its file, `seeded`, `trained` here, or `file` where it brings its own.

    `note` says why that is second best.
    """

    kind: str
    file: Path | None = None
    note: str | None = None


def keras_models_folder() -> Path:
    """Where Keras keeps what it has downloaded."""
    return Path.home() / ".keras" / "models"


def choose_weights(asked: str, pretrained: Pretrained | None, folder: Path) -> Weights:
    """What there is for `asked` (`imagenet` or `seeded`), without touching the network."""
    if asked != "imagenet":
        return Weights(kind="seeded")
    if pretrained is None:
        return Weights(kind="seeded", note="there are no ImageNet weights for this network")
    file = folder / pretrained.file
    if file.is_file():
        return Weights(kind="imagenet", file=file)
    return Weights(
        kind="seeded",
        note=f"ImageNet weights are not on this computer ({pretrained.file});"
        " devbench variants build --download fetches them",
    )


def download_weights(
    pretrained: Pretrained, folder: Path, progress: Callable[[str], None], *, deadline_s: float = 600.0
) -> None:
    """Fetches the weights into `folder` unless they are there; ModelError when it fails or takes too long."""
    target = folder / pretrained.file
    if target.is_file():
        return
    progress(f"fetching {pretrained.url}")
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{pretrained.file}.part"
    try:
        _fetch(pretrained.url, part, time.monotonic() + deadline_s)
        part.replace(target)
    except (OSError, urllib.error.URLError, http.client.HTTPException) as e:
        raise ModelError(
            f"{pretrained.url} could not be fetched: {e}",
            fix=f"leave out --download for seeded weights, or put the file into {folder} yourself",
        ) from e
    finally:
        part.unlink(missing_ok=True)


def _fetch(url: str, part: Path, end: float) -> None:
    with urllib.request.urlopen(url, timeout=_CONNECT_S) as answer, part.open("wb") as file:
        expected = answer.headers.get("Content-Length")
        while chunk := answer.read(_CHUNK_BYTES):
            file.write(chunk)
            if time.monotonic() > end:
                raise TimeoutError("it takes too long")
        if expected is not None and file.tell() != int(expected):
            raise OSError(f"{file.tell()} of {expected} bytes came")
