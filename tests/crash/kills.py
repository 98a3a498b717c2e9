"""The kill run: server and database die again and again under traffic, and the judge says what that broke."""

from __future__ import annotations

import logging
import sys
import time
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

import trio

from tests.crash.ground import Ground, dump, judge, open_ground, settled, until
from tests.crash.journals import JournalDisk
from tests.crash.killer import Killer, KillLog
from tests.crash.plan import Plan, freezes, shortcomings, thawed
from tests.crash.processes import RunFailed
from tests.crash.script import texts_for
from tests.crash.traffic import Tally, Traffic
from tools.ledger_tamper import WAYS

_FAULTS: Final = [
    "accept_500", "accept_503", "accept_cut", "accept_reset", "accept_close", "accept_garbage", "accept_302",
    "refuse_500", "refuse_reset", "throttle", "throttle", "opted_out", "opted_out_receipt",
    "receipts_twice", "receipts_reversed", "receipts_early", "receipts_never",
    *["receipts_then_cut"] * 4,
]  # fmt: skip
_SLOW_FAULTS: Final = ["slow", "accept_hang"]
"""They cost a worker up to its 15 s: not towards the end."""
_FAULT_RATE: Final = 0.15
_SLOW_MS: Final = 15
_FINISH_WITHIN_S: Final = 120.0
_SETTLE_WITHIN_S: Final = 120.0
_STOPS: Final = 20
_LONG_RUN: Final = 100  # kills from which on nothing may be right for want of faults
_WANTED: Final = {"unknown": 20, "unconfirmed": 5, "throttled": 5, "carrier_blocks": 3}


def run(kills: int, out: Path, seed: int) -> int:
    """Returns the exit code; the last line printed is the judge's."""
    began = time.monotonic()
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)  # our own store's pool, too, misses its database
    journals = JournalDisk(out / "data" / "journal", out / "journals")  # before any thread: they share what is mounted
    options = ("--seed", str(seed), "--slow-ms", str(_SLOW_MS), "--fault-rate", str(_FAULT_RATE))
    rng = Random(seed)  # noqa: S311  # chance to be repeated, no secret
    try:
        return trio.run(_run, kills, out, rng, options, journals, began)
    finally:
        journals.close()


async def _run(
    kills: int, out: Path, rng: Random, options: tuple[str, ...], journals: JournalDisk, began: float
) -> int:
    log = KillLog(out / "kills.jsonl")
    async with open_ground(out, *options) as ground:
        await ground.carrier.control(faults={"kinds": [*_FAULTS, *_SLOW_FAULTS]})
        plan, texts, lives = Plan(kills, rng), texts_for(kills), kills + freezes(kills) + 1
        traffic = Traffic(ground.cast, ground.carrier, ground.server, ground.store, rng, lives, texts)
        killer = Killer(ground, plan, traffic.release, journals, log, rng)
        async with trio.open_nursery() as nursery:
            await killer.run(nursery)
            _say(f"{kills} kills after {time.monotonic() - began:.0f} s; missed: {dict(plan.missed)}")
            await _come_to_rest(ground, traffic, journals, nursery)
        _say(f"settled after {time.monotonic() - began:.0f} s")
        dump(ground)
        wrong = [*shortcomings(log.at, kills), *thawed(log.frozen_at, kills)]
        wrong += [*_untried(traffic.tally, texts), *await _unkept(ground, traffic.tally)]
        return _verdict(ground, log, wrong)


async def _come_to_rest(ground: Ground, traffic: Traffic, journals: JournalDisk, nursery: trio.Nursery) -> None:
    """The last texts; a stop in order; a start whose sweep finds what no webhook brought; the last rung; the end."""
    server = ground.server
    await ground.carrier.control(faults={"kinds": _FAULTS})
    if server.ended:
        await server.start()
    await server.ready()
    await traffic.finish(nursery, _FINISH_WITHIN_S)
    await sweep_and_settle(ground, journals, traffic.tally.webhooks, traffic.tally.last_in)
    await server.stop()
    journals.keep()


async def sweep_and_settle(ground: Ground, journals: JournalDisk, webhooks: int, last_in: datetime | None) -> None:
    """A stop in order once all *webhooks* were posted, and a start, whose sweep finds what none of them brought."""
    if not await until(lambda: _all_posted(ground, webhooks), _FINISH_WITHIN_S):
        raise RunFailed("The carrier did not post all its webhooks.")
    await ground.server.stop()
    journals.keep()
    await ground.server.start()
    await ground.server.ready()
    if not await settled(ground, _SETTLE_WITHIN_S, last_in):
        _say(f"not settled within {_SETTLE_WITHIN_S:g} s")


async def _all_posted(ground: Ground, webhooks: int) -> bool:
    counts = (await ground.carrier.control())["ledger"]
    return bool(counts.get("mo", 0) >= webhooks)


# The end


def _untried(tally: Tally, texts: int) -> list[str]:
    """Nothing may be right for want of trying."""
    wrong = []
    if (tally.texts_in, tally.people + tally.bulk) != (texts, texts):
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
    code, line, told = judge(ground, "--kills", str(log.path))
    blind = [way for way in WAYS if judge(ground, "--kills", str(log.path), "--tamper", way)[0] != 1]
    wrong += [f"The judge did not see a run falsified by {way}." for way in blind]
    if log.at.total() >= _LONG_RUN:
        wrong += [f"Only {told.get(name)} {name}." for name, least in _WANTED.items() if told.get(name, 0) < least]
    for sentence in wrong:
        _say(sentence)
    print(line, flush=True)
    return 1 if code or wrong else 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
