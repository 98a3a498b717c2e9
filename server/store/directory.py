"""Carrier accounts and numbers: small tables, read at start and when they change."""

from __future__ import annotations

from collections.abc import Sequence

from server.ports import Account, Number
from server.store.named_sql import statements
from server.store.postgres import Postgres

_SQL = statements("directory")


class PostgresDirectory:
    """`ports.Directory`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def accounts(self) -> Sequence[Account]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["accounts"]))
        return [Account(r["id"], r["workspace_id"], r["kind"], r["sid"], r["secret"], r["base_url"]) for r in rows]

    async def numbers(self) -> Sequence[Number]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["numbers"]))
        return [Number(r["id"], r["workspace_id"], r["account_id"], r["address"], r["rate"], r["burst"]) for r in rows]
