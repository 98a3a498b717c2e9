"""What the inbox shows, and how far each member has read.

A position `p` is the horizon of the read that it came with: every transaction below it was visible then. A later read
of "changed at or after p" may repeat rows and never skips one, whatever the order of commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from server.domain.messages import ReadMark, ReadMoved, ThreadEvent, ThreadRow
from server.domain.timetable import Local, Timetable
from server.ports import OPEN, Announce, InboxRows, InboxView, Mentions, Show, StoreUnavailable, ThreadPage, UserState
from server.store.conversations.rows import aside, event, message, read_mark, thread_row
from server.store.conversations.team import mentions_of
from server.store.conversations.unread import UnreadThreads
from server.store.cursors import made_cursor, parsed_cursor
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

MOST_CHANGED: Final = 200  # beyond it a first page is cheaper for everybody
FEW: Final = 2_000  # unread threads that are looked at by themselves; more are near the top of the inbox
MOST_ASIDES: Final = 200  # notes and doings between the texts of one page; of more the newest are shown
_NO_END: Final = 2**62

_SQL = statements("inbox")
_SETTINGS = statements("settings")

_AT_WORK: Final = "t.closed_at IS NULL AND t.snoozed_until IS NULL"
_WHICH: Final[Mapping[Show, str]] = {
    "open": _AT_WORK,
    "all": "true",
    "unread": "t.in_total > coalesce(m.in_ord, 0)",
    "mine": f"t.assignee_id = $2 AND {_AT_WORK}",
    "unassigned": f"t.assignee_id IS NULL AND {_AT_WORK}",
    "mentions": "t.id IN (SELECT x.thread_id FROM mention x WHERE x.member_id = $2 AND x.seen_at IS NULL)",
    "snoozed": "t.snoozed_until IS NOT NULL",
    "closed": "t.closed_at IS NOT NULL",
    "campaign": "t.campaign_id = $6",
}
_ROWS: Final[Mapping[Show, str]] = {
    "waiting": _SQL["rows_waiting"],
    **{show: _SQL["rows_newest"].replace("/* which */ true", which) for show, which in _WHICH.items()},
}
_FEW_UNREAD: Final = _SQL["rows_newest"].replace("/* which */ true", f"{_WHICH['unread']} AND t.id = ANY ($6)")


class PostgresInbox:
    """`ports.Inbox`."""

    def __init__(self, postgres: Postgres, announce: Announce, timetable: Timetable) -> None:
        self._postgres, self._announce, self._timetable = postgres, announce, timetable
        self._unread = UnreadThreads(postgres)

    async def epoch(self) -> str:
        value: str | None = await self._postgres.read(lambda c: c.fetchval(_SQL["epoch"]))
        if value is None:
            raise StoreUnavailable("The database is a standby, which nothing can be written to.")
        return value

    # Rows

    async def rows(
        self,
        workspace_id: int,
        member_id: int,
        *,
        view: InboxView = OPEN,
        since: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> InboxRows:
        """With *since*, more changes than `MOST_CHANGED` give the first page instead, and `partial` says so.

        Raises ValueError for a cursor that did not come from here.
        """
        if since is not None and not await self._hands_changed(workspace_id, member_id, since):
            changed = await self._changed(workspace_id, member_id, since)
            if changed is not None:
                return changed
        at, last_id = (None, None) if cursor is None else parsed_cursor(cursor)
        asked: list[object] = [workspace_id, member_id, at, last_id, limit + 1]
        statement = _ROWS[view.show]
        if view.show == "campaign":
            asked.append(view.campaign_id)
        elif view.show == "unread":
            unread = (await self._unread.of([member_id])).get(member_id)
            if unread is not None and unread.count <= FEW:
                statement = _FEW_UNREAD
                asked.append(list(unread.threads()))
        rows = await self._postgres.read(lambda c: c.fetch(statement, *asked))
        shown = [row for row in rows if row["thread_id"] is not None]
        more, shown = len(shown) > limit, shown[:limit]
        return InboxRows(
            rows=[thread_row(row) for row in shown],
            reads=_marks(shown),
            p=rows[0]["p"],
            next_cursor=_cursor_below(shown[-1], view) if more and shown else None,
        )

    async def _changed(self, workspace_id: int, member_id: int, since: int) -> InboxRows | None:
        rows = await self._postgres.read(
            lambda c: c.fetch(_SQL["rows_changed"], workspace_id, member_id, str(since), MOST_CHANGED + 1)
        )
        found = [row for row in rows if row["thread_id"] is not None]
        if len(found) > MOST_CHANGED:
            return None
        return InboxRows([thread_row(row) for row in found], _marks(found), rows[0]["p"], partial=True)

    async def _hands_changed(self, workspace_id: int, member_id: int, since: int) -> bool:
        """Whether rows may have gone from the member's sight, or come into it, which no row tells."""
        asked = _SQL["hands_changed_since"], workspace_id, str(since), member_id
        return bool(await self._postgres.read(lambda c: c.fetchval(*asked)))

    async def rows_by_id(self, thread_ids: Sequence[int]) -> Sequence[ThreadRow]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["rows_by_id"], list(thread_ids), None, None))
        return [thread_row(row, row["seen_by"]) for row in rows]

    async def seen_by(self, thread_id: int) -> frozenset[int] | None:
        members = await self._postgres.read(lambda c: c.fetchval(_SQL["seen_by"], thread_id))
        return None if members is None else frozenset(members)

    # Threads

    async def thread(
        self, workspace_id: int, member_id: int, thread_id: int, *, before: int | None = None, limit: int = 50
    ) -> ThreadPage | None:
        async def read(connection: Connection) -> tuple[Row, Sequence[Row], Sequence[Row]] | None:
            head = await connection.fetchrow(_SQL["rows_by_id"], [thread_id], member_id, workspace_id)
            if head is None:
                return None
            # A message above this head is left to the events that follow it; a newer state below it is told again.
            below = _NO_END if before is None else before
            rows = await connection.fetch(_SQL["messages"], thread_id, below, head["last_seq"], limit + 1)
            oldest = rows[limit - 1]["seq"] if len(rows) > limit else 0
            asides = await connection.fetch(_SQL["asides"], thread_id, oldest, below, head["last_seq"], MOST_ASIDES)
            return head, rows, asides

        found = await self._postgres.read(read)
        if found is None:
            return None
        head, rows, asides = found
        return ThreadPage(
            thread=thread_row(head),
            messages=[message(row) for row in reversed(rows[:limit])],
            in_ord=head["read_in_ord"] or 0,
            head=head["last_seq"],
            has_more=len(rows) > limit,
            asides=[aside(row) for row in reversed(asides)],
        )

    async def events_after(
        self, workspace_id: int | None, thread_id: int, after: int, limit: int = 200
    ) -> Sequence[ThreadEvent] | None:
        async def read(connection: Connection) -> Sequence[Row] | None:
            if not await connection.fetchval(_SQL["thread_is_there"], thread_id, workspace_id):
                return None
            rows: Sequence[Row] = await connection.fetch(_SQL["events_after"], thread_id, after, limit)
            return rows

        rows = await self._postgres.read(read)
        return None if rows is None else [event(row) for row in rows]

    async def hours(self, workspace_id: int, thread_id: int, now: datetime) -> Local | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["whereabouts"], workspace_id, thread_id))
        return None if row is None else self._timetable.local(row["address"], row["places"], now)

    async def head(self, thread_ids: Sequence[int]) -> Mapping[int, int]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["head"], list(thread_ids)))
        return {row["id"]: row["last_seq"] for row in rows}

    # Members

    async def user(self, workspace_id: int, member_id: int, *, since: int | None = None) -> UserState:
        async def read(connection: Connection) -> tuple[int, int, Mentions, Sequence[Row], Row | None]:
            p: int = await connection.fetchval(_SQL["horizon"])  # first: a horizon may be too low, never too high
            marks: Sequence[Row] = ()
            if since is not None:
                marks = await connection.fetch(_SQL["reads_changed"], member_id, workspace_id, str(since))
            reviews: int = await connection.fetchval(_SQL["open_reviews"], workspace_id)
            mentions = await mentions_of(connection, [member_id])
            settings = await connection.fetchrow(_SETTINGS["news"], workspace_id)
            return p, reviews, mentions[member_id], marks, settings

        p, reviews, mentions, marks, settings = await self._postgres.read(read)
        news = (settings["settings_version"], settings["suggesting"]) if settings else ()
        unread = await self.unread_threads([member_id])
        return UserState(unread.get(member_id, 0), _marks(marks), p, reviews, mentions, *news)

    async def unread_threads(self, member_ids: Sequence[int]) -> Mapping[int, int]:
        return {member_id: one.count for member_id, one in (await self._unread.of(member_ids)).items()}

    async def mark_read(self, workspace_id: int, member_id: int, thread_id: int, up_to: int) -> ReadMark | None:
        return await self._mark("mark_read", workspace_id, member_id, thread_id, up_to)

    async def mark_unread(self, workspace_id: int, member_id: int, thread_id: int, from_ord: int) -> ReadMark | None:
        """The texts from ordinal *from_ord* on count as unread again."""
        return await self._mark("mark_unread", workspace_id, member_id, thread_id, from_ord)

    async def _mark(self, name: str, workspace_id: int, *mark: int) -> ReadMark | None:
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL[name], workspace_id, *mark), idempotent=True)
        moved_to = None if row is None else read_mark(row)
        if moved_to is not None and row is not None and row["moved"]:
            self._announce([ReadMoved(workspace_id, moved_to)])
        return moved_to


def _cursor_below(row: Row, view: InboxView) -> str:
    return made_cursor(row["waiting_since" if view.show == "waiting" else "last_at"], row["thread_id"])


def _marks(rows: Sequence[Row]) -> list[ReadMark]:
    return [mark for row in rows if (mark := read_mark(row)) is not None]
