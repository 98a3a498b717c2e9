"""Tries to log in. Of an address and an e-mail address only a SHA-256 is stored: people type passwords there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final

from server.domain.logins import BY_ADDRESS, BY_EMAIL
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable

_SQL = statements("logins")
_BURSTS: Final = (BY_ADDRESS.burst, BY_EMAIL.burst)
_EVERY: Final = (timedelta(seconds=BY_ADDRESS.every_s), timedelta(seconds=BY_EMAIL.every_s))


class PostgresLoginTries:
    """`ports.logins.LoginTries`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def take(self, address: str, email: str) -> int | None:
        values = (_keys(address, email), _BURSTS, _EVERY)
        wait_s: int | None = await self._postgres.alone(lambda c: c.fetchval(_SQL["take"], *values))
        return wait_s

    async def give_back(self, address: str, email: str) -> None:
        keys = _keys(address, email)
        await self._postgres.alone(lambda c: c.execute(_SQL["give_back"], keys, _EVERY))


def _keys(address: str, email: str) -> Sequence[bytes]:
    """Of what the database would look for: U+0000 in an e-mail address names nobody else, so it buys no new tries."""
    named = (f"ip {storable(address)}", f"email {storable(email)}")
    return [sha256(one.encode()).digest() for one in named]
