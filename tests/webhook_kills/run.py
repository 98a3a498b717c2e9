"""One run: texts come in all the time, servers post them and die, and in the end everybody must have heard all."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, Literal

import trio

from server.domain.webhooks import Kind, new_secret
from server.killpoints import HOOK_POINTS
from server.ports import MoArrival
from tests.crash.cast import FAST, OTHERS, STOPPERS
from tests.crash.ground import Ground, open_ground, until
from tests.crash.processes import RunFailed
from tests.store.world import mo
from tests.webhook_kills.facts import facts_of
from tests.webhook_kills.judging import FAITHFUL, FLIPS, Facts, faults
from tests.webhook_kills.receivers import Receivers

Keyword = Literal["STOP", "START"]

RETRIES_S: Final = (0.5, *[1.0] * 9)  # a try that a kill ended counts as one: there have to be some to spare
ANSWER_S: Final = 2.0
PHASES: Final = ("in_flight", "due", *HOOK_POINTS)
_ALL: Final = (Kind.MESSAGE_RECEIVED, Kind.OPTED_OUT, Kind.OPTED_IN)
_RARE: Final = (Kind.OPTED_OUT, Kind.OPTED_IN)
_KINDS: Final = dict.fromkeys(("steady", "slow", "flaky", "gone"), _ALL) | dict.fromkeys(("hangs", "never"), _RARE)
_SETTINGS: Final = {
    "THREADLINE_WEBHOOK_RETRIES": ",".join(str(pause_s) for pause_s in RETRIES_S),
    "THREADLINE_WEBHOOK_ANSWER": str(ANSWER_S),
}


@dataclass
class Run:
    ground: Ground
    receivers: Receivers
    chance: Random
    kills_at: Counter[str] = field(default_factory=Counter)
    endpoints: dict[str, int] = field(default_factory=dict)
    writing: trio.CancelScope = field(default_factory=trio.CancelScope)

    async def enlist(self, port: int) -> None:
        hooks = self.ground.store.hooks
        for name, kinds in _KINDS.items():
            secret = self.receivers.secrets[name] = new_secret()
            made = await hooks.add(1, 1, f"http://127.0.0.1:{port}/{name}", [str(kind) for kind in kinds], secret)
            self.endpoints[name] = made.endpoint_id

    async def write_in(self) -> None:
        """Texts, and people who stop and start again, until cancelled: whether a server lives or not."""
        with self.writing:
            while True:
                keyword: Keyword | None = self.chance.choice(("STOP", "START", None, None, None, None, None))
                body, people = keyword or f"Text {self.chance.random()}", STOPPERS if keyword else OTHERS
                text = mo(body, from_=self.chance.choice(people), to=FAST).text
                await self.ground.store.ledger.record_mo(MoArrival(1, text, keyword))
                await trio.sleep(self.chance.expovariate(6))

    async def kill(self, phase: str) -> None:
        """One server's life and death."""
        server = self.ground.server
        if phase in HOOK_POINTS:
            await server.start(f"{phase}:{self.chance.randint(1, 12)}", **_SETTINGS)
            if not await server.killed_by_itself(60):
                raise RunFailed(f"The server did not reach {phase} within a minute.")
        else:
            await server.start(**_SETTINGS)
            if not await server.ready():
                raise RunFailed("The server ended before it was killed; see server.log.")
            await trio.sleep(self.chance.uniform(0.05, 0.8))
            if phase == "in_flight":
                with trio.fail_after(60):
                    await self.receivers.posted()
            await server.kill()
        self.kills_at[phase] += 1

    async def rotate(self) -> None:
        """From now on two secrets sign: who has the new one understands, and so does who has the old one."""
        for name in ("steady", "flaky"):
            secret, until_ = new_secret(), await self.ground.value("SELECT now() + interval '1 day'")
            await self.ground.store.hooks.rotate(1, self.endpoints[name], 1, secret, until_)
            if name == "steady":
                await trio.sleep(3 * ANSWER_S)  # a post that was claimed before bears the old one alone
                self.receivers.secrets[name] = secret

    async def settled(self, within_s: float = 120) -> bool:
        left = """SELECT (SELECT count(*) FROM integration_pending) + (
            SELECT count(*) FROM webhook_delivery d JOIN webhook_endpoint w ON w.id = d.endpoint_id
            WHERE d.state = 'pending' AND w.disabled_at IS NULL)"""

        async def none_left() -> bool:
            return int(await self.ground.value(left)) == 0

        return await until(none_left, within_s)

    async def replay(self) -> bool:
        """What was given up is posted again on demand, under its id, and taken now."""
        self.receivers.mended = True
        failed = "SELECT id FROM webhook_delivery WHERE state = 'failed' AND endpoint_id = {} ORDER BY id LIMIT 1"
        delivery_id = await self.ground.value(failed.format(self.endpoints["never"]))
        if delivery_id is None:
            return False
        await self.ground.store.hooks.replay(1, delivery_id, 1)
        state = f"SELECT state FROM webhook_delivery WHERE id = {delivery_id}"  # noqa: S608 - a number of ours

        async def is_delivered() -> bool:
            return bool(await self.ground.value(state) == "delivered")

        return await until(is_delivered, 60)


def run(kills: int, out: Path, seed: int) -> int:
    return trio.run(_run, kills, out, seed)


async def _run(kills: int, out: Path, seed: int) -> int:
    began, chance = time.monotonic(), Random(seed)  # noqa: S311 - a run that can be repeated
    async with open_ground(out) as ground, trio.open_nursery() as nursery:
        receivers = Receivers(chance)
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, receivers.serve, listeners)
        one = Run(ground, receivers, chance)
        await one.enlist(listeners[0].socket.getsockname()[1])
        nursery.start_soon(one.write_in)
        phases = [PHASES[number % len(PHASES)] for number in range(kills)]
        chance.shuffle(phases)
        for number, phase in enumerate(phases):
            await one.kill(phase)
            if number == kills // 2:
                await one.rotate()
        await ground.server.start(**_SETTINGS)
        await ground.server.ready()
        one.writing.cancel()
        if not await one.settled():
            print("Deliveries are still due after two minutes.")
        broken, facts = await _judged(one)
        if not await one.replay():
            broken.append("What was given up was not taken when it was posted again.")
        await ground.server.stop()
        nursery.cancel_scope.cancel()
    _say(one, facts, broken, round(time.monotonic() - began, 1))
    return int(bool(broken))


async def _judged(one: Run) -> tuple[list[str], Facts]:
    facts = await facts_of(one.ground.store, one.endpoints, {name: list(kinds) for name, kinds in _KINDS.items()})
    return list(faults(facts, one.receivers.heard, RETRIES_S)), facts


def _say(one: Run, facts: Facts, broken: list[str], took_s: float) -> None:
    heard = one.receivers.heard
    posts, ids = Counter(post.receiver for post in heard), {post.webhook_id for post in heard}
    for sentence in broken[:40]:
        print(sentence)
    told = {
        "run": "webhook_kills",
        "kills": sum(one.kills_at.values()),
        "kills_at": dict(sorted(one.kills_at.items())),
        "events": len(facts.events),
        "opt_outs_and_ins": sum(facts.flips.get(kind, 0) for kind in FLIPS),
        "deliveries": len(facts.rows),
        "posts": dict(sorted(posts.items())),
        "posted_again": len(heard) - len(ids),
        "taken_twice": _taken_twice(one),
        "given_up": sum(row.state == "failed" and row.receiver == "never" for row in facts.rows),
        "lost": sum("was lost" in sentence for sentence in broken),
        "broken": len(broken),
        "took_s": took_s,
    }
    print(json.dumps(told))


def _taken_twice(one: Run) -> int:
    """At least once is not once: how often a receiver took what it had taken already."""
    taken = Counter(
        post.webhook_id
        for post in one.receivers.heard
        if post.receiver in FAITHFUL and post.answered is not None and 200 <= post.answered < 300
    )
    return sum(count - 1 for count in taken.values())
