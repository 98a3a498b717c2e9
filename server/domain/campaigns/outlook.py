"""Tells how a drip is drawn: its batches as so many bars, and the stretches in which nothing of it leaves.

A drip of a minute's interval that lasts a year has half a million batches; what is drawn are bars that people can tell
apart, each the recipients of all batches that begin in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from server.domain.campaigns.drip import Batch, Drip, Run, runs, window
from server.domain.hours import Hours
from server.domain.local_time import Resolved, resolve
from server.domain.places import zone

MOST_BARS: Final = 96
_WIDTHS_S: Final = (60, 300, 900, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 86_400, 7 * 86_400, 28 * 86_400)
_THINNEST: Final = 120
"""A stretch of less than this part of the whole is not worth drawing: the nights of a year are a grey veil."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """`bars` of `bar_s` seconds, those with recipients. `closed`: no batch begins, by the drip's own days and hours."""

    bar_s: int
    bars: tuple[Batch, ...]
    closed: tuple[Stretch, ...]


def outlook(drip: Drip, begins: datetime, recipients: int, per_s: float | None = None) -> Outlook | None:
    """None where no batch begins at all. *begins* is aware; *per_s* as for `drip.timeline`."""
    all_runs = list(runs(drip, begins, recipients, per_s))
    if not all_runs:
        return None
    first, last = all_runs[0].first_at, max(run.done_at for run in all_runs)
    width_s = next((one for one in _WIDTHS_S if (last - first).total_seconds() < one * MOST_BARS), _WIDTHS_S[-1])
    origin = _midnight(drip, first)
    origin += (first - origin) // timedelta(seconds=width_s) * timedelta(seconds=width_s)
    bars: dict[int, int] = {}
    for run in all_runs:
        for bar, count in _bars(run, drip.batch, origin, timedelta(seconds=width_s)):
            bars[bar] = bars.get(bar, 0) + count
    drawn = tuple(Batch(origin + timedelta(seconds=bar * width_s), count) for bar, count in sorted(bars.items()))
    closed = tuple(shown(_closed(drip, first, last), first, last))
    return Outlook(width_s, drawn, closed)


def _midnight(drip: Drip, at: datetime) -> datetime:
    """Bars of a day begin with the day, and those of an hour with the hour, on the clock of the drip's zone."""
    found = resolve(datetime.combine(at.astimezone(zone(drip.zone)).date(), time()), drip.zone)
    return found.instant if isinstance(found, Resolved) else at.astimezone(UTC)


def _bars(run: Run, full: int, origin: datetime, width: timedelta) -> Iterator[tuple[int, int]]:
    """The recipients of a run by the bar in which their batch begins: counted, not walked through."""
    nth = 0
    while nth < run.batches:
        bar = (run.first_at + nth * run.step - origin) // width
        ends = origin + (bar + 1) * width
        after = min(run.batches, -((run.first_at - ends) // run.step))
        count = (after - nth) * full
        yield bar, count - full + run.last if after == run.batches else count
        nth = after


def _closed(drip: Drip, first: datetime, last: datetime) -> Iterator[Stretch]:
    at = first
    while at < last:
        found = window(drip, at)
        if found is None or found.begins > last:
            yield Stretch(at, last)
            return
        if found.begins > at:
            yield Stretch(at, found.begins)
        if found.ends is None:
            return
        at = found.ends


def asleep(hours_at: Callable[[datetime], Hours], first: datetime, last: datetime) -> tuple[Stretch, ...]:
    """When *hours_at* says that it is not open, between two instants; none where days are too thin to be seen."""
    if last - first > _DAY * _THINNEST:
        return ()
    return tuple(shown(_asleep(hours_at, first, last), first, last))


def _asleep(hours_at: Callable[[datetime], Hours], first: datetime, last: datetime) -> Iterator[Stretch]:
    at = first
    while at < last:
        found = hours_at(at)
        until = last if found.until is None else min(found.until, last)
        if not found.open:
            yield Stretch(at, until)
        at = until


def shown(stretches: Iterator[Stretch], first: datetime, last: datetime) -> Iterator[Stretch]:
    """Those that are wide enough to be seen between two instants."""
    return (one for one in stretches if (one.ends - one.begins) * _THINNEST >= last - first)
