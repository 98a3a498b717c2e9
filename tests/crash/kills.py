"""The kill run: the server dies again and again under traffic, and the judge says what that broke."""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import trio

from tests.crash.ground import Ground, dump, judge, open_ground, settled, until
from tests.crash.plan import RANDOM, Plan, shortcomings
from tests.crash.processes import RunFailed
from tests.crash.traffic import TEXTS_IN, TEXTS_OUT, Tally, Traffic

_FAULTS: Final = [
    "accept_500", "accept_503", "accept_cut", "accept_reset", "accept_close", "accept_garbage", "accept_302",
    "refuse_500", "refuse_reset", "throttle", "receipts_twice", "receipts_reversed", "receipts_early", "receipts_never",
]  # fmt: skip
_FAULT_RATE: Final = 0.1
_SLOW_MS: Final = 15
_REACHED_WITHIN_S: Final = 6.0
_FINISH_WITHIN_S: Final = 60.0
_SETTLE_WITHIN_S: Final = 90.0
_STOPS: Final = 20
_WAYS: Final = ("duplicate", "lost", "after_stop", "over_rate")


@dataclass
class KillLog:
    """One JSON line for each kill."""

    path: Path
    at: Counter[str] = field(default_factory=Counter)

    def note(self, at: str, pid: int, lived_s: float) -> None:
        self.at[at] += 1
        wall = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"n": self.at.total(), "at": at, "pid": pid, "lived_s": round(lived_s, 3), "wall": wall}
        with self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def run(kills: int, out: Path, seed: int) -> int:
    """Returns the exit code; the last line printed is the judge's."""
    began = time.monotonic()
    options = ("--seed", str(seed), "--slow-ms", str(_SLOW_MS), "--fault-rate", str(_FAULT_RATE))
    return trio.run(_run, kills, out, Random(seed), options, began)  # noqa: S311  # chance to be repeated, no secret


async def _run(kills: int, out: Path, rng: Random, options: tuple[str, ...], began: float) -> int:
    log = KillLog(out / "kills.jsonl")
    async with open_ground(out, *options) as ground:
        await ground.carrier.control(faults={"kinds": _FAULTS})
        traffic = Traffic(ground.cast, ground.carrier, ground.server, ground.store, rng, kills + 1)
        async with trio.open_nursery() as nursery:
            await _kill_again_and_again(ground, Plan(kills, rng), traffic, nursery, log)
            _say(f"{kills} kills after {time.monotonic() - began:.0f} s")
            await _come_to_rest(ground, traffic, nursery)
        _say(f"settled after {time.monotonic() - began:.0f} s")
        dump(ground)
        wrong = [*shortcomings(log.at, kills), *_untried(traffic.tally), *await _unkept(ground, traffic.tally)]
        return _verdict(ground, log, wrong)


async def _kill_again_and_again(
    ground: Ground, plan: Plan, traffic: Traffic, nursery: trio.Nursery, log: KillLog
) -> None:
    server = ground.server
    for kill in plan:
        began, at = time.monotonic(), kill.at
        await server.start(kill.setting)
        traffic.release(nursery)
        if not kill.starting:
            await server.ready()
        if at == RANDOM:
            await trio.sleep(kill.after_s)
        elif not await server.killed_by_itself(_REACHED_WITHIN_S):
            plan.miss(kill)
            at = RANDOM
        if at == RANDOM:
            await server.kill()
        log.note(at, server.pid, time.monotonic() - began)
        _keep_journals(ground)


def _keep_journals(ground: Ground) -> None:
    """Before the next server has read and forgotten them. Most of each is zeros."""
    kept = ground.out / "journals"
    kept.mkdir(exist_ok=True)
    for journal in (ground.out / "data" / "journal").glob("*.wire"):
        copy = kept / f"{journal.name}.gz"
        if not copy.exists():
            copy.write_bytes(gzip.compress(journal.read_bytes(), compresslevel=1))


async def _come_to_rest(ground: Ground, traffic: Traffic, nursery: trio.Nursery) -> None:
    """The last texts; a stop in order; a start whose sweep finds what no webhook brought; the last rung; the end."""
    server = ground.server
    await server.start()
    await server.ready()
    await traffic.finish(nursery, _FINISH_WITHIN_S)
    if not await until(lambda: _all_posted(ground, traffic.tally), _FINISH_WITHIN_S):
        raise RunFailed("The carrier did not post all its webhooks.")
    await server.stop()
    await server.start()
    await server.ready()
    if not await settled(ground, _SETTLE_WITHIN_S):
        _say(f"not settled within {_SETTLE_WITHIN_S:g} s")
    await server.stop()


async def _all_posted(ground: Ground, tally: Tally) -> bool:
    counts = (await ground.carrier.control())["ledger"]
    return bool(counts.get("mo", 0) >= tally.webhooks)


# The end


def _untried(tally: Tally) -> list[str]:
    """Nothing may be right for want of trying."""
    wrong = []
    if (tally.texts_in, tally.people + tally.bulk) != (TEXTS_IN, TEXTS_OUT):
        wrong.append(f"{tally.texts_in} texts in and {tally.people + tally.bulk} out.")
    if tally.stops < _STOPS:
        wrong.append(f"Only {tally.stops} STOPs.")
    return wrong


async def _unkept(ground: Ground, tally: Tally) -> list[str]:
    """Commands that were answered with a place, and are not there now."""
    rows = await ground.store.call(lambda c: c.fetch("SELECT cmd_id, thread_id, seq FROM command"))
    there = {row["cmd_id"]: (row["thread_id"], row["seq"]) for row in rows}
    unkept = [cmd_id for cmd_id, place in tally.commands.items() if there.get(cmd_id) != place]
    extra = len(there) - len(tally.commands)
    return [f"{len(unkept)} taken commands are not there, {extra} are too many."] if unkept or extra else []


def _verdict(ground: Ground, log: KillLog, wrong: list[str]) -> int:
    code, line = judge(ground, "--kills", str(log.path))
    blind = [way for way in _WAYS if judge(ground, "--tamper", way)[0] != 1]
    wrong += [f"The judge did not see a ledger falsified by {way}." for way in blind]
    for sentence in wrong:
        _say(sentence)
    print(line, flush=True)
    return 1 if code or wrong else 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
