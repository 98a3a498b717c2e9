"""Decides which instant a time of the local clock means, also where the clock skips it or shows it twice.

Nothing is resolved silently: whoever chose a time that a clock skips or shows twice is told what became of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final, Literal

from server.domain.places import is_zone, zone
from server.domain.values import showing_time

Way = Literal["exact", "skipped", "twice"]

_YEARS: Final = range(1970, 2200)  # whoever means another one mistyped it; and no zone overflows the calendar
_SHOWN: Final = 40  # characters of an unknown zone's name; no zone's is longer


@dataclass(frozen=True, slots=True)
class Resolved:
    """The `instant` (UTC), and the `way` it was found; the `sentence` is for whoever chose the time, None where exact.

    `second`: the later instant at which the clock shows a time that it shows twice.
    """

    instant: datetime
    way: Way = "exact"
    sentence: str | None = None
    second: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoSuchTime:
    sentence: str


def resolve(wall: datetime, zone_name: str) -> Resolved | NoSuchTime:
    """The instant at which clocks in the zone show *wall* (naive).

    One that is skipped moves forward by as much as the clocks do: what was to begin after 2:00 still begins after 3:00.
    Of two the first is taken: late by an hour is worse to find out than early by one, and the other is named.

    >>> resolve(datetime(2026, 3, 8, 2, 30), "America/New_York").instant.isoformat()
    '2026-03-08T07:30:00+00:00'
    """
    if not is_zone(zone_name):
        return NoSuchTime(f'There is no time zone named "{_short(zone_name)}".')
    if wall.year not in _YEARS:
        return NoSuchTime(f"The year must lie between {_YEARS[0]} and {_YEARS[-1]}.")
    there = zone(zone_name)
    first = wall.replace(tzinfo=there, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=there, fold=1).astimezone(UTC)
    if first == second:
        return Resolved(first)
    asked, place = _told(wall), _place(zone_name)
    if second < first:  # the two offsets of a gap: what the clock showed before it puts the instant behind it
        told = f"There is no {asked} in {place}: clocks skip it. It becomes {showing_time(first, zone_name)}."
        return Resolved(first, "skipped", told)
    told = (
        f"Clocks in {place} show {asked} twice. It is the first of them, {showing_time(first, zone_name)},"
        f" and not {showing_time(second, zone_name)}."
    )
    return Resolved(first, "twice", told, second)


# The recipient's own clock


def at_home(day: date, at: time, zones: Collection[str], senders_zone: str) -> datetime:
    """The instant (UTC) of *at* on *day* for a recipient who may be in any of *zones*; the sender's if none is known.

    It is the latest of them: by then it has been *at* wherever they are, so nobody is texted before the hour that was
    promised, and who asked for ten gets it at ten or, the wrong guess among the zones, somewhat later. The earliest
    would be before the hour for one of them, as a rule in the quiet hours of the morning. Where the latest lies in the
    quiet hours of an evening, the gate keeps it until they end; it decides in any case.

    *day* is a day of the recipient's calendar. East of the date line it begins before the sender's: ten in the morning
    of the 21st in Auckland is the afternoon of the 20th in New York. Names that are no zones are passed over. Raises
    ValueError where no zone is left, or for a day out of range.

    >>> at_home(date(2026, 11, 21), time(10), ["America/New_York", "America/Chicago"], "UTC").isoformat()
    '2026-11-21T16:00:00+00:00'
    """
    known = [name for name in zones if is_zone(name)] or [senders_zone]
    return max(_instant(day, at, name) for name in known)


def begins_at_home(day: date, at: time, zones: Collection[str], senders_zone: str) -> datetime:
    """The first instant at which any recipient of an audience with *zones* is due: when the campaign itself begins."""
    known = [name for name in zones if is_zone(name)] or [senders_zone]
    return min(_instant(day, at, name) for name in known)


def passed_at_home(day: date, at: time, zones: Collection[str], senders_zone: str, now: datetime) -> str | None:
    """A sentence where *at* on *day* has passed already for some of an audience with *zones*; None where for nobody.

    They would get at once, or as soon as their quiet hours let, what they were to get at an hour of their own.
    """
    known = sorted({name for name in zones if is_zone(name)} or {senders_zone})
    late = [name for name in known if _instant(day, at, name) < now]
    if not late:
        return None
    asked = _told(datetime.combine(day, at))
    if len(late) == len(known):
        return f"{asked} has passed everywhere. Choose a later day or hour."
    places = _place(late[0]) if len(late) == 1 else f"{_place(late[0])} and {len(late) - 1} more time zones"
    return f"{asked} has passed in {places} already. Choose a later day or hour."


def _instant(day: date, at: time, zone_name: str) -> datetime:
    resolved = resolve(datetime.combine(day, at), zone_name)
    if isinstance(resolved, NoSuchTime):
        raise ValueError(resolved.sentence)  # noqa: TRY004 - the value is wrong, not its type
    return resolved.instant


def _told(wall: datetime) -> str:
    """*wall* in words, without the name of an offset: it may have none, or two."""
    return showing_time(wall.replace(tzinfo=UTC), "UTC").removesuffix(" UTC")


def _place(zone_name: str) -> str:
    return zone_name.replace("_", " ")


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
