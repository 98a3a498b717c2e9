"""Decides whether a running campaign does so badly that it is paused before a person looks.

After somebody has resumed it only texts that left since count, else what they have seen and accepted would pause it
again with the next receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from server.domain.campaigns.campaign import PausedBy

_DIGITS: Final = range(1, 7)  # a share is told with as many as it takes to see that it is above the limit


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the texts that count, see `counts`. `wired` includes those that were not delivered."""

    wired: int = 0
    rejected: int = 0
    undelivered: int = 0
    opted_out: int = 0

    @property
    def decided(self) -> int:
        return self.wired + self.rejected

    @property
    def failed(self) -> int:
        return self.undelivered + self.rejected


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares in percent above which a campaign is paused; None: never for that.

    They are our own restraint. Below `at_least` texts no share counts: of three texts one is a third.
    """

    failed_percent: float | None = 20.0
    opted_out_percent: float | None = 5.0
    at_least: int = 100


@dataclass(frozen=True, slots=True)
class Breach:
    """Which limit broke, by `count` of `of`, and the sentence for people."""

    by: PausedBy
    count: int
    of: int
    sentence: str


def breach(tally: Tally, limits: Limits) -> Breach | None:
    """Why the campaign is to be paused; None: it goes on. Opt-outs before failures: they are people's own words.

    >>> breach(Tally(wired=90, rejected=10, undelivered=15), Limits()).sentence
    'Paused: 25 of 100 texts failed (25 %); the limit is 20 %.'
    """
    if _above(tally.opted_out, tally.wired, limits.opted_out_percent, limits.at_least):
        told = _told(tally.opted_out, tally.wired, limits.opted_out_percent or 0)
        return Breach(
            PausedBy.OPT_OUTS, tally.opted_out, tally.wired, f"Paused: {told.replace('#', 'people opted out')}"
        )
    if _above(tally.failed, tally.decided, limits.failed_percent, limits.at_least):
        told = _told(tally.failed, tally.decided, limits.failed_percent or 0)
        return Breach(PausedBy.FAILURES, tally.failed, tally.decided, f"Paused: {told.replace('#', 'texts failed')}")
    return None


def counts(left_at: datetime, resumed_at: datetime | None) -> bool:
    """Whether a text that left at *left_at* counts, and with it its receipt and its recipient's STOP.

    *resumed_at*: when a person resumed the campaign last, None where nobody did. By its departure and not by its
    receipt: receipts of what left before a pause go on coming for three days.
    """
    return resumed_at is None or left_at >= resumed_at


def fault(limits: Limits) -> str | None:
    """Why nobody can have these limits."""
    for percent in (limits.failed_percent, limits.opted_out_percent):
        if percent is not None and not 0 < percent <= 100:
            return "A limit is a share above 0 and up to 100 percent."
    return None if limits.at_least >= 1 else "At least one text must have left before a share counts."


def _above(count: int, of: int, percent: float | None, at_least: int) -> bool:
    return percent is not None and of >= max(1, at_least) and count * 100 > percent * of


def _told(count: int, of: int, percent: float) -> str:
    share = count * 100 / of
    digits = next((n for n in _DIGITS if round(share, n) > percent), _DIGITS[-1])
    return f"{count:,} of {of:,} # ({_short(share, digits)} %); the limit is {_short(percent, _DIGITS[-1])} %."


def _short(number: float, digits: int) -> str:
    return f"{number:.{digits}f}".rstrip("0").rstrip(".")
