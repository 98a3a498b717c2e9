"""Two servers at one database: five clicks at once are one launch, and each is reached once, whoever dies or stalls.

Three campaigns: the first is launched by five equal clicks, the second and the third by five different ones, over both
servers. In the middle of the second the server that sends is killed, in the middle of the third it stands still until
the other has taken over, and then goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx2
import trio

from server.app.ending import FAULT
from tests.bulk.judging import say
from tests.bulk.people import client_of
from tests.campaign_kills.moment import broken_sums
from tests.campaign_kills.people import CITIES, Night, Population, populate
from tests.campaign_kills.run import SETTINGS, WITNESS
from tests.crash.freeze import second_server
from tests.crash.ground import Ground, dump, judge, open_ground, settled, until
from tests.crash.processes import ANY_HOUR, RunFailed
from tests.crash.serving import Server

_CLICKS: Final = 5
_RATE: Final = 25  # segments per second, so that there is a middle
_WITHIN_S: Final = 90.0
_LEASE: Final = {"THREADLINE_NODE_LEASE": "4"}
_BODY: Final = "Hi {{first_name}}, our open house is on Sunday at 2. Words 0"

_LAUNCHES: Final = "SELECT count(*) FROM audit WHERE action = 'campaign_launched'"
_WIRED: Final = "SELECT s.wired FROM campaign_sums((SELECT max(id) FROM campaign)) s"
_LEFT: Final = "SELECT count(*) FROM campaign WHERE launched_at IS NOT NULL AND ended_at IS NULL"
_SENDERS: Final = "SELECT count(DISTINCT gen) FROM attempt WHERE state = 'accepted'"
_TAKEN: Final = "SELECT l.gen <> {gen} AND l.not_before < clock_timestamp() FROM limiter_authority l"
_FENCED: Final = "SELECT fenced_at IS NOT NULL FROM node WHERE gen = {gen}"
_AUTHORITY: Final = "SELECT gen FROM limiter_authority"


def run(out: Path, seed: int) -> int:
    """Returns the exit code; the last line printed is the judge's."""
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    rng = Random(seed)  # noqa: S311 - chance to be repeated, no secret
    return trio.run(_run, out, rng, ("--seed", str(seed), "--fault-rate", "0.02"))


async def _run(out: Path, rng: Random, options: tuple[str, ...]) -> int:
    """Not judged by the journals: whoever takes over reads the dead one's before it could be copied."""
    async with open_ground(out, *options) as ground:
        await ground.carrier.control(faults={"kinds": ["accept_500", "refuse_500", "throttle", "receipts_twice"]})
        await ground.store.call(lambda c: c.execute(WITNESS))
        await ground.server.start(**SETTINGS, **_LEASE)
        await ground.server.ready()
        twins = Twins(ground, await populate(ground, Night("+1808555", 0.0, ANY_HOUR)), rng)
        async with second_server(ground, **SETTINGS, **_LEASE) as second:
            await twins.equal_clicks(second)
            await twins.death(second)
            await twins.standstill(second)
            await settled(ground, _WITHIN_S)
            await second.stop()
        wrong = [*twins.wrong, *await broken_sums(ground)]
        if await ground.value(_SENDERS) < 3:
            wrong.append("Not every server has sent.")
        dump(ground)
        code, line, _ = judge(ground)
        for sentence in wrong:
            say(sentence)
        print(line, flush=True)
        return 1 if code or wrong else 0


class Twins:
    """`wrong`: what five clicks became that they should not, in sentences."""

    def __init__(self, ground: Ground, people: Population, rng: Random) -> None:
        self._ground, self._people, self._rng = ground, people, rng
        self.wrong: list[str] = []
        self._launches = 0

    async def equal_clicks(self, second: Server) -> None:
        cmd_id = str(uuid4())
        await self._launch(second, [cmd_id] * _CLICKS)
        await self._all_ended()

    async def death(self, second: Server) -> None:
        """Of the server that sends; the other one ends what it began."""
        await self._launch(second, [str(uuid4()) for _ in range(_CLICKS)])
        await self._in_the_middle()
        await self._ground.server.kill()
        await self._ground.carrier.control(webhook_base=second.url)
        await self._all_ended()

    async def standstill(self, second: Server) -> None:
        """The other one sends by now. It goes on once the first, begun anew, has taken over, and sends no more."""
        ground, first = self._ground, self._ground.server
        await first.start(**SETTINGS, **_LEASE)
        await first.ready()
        await self._launch(second, [str(uuid4()) for _ in range(_CLICKS)])
        await self._in_the_middle()
        gen = await ground.value(_AUTHORITY)
        await second.stand_still()
        await ground.carrier.control(webhook_base=first.url)
        if not await until(lambda: self._is(_TAKEN.format(gen=gen)), _WITHIN_S):
            raise RunFailed("The first server did not take over from one that stood still.")
        fenced = await self._is(_FENCED.format(gen=gen))
        second.go_on()
        await self._all_ended()
        if not fenced:  # it stood still without a claim, and goes on without the right to send
            await second.stop()
        elif await second.ended_by_itself(_WITHIN_S) != FAULT:
            raise RunFailed("The server that had been taken over did not end by itself; see server.log.")
        await settled(ground, _WITHIN_S)
        await first.stop()
        await second.start(PUBLIC_URL=first.url, **SETTINGS, **_LEASE)
        await second.ready()

    # Five clicks at once

    async def _launch(self, second: Server, clicks: Sequence[str]) -> None:
        """Three at the first, two at the second."""
        async with client_of(self._ground) as one, self._client(second) as other:
            made = (await one.post("/api/v1/campaigns", json={"cmd_id": str(uuid4()), "name": "Twins"})).json()
            at = f"/api/v1/campaigns/{made['id']}"
            await one.patch(at, json={"version": made["version"], "plan": self._plan()})
            count = (await one.get(f"{at}/survey")).json()["found"]["recipients"]
            answers: list[httpx2.Response] = []

            async def click(client: httpx2.AsyncClient, cmd_id: str) -> None:
                body = {"cmd_id": cmd_id, "expected_count": count}
                answers.append(await client.post(f"{at}/launch", json=body))

            async with trio.open_nursery() as nursery:
                for nth, cmd_id in enumerate(clicks):
                    nursery.start_soon(click, other if nth % 2 else one, cmd_id)
        self._launches += 1
        if [answer.status_code for answer in answers] != [httpx2.codes.ACCEPTED] * len(clicks):
            self.wrong.append(f"Five clicks were answered {[answer.text for answer in answers]}.")
        if (launches := await self._ground.value(_LAUNCHES)) != self._launches:
            self.wrong.append(f"{launches} launches are written down instead of {self._launches}.")

    def _client(self, second: Server) -> httpx2.AsyncClient:
        client = client_of(self._ground)
        client.base_url = httpx2.URL(second.url)
        return client

    def _plan(self) -> dict[str, Any]:
        asked = {"field": "city", "is": "is", "value": self._rng.choice(CITIES)}
        variants = [{"body": _BODY, "share": 50}, {"body": f"Now: {_BODY}", "share": 50}]
        return {"sources": {"definition": asked}, "variants": variants, "rate": _RATE, "number_id": 2}

    async def _in_the_middle(self) -> None:
        if not await until(lambda: self._is(f"SELECT ({_WIRED}) >= 30"), _WITHIN_S):
            raise RunFailed("The campaign did not come on.")

    async def _all_ended(self) -> None:
        if not await until(lambda: self._is(f"SELECT ({_LEFT}) = 0"), _WITHIN_S):
            raise RunFailed("The campaign did not end.")

    async def _is(self, query: str) -> bool:
        return bool(await self._ground.value(query))
