"""The people who get campaigns: most say nothing, some answer, some say STOP, and of these some come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final

import trio

from tests.crash.ground import Ground

_BETWEEN_S: Final = (0.1, 0.6)
_STOP, _START = 0.25, 0.1
_WROTE_TO: Final = """
SELECT e.address, n.address AS number, e.opted_out
FROM campaign_recipient r JOIN thread t ON t.id = r.thread_id JOIN endpoint e ON e.id = t.endpoint_id
JOIN number n ON n.id = t.number_id
WHERE r.state IN ('wired', 'in_flight') ORDER BY t.last_at DESC LIMIT 60
"""


@dataclass
class Handsets:
    """The newest text in is no older than `last_in`."""

    ground: Ground
    rng: Random
    texts: int = 0
    stops: int = 0
    last_in: datetime | None = None
    talking: trio.CancelScope = field(default_factory=trio.CancelScope)

    async def talk(self) -> None:
        """Until `talking` is cancelled."""
        with self.talking:
            while True:
                await trio.sleep(self.rng.uniform(*_BETWEEN_S))
                rows = await self.ground.store.call(lambda c: c.fetch(_WROTE_TO))
                if rows:
                    row = self.rng.choice(rows)
                    await self._say(row["address"], row["number"], self._words(stopped=row["opted_out"]))

    def _words(self, *, stopped: bool) -> str:
        chance = self.rng.random()
        if stopped and chance < 4 * _START:
            return "START"
        return "STOP" if chance < _STOP else f"Text {self.texts}: on Sunday?"

    async def _say(self, address: str, number: str, body: str) -> None:
        self.last_in = datetime.now(UTC)
        self.texts += 1
        self.stops += body == "STOP"
        with trio.CancelScope(shield=True):
            await self.ground.carrier.control(mo={"from": address, "to": number, "body": body})
