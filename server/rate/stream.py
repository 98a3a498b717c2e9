"""A queue of rows that fall under the same limits and the same priority: within it, first come, first served."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from server.ports import DueRow, StreamKey

if TYPE_CHECKING:
    from server.rate.limit import AnyLimit
    from server.rate.order import Order


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
        self.order: Order | None = None
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
