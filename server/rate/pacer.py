"""Decides when each waiting text may leave: the limiter's whole decision, synchronous, with time passed in.

A row leaves at the latest instant of all its limits, and all of them are charged or none. Rows that fall under the same
limits stand in one stream; a stream waits in the order of the one limit that lets it go last, so that a row whose other
limit is full holds up nobody who could leave, and priorities hold where the pace is short. An instant is reserved only
once it lies within the next 20 ms: a reply overtakes everything that is not on its way already. Instants and times are
seconds on one monotonic scale.
"""

import heapq
import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Final

from server import ports
from server.domain.limits import LimitScope
from server.ports import DueRow, LimitBook, StreamKey
from server.rate.daily import DailyCap
from server.rate.leased import LeasedLimit
from server.rate.limit import Limit
from server.rate.shelf import MakeLimit, Shelf
from server.rate.stats import LimiterStats
from server.rate.stream import AnyLimit, LimitKey, Stream
from server.rate.survey import survey

HORIZON_S: Final = 0.020  # what T3 may authorise ahead of its instant
GRANTS_AT_MOST: Final = 64  # the rows of one T3
FORGET_S: Final = 2.5  # a person's text may leave 2 s after its T3; a grant unused for longer was lost

Numbers = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Grant:
    """The named row may leave at `instant`, and not before: a `ports.Grant`."""

    outbox_id: int
    number_id: int
    cost: int
    lane: int
    instant: float
    dest_carrier: str = ""


@dataclass(frozen=True, slots=True)
class _OnItsWay:
    """A granted row with the limits that it was granted under."""

    grant: Grant
    stream: Stream
    limits: tuple[AnyLimit, ...]


class Pacer:
    """All limits under one authority's epoch. *on_want* is called when a limit lacks what must be asked for."""

    def __init__(self, epoch: int, on_want: Callable[[], None] = lambda: None, make: MakeLimit = Limit) -> None:
        """Nobody waits, and no number is known: unknown numbers are paused until they have a rate."""
        self.epoch, self._on_want = epoch, on_want
        self.shelf = Shelf(make)
        self.streams: dict[StreamKey, Stream] = {}
        self._waiting: dict[int, Stream] = {}
        self._granted: OrderedDict[int, _OnItsWay] = OrderedDict()
        self._schedule: list[tuple[float, int, AnyLimit, int]] = []  # (instant, tie, limit, version); old ones are void
        self._arrivals, self._ties = count(), count()

    # Rows

    def offer(self, rows: Iterable[DueRow], now: float) -> int:
        """Let *rows* wait, and return how many are new: one that waits or is on its way already is not taken again."""
        self._forget(now)
        new = 0
        for row in rows:
            if row.outbox_id in self._waiting or row.outbox_id in self._granted:
                continue
            stream = self._waiting[row.outbox_id] = self._stream(row, now)
            stream.add(row, next(self._arrivals))
            if stream.place is None:
                self._park(stream, now)
            new += 1
        return new

    def withdraw(self, outbox_ids: Iterable[int], now: float) -> None:
        """Forget rows that are not to leave, waiting or granted; an instant that was reserved for one is lost."""
        for outbox_id in outbox_ids:
            if stream := self._waiting.pop(outbox_id, None):
                stream.remove(outbox_id)
                place = self._leave(stream)
                if stream:
                    self._park(stream, now)
                self._plan(place, now)
            elif on_its_way := self._granted.pop(outbox_id, None):
                self._release(on_its_way, now)

    def keep_only(self, number_id: int, outbox_ids: Collection[int], now: float) -> bool:
        """Forget rows of this number that stand first and are none of these; whether there was one.

        A row that was taken back elsewhere is refused when its turn comes. But where a day has too little left for it,
        its turn comes tomorrow, and shorter ones stand behind it.
        """
        gone = [
            outbox_id
            for stream in self.streams.values()
            if stream.key.number_id == number_id
            for outbox_id in takewhile(lambda id_: id_ not in outbox_ids, stream.rows())
        ]
        self.withdraw(gone, now)
        return bool(gone)

    def waiting(self, key: StreamKey) -> int:
        """How many rows stand in a stream; granted ones do not."""
        return len(self.streams.get(key, ()))

    # Grants and departures

    def due(self, now: float, at_most: int = GRANTS_AT_MOST, numbers: Numbers | None = None) -> list[Grant]:
        """The grants whose instants lie before now + 20 ms; of each limit in the order of their instants.

        *numbers* tells whose rows are asked for; None: everybody's.
        """
        grants: list[Grant] = []
        others: list[AnyLimit] = []
        before = now + HORIZON_S
        while len(grants) < at_most and (limit := self._next(before)) is not None:
            limit.recover(now)
            stream = limit.order.head()
            if stream is None:
                continue
            if numbers is not None and not numbers(stream.key.number_id):
                # Whoever asks for the head's may have no room for it: that must not hold up our rows.
                others.append(limit)
                stream = limit.order.first_of(numbers)
                while stream is not None and len(grants) < at_most:
                    grant, moved = self._grant_from(limit, stream, now, before)
                    grants += grant
                    stream = limit.order.first_of(numbers) if grant or moved else None
                continue
            grants += self._grant_from(limit, stream, now, before)[0]
            self._plan(limit, now)
        for limit in others:
            self._plan(limit, now)
        return grants

    def wake_at(self, now: float = 0.0, numbers: Numbers | None = None) -> float | None:
        """When `due` should look next, where nothing changes until then; None: only a change will bring something."""
        if numbers is not None:
            return self._wake_for(now, numbers)
        while self._schedule and self._schedule[0][2].version != self._schedule[0][3]:
            heapq.heappop(self._schedule)
        return self._schedule[0][0] - HORIZON_S if self._schedule else None

    def _wake_for(self, now: float, numbers: Numbers) -> float | None:
        wake_at = math.inf
        for instant, _, limit, version in self._schedule:
            if limit.version != version or instant >= wake_at:
                continue
            stream = limit.order.head()
            if stream is not None and not numbers(stream.key.number_id):
                stream = limit.order.first_of(numbers)
                instant = math.inf if stream is None else max(instant, limit.instant(stream.cost, now))
            wake_at = wake_at if stream is None else min(wake_at, instant)
        return None if wake_at == math.inf else wake_at - HORIZON_S

    def depart(self, grant: ports.Grant, now: float) -> float:
        """0.0: the first byte may be written now, and is charged. Else the seconds to wait before asking again.

        `inf` means not in the foreseeable future (paused, under other limits by now, forgotten): void it. Whoever gives
        up calls `withdraw`.
        """
        on_its_way = self._granted.get(grant.outbox_id)
        if on_its_way is None or on_its_way.limits is not on_its_way.stream.limits:
            return math.inf
        cost = on_its_way.grant.cost
        wait_s = max([limit.wait_s(cost, now) for limit in on_its_way.limits])
        if wait_s > 0.0:
            return wait_s
        del self._granted[grant.outbox_id]
        for limit in on_its_way.limits:
            limit.depart(cost, now)
            if limit.catch_up():
                self._plan(limit, now)
        return 0.0

    # Limits

    def configure(self, book: LimitBook, now: float, day_ends_in_s: float) -> None:
        """Take over all limits: new ones start with their burst spent, those that are gone bind nobody any more."""
        self.shelf.read(book, now, day_ends_in_s)
        self._sort_anew(now)

    def set_rate(self, number_id: int, rate: float, burst: float, now: float) -> None:
        """Set a number's pace alone, in segments/s and segments; 0 pauses it."""
        self.shelf.set(LimitKey("number", number_id), rate, burst, now)
        self._plan_changed(now)

    def throttled(
        self,
        number_id: int,
        retry_after_s: float | None,
        now: float,
        scope: LimitScope = LimitScope.NUMBER,
        dest_carrier: str = "",
    ) -> None:
        """The carrier answered 429 for this number: slow the limit of which it spoke, else the number's."""
        number, limit = self.shelf.number(number_id), None
        if number is not None and scope is LimitScope.ACCOUNT:
            limit = self.shelf.account(number)
        elif number is not None and scope is LimitScope.REGISTRATION:
            limit = self.shelf.registration(number, dest_carrier)
        limit = limit or self.shelf.limits.get(LimitKey("number", number_id))
        if limit is not None:
            limit.throttled(retry_after_s, now)
            self._plan(limit, now)

    # A brand's day

    def wants(self, now: float) -> list[DailyCap]:
        """The days for which a block is to be charged now; each is given once until it is credited."""
        found = [day for day in self.shelf.days.values() if day.wants(now)]
        for day in found:
            day.asking = True
        return found

    def credit(self, day: DailyCap, segments: int, now: float, *, spent: bool) -> None:
        """The database charged so much to *day*."""
        day.credit(segments, spent=spent)
        self._plan(day, now)

    def day_spent(self, number_id: int, now: float) -> None:
        """The carrier says that the day of this number's brand is used up: what counts towards it waits."""
        if self.shelf.spend_day(number_id):
            self._sort_anew(now)
            self._on_want()

    # Limits that are shared

    def asks(self) -> list[LeasedLimit]:
        """The limits of which something may be to be asked for: each is asked itself."""
        return [limit for limit in self.shelf.limits.values() if isinstance(limit, LeasedLimit) and limit.lacks]

    def answered(self, limits: Iterable[Limit], now: float) -> None:
        """What these lacked has come, or has not."""
        for limit in limits:
            self._plan(limit, now)

    def stats(self, now: float) -> LimiterStats:
        """A snapshot of every number, limit and day."""
        for limit in self.shelf.limits.values():
            if limit.recover(now):
                self._plan(limit, now)
        return survey(self.epoch, self.shelf, self.streams.values(), now)

    # Streams and the order among them

    def _stream(self, row: DueRow, now: float) -> Stream:
        if row.campaign_rate is not None and row.campaign_id is not None:
            if self.shelf.set_campaign(row.campaign_id, row.campaign_rate, now):
                self._sort_anew(now)
            self._plan_changed(now)
        key = row.stream
        stream = self.streams.get(key)
        if stream is None:
            stream = self.streams[key] = Stream(key)
            stream.limits = self.shelf.of(key, now)
        return stream

    def _sort_anew(self, now: float) -> None:
        """Which streams fall under which limits may have changed. Empty streams go."""
        self.streams = {key: stream for key, stream in self.streams.items() if stream}
        on_their_way = (each.stream for each in self._granted.values())
        for stream in {*self.streams.values(), *on_their_way}:
            limits = self.shelf.of(stream.key, now)
            if limits != stream.limits:
                stream.limits = limits
                if stream:
                    self._leave(stream)
                    self._park(stream, now)
        self._plan_changed(now)

    def _park(self, stream: Stream, now: float) -> None:
        self._wait_for(stream, *_latest(stream, stream.cost, now, stream.limits[0]))

    def _wait_for(self, stream: Stream, limit: AnyLimit, instant: float, *, anew: bool = True) -> None:
        stream.place = limit
        limit.order.park(stream, anew=anew)
        if instant < limit.planned_at:
            self._put_on_schedule(limit, instant)
        if limit.wanted(stream.cost, instant):
            self._on_want()

    def _leave(self, stream: Stream) -> AnyLimit:
        place = stream.place
        if place is None:
            raise RuntimeError("a stream that waits for nothing has no rows")
        place.order.leave(stream)
        stream.place = None
        return place

    def _grant_from(self, limit: AnyLimit, stream: Stream, now: float, before: float) -> tuple[Sequence[Grant], bool]:
        """Grant the first row of *stream*, or let it wait where it is held up for longer; and whether it went there."""
        cost = stream.cost
        latest, instant = _latest(stream, cost, now, limit)
        if latest is limit and instant > before:
            if limit.wanted(cost, instant):
                self._on_want()
            return (), False
        self._leave(stream)
        if latest is not limit:
            self._wait_for(stream, latest, instant)
            return (), True
        row = stream.pop()
        for each in stream.limits:
            each.reserve(cost, instant)
            each.order.served(stream, cost, here=each is limit)
            if isinstance(each, DailyCap) and each.wants(now):
                self._on_want()
        if stream:
            latest, instant_of_next = _latest(stream, stream.cost, now, stream.limits[0])
            self._wait_for(stream, latest, instant_of_next, anew=latest is not limit)
        grant = Grant(row.outbox_id, row.number_id, cost, row.lane, instant, row.dest_carrier)
        del self._waiting[row.outbox_id]
        self._granted[row.outbox_id] = _OnItsWay(grant, stream, stream.limits)
        return (grant,), False

    # The schedule

    def _plan_changed(self, now: float) -> None:
        changed, self.shelf.changed = self.shelf.changed, []
        for limit in changed:
            self._plan(limit, now)
            if isinstance(limit, DailyCap) and limit.wants(now):
                self._on_want()

    def _plan(self, limit: AnyLimit, now: float) -> None:
        stream = limit.order.head()
        instant = math.inf if stream is None else limit.instant(stream.cost, now)
        if instant != limit.planned_at:
            self._put_on_schedule(limit, instant)

    def _put_on_schedule(self, limit: AnyLimit, instant: float) -> None:
        limit.version += 1
        limit.planned_at = instant
        if instant < math.inf:
            heapq.heappush(self._schedule, (instant, next(self._ties), limit, limit.version))

    def _next(self, before: float) -> AnyLimit | None:
        """Take the limit whose next instant is the earliest off the schedule, where that is not after *before*."""
        if self.wake_at() is None or self._schedule[0][0] > before:
            return None
        limit = heapq.heappop(self._schedule)[2]
        limit.planned_at = math.inf
        return limit

    # Grants that come to nothing

    def _release(self, on_its_way: _OnItsWay, now: float) -> None:
        for limit in on_its_way.limits:
            limit.release(on_its_way.grant.cost)
            if isinstance(limit, DailyCap):
                self._plan(limit, now)

    def _forget(self, now: float) -> None:
        while self._granted and next(iter(self._granted.values())).grant.instant < now - FORGET_S:
            self._release(self._granted.popitem(last=False)[1], now)


def _latest(stream: Stream, cost: int, now: float, first: AnyLimit) -> tuple[AnyLimit, float]:
    """The limit that lets the stream's first row go last, and when; *first* where several do."""
    latest, instant = first, first.instant(cost, now)
    for limit in stream.limits:
        if limit is not first and (other := limit.instant(cost, now)) > instant:
            latest, instant = limit, other
    return latest, instant
