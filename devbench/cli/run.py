"""`devbench run`: from a model file or a suite to a table, with everything kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from devbench.cli.environment import RESULTS, read_environment
from devbench.cli.lab import lab_of
from devbench.cli.options import (
    Abi,
    Allow,
    AllowReboot,
    Baseline,
    Cores,
    Delegate,
    Device,
    DryRun,
    Engine,
    Fast,
    HubPower,
    InputFile,
    InputShape,
    Json,
    LabAddress,
    LabKeys,
    Load,
    MaxAway,
    MaxParityAbs,
    MaxParityMse,
    MaxRounds,
    MaxSilence,
    Meter,
    Models,
    Out,
    Outputs,
    Passes,
    PrintedAs,
    Profile,
    Quiet,
    Resume,
    Rounds,
    RunnerWords,
    Seed,
    Signature,
    Strict,
    Suite,
    Threads,
    Tweaks,
)
from devbench.cli.parity_gate import limits_of
from devbench.cli.project_file import from_file
from devbench.console import Progress
from devbench.errors import UsageError

if TYPE_CHECKING:
    from devbench.runners.meter import Meter as Instrument

PRINTED_AS = ("table", "benchmark_model")
EXAMPLES = """
[bold]Examples[/bold]

`devbench run model.tflite` — a quick look on every connected phone

`devbench run a.tflite b.tflite --rounds 8 --baseline a` — two variants against each other

`devbench run m.tflite --runner native,benchmark_model=./benchmark_model` — beside the stock tool

`devbench run --suite quick --device virtual` — without a phone

`devbench run --suite talk --fast --device virtual` — the conference talk, reduced to minutes

`devbench run m.tflite --threads 1,2,4 --cores big,little,all` — which setting is best

`devbench run m.tflite --runner apk --load file,mmap,asset,asset-compressed` — where to keep it: column Load

`devbench run m.tflite --profile sustained` — ten minutes: does it last?

`devbench run m.tflite --passes latency,energy` — joules too, where the phone can tell them

`devbench run m.tflite --format benchmark_model` — in the words of TFLite's tool, for scripts that read them

`devbench run --suite quick --lab 10.0.0.5:8786` — on the phones of all hosts of a lab

`devbench run --resume latest` — what a pulled cable left undone

`devbench run --suite talk --allow-reboot --hub-power 'uhubctl -a cycle -l 1-1 -p 2'` — nobody is there at night
"""


def run(
    context: typer.Context,
    models: Models = None,
    suite: Suite = None,
    fast: Fast = False,
    device: Device = None,
    engine: Engine = None,
    runner: RunnerWords = None,
    delegate: Delegate = None,
    threads: Threads = None,
    cores: Cores = None,
    load: Load = None,
    abi: Abi = None,
    profile: Profile = None,
    rounds: Rounds = None,
    max_rounds: MaxRounds = None,
    passes: Passes = None,
    meter: Meter = None,
    allow: Allow = None,
    tweaks: Tweaks = None,
    seed: Seed = None,
    baseline: Baseline = None,
    input_file: InputFile = None,
    input_shape: InputShape = None,
    signature: Signature = None,
    outputs: Outputs = None,
    out: Out = RESULTS,
    resume: Resume = None,
    max_silence: MaxSilence = 300.0,
    max_away: MaxAway = 120.0,
    allow_reboot: AllowReboot = False,
    hub_power: HubPower = None,
    lab: LabAddress = None,
    lab_keys: LabKeys = None,
    max_parity_abs: MaxParityAbs = None,
    max_parity_mse: MaxParityMse = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    printed_as: PrintedAs = "table",
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure models on phones: latency, memory and CPU, with raw samples and a verdict for each number."""
    from devbench.cli.measuring import How, means_of, measure_new, measure_rest
    from devbench.cli.request import Asked
    asked = Asked(
        models=tuple(models or ()), suite=suite, engine=engine, runner=runner, delegate=delegate, abi=abi,
        threads=threads, cores=cores, profile=profile, rounds=rounds, seed=seed, baseline=baseline, device=device,
        inputs=tuple(input_file or ()), input_shapes=tuple(input_shape or ()), signature=signature,
        outputs=outputs, load=load, passes=passes, max_rounds=max_rounds, allow=allow, tweaks=tweaks, fast=fast,
    )  # fmt: skip
    environment = read_environment()
    with Progress(quiet=quiet) as progress:
        how = How(
            out=out, environment=environment, progress=progress, max_silence_s=max_silence, max_away_s=max_away,
            means=means_of(hub_power, allow_reboot=allow_reboot), dry_run=dry_run, meter=_meter(meter, passes),
            limits=limits_of(max_parity_abs, max_parity_mse), printed_as=_known(printed_as), strict=strict,
            lab=lab_of(lab, lab_keys, environment), from_file=from_file(context), json=json_,
        )  # fmt: skip
        raise typer.Exit(measure_new(asked, how) if resume is None else measure_rest(resume, asked, how))


def _known(printed_as: str) -> str:
    if printed_as not in PRINTED_AS:
        raise UsageError(f"--format {printed_as}: unknown", fix=f"one of: {', '.join(PRINTED_AS)}")
    return printed_as


def _meter(meter: str | None, passes: str | None) -> Instrument | None:
    from devbench.runners.meter import load_meter

    if meter is not None and "energy" not in (passes or "").split(","):
        raise UsageError("--meter is for pass energy", fix="--passes latency,energy")
    return None if meter is None else load_meter(meter)
