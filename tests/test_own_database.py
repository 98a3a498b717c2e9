"""The database of a test is its own: whatever another test left in one, however it ended, is not there."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from asyncpg.introspection import INTRO_LOOKUP_TYPES

from server.store.bridge import open_bridge
from server.store.embedded import EmbeddedPostgres
from tests.databases import TEMPLATE, Databases

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
                                                AND backend_type = 'client backend' AND NOT pid = ANY($1)) AS others
"""
ROWS = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Left over', true, 'L', 'l');
UPDATE history SET schema_version = 99;
SELECT nextval(pg_get_serial_sequence('member', 'id'));
"""
MORE_THAN_ROWS = {
    "a table": "CREATE TABLE left_over (it integer)",
    "an altered table": "ALTER TABLE workspace DISABLE TRIGGER ALL, ADD COLUMN it integer, ADD CHECK (it > 0)",
    "a function less": "DROP FUNCTION recipient_state CASCADE",
    "another function": """CREATE OR REPLACE FUNCTION folded(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
        AS 'SELECT ''left over'''""",
    "a setting": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''99MB''', current_database()); END $$",
    "statistics": "ANALYZE",
}
LEFT_OPEN = "LISTEN left_over; BEGIN; LOCK TABLE workspace"
DIRTY = ";".join([ROWS, *MORE_THAN_ROWS.values()])


class Sessions:
    """Sessions that are left open at the end of a test."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._left: list[asyncpg.Connection[asyncpg.Record]] = []

    def leave(self, dsn: str, sql: str) -> None:
        """Run *sql* in a session that stays."""
        self._left.append(self.loop.run_until_complete(asyncpg.connect(dsn)))
        self.loop.run_until_complete(self._left[-1].execute(sql))

    def look(self, dsn: str, idle: list[int]) -> dict[str, Any]:
        """All that could be seen of another test in the database at *dsn*, each table's rows among it. *idle*: the
        server processes that no test has.
        """

        async def look() -> dict[str, Any]:
            connection = await asyncpg.connect(dsn)
            try:
                seen = dict(await connection.fetchrow(LOOK, idle) or {})
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
    turn: str, dsn: str, postgres: EmbeddedPostgres, databases: Databases, sessions: Sessions
) -> None:
    """Whichever comes first: both look, then both leave all they can behind."""
    assert sessions.look(dsn, databases.idle) == sessions.look(postgres.dsn_of(TEMPLATE), [])
    sessions.leave(dsn, f"{DIRTY};{LEFT_OPEN}")


def test_what_is_left_behind_could_be_seen(dsn: str, databases: Databases, sessions: Sessions) -> None:
    before = sessions.look(dsn, databases.idle)
    sessions.leave(dsn, DIRTY)
    after = sessions.look(dsn, databases.idle)
    assert {name for name in before if before[name] != after[name]} >= {
        "relations", "functions", "triggers", "constraints", "sequences", "statistics", "settings", "others",
        "workspace", "history",
    }  # fmt: skip


def test_a_database_whose_rows_alone_were_changed_is_emptied_and_kept(
    dsn: str, postgres: EmbeddedPostgres, databases: Databases, sessions: Sessions
) -> None:
    sessions.leave(dsn, f"{ROWS};{LEFT_OPEN}")
    assert databases.fresh() == dsn
    assert sessions.look(dsn, databases.idle) == sessions.look(postgres.dsn_of(TEMPLATE), [])


@pytest.mark.parametrize(
    "change",
    [
        *(pytest.param(change, id=name) for name, change in MORE_THAN_ROWS.items()),
        pytest.param("SET session_replication_role = replica; CREATE TABLE t ()", id="a table, unseen by triggers"),
        pytest.param(
            "INSERT INTO workspace (name, simulated, brand, contact)"
            " SELECT repeat('Left over', 50), true, 'L', 'l' FROM generate_series(1, 20000)",
            id="very many rows",
        ),
    ],
)
def test_a_database_in_which_more_was_changed_is_given_to_nobody_else(
    change: str, dsn: str, databases: Databases, sessions: Sessions
) -> None:
    sessions.leave(dsn, change)
    assert databases.fresh() != dsn


# Sessions

SEEN = """
SELECT pg_backend_pid() AS pid,
       (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks,
       (SELECT count(*) FROM pg_listening_channels()) AS channels,
       (SELECT count(*) FROM pg_cursors WHERE is_holdable) AS cursors,
       (SELECT count(*) FROM pg_prepared_statements WHERE name = 'left_over') AS statements,
       to_regclass('left_over')::text AS temporary,
       current_setting('work_mem') AS setting,
       current_setting('application_name') AS given
"""
LEAVE = """
SELECT pg_advisory_lock(1); LISTEN left_over; SET work_mem = '99MB'; SET application_name = 'left over';
PREPARE left_over AS SELECT 1; CREATE TEMP TABLE left_over (it integer);
DECLARE left_over CURSOR WITH HOLD FOR SELECT 1;
"""


@asynccontextmanager
async def session(dsn: str) -> AsyncIterator[Any]:
    """A connection as the store has them, closed with a goodbye: call it with a method's name and a statement."""
    async with open_bridge() as bridge:
        connection = await bridge.call(lambda: asyncpg.connect(dsn, server_settings={"application_name": "given"}))

        async def ask(method: str, sql: str) -> Any:
            return await bridge.call(lambda: getattr(connection, method)(sql))

        yield ask
        await bridge.call(connection.close)


async def test_who_gets_a_kept_session_sees_nothing_of_who_had_it(dsn: str) -> None:
    async with session(dsn) as ask:
        before = dict(await ask("fetchrow", SEEN))
        await ask("execute", LEAVE)
        left = dict(await ask("fetchrow", SEEN))
        assert {name for name in before if before[name] != left[name]} == before.keys() - {"pid"}
    async with session(dsn) as ask:
        assert dict(await ask("fetchrow", SEEN)) == before


async def test_a_session_that_is_left_inside_a_transaction_ends_with_it(dsn: str) -> None:
    async with session(dsn) as ask:
        pid = (await ask("fetchrow", SEEN))["pid"]
        await ask("execute", "BEGIN; LOCK TABLE workspace")
    async with session(dsn) as ask:
        assert (await ask("fetchrow", SEEN))["pid"] != pid
        await ask("execute", "SELECT FROM workspace")


# Types

OURS = """
SELECT t.oid, t.typname FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('c', 'e', 'd')
ORDER BY t.typname
"""


async def test_types_are_known_as_they_would_be_told(dsn: str, databases: Databases) -> None:
    async with session(dsn) as ask:
        ours = await ask("fetch", OURS)
        told = [await ask("fetch", INTRO_LOOKUP_TYPES.replace("$1", f"'{{{one['oid']}}}'")) for one in ours]
    assert len(ours) > 30
    for one, rows in zip(ours, told, strict=True):
        known = databases.types.of([one["oid"]])
        assert known is not None
        assert {row["oid"]: _of_a_type(row) for row in known} == {row["oid"]: _of_a_type(row) for row in rows}
        assert known[-1]["oid"] == one["oid"], "after all that it is made of"


def _of_a_type(row: Any) -> dict[str, Any]:
    return {name: value for name, value in dict(row).items() if name != "depth"}


async def test_a_type_that_a_test_makes_is_known_to_the_server_alone(dsn: str, databases: Databases) -> None:
    async with session(dsn) as ask:
        await ask("execute", "CREATE TYPE left_over AS (it integer, that text)")
        (number,) = await ask("fetchrow", "SELECT 'left_over'::regtype::oid")
        assert databases.types.of([number]) is None
        assert tuple((await ask("fetchrow", "SELECT (1, 'a')::left_over"))[0]) == (1, "a")
