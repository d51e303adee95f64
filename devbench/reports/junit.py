"""junit.xml: a suite a phone, a case a row, so that a CI system shows what failed, and why, without a plug-in."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from devbench.domain.summary import CellSummary
from devbench.reports.base import Format, Report
from devbench.reports.cell_names import cells_by_phone
from devbench.summary.verdict import why
from devbench.units import show

# XML 1.0 has no way to write these at all
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: Report, folder: Path) -> tuple[Path, ...]:
    path = folder / "junit.xml"
    root = junit(report)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return (path,)


def junit(report: Report) -> ET.Element:
    """`testsuites` with all rows, the control's too: a control that failed is worth knowing."""
    suites = [_suite(report, device, cells) for device, cells in cells_by_phone(report).items()]
    root = ET.Element("testsuites", name=_text(report, f"devbench {report.run.header.run_id}"))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    root.extend(suites)
    return root


def _suite(report: Report, device: str, cells: list[tuple[str, CellSummary]]) -> ET.Element:
    cases = [_case(report, name, summary) for name, summary in cells]
    status = [summary.status for _, summary in cells]
    suite = ET.Element(
        "testsuite",
        name=_text(report, device),
        timestamp=report.run.header.created_at,
        tests=str(len(cases)),
        failures=str(status.count("failed")),
        errors="0",
        skipped=str(status.count("skipped")),
        time=f"{sum(float(case.get('time', '0')) for case in cases):.3f}",
    )
    info = cells[0][1].cell.device
    properties = ET.SubElement(suite, "properties")
    for key, value in (("model", info.model), ("android", info.android_release), ("soc", info.soc)):
        if value:
            ET.SubElement(properties, "property", name=key, value=_text(report, value))
    suite.extend(cases)
    return suite


def _case(report: Report, name: str, summary: CellSummary) -> ET.Element:
    """`time` is what its processes measured on the phone, all phases and attempts, in seconds."""
    measured = sum(ns for m in summary.cell.measurements for s in m.series for ns in s.values_ns)
    device = summary.cell.device.device
    case = ET.Element(
        "testcase", classname=_text(report, device), name=_text(report, name), time=f"{measured / 1e9:.3f}"
    )
    failure = summary.failure
    kind = failure.kind if failure else summary.verdict
    cause = failure.cause if failure else why(summary)
    if summary.status == "failed":
        element = ET.SubElement(case, "failure", type=kind, message=_text(report, cause))
        element.text = _text(
            report, "\n\n".join(filter(None, (failure.evidence, failure.fix) if failure else ()))
        )
    elif summary.status == "skipped":
        ET.SubElement(case, "skipped", type=kind, message=_text(report, f"{kind}: {cause}"))
    else:
        ET.SubElement(case, "system-out").text = _text(report, _told(summary))
    return case


def _told(summary: CellSummary) -> str:
    lines = [f"{summary.verdict}: {why(summary)}"]
    for estimate in summary.estimates:
        if estimate.value is not None:
            low, high = estimate.low, estimate.high
            between = f" ({show(low, estimate.unit)} to {show(high, estimate.unit)})" if low and high else ""
            words = " ".join(filter(None, (estimate.metric, estimate.phase)))
            lines.append(f"{words}: {show(estimate.value, estimate.unit)}{between}")
    return "\n".join(lines)


def _text(report: Report, text: str) -> str:
    return _NOT_XML.sub("\ufffd", report.scrub(text))


FORMATS = (Format(name="junit", sentence="junit.xml, a test case a row, for CI systems", write=write_junit),)
