"""The demo as of one moment, seeded once in a run of the tests: each has a copy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest
import trio

from server.demo.seed import SimulatorAccount, seed_demo
from server.store.store import Store, open_store
from tests.databases import Databases
from tests.http.house import QUICK

if TYPE_CHECKING:
    from server.store.postgres import Connection

WALL: Final = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
"""A Friday, 11:00 Eastern."""
ACCOUNT: Final = SimulatorAccount("hush-hush", "http://127.0.0.1:4010")
LINK_BASE: Final = "http://127.0.0.1:8700/l"


@pytest.fixture
def seeded_at() -> datetime:
    """The moment of `demo_dsn`; tests that ask for another one, or for several, have a fixture of this name."""
    return WALL


@pytest.fixture
def demo_dsn(databases: Databases, seeded_at: datetime) -> Iterator[str]:
    """The DSN of a database with the demo in it, this test's own."""
    name = databases.filled(f"the demo at {seeded_at}", lambda dsn: trio.run(_seed, dsn, seeded_at))
    yield databases.dsn_of(name)
    databases.drop(name)


async def workspace_of(store: Store) -> int:
    """The demo's, which is alone in its database."""

    async def ask(connection: Connection) -> int:
        found: int = await connection.fetchval("SELECT id FROM workspace")
        return found

    return await store.call(ask)


async def _seed(dsn: str, wall: datetime) -> None:
    async with open_store(dsn) as store:
        await seed_demo(store, wall, ACCOUNT, QUICK.hash, link_base=LINK_BASE)
