"""Decides which of the streams that wait for one limit is next: answers to keywords, then people's, then bulk.

Bulk gets at least one departure in five while it waits, so that a busy inbox cannot starve a campaign. Campaigns share
in segments: a campaign of long texts gets no more of the air than one of short ones. It is start-time fair queueing
and not round robin, since a stream may wait elsewhere meanwhile (a slow carrier): when it comes back it has what it did
not use of its share for at most one turn, where a place at the end of a round would cost it most of its rate.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, Generic, Protocol, TypeVar

from server.domain.gate import Lane
from server.ports import StreamKey

BULK_AT_LEAST_ONE_IN: Final = 5
_TAGS_AT_LEAST: Final = 256  # campaigns that are remembered though they have no claim


class Waiting(Protocol):
    """What an order asks of a stream. `order`, `ticket` and `tag` are the order's own to write."""

    key: StreamKey
    lane: int
    campaign_id: int | None
    order: Order[Any] | None
    ticket: int  # of its newest place in an order; older ones are void
    tag: float  # where its campaign's share stood when it came to that place, in segments

    @property
    def arrived(self) -> int:
        """The arrival number of the first row."""


S = TypeVar("S", bound=Waiting)
_Entry = tuple[float, int, int, S]  # (tag, arrival of its first row, ticket, stream)
_tickets = count(1)
_BULK_LAST: Final = (int(Lane.COMPLIANCE), int(Lane.PEOPLE), int(Lane.BULK))
_BULK_FIRST: Final = (int(Lane.BULK), int(Lane.COMPLIANCE), int(Lane.PEOPLE))


class Order(Generic[S]):
    """The streams that wait for one limit; each waits for one only."""

    __slots__ = ("_depth", "_heaps", "_passed_over", "_tags", "_tags_at_most", "_virtual")

    def __init__(self) -> None:
        """Nobody waits."""
        self._heaps: tuple[list[_Entry[S]], ...] = tuple([] for _ in Lane)
        self._depth = [0] * len(Lane)
        self._tags: dict[int | None, float] = {}  # where each campaign's next departure begins, in segments
        self._virtual = 0.0  # where a campaign that comes anew begins
        self._passed_over = 0
        self._tags_at_most = _TAGS_AT_LEAST

    def __len__(self) -> int:
        """How many streams wait."""
        return sum(self._depth)

    def park(self, stream: S, *, anew: bool = True) -> None:
        """Let *stream* wait here, by the arrival of its first row; *anew*: it did not wait here just before."""
        stream.order, stream.ticket, stream.tag = self, next(_tickets), 0.0
        self._depth[stream.lane] += 1
        if stream.lane == Lane.BULK:
            stream.tag = max(self._tags.get(stream.campaign_id, 0.0), self._virtual if anew else 0.0)
        heapq.heappush(self._heaps[stream.lane], (stream.tag, stream.arrived, stream.ticket, stream))

    def leave(self, stream: S) -> None:
        """*stream* waits here no longer."""
        self._depth[stream.lane] -= 1
        stream.order, stream.ticket = None, 0

    def head(self) -> S | None:
        """The next stream, or None. Asking again without a change in between gives the same."""
        for lane in self._lanes():
            if self._depth[lane]:
                return self._first(lane)
        return None

    def first_of(self, numbers: Callable[[int], bool]) -> S | None:
        """The next of the streams that leave from certain numbers, or None."""
        for lane in self._lanes():
            own = [
                entry for entry in self._heaps[lane] if entry[3].ticket == entry[2] and numbers(entry[3].key.number_id)
            ]
            if own:
                return min(own)[3]
        return None

    def served(self, stream: S, cost: int, *, here: bool) -> None:
        """A row of *stream* departs under this limit; *here*: this is the limit that it waited for."""
        if stream.lane == Lane.BULK:
            begins = max(stream.tag if here else self._virtual, self._tags.get(stream.campaign_id, 0.0))
            self._tags[stream.campaign_id] = begins + cost
            # Those who come anew begin a round's share further each time. By what waits alone it would stand still, and
            # campaigns that come for ever would keep those waiting who came before.
            self._virtual += cost / (self._depth[Lane.BULK] + 1)
            if len(self._tags) > self._tags_at_most:
                self._tags = {flow: tag for flow, tag in self._tags.items() if tag > self._virtual}
                self._tags_at_most = 2 * len(self._tags) + _TAGS_AT_LEAST
            self._passed_over = 0
        elif here:
            self._passed_over = self._passed_over + 1 if self._depth[Lane.BULK] else 0

    def _lanes(self) -> Sequence[int]:
        """The lanes in the order of turns."""
        return _BULK_FIRST if self._passed_over >= BULK_AT_LEAST_ONE_IN - 1 else _BULK_LAST

    def _first(self, lane: int) -> S:
        heap = self._heaps[lane]
        while True:
            tag, arrived, ticket, stream = heap[0]
            if stream.ticket != ticket:
                heapq.heappop(heap)
            elif lane == Lane.BULK and tag < (newer := self._tags.get(stream.campaign_id, 0.0)):
                # Another stream of the same campaign has left meanwhile: it is the campaign's share that counts.
                heapq.heapreplace(heap, (newer, arrived, ticket, stream))
            else:
                return stream
