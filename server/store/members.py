"""Members, their sessions, and the record of what they did. Of a session's token only the SHA-256 is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from server.domain.messages import LoginEnded
from server.ports import Announce, Member, RowRefused, Workspace
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

_SQL = statements("people")


class PostgresPeople:
    """`ports.People`."""

    def __init__(self, postgres: Postgres, announce: Announce) -> None:
        self._postgres, self._announce = postgres, announce

    async def credentials(self, email: str) -> tuple[Member, str] | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["credentials"], storable(email)))
        return None if row is None else (member_of(row), row["password_hash"])

    async def open_session(self, member_id: int, token_hash: bytes, expires_at: datetime, ip: str, agent: str) -> None:
        values = (member_id, token_hash, expires_at, storable(ip), storable(agent))
        await self._postgres.call(lambda c: c.execute(_SQL["open_session"], *values), idempotent=True)

    async def session(self, token_hash: bytes, now: datetime) -> tuple[Member, Workspace] | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["session"], token_hash, now))
        if row is None:
            return None
        return member_of(row), Workspace(row["workspace_id"], row["workspace_name"], row["simulated"])

    async def close_session(self, token_hash: bytes) -> None:
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL["close_session"], token_hash), idempotent=True)
        if row is not None:
            self._announce([LoginEnded(row["workspace_id"], row["member_id"])])

    async def add_member(self, workspace_id: int, email: str, name: str, role: str, password_hash: str) -> Member:
        """Raises RowRefused where the address is taken, the role unknown or the workspace not there."""
        values = (workspace_id, storable(email), storable(name), role, password_hash)
        try:
            row = await self._postgres.call(lambda c: c.fetchrow(_SQL["add_member"], *values))
        except asyncpg.IntegrityConstraintViolationError as error:
            raise RowRefused(f"No member can be added so ({error.constraint_name}).") from error
        if row is None:
            raise RowRefused("No member can be added so.")
        return member_of(row)

    async def workspaces(self) -> Sequence[Workspace]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["workspaces"]))
        return [Workspace(row["id"], row["name"], row["simulated"]) for row in rows]

    async def audit(self, workspace_id: int, member_id: int | None, action: str, detail: Mapping[str, Any]) -> None:
        written = storable_json(dict(detail))
        await self._postgres.call(lambda c: c.execute(_SQL["audit"], workspace_id, member_id, action, written))


def member_of(row: Row) -> Member:
    whose = row["id"], row["workspace_id"], row["email"], row["name"], row["role"]
    return Member(*whose, row["narrowed"], row["hands"])
