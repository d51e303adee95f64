"""What is measured, one file a member: a module here with METRICS or SCRAPES is found, no more is needed."""

from devbench.metrics.base import Metric, Reading, Scrape, all_metrics, all_scrapes, metric_of_runs

__all__ = ["Metric", "Reading", "Scrape", "all_metrics", "all_scrapes", "metric_of_runs"]
