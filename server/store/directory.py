"""Carrier accounts, numbers and limits: small tables, read at start and when they change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from server.domain.cap_day import cap_day
from server.domain.limits import Allowance
from server.ports import Account, BrandDay, CampaignPace, LimitBook, Number, Registration
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("directory")


class PostgresDirectory:
    """`ports.Directory`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def accounts(self) -> Sequence[Account]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["accounts"]))
        columns = ("id", "workspace_id", "kind", "sid", "secret", "base_url", "verify_key")
        return [Account(*(row[column] for column in columns)) for row in rows]

    async def numbers(self) -> Sequence[Number]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["numbers"]))
        columns = ("id", "workspace_id", "account_id", "address", "rate", "burst", "registration_id")
        return [Number(*(row[column] for column in columns)) for row in rows]

    async def limits(self, numbers: Sequence[Number], now: datetime) -> LimitBook:
        today = cap_day(now)

        async def read(connection: Connection) -> LimitBook:
            accounts = await connection.fetch(_SQL["account_limits"])
            registrations = await connection.fetch(_SQL["registration_limits"])
            campaigns = await connection.fetch(_SQL["campaign_limits"])
            brands = await connection.fetch(_SQL["brand_days"], today.day)
            return LimitBook(
                numbers,
                {r["id"]: Allowance(r["rate"], r["burst"]) for r in accounts},
                _registrations(registrations),
                {r["id"]: CampaignPace(r["rate"], r["name"], r["workspace_id"]) for r in campaigns},
                {r["id"]: _brand_day(r) for r in brands},
                today.day,
                today.ends_at,
            )

        return await self._postgres.read(read)


def _registrations(rows: Sequence[Row]) -> dict[int, Registration]:
    found: dict[int, tuple[Row, dict[str, Allowance]]] = {}
    for row in rows:
        _, allowances = found.setdefault(row["id"], (row, {}))
        if row["dest_carrier"] is not None:
            allowances[row["dest_carrier"]] = Allowance(row["rate"], row["burst"])
    return {id_: Registration(row["name"], row["brand_id"], allowances) for id_, (row, allowances) in found.items()}


def _brand_day(row: Row) -> BrandDay:
    return BrandDay(row["name"], row["daily_cap"], frozenset(row["capped"]), row["used"], row["spent"])
