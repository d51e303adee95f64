"""The conditions a phone is measured under: gates before, tweaks during, read-back after, rests between."""

from devbench.conditions.canary import (
    better_baseline,
    canary_ratio,
    load_baseline,
    read_canary,
    save_baseline,
)
from devbench.conditions.cooldown import CoolDown, Rest, Warmth, warmth_of
from devbench.conditions.during import add_run_look, run_script
from devbench.conditions.facts import Facts, Findings, Missing
from devbench.conditions.gate import Countdown, Gate, Passage, parse_allow, pass_gate
from devbench.conditions.look import look
from devbench.conditions.readback import MILD_IDS, taints_of_run
from devbench.conditions.rules import GATE_IDS, check
from devbench.conditions.safety import Guard, settle
from devbench.conditions.tweaked import Tweaks, tweaked
from devbench.conditions.tweaks import ORDER as TWEAKS
from devbench.conditions.tweaks import WAKE_SDK

__all__ = [
    "GATE_IDS",
    "MILD_IDS",
    "TWEAKS",
    "WAKE_SDK",
    "CoolDown",
    "Countdown",
    "Facts",
    "Findings",
    "Gate",
    "Guard",
    "Missing",
    "Passage",
    "Rest",
    "Tweaks",
    "Warmth",
    "add_run_look",
    "better_baseline",
    "canary_ratio",
    "check",
    "load_baseline",
    "look",
    "parse_allow",
    "pass_gate",
    "read_canary",
    "run_script",
    "save_baseline",
    "settle",
    "taints_of_run",
    "tweaked",
    "warmth_of",
]
