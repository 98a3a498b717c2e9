"""Who does what one server at a time should do. Leases run on the database's clock; terms fence what comes late."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from server.store.named_sql import statements
from server.store.postgres import Postgres

_SQL = statements("shards")


class PostgresShards:
    """`ports.terms.ShardLeases`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def keep(self, gen: int, shards: Collection[str], lease_s: float) -> Mapping[str, int]:
        asked = gen, sorted(shards), timedelta(seconds=lease_s)
        rows = await self._postgres.call(lambda c: c.fetch(_SQL["keep"], *asked), idempotent=True)
        return {row["shard"]: row["term"] for row in rows}
