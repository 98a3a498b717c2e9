"""Every text and every note of a workspace, found by its words and by what it is, page by page.

Texts are looked for first, and notes, which are few, only as far back as that came: by the same looks, but in
statements of their own, so that neither costs the other its plan.

How far each look reaches is decided in `domain.history`. All looks of a page see one snapshot, and none of them may
read a table whole: the planner is told so, since it knows nothing of what words are worth. Nor does it plan a statement
anew for each look, which would cost more than most looks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from server.domain.history import (
    NARROWEST,
    TOO_MANY,
    WALK,
    Burst,
    Crowd,
    Kind,
    burst_of,
    first_leap,
    next_leap,
    spans,
    towards,
    worth_fetching,
)
from server.domain.messages import Message, Note
from server.ports.history import Found, HistoryPage, Line, Newer, Wanted
from server.store.conversations.history_export import HistoryExports
from server.store.conversations.rows import message, note
from server.store.conversations.sought import Sought, sought
from server.store.cursors import made_cursor, parsed_cursor
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("history")

ENOUGH: Final = 10_000  # texts that one page may look at
MOST_NEWER: Final = 1_000  # texts that are looked at for what is new
_WORDLESS: Final = 3  # texts cost no more to fetch than one whose words are read
_PLANS: Final = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[datetime, int, int]


class PostgresHistory:
    """`ports.history.History`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._exports = HistoryExports(postgres)

    async def page(
        self, workspace_id: int, wanted: Wanted, *, cursor: str | None = None, limit: int = 50
    ) -> HistoryPage:
        below = None if cursor is None else _key(cursor)

        async def read(connection: Connection) -> HistoryPage:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await connection.execute(_PLANS)
                return await _page(connection, workspace_id, wanted, below, limit)

        return await self._postgres.read(read)

    async def newer(self, workspace_id: int, wanted: Wanted, than: str) -> Newer:
        above = _key(than)

        async def read(connection: Connection) -> Newer:
            asked = await sought(connection, workspace_id, wanted)
            if asked is None:
                return Newer(0, more=False)
            count, more = 0, False
            for kind in asked.kinds:
                sql, given = asked.of(kind).statement("newer", workspace_id, *above, MOST_NEWER)
                [row] = await connection.fetch(sql, *given)
                count, more = count + row["found"], more or row["came"] == MOST_NEWER
            return Newer(count, more)

        return await self._postgres.read(read)

    async def export(self, workspace_id: int, wanted: Wanted) -> AsyncGenerator[Sequence[Line], None]:
        return await self._exports.export(workspace_id, wanted)

    async def merge_words(self) -> int:
        pages: int = await self._postgres.read(lambda c: c.fetchval(_SQL["merge_words"]))
        return pages


async def _page(
    connection: Connection, workspace_id: int, wanted: Wanted, below: Key | None, limit: int
) -> HistoryPage:
    ends: dict[Kind, Row] = {row["kind"]: row for row in await connection.fetch(_SQL["ends"], workspace_id)}
    newest = max(map(_key_of, ends.values()), default=None)
    asked = None if newest is None else await sought(connection, workspace_id, wanted)
    if newest is None or asked is None:
        return HistoryPage([], None, None, None if newest is None else _cursor(newest))
    top: Key = (*newest[:2], newest[2] + 1)
    if wanted.until is not None:
        top = min(top, (wanted.until, 0, 0))
    key = top if below is None else min(below, top)
    found: list[Key] = []
    of_notes: set[Key] = set()
    known_to: Key | None = None
    for kind in (one for one in asked.kinds if one in ends):
        since = max(wanted.since or _EPOCH, ends[kind]["oldest"], _EPOCH if known_to is None else known_to[0])
        search = _Search(connection, workspace_id, asked.of(kind), since, key, limit + 1, few=kind == "note")
        await search.run()
        found += search.found
        known_to = max(filter(None, (known_to, search.known_to)), default=None)
        if kind == "note":
            of_notes.update(search.found)
    known = sorted((one for one in found if known_to is None or one >= known_to), reverse=True)
    shown, is_full = known[:limit], len(known) > limit
    next_key = shown[-1] if is_full else known_to
    return HistoryPage(
        rows=await _rows(connection, workspace_id, shown, of_notes),
        next_cursor=None if next_key is None else _cursor(next_key),
        searched_to=None if is_full or next_key is None else next_key[0],
        head=_cursor(newest),
    )


async def _rows(
    connection: Connection, workspace_id: int, shown: Sequence[Key], of_notes: Collection[Key]
) -> Sequence[Found]:
    """In the order of *shown*."""
    read: Mapping[str, Callable[[Row], Message | Note]] = {"texts": message, "notes": note}
    keys: dict[str, list[Key]] = {name: [] for name in read}
    for key in shown:
        keys["notes" if key in of_notes else "texts"].append(key)
    found: dict[tuple[int, int], Found] = {}
    for name in (one for one in read if keys[one]):
        places = [key[1] for key in keys[name]], [key[2] for key in keys[name]]
        for row in await connection.fetch(_SQL[name], workspace_id, *places):
            what = read[name](row)
            found[what.thread_id, what.seq] = _found(what, row)
    return [found[key[1:]] for key in shown]


@dataclass(slots=True)
class _Search:
    """The search for one page, below `key`. `stopped_at`: it gave up there; None: it is full, or there is no more.

    `few`: what the index finds is likely to be few in all the time there is, so that is looked at first.
    """

    connection: Connection
    workspace_id: int
    asked: Sought
    since: datetime
    key: Key
    wants: int
    few: bool
    found: list[Key] = field(default_factory=list)
    seen: int = 0
    walked: timedelta = timedelta()
    over: bool = False
    stopped_at: Key | None = None
    burst: Burst | None = None

    @property
    def known_to(self) -> Key | None:
        """How far back nothing is left out; None: there is nothing below."""
        return self.stopped_at if len(self.found) < self.wants else self.found[-1]

    async def run(self) -> None:
        if self.asked.threads is not None:
            await self._of_threads()
            return
        if self.few and self.asked.has_index and await self._leap(self.key[0] - self.since) is not None:
            return
        await self._walk_and_leap()

    async def _walk_and_leap(self) -> None:
        await self._walk()
        reach, dense, crowd = first_leap(self.walked, len(self.found)), self.key[0], None
        fetched = fit = 0
        jumps = False
        while not self.over and len(self.found) < self.wants:
            if self.seen >= ENOUGH:
                self.stopped_at = self.key
                return
            if not self.asked.has_index or self.key[0] > dense or (self.burst and self.burst.is_next(self.key[0])):
                await self._walk()
                continue
            before = len(self.found)
            wanted = min(TOO_MANY, worth_fetching(self.wants - before, fetched, fit))
            here = await self._leap(reach)
            fit += len(self.found) - before
            jumped, jumps = jumps, False
            if here is None and not jumped and self.burst is not None and self.key[0] > self.burst.ahead:
                jumps, reach = True, self.key[0] - self.burst.ahead
                continue
            if here is None:
                crowd = Crowd(max(self.since, self.key[0] - reach), TOO_MANY + 1)
                if reach <= NARROWEST:
                    dense = crowd.back_to  # with so many in so short a time they are near
            else:
                fetched += here
                crowd = None if crowd is None else crowd.without(here)
            if jumped and here is not None:
                reach, crowd = NARROWEST, None  # what is left of the burst, behind what is walked through now
                continue
            reach = next_leap(reach, 2 * TOO_MANY if here is None else here, wanted)
            if crowd is not None and crowd.back_to < self.key[0]:
                reach = towards(crowd, reach, self.key[0], wanted)

    async def _of_threads(self) -> None:
        threads = list(self.asked.threads or ())
        sql, given = self.asked.statement("of_threads", self.workspace_id, *self.key, self.since, threads, self.wants)
        self._add(await self.connection.fetch(sql, *given))

    async def _walk(self) -> None:
        """Look at the next texts, one after another."""
        wordless = self.asked.words is None
        length = WALK * _WORDLESS if wordless else WALK
        wants = self.wants - len(self.found)
        sql, given = self.asked.statement("walk", self.workspace_id, *self.key, self.since, length, wants)
        rows = await self.connection.fetch(sql, *given)
        self._add(rows)
        if len(rows) == wants:
            return
        sql, given = self.asked.statement("walked_to", self.workspace_id, *self.key, self.since, length - 1)
        to = await self.connection.fetchrow(sql, *given)
        self.seen += WALK
        if to is None:
            self.over = True
        else:
            self.walked, self.key = self.key[0] - to["at"], _key_of(to)

    async def _leap(self, reach: timedelta) -> int | None:
        """Look at what the index has in the time before the key; how many that were, None: too many to look at."""
        until = self.key[0]
        back_to = self.since if until - self.since <= reach else until - reach
        keys = spans(self.workspace_id, back_to, until)
        given = back_to, keys, TOO_MANY, self.wants - len(self.found)
        sql, values = self.asked.statement("leap", self.workspace_id, *self.key, *given)
        rows = await self.connection.fetch(sql, *values)
        fetched: int = rows[0]["fetched"]
        self.seen += fetched // _WORDLESS
        if fetched > TOO_MANY:
            self.burst = burst_of(rows[0]["first"], rows[0]["last"])
            return None
        self._add([row for row in rows if row["at"] is not None])
        self.key, self.over = (back_to, 0, 0), back_to <= self.since
        return fetched

    def _add(self, rows: Sequence[Row]) -> None:
        self.found += [_key_of(row) for row in rows[: self.wants - len(self.found)]]


def _found(what: Message | Note, row: Row) -> Found:
    return Found(what, row["name"], row["contact_id"], row["address"], row["number"])


def _key_of(row: Row) -> Key:
    return row["at"], row["thread_id"], row["seq"]


def _cursor(key: Key) -> str:
    return f"{made_cursor(key[0], key[1])}.{key[2]}"


def _key(cursor: str) -> Key:
    """Raises ValueError for what `_cursor` did not make."""
    rest, _, seq = cursor.rpartition(".")
    if not (seq.isdecimal() and seq.isascii() and len(seq) <= 19):
        raise ValueError("This is not a cursor from here.")
    return (*parsed_cursor(rest), int(seq))
