"""Pictures to send."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from uuid import UUID

from server.domain.ids import uuid7
from server.ports.compose import Picture
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable

_SQL = statements("media")
_TOKEN_BYTES = 16  # 128 random bits: whoever has the link may see it, and nobody finds it by trying


class PostgresMedia:
    """`ports.compose.Pictures`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def add(self, workspace_id: int, member_id: int, content_type: str, name: str, content: bytes) -> Picture:
        id_, token = uuid7(time.time_ns() // 1_000_000, os.urandom(10)), secrets.token_urlsafe(_TOKEN_BYTES)
        row = id_, token, workspace_id, content_type, storable(name), content, member_id
        await self._postgres.call(lambda c: c.execute(_SQL["add_media"], *row))
        return Picture(id_, token, content_type)

    async def content(self, token: str) -> tuple[str, bytes] | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["media"], storable(token)))
        return None if row is None else (row["content_type"], bytes(row["bytes"]))

    async def of(self, workspace_id: int, ids: Sequence[UUID]) -> Sequence[Picture] | None:
        rows = await self._postgres.call(lambda c: c.fetch(_SQL["media_of"], workspace_id, list(ids)), idempotent=True)
        found = {UUID(int=row["id"].int): Picture(row["id"], row["token"], row["content_type"]) for row in rows}
        return [found[id_] for id_ in ids] if all(id_ in found for id_ in ids) else None
