"""The database that a server runs on: the owner's, or the embedded one, which is watched and started again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
import trio

from server.actors.runtime import ChildSpec
from server.app.tasks import endless
from server.config import Config
from server.store import embedded

LOOK_EVERY_S: Final = 0.5

log = structlog.get_logger(__name__)


class Database:
    """`dsn` stays the same over restarts of the embedded PostgreSQL."""

    def __init__(self, dsn: str, postgres: embedded.EmbeddedPostgres | None = None) -> None:
        self.dsn = dsn
        self._postgres = postgres

    def children(self) -> list[ChildSpec]:
        return [] if self._postgres is None else [endless("postgres", self._watch)]

    async def _watch(self) -> None:
        while self._postgres is not None:
            await trio.sleep(LOOK_EVERY_S)
            if not self._postgres.alive:
                log.error("postgres_ended")
                self._postgres = await trio.to_thread.run_sync(_again, self._postgres)

    async def stop(self) -> None:
        if self._postgres is not None:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self._postgres.stop)


def _again(postgres: embedded.EmbeddedPostgres) -> embedded.EmbeddedPostgres:
    postgres.stop()
    return embedded.start(postgres.data_dir)


@asynccontextmanager
async def open_database(config: Config) -> AsyncIterator[Database]:
    """Raises EmbeddedError."""
    if config.database_url is not None:
        yield Database(config.database_url.get_secret_value())
        return
    postgres = await trio.to_thread.run_sync(embedded.start, config.data_dir)
    database = Database(postgres.dsn, postgres)
    try:
        yield database
    finally:
        await database.stop()
