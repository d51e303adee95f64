"""Where a run's phones are: on an adb server of this computer's choice, or offered by the hosts of a lab."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devbench.cli.measuring import How
    from devbench.cli.servers import Target
    from devbench.devices import Selection
    from devbench.lab.link import Lab
    from devbench.session import Limits, Outcome, Prepared
    from devbench.store import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The phones that can be used, what measures a plan on them, and what shows others how they are."""

    selection: Selection
    measure: Callable[[Prepared, RunFolder], Outcome]
    refresh: Callable[[], None]


@contextlib.contextmanager
def place_of(device: str, how: How) -> Iterator[Place]:
    """The phones that `device` names, of the lab where there is one."""
    if how.lab is not None:
        yield _in_lab(device, how, how.lab)
        return
    from devbench.cli.servers import target_of

    with target_of(device, how.environment) as target, place_at(target, how) as place:
        yield place


@contextlib.contextmanager
def place_at(target: Target, how: How) -> Iterator[Place]:
    """The phones that `target` names on its adb server; held for this process, but for a dry run."""
    from devbench.cli.lab import refresh_page
    from devbench.devices import leased, select, without_quarantined
    from devbench.session import run

    environment = how.environment
    selection = without_quarantined(select(target.server, target.spec), environment.quarantine)

    def refresh() -> None:
        refresh_page(environment, how.out, target.server)

    try:
        with contextlib.nullcontext(selection) if how.dry_run else leased(environment.leases, selection) as held:
            yield Place(
                selection=held,
                measure=lambda prepared, folder: run(
                    prepared, folder, target.server, how.progress.event, limits=limits_of(how),
                    memory=environment.phones, quarantine=environment.quarantine,
                    quarantine_after=how.quarantine_after, means=how.means, meter=how.meter,
                ),
                refresh=refresh,
            )  # fmt: skip
    finally:
        if not how.dry_run:
            refresh()  # nobody holds the phones any more


def _in_lab(device: str, how: How, lab: Lab) -> Place:
    """An agent holds a phone for as long as a session lasts on it."""
    from devbench.lab.link import connected, phones_of
    from devbench.lab.submit import submit

    with connected(lab) as link:
        selection = phones_of(link, device)
    return Place(
        selection=selection,
        measure=lambda prepared, folder: submit(
            prepared, folder, lab, how.progress.event, limits=limits_of(how)
        ),
        refresh=lambda: None,
    )


def limits_of(how: How) -> Limits:
    """How long is too long, as far as the command line says."""
    from devbench.session import Limits

    return Limits(silence_s=how.max_silence_s, back_within_s=how.max_away_s, look_s=how.look_s)
