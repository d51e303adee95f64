"""lab.html: which phones there are, what they do, what waits, and who needs a person. Static; loads itself anew."""

from __future__ import annotations

from pathlib import Path

from devbench.lab_state import LabNow, PhoneNow
from devbench.reports.page import content_policy, page_environment, template_text
from devbench.store import write_atomically
from devbench.units import three_digits

# who needs a person comes first
_ORDER = ("quarantined", "needs-help", "away", "measuring", "idle", "unknown")


def write_lab_page(lab: LabNow, path: Path) -> None:
    """Whole or not at all: somebody may be reading it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lab_html(lab))


def lab_html(lab: LabNow) -> str:
    from markupsafe import Markup

    style = f"{template_text('report.css')}\n{template_text('lab.css')}"
    return (
        page_environment()
        .get_template("lab.html.j2")
        .render(
            lab=lab,
            policy=content_policy(style, ""),
            style=Markup(style),
            answer=answer(lab),
            phones=sorted(lab.phones, key=lambda p: (_ORDER.index(p.state), p.device)),
            shown=_shown,
        )
    )


def answer(lab: LabNow) -> tuple[str, ...]:
    """The lab in a sentence, and what needs a person in another."""
    words = {"measuring": "measuring", "idle": "idle", "away": "away", "quarantined": "in quarantine",
             "needs-help": "connected but not usable", "unknown": "of unknown state"}  # fmt: skip
    counted = {state: sum(p.state == state for p in lab.phones) for state in words}
    parts = ", ".join(f"{count} {words[state]}" for state, count in counted.items() if count)
    first = (
        f"{_many(len(lab.phones), 'phone')}: {parts}." if lab.phones else "No phone has been measured yet."
    )
    running = [run for run in lab.runs if run.running]
    waiting = [run for run in lab.runs if not run.running]
    queue = []
    if running:
        queue.append(
            f"{_many(len(running), 'run')} under way, {_many(sum(r.left for r in running), 'job')} left"
        )
    if waiting:
        queue.append(
            f"{_many(len(waiting), 'run')} left unfinished, {_many(sum(r.left for r in waiting), 'job')}"
        )
    if lab.new_phones:
        queue.append(f"{_many(lab.new_phones, 'connected phone')} not in any run yet")
    return (first, *([f"{'; '.join(queue)}."] if queue else ["Nothing is measured and nothing waits."]))


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _shown(phone: PhoneNow, name: str) -> str:
    value = getattr(phone, name)
    return "–" if value is None else three_digits(value)
