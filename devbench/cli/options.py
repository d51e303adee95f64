"""The options of the commands that measure, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Models: TypeAlias = Annotated[
    list[Path] | None, typer.Argument(metavar="MODEL", help="Model files: .tflite or .pb.")
]

RunnerWords: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Ways to run, with commas: native, apk, apk-background, app_process, benchmark_model\\[=PATH]. "
        "Default: native."
    ),
]
Suite: TypeAlias = Annotated[str | None, typer.Option(help="Name of a suite, or its TOML file.")]
Fast: TypeAlias = Annotated[
    bool, typer.Option("--fast", help="The suite's reduced form: smaller networks, fewer rounds.")
]
Device: TypeAlias = Annotated[
    str | None,
    typer.Option(help="all (default), virtual, model=NAME, name, serial, host:port/serial; with commas."),
]
Engine: TypeAlias = Annotated[
    str | None, typer.Option(help="NAME\\[@VERSION]\\[=LIBRARY], several with commas. Default: by target.")
]
Delegate: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="xnnpack (default), none, xnnpack-fp16, gpu, gpu-fp16, nnapi, external=LIBRARY; with commas. "
        "Options stand behind as ;KEY:VALUE."
    ),
]
Threads: TypeAlias = Annotated[
    str | None, typer.Option(help="Threads, several with commas. Default: 4, or the cores there are.")
]
Cores: TypeAlias = Annotated[str | None, typer.Option(help="Core groups: big, little, all. Default: big.")]
Load: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="How a model gets into memory: engine (default: its own way), file, mmap; apps also asset, "
        "asset-compressed; with commas."
    ),
]
Abi: TypeAlias = Annotated[
    str | None, typer.Option(help="ABIs that the phone runs, several with commas. Default: its first.")
]
Profile: TypeAlias = Annotated[
    str | None,
    typer.Option(help="quick, standard, tail or sustained. Default: quick for files, else the suite's."),
]
Rounds: TypeAlias = Annotated[
    int | None, typer.Option(min=1, max=100, help="Processes per variant, no more. Default: the profile's.")
]
MaxRounds: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, max=100, help="Rounds are added while an interval is wide. Default: 20 in standard."),
]
Passes: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="latency, resources, parity, ops, accuracy, energy: some, with commas. Default: the profile's."
    ),
]
Meter: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="MODULE:CLASS", help="Your instrument on the phone's supply, for pass energy."),
]
Allow: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="ID,…", help="Conditions a phone may be in, as HOT,LOW-BATTERY; they mark results."),
]
Tweaks: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="What is changed on a phone and put back: all, none or some. Default: all; quick: none."
    ),
]
Seed: TypeAlias = Annotated[
    int | None, typer.Option(min=0, help="Of the order and generated inputs. Default: 0.")
]
Baseline: TypeAlias = Annotated[str | None, typer.Option(help="Variant that others are compared with.")]
InputFile: TypeAlias = Annotated[
    list[str] | None, typer.Option("--input", metavar="NAME=FILE", help="Raw bytes for one input.")
]
InputShape: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="NAME=1,224,224,3", help="Shape of an input with open dimensions.")
]
Signature: TypeAlias = Annotated[str | None, typer.Option(help="Signature of the model to run.")]
Outputs: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="NODES", help="What is computed of a .pb, with commas. Default: nodes nobody reads."),
]
Out: TypeAlias = Annotated[Path, typer.Option(help="Folder of results; a run is a folder below it.")]
Resume: TypeAlias = Annotated[
    str | None, typer.Option(metavar="RUN", help="Do what is left of a run: its folder, its id, or latest.")
]
MaxSilence: TypeAlias = Annotated[
    float, typer.Option(min=1, help="Seconds without a line from the phone that count as a hang.")
]
MaxAway: TypeAlias = Annotated[
    float, typer.Option(min=1, help="Seconds that a phone may stay away before its rest is left for --resume.")
]
AllowReboot: TypeAlias = Annotated[
    bool, typer.Option("--allow-reboot", help="A phone that does not answer may be rebooted.")
]
HubPower: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND", help="Switches a phone's USB port off and on when it stays away; {serial} is its own."
    ),
]
MaxParityAbs: TypeAlias = Annotated[
    float | None,
    typer.Option(
        min=0, help="Exit code 4 if an answer is further from the network's own on the host, or from float32's."
    ),
]
MaxParityMse: TypeAlias = Annotated[
    float | None,
    typer.Option(min=0, help="Likewise, of the mean squared distance."),
]
Strict: TypeAlias = Annotated[bool, typer.Option(help="Exit code 4 unless every number is trusted.")]
DryRun: TypeAlias = Annotated[bool, typer.Option(help="Show what would be measured, and stop.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
PrintedAs: TypeAlias = Annotated[
    str, typer.Option("--format", help="table, or benchmark_model: the stock tool's own words, for scripts.")
]
LabAddress: TypeAlias = Annotated[
    str | None,
    typer.Option("--lab", metavar="HOST:PORT", help="The phones of a lab's hosts, by its scheduler."),
]
LabKeys: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The lab's keys. Default: lab/keys in $DEVBENCH_HOME.")
]
