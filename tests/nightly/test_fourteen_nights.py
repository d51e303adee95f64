"""Two weeks of a lab: one planted regression, one hot phone; one alert, in the night it came, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_lab import Lab, simulated_lab

from devbench import virtual
from devbench.devices import select
from devbench.nightly import Night

PHONES = ("pixel-2-xl", "lg-v60", "poco-f6", "samsung-a10")
NIGHTS, STEP_NIGHT, STEP_PCT = 14, 9, 5.0
HOT_PHONE, HOT_NIGHTS = 1, (8, 12)


def fourteen_nights(lab: Lab) -> list[Night]:
    nights = []
    for number in range(1, NIGHTS + 1):
        slower = {"detector": STEP_PCT if number >= STEP_NIGHT else 0.0, "classifier": 0.0}
        hot = (HOT_PHONE,) if number in HOT_NIGHTS else ()
        nights.append(lab.night(number, slower_pct=slower, hot=hot))
    return nights


@pytest.mark.slow
def test_one_grouped_alert_in_the_night_of_the_step(tmp_path: Path) -> None:
    if (why := virtual.why_not()) is not None:
        pytest.skip(why)
    with simulated_lab(tmp_path / "lab", PHONES) as lab:
        nights = fourteen_nights(lab)
        hot = select(lab.server, lab.phones[HOT_PHONE].serial).devices[0].device
    page = (tmp_path / "lab" / "lab" / "trends.html").read_text("utf-8")
    assert [night.jobs_missing for night in nights] == [0] * NIGHTS
    opened = [(i, alert) for i, night in enumerate(nights, start=1) for alert in night.opened]
    assert len(opened) == 1
    number, alert = opened[0]
    assert alert.alert in page
    assert number == STEP_NIGHT
    assert alert.variants == ("detector",)
    # on a busy computer an interval of one phone or another may be too wide; two are enough
    assert len(alert.devices) >= 2
    assert alert.ratio == pytest.approx(1 + STEP_PCT / 100, abs=0.015)
    # they were measured again at once, against an earlier build
    assert all(c.night == "2026-01-09" and (c.good_night or "") < c.night for c in alert.confirmations)
    assert all(c.outcome == "regression" and c.low is not None and c.low > 1 for c in alert.confirmations)
    # the hot phone was suspicious, and measuring again told that it was the phone
    for hot_night in HOT_NIGHTS:
        suspicious = {c.device: c.outcome for c in nights[hot_night - 1].confirmations}
        assert suspicious[hot] == "not-confirmed"
    assert [night.exit_code for night in nights] == [0] * (STEP_NIGHT - 1) + [4] * (NIGHTS - STEP_NIGHT + 1)
