"""Colleagues at work on threads: each deed one statement under the thread's lock, and what its commit tells."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from server.domain.messages import (
    Announcement,
    Colleague,
    Mentioned,
    Note,
    ReadMark,
    ReadMoved,
    RowsChanged,
    ThreadChanged,
)
from server.domain.teamwork import CLAIM_FOR, mentioned
from server.ports import Announce, ClaimedByOther, CommandConflict, Mentions, NoSuchThread
from server.ports.team import (
    Assign,
    DropClaim,
    HoldClaim,
    NoSuchMember,
    SetClosed,
    Snooze,
    TeamDeed,
    TeamDone,
    TeamResult,
    WriteNote,
)
from server.store.conversations.rows import activity
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL: Final = statements("team")
MOST_ASKED: Final = 500


async def mentions_of(connection: Connection, member_ids: Sequence[int]) -> Mapping[int, Mentions]:
    """Where notes name these members, within the caller's transaction."""
    rows = await connection.fetch(_SQL["mentions"], list(member_ids), MOST_ASKED)
    return {row["member_id"]: Mentions(row["unseen"], tuple(row["asked"])) for row in rows}


class PostgresTeam:
    """`ports.team.Team`."""

    def __init__(self, postgres: Postgres, announce: Announce) -> None:
        self._postgres, self._announce = postgres, announce

    async def do(self, workspace_id: int, member_id: int, deed: TeamDeed, now: datetime) -> TeamResult:
        match deed:
            case Assign(thread_id=thread_id, to=to):
                return await self._turn(workspace_id, thread_id, member_id, "assigned", to, None, now)
            case SetClosed(thread_id=thread_id, closed=closed):
                what = "closed" if closed else "reopened"
                return await self._turn(workspace_id, thread_id, member_id, what, None, None, now)
            case Snooze(thread_id=thread_id, until=until):
                what = "woken" if until is None else "snoozed"
                return await self._turn(workspace_id, thread_id, member_id, what, None, until, now)
            case HoldClaim(thread_id=thread_id, over=over):
                return await self._claim(workspace_id, thread_id, member_id, over, now + CLAIM_FOR, now)
            case DropClaim(thread_id=thread_id):
                return await self._claim(workspace_id, thread_id, member_id, False, None, now)
            case WriteNote():
                return await self._write(workspace_id, member_id, deed, now)

    async def wake_due(self, now: datetime, limit: int) -> int:
        rows = await self._postgres.call(lambda c: c.fetch(_SQL["wake_due"], now, limit), idempotent=True)
        told: list[Announcement] = []
        for row in rows:
            event = activity(row["thread_id"], row["seq"], row["data"], row["at"])
            told.append(ThreadChanged(row["workspace_id"], row["thread_id"], (event,)))
            if row["member_id"] is not None:
                mark = ReadMark(row["member_id"], row["thread_id"], row["in_ord"], row["version"])
                told.append(ReadMoved(row["workspace_id"], mark))
        if told:
            self._announce(told)
        return len(rows)

    async def see_mentions(self, workspace_id: int, member_id: int, thread_id: int) -> bool | None:
        seen: int | None = await self._postgres.call(
            lambda c: c.fetchval(_SQL["see_mentions"], workspace_id, member_id, thread_id), idempotent=True
        )
        if seen:
            self._announce([Mentioned(workspace_id, (member_id,))])
        return None if seen is None else seen > 0

    async def mentions(self, member_ids: Sequence[int]) -> Mapping[int, Mentions]:
        return await self._postgres.read(lambda c: mentions_of(c, member_ids))

    async def _turn(
        self,
        workspace_id: int,
        thread_id: int,
        member_id: int,
        what: str,
        to: int | None,
        until: datetime | None,
        now: datetime,
    ) -> TeamResult:
        row = await self._one("turn", workspace_id, thread_id, member_id, what, to, until, now)
        self._tell_activity(workspace_id, thread_id, row, now)
        match row["verdict"]:
            case "no_thread":
                return NoSuchThread()
            case "no_member":
                return NoSuchMember()
            case _:
                return TeamDone(row["seq"])

    async def _claim(
        self, workspace_id: int, thread_id: int, member_id: int, over: bool, until: datetime | None, now: datetime
    ) -> TeamResult:
        row = await self._one("claim", workspace_id, thread_id, member_id, over, until, now)
        match row["verdict"]:
            case "no_thread":
                return NoSuchThread()
            case "claimed":
                return ClaimedByOther(row["other"], row["until"])
        self._tell_activity(workspace_id, thread_id, row, now)
        self._announce([RowsChanged(workspace_id, (thread_id,))])
        return TeamDone(row["seq"], row["until"])

    async def _write(self, workspace_id: int, member_id: int, note: WriteNote, now: datetime) -> TeamResult:
        body = storable(note.body)
        fingerprint = hashlib.sha256(repr((member_id, note.thread_id, "note", body)).encode()).digest()

        async def write(connection: Connection) -> Row:
            team = [Colleague(row["id"], row["name"]) for row in await connection.fetch(_SQL["team"], workspace_id)]
            asked = list(mentioned(body, team))
            rows = await connection.fetch(
                _SQL["write_note"], workspace_id, note.thread_id, member_id, note.cmd_id, fingerprint, body, asked, now
            )
            return rows[0]

        row = await self._postgres.call(write, idempotent=True)
        match row["verdict"]:
            case "no_thread":
                return NoSuchThread()
            case "conflict":
                return CommandConflict()
            case "written":
                asked = tuple(row["mentions"])
                event = Note(note.thread_id, row["seq"], body, member_id, row["author"], asked, now)
                told: list[Announcement] = [ThreadChanged(workspace_id, note.thread_id, (event,))]
                self._announce([*told, Mentioned(workspace_id, asked)] if asked else told)
        return TeamDone(row["seq"])

    async def _one(self, name: str, *values: Any) -> Row:
        """What a function says that always says one thing."""
        rows = await self._postgres.call(lambda c: c.fetch(_SQL[name], *values), idempotent=True)
        return rows[0]

    def _tell_activity(self, workspace_id: int, thread_id: int, row: Row, now: datetime) -> None:
        if row["seq"] is not None:
            event = activity(thread_id, row["seq"], row["data"], now)
            self._announce([ThreadChanged(workspace_id, thread_id, (event,))])
