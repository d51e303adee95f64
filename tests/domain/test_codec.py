"""Nouns survive the way to JSON and back; what does not fit is named."""

from __future__ import annotations

import json

import pytest

from devbench.domain.codec import from_json, to_json
from devbench.domain.device import DeviceState
from devbench.domain.measurement import Failure, Measurement, Series
from devbench.errors import StoreError


def measurement() -> Measurement:
    return Measurement(
        job_id="ab12", attempt=1, status="failed", started_at="2026-01-01T00:00:00+00:00", device="phone-1",
        variant="m", runner="native", pass_name="latency", round=1, position=0,
        series=(Series(phase="steady", values_ns=(3, 1, 2), start_ns=7),),
        state_before=DeviceState(taken_at="t", temperatures_c={"cpu": 31.5}, missing={"plugged": "no battery"}),
        failure=Failure(kind="crash", cause="signal 11"), argv=("a b", "ü"),
    )  # fmt: skip


def test_a_measurement_comes_back_equal() -> None:
    """to_json, JSON text, from_json: the same object, samples in their order."""
    assert from_json(Measurement, json.loads(json.dumps(to_json(measurement())))) == measurement()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"status": "fine"}, "Measurement.status"),
        ({"attempt": "1"}, "Measurement.attempt"),
        ({"attempt": True}, "Measurement.attempt"),
        ({"series": [{"phase": "steady", "values_ns": [1, 2.5]}]}, r"values_ns\[1\]"),
        ({"series": [{"phase": "steady", "values_ns": [1, True]}]}, r"values_ns\[1\]"),
        ({"odd": 1}, "unknown key 'odd'"),
        ({"failure": {"kind": "crash"}}, "'cause' is missing"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], named: str) -> None:
    """A wrong type, an unknown or a missing key is a StoreError with the place."""
    data = to_json(measurement())
    assert isinstance(data, dict)
    with pytest.raises(StoreError, match=named):
        from_json(Measurement, {**data, **change})


def test_none_stays_null_and_is_not_zero() -> None:
    """What was not measured travels as null."""
    data = to_json(measurement())
    assert isinstance(data, dict)
    assert data["exit_code"] is None
    assert from_json(Measurement, data).exit_code is None
