"""How many threads hold texts that a member has not seen, without counting all threads each time.

What was counted once is kept with the position of that look: every write of a thread and every move of a mark renews
its row's changed_xid, so the next look reads what has changed since and is exact. Nothing of it is stored: a server
that starts, or a database that was restored, counts anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import trio

from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

_SQL = statements("inbox")

MOST_CHANGED: Final = 1_000  # of more, all are counted anew: a tenth of a second among 200,000
MOST_KEPT: Final = 500  # members; some 300 KiB each where 200,000 threads are unread
_WORD: Final = 64
_ALL: Final = (1 << _WORD) - 1


class Unread:
    """The threads that one member has not seen, as of a position."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.p, self.epoch = str(rows[0]["p"]), rows[0]["epoch"]
        self._bits: dict[int, int] = {r["page"]: r["bits"] & _ALL for r in rows if r["page"] is not None}
        self.count = sum(bits.bit_count() for bits in self._bits.values())

    def put(self, thread_id: int, unread: bool) -> None:
        page, bit = thread_id // _WORD, 1 << thread_id % _WORD
        before = self._bits.get(page, 0)
        after = before | bit if unread else before & ~bit
        self._bits[page] = after
        self.count += after.bit_count() - before.bit_count()

    def threads(self) -> Iterator[int]:
        for page, bits in self._bits.items():
            yield from (page * _WORD + n for n in range(_WORD) if bits >> n & 1)


class UnreadThreads:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._kept: OrderedDict[int, Unread] = OrderedDict()
        self._turn = trio.Lock()  # an older look must not be put over a newer one

    async def of(self, member_ids: Sequence[int]) -> Mapping[int, Unread]:
        """As the database is now; of members that there are."""
        async with self._turn:
            known = {member_id: self._kept[member_id] for member_id in member_ids if member_id in self._kept}
            if known:
                await self._renew(known)
            for member_id in member_ids:
                if member_id not in known and (counted := await self._counted(member_id)) is not None:
                    known[member_id] = counted
            for member_id, unread in known.items():
                self._kept[member_id] = unread
                self._kept.move_to_end(member_id)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return known

    async def _counted(self, member_id: int) -> Unread | None:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["unread"], member_id))
        return Unread(rows) if rows else None

    async def _renew(self, known: dict[int, Unread]) -> None:
        """Bring what is known up to date, and take from *known* what must be counted anew."""
        members, since = list(known), [unread.p for unread in known.values()]
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["unread_since"], members, since, MOST_CHANGED))
        changed: dict[int, list[Row]] = {member_id: [] for member_id in members}
        for row in rows:
            if row["member_id"] is not None:
                changed[row["member_id"]].append(row)
        for member_id in members:
            unread = known[member_id]
            if len(changed[member_id]) >= MOST_CHANGED or unread.epoch != rows[0]["epoch"]:
                del known[member_id]
                continue
            for one in changed[member_id]:
                unread.put(one["thread_id"], one["unread"])
            unread.p = str(rows[0]["p"])
