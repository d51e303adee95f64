"""Energy of an inference: an external meter where there is one, else power rails, else the battery with no charger.

It is the whole phone's, or of all rails there are, while the process infers: idle power is not taken off. Where
nothing can be believed there is no number, and the reason.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from devbench.domain.measurement import Mark, Measurement
from devbench.domain.summary import Cell
from devbench.metrics.base import Reading, metric_of_runs
from devbench.parse.power import amperes, parse_gauge, parse_rails, volts

METER = "meter"  # the scrape with what an external meter said
MIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Power:
    """Mean power in W over a part of the steady phase, or why there is none."""

    watt: float | None
    reason: str | None = None


def _power(measurement: Measurement) -> _Power:
    meter = measurement.scrapes.get(METER)
    if meter is not None:
        return _of_meter(meter)
    files = [mark.files for mark in measurement.marks]
    rails = [texts for f in files if (texts := _ending(f, "energy_value"))]
    if rails:
        return _of_rails(rails)
    if any(path.endswith("/current_now") for f in files for path in f):
        return _of_battery(measurement)
    return _Power(watt=None, reason="the phone has no power rails and no battery gauge that its shell may see")


def _of_meter(text: str) -> _Power:
    said = json.loads(text)
    if said.get("error"):
        return _Power(watt=None, reason=f"the meter failed: {said['error']}")
    if said["seconds"] < MIN_SECONDS:
        return _Power(watt=None, reason=f"the meter was read for {said['seconds']:.2f} s only")
    return _Power(watt=said["joules"] / said["seconds"])


def _of_rails(marks: list[dict[str, str]]) -> _Power:
    """Each rail by its own clock: a counter is renewed a few times a second."""
    watt, found = 0.0, False
    for path, text in marks[0].items():
        first, last = parse_rails(text), parse_rails(marks[-1].get(path, ""))
        for name, begin in first.items():
            end = last.get(name)
            if end is None or end.counted_s - begin.counted_s < MIN_SECONDS:
                continue
            if end.energy_j < begin.energy_j:
                return _Power(watt=None, reason=f"the counter of power rail {name} began anew")
            watt += (end.energy_j - begin.energy_j) / (end.counted_s - begin.counted_s)
            found = True
    if not found:
        return _Power(watt=None, reason="the power rails' counters did not move for a second")
    return _Power(watt=watt)


def _of_battery(measurement: Measurement) -> _Power:
    plugged = _charger(measurement)
    if plugged is not None:
        return _Power(watt=None, reason=plugged)
    moments = [(mark.t_ns, *_gauge(mark)) for mark in measurement.marks]
    known = [(t, i, v) for t, i, raw in moments if i is not None and raw is not None and (v := volts(raw))]
    if len(known) < 2 or (known[-1][0] - known[0][0]) / 1e9 < MIN_SECONDS:
        return _Power(watt=None, reason="the battery's gauge gave no two readings a second apart")
    drawn = amperes([i for _, i, _ in known])
    watt = [i * v for i, (_, _, v) in zip(drawn, known, strict=True)]
    if not any(watt):
        return _Power(watt=None, reason="the battery's gauge reads 0: it does not measure")
    steps = list(zip(known, known[1:], watt, watt[1:], strict=False))
    joules = sum((b[0] - a[0]) / 1e9 * (p + q) / 2 for a, b, p, q in steps)
    return _Power(watt=joules / ((known[-1][0] - known[0][0]) / 1e9))


def _charger(measurement: Measurement) -> str | None:
    """Why the gauge says nothing of the phone: it shows what goes into or out of the battery, not what is used."""
    seen = {text.strip() for mark in measurement.marks for text in _ending(mark.files, "/status").values()}
    if seen - {"Discharging"}:
        return f"the charger is connected (battery: {', '.join(sorted(seen))}): pull the cable and use adb by Wi-Fi"
    states = (measurement.state_before, measurement.state_after)
    plugged = {state.plugged for state in states if state is not None and state.plugged is not None}
    if plugged - {"none"}:
        return f"the charger is connected ({', '.join(sorted(plugged))}): pull the cable and use adb by Wi-Fi"
    return None if seen or plugged else "the phone does not say whether its charger is connected"


def _gauge(mark: Mark) -> tuple[int | None, int | None]:
    current = next(iter(_ending(mark.files, "/current_now").values()), None)
    voltage = next(iter(_ending(mark.files, "/voltage_now").values()), None)
    return parse_gauge(current), parse_gauge(voltage)


def _ending(files: dict[str, str | None], name: str) -> dict[str, str]:
    return {path: text for path, text in files.items() if path.endswith(name) and text is not None}


def _watt(cell: Cell, measurement: Measurement) -> Reading:
    power = _power(measurement)
    return Reading(value=power.watt, n=1 if power.watt is not None else 0, reason=power.reason)


def _steady_s(measurement: Measurement) -> float | None:
    return next((u.wall_ns / 1e9 for u in measurement.usage if u.phase == "steady" and u.wall_ns > 0), None)


def _joule(cell: Cell, measurement: Measurement) -> Reading:
    watt, seconds = _watt(cell, measurement), _steady_s(measurement)
    if watt.value is None or seconds is None:
        return Reading(value=None, n=0, reason=watt.reason or "the runner gave no usage of the steady phase")
    return Reading(value=watt.value * seconds)


def _joule_per_inference(cell: Cell, measurement: Measurement) -> Reading:
    joule, inferences = _joule(cell, measurement), len(measurement.samples_ns("steady"))
    if joule.value is None or not inferences:
        return Reading(value=None, n=0, reason=joule.reason or "the runner gave no sample of phase steady")
    return Reading(value=joule.value / inferences, n=inferences)


METRICS = (
    metric_of_runs(
        _joule_per_inference,
        name="energy_per_inference",
        unit="joule",
        label="Energy",
        of="an inference",
        better="lower",
        pass_name="energy",
        column=86,
        optional=True,
    ),
    metric_of_runs(_joule, name="energy", unit="joule", label="Energy, whole", pass_name="energy", optional=True),
    metric_of_runs(
        _watt,
        name="power",
        unit="watt",
        label="Power",
        better="lower",
        pass_name="energy",
        column=87,
        optional=True,
    ),
)
