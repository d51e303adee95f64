"""What a reader sees, one file a format: a module here with FORMATS is found, no more is needed."""

from devbench.reports.base import Format, Report, all_formats, build_report, write_reports

__all__ = ["Format", "Report", "all_formats", "build_report", "write_reports"]
