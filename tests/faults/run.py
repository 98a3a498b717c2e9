"""One run: nodes under traffic and faults, with people looking on; at the end all of it is judged."""

from __future__ import annotations

import gzip
import json
import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final

import trio

from tests.bulk.judging import say
from tests.bulk.run import FAULTS
from tests.campaign_kills.moment import broken_sums
from tests.campaign_kills.people import Night, populate
from tests.crash.ground import Ground, dump, judge, settled, until
from tests.crash.processes import ANY_HOUR, RunFailed
from tests.faults.fleet import NODES
from tests.faults.judging import Facts, told, wrong
from tests.faults.plan import OF_NODES, Kind, Plan, shortcomings
from tests.faults.strikes import FaultLog, Striker
from tests.faults.town import Town, open_town
from tests.faults.traffic import Traffic
from tests.faults.views import Look, open_look
from tools.ledger_tamper import WAYS

LONG_RUN: Final = 30
"""Faults from which on the judge is tried in every way."""
_FAULT_RATE: Final = 0.03  # of the carrier
_READY_WITHIN_S: Final = 300.0
_CALM_S: Final = 3.0
_SETTLE_WITHIN_S: Final = 180.0
_LINK_EVERY_S: Final = 0.1

_ACCOUNT: Final = "UPDATE carrier_account SET rate = 10, burst = 2"
"""Less than its numbers may, and about what people and campaigns want: so it is what nodes that share have to share."""
_TOGETHER: Final = """SELECT count(*) FROM attempt WHERE limiter_epoch IN
    (SELECT limiter_epoch FROM attempt GROUP BY limiter_epoch HAVING count(DISTINCT gen) > 1)"""
_COMMANDS: Final = "SELECT cmd_id, thread_id, seq FROM command WHERE thread_id IS NOT NULL"
_LIVING: Final = """SELECT pid FROM node
    WHERE left_at IS NULL AND fenced_at IS NULL AND expires_at > clock_timestamp()"""


@dataclass(frozen=True, slots=True)
class Wish:
    """*pair*: PostgreSQL has a synchronous standby. *share*: the limits; None: by chance."""

    kinds: Sequence[Kind]
    faults: int
    every_s: float
    share: bool | None = None

    @property
    def pair(self) -> bool:
        return not set(self.kinds) <= set(OF_NODES)


def run(wish: Wish, out: Path, seed: int) -> int:
    """Returns the exit code; the last line printed is the judge's."""
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)  # our own store's pool, too, misses its database
    return trio.run(_run, wish, out, Random(seed), seed)  # noqa: S311 - chance to be repeated, no secret


async def _run(wish: Wish, out: Path, rng: Random, seed: int) -> int:
    began = time.monotonic()
    share = rng.random() < 0.5 if wish.share is None else wish.share
    log = FaultLog(out / "faults.jsonl")
    log.path.touch()
    async with (
        open_town(out, "--seed", str(seed), "--fault-rate", str(_FAULT_RATE), pair=wish.pair) as town,
        trio.open_nursery() as around,
    ):
        ground, fleet = town.ground, town.fleet
        around.start_soon(_keep_journals, out)
        await ground.carrier.control(faults={"kinds": FAULTS})
        await ground.store.call(lambda c: c.execute(_ACCOUNT))
        await fleet.start(THREADLINE_SHARE_LIMITS="1" if share else "0")
        await fleet.ready(_READY_WITHIN_S)
        traffic = Traffic(ground, await populate(ground, Night("+1808555", 0.0, ANY_HOUR)), rng)
        striker = Striker(town, log, rng)
        async with open_look(ground, rng) as look:
            say(f"all are at work after {time.monotonic() - began:.0f} s")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(traffic.flow)
                nursery.start_soon(look.work)
                if share and not await until(lambda: _send_together(ground), _READY_WITHIN_S):
                    raise RunFailed("The nodes never shared the limits.")
                await _strike_all(striker, Plan(wish.kinds, wish.faults, wish.every_s, rng), wish.every_s)
                say(f"{log.struck.total()} faults after {time.monotonic() - began:.0f} s")
                look.at_work.cancel()
                await traffic.finish()
            unsettled = await _come_to_rest(town, traffic)
            say(f"at rest after {time.monotonic() - began:.0f} s")
            facts = await _facts(town, traffic, look, unsettled, shortcomings(log.struck, wish.kinds, wish.faults))
        facts = await _beyond(ground, replace(facts, share=share), striker.wrong)
        await fleet.stop()
        await trio.sleep(2 * _LINK_EVERY_S)
        around.cancel_scope.cancel()
        _copy_journals(out)
        dump(ground)
        figures = _figures(log, traffic, look, wish) | {"seconds": round(time.monotonic() - began)}
        return _verdict(ground, log, facts, figures)


async def _strike_all(striker: Striker, plan: Plan, every_s: float) -> None:
    """One every so often, whatever is not over of those before it; all are over at the end."""
    await trio.sleep(_CALM_S)
    async with trio.open_nursery() as nursery:
        for fault in plan:
            nursery.start_soon(striker.strike, fault)
            await trio.sleep(every_s)


async def _come_to_rest(town: Town, traffic: Traffic) -> list[str]:
    """All webhooks are posted; all nodes begin anew, and sweep what none of them brought; nothing is left to do."""
    ground, fleet = town.ground, town.fleet
    if not await until(lambda: _all_posted(ground, traffic.webhooks), _SETTLE_WITHIN_S):
        raise RunFailed("The carrier did not post all its webhooks.")
    await until(lambda: _all_live(town), _READY_WITHIN_S)
    before = set(fleet.nodes())
    fleet.replace()
    if not await until(lambda: _replaced(town, before), _READY_WITHIN_S):
        return ["Not all nodes were replaced at the end."]
    if not await settled(ground, _SETTLE_WITHIN_S, traffic.last_in):
        return [f"Not all was settled within {_SETTLE_WITHIN_S:g} s."]
    return []


async def _all_posted(ground: Ground, webhooks: int) -> bool:
    return bool((await ground.carrier.control())["ledger"].get("mo", 0) >= webhooks)


async def _living(ground: Ground) -> list[int]:
    rows = await ground.store.call(lambda c: c.fetch(_LIVING))
    return [row["pid"] for row in rows]


async def _all_live(town: Town) -> bool:
    running = town.fleet.nodes()
    return len(running) == NODES and sorted(await _living(town.ground)) == sorted(running)


async def _send_together(ground: Ground) -> bool:
    return bool(await ground.value(_TOGETHER))


async def _replaced(town: Town, before: set[int]) -> bool:
    return not before & set(town.fleet.nodes()) and await _all_live(town)


# What is judged


async def _facts(town: Town, traffic: Traffic, look: Look, unsettled: list[str], short: list[str]) -> Facts:
    rows = await town.ground.store.call(lambda c: c.fetch(_COMMANDS))
    views = await look.differences()
    living, running = await _nodes(town)
    return Facts(
        answered=traffic.answered,
        acks=look.acks,
        views=views,
        stored={row["cmd_id"]: (row["thread_id"], row["seq"]) for row in rows},
        living=living,
        running=running,
        nodes=NODES,
        shortcomings=short,
        unsettled=unsettled,
    )


async def _nodes(town: Town) -> tuple[list[int], list[int]]:
    """Who lives by the database, and who runs. Who is late with a beat, on a busy machine, is given the time for it."""
    living, running = await _living(town.ground), town.fleet.nodes()
    with trio.move_on_after(_READY_WITHIN_S):
        while sorted(living) != sorted(running):
            await trio.sleep(_LINK_EVERY_S)
            living, running = await _living(town.ground), town.fleet.nodes()
    return living, running


async def _beyond(ground: Ground, facts: Facts, seen: Sequence[str]) -> Facts:
    """With what was seen on the way, what does not add up, and whether several sent under one epoch."""
    short = [*facts.shortcomings, *seen, *await broken_sums(ground)]
    return replace(facts, shortcomings=short, together=await ground.value(_TOGETHER))


def _figures(log: FaultLog, traffic: Traffic, look: Look, wish: Wish) -> dict[str, Any]:
    return {
        "faults": log.struck.total(),
        "faults_by": dict(sorted(log.struck.items())),
        "every_s": wish.every_s,
        "nodes": NODES,
        "taken_over_while_still": log.fenced,
        "texts_in": traffic.texts_in,
        "stops_said": traffic.stops_said,
        "launches": traffic.office.launched,
        "stops": traffic.office.stops,
        "repeated": traffic.repeated,
        "reconnects": look.reconnects,
        "machine_load": round(os.getloadavg()[0], 1),
    }


def _verdict(ground: Ground, log: FaultLog, facts: Facts, figures: dict[str, Any]) -> int:
    options = ("--kills", str(log.path), "--courses", str(ground.out / "courses.jsonl"))
    code, line, judged = judge(ground, *options)
    sentences = wrong(facts)
    if log.struck.total() >= LONG_RUN:
        blind = [way for way in WAYS if judge(ground, *options, "--tamper", way)[0] != 1]
        sentences += [f"The judge did not see a run falsified by {way}." for way in blind]
    for sentence in sentences:
        say(sentence)
    print(json.dumps(told(judged, facts, figures)) if judged else line, flush=True)
    return 1 if code or sentences else 0


# Journals: whoever takes over forgets a dead node's, so each is held by a second name from its first moment on


async def _keep_journals(out: Path) -> None:
    folder, kept = out / "data" / "journal", out / "held"
    kept.mkdir()
    while True:
        for journal in folder.glob("*.wire"):
            with suppress(FileExistsError, FileNotFoundError):
                (kept / journal.name).hardlink_to(journal)
        await trio.sleep(_LINK_EVERY_S)


def _copy_journals(out: Path) -> None:
    """As the judge wants them."""
    copies = out / "journals"
    copies.mkdir()
    for journal in (out / "held").iterdir():
        (copies / f"{journal.name}.gz").write_bytes(gzip.compress(journal.read_bytes(), compresslevel=1))
