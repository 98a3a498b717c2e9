"""One campaign, from its launch to the last receipt, with faults of every kind; and whether its figures were right."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trio

from server.carriers.simulator.faults import BEHAVIOURS
from tests.bulk import judging
from tests.bulk.judging import say
from tests.campaign.blindness import blind_to
from tests.campaign.comparing import figures_differ, journals_differ, pages_of, sent
from tests.campaign.handsets import Handsets, Journal
from tests.campaign.people import launch, move
from tests.campaign.promptness import answered_at, summed_up, waits_ms
from tests.campaign.witnesses import Seen, at_the_api, at_the_channel, at_the_export
from tests.crash.ground import Ground, dump, judge, open_ground, settled, until
from tests.crash.processes import RunFailed
from tools.ledger_facts import read_ledger

FAULT_RATE: Final = 0.02
_HANGING: Final = ("accept_hang", "refuse_hang")  # each costs a worker its 15 s: a short run goes without
_SHORT: Final = 1_000
# Our own fault, which holds all that is sent until a person has looked; no receipt at all, of which one is enough.
_NOT_BY_CHANCE: Final = {"bad_credentials", "receipts_never", "normal"}
_ONCE: Final = ("receipts_never",)
_WITHIN_S: Final = 900.0
_SETTLE_WITHIN_S: Final = 120.0
_LATE_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.1
_EARLY_STOPS: Final = 5
_SHOWN: Final = 20
_OPTED_OUT: Final = """
SELECT e.address FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id
WHERE r.campaign_id = $1 AND r.opted_out_at IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Wish:
    n: int
    rate: float


def run(wish: Wish, out: Path, seed: int) -> int:
    """Returns the exit code; the last line printed tells the figures."""
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    return trio.run(_run, wish, out, ("--seed", str(seed), "--fault-rate", str(FAULT_RATE)))


async def _run(wish: Wish, out: Path, options: tuple[str, ...]) -> int:
    began = time.monotonic()
    async with open_ground(out, *options) as ground:
        kinds = _kinds(wish)
        await ground.carrier.control(faults={"kinds": kinds, "script": [*kinds, *_ONCE]})
        await ground.server.start()
        await ground.server.ready()
        campaign_id = await launch(ground, wish.n, wish.rate)
        handsets, seen, rows = Handsets(ground, campaign_id), Seen(wish.n), judging.Seen()
        async with trio.open_nursery() as nursery:
            await nursery.start(at_the_channel, ground, campaign_id, seen)
            nursery.start_soon(at_the_api, ground, campaign_id, seen)
            nursery.start_soon(at_the_export, ground, campaign_id, seen)
            nursery.start_soon(judging.poll, ground, rows, "campaign")
            nursery.start_soon(handsets.run)
            await _middle(wish, ground, campaign_id, handsets, rows)
            await _end(ground, rows, handsets.journal)
            say(f"at rest after {time.monotonic() - began:.1f} s, {rows.polls} recounts, {dict(seen.looks)}")
            nursery.cancel_scope.cancel()
        wrong = [*seen.wrong, *rows.wrong, *_untried(wish, handsets.journal)]
        wrong += [] if seen.open_files else ["No file was exported while it ran."]
        shown = await _stops_shown(ground, campaign_id, seen)
        wrong += [] if shown["n"] else ["No STOP was seen to be shown."]
        pages = await pages_of(ground, campaign_id)
        wrong += await figures_differ(ground, campaign_id, pages, seen.live["figures"])
        wrong += await journals_differ(ground, campaign_id, pages, handsets.journal)
        dump(ground)
        code, _, told = judge(ground)
        wrong += await blind_to(ground, campaign_id, handsets.journal)  # last of all: it falsifies what the judge reads
        await ground.server.stop()
        more = {
            "n": wish.n, "rate": wish.rate, "seconds": round(time.monotonic() - began, 1),
            "figures": pages.one["figures"], "acts": dict(handsets.journal.acts), "bots": dict(handsets.journal.bots),
            "looks": dict(seen.looks) | {"recount": rows.polls}, "judge": code, "wrong": len(wrong),
            "stop_shown_ms": shown,
        }  # fmt: skip
        for sentence in wrong[:_SHOWN]:
            say(sentence)
        print(json.dumps(told | more), flush=True)
        return 1 if code or wrong else 0


async def _stops_shown(ground: Ground, campaign_id: int, seen: Seen) -> Mapping[str, float]:
    rows = await ground.store.call(lambda c: c.fetch(_OPTED_OUT, campaign_id))
    mos = read_ledger(ground.out / "ledger.jsonl").mos
    return summed_up(waits_ms(answered_at(mos, {row["address"] for row in rows}), seen.opted_out))


def _kinds(wish: Wish) -> list[str]:
    left_out = {*_NOT_BY_CHANCE, *(_HANGING if wish.n < _SHORT else ())}
    return [name for name in BEHAVIOURS if name not in left_out]


async def _middle(wish: Wish, ground: Ground, campaign_id: int, handsets: Handsets, rows: judging.Seen) -> None:
    """A pause, and what does not wait for its text: software that looks ahead, people who have had enough before."""

    async def taken_back() -> bool:
        return bool(await ground.value("SELECT count(*) = 0 FROM outbox WHERE klass = 'bulk' AND state = 'queued'"))

    await _tried(rows, wish.n / 40)
    await move(ground, campaign_id, "pause")
    await until(taken_back, _SETTLE_WITHIN_S)
    await handsets.look_ahead()
    await handsets.stop_early(max(_EARLY_STOPS, wish.n // 500))
    await move(ground, campaign_id, "resume")
    await _tried(rows, wish.n / 3)
    await handsets.stop_early(0)


async def _tried(rows: judging.Seen, least: float) -> None:
    with trio.move_on_after(_WITHIN_S) as late:
        while rows.tried < least:  # noqa: ASYNC110 - another process sends them
            await trio.sleep(_LOOK_EVERY_S)
    if late.cancelled_caught:
        raise RunFailed(f"It came no further than this within {_WITHIN_S:g} s: {rows}")


async def _end(ground: Ground, rows: judging.Seen, journal: Journal) -> None:
    """Completed, all visits written, nothing left to do, and every receipt here but the one that never comes."""

    async def completed() -> bool:
        return rows.state == "completed"

    async def visits_written() -> bool:
        return bool(await ground.value("SELECT count(*) FROM link_click") >= journal.visits + journal.bots.total())

    async def all_receipts() -> bool:
        attempts = await ground.store.call(lambda c: c.fetch("SELECT id::text AS id FROM attempt WHERE klass = 'bulk'"))
        ledger = sent(read_ledger(ground.out / "ledger.jsonl"), frozenset(row["id"] for row in attempts))
        return len(ledger.delivered.perhaps) <= len(_ONCE)

    if not await until(completed, _WITHIN_S):
        raise RunFailed(f"It had not ended after {_WITHIN_S:g} s: {rows}")
    if not await settled(ground, _SETTLE_WITHIN_S) or not await until(visits_written, _SETTLE_WITHIN_S):
        raise RunFailed(f"It did not come to rest within {_SETTLE_WITHIN_S:g} s.")
    await until(all_receipts, _LATE_WITHIN_S)  # a receipt that a busy machine lost is no fault of the figures
    await settled(ground, _SETTLE_WITHIN_S)


def _untried(wish: Wish, journal: Journal) -> list[str]:
    """Nothing may be right for want of trying; a short run may be over before anybody has paused it."""
    wanted = {"reply", "stop", "click", "bot"}
    wrong = [f"Nobody did this: {act}." for act in sorted(wanted - set(journal.acts))]
    ahead = journal.bots["too_soon"] or wish.n < _SHORT
    return wrong + ([] if ahead and len(journal.bots) > 1 else ["Too few bots came."])
