"""Where a text goes that is written to a number or a contact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from server.ports import EnqueueMt, EnqueueResult
from server.ports.compose import Unreachable, Wanted
from server.store.named_sql import statements
from server.store.postgres import Postgres

_SQL = statements("compose")


class PostgresCompose:
    """`ports.compose.Compose`; *enqueue_bulk* is the ledger's."""

    def __init__(
        self, postgres: Postgres, enqueue_bulk: Callable[[Sequence[EnqueueMt]], Awaitable[Sequence[EnqueueResult]]]
    ) -> None:
        self._postgres = postgres
        self._enqueue_bulk = enqueue_bulk

    async def open_threads(
        self, workspace_id: int, wanted: Sequence[Wanted], number_id: int | None, now: datetime
    ) -> Sequence[int | Unreachable]:
        if not wanted:
            return []
        columns = [list(column) for column in zip(*((w.cmd_id, w.address, w.contact_id) for w in wanted), strict=True)]
        rows = await self._postgres.call(
            lambda c: c.fetch(_SQL["open_threads"], workspace_id, *columns, number_id, now), idempotent=True
        )
        return [row["thread_id"] if row["verdict"] == "open" else Unreachable(row["verdict"]) for row in rows]

    async def enqueue_bulk(self, mts: Sequence[EnqueueMt]) -> Sequence[EnqueueResult]:
        return await self._enqueue_bulk(mts)
