"""What crashed an actor three times: kept for a person to look at."""

from __future__ import annotations

from datetime import datetime

from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable

_KEEP = statements("quarantine")["keep"]


class PostgresQuarantine:
    """Append only."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def keep(self, actor: str, message: str, traceback: str, at: datetime) -> None:
        """*message* is its type and ids, *traceback* bears no values. Raises StoreUnavailable."""
        values = (storable(actor), storable(message), storable(traceback), at)
        await self._postgres.call(lambda c: c.execute(_KEEP, *values))
