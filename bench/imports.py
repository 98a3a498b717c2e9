"""How long a list of people takes to come in, and what everybody else feels meanwhile.

    python -m bench.imports [--rows N] [--quick]      prints one JSON line

The database is durable as in real use. A file of N people (a hundred thousand) is read and stored as an upload is, then
confirmed and carried out by the server's own importer, in slices of one transaction each. Beside it runs what a probe
of /healthz would feel: a task that wakes every 2 ms and notes how late it woke, and one that asks the database a small
question every 20 ms. At the end rows are counted, and half of the list is brought in again, and all of it taken back.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import structlog
import trio

from bench.rig import cpu
from bench.rig.figures import rounded
from bench.rig.ground import open_ground
from server.actors.import_rows import count_rows
from server.actors.imports import Importer
from server.domain.imports.csv_bytes import Reading
from server.domain.imports.survey import SAMPLE, survey
from server.ports.imports import Dialect, Import, ImportColumns, ImportConsent
from server.store.store import Store, open_store

ROWS: Final = 100_000
BEAT_S: Final = 0.002
QUESTION_S: Final = 0.020
SAID: Final = ImportConsent("Bench", datetime(2026, 1, 1, tzinfo=UTC), "I agree to get texts from the bench.")
AREAS: Final = ("201", "202", "203", "205", "206", "207", "208", "209", "210", "212", "213", "214", "215", "216", "217")
HEAD: Final = "First name,Last name,Email,Mobile,Street,City,State,ZIP,Tags,Notes\r\n"


class BenchClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> datetime:
        return datetime.now(UTC)

    real = wall


def the_list(rows: int) -> bytes:
    """About 110 bytes a person, one in a hundred with a number that is none."""
    lines = [HEAD]
    for n in range(rows):
        area, rest = AREAS[n % len(AREAS)], 2_000_000 + n // len(AREAS)
        phone = f"({area}) {rest // 10_000}-{rest % 10_000:04}" if n % 100 else "none"
        lines.append(
            f"Maya{n},Torres,maya{n}@example.com,{phone},{n} Elm Street,Boston,MA,02134,"
            f'"Open House; List {n % 7}","Likes the garden, and calls back"\r\n'
        )
    return "".join(lines).encode()


@asynccontextmanager
async def felt(store: Store) -> AsyncIterator[tuple[list[float], list[float]]]:
    """How late a task wakes, and how long a small question takes, in seconds, while the body runs."""
    late: list[float] = []
    asked: list[float] = []

    async def beat() -> None:
        while True:
            due = time.perf_counter() + BEAT_S
            await trio.sleep(BEAT_S)
            late.append(time.perf_counter() - due)

    async def ask() -> None:
        while True:
            started = time.perf_counter()
            await store.people.workspaces()
            asked.append(time.perf_counter() - started)
            await trio.sleep(QUESTION_S)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(beat)
        nursery.start_soon(ask)
        yield late, asked
        nursery.cancel_scope.cancel()


def p99_ms(times: Sequence[float]) -> float:
    return rounded(sorted(times)[int(len(times) * 0.99)] * 1000)


async def send(store: Store, content: bytes) -> int:
    imports, reading = store.imports, Reading()
    import_id = await imports.begin(1, 1, "bench.csv")
    for nth, at in enumerate(range(0, len(content), 512 * 1024)):
        piece = content[at : at + 512 * 1024]
        for start in range(0, len(piece), 65_536):
            reading.feed(piece[start : start + 65_536])
            await trio.lowlevel.checkpoint()
        await imports.add_chunk(import_id, nth, piece)
    encoding, known = reading.end(), await imports.vocabulary(1)
    looked = survey(content[:SAMPLE].decode("utf-8", "ignore"), known, whole=False)
    dialect = Dialect(encoding.value, looked.separator, looked.header)
    columns = ImportColumns(looked.names, looked.places)
    total = await count_rows(imports, import_id, dialect)
    digest = hashlib.sha256(content).digest()
    await imports.uploaded(
        1, import_id, size=reading.size, sha256=digest, dialect=dialect, columns=columns, rows_total=total
    )
    return import_id


async def carry_out(store: Store) -> None:
    importer = Importer(store.imports, BenchClock(), uuid4())
    while await importer.work():
        pass


async def bring(store: Store, content: bytes) -> tuple[Import, float, float]:
    """The import with the seconds that sending and carrying it out took."""
    started = time.perf_counter()
    import_id = await send(store, content)
    sent = time.perf_counter()
    found = await store.imports.get(1, import_id)
    if found is None or not await store.imports.confirm(1, 1, import_id, found.columns, (), SAID, datetime.now(UTC)):
        raise RuntimeError("the import cannot be confirmed")
    await carry_out(store)
    ended = time.perf_counter()
    done = await store.imports.get(1, import_id)
    if done is None or done.state != "done":
        raise RuntimeError("the import did not end")
    return done, sent - started, ended - sent


async def measure(dsn: str, rows: int, database: int) -> dict[str, float]:
    content = the_list(rows)
    async with open_store(dsn) as store:
        async with felt(store) as (idle_late, idle_asked):
            await trio.sleep(1.0)
        own, its = time.process_time(), cpu.seconds_with_children(database)
        async with felt(store) as (late, asked):
            done, sent_s, done_s = await bring(store, content)
        own, its = time.process_time() - own, cpu.seconds_with_children(database) - its
        again, _, again_s = await bring(store, content[: len(content) // 2].rpartition(b"\r\n")[0])
        started = time.perf_counter()
        await store.imports.undo(1, 1, done.import_id)
        await carry_out(store)
        undo_s = time.perf_counter() - started
        undone = await store.imports.get(1, done.import_id)
    if undone is None or done.created + done.refused != rows or undone.taken_back + undone.kept != done.created:
        raise RuntimeError(f"the sums do not hold: {done}, {undone}")
    return {
        "rows": rows,
        "megabytes": rounded(len(content) / 1e6),
        "created": done.created,
        "refused": done.refused,
        "sent_s": rounded(sent_s),
        "imported_s": rounded(done_s),
        "rows_per_s": rounded(rows / done_s),
        "server_cpu_s": rounded(own),
        "database_cpu_s": rounded(its),
        "late_p99_ms": p99_ms(late),
        "late_p99_ms_idle": p99_ms(idle_late),
        "late_max_ms": rounded(max(late) * 1000),
        "question_p99_ms": p99_ms(asked),
        "question_p99_ms_idle": p99_ms(idle_asked),
        "updated_again": again.updated,
        "again_s": rounded(again_s),
        "undo_s": rounded(undo_s),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--quick", action="store_true", help="a thousand rows: whether it still runs")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # one line is printed
    with open_ground() as ground, ground.turn() as turn:
        figures = trio.run(measure, turn.dsn, 1_000 if asked.quick else asked.rows, ground.pid)
    print(json.dumps({"bench": "imports", **figures}))


if __name__ == "__main__":
    main()
