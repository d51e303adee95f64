"""`devbench transform`: TensorFlow 1's transform_graph, with what it lacked: checks, a deadline, and a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.errors import UsageError

if TYPE_CHECKING:
    from devbench.graph.transform_report import TransformReport, TransformStep
    from devbench.graph.transform_spec import ParameterSpec

EXAMPLES = """
[bold]Examples[/bold]

`devbench transform --in-graph model.pb --out-graph small.pb --inputs input --outputs softmax --transforms
'strip_unused_nodes fold_constants(ignore_errors=true) fold_batch_norms quantize_weights'`

`devbench transform --in-graph keras.pb --out-graph old.pb --transforms
'fold_keras_batch_norms downgrade_ops(runtime=tfmobile-1.4.0)'` — for TensorFlow Mobile; inputs and outputs guessed

`devbench transform --list` — every transform with its parameters
"""


InGraph = Annotated[
    Path | None,
    typer.Option("--in-graph", "--in_graph", metavar="FILE", help="The GraphDef: a .pb, or as text."),
]
OutGraph = Annotated[
    Path | None,
    typer.Option("--out-graph", "--out_graph", metavar="FILE", help="Where to write; may be the same file."),
]
Inputs = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Inputs: nodes, or tensors as name:1. Default: the placeholders."),
]
Outputs = Annotated[
    str | None, typer.Option(metavar="C,D", help="Outputs. Default: what no other node reads.")
]
Transforms = Annotated[
    str | None,
    typer.Option(metavar="STRING", help='What to do in order: name name(parameter=value, other="1,2").'),
]
List = Annotated[
    bool, typer.Option("--list", help="Explain every transform and its parameters, with defaults.")
]
Json = Annotated[bool, typer.Option("--json", help="The report as one JSON object on stdout.")]
Deadline = Annotated[
    float, typer.Option(metavar="SECONDS", help="For each transform; one that takes longer is stopped.")
]
Parity = Annotated[
    bool, typer.Option(help="Run the graph before and after each transform on seeded inputs and compare.")
]
AsText = Annotated[
    bool, typer.Option("--output-as-text", "--output_as_text", help="Write the graph as text.")
]


def transform(
    in_graph: InGraph = None,
    out_graph: OutGraph = None,
    inputs: Inputs = None,
    outputs: Outputs = None,
    transforms: Transforms = None,
    list_: List = False,
    as_json: Json = False,
    deadline: Deadline = 120.0,
    parity: Parity = True,
    output_as_text: AsText = False,
) -> None:
    """Transform a frozen graph (.pb) by TensorFlow's graph transforms and devbench's own.

    The string is checked before anything runs. Each transform is reported: nodes and bytes by op before and after,
    time, and how far the outputs are from those of the graph that went in. The file is written when all are done.
    """
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.graph.transform import transform_graph

    if list_:
        _list(as_json)
        return
    if in_graph is None or out_graph is None or transforms is None:
        raise UsageError(
            "--in-graph, --out-graph and --transforms are needed",
            fix="devbench transform --help has examples",
        )
    if not deadline > 0:
        raise UsageError(f"--deadline {deadline:g}: it must be more than 0 seconds")
    report = transform_graph(
        in_graph,
        out_graph,
        transforms,
        inputs=_names(inputs),
        outputs=_names(outputs),
        parity=parity,
        as_text=output_as_text,
        deadline_s=deadline,
        progress=lambda text: print_line(text, to_stderr=True),
    )
    if as_json:
        print_json(to_json(report))
    else:
        _print(report)


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def _print(report: TransformReport) -> None:
    from devbench.console import print_line, print_table
    from devbench.units import show

    print_line(
        f"inputs: {', '.join(report.inputs) or 'none'}; outputs: {', '.join(report.outputs)}; {report.tool}"
    )
    rows = [
        (
            step.transform,
            f"{step.nodes_before} → {step.nodes_after}",
            f"{show(step.bytes_before, 'byte')} → {show(step.bytes_after, 'byte')}",
            show(step.time_ns, "ns"),
            _parity(step),
        )
        for step in report.steps
    ]
    print_table(("transform", "nodes", "bytes", "time", "apart at most"), rows)
    for step in report.steps:
        _print_step(step)
    print_line(f"wrote {report.out_graph}: {report.steps[-1].bytes_after} bytes, sha256 {report.out_sha256}")


def _print_step(step: TransformStep) -> None:
    from devbench.console import print_line

    print_line(f"{step.transform}:")
    if step.ignored_error is not None:
        print_line(f"  left out, since it failed and ignore_errors is set: {step.ignored_error}")
    for note in step.notes:
        print_line(f"  {note}")
    for change in step.ops:
        if change.changed:
            print_line(
                f"  {change.op}: {change.nodes_before} → {change.nodes_after} nodes, "
                f"{change.bytes_before} → {change.bytes_after} bytes"
            )
    if step.parity_reason is not None:
        print_line(f"  not compared: {step.parity_reason}")


def _parity(step: TransformStep) -> str:
    if step.parity_max_abs is None:
        return "–"
    return f"{step.parity_max_abs:.2g} of {step.reference_max_abs or 0.0:.2g}"


def _list(as_json: bool) -> None:
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.graph.transform_spec import IGNORE_ERRORS, all_specs

    specs = all_specs()
    if as_json:
        print_json({"transforms": [to_json(spec) for spec in specs.values()]})
        return
    for spec in specs.values():
        print_line(f"{spec.name}{'' if spec.native else '  (devbench)'}")
        print_line(f"    {spec.does}" + (f" Goes after {spec.before}." if spec.before else ""))
        for parameter in spec.parameters:
            print_line(f"    {parameter.name}: {_explained(parameter)}")
    print_line(f"every transform\n    {IGNORE_ERRORS.name}: {_explained(IGNORE_ERRORS)}")


def _explained(parameter: ParameterSpec) -> str:
    facts = [parameter.kind]
    if parameter.required:
        facts.append("needed")
    elif parameter.default is not None:
        facts.append(f"default {parameter.default or 'empty'}")
    if parameter.least is not None:
        facts.append(f"{parameter.least} or more")
    if parameter.repeats:
        facts.append("may repeat")
    return f"{parameter.does} ({', '.join(facts)})"
