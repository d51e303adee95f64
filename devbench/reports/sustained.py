"""What a long run says of a phone's endurance, in words that claim no more than its processes do."""

from __future__ import annotations

from devbench.domain.summary import CellSummary
from devbench.stats import DELTA
from devbench.stats.compare import verdict_of
from devbench.units import three_digits


def sustained_words(summary: CellSummary) -> str:
    """How the last minute compares with the first; empty for runs below two minutes.

    With one process there is no interval, so the words are about that process and nothing else.
    """
    estimate = summary.estimate("sustained_ratio")
    if estimate is None or estimate.value is None:
        return ""
    ratio, low, high = estimate.value, estimate.low, estimate.high
    word = "slower" if ratio > 1 else "faster"
    change = f"was {100 * abs(ratio - 1):.1f} % {word} in its last minute than in its first"
    if low is None or high is None:
        kept = f"kept its first minute's speed within 3 % (ratio {three_digits(ratio)})"
        return f"{kept if abs(ratio - 1) < DELTA else change}, in one process"
    doubt = f"ratio {three_digits(ratio)}, {three_digits(low)}–{three_digits(high)}"
    verdict = verdict_of(ratio, low, high, differs=low > 1 or high < 1)
    if verdict == "same":
        return f"kept its first minute's speed within 3 % ({doubt})"
    if verdict == "inconclusive":
        return f"may or may not keep its first minute's speed ({doubt})"
    return f"{change} ({doubt})"
