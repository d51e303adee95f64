"""`devbench graph`: what is in a model file and where its bytes are, before anything is measured or transformed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from devbench.graph.summary import GraphSummary, GraphTensor

EXAMPLES = """
[bold]Examples[/bold]

`devbench graph model.pb` — ops, inputs, outputs, parameters, bytes by op; TensorFlow need not be installed

`devbench graph model.tflite --picture bytes.svg` — where the bytes are, as a picture
"""
_PICTURES = (".svg", ".png")


def graph(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .pb (frozen GraphDef) or .tflite file.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also draw where the bytes are, to this .svg or .png file."),
    ] = None,
) -> None:
    """Summarise a .pb or .tflite: inputs, outputs, ops, parameters, versions, and bytes by op.

    Sizes are bytes in the file. A graph that cannot be run as it stands (variables, circles, missing inputs) is
    still summarised, and the reason told.
    """
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.graph.summary import summarise

    if picture is not None and picture.suffix not in _PICTURES:
        raise UsageError(f"--picture {picture}: a picture is {' or '.join(_PICTURES)}")
    summary = summarise(file)
    if as_json:
        print_json(to_json(summary))
    else:
        _print(summary)
    if picture is not None:
        _draw(summary, picture)
        print_line(f"wrote {picture}", to_stderr=True)


def _print(summary: GraphSummary) -> None:
    from devbench.console import print_line, print_table
    from devbench.units import show

    print_line(f"{summary.file}: .{summary.format}, {summary.size_bytes} bytes, {summary.nodes} nodes")
    print_line("inputs:   " + _tensors(summary.inputs))
    print_line("outputs:  " + _tensors(summary.outputs))
    print_line(f"parameters: {summary.parameters} in {summary.parameters_bytes} bytes of constants")
    if summary.functions:
        shown = ", ".join(f"{f.name} ({f.nodes} nodes)" for f in summary.functions[:5])
        print_line(f"functions: {len(summary.functions)}: {shown}")
    if summary.versions:
        print_line("versions: " + ", ".join(f"{name} {value}" for name, value in summary.versions.items()))
    for fault in summary.faults:
        print_line(f"warning: {fault}", to_stderr=True)
    total = max(summary.size_bytes, 1)
    rows = [
        (
            op.op,
            str(op.nodes),
            show(op.node_bytes, "byte"),
            show(op.constant_bytes, "byte"),
            f"{100 * op.size_bytes / total:.1f} %",
        )
        for op in summary.ops
    ]
    rows.append(
        (
            "everything else",
            "",
            show(summary.other_bytes, "byte"),
            "",
            f"{100 * summary.other_bytes / total:.1f} %",
        )
    )
    print_table(("op", "nodes", "the nodes themselves", "constants they read", "of the file"), rows)


def _tensors(tensors: tuple[GraphTensor, ...]) -> str:
    return ", ".join(f"{t.name} {t.dtype or 'type not said'}{_shape(t)}" for t in tensors) or "none"


def _shape(tensor: GraphTensor) -> str:
    if tensor.shape is None:
        return ", shape not said"
    return "[" + ",".join("?" if size is None else str(size) for size in tensor.shape) + "]"


def _draw(summary: GraphSummary, picture: Path) -> None:
    from devbench.graph.picture import draw_bytes
    from devbench.reports.pictures.base import Drawing
    from devbench.reports.pictures.style import SERIES, new_figure, png_of, svg_of

    def draw() -> Figure:
        figure = new_figure(11.0, 8.5)
        draw_bytes(figure, summary, colours=(SERIES[0], SERIES[4]))
        return figure

    drawing = Drawing(name="bytes", caption="Where the bytes are", draw=draw)
    try:
        if picture.suffix == ".svg":
            picture.write_text(svg_of(drawing, paper=True), encoding="utf-8")
        else:
            picture.write_bytes(png_of(drawing))
    except OSError as e:
        raise UsageError(f"--picture {picture} cannot be written: {e.strerror}") from e
