"""Who makes the tests' databases, and how one is emptied for the next test instead of being made again.

A database is a copy of 650 files, and all that its sessions learnt of it goes with it. So one is kept, and each test
finds it as it was made: no rows but the schema's own, sequences at their beginning, nobody connected. A test that
changed more than rows (the schema, a setting, statistics), or left a lot of them, has the next one start in a new copy.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Final

import asyncpg

from server.store.embedded import EmbeddedPostgres
from server.store.schema import schema_sql
from tests.kept_sessions import KeptSessions
from tests.known_types import OF_THE_SCHEMA, KnownTypes

TEMPLATE: Final = "threadline_template"
_LOST: Final = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError, OSError)

# In a schema of its own, so that no test sees it. Temporary tables are rows to us: they are gone with their session.
_WATCH: Final = """
CREATE SCHEMA watch;
CREATE TABLE watch.changed ();
CREATE FUNCTION watch.note() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands())
       OR EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c WHERE c.schema_name IS DISTINCT FROM 'pg_temp') THEN
        INSERT INTO watch.changed DEFAULT VALUES;
    END IF;
END $$;
CREATE VIEW watch.facts AS
SELECT (SELECT count(*) FROM pg_statistic) AS statistics,
       (SELECT sum(relpages) FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS pages,
       (SELECT count(*) FROM pg_db_role_setting) AS settings,
       (SELECT count(*) FROM watch.changed) AS changes;
CREATE VIEW watch.weight AS
SELECT sum(pg_relation_size(oid)) AS bytes FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r';
CREATE TABLE watch.facts_as_made AS TABLE watch.facts;
CREATE TABLE watch.weight_as_made AS TABLE watch.weight;
DO $do$
DECLARE
    emptying text := (SELECT string_agg(format('DELETE FROM %I;', relname), E'\n') FROM pg_class
                      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition);
    filling text := '';
    restarting text := (SELECT string_agg(format('PERFORM setval(%L, %s, false);', seqrelid::regclass, seqstart), E'\n')
                        FROM pg_sequence);
    name text;
    filled boolean;
BEGIN
    FOR name IN SELECT relname FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE watch.%1$I AS TABLE public.%1$I', name);
            filling := filling || format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE TABLE watch.%1$I;', name);
        END IF;
    END LOOP;
    EXECUTE format($make$
        CREATE FUNCTION watch.emptied() RETURNS boolean LANGUAGE plpgsql
        SET session_replication_role = replica SET search_path = public AS $body$
        BEGIN
            IF EXISTS (TABLE watch.facts EXCEPT TABLE watch.facts_as_made) THEN RETURN false; END IF;
            IF (TABLE watch.weight) > (TABLE watch.weight_as_made) + 5000000 THEN RETURN false; END IF;
            %s %s %s
            RETURN true;
        END $body$ $make$, emptying, filling, restarting);
END $do$;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch.note();
ALTER EVENT TRIGGER watch ENABLE ALWAYS;
"""
_ALONE: Final = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT pid = ANY($1)
"""


class Desk:
    """One session on a database, usable without a loop around."""

    def __init__(self, dsn: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(asyncpg.connect(dsn))

    @property
    def pid(self) -> int:
        """The server's process for this session."""
        pid: int = self._connection.get_server_pid()
        return pid

    def execute(self, sql: str) -> None:
        self._loop.run_until_complete(self._connection.execute(sql))

    def value(self, sql: str, *values: Any) -> Any:
        return self._loop.run_until_complete(self._connection.fetchval(sql, *values))

    def types(self) -> KnownTypes:
        """Those of the schema in this database."""
        numbers = [row["oid"] for row in self._loop.run_until_complete(self._connection.fetch(OF_THE_SCHEMA))]
        introspection: Any = self._connection
        return KnownTypes(self._loop.run_until_complete(introspection._introspect_types(numbers, None))[0])

    def close(self) -> None:
        self._connection.terminate()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


class Databases:
    """The databases of the tests on *postgres*."""

    def __init__(self, postgres: EmbeddedPostgres, sessions: KeptSessions) -> None:
        self._postgres = postgres
        self.sessions = sessions
        self._desk = Desk(postgres.dsn)
        self._numbers = itertools.count(1)
        self._kept: tuple[str, Desk] | None = None
        self._filled: dict[str, str] = {}
        self.types = self._make_template()

    @property
    def idle(self) -> list[int]:
        """The server processes in the kept database that no test has at the moment; our own desk is among them."""
        return [*self.sessions.pids, *([self._kept[1].pid] if self._kept else [])]

    def fresh(self) -> str:
        """The DSN of the database that the tests take in turn, as schema.sql makes it."""
        if self._kept is not None and not self._is_emptied(*self._kept):
            name, desk = self._kept
            desk.close()
            self._kept = None
            self.drop(name)
        if self._kept is None:
            name = self.make(TEMPLATE)
            self._kept = name, Desk(self._postgres.dsn_of(name))
        return self._postgres.dsn_of(self._kept[0])

    def filled(self, what: str, fill: Callable[[str], None]) -> str:
        """The name of a new database with *what* in it. The first time, *fill* is given the DSN of one to put it into,
        as schema.sql makes it; from then on that one is copied, and nobody else gets to it.
        """
        if what not in self._filled:
            name = self.make(TEMPLATE)
            with self.sessions.none():
                fill(self.dsn_of(name))
            self._filled[what] = name
        return self.make(self._filled[what])

    def dsn_of(self, name: str) -> str:
        return self._postgres.dsn_of(name)

    def make(self, template: str) -> str:
        """The name of a new database like *template*."""
        name = f"test_{next(self._numbers)}"
        self._desk.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, name: str) -> None:
        """End a database. A failed test may have left connections open; its failure is the news, not theirs."""
        self.sessions.end(name)
        self._desk.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """End the sessions."""
        if self._kept is not None:
            self._kept[1].close()
        self._desk.close()

    def _make_template(self) -> KnownTypes:
        self._desk.execute(f"CREATE DATABASE {TEMPLATE}")
        inside = Desk(self._postgres.dsn_of(TEMPLATE))
        inside.execute(schema_sql())
        inside.execute(_WATCH)
        types = inside.types()
        inside.close()
        return types

    def _is_emptied(self, name: str, desk: Desk) -> bool:
        """Whether the database is again as it was made. Where its desk was cut off, nothing is known."""
        try:
            desk.value(_ALONE, self.sessions.pids)
            return bool(desk.value("SELECT watch.emptied()"))
        except _LOST:
            return False
