"""A text to many, from the launch to the last receipt, with what goes wrong in between; and whether its sums held."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import trio

from tests.bulk import judging, plan
from tests.bulk.judging import Seen, say
from tests.bulk.people import add_people, launch
from tests.crash.cast import FAST
from tests.crash.ground import Ground, dump, open_ground, until
from tests.crash.journals import JournalDisk
from tests.crash.killer import Killer, KillLog
from tests.crash.kills import sweep_and_settle
from tests.crash.processes import RunFailed

FAULT_RATE: Final = 0.02
FAULTS: Final = [
    "accept_500", "accept_cut", "accept_reset", "accept_close", "accept_garbage", "refuse_500", "refuse_reset",
    "throttle", "opted_out", "opted_out_receipt", "invalid", "receipts_twice", "receipts_reversed", "receipts_early",
]  # fmt: skip
LOOK_EVERY_S: Final = 0.02
WITHIN_S: Final = 900.0
_MIDDLE: Final = (1 / 3, 2 / 3)  # of the work done, between which people say STOP
_AT_ONCE: Final = 0.2  # share of the STOPs of people whose text is leaving, and of those who have it
_LIFE_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Wish:
    recipients: int
    stops: int
    kills: int
    rate: float


@dataclass
class Handsets:
    """What they have sent so far; the newest text is no older than `last_in`."""

    texts: int = 0
    stops: int = 0
    last_in: datetime | None = None


def run(wish: Wish, out: Path, seed: int) -> int:
    """Returns the exit code; the last line printed is the judge's."""
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    journals = JournalDisk(out / "data" / "journal", out / "journals")  # before any thread: they share what is mounted
    rng = Random(seed)  # noqa: S311 - chance to be repeated, no secret
    try:
        return trio.run(_run, wish, out, rng, journals, ("--seed", str(seed), "--fault-rate", str(FAULT_RATE)))
    finally:
        journals.close()


async def _run(wish: Wish, out: Path, rng: Random, journals: JournalDisk, options: tuple[str, ...]) -> int:
    began, log, seen = time.monotonic(), KillLog(out / "kills.jsonl"), Seen()
    log.path.touch()
    async with open_ground(out, *options) as ground:
        await ground.carrier.control(faults={"kinds": FAULTS})
        ids, handsets = await add_people(ground, wish.recipients, wish.rate), Handsets()
        say(f"{len(ids)} people after {time.monotonic() - began:.1f} s")
        deadly = _Deadly(ground, wish, seen, handsets, journals, log, rng)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(judging.poll, ground, seen)
            nursery.start_soon(launch, ground, ids)
            nursery.start_soon(deadly.stops)
            await deadly.kills(nursery)
            say(f"{log.at.total()} kills after {time.monotonic() - began:.1f} s; missed: {dict(deadly.plan.missed)}")
            if not await until(deadly.all_over, WITHIN_S):
                raise RunFailed(f"It had not ended after {WITHIN_S:g} s: {seen}, {handsets}")
            say(f"ended after {time.monotonic() - began:.1f} s, {seen.polls} polls, {seen.most_ahead} queued at most")
            await sweep_and_settle(ground, journals, handsets.texts, handsets.last_in)
            nursery.cancel_scope.cancel()
        wrong = [*seen.wrong, *plan.missing(log.at, wish.kills), *await judging.figures_differ(ground)]
        await ground.server.stop()
        journals.keep()
        wrong += await judging.sent_astray(ground)
        dump(ground)
        return await judging.verdict(ground, log, seen, handsets.stops, wrong)


class _Deadly:
    """The kills, spread over all of the work, and the STOPs in its middle."""

    def __init__(
        self,
        ground: Ground,
        wish: Wish,
        seen: Seen,
        handsets: Handsets,
        journals: JournalDisk,
        log: KillLog,
        rng: Random,
    ) -> None:
        self._ground, self._wish, self._seen, self._handsets, self._rng = ground, wish, seen, handsets, rng
        self.plan = plan.BulkPlan(wish.kills, rng)
        self._killer = Killer(ground, self.plan, self._write_in, journals, log, rng)

    async def all_over(self) -> bool:
        return self._seen.state == "completed" and self._handsets.stops == self._wish.stops

    # Kills

    async def kills(self, nursery: trio.Nursery) -> None:
        """Afterwards a server lives."""
        for nth, kill in enumerate(self.plan):
            await self._done(plan.share_before(nth, self._wish.kills))
            await self._killer.carry_out(kill, nursery)
        await self._live()

    async def _live(self) -> None:
        if self._ground.server.ended:
            await self._ground.server.start()
            await self._ground.server.ready()

    async def _done(self, share: float) -> None:
        """Wait until so much of the work is done; a server that is dead does none."""
        if share:
            await self._live()
        while self._seen.done < share * self._wish.recipients:  # noqa: ASYNC110 - another process sends them
            await trio.sleep(LOOK_EVERY_S)

    def _write_in(self, nursery: trio.Nursery) -> None:
        """In each life somebody writes, so that T1 has work at any time."""
        nursery.start_soon(self._chat)

    async def _chat(self) -> None:
        await self._ground.server.up.wait()
        for _ in range(3):
            await trio.sleep(self._rng.uniform(0, _LIFE_S))
            await self._say(self._rng.choice(self._ground.cast.of([*self._ground.cast.contacts])).address, "Hello?")

    # STOPs

    async def stops(self) -> None:
        """Some of people who have the text, some of those whose turn it is, most of those who wait."""
        begin, end = (share * self._wish.recipients for share in _MIDDLE)
        said: set[str] = set()
        for nth in range(self._wish.stops):
            while self._seen.done < begin + (end - begin) * nth / self._wish.stops:  # noqa: ASYNC110 - the same
                await trio.sleep(LOOK_EVERY_S)
            address = await self._stopper(said)
            said.add(address)
            await self._say(address, "STOP")
            self._handsets.stops += 1

    async def _stopper(self, said: set[str]) -> str:
        rows = await self._ground.store.call(lambda c: c.fetch(judging.LEFT))
        left = [row for row in rows if row["address"] not in said]
        waits = [row["address"] for row in left if row["state"] in ("pending", "in_flight")]
        leaving = [row["address"] for row in left if row["state"] == "in_flight"]
        has_it = [row["address"] for row in left if row["state"] == "wired"]
        chance = self._rng.random()
        if leaving and chance < _AT_ONCE:
            return str(leaving[0])
        return str(self._rng.choice(has_it if chance > 1 - _AT_ONCE or not waits else waits))

    async def _say(self, address: str, body: str) -> None:
        self._handsets.last_in = datetime.now(UTC)
        await self._ground.carrier.control(mo={"from": address, "to": FAST, "body": body})
        self._handsets.texts += 1
