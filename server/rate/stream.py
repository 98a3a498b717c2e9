"""A queue of rows that fall under the same limits and the same priority: within it, first come, first served.

Beside it stands what it asks of those limits, whatever they count.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

from server.ports import DueRow, StreamKey
from server.rate.order import Order

LimitKind = Literal["number", "account", "registration", "campaign", "brand"]


class LimitKey(NamedTuple):
    """`id` is the row's of that kind; `carrier` the destination's, of a registration."""

    kind: LimitKind
    id: int
    carrier: str = ""


class AnyLimit(Protocol):
    """What the pacer asks of a limit. Times are monotonic seconds; costs are segments."""

    key: LimitKey
    order: Order[Stream]  # the streams that wait for this limit
    version: int  # tells the schedule's newest entry for this limit from older ones
    planned_at: float  # that entry's instant; infinite: there is none

    def instant(self, cost: int, now: float) -> float:
        """When *cost* could leave as far as this limit is concerned; `inf`: only a change will tell."""

    def reserve(self, cost: int, at: float) -> None:
        """A row was granted for the instant *at*, which is no earlier than this limit's own."""

    def release(self, cost: int) -> None:
        """A granted row will not leave."""

    def wait_s(self, cost: int, now: float) -> float:
        """At the wire: 0.0, or the seconds still to wait; `inf`: not in the foreseeable future."""

    def depart(self, cost: int, now: float) -> None:
        """A granted row leaves now: the wire is charged."""

    def catch_up(self) -> bool:
        """Push the promises behind the wire and what is on its way to it; True where that changed them."""

    def wanted(self, cost: int, now: float) -> bool:
        """A row of so many segments waits for this limit; True where something must be asked for to let it go."""

    def recover(self, now: float) -> bool:
        """Give back part of what a 429 took, where it is time; True where the rate changed."""


class Stream:
    """The rows of one `StreamKey`. It waits for one of its limits at a time: the one that lets it go last.

    `place` is that limit and `order` that limit's order, None where no row waits.
    """

    __slots__ = ("_rows", "campaign_id", "key", "lane", "limits", "order", "place", "segments", "tag", "ticket")

    def __init__(self, key: StreamKey) -> None:
        """An empty queue under no limit."""
        self.key, self.lane, self.campaign_id = key, key.lane, key.campaign_id
        self.limits: tuple[AnyLimit, ...] = ()
        self.place: AnyLimit | None = None
        self.order: Order[Stream] | None = None
        self.ticket = 0  # of its newest place in an order; older ones are void
        self.tag = 0.0  # where its campaign's share stood when it came to that place, in segments
        self.segments = 0
        self._rows: OrderedDict[int, tuple[int, DueRow]] = OrderedDict()

    def __len__(self) -> int:
        """How many rows wait."""
        return len(self._rows)

    @property
    def cost(self) -> int:
        """Segments of the first row."""
        return self._first()[1].cost

    @property
    def arrived(self) -> int:
        """The arrival number of the first row."""
        return self._first()[0]

    def rows(self) -> Iterator[int]:
        """The outbox ids of the rows, in their order."""
        return iter(self._rows)

    def add(self, row: DueRow, arrival: int) -> None:
        """Put *row* at the end."""
        self._rows[row.outbox_id] = (arrival, row)
        self.segments += row.cost

    def remove(self, outbox_id: int) -> None:
        """Take a row out, from wherever it stands."""
        self.segments -= self._rows.pop(outbox_id)[1].cost

    def pop(self) -> DueRow:
        """Take the first row."""
        row = self._rows.popitem(last=False)[1][1]
        self.segments -= row.cost
        return row

    def _first(self) -> tuple[int, DueRow]:
        return next(iter(self._rows.values()))
