"""`devbench baseline`: what nights are held against: accept an alert, pin a release, list both."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.lab import ResultsOfLab, lab_config, results_of
from devbench.cli.options import Json

if TYPE_CHECKING:
    from devbench.nightly import LabFolder

app = typer.Typer(
    no_args_is_help=True,
    help="What nights are held against: accept an alert, pin a release, list both.",
    epilog="`devbench baseline list` · `devbench baseline accept 20260109-3f2a --reason 'new preprocessing'` · "
    "`devbench baseline pin latest --name v2.1`",
)
Lab = Annotated[
    Path | None,
    typer.Option(help="The lab's own folder: key `lab` of its configuration. Default: ./lab.toml's, or lab."),
]


@app.command()
def accept(
    alerts: Annotated[list[str], typer.Argument(metavar="ALERT…", help="As the night named them; or `all`.")],
    reason: Annotated[str | None, typer.Option(help="Why this is how things are now; kept.")] = None,
    lab: Lab = None,
) -> None:
    """Take what an alert told as how things are: its lines begin anew on the night it came."""
    from devbench.console import print_line
    from devbench.errors import UsageError
    from devbench.nightly.words import alert_sentence

    folder = _folder(lab)
    known = {alert.alert: alert for alert in folder.alerts()}
    waiting = [name for name, alert in known.items() if alert.state in ("open", "watch")]
    names = [n for n in waiting if known[n].state == "open"] if alerts == ["all"] else alerts
    for name in names:
        if name not in waiting:
            word = f"is {known[name].state} already" if name in known else "is not known"
            raise UsageError(f"alert {name} {word}", fix=f"one of: {', '.join(waiting) or 'none is open'}")
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    for name in names:
        alert = dataclasses.replace(known[name], state="accepted", changed_at=now, reason=reason)
        folder.write_alert(alert)
        print_line(f"accepted: {alert_sentence(alert)}")
    if not names:
        print_line("no alert is open")


@app.command()
def pin(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, a run's id, or `latest`.")],
    variant: Annotated[list[str] | None, typer.Option(help="Only this variant; may be given again.")] = None,
    name: Annotated[str | None, typer.Option(help="What the release is called, as v2.1.")] = None,
    out: ResultsOfLab = None,
    lab: Lab = None,
) -> None:
    """Hold later nights against this run, beside their own history: small steps add up."""
    from devbench import store
    from devbench.console import print_line
    from devbench.errors import UsageError
    from devbench.history import History
    from devbench.nightly import LabFolder
    from devbench.nightly.night import SCREENED
    from devbench.nightly.pins import load_pins, pins_of, replaced, save_pins

    found = store.find(out or results_of(lab_config(None)), run)
    folder = LabFolder(_place(lab))
    history = History(folder.path / "history.sqlite")
    history.refresh([found.path])
    pins = pins_of(history.lines(SCREENED), found.run_id, variants=variant or (), name=name)
    if not pins:
        raise UsageError(f"run {found.run_id} has no latency to pin" + (f" of {variant}" if variant else ""))
    header = store.read_header(found.path)
    for each in header.variants:
        if any(pin.files.model_sha256 == each.sha256 for pin in pins) and folder.model(each.sha256) is None:
            folder.keep_model(each)
    for artifact in header.artifacts:
        if artifact.role == "engine" and folder.engine(artifact.sha256) is None:
            folder.keep_engine(artifact)
    save_pins(folder, replaced(load_pins(folder), pins))
    for each_pin in pins:
        print_line(f"pinned: {each_pin.device}: {each_pin.variant} of {each_pin.night}")


@app.command()
def unpin(
    variants: Annotated[list[str], typer.Argument(metavar="VARIANT…", help="Variants, or `all`.")],
    lab: Lab = None,
) -> None:
    """Forget the pinned release of variants."""
    from devbench.console import print_line
    from devbench.errors import UsageError
    from devbench.nightly.pins import load_pins, save_pins

    folder = _folder(lab)
    pins = load_pins(folder)
    known = {pin.variant for pin in pins}
    for name in variants:
        if name != "all" and name not in known:
            raise UsageError(
                f"{name} is not pinned", fix=f"one of: {', '.join(sorted(known)) or 'nothing is'}"
            )
    kept = [pin for pin in pins if "all" not in variants and pin.variant not in variants]
    save_pins(folder, kept)
    print_line(f"unpinned {len(pins) - len(kept)} lines, {len(kept)} left")


@app.command("list")
def list_(lab: Lab = None, json_: Json = False) -> None:
    """Alerts as they stand, and pinned releases."""
    from devbench.console import print_json, print_line, print_table
    from devbench.domain.codec import to_json
    from devbench.nightly.pins import load_pins
    from devbench.nightly.words import alert_sentence

    folder = _folder(lab)
    alerts, pins = folder.alerts(), load_pins(folder)
    if json_:
        print_json({"alerts": to_json(alerts), "pins": to_json(pins)})
        return
    for alert in alerts:
        why = f" ({alert.reason})" if alert.reason else ""
        print_line(f"{alert.state}: {alert_sentence(alert)}{why}")
    if pins:
        rows = [(pin.name or "", pin.device, pin.variant, pin.night, pin.run_id) for pin in pins]
        print_table(("release", "device", "variant", "night", "run"), rows)
    if not alerts and not pins:
        print_line("no alert, no pin")


def _place(lab: Path | None) -> Path:
    if lab is not None:
        return lab
    config = lab_config(None)
    return Path("lab") if config is None else config.lab


def _folder(lab: Path | None) -> LabFolder:
    from devbench.errors import UsageError
    from devbench.nightly import LabFolder

    lab = _place(lab)
    if not lab.is_dir():
        raise UsageError(f"there is no lab in {lab}", fix="--lab FOLDER, or let `devbench nightly` run once")
    return LabFolder(lab)
