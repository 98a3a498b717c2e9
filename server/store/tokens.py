"""API tokens and the tickets by which they open sockets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from server.domain.messages import LoginEnded
from server.domain.scopes import known
from server.ports import Announce, Workspace
from server.ports.tokens import Bearer, NewToken, Token
from server.store.members import member_of
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("tokens")
_NOTED_EVERY: Final = timedelta(minutes=1)  # a write for each request would cost more than most requests


class PostgresTokens:
    """`ports.tokens.Tokens`."""

    def __init__(self, postgres: Postgres, announce: Announce) -> None:
        self._postgres, self._announce = postgres, announce

    async def add(self, workspace_id: int, member_id: int, new: NewToken) -> Token:
        values = (storable(new.name), new.token_hash, new.hint, sorted(new.scopes), new.per_minute)
        row = await self._postgres.alone(lambda c: c.fetchrow(_SQL["add"], workspace_id, member_id, *values))
        assert row is not None, "a token of a member of another workspace"  # noqa: S101 - a bug of ours
        return _token(row)

    async def all(self, workspace_id: int) -> Sequence[Token]:
        return [_token(row) for row in await self._postgres.read(lambda c: c.fetch(_SQL["all"], workspace_id))]

    async def revoke(self, workspace_id: int, token_id: int, member_id: int | None, now: datetime) -> bytes | None:
        values = (workspace_id, token_id, member_id, now)
        row = await self._postgres.alone(lambda c: c.fetchrow(_SQL["revoke"], *values), idempotent=True)
        if row is None:
            return None
        self._announce([LoginEnded(workspace_id, row["member_id"])])
        ended: bytes = row["token_hash"]
        return ended

    async def bearer(self, token_hash: bytes, now: datetime) -> Bearer | None:
        async def run(connection: Connection) -> Row | None:
            row = await connection.fetchrow(_SQL["bearer"], token_hash)
            if row is not None and (row["last_used_at"] is None or now - row["last_used_at"] >= _NOTED_EVERY):
                await connection.execute(_SQL["used"], row["token_id"], now)
            return row

        row = await self._postgres.read(run)
        return None if row is None else _bearer(row)

    async def open_ticket(self, token_id: int, ticket_hash: bytes, now: datetime, expires_at: datetime) -> None:
        await self._postgres.alone(lambda c: c.execute(_SQL["open_ticket"], token_id, ticket_hash, now, expires_at))

    async def redeem(self, ticket_hash: bytes, now: datetime) -> tuple[Bearer, bytes] | None:
        token_hash = await self._postgres.alone(lambda c: c.fetchval(_SQL["redeem"], ticket_hash, now))
        found = None if token_hash is None else await self.bearer(token_hash, now)
        return None if found is None else (found, token_hash)


def _token(row: Row) -> Token:
    return Token(
        row["id"], row["name"], row["hint"], known(row["scopes"]), row["per_minute"], row["member_id"], row["member"],
        row["created_at"], row["last_used_at"], row["revoked_at"],
    )  # fmt: skip


def _bearer(row: Row) -> Bearer:
    member = member_of(row)
    workspace = Workspace(row["workspace_id"], row["workspace_name"], row["simulated"])
    return Bearer(row["token_id"], member, workspace, known(row["scopes"]), row["per_minute"])
