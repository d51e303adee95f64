"""From a run to what a table shows; derived each time, because raw samples are the truth."""

from devbench.summary.cells import cells_of, setup_told, setup_words, varying_setup
from devbench.summary.summarise import control_summaries, summarise

__all__ = ["cells_of", "control_summaries", "setup_told", "setup_words", "summarise", "varying_setup"]
