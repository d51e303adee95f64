"""A night as a JUnit file: a test case a line, failed while a regression of it is open."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from devbench.nightly.alert import Alert
from devbench.nightly.look import Look
from devbench.nightly.night import Night
from devbench.nightly.trial import setup_of
from devbench.nightly.words import alert_sentence, headline
from devbench.store import write_atomically

# what XML 1.0 cannot hold, however it is written
_NOT_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(night: Night, path: Path) -> None:
    """The file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, junit(night))


def junit(night: Night) -> str:
    suite = ElementTree.Element("testsuite", name=f"devbench nightly {night.night}")
    failed = skipped = 0
    for look in night.looks:
        key = look.line.key
        case = ElementTree.SubElement(
            suite, "testcase", classname=_clean(key.device), name=_clean(f"{key.variant} ({setup_of(key)})")
        )
        alert = _alert_of(look, night)
        if alert is not None:
            text = _clean(alert_sentence(alert))
            ElementTree.SubElement(case, "failure", message=text, type="regression").text = text
            failed += 1
        elif not look.logs:
            ElementTree.SubElement(case, "skipped", message=_clean(f"no number: {look.point.status}"))
            skipped += 1
    if night.jobs_missing or night.no_phone:
        case = ElementTree.SubElement(suite, "testcase", classname="devbench", name="everything was measured")
        ElementTree.SubElement(case, "failure", message=_clean(headline(night)), type="missing")
        failed += 1
    cases = len(suite)
    suite.attrib |= {"tests": str(cases), "failures": str(failed), "errors": "0", "skipped": str(skipped)}
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _alert_of(look: Look, night: Night) -> Alert | None:
    key = look.line.key
    return next((a for a in night.alerts if key.variant in a.variants and key.device in a.devices), None)


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)
