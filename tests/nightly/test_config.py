"""lab.toml: what it says becomes values, and each mistake names its line and the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.errors import UsageError
from devbench.nightly import load_config


def config(folder: Path, text: str) -> Path:
    path = folder / "lab.toml"
    path.write_text(text)
    return path


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    lab = load_config(config(tmp_path, """
device = "model=Pixel,host:5037/abc"
results = "nights"
lab = "/var/lib/lab"
weekly = "monday"
confirmations = 3
keep_nights = 90
max_silence_s = 60
quarantine_after = 5
hub_power = "uhubctl -a cycle"
allow_reboot = true

[[run]]
suite = "tiny"
profile = "quick"
rounds = 5
threads = [1, 4]
allow = ["USB-POWER", "BUSY"]

[[run]]
models = ["build/*.tflite", "extra.pb"]
engine = "litert"

[notify]
webhook_env = "HOOK"
junit = "out/night.xml"
always = true
"""))  # fmt: skip
    assert (lab.device, lab.results, lab.lab) == (
        "model=Pixel,host:5037/abc",
        tmp_path / "nights",
        Path("/var/lib/lab"),
    )
    assert (lab.rules.weekly, lab.rules.most_trials, lab.rules.keep_nights, lab.max_silence_s) == (
        0,
        3,
        90,
        60,
    )
    assert (lab.quarantine_after, lab.hub_power, lab.allow_reboot) == (5, "uhubctl -a cycle", True)
    first, second = lab.runs
    assert (first.suite, first.profile, first.rounds) == ("tiny", "quick", 5)
    assert first.words == {"threads": "1,4", "allow": "USB-POWER,BUSY"}
    assert (second.suite, second.models, second.words) == (
        None,
        ("build/*.tflite", "extra.pb"),
        {"engine": "litert"},
    )
    assert (lab.notify.webhook_env, lab.notify.junit, lab.notify.always) == (
        "HOOK",
        tmp_path / "out/night.xml",
        True,
    )


def test_one_run_is_enough(tmp_path: Path) -> None:
    lab = load_config(config(tmp_path, '[[run]]\nsuite = "tiny"\n'))
    assert (lab.device, lab.results, lab.lab) == ("all", tmp_path / "results", tmp_path / "lab")
    assert (lab.rules.weekly, lab.notify.webhook, lab.notify.junit) == (6, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[run]]\nsuit = "tiny"', r"line 2: unknown key 'suit'.*did you mean 'suite'"),
        ('devise = "all"\n[[run]]\nsuite = "tiny"', r"line 1: unknown key 'devise'.*did you mean 'device'"),
        ('[[run]]\nsuite = "tiny"\nprofile = "quik"', r"line 3: profile cannot be 'quik'.*did you mean 'quick'"),
        ('weekly = "sonday"\n[[run]]\nsuite = "tiny"', r"did you mean '(sunday|monday)'"),
        ('[[run]]\nsuite = "tiny"\nrounds = 0', "rounds is 0, but lies between 1 and 100"),
        ('[[run]]\nsuite = "tiny"\nrounds = "5"', "must be a whole number"),
        ('[[run]]\nsuite = "tiny"\nfast = "yes"', "must be true or false"),
        ('[[run]]\nsuite = "tiny"\nmodels = "m.tflite"', "either a suite or models"),
        ("[[run]]\nrounds = 5", "either a suite or models"),
        ('device = "all"', r"at least one \[\[run\]\]"),
        ('[run]\nsuite = "tiny"', r"write \[\[run\]\], in two brackets"),
        ('run = "tiny"', r"at least one \[\[run\]\]"),
        ('[[run]]\nsuite = "tiny"\n[notify]\nwebhok = "x"', r"line 4: unknown key 'webhok'.*mean 'webhook'"),
        ('[[run]]\nsuite = "tiny"\n[notify]\nwebhook = "file:///etc/passwd"', "no http or https address"),
        ('[[run]]\nsuite = "tiny"\n[notify]\nwebhook = "https://a/b"\nwebhook_env = "H"', "not both"),
        ('[[run]]\nsuite = "tiny"\n[notify]\nwebhook_env = "A B"', "no name of an environment variable"),
        ("[[run]\n", "is not TOML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(config(tmp_path, text))
    import re

    assert re.search(said, str(caught.value), re.DOTALL), str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml cannot be read"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        load_config(tmp_path / "binary.toml")
