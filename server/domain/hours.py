"""Decides whether texts may reach somebody now, from the clocks of every place where they may be.

Open means: the local time lies inside that day's hours in *every* candidate zone. The hours are half-open and of the
local clock, so a day with two two-o'clocks or none needs no rule of its own: between two changes of a zone's offset or
day, open and closed switch at instants that plain subtraction finds.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from server.domain.quiet_rules import Span

LOOK_AHEAD: Final = timedelta(days=14)  # longer than any row of Sundays and holidays
_DAY: Final = timedelta(days=1)

SpanOf = Callable[[date], Span | None]
"""A local day's hours; None where it has none."""


@dataclass(frozen=True, slots=True)
class Hours:
    """`open` from the instant that was asked about to `until`; None: as far as anybody looked ahead."""

    open: bool
    until: datetime | None


def hours_at(zones: Collection[ZoneInfo], span_of: SpanOf, now: datetime) -> Hours:
    """The state at *now* (aware) and the exact instant (UTC) of its end. Without a zone it is closed for good."""
    now = now.astimezone(UTC)
    limit = now + LOOK_AHEAD
    if not zones:
        return Hours(False, None)
    if all(_is_open(zone, span_of, now) for zone in zones):
        ends = [end for zone in zones if (end := _next(zone, span_of, now, limit, opening=False)) is not None]
        return Hours(True, min(ends, default=None))
    return Hours(False, _opening(zones, span_of, now, limit))


def _opening(zones: Collection[ZoneInfo], span_of: SpanOf, now: datetime, limit: datetime) -> datetime | None:
    """The first instant at which all are open: each zone in turn pushes it to its own next one until none does."""
    instant, agreed = now, 0
    while agreed < len(zones):
        for zone in zones:
            opens = _next(zone, span_of, instant, limit, opening=True)
            if opens is None:
                return None
            agreed = agreed + 1 if opens == instant else 1
            instant = opens
            if agreed == len(zones):
                break
    return instant


def _next(zone: ZoneInfo, span_of: SpanOf, instant: datetime, limit: datetime, *, opening: bool) -> datetime | None:
    """The first instant from *instant* on at which this zone alone is open (or closed); None beyond *limit*."""
    while _is_open(zone, span_of, instant) is not opening:
        instant = _next_change(zone, span_of, instant)
        if instant > limit:
            return None
    return instant


def _is_open(zone: ZoneInfo, span_of: SpanOf, instant: datetime) -> bool:
    local = instant.astimezone(zone)
    span = span_of(local.date())
    if span is None:
        return False
    since_midnight = timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    return timedelta(seconds=span.opens_s) <= since_midnight < timedelta(seconds=span.closes_s)


def _next_change(zone: ZoneInfo, span_of: SpanOf, instant: datetime) -> datetime:
    """The next instant at which this zone can switch: its day's opening, closing or end, or a change of its offset."""
    local = instant.astimezone(zone)
    offset, day, shown = _offset(zone, instant), local.date(), local.replace(tzinfo=None)
    midnight, span = datetime.combine(day, time()), span_of(day)
    marks = [midnight + _DAY]
    if span is not None:
        marks += [midnight + timedelta(seconds=span.opens_s), midnight + timedelta(seconds=span.closes_s)]
    change = instant + (min(mark for mark in marks if mark > shown) - shown)
    return change if _offset(zone, change) == offset else _transition(zone, instant, change)


def _transition(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first instant with another offset, which lies in ``(before, after]``; offsets change on whole seconds."""
    offset, low, high = _offset(zone, before), int(before.timestamp()), int(after.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()
