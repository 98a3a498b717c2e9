"""Decides which of a number's waiting texts is next: answers to keywords, then people's, then bulk by turns.

Bulk gets at least one departure in five while it waits, so that a busy inbox cannot starve a campaign. Among campaigns
it is deficit round robin in segments: a campaign of long texts gets no more of the air than one of short ones.
"""

from collections import OrderedDict
from typing import Final

from server.domain.gate import Lane
from server.ports import DueRow

BULK_AT_LEAST_ONE_IN: Final = 5
_QUANTUM: Final = 4  # segments per turn of a campaign; small, so that turns are short at one segment a second

_Queue = OrderedDict[int, DueRow]


class Lanes:
    """The waiting rows of one number. An id stands here at most once; the caller sees to that."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._first: dict[int, _Queue] = {Lane.COMPLIANCE: OrderedDict(), Lane.PEOPLE: OrderedDict()}
        self._bulk: OrderedDict[int | None, _Queue] = OrderedDict()  # in the order of turns
        self._credit: dict[int | None, int] = {}
        self._front_has_credit = False  # of this turn
        self._passed_over = 0
        self._bulk_waiting = 0
        self.segments = 0

    def __len__(self) -> int:
        """How many rows wait."""
        return sum(self.depth())

    def depth(self) -> tuple[int, int, int]:
        """How many rows wait: answers, people's, bulk."""
        return len(self._first[Lane.COMPLIANCE]), len(self._first[Lane.PEOPLE]), self._bulk_waiting

    def add(self, row: DueRow) -> None:
        """Put *row* at the end of its lane, or of its campaign's queue."""
        self.segments += row.cost
        if row.lane != Lane.BULK:
            self._first[row.lane][row.outbox_id] = row
            return
        self._bulk_waiting += 1
        self._credit.setdefault(row.campaign_id, 0)
        self._bulk.setdefault(row.campaign_id, OrderedDict())[row.outbox_id] = row

    def remove(self, row: DueRow) -> None:
        """Take *row* out, from wherever it stands."""
        self.segments -= row.cost
        if row.lane != Lane.BULK:
            del self._first[row.lane][row.outbox_id]
            return
        self._bulk_waiting -= 1
        queue = self._bulk[row.campaign_id]
        del queue[row.outbox_id]
        if not queue:
            self._front_has_credit &= next(iter(self._bulk)) != row.campaign_id
            del self._bulk[row.campaign_id], self._credit[row.campaign_id]

    def head(self) -> DueRow | None:
        """The next row, or None. Asking again without a change in between gives the same."""
        waiting = self._first[Lane.COMPLIANCE] or self._first[Lane.PEOPLE]
        if self._bulk and (not waiting or self._passed_over >= BULK_AT_LEAST_ONE_IN - 1):
            return self._bulk_head()
        return next(iter(waiting.values())) if waiting else None

    def pop(self) -> DueRow:
        """Take the next row out, as one that departs; raises IndexError where nobody waits."""
        row = self.head()
        if row is None:
            raise IndexError("nobody waits")
        if row.lane == Lane.BULK:
            self._credit[row.campaign_id] -= row.cost
        self.remove(row)
        self._passed_over = self._passed_over + 1 if row.lane != Lane.BULK and self._bulk else 0
        return row

    def _bulk_head(self) -> DueRow:
        while True:
            campaign_id, queue = next(iter(self._bulk.items()))
            if not self._front_has_credit:
                self._front_has_credit = True
                self._credit[campaign_id] += _QUANTUM
            row = next(iter(queue.values()))
            if self._credit[campaign_id] >= row.cost:
                return row
            self._bulk.move_to_end(campaign_id)
            self._front_has_credit = False
