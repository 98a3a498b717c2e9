"""What people do who were written to, and what only looks at their links: in turns, so that nothing is left to luck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Any, Final

import httpx2
import trio

from tests.crash.cast import FAST
from tests.crash.ground import Ground

PHONE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
_LOOK_EVERY_S: Final = 0.25
_TURNS: Final = 40
_ACTS: Final[Mapping[int, tuple[str, ...]]] = {
    0: ("reply",), 7: ("stop",), 13: ("reply", "stop"), 3: ("click",), 21: ("click",), 11: ("bot",), 17: ("bot",),
    25: ("bot",), 33: ("bot",), 19: ("bot", "click"), 29: ("click", "click"), 35: ("reply", "click"),
}  # fmt: skip
"""What the nth of so many people does, who have had the text for a while."""
_BOTS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "method": ("HEAD", {"User-Agent": PHONE}),
    "no_agent": ("GET", {"User-Agent": ""}),
    "prefetch": ("GET", {"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"}),
    "known_bot": ("GET", {"User-Agent": "Twitterbot/1.0"}),
}
_READ: Final = """
SELECT r.left_at, e.address, k.token FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id
JOIN link k ON k.campaign_id = r.campaign_id AND k.ord = r.ord
WHERE r.campaign_id = $1 AND r.state = 'wired' AND r.left_at > $2 AND r.left_at < clock_timestamp() - interval '3 s'
ORDER BY r.left_at
"""
_MADE: Final = """
SELECT k.token FROM link k JOIN campaign_recipient r ON r.campaign_id = k.campaign_id AND r.ord = k.ord
WHERE r.campaign_id = $1 AND r.state = 'pending' LIMIT 3
"""
_LEAVING: Final = """
SELECT e.address FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id
WHERE r.campaign_id = $1 AND r.state = 'in_flight' ORDER BY r.ord DESC LIMIT 3
"""
_WAITING: Final = """
SELECT e.address FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id
WHERE r.campaign_id = $1 AND r.state = 'pending' ORDER BY r.ord DESC LIMIT $2
"""
_ALWAYS: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Journal:
    """By address: who has replied, said STOP and followed a link after having the text; and who said STOP before it.

    `visits`: of people; `bots`: of others, by what gives them away. `acts`: what was done how often.
    """

    replied: set[str] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    stopped_early: set[str] = field(default_factory=set)
    clicked: set[str] = field(default_factory=set)
    visits: int = 0
    bots: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    last_in: datetime | None = None


class Handsets:
    def __init__(self, ground: Ground, campaign_id: int) -> None:
        self._ground, self._id = ground, campaign_id
        self.journal = Journal()
        self._nth, self._kinds = count(), cycle(_BOTS)
        self._web = httpx2.AsyncClient(base_url=ground.server.url, timeout=30, trust_env=False, verify=False)

    async def run(self) -> None:
        """Until cancelled: each whom the text has reached has one turn."""
        last = _ALWAYS
        while True:
            for row in await self._rows(_READ, last):
                last = row["left_at"]
                for act in _ACTS.get(next(self._nth) % _TURNS, ()):
                    await self._act(act, row["address"], row["token"])
            await trio.sleep(_LOOK_EVERY_S)

    async def _act(self, act: str, address: str, token: str) -> None:
        self.journal.acts[act] += 1
        if act == "reply":
            await self._say(address, "Yes please!")
            self.journal.replied.add(address)
        elif act == "stop":
            await self._say(address, "STOP")
            self.journal.stopped.add(address)
        elif act == "click":
            await self._visit(token, "GET", {"User-Agent": PHONE})
            self.journal.clicked.add(address)
            self.journal.visits += 1
        else:
            kind = next(self._kinds)
            await self._visit(token, *_BOTS[kind])
            self.journal.bots[kind] += 1

    async def look_ahead(self) -> None:
        """While it is paused somebody follows links of texts that were taken back: nobody can have them."""
        for row in await self._rows(_MADE):
            await self._visit(row["token"], "GET", {"User-Agent": PHONE})
            self.journal.bots["too_soon"] += 1

    async def stop_early(self, waiting: int) -> None:
        """So many say STOP whose text waits, and some whose text is leaving."""
        for row in [*await self._rows(_WAITING, waiting), *await self._rows(_LEAVING)]:
            self.journal.stopped_early.add(row["address"])
            await self._say(row["address"], "STOP")

    async def _rows(self, query: str, *more: object) -> list[Any]:
        return await self._ground.store.call(lambda c: c.fetch(query, self._id, *more))

    async def _say(self, address: str, body: str) -> None:
        self.journal.last_in = datetime.now(UTC)
        await self._ground.carrier.control(mo={"from": address, "to": FAST, "body": body})

    async def _visit(self, token: str, method: str, headers: Mapping[str, str]) -> None:
        answer = await self._web.request(method, f"/l/{token}", headers=dict(headers))
        if not answer.has_redirect_location:
            raise AssertionError(f"a link was answered {answer.status_code}")
