"""Where a text goes that is written to a number or a contact, and what is changed of it before it leaves."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from server.domain.sending_hours import week_of
from server.domain.timetable import Local, Timetable
from server.ports import Announce, EnqueueMt, EnqueueResult
from server.ports.compose import (
    Change,
    Filling,
    Planned,
    QuickAsked,
    QuickFacts,
    Said,
    Unreachable,
    Wanted,
    Whereabouts,
    Whom,
)
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.texts.values import filling
from server.store.told import Row, announcements, verdicts

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("compose")


class PostgresCompose:
    """`ports.compose.Compose`; *enqueue_bulk* is the ledger's."""

    def __init__(
        self,
        postgres: Postgres,
        announce: Announce,
        enqueue_bulk: Callable[[Sequence[EnqueueMt]], Awaitable[Sequence[EnqueueResult]]],
        timetable: Timetable,
    ) -> None:
        self._postgres, self._announce, self._timetable = postgres, announce, timetable
        self._enqueue_bulk = enqueue_bulk

    async def open_threads(
        self, workspace_id: int, wanted: Sequence[Wanted], number_id: int | None, now: datetime
    ) -> Sequence[int | Unreachable]:
        if not wanted:
            return []
        columns = [list(column) for column in zip(*((w.cmd_id, w.address, w.contact_id) for w in wanted), strict=True)]
        rows = await self._postgres.alone(
            lambda c: c.fetch(_SQL["open_threads"], workspace_id, *columns, number_id, now), idempotent=True
        )
        return [row["thread_id"] if row["verdict"] == "open" else Unreachable(row["verdict"]) for row in rows]

    async def whereabouts(
        self, workspace_id: int, whom: Whom, at: datetime, *, later: bool = False
    ) -> Whereabouts | Unreachable:
        timetable = await self._hours(workspace_id) if later else self._timetable
        facts = await self._facts(workspace_id, 0, QuickAsked(whom), at, timetable)
        return facts if isinstance(facts, Unreachable) else facts.found

    async def quick(
        self, workspace_id: int, member_id: int, asked: QuickAsked, at: datetime
    ) -> QuickFacts | Unreachable:
        return await self._facts(workspace_id, member_id, asked, at, self._timetable)

    async def _facts(
        self, workspace_id: int, member_id: int, asked: QuickAsked, at: datetime, timetable: Timetable
    ) -> QuickFacts | Unreachable:
        whom, called = asked.whom, None if asked.call_id is None else storable(asked.call_id)
        given = workspace_id, whom.address, whom.contact_id, whom.thread_id, called

        async def run(connection: Connection) -> tuple[Row | None, Filling | None]:
            row = await connection.fetchrow(_SQL["whereabouts"], *given)
            if asked.template_id is None:
                return row, None
            contact_id = None if row is None else row["contact_id"]
            return row, await filling(connection, workspace_id, member_id, asked.template_id, contact_id, at)

        row, filled = await self._postgres.read(run)
        if row is not None:
            local = timetable.local(row["address"], row["places"], at)
            thread_id = row["thread_id"] if row["begun"] else None
            return QuickFacts(_whereabouts(row, local), thread_id, row["call"], filled)
        if whom.address is not None:
            local = timetable.local(whom.address, (), at)
            found = Whereabouts(whom.address, None, None, None, False, False, False, None, local)
            return QuickFacts(found, None, None, filled)
        there = await self._postgres.read(lambda c: c.fetchval(_SQL["contact_is_there"], workspace_id, whom.contact_id))
        return Unreachable("no_phone" if there else "no_contact")

    async def _hours(self, workspace_id: int) -> Timetable:
        """The law's inside of the workspace's own."""
        stored = await self._postgres.read(lambda c: c.fetchval(_SQL["own_hours"], workspace_id))
        return self._timetable.within(week_of(stored))

    async def enqueue_bulk(self, mts: Sequence[EnqueueMt]) -> Sequence[EnqueueResult]:
        return await self._enqueue_bulk(mts)

    async def cancel(self, workspace_id: int, thread_id: int, seq: int, member_id: int, now: datetime) -> str | None:
        rows = await self._postgres.call(
            lambda c: c.fetch(_SQL["cancel_mt"], workspace_id, thread_id, seq, member_id, now), idempotent=True
        )
        self._announce(announcements(rows))
        return verdicts(rows).get(0)

    async def said(self, workspace_id: int, thread_id: int, seq: int) -> Said | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["said"], workspace_id, thread_id, seq))
        return None if row is None else Said(row["body"], tuple((url, kind) for url, kind in json.loads(row["media"])))

    async def planned(self, workspace_id: int, thread_id: int, seq: int) -> Planned | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["planned"], workspace_id, thread_id, seq))
        return None if row is None else Planned(row["body"], row["send_at"], row["cancel_on_reply"])

    async def change(
        self, workspace_id: int, thread_id: int, seq: int, member_id: int, change: Change, now: datetime
    ) -> str | None:
        body = None if change.body is None else storable(change.body)
        given = body, change.segments, change.due_at, change.expires_at, change.cancel_on_reply, now
        rows = await self._postgres.call(
            lambda c: c.fetch(_SQL["change_mt"], workspace_id, thread_id, seq, member_id, *given), idempotent=True
        )
        place, due_at = (thread_id, seq), next((row["at"] for row in rows if row["what"] == "done"), None)
        self._announce(announcements(rows, {place: due_at} if due_at else {}, {} if body is None else {place: body}))
        return verdicts(rows).get(0)


def _whereabouts(row: Row, local: Local) -> Whereabouts:
    return Whereabouts(
        address=row["address"],
        name=row["name"],
        contact_id=row["contact_id"],
        thread_id=row["thread_id"],
        opted_out=row["opted_out"],
        held=row["held"],
        carrier_blocked=row["carrier_blocked"],
        invalid_code=row["invalid_reason"],
        local=local,
    )
