"""The Typer app: commands mounted in the order a user meets them, and the one place that ends the process."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import devbench
from devbench.cli import (
    aa,
    agent,
    baseline,
    check,
    clean,
    compare,
    devices,
    doctor,
    engines,
    graph,
    history,
    import_,
    lab,
    nightly,
    parse,
    report,
    run,
    runner,
    size,
    transform,
    variants,
    virtual,
)
from devbench.cli.project_file import WithProjectFile

app = typer.Typer(
    name="devbench",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="On-device machine-learning benchmarks over ADB.",
    epilog="First number without a phone: `devbench run --device virtual`. Exit codes: 0 all measured · "
    "1 some jobs failed · 2 usage · 3 no usable device · 4 a gate failed · 130 interrupted.",
)


def _version(value: bool) -> None:
    if value:
        print(f"devbench {devbench.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """On-device machine-learning benchmarks over ADB."""


app.command("run", cls=WithProjectFile, epilog=run.EXAMPLES)(run.run)
app.command("report", cls=WithProjectFile, epilog=report.EXAMPLES)(report.report)
app.command("devices", epilog=devices.EXAMPLES)(devices.devices)
app.command("doctor", cls=WithProjectFile)(doctor.doctor)
app.add_typer(variants.app, name="variants")
app.add_typer(engines.app, name="engines")
app.add_typer(virtual.app, name="virtual")
app.add_typer(runner.app, name="runner")
app.command("compare", cls=WithProjectFile, epilog=compare.EXAMPLES)(compare.compare)
app.command("aa", cls=WithProjectFile, epilog=aa.EXAMPLES)(aa.aa)
app.command("check", cls=WithProjectFile, epilog=check.EXAMPLES)(check.check)
app.command("history", cls=WithProjectFile, epilog=history.EXAMPLES)(history.history)
app.command("nightly", epilog=nightly.EXAMPLES)(nightly.nightly)
app.add_typer(baseline.app, name="baseline")
app.add_typer(lab.app, name="lab")
app.command("agent", epilog=agent.EXAMPLES)(agent.agent)
app.command("graph", epilog=graph.EXAMPLES)(graph.graph)
app.command("transform", epilog=transform.EXAMPLES)(transform.transform)
app.command("import", cls=WithProjectFile, epilog=import_.EXAMPLES)(import_.import_)
app.command("clean", cls=WithProjectFile, epilog=clean.EXAMPLES)(clean.clean)
app.command("size", epilog=size.EXAMPLES)(size.size)
app.command("parse")(parse.parse)


def main() -> None:
    """The console script `devbench`."""
    import signal

    from devbench.console import plain_where_needed
    from devbench.errors import DevbenchError

    plain_where_needed()
    # what a CI job that is cancelled gets: end as on Ctrl-C, with everything measured so far and a clean phone
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except DevbenchError as error:
        from devbench.console import complain

        complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # `devbench … | head`: the reader left, which is no error of ours; keep Python from flushing again
        sys.stderr.close()
        sys.exit(0)
