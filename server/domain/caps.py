"""Decides whether a recipient has had enough bulk texts for now: a state's law, or the workspace's own restraint.

A text counts from the instant of its departure for the whole window, `[departure, departure + window)`. What counts is
the caller's to say: every bulk text to the number that may have left, those of the same batch included.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `texts` (one or more) to one number in any `window`."""

    texts: int
    window: timedelta


def resets_at(caps: Iterable[Cap], sent: Sequence[datetime], now: datetime) -> datetime | None:
    """When another text may leave, if none leaves meanwhile; None where it may leave *now*.

    *sent*: departures in any order; a departure ahead of *now* counts too, since a clock may have been set back.

    >>> noon = datetime(2026, 3, 10, 12)
    >>> resets_at([Cap(1, timedelta(days=1))], [noon], noon + timedelta(hours=1))
    datetime.datetime(2026, 3, 11, 12, 0)
    """
    newest_first = sorted(sent, reverse=True)
    ends = [newest_first[cap.texts - 1] + cap.window for cap in caps if len(newest_first) >= cap.texts]
    return max((end for end in ends if end > now), default=None)


def widest(caps: Iterable[Cap]) -> Cap | None:
    """The cap that no departure outside of matters to any of *caps*: how far back, and how many, one has to look."""
    all_ = list(caps)
    return Cap(max(cap.texts for cap in all_), max(cap.window for cap in all_)) if all_ else None
