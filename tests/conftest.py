"""Fixtures every test may use: one real PostgreSQL for the session, a fresh database for a test, free ports.

Whoever asks for PostgreSQL is marked `integration` without saying so.
"""

import asyncio
import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from server.config import SETTINGS
from server.store import embedded
from server.store.schema import schema_sql

TEMPLATE = "threadline_template"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_ENOUGH_BYTES = 2 * 1024**3
_QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",  # it may lie in memory
    "autovacuum": "off",  # no database lives long enough
    "shared_buffers": "64MB",
    "max_connections": "200",
    "track_commit_timestamp": "on",  # the races read from it who was first
}
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs real processes, so that `-m "not integration"` is quick whoever wrote the test."""
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()) or "integration" in item.path.parent.parts:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it, a rehearsal's clock for example; the browser tests' server does."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.EmbeddedPostgres]:
    """A real PostgreSQL on a unix socket, gone after the session. It does not fsync: no test here pulls the plug."""
    # Not pytest's own temporary folder: that is 0700, and root's PostgreSQL runs as somebody else.
    folder = Path(tempfile.mkdtemp(prefix="threadline-test-", dir=_quickest_place()))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    try:
        with embedded.start(folder, settings=_QUICK) as server:
            yield server
    finally:
        embedded.destroy(folder)
        shutil.rmtree(folder)


def _quickest_place() -> Path | None:
    """Memory where there is plenty: a database of one test is 650 files, and on a disk they cost most of the test."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ENOUGH_BYTES:
        return None
    return _MEMORY


class _Desk:
    """One connection that makes and drops databases: each test would else start two PostgreSQL sessions for it."""

    def __init__(self, dsn: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(asyncpg.connect(dsn))

    def execute(self, sql: str) -> None:
        self._loop.run_until_complete(self._connection.execute(sql))

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()


@pytest.fixture(scope="session")
def _desk(postgres: embedded.EmbeddedPostgres) -> Iterator[_Desk]:
    with closing(_Desk(postgres.dsn)) as desk:
        yield desk


@pytest.fixture(scope="session")
def _template(postgres: embedded.EmbeddedPostgres, _desk: _Desk) -> str:
    _desk.execute(f"CREATE DATABASE {TEMPLATE}")
    with closing(_Desk(postgres.dsn_of(TEMPLATE))) as inside:
        inside.execute(schema_sql())
    return TEMPLATE


@pytest.fixture
def dsn(postgres: embedded.EmbeddedPostgres, _desk: _Desk, _template: str) -> Iterator[str]:
    """The DSN of a database of this test's own, with schema.sql in it and no rows."""
    yield from _fresh_database(postgres, _desk, _template)


@pytest.fixture
def empty_dsn(postgres: embedded.EmbeddedPostgres, _desk: _Desk) -> Iterator[str]:
    """The DSN of a database of this test's own with nothing in it."""
    yield from _fresh_database(postgres, _desk, "template1")


def _fresh_database(postgres: embedded.EmbeddedPostgres, desk: _Desk, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    desk.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield postgres.dsn_of(name)
    # A failed test may have left connections open; its failure is the news, not theirs.
    desk.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Call it for a TCP port of 127.0.0.1 that nobody listens on at the moment."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    return find
