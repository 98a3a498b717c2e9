"""Reads a holiday's rule as people write it, and tells its days in a year."""

import re
from calendar import SATURDAY, SUNDAY, day_name, month_name
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Final

_MONTHS: Final = {name: number for number, name in enumerate(month_name) if name}
_WEEKDAYS: Final = {name: number for number, name in enumerate(day_name)}
_NTH: Final = {"1st": 0, "2nd": 1, "3rd": 2, "4th": 3, "last": -1}
_FIXED: Final = re.compile(r"([A-Z][a-z]+) (\d{1,2})")
_FLOATING: Final = re.compile(r"(1st|2nd|3rd|4th|last) ([A-Z][a-z]+) of ([A-Z][a-z]+)")
_MOVABLE: Final = re.compile(r"(\d{1,2}) days (before|after) Easter")
_OBSERVED: Final = {SATURDAY: -1, SUNDAY: 1}

DaysOf = Callable[[int], frozenset[date]]
"""The days on which a holiday of that year is kept. One of January may be kept in the December before."""


def parse_holiday(on: str) -> DaysOf:
    """Read ``July 4``, ``last Monday of May`` or ``2 days before Easter``. Raises ValueError for anything else.

    A fixed date at a weekend is kept on the working day beside it as well.

    >>> sorted(parse_holiday("July 4")(2026))
    [datetime.date(2026, 7, 3), datetime.date(2026, 7, 4)]
    """
    if (found := _FIXED.fullmatch(on)) and found[1] in _MONTHS:
        month, day = _MONTHS[found[1]], int(found[2])
        date(2024, month, day)  # a leap year: raises ValueError for the 31st of June
        return lambda year: _fixed(year, month, day)
    if (found := _FLOATING.fullmatch(on)) and found[2] in _WEEKDAYS and found[3] in _MONTHS:
        nth, weekday, month = _NTH[found[1]], _WEEKDAYS[found[2]], _MONTHS[found[3]]
        return lambda year: frozenset({_floating(year, month, weekday, nth)})
    if found := _MOVABLE.fullmatch(on):
        away = timedelta(days=int(found[1]) * (-1 if found[2] == "before" else 1))
        return lambda year: frozenset({easter(year) + away})
    raise ValueError(f"{on!r} is no day such as July 4, last Monday of May or 2 days before Easter")


def _fixed(year: int, month: int, day: int) -> frozenset[date]:
    try:
        kept = date(year, month, day)
    except ValueError:  # February 29
        return frozenset()
    return frozenset({kept, kept + timedelta(days=_OBSERVED.get(kept.weekday(), 0))})


def _floating(year: int, month: int, weekday: int, nth: int) -> date:
    if nth < 0:
        following = date(year + month // 12, month % 12 + 1, 1)
        last = following - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * nth)


@cache
def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm; Meeus, Astronomical Algorithms, chapter 8)."""
    golden, century, rest = year % 19, year // 100, year % 100
    moved = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - century // 4 - moved + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)
