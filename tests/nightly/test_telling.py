"""Who is told, what, and that telling can fail without harm. The server is real, on the loopback."""

from __future__ import annotations

import dataclasses
import json
import socket
from pathlib import Path
from xml.etree import ElementTree

import pytest
from made_lines import made_alert, made_confirmation, made_line
from made_runs import HOSTILE, SERIAL, SERIALNO
from webhook import webhook

from devbench.errors import UsageError
from devbench.nightly import Alert, Night
from devbench.nightly.junit import junit, write_junit
from devbench.nightly.look import look
from devbench.nightly.notify import payload, post, worth_telling
from devbench.nightly.words import headline, markdown, sentences


def made_night(**changes: object) -> Night:
    night = Night(
        night="2026-01-10", run_ids=("20260110-020000-abcd",), phones=2, jobs=30, jobs_missing=0, lines=4, young=0,
        gaps=(), absent=(), confirmations=(), opened=(), resolved=(), watched=(), alerts=(), notes=(),
    )  # fmt: skip
    return dataclasses.replace(night, **changes)  # type: ignore[arg-type]


def bad_night(alert: Alert | None = None) -> Night:
    alert = alert or made_alert()
    lines = [made_line([0.0] * 9 + [5.0], device=d) for d in ("phone-a", "phone-c")]
    lines += [made_line([0.0] * 9 + [None], device="phone-d")]
    looks = [look(each, {"run-9"}, alerts=(), pin=None, weekly=False, with_steps=False) for each in lines]
    return made_night(opened=(alert,), alerts=(alert,), confirmations=alert.confirmations, looks=tuple(looks))


def test_one_object_is_posted_whose_text_a_chat_shows() -> None:
    with webhook(200) as (url, came):
        assert post(url, payload(bad_night())) is None
    (body,) = [json.loads(data) for data in came]
    assert body["text"].startswith("Night 2026-01-10: 1 regression confirmed")
    assert "detector +5.0 % (+4.0 … +6.0) on 2 phones" in body["text"]
    assert "devbench baseline accept 20260110-abcd" in body["text"]
    assert (body["devbench"]["exit_code"], body["devbench"]["opened"]) == (4, ["20260110-abcd"])


def test_a_server_in_trouble_is_tried_again_and_then_left() -> None:
    with webhook(503, 200) as (url, came):
        assert post(url, {"text": "x"}, pause_s=0.01) is None
        assert len(came) == 2
    with webhook(500) as (url, came):
        assert post(url, {"text": "x"}, pause_s=0.01) == "the server answered 500"
        assert len(came) == 3
    with webhook(404) as (url, came):
        assert post(url, {"text": "x"}, pause_s=0.01) == "the server answered 404"
        assert len(came) == 1


def test_a_redirect_is_not_followed() -> None:
    with webhook(302) as (url, came):
        assert post(url, {"text": "x"}, pause_s=0.01) == "the server answered 302"
        assert came == [b'{"text": "x"}']


def test_nobody_there_and_a_server_that_says_nothing_are_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        why = post(f"http://127.0.0.1:{port}/secret", {"text": "x"}, pause_s=0.01)
        assert why is not None
        assert "cannot be reached" in why
        silent.listen()
        why = post(f"http://127.0.0.1:{port}/secret", {"text": "x"}, deadline_s=0.3)
        assert why is not None
        assert "secret" not in why


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "http://", "https://a b/", "//a", ""])
def test_only_http_is_posted_to(url: str) -> None:
    with pytest.raises(UsageError):
        post(url, {"text": "x"})


def test_quiet_nights_tell_nobody_unless_asked() -> None:
    assert not worth_telling(made_night(), always=False)
    assert worth_telling(made_night(), always=True)
    assert not worth_telling(made_night(alerts=(made_alert(),)), always=False)  # it was told in its night
    for reason in (
        {"opened": (made_alert(),)},
        {"resolved": (made_alert(),)},
        {"jobs_missing": 1},
        {"no_phone": True},
        {"absent": ("phone-a",)},
    ):
        assert worth_telling(made_night(**reason), always=False)


def test_what_is_sent_names_no_serial() -> None:
    """Notes are what adb and phones said, serials in them: they stay on this computer."""
    night = dataclasses.replace(bad_night(), notes=(f"{SERIAL}-0: device offline", SERIALNO), no_phone=False)
    for told in (json.dumps(payload(night)), markdown(night), junit(night)):
        assert SERIAL not in told
        assert SERIALNO not in told


def test_junit_fails_where_a_regression_is_open(tmp_path: Path) -> None:
    write_junit(bad_night(), tmp_path / "deep" / "night.xml")
    suite = ElementTree.parse(tmp_path / "deep" / "night.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    states = {case.get("classname"): [child.tag for child in case] for case in suite}
    assert states == {"phone-a": ["failure"], "phone-c": [], "phone-d": ["skipped"]}
    missing = ElementTree.fromstring(junit(made_night(jobs_missing=3)))
    assert missing.get("failures") == "1"


def test_names_are_data() -> None:
    """Whatever a model is called: well-formed XML, and no markup in the summary of a step."""
    hostile = made_alert(
        made_confirmation(variant=HOSTILE + "\x00\x1b[31m|\n# head"), made_confirmation(device="b")
    )
    night = bad_night(hostile)
    ElementTree.fromstring(junit(night))
    text = markdown(night)
    assert "<script>" not in text
    assert "\n# head" not in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1


def test_headlines_say_the_worst_first() -> None:
    alert = made_alert()
    assert headline(made_night()) == "Night 2026-01-10: no regression; 30 of 30 jobs on 2 phones"
    assert "1 regression confirmed" in headline(made_night(opened=(alert,), alerts=(alert,)))
    assert "no new regression, 1 still open" in headline(made_night(alerts=(alert,)))
    assert "no usable phone" in headline(made_night(no_phone=True))
    assert "interrupted" in headline(made_night(interrupted=True, opened=(alert,)))


def test_every_suspicion_has_its_sentence() -> None:
    confirmations = (
        made_confirmation(outcome="not-confirmed", ratio=1.001),
        dataclasses.replace(
            made_confirmation(outcome="same-files", ratio=None), reason="the phone itself may be slower"
        ),
    )
    told = sentences(made_night(confirmations=confirmations, gaps=("phone-a: detector: failed",), young=2))
    assert "against 2026-01-09 it is +0.1 % (−0.9 … +1.1): not confirmed" in told[0]
    assert "the phone itself may be slower" in told[1]
    assert told[2:] == (
        "no number tonight: phone-a: detector: failed",
        "2 of 4 lines have fewer than 7 nights to be held against",
    )
