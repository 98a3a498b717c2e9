"""A PostgreSQL for one bench, durable as in real use, with a small simulated workspace that every run starts from."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from bench.rig.texts import Line
from server.store import embedded
from server.store.schema import schema_sql

SESSION: Final = "bench-session"
LINE: Final = Line(
    "AC" + "0" * 31 + "1", "bench-token", "+13125550100", tuple(f"+1415555{n:04}" for n in range(100, 200))
)
_PEERS_SQL: Final = tuple(
    (Path(__file__).parents[1] / "peers" / name).read_text() for name in ("record_same.sql", "record_light.sql")
)
_TEMPLATE: Final = "bench_template"

_SEED: Final = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Bench', true, 'Bench', 'bench@example.com');
INSERT INTO member (workspace_id, email, name, role, password_hash)
VALUES (1, 'bench@example.com', 'Bench', 'owner', '!');
INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)
VALUES (decode('{session}', 'hex'), 1, 1, now() + interval '1 day', '127.0.0.1', 'bench');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (1, true, 'simulator', '{line.sid}', '{line.token}', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate) VALUES (1, 1, '{line.number}', 10);
INSERT INTO endpoint (workspace_id, address) SELECT 1, unnest('{{{handsets}}}'::text[]);
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at) SELECT 1, id, 1, now() FROM endpoint;
ANALYZE;
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """A fresh database for one run of one server."""

    name: str
    dsn: str
    threads: list[int]


class Ground:
    """Made by `open_ground`."""

    def __init__(self, postgres: embedded.EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._numbers = itertools.count(1)
        self.pid = postgres.pid
        self.socket_folder = postgres.socket_folder
        for name in (one["name"] for one in self._databases()):
            if name == _TEMPLATE or name.startswith("turn_"):  # an earlier run on a kept folder was cut off
                self._do(postgres.dsn, f"DROP DATABASE {name} WITH (FORCE)")
        self._do(postgres.dsn, f"CREATE DATABASE {_TEMPLATE}")
        session = hashlib.sha256(SESSION.encode()).hexdigest()
        seed = _SEED.format(session=session, line=LINE, handsets=",".join(LINE.handsets))
        for script in (schema_sql(), *_PEERS_SQL, seed):
            self._do(postgres.dsn_of(_TEMPLATE), script)

    def kept(self, name: str, fill: Callable[[Turn], str]) -> str:
        """What *fill* said when it filled the database of that name, which later runs on a kept folder find again.

        One of another schema, or one that was not filled to its end, is made anew.
        """
        mark = hashlib.sha256(schema_sql().encode()).hexdigest()[:12]
        found = [one for one in self._databases() if one["name"] == name and (one["said"] or "").startswith(mark)]
        if found:
            return str(found[0]["said"]).partition(" ")[2]
        self._do(self._postgres.dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._do(self._postgres.dsn, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        said = fill(Turn(name, self._postgres.dsn_of(name), []))
        self._do(self._postgres.dsn, f"COMMENT ON DATABASE {name} IS '{mark} {said}'")
        return said

    @contextmanager
    def turn(self, of: str = _TEMPLATE) -> Iterator[Turn]:
        """A copy of a database. The checkpoint lets everybody begin with the same debts."""
        name = f"turn_{next(self._numbers)}"
        self._do(self._postgres.dsn, f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY file_copy")
        self._do(self._postgres.dsn, "CHECKPOINT")
        dsn = self._postgres.dsn_of(name)
        yield Turn(name, dsn, [row["id"] for row in self._do(dsn, "SELECT id FROM thread ORDER BY id")])
        self._do(self._postgres.dsn, f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, turn: Turn, sql: str) -> list[Any]:
        """The rows of one SELECT, or any other statements."""
        return self._do(turn.dsn, sql)

    def count_texts(self, turn: Turn) -> int:
        """Texts that are stored. Raises where their numbers have gaps or their events are missing."""
        (row,) = self._do(
            turn.dsn,
            "SELECT (SELECT count(*) FROM message) AS messages, (SELECT count(*) FROM thread_event) AS events, "
            "(SELECT sum(last_seq) FROM thread) AS numbers, (SELECT sum(in_total) FROM thread) AS unread",
        )
        if len(set(row.values())) != 1:
            raise RuntimeError(f"the database is not consistent: {dict(row)}")
        stored: int = row["messages"]
        return stored

    def _databases(self) -> list[Any]:
        sql = "SELECT datname AS name, shobj_description(oid, 'pg_database') AS said FROM pg_database"
        return self._do(self._postgres.dsn, sql)

    def _do(self, dsn: str, sql: str) -> list[Any]:
        async def run() -> list[Any]:
            connection = await asyncpg.connect(dsn)
            try:
                if sql.lstrip().startswith("SELECT"):
                    return list(await connection.fetch(sql))
                await connection.execute(sql)
            finally:
                await connection.close()
            return []

        return asyncio.run(run())


@contextmanager
def open_ground(kept: Path | None = None) -> Iterator[Ground]:
    """*kept*: a folder that is made where it is absent, and stays; None: one of this run."""
    if kept is not None:
        with embedded.start(kept) as postgres:
            yield Ground(postgres)
        return
    # Not below the checkout: root's PostgreSQL runs as somebody else, who may not look in there.
    folder = Path(tempfile.mkdtemp(prefix="threadline-bench-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    try:
        with embedded.start(folder) as postgres:
            yield Ground(postgres)
    finally:
        embedded.destroy(folder)
        shutil.rmtree(folder)
