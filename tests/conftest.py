"""Fixtures every test may use: one real PostgreSQL for the session, a fresh database for a test, free ports.

Whoever asks for PostgreSQL is marked `integration` without saying so.
"""

import gc
import math
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

gc.disable()  # until all is imported and collected: none of it goes away, and looking for what does takes its time

# Only a tool for developers brings rich along; where it is, structlog draws each crash that a test provokes with it.
sys.modules["rich"] = None  # type: ignore[assignment]  # the import system's word for a module that is not there

from server.config import SETTINGS  # noqa: E402  -- it imports structlog
from server.store import embedded  # noqa: E402  -- the same
from tests import short_form  # noqa: E402  -- the same
from tests.costing import SEEN, Seen  # noqa: E402  -- the same
from tests.databases import Databases  # noqa: E402  -- the same
from tests.kept_sessions import KeptSessions  # noqa: E402  -- the same
from tests.places import quickest_place  # noqa: E402  -- the same

_COLLECT_AFTER = (700, 10, 100)
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


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "no whole runs, and of slow tests one form of as many as cost so many CPU seconds"
    parser.addoption(short_form.OPTION, type=float, metavar="SECONDS", help=told)
    parser.addoption(short_form.RUNS, action="store_true", help="in the short form, whole runs too")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs real processes, so that `-m "not integration"` is quick whoever wrote the test."""
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()) or "integration" in item.path.parent.parts:
            item.add_marker(pytest.mark.integration)


class Shortened:
    """After all marks were given and looked at."""

    def __init__(self, budget_s: float) -> None:
        self._budget_s = budget_s
        self._told = "nothing to draw from"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        changed = short_form.changed_files(config.rootpath)
        seed = config.option.randomly_seed
        runs: bool = config.getoption(short_form.RUNS)
        short = short_form.Short(seed, self._budget_s, short_form.known_costs(), changed, runs)
        items[:], left = short.divide(items)
        config.hook.pytest_deselected(items=left)
        self._told = f"{len(items)} of {len(items) + len(left)} run, drawn by {seed}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(self._told)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SEEN] = Seen()
    budget_s: float | None = config.getoption(short_form.OPTION)
    if budget_s is not None:
        config.pluginmanager.register(Shortened(budget_s))
        if budget_s < math.inf:
            from hypothesis import settings

            settings.register_profile("short", max_examples=short_form.EXAMPLES)
            settings.load_profile("short")
            os.environ.setdefault(short_form.CASES, "1")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Of this process and all that it started: that it saw end, or that the browser's tests have seen."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    spent_s = max(sum(one.ru_utime + one.ru_stime for one in used), terminalreporter.config.stash[SEEN].total_s)
    terminalreporter.write_line(f"{spent_s:.0f} CPU seconds")


def pytest_collection_finish() -> None:
    """What stands by now lives as long as the session: walking it again and again took a quarter of the quick tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    gc.enable()


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it, a rehearsal's clock for example; the browser tests' server does."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.EmbeddedPostgres]:
    """A real PostgreSQL on a unix socket, gone after the session. It does not fsync: no test here pulls the plug."""
    # Not pytest's own temporary folder: that is 0700, and root's PostgreSQL runs as somebody else.
    folder = Path(tempfile.mkdtemp(prefix="threadline-test-", dir=quickest_place()))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    try:
        with embedded.start(folder, settings=_QUICK) as server:
            yield server
    finally:
        embedded.destroy(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def databases(postgres: embedded.EmbeddedPostgres) -> Iterator[Databases]:
    """Who makes the tests' databases; while it stands, sessions are kept from test to test."""
    path = f"{postgres.socket_folder}/.s.PGSQL.5432"
    sessions = KeptSessions(path)
    with sessions.serving(), closing(Databases(postgres, sessions)) as made, made.types.serving(path):
        yield made


@pytest.fixture
def dsn(databases: Databases) -> str:
    """The DSN of a database that is this test's own as long as it runs, with schema.sql in it and no rows."""
    return databases.fresh()


@pytest.fixture
def sessions_of_its_own(databases: Databases) -> Iterator[None]:
    """For tests that cut connections: none of theirs was somebody else's before, or is kept for the next."""
    with databases.sessions.none():
        yield


@pytest.fixture
def empty_dsn(postgres: embedded.EmbeddedPostgres, databases: Databases) -> Iterator[str]:
    """The DSN of a database of this test's own with nothing in it."""
    name = databases.make("template1")
    yield postgres.dsn_of(name)
    databases.drop(name)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Call it for a TCP port of 127.0.0.1 that nobody listens on at the moment."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    return find
