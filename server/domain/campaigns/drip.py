"""Decides when the batches of a drip begin: so many recipients, every so often, on these days, within these hours.

The next batch is counted from the last one that really began, never from a plan: after a pause, or after a night in
which no server ran, one batch begins and then the interval holds again. What was missed comes later, not at once.

Hours are those of one zone's clock; a night with two one-o'clocks or none needs no rule here, see `domain.hours`. Quiet
hours are not looked at: they are each recipient's own, and the gate keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Final

from server.domain.hours import hours_at
from server.domain.local_time import Resolved, resolve
from server.domain.places import zone
from server.domain.quiet_rules import Span

MIN_INTERVAL_S: Final = 60
MAX_INTERVAL_S: Final = 30 * 86_400
HORIZON: Final = timedelta(days=5 * 366)
"""Nothing is planned beyond: a drip of one recipient a week would outlast the calendar."""

_DAY_S: Final = 86_400
_CALENDAR: Final = (datetime(1971, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Drip:
    """At most `batch` recipients every `interval_s`, on `days` (Monday is 0) within the hours of `span`, in `zone`.

    `ends_on` is the last day there; None: it goes on until everybody was written to.
    Only one without faults, see `domain.drip_faults`, may be asked when it opens.
    """

    batch: int
    interval_s: int
    days: frozenset[int]
    span: Span
    zone: str
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A batch may begin at `begins`, and its texts may leave before `ends`; None: there is no end."""

    begins: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A planned batch: so many recipients from that instant on."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a drip comes to. `done_at`: when the last text leaves, None where some are left over.

    `left_over` recipients get nothing before the end date; or, where `beyond_horizon`, none within five years.
    """

    batches: int
    recipients: int
    left_over: int
    first_at: datetime | None
    done_at: datetime | None
    beyond_horizon: bool = False


def window(drip: Drip, at: datetime) -> Window | None:
    """The first stretch of time from *at* (aware) on in which batches may begin; None where there is none any more."""
    if not _CALENDAR[0] <= at < _CALENDAR[1]:
        return None
    there, at = zone(drip.zone), at.astimezone(UTC)
    span = drip.span if 0 <= drip.span.opens_s < drip.span.closes_s <= _DAY_S else None

    def span_of(day: date) -> Span | None:
        return span if day.weekday() in drip.days and (drip.ends_on is None or day <= drip.ends_on) else None

    hours = hours_at([there], span_of, at)
    if not hours.open:
        if hours.until is None:
            return None
        at, hours = hours.until, hours_at([there], span_of, hours.until)
    return Window(at, ends_at(drip) if hours.until is None else hours.until)


def ends_at(drip: Drip) -> datetime | None:
    """The midnight at which a drip with an end date is over: nothing of it leaves from then on. None: it has no end."""
    if drip.ends_on is None or drip.ends_on >= _CALENDAR[1].date():
        return None
    midnight = resolve(datetime.combine(drip.ends_on + timedelta(days=1), time()), drip.zone)
    return midnight.instant if isinstance(midnight, Resolved) else None


def opening(drip: Drip, at: datetime) -> datetime | None:
    """The first instant at or after *at* at which a batch may begin; None where the drip has ended."""
    found = window(drip, at)
    return found.begins if found else None


def next_batch(drip: Drip, last_batch_at: datetime | None, now: datetime) -> datetime | None:
    """When the next batch may begin, *last_batch_at* being the instant at which the last one did, if any; None: never.

    A last batch ahead of *now* counts as it stands, since a clock may have been set back.
    """
    if last_batch_at is None:
        return opening(drip, now)
    return opening(drip, max(now, last_batch_at + _interval(drip)))


def _interval(drip: Drip) -> timedelta:
    return timedelta(seconds=min(max(drip.interval_s, MIN_INTERVAL_S), MAX_INTERVAL_S))


# Planning


def timeline(drip: Drip, begins: datetime, recipients: int, per_s: float | None = None) -> Iterator[Batch]:
    """The planned batches in their order, for drawing: lazily, until nobody is left, the end date or the horizon.

    *per_s*: recipients that leave in a second; None for no limit, 0 for a pause, in which nothing is planned. A batch
    that takes longer than the interval delays the next one; what of it does not leave before the hours end comes with
    the next opening.
    """
    for run in runs(drip, begins, recipients, per_s):
        for nth in range(run.batches - 1):
            yield Batch(run.first_at + nth * run.step, drip.batch)
        yield Batch(run.last_at, run.last)


def forecast(drip: Drip, begins: datetime, recipients: int, per_s: float | None = None) -> Forecast:
    """The sum of `timeline`, counted by window and not by batch: a few thousand steps at most."""
    batches = count = 0
    first_at = done_at = None
    for run in runs(drip, begins, recipients, per_s):
        batches, count = batches + run.batches, count + (run.batches - 1) * drip.batch + run.last
        first_at, done_at = first_at or run.first_at, run.done_at
    left = max(0, recipients - count)
    endless = bool(left and batches) and window(drip, begins + HORIZON) is not None
    return Forecast(batches, count, left, first_at, None if left else done_at, endless)


@dataclass(frozen=True, slots=True)
class Run:
    """The `batches` of one window, `step` apart; all are full but the one at its end, which has `last` recipients."""

    first_at: datetime
    step: timedelta
    batches: int
    last: int
    takes: timedelta
    done_at: datetime

    @property
    def last_at(self) -> datetime:
        return self.first_at + (self.batches - 1) * self.step


def runs(drip: Drip, begins: datetime, recipients: int, per_s: float | None) -> Iterator[Run]:
    """The planned batches by window, from *begins* on: what `timeline` walks through and `forecast` adds up."""
    if drip.batch < 1 or not (per_s is None or per_s > 0) or not _CALENDAR[0] <= begins < _CALENDAR[1]:
        return
    at, left, horizon = begins, recipients, begins + HORIZON
    while left > 0 and (found := window(drip, at)) is not None and found.begins < horizon:
        ends = min(horizon, found.ends or horizon)
        run = _run(drip, found.begins, ends, left, per_s)
        yield run
        left -= (run.batches - 1) * drip.batch + run.last
        at = max(run.last_at + _interval(drip), run.last_at + run.takes)


def _run(drip: Drip, begins: datetime, ends: datetime, left: int, per_s: float | None) -> Run:
    """What of *left* recipients fits into a window: all batches that begin in it, the last one cut at its end."""
    step = max(_interval(drip), _takes(drip.batch, per_s))
    batches = min(-((begins - ends) // step), -(-left // drip.batch))
    last_at = begins + (batches - 1) * step
    last = min(drip.batch, left - (batches - 1) * drip.batch)
    if per_s is not None:
        last = min(last, _leave_within(ends - last_at, per_s, most=last))
    return Run(begins, step, batches, last, _takes(last, per_s), last_at + _takes(last - 1, per_s))


def _takes(count: int, per_s: float | None) -> timedelta:
    """How long *count* recipients take; what lasts longer than anybody plans is as long as that."""
    longest = HORIZON.total_seconds()
    return timedelta() if per_s is None else timedelta(seconds=min(longest, count / per_s))


def _leave_within(span: timedelta, per_s: float, most: int) -> int:
    """How many leave in ``[0, span)``, the first one at once."""
    room = span.total_seconds() * per_s
    return most if room >= most else max(1, ceil(room))
