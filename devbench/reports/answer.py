"""The answer in sentences, each with its doubt, composed from the data: nothing else is ever claimed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from devbench.domain.summary import CellSummary, Comparison
from devbench.reports.base import Report
from devbench.reports.sustained import sustained_words
from devbench.reports.table import label_of, phone_name
from devbench.stats import geometric_mean
from devbench.summary import varying_setup
from devbench.units import show, three_digits

_MOST_PHONES = 3
_MOST_SINGLES = 3
_MOST_FINDINGS = 4
# verdicts of a comparison in the order they are told
_OUTCOMES = {
    "faster": "show a faster variant",
    "slower": "show none that is faster",
    "same": "show the same time within 3 %",
    "small change": "show a change of less than 3 %",
    "inconclusive": "are undecided",
}
Group = list[CellSummary]


def answer_sentences(report: Report) -> tuple[str, ...]:
    """What the run found, best news first, then what failed; plain text, with many comparisons summed up."""
    found = _findings(report)
    if len(found) > _MOST_FINDINGS:
        found = _summed_up(report, found)
    return (*found, *_quick(report), *_failures(report.summaries))


def answer_details(report: Report) -> tuple[str, ...]:
    """Each finding by itself, where there are too many for the answer."""
    found = _findings(report)
    return tuple(found) if len(found) > _MOST_FINDINGS else ()


def _findings(report: Report) -> list[str]:
    compared, single = _groups(report)
    sentences: list[str] = []
    by_model: dict[str, list[Group]] = {}
    for group in compared:
        by_model.setdefault(group[0].cell.variant.model, []).append(group)
    for groups in by_model.values():
        if len(groups) > _MOST_PHONES:
            sentences.append(_over_phones(report, groups))
        else:
            sentences += [_compared(report, group) for group in groups]
    return [*sentences, *_singles(report, single), *_lasting(report)]


def _summed_up(report: Report, found: list[str]) -> list[str]:
    """How the comparisons went, the clearest difference, and where the doubt is largest."""
    groups = [(group, chosen[1]) for group in _groups(report)[0] if (chosen := _chosen(group)) is not None]
    if len(groups) <= _MOST_PHONES:
        return found[:_MOST_PHONES]
    counts = Counter(comparison.verdict for _, comparison in groups)
    told = [f"{counts[verdict]} {words}" for verdict, words in _OUTCOMES.items() if counts[verdict]]
    models = {group[0].cell.variant.model for group, _ in groups}
    phones = {group[0].cell.device.device for group, _ in groups}
    whose = f"{_counted(len(models), 'model')} on {_counted(len(phones), 'phone')}"
    sentences = [f"Of {len(groups)} comparisons with a baseline ({whose}), {', '.join(told)}."]
    known = [
        (group, c.verdict, c.low, c.high) for group, c in groups if c.low is not None and c.high is not None
    ]
    if faster := [item for item in known if item[1] == "faster"]:
        clearest = min(faster, key=lambda item: item[3])[0]
        sentences.append(f"The clearest: {_lowered(_compared(report, clearest))}")
    if known:
        undecided = [item for item in known if item[1] == "inconclusive"]
        widest = max(undecided or known, key=lambda item: item[3] / item[2])[0]
        sentences.append(f"The least sure: {_lowered(_compared(report, widest))}")
    return sentences


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def trust_line(report: Report) -> str:
    """How many numbers are trusted, tainted (and by what), inconclusive, a quick look, failed or skipped."""
    counts = Counter(s.verdict if s.status == "ok" else s.status for s in report.summaries)
    taints = Counter(t.id for s in report.summaries if s.status == "ok" for t in s.taints)
    words = []
    for verdict in ("trusted", "tainted", "inconclusive", "quick look", "failed", "skipped"):
        if counts[verdict]:
            noun = f"{counts[verdict]} {verdict}"
            words.append(noun + (f" ({', '.join(sorted(taints))})" if verdict == "tainted" else ""))
    if counts["quick look"] and taints:
        words.append(f"conditions met: {', '.join(sorted(taints))}")
    cells = "1 cell" if len(report.summaries) == 1 else f"{len(report.summaries)} cells"
    return f"Of {cells}: {', '.join(words)}." if words else "Nothing was measured."


def warnings_of(report: Report) -> tuple[str, ...]:
    """What a reader must know before any number; derived from what the phones declare of themselves."""
    devices = report.run.header.devices
    virtual = [d for d in devices if d.virtual]
    warnings = []
    if virtual:
        names = ", ".join(d.model for d in virtual)
        simulated = sorted({what for d in virtual for what in d.simulated})
        text = (
            f"These times are this computer's, not a phone's. {names}: virtual, running on the computer that made "
            "this run. A difference between virtual phones means nothing; one between variants on the same virtual "
            "phone is a difference on this computer."
        )
        if simulated:
            text += f" Simulated there: {', '.join(simulated)}."
        warnings.append(text)
    if any("IMPORTED" in d.labels for d in devices):
        source = report.run.header.options.get("imported_from", "a file")
        warnings.append(f"Imported from {source}: another tool measured it, under conditions that are not known.")
    emulated = [d.model for d in devices if "EMULATOR" in d.labels and not d.virtual]
    if emulated:
        warnings.append(f"Emulated, so slower than and unlike hardware: {', '.join(emulated)}.")
    if any(s.cell.abi.startswith("x86") for s in report.summaries):
        warnings.append(
            "Measured on x86: quantised models can be far slower or faster there than on ARM, so what int8 gains "
            "here says nothing about a phone."
        )
    return (*warnings, *report.run.warnings)


def _groups(report: Report) -> tuple[list[Group], Group]:
    """Cells of one phone and one baseline, reference first; and cells with nothing to compare with."""
    groups: dict[tuple[str, str], Group] = {}
    for summary in report.summaries:
        groups.setdefault((summary.cell.device.device, summary.cell.variant.model), []).append(summary)
    compared = [g for g in groups.values() if any(s.comparison for s in g)]
    return compared, [s for g in groups.values() if not any(s.comparison for s in g) for s in g]


def _name(report: Report, summary: CellSummary) -> str:
    """The variant, with what sets it apart from other cells of the same variant."""
    twins = [
        s.cell
        for s in report.summaries
        if (s.cell.variant.variant, s.cell.device.device)
        == (summary.cell.variant.variant, summary.cell.device.device)
    ]
    return label_of(summary, varying_setup(twins))


def _compared(report: Report, group: Group) -> str:
    where = f"On {phone_name(group[0], report)}"
    baseline = next(s.comparison.baseline for s in group if s.comparison)
    chosen = _chosen(group)
    if chosen is None:
        return f"{where}, nothing can be compared with {baseline}: no round has both."
    summary, comparison, ratio = chosen
    name = _name(report, summary)
    if comparison.verdict == "faster":
        doubt = _conditions_of(summary, group)
        return f"{where}, {name} is {_times(comparison, ratio)} than {baseline}{_smaller(group, summary)}{doubt}."
    if comparison.verdict == "slower":
        closest = f"the closest, {name}, is {_times(comparison, ratio)}"
        return f"{where}, no variant is faster than {baseline}: {closest}."
    if comparison.verdict == "same":
        return f"{where}, {name} and {baseline} take the same time within 3 % (ratio {_doubt(comparison, ratio)})."
    if comparison.verdict == "small change":
        word = "faster" if ratio < 1 else "slower"
        change = f"{100 * abs(ratio - 1):.1f} % {word}"
        return f"{where}, {name} is only {change} than {baseline} (ratio {_doubt(comparison, ratio)})."
    runs = f", {_runs(comparison.rounds)}" if comparison.low is not None else ""
    return (
        f"{where}, whether {name} is faster than {baseline} is undecided "
        f"(ratio {_doubt(comparison, ratio)}{runs}{_why_open(comparison)})."
    )


def _why_open(comparison: Comparison) -> str:
    """What would settle it, or why it is open although its interval leaves out 1."""
    if comparison.rounds_needed and comparison.rounds_needed > comparison.rounds:
        return f"; about {comparison.rounds_needed} rounds would settle it"
    if comparison.low is None or comparison.high is None or comparison.low <= 1 <= comparison.high:
        return ""
    corrected = comparison.p_value
    return f"; p {corrected:.2g} once corrected for the phone's other comparisons" if corrected else ""


def _chosen(group: Group) -> tuple[CellSummary, Comparison, float] | None:
    """The comparison that a sentence is about: the fastest that is surely faster, else the fastest."""
    found = [
        (s, s.comparison, s.comparison.ratio) for s in group if s.comparison and s.comparison.ratio is not None
    ]
    faster = [item for item in found if item[1].verdict == "faster"]
    return min(faster or found, key=lambda item: item[2], default=None)


def _conditions_of(summary: CellSummary, group: Group) -> str:
    """The conditions under which either side was measured, for the sentence that claims something of them."""
    reference = next((s for s in group if s.comparison is None), None)
    sides = (summary, reference) if reference else (summary,)
    ids = sorted({t.id for s in sides if s.verdict in ("tainted", "quick look") for t in s.taints})
    return f", measured under {', '.join(ids)}" if ids else ""


def _times(comparison: Comparison, ratio: float) -> str:
    """`2.1× faster (2.0–2.2)` or `1.3× slower (1.2–1.4)`."""
    faster = ratio < 1
    factor = 1 / ratio if faster else ratio
    if comparison.low is None or comparison.high is None:
        return f"{_factor(factor)}× {'faster' if faster else 'slower'}"
    ends = sorted((1 / comparison.low, 1 / comparison.high) if faster else (comparison.low, comparison.high))
    width = ends[1] - ends[0]
    low, middle, high = (_factor(value, width) for value in (ends[0], factor, ends[1]))
    return f"{middle}× {'faster' if faster else 'slower'} ({low}–{high})"


def _factor(value: float, width: float = 1.0) -> str:
    """Two digits or so, more where the interval around it is narrower than they can show."""
    digits = 2 if value < 2 else 1 if value < 20 else 0
    while digits < 2 and width < 2 * 10**-digits:
        digits += 1
    return f"{value:.{digits}f}"


def _doubt(comparison: Comparison, ratio: float) -> str:
    if comparison.low is None or comparison.high is None:
        return f"{three_digits(ratio)}, no interval from one round"
    return f"{three_digits(ratio)}, {three_digits(comparison.low)}–{three_digits(comparison.high)}"


def _smaller(group: Group, summary: CellSummary) -> str:
    reference = next((s for s in group if s.comparison is None), None)
    before = reference.cell.variant.size_bytes if reference else None
    after = summary.cell.variant.size_bytes
    if before is None or after is None:
        return ""
    factor = before / max(1, after)
    if factor > 1.02:
        return f" and {_factor(factor)}× smaller"
    return f" and {_factor(1 / factor)}× larger" if factor < 0.98 else ""


def _over_phones(report: Report, groups: Sequence[Group]) -> str:
    """The variant with the best geometric mean of ratios over phones; times are never pooled."""
    ratios: dict[str, list[float]] = {}
    baseline = next(s.comparison.baseline for s in groups[0] if s.comparison)
    # virtual phones are one computer: their ratios are no sample of phones
    real = [group for group in groups if not group[0].cell.device.virtual]
    if len(real) < len(groups):
        groups = real
    if len(groups) < 2:
        return "The phones of this run are virtual: nothing can be said over phones; see the table."
    for group in groups:
        for s in group:
            if s.comparison and s.comparison.ratio is not None:
                ratios.setdefault(_name(report, s), []).append(s.comparison.ratio)
    if not ratios:
        return f"On {len(groups)} phones, nothing can be compared with {baseline}."
    name, (value, low, high) = min(
        ((name, geometric_mean(found)) for name, found in ratios.items()), key=lambda item: item[1].value
    )
    count = len(ratios[name])
    over = Comparison(baseline=baseline, ratio=value, low=low, high=high, rounds=count, verdict="")
    if low is None or high is None or low <= 1 <= high:
        return (
            f"Over {count} phones, whether {name} is faster than {baseline} is undecided "
            f"(geometric mean of ratios {_doubt(over, value)})."
        )
    return f"Over {count} phones, {name} is {_times(over, value)} than {baseline} (geometric mean of ratios)."


def _singles(report: Report, single: Group) -> list[str]:
    known = [
        (s, e) for s in single if (e := s.estimate("latency", "steady")) is not None and e.value is not None
    ]
    if len(known) > _MOST_SINGLES:
        ordered = sorted(known, key=lambda item: item[1].value or 0.0)
        (first, low), (last, high) = ordered[0], ordered[-1]
        return [
            f"{len(known)} cells take from {show(low.value, 'ns')} ({_name(report, first)} on "
            f"{phone_name(first, report)}) to {show(high.value, 'ns')} ({_name(report, last)} on "
            f"{phone_name(last, report)}) an inference."
        ]
    sentences = []
    for s, e in known:
        limits = f" ({show(e.low, 'ns')} to {show(e.high, 'ns')})" if e.low is not None else " (one process)"
        where = f"On {phone_name(s, report)}, {_name(report, s)}"
        sentences.append(f"{where} takes {show(e.value, 'ns')}{limits} an inference{_conditions_of(s, [s])}.")
    return sentences


def _lasting(report: Report) -> list[str]:
    """Whether long runs kept their speed, the one that lost most first."""
    known = [
        (s, e.value)
        for s in report.summaries
        if (e := s.estimate("sustained_ratio")) is not None and e.value is not None
    ]
    ordered = [s for s, _ in sorted(known, key=lambda item: -item[1])]
    sentences = [
        f"On {phone_name(s, report)}, {_name(report, s)} {sustained_words(s)}."
        for s in ordered[:_MOST_SINGLES]
    ]
    if len(ordered) > _MOST_SINGLES:
        sentences.append(f"{len(ordered) - _MOST_SINGLES} more cells lost less; see the curves.")
    return sentences


def _quick(report: Report) -> list[str]:
    if report.run.header.profile.name != "quick" or not any(s.status == "ok" for s in report.summaries):
        return []
    return [f"This was a quick look of {_runs(report.run.header.rounds)}."]


def _runs(rounds: int) -> str:
    return "1 round" if rounds == 1 else f"{rounds} rounds"


def _failures(summaries: Sequence[CellSummary]) -> list[str]:
    sentences = []
    for status in ("failed", "skipped"):
        kinds = Counter(s.verdict for s in summaries if s.status == status)
        if kinds:
            which = ", ".join(kind if n == 1 else f"{n} × {kind}" for kind, n in sorted(kinds.items()))
            verb = status if status == "failed" else "were skipped" if kinds.total() > 1 else "was skipped"
            sentences.append(f"{kinds.total()} of {len(summaries)} cells {verb} ({which}).")
    return sentences
