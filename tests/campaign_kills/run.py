"""The run: campaigns live on while their server dies in one phase after the other, and at the end each has its end."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from random import Random
from typing import Any, Final

import trio

from tests.bulk.judging import say
from tests.bulk.run import FAULTS
from tests.campaign_kills.desk import Desk, Order
from tests.campaign_kills.handsets import Handsets
from tests.campaign_kills.moment import Open, broken_sums, open_ones
from tests.campaign_kills.people import Night, nightfall, populate
from tests.campaign_kills.plan import RANDOM, Phase, PhasePlan, Turn, shortcomings
from tests.crash.forge import CHUNK, INTERVAL
from tests.crash.ground import Ground, dump, judge, open_ground, until
from tests.crash.journals import JournalDisk
from tests.crash.killer import KillLog
from tests.crash.kills import sweep_and_settle
from tests.crash.plan import Kill
from tests.crash.processes import RunFailed
from tools.ledger_tamper import CAMPAIGN_WAYS

FAULT_RATE: Final = 0.02
SETTINGS: Final = {CHUNK: "40", INTERVAL: "1"}
_LONG_RUN: Final = 100  # kills from which on the judge is tried in every way
_SECONDS_FOR_EACH: Final = 1.0  # kill: about a third of the run, after which the night is over
_REACHED_WITHIN_S: Final = 8.0
_ENDED_WITHIN_S: Final = 120.0
_TO_COME_TO_ITS_END_S: Final = 0.5  # for each kill, until what has not ended is cancelled
_PEOPLE_AHEAD: Final = 150  # pending, below which there is another launch
_DISK: Final = "32m"  # the last life sends all that is left: thousands of texts, of which eight fill a page
_LOOK_EVERY_S: Final = 0.01

# Who writes down each state that a campaign has been in, whoever moves it.
WITNESS: Final = """
CREATE TABLE campaign_witness (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL, state text NOT NULL, ended boolean NOT NULL
);
CREATE FUNCTION witness_campaign() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' OR (new.state, new.ended_at) IS DISTINCT FROM (old.state, old.ended_at) THEN
        INSERT INTO campaign_witness (campaign_id, state, ended) VALUES (new.id, new.state, new.ended_at IS NOT NULL);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON campaign FOR EACH ROW EXECUTE FUNCTION witness_campaign();
"""


def run(kills: int, out: Path, seed: int) -> int:
    """Returns the exit code; the last line printed is the judge's."""
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    journals = JournalDisk(out / "data" / "journal", out / "journals", _DISK)  # before any thread: a mount is shared
    rng = Random(seed)  # noqa: S311 - chance to be repeated, no secret
    try:
        return trio.run(_run, kills, out, rng, journals, ("--seed", str(seed), "--fault-rate", str(FAULT_RATE)))
    finally:
        journals.close()


async def _run(kills: int, out: Path, rng: Random, journals: JournalDisk, options: tuple[str, ...]) -> int:
    began, log, plan = time.monotonic(), KillLog(out / "kills.jsonl"), PhasePlan(kills, rng)
    log.path.touch()
    async with open_ground(out, *options) as ground:
        await ground.carrier.control(faults={"kinds": FAULTS})
        await ground.store.call(lambda c: c.execute(WITNESS))
        night = nightfall(out, _SECONDS_FOR_EACH * kills)
        lives = Lives(ground, journals, night)
        await lives.begin()
        desk = Desk(ground, await populate(ground, night), rng, out / "courses.jsonl")
        desk.note_night(night)
        handsets = Handsets(ground, rng)
        say(f"people after {time.monotonic() - began:.1f} s")
        reaper = Reaper(ground, lives, desk, log, rng)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(handsets.talk)
            for turn in plan:
                (plan.hit if await reaper.strike(turn, nursery) else plan.missed)[turn.phase] += 1
            say(f"{plan.hit.total()} kills after {time.monotonic() - began:.1f} s; missed: {dict(plan.missed)}")
            handsets.talking.cancel()
            await reaper.end_all(nursery, _TO_COME_TO_ITS_END_S * kills)
        say(f"{desk.launched} campaigns had ended after {time.monotonic() - began:.1f} s")
        await sweep_and_settle(ground, journals, handsets.texts, handsets.last_in)
        await lives.end()
        wrong = [*shortcomings(plan.hit, kills), *reaper.wrong, *await broken_sums(ground)]
        dump(ground)
        more = {"seconds": round(time.monotonic() - began), "campaigns": desk.launched, "stops": desk.stops,
                "stops_said": handsets.stops, "missed": dict(plan.missed), "points": reaper.points}  # fmt: skip
        return _verdict(ground, log, wrong, more, long=kills >= _LONG_RUN)


class Lives:
    """The servers, one after the other."""

    def __init__(self, ground: Ground, journals: JournalDisk, night: Night) -> None:
        self._server, self._journals = ground.server, journals
        self._settings = {**SETTINGS, "THREADLINE_QUIET_HOURS": str(night.rules)}

    async def begin(self, kill_at: str | None = None) -> None:
        """One that is armed begins anew."""
        if not self._server.ended:
            if kill_at is None:
                return
            await self.end()
        await self._server.start(kill_at, **self._settings)
        await self._server.ready()

    async def end(self) -> None:
        """In order."""
        await self._server.stop()
        self._journals.keep()

    async def kill(self) -> None:
        await self._server.kill()
        self._journals.keep()

    async def killed_by_itself(self) -> bool:
        found = await self._server.killed_by_itself(_REACHED_WITHIN_S)
        if found:
            self._journals.keep()
        return found


class Reaper:
    """Strikes in the phase that is asked for. `wrong`: what did not add up at a death, in sentences."""

    def __init__(self, ground: Ground, lives: Lives, desk: Desk, log: KillLog, rng: Random) -> None:
        self._ground, self._lives, self._desk, self._log, self._rng = ground, lives, desk, log, rng
        self.wrong: list[str] = []
        self.points: dict[str, int] = {}

    async def strike(self, turn: Turn, nursery: trio.Nursery) -> bool:
        """Whether the server died in the phase of *turn*."""
        await self._lives.begin(None if turn.phase == "pause" else turn.setting)
        await self._let_go_on(nursery)
        await self._bring_about(turn, nursery)
        if turn.point != RANDOM:
            hit = await self._lives.killed_by_itself()
        else:
            await trio.sleep(turn.after_s)
            hit = False
        point = turn.point if hit else RANDOM
        if not hit:
            unanswered = bool(self._desk.unanswered)
            await self._lives.kill()
            hit = unanswered if turn.phase == "pause" else await self._any_within(turn.phase)
        elif turn.phase == "drip":
            hit = await self._any_within("drip")
        self.wrong += await broken_sums(self._ground)
        if hit:
            self.points[f"{turn.phase} {point}"] = self.points.get(f"{turn.phase} {point}", 0) + 1
            self._log.note(Kill("server", turn.phase), turn.phase, point=point, pid=self._ground.server.pid)
        return hit

    async def _any_within(self, phase: Phase) -> bool:
        return any(one.within(phase) for one in await open_ones(self._ground))

    # What a phase needs

    async def _bring_about(self, turn: Turn, nursery: trio.Nursery) -> None:
        """Until the phase has begun, or is about to: then an armed server dies by itself."""
        armed = turn.point != RANDOM
        if turn.phase == "build":
            nursery.start_soon(self._launch)
        elif turn.phase == "completion":
            nursery.start_soon(self._launch_few)
        elif await self._scarce():
            nursery.start_soon(self._launch)
        if turn.phase == "pause":
            await self._stop(turn, nursery)
        elif not armed:
            await until_within(self._ground, turn.phase)

    async def _launch(self) -> None:
        await self._desk.launch(night=self._rng.random() < 0.3)

    async def _launch_few(self) -> None:
        await self._desk.launch(few=True)

    async def _scarce(self) -> bool:
        return sum(one.pending for one in await open_ones(self._ground) if one.within("drip")) < _PEOPLE_AHEAD

    async def _stop(self, turn: Turn, nursery: trio.Nursery) -> None:
        """Somebody stops one that drips. The server is armed as late as that: others stop by themselves."""
        await until_within(self._ground, "drip")
        if turn.setting is not None:
            await self._lives.begin(turn.setting)
            await until_within(self._ground, "drip")
        free = [one for one in await open_ones(self._ground) if one.within("drip") and one.id not in self._desk.busy]
        if free:
            orders: tuple[Order, ...] = ("pause", "pause", "pause", "edit", "edit", "cancel")
            one = max(free, key=lambda one: one.in_flight)
            nursery.start_soon(self._desk.stop, one.id, self._rng.choice(orders))
            await trio.lowlevel.checkpoint()

    async def _let_go_on(self, nursery: trio.Nursery) -> None:
        """What a limit has paused."""
        for one in await open_ones(self._ground):
            if one.state == "paused" and one.id not in self._desk.busy:
                nursery.start_soon(self._desk.resume, one.id)

    # The end

    async def end_all(self, nursery: trio.Nursery, within_s: float) -> None:
        """Everything comes to its end; those that wait for a morning, or hardly come on, are cancelled."""
        await self._lives.begin()
        await until(self._only_waiting, within_s)
        for one in await open_ones(self._ground):
            nursery.start_soon(self._desk.stop, one.id, "cancel")
        if not await until(self._all_ended, _ENDED_WITHIN_S):
            raise RunFailed(f"Some have not ended: {await open_ones(self._ground)}")

    async def _only_waiting(self) -> bool:
        async with trio.open_nursery() as nursery:
            await self._let_go_on(nursery)
        return not self._desk.busy and not any(one.in_flight or one.building for one in await open_ones(self._ground))

    async def _all_ended(self) -> bool:
        return not await open_ones(self._ground)


async def until_within(ground: Ground, phase: Phase) -> list[Open]:
    """Some campaign is in that phase, or it takes too long."""
    with trio.move_on_after(_REACHED_WITHIN_S):
        while not (found := [one for one in await open_ones(ground) if one.within(phase)]):  # noqa: ASYNC110 - another process moves them
            await trio.sleep(_LOOK_EVERY_S)
        return found
    return []


def _verdict(ground: Ground, log: KillLog, wrong: list[str], more: dict[str, Any], *, long: bool) -> int:
    options = ("--kills", str(log.path), "--courses", str(ground.out / "courses.jsonl"))
    code, line, told = judge(ground, *options)
    blind = [way for way in CAMPAIGN_WAYS if judge(ground, *options, "--tamper", way)[0] != 1] if long else []
    wrong += [f"The judge did not see a run falsified by {way}." for way in blind]
    for sentence in wrong:
        say(sentence)
    print(json.dumps(told | more | {"wrong": len(wrong)}) if told else line, flush=True)
    return 1 if code or wrong else 0
