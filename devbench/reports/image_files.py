"""The pictures as files, SVG and PNG, for slides and documents; the same bytes for the same run."""

from __future__ import annotations

from pathlib import Path

from devbench.reports.base import Format, Report
from devbench.reports.pictures import Drawing, all_pictures
from devbench.reports.pictures.style import png_of, svg_of


def _drawings(report: Report) -> list[tuple[str, Drawing]]:
    return [
        (f"{picture.name}-{drawing.name}", drawing)
        for picture in all_pictures()
        for drawing in picture.drawings(report)
    ]


def write_svg(report: Report, folder: Path) -> tuple[Path, ...]:
    """`<picture>-<phone>.svg` for everything that the run has data for."""
    paths = []
    for name, drawing in _drawings(report):
        path = folder / f"{name}.svg"
        path.write_text(svg_of(drawing, paper=True), encoding="utf-8")
        paths.append(path)
    return tuple(paths)


def write_png(report: Report, folder: Path) -> tuple[Path, ...]:
    """`<picture>-<phone>.png` for everything that the run has data for."""
    paths = []
    for name, drawing in _drawings(report):
        path = folder / f"{name}.png"
        path.write_bytes(png_of(drawing))
        paths.append(path)
    return tuple(paths)


FORMATS = (
    Format(name="svg", sentence="the pictures as SVG", write=write_svg),
    Format(name="png", sentence="the pictures as PNG", write=write_png),
)
