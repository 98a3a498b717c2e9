"""What people and members do while nodes come and go: texts in, STOPs, replies by the API, two campaigns at a time.

Nobody here minds what becomes of the servers: whatever is not answered is said again, under the same command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx2
import trio

from server.ports import StoreUnavailable
from tests.bulk.people import client_of
from tests.campaign_kills.desk import Desk, Order
from tests.campaign_kills.moment import Open, open_ones
from tests.campaign_kills.people import Population
from tests.crash.cast import ODD, OTHERS, STOPPERS
from tests.crash.clerk import RETRY_S, Clerk
from tests.crash.ground import Ground
from tests.crash.processes import RunFailed

T = TypeVar("T")

CAMPAIGNS: Final = 2
"""Under way at any time."""
_RATE: Final = 4  # segments per second of each, so that one lasts for some faults
_ANSWER_WITHIN_S: Final = 5.0  # a node that stands still answers nobody
_TWICE: Final = 0.1  # share of webhooks that come twice
_TEXTS_S: Final = (0.05, 0.4)
_REPLIES_S: Final = (0.1, 0.6)
_STOPS_S: Final = (4.0, 12.0)
_LOOK_S: Final = 0.5
_ENDED_WITHIN_S: Final = 180.0

# The newest that a campaign wrote to.
_WROTE_TO: Final = """
SELECT e.address, n.address AS number, e.opted_out
FROM campaign_recipient r JOIN thread t ON t.id = r.thread_id JOIN endpoint e ON e.id = t.endpoint_id
JOIN number n ON n.id = t.number_id
WHERE r.state IN ('wired', 'in_flight') ORDER BY t.last_at DESC LIMIT 60
"""


async def steadily(ask: Callable[[], Awaitable[T]]) -> T:
    """What *ask* gives, asked again while the database is away."""
    while True:
        try:
            return await ask()
        except StoreUnavailable:
            await trio.sleep(RETRY_S)


class Office(Desk):
    """Whoever makes campaigns: slow ones, without a drip, of whose nodes one may stand still for a while."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._client.timeout = httpx2.Timeout(_ANSWER_WITHIN_S)

    def _plan(self, *, few: bool, night: bool) -> dict[str, Any]:
        plan = super()._plan(few=few, night=night)
        return plan | {"drip": None, "rate": _RATE, "limits": {}}


@dataclass
class Traffic:
    """`finish` ends what `flow` does, and waits for what is under way."""

    ground: Ground
    people: Population
    rng: Random
    texts_in: int = 0
    webhooks: int = 0
    stops_said: int = 0
    last_in: datetime | None = None
    answered: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    refused: int = 0
    repeated: int = 0
    ended: bool = False
    _flowed: trio.Event = field(default_factory=trio.Event)

    def __post_init__(self) -> None:
        self.office = Office(self.ground, self.people, self.rng, self.ground.out / "courses.jsonl")
        self.office.courses.touch()
        client = client_of(self.ground)
        client.timeout = httpx2.Timeout(_ANSWER_WITHIN_S)
        # refused: the contact has opted out, or somebody else answers
        self._clerk = Clerk(client, self.rng, refuses=lambda _: True)

    async def flow(self) -> None:
        """Until `finish`; what was begun is brought to its end."""
        async with trio.open_nursery() as nursery:
            for work, between in (
                (self._write_in, _TEXTS_S), (self._answer_a_campaign, _TEXTS_S), (self._reply, _REPLIES_S),
                (self._keep_campaigns, (_LOOK_S, _LOOK_S)), (self._stop_one, _STOPS_S),
            ):  # fmt: skip
                nursery.start_soon(self._again_and_again, work, between)
        self._flowed.set()

    async def finish(self) -> None:
        """Nothing new is begun, and all campaigns come to their end, also one that is being launched."""
        self.ended = True
        await self._flowed.wait()
        with trio.move_on_after(_ENDED_WITHIN_S):
            while left := await self._open():
                async with trio.open_nursery() as nursery:
                    for one in left:
                        nursery.start_soon(self.office.stop, one.id, "cancel")
                await trio.sleep(_LOOK_S)
            return
        raise RunFailed(f"Campaigns have not ended: {await self._open()}")

    async def _again_and_again(self, work: Callable[[], Awaitable[None]], between: tuple[float, float]) -> None:
        while not self.ended:
            await trio.sleep(self.rng.uniform(*between))
            await work()

    # Texts in

    async def _write_in(self) -> None:
        chance = self.rng.random()
        if chance < 0.04:
            await self._say(self.rng.choice(STOPPERS), None, self.rng.choice(("STOP", "stop", " Stop. ")))
        elif chance < 0.07:
            await self._say(self.rng.choice([*STOPPERS, *OTHERS]), None, "START")
        else:
            await self._say(self.rng.choice([*STOPPERS, *OTHERS, *ODD]), None, f"Text {self.texts_in} 🏡 for you")

    async def _answer_a_campaign(self) -> None:
        rows = await steadily(lambda: self.ground.store.call(lambda c: c.fetch(_WROTE_TO)))
        if rows:
            row, chance = self.rng.choice(rows), self.rng.random()
            words = "START" if row["opted_out"] and chance < 0.4 else "STOP" if chance < 0.2 else "On Sunday?"
            await self._say(row["address"], row["number"], words)

    async def _say(self, address: str, number: str | None, body: str) -> None:
        self.last_in = datetime.now(UTC)
        copies = 2 if self.rng.random() < _TWICE else 1
        to = number or self.ground.cast.contacts[address].number
        await self.ground.carrier.control(mo={"from": address, "to": to, "body": body, "copies": copies})
        self.texts_in += 1
        self.webhooks += copies
        self.stops_said += body.strip(" .").upper() == "STOP"

    # Replies

    async def _reply(self) -> None:
        contact = self.ground.cast.contacts[self.rng.choice([*OTHERS, *ODD])]
        long = "x" * 400 if self.rng.random() < 0.1 else "shall we talk tomorrow?"
        taken = await self._clerk.reply(contact.thread_id, f"Reply {len(self.answered)}: {long}")
        if taken is None:
            self.refused += 1
            return
        self.answered[taken.cmd_id] = taken.thread_id, taken.seq
        self.repeated += taken.repeated

    # Campaigns

    async def _open(self) -> list[Open]:
        return await steadily(lambda: open_ones(self.ground))

    async def _keep_campaigns(self) -> None:
        if len(await self._open()) < CAMPAIGNS:
            await self.office.launch()
        for one in await self._open():
            if one.state == "paused" and one.id not in self.office.busy:
                await self.office.resume(one.id)

    async def _stop_one(self) -> None:
        free = [one for one in await self._open() if one.within("drip") and one.id not in self.office.busy]
        if free:
            orders: tuple[Order, ...] = ("pause", "pause", "edit", "cancel")
            await self.office.stop(self.rng.choice(free).id, self.rng.choice(orders))
