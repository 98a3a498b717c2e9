"""Forgets what nobody needs any more, a little at a time."""

from __future__ import annotations

from datetime import datetime

from server.ports.pruning import Pruned
from server.store.named_sql import statements
from server.store.postgres import Postgres

_SQL = statements("pruning")


class PostgresPruning:
    """`ports.pruning.Pruning`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def prune(self, before: datetime, limit: int) -> Pruned:
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL["prune"], before, limit), idempotent=True)
        assert row is not None, "the function gives one row"  # noqa: S101 - for the type
        return Pruned(row["pictures"], row["proofs"], row["sessions"], row["visits"], row["events"], row["tries"])
