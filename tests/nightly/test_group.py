"""One alert a cause, once two phones or two nights say so."""

from __future__ import annotations

import dataclasses

import pytest
from made_lines import made_alert, made_confirmation, made_line, night_of

from devbench.nightly import Alert, Confirmation
from devbench.nightly.group import grouped, resolved
from devbench.nightly.look import look


def alerts_of(*confirmations: Confirmation, known: tuple[Alert, ...] = ()) -> tuple[Alert, ...]:
    night = max(c.night for c in confirmations)
    return grouped(confirmations, known, night=night, now="2026-01-10T03:00:00+01:00")


def test_one_phone_in_one_night_is_watched() -> None:
    (alert,) = alerts_of(made_confirmation())
    assert (alert.state, alert.devices) == ("watch", ("phone-a",))
    assert (alert.ratio, alert.low, alert.high) == (1.05, 1.04, 1.06)


def test_two_phones_are_an_alert() -> None:
    (alert,) = alerts_of(made_confirmation(ratio=1.04), made_confirmation(device="phone-b", ratio=1.06))
    assert (alert.state, alert.devices) == ("open", ("phone-a", "phone-b"))
    assert alert.ratio == pytest.approx((1.04 * 1.06) ** 0.5)


@pytest.mark.parametrize("device", ["phone-a", "phone-b"])
def test_what_is_watched_becomes_an_alert_in_another_night(device: str) -> None:
    (watched,) = alerts_of(made_confirmation(night=9))
    (alert,) = alerts_of(made_confirmation(night=11, device=device, now="m11"), known=(watched,))
    assert (alert.state, alert.alert, alert.night) == ("open", watched.alert, night_of(9))
    assert len(alert.confirmations) == 2


def test_two_setups_of_one_phone_in_one_night_are_one_witness() -> None:
    (alert,) = alerts_of(made_confirmation(), dataclasses.replace(made_confirmation(), setup="litert, none"))
    assert alert.state == "watch"


def test_what_was_watched_long_ago_does_not_count() -> None:
    (watched,) = alerts_of(made_confirmation(night=1))
    (alert,) = alerts_of(made_confirmation(night=9), known=(watched,))
    assert alert.state == "watch"


def test_variants_whose_files_changed_are_causes_of_their_own() -> None:
    two_phones = [made_confirmation(variant=v, device=d) for v in ("detector", "classifier") for d in "ab"]
    assert {alert.variants for alert in alerts_of(*two_phones)} == {("detector",), ("classifier",)}


def test_an_engine_is_one_cause_for_all_variants() -> None:
    (alert,) = alerts_of(
        made_confirmation(variant="detector", device="a", changed="engine", engine="e2"),
        made_confirmation(variant="classifier", device="b", changed="engine", engine="e2"),
    )
    assert (alert.state, alert.changed) == ("open", "engine")
    assert alert.variants == ("detector", "classifier")


def test_what_was_not_confirmed_makes_no_alert() -> None:
    assert alerts_of(made_confirmation(outcome="not-confirmed", ratio=1.0)) == ()
    assert alerts_of(made_confirmation(outcome="same-files", ratio=None)) == ()


def test_an_alert_is_resolved_when_all_its_phones_are_back() -> None:
    def tonight(device: str, pct: float) -> object:
        line = made_line([*([0.0] * 12), 5.0, pct], device=device)
        return look(line, {"run-13"}, alerts=(alert,), pin=None, weekly=False, with_steps=False)

    alert = made_alert(*(made_confirmation(device=d, night=12, now="m12") for d in ("phone-a", "phone-b")))
    both = [tonight("phone-a", 0.2), tonight("phone-b", -0.3)]
    (gone,) = resolved(both, (alert,), now="later")  # type: ignore[arg-type]
    assert (gone.state, gone.changed_at) == ("resolved", "later")
    half = [tonight("phone-a", 0.2), tonight("phone-b", 5.0)]
    assert resolved(half, (alert,), now="later") == ()  # type: ignore[arg-type]
    assert resolved(both[:1], (alert,), now="later") == ()  # type: ignore[arg-type]
