"""Opens the database that the settings mean, makes it fit, and says what is missing in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import trio

from server.app.hours import read_timetable
from server.config import Config
from server.ports import Workspace
from server.store import embedded
from server.store.schema import schema_sql
from server.store.store import SCHEMA_VERSION, Store, open_store

T = TypeVar("T")


class AdminError(Exception):
    """What was asked for cannot be done; the text is a sentence."""


@contextmanager
def database(config: Config) -> Iterator[str]:
    """The DSN of the database that *config* means; the embedded one runs inside this context. Raises EmbeddedError."""
    if config.database_url is not None:
        yield config.database_url.get_secret_value()
        return
    with embedded.start(config.data_dir) as postgres:
        yield postgres.dsn


def in_store(config: Config, work: Callable[[Store], Awaitable[T]]) -> T:
    """``await work(store)``, with the schema put in where the database is empty. Raises as `migrate`."""

    async def run(dsn: str) -> T:
        async with open_store(dsn, schema=schema_sql()) as store:
            return await work(store)

    with database(config) as dsn:
        return trio.run(run, dsn)


def migrate(config: Config) -> str:
    """Put the schema into an empty database, or check the one that is there.

    Raises UnfitDatabase, StoreUnavailable, EmbeddedError.
    """

    async def nothing_more(store: Store) -> str:
        return f"The database is ready (schema {SCHEMA_VERSION})."

    return in_store(config, nothing_more)


def check(config: Config) -> list[str]:
    """What would keep a server with these settings from working; empty where nothing would. Changes nothing."""

    async def run(dsn: str) -> list[str]:
        async with open_store(dsn) as store:
            return await _complaints(store, config)

    read_timetable(config.quiet_hours)
    with database(config) as dsn:
        return trio.run(run, dsn)


async def _complaints(store: Store, config: Config) -> list[str]:
    workspaces, accounts = await store.people.workspaces(), await store.directory.accounts()
    told = []
    if not workspaces:
        told.append("Nobody can log in yet: add the first person with `threadline user add`.")
    told += _mixed(workspaces, config)
    if workspaces and not accounts:
        told.append("Texts can neither come nor go: add a carrier account with `threadline account add twilio`.")
    if accounts and not await store.directory.numbers():
        told.append("Texts can neither come nor go: add a number with `threadline number add`.")
    if config.public_url is None and any(account.kind != "simulator" for account in accounts):
        told.append("PUBLIC_URL is missing: carriers cannot reach this server, and their signatures cannot be checked.")
    return told


def _mixed(workspaces: Sequence[Workspace], config: Config) -> list[str]:
    real = [workspace.name for workspace in workspaces if not workspace.simulated]
    if config.rehearsal and real:
        return [f"This is a rehearsal, but {real[0]} is a real workspace: the server will refuse to start."]
    return []
