"""A pacer under a whole hierarchy in virtual time, with senders that come late, a database of days, and crashes."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count

from server.domain.limits import Allowance
from server.ports import BrandDay, CampaignPace, DueRow, LimitBook, Number, Registration
from server.rate.daily import BLOCK
from server.rate.pacer import HORIZON_S, Grant, Pacer
from server.rate.stream import LimitKey

DAY_S = 86_400.0
FIRST_DAY = date(2026, 3, 10)


def number(number_id: int, rate: float = 100.0, burst: int = 1, *, account_id: int = 1, registered: int = 1) -> Number:
    return Number(number_id, 1, account_id, f"+1202555{number_id:04}", rate, burst, registered)


def book(
    *numbers: Number,
    account: Allowance | None = None,
    carriers: dict[str, Allowance] | None = None,
    campaigns: dict[int, float] | None = None,
    cap: int | None = None,
) -> LimitBook:
    """Account 1 with *account*, registration 1 of brand 1 with *carriers* and *cap*."""
    return LimitBook(
        numbers=numbers,
        accounts={} if account is None else {1: account},
        registrations={1: Registration("CMP1", 1, carriers or {})},
        campaigns={id_: CampaignPace(rate) for id_, rate in (campaigns or {}).items()},
        brands={1: BrandDay("Harbor & Pine", cap, frozenset({"tmobile", "unknown"}))},
        day=FIRST_DAY,
    )


@dataclass(frozen=True, slots=True)
class Left:
    """The first byte of a row left *at*, on *day*, under the limits *keys*."""

    row: DueRow
    at: float
    day: date
    keys: tuple[LimitKey, ...]


class World:
    """`charged` is the database's: segments by day; `lost` what crashes left unused."""

    def __init__(self, limits: LimitBook, late_s: Callable[[], float] = lambda: 0.0) -> None:
        self.now, self.left, self.charged = 0.0, list[Left](), dict[date, int]()
        self.book, self._late_s, self._serial = limits, late_s, count()
        self._again = False  # a row is queued again
        self.rows: dict[int, DueRow] = {}  # what is queued in the database
        self.start()

    def start(self) -> None:
        """Another authority, which knows nothing of what its predecessor did."""
        self.pacer = Pacer(epoch=next(self._serial))
        self._senders: list[tuple[float, int, Grant]] = []
        self.configure(self.book)

    def configure(self, limits: LimitBook) -> None:
        self.book = replace(
            limits,
            day=self.day,
            brands={id_: replace(b, used=self.charged.get(self.day, 0)) for id_, b in limits.brands.items()},
        )
        self.pacer.configure(self.book, self.now, DAY_S - self.now % DAY_S)

    @property
    def day(self) -> date:
        return FIRST_DAY + timedelta(days=int(self.now // DAY_S))

    def offer(self, *rows: DueRow) -> None:
        self.rows |= {row.outbox_id: row for row in rows}

    def run(self, until: float) -> None:
        """Let time pass."""
        while self.now <= until:
            if self.book.day != self.day:
                self.configure(self.book)
            self.pacer.offer(self.rows.values(), self.now)
            self._charge()
            for grant in self.pacer.due(self.now):
                assert grant.instant <= self.now + HORIZON_S, "reserved before its time"
                self._send_at(max(self.now, grant.instant) + self._late_s(), grant)
            while self._senders and self._senders[0][0] <= self.now:
                self._depart(heapq.heappop(self._senders)[2])
            following = max(math.nextafter(self.now, math.inf), self.now if self._again else self._following())
            self._again = False
            if following > until:
                break
            self.now = following
        self.now = max(self.now, until)

    def _charge(self) -> None:
        for day in self.pacer.wants(self.now):
            used, cap = self.charged.get(day.day, 0), day.cap
            got = BLOCK if cap is None else max(0, min(BLOCK, cap - used))
            self.charged[day.day] = used + got
            self.pacer.credit(day, got, self.now, spent=cap is not None and used + got >= cap)

    def _send_at(self, at: float, grant: Grant) -> None:
        heapq.heappush(self._senders, (at, next(self._serial), grant))

    def _depart(self, grant: Grant) -> None:
        wait_s = self.pacer.depart(grant, self.now)
        if wait_s == math.inf:
            self.pacer.withdraw([grant.outbox_id], self.now)
            self._again = True
        elif wait_s:
            self._send_at(self.now + wait_s + self._late_s(), grant)
        else:
            row = self.rows.pop(grant.outbox_id)
            keys = tuple(limit.key for limit in self.pacer.shelf.of(row.stream, self.now))
            self.left.append(Left(row, self.now, self.day, keys))

    def _following(self) -> float:
        wake_at = self.pacer.wake_at()
        moments = [self._senders[0][0]] if self._senders else []
        moments += [] if wake_at is None else [wake_at]
        return min([*moments, (self.now // DAY_S + 1) * DAY_S])


def worst_excess(left: Iterable[Left], key: LimitKey, rate: float, burst: float) -> float:
    """By how many segments the worst of all windows breaks rate · w + max(burst, largest cost) of this limit."""
    mine = [(each.at, each.row.cost) for each in left if key in each.keys]
    worst = -math.inf
    for first, (begins, _) in enumerate(mine):
        total = largest = 0
        for ends, cost in mine[first:]:
            total, largest = total + cost, max(largest, cost)
            worst = max(worst, total - rate * (ends - begins) - max(burst, largest))
    return worst
