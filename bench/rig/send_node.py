"""A whole server with a feeder beside it, in one process: texts enter by T2 as a campaign's or a reply's do.

The server is the one that `threadline serve` runs, settings from the environment. The feeder calls the ledger that its
API calls, so that the door, the session and the API are left out. Reads a plan as JSON from its input, prints what it
measured as JSON, and ends.
"""

from __future__ import annotations

import cProfile
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

import trio

from bench.rig import cpu
from server.app.ending import Ending
from server.app.main import serve
from server.app.wiring import Wiring
from server.config import load_config
from server.domain.gate import MessageClass
from server.observe import configure_logging
from server.ports import EnqueueMt

_BATCH = 64
_AHEAD = 2048  # texts that are queued or on their way: what a promoter would keep hot


@dataclass(frozen=True, slots=True)
class Plan:
    """`feed`: batches of 64 in one commit each, or one text in each call with `in_flight` calls at once."""

    feed: Literal["batch", "each"]
    texts: int
    warm_up: int
    in_flight: int
    threads: Sequence[int]
    postgres_pid: int
    profile: str | None = None


class Feeder:
    def __init__(self, plan: Plan, wiring: Wiring) -> None:
        self._plan, self._ledger, self._store = plan, wiring.ground.store.ledger, wiring.ground.store
        self._number = 0
        self._outcomes = wiring.ground.meters.registry

    async def run(self) -> dict[str, Any]:
        await self._send(self._plan.warm_up)
        pid, postgres = os.getpid(), self._plan.postgres_pid
        own, theirs, began = cpu.seconds(pid), cpu.seconds_with_children(postgres), time.perf_counter()
        fed_s = await self._send(self._plan.texts)
        took_s = time.perf_counter() - began
        texts = self._plan.texts
        return {
            "texts": texts,
            "per_s": texts / took_s,
            "fed_s": fed_s,
            "server_cpu_ms": (cpu.seconds(pid) - own) / texts * 1e3,
            "postgres_cpu_ms": (cpu.seconds_with_children(postgres) - theirs) / texts * 1e3,
            "total": self._number,
        }

    async def _send(self, texts: int) -> float:
        """Until the results of all of them are stored; the seconds that it took to enqueue them."""
        began = time.perf_counter()
        last = self._number + texts
        if self._plan.feed == "batch":
            while self._number < last:
                await self._wait_for_room()
                await self._ledger.enqueue_bulk([self._next() for _ in range(min(_BATCH, last - self._number))])
        else:
            async with trio.open_nursery() as nursery:
                for _ in range(self._plan.in_flight):
                    nursery.start_soon(self._one_by_one, last)
        fed_s = time.perf_counter() - began
        while await self._store.call(lambda c: c.fetchval("SELECT EXISTS (SELECT FROM outbox)")):  # noqa: ASYNC110 - a database
            await trio.sleep(0.02)
        return fed_s

    async def _one_by_one(self, last: int) -> None:
        while self._number < last:
            mt = self._next()
            await self._ledger.enqueue_mt(mt)
            await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        while self._number - self._accepted() > _AHEAD:  # noqa: ASYNC110 - a figure rings no bell
            await trio.sleep(0.01)

    def _accepted(self) -> float:
        return self._outcomes.get_sample_value("threadline_mt_outcomes_total", {"outcome": "accepted"}) or 0.0

    def _next(self) -> EnqueueMt:
        n, self._number = self._number, self._number + 1
        bulk = self._plan.feed == "batch"
        return EnqueueMt(
            workspace_id=1,
            thread_id=self._plan.threads[n % len(self._plan.threads)],
            cmd_id=uuid4(),
            fingerprint=b"%d" % n,
            klass=MessageClass.BULK if bulk else MessageClass.PERSON,
            body=f"Text {n:07d}: the house on Main Street is still for sale. Shall we meet there on Saturday?",
            segments=1,
            now=datetime.now(UTC),
            author_id=None if bulk else 1,
        )


async def _run(plan: Plan) -> dict[str, Any]:
    ending, ready, found = Ending(), trio.Event(), list[Wiring]()
    async with trio.open_nursery() as nursery:
        config = load_config("serve", os.environ)
        nursery.start_soon(serve, config, lambda url: ready.set(), ending, found.append)
        await ready.wait()
        feeder = Feeder(plan, found[0])
        told = await (_profiled(feeder, plan.profile) if plan.profile else feeder.run())
        ending.ask()
    return told


async def _profiled(feeder: Feeder, file: str) -> dict[str, Any]:
    with cProfile.Profile() as profile:
        told = await feeder.run()
    profile.dump_stats(file)
    return told


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    configure_logging("error", "json")
    json.dump(trio.run(_run, plan), sys.stdout)


if __name__ == "__main__":
    main()
