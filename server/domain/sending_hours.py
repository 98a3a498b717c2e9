"""Decides a workspace's own hours, in which texts that nobody waits for may leave: within the law's, never beyond.

They are of the recipient's clock, as the law's are, and hold for texts in bulk, campaigns and what was written for
later. What a person writes now leaves now.
"""

from __future__ import annotations

import json
from calendar import day_name
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from server.domain.quiet_rules import Rule, Span

Week = tuple[Span | None, ...]
"""From Monday; None is a day on which nothing leaves."""

SHORTEST_S: Final = 1800
"""A day's hours have room for more than the last minutes, in which nothing sets out any more."""


def parsed_day(day: str | None) -> Span | None:
    """`09:00-17:30` as seconds of the day; ValueError for anything else.

    >>> parsed_day("09:00-17:30")
    Span(opens_s=32400, closes_s=63000)
    """
    if day is None:
        return None
    opens, _, closes = day.partition("-")
    return Span(_seconds(opens), _seconds(closes))


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")
    found = int(hours) * 3600 + int(minutes) * 60
    if not (len(clock) == 5 and 0 <= found <= 86_400 and int(minutes) < 60):
        raise ValueError(f"{clock} is no time of a day.")
    return found


@lru_cache(maxsize=256)
def week_of(stored: str | None) -> Week | None:
    """A week as its column has it, the JSON of seven days; None: the law's hours and no others."""
    return None if stored is None else tuple(parsed_day(day) for day in json.loads(stored))


def fault(days: Sequence[str | None], law: Rule) -> str | None:
    """Why *days* cannot be the hours of a week, in a sentence; None: they can. *law*: what holds everywhere.

    >>> from datetime import date
    >>> law = Rule((Span(28800, 75600),) * 7, False, None, None, "TCPA", date(2026, 1, 1))
    >>> fault(["08:00-21:00"] * 7, law), fault(["07:00-21:00"] * 7, law)
    (None, "Monday's hours would begin before the law's, which are 08:00 to 21:00: they can only be narrower.")
    """
    if len(days) != 7:
        return "A week has seven days, from Monday."
    if not any(days):
        return "Leave at least one day of the week open: nothing in bulk would ever leave."
    for name, day, usual in zip(day_name, days, law.weekdays, strict=True):
        try:
            span = parsed_day(day)
        except ValueError:
            return f"{name}'s hours must be such as 09:00-18:00."
        if span is not None and (found := _day_fault(name, span, usual)):
            return found
    return None


def _day_fault(name: str, span: Span, law: Span | None) -> str | None:
    if span.closes_s <= span.opens_s:
        return f"{name}'s hours must end after they begin."
    if span.closes_s - span.opens_s < SHORTEST_S:
        return f"{name}'s hours must be half an hour at least."
    if law is None:
        return f"The law lets nothing leave on a {name}: it can only be closed."
    told = f"which are {clock(law.opens_s)} to {clock(law.closes_s)}: they can only be narrower."
    if span.opens_s < law.opens_s:
        return f"{name}'s hours would begin before the law's, {told}"
    return f"{name}'s hours would end after the law's, {told}" if span.closes_s > law.closes_s else None


def clock(seconds: int) -> str:
    """Seconds of a day as people read them.

    >>> clock(75600)
    '21:00'
    """
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"
