"""The database of a test is its own: whatever another test left in one, however it ended, is not there."""

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from server.store.embedded import EmbeddedPostgres
from tests.conftest import TEMPLATE

LOOK = """
SELECT (SELECT jsonb_agg((c.oid::regclass, relkind, relnatts, relpages, reltuples) ORDER BY c.oid) FROM pg_class c
        WHERE relnamespace = 'public'::regnamespace) AS relations,
       (SELECT jsonb_agg(md5(prosrc) ORDER BY oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace) AS functions,
       (SELECT jsonb_agg((tgrelid::regclass, tgname, tgenabled) ORDER BY oid) FROM pg_trigger) AS triggers,
       (SELECT jsonb_agg((conrelid::regclass, conname) ORDER BY oid) FROM pg_constraint) AS constraints,
       (SELECT jsonb_agg((sequencename, last_value) ORDER BY 1) FROM pg_sequences) AS sequences,
       (SELECT count(*) FROM pg_stats WHERE schemaname = 'public') AS statistics,
       (SELECT jsonb_agg(setting) FROM pg_settings WHERE name IN ('work_mem', 'search_path', 'timezone')) AS settings,
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                                                AND backend_type = 'client backend') AS others
"""
DIRTY = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Left over', true, 'L', 'l');
CREATE TABLE left_over (it integer);
ALTER TABLE workspace DISABLE TRIGGER ALL, ADD COLUMN left_over integer, ADD CHECK (left_over > 0);
DROP FUNCTION recipient_state CASCADE;
CREATE OR REPLACE FUNCTION folded(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ''left over''';
UPDATE history SET schema_version = 99;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''99MB''', current_database()); END $$;
ANALYZE;
LISTEN left_over;
BEGIN;
LOCK TABLE workspace;
"""


class Sessions:
    """Sessions that are left open at the end of a test."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._left: list[asyncpg.Connection[asyncpg.Record]] = []

    def open(self, dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
        self._left.append(self.loop.run_until_complete(asyncpg.connect(dsn)))
        return self._left[-1]

    def look(self, dsn: str) -> dict[str, Any]:
        """All that could be seen of another test in the database at *dsn*; each table's rows among it."""

        async def look() -> dict[str, Any]:
            connection = await asyncpg.connect(dsn)
            try:
                seen = dict(await connection.fetchrow(LOOK) or {})
                tables = await connection.fetch(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
                )
                for (table,) in tables:
                    seen[table] = await connection.fetch(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - our names
                return seen
            finally:
                await connection.close()

        return self.loop.run_until_complete(look())

    def close(self) -> None:
        for connection in self._left:
            connection.terminate()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    opened = Sessions()
    yield opened
    opened.close()


@pytest.mark.parametrize("turn", ["one", "another"])
def test_nothing_that_a_test_leaves_behind_is_seen_by_the_next(
    turn: str, dsn: str, postgres: EmbeddedPostgres, sessions: Sessions
) -> None:
    """Whichever comes first: both look, then both leave all they can behind."""
    assert sessions.look(dsn) == sessions.look(postgres.dsn_of(TEMPLATE))
    sessions.loop.run_until_complete(sessions.open(dsn).execute(DIRTY))


def test_what_is_left_behind_could_be_seen(dsn: str, sessions: Sessions) -> None:
    before = sessions.look(dsn)
    sessions.loop.run_until_complete(sessions.open(dsn).execute(DIRTY.partition("BEGIN;\nLOCK")[0]))
    after = sessions.look(dsn)
    assert {name for name in before if before[name] != after[name]} >= {
        "relations", "functions", "triggers", "constraints", "sequences", "statistics", "settings", "others",
        "workspace", "history",
    }  # fmt: skip
