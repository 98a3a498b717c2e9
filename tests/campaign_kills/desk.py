"""The member at the desk: makes campaigns, launches them, stops them; each click again until a server answers it.

What was answered is written down with its moment, for the judge: from when on nothing of a campaign may leave, or
nothing with older words.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final, Literal
from uuid import uuid4

import httpx2
import trio

from tests.bulk.people import client_of
from tests.campaign_kills.people import Night, Population
from tests.crash.ground import Ground
from tests.crash.processes import RunFailed

RETRY_S: Final = 0.05
_HELD_BACK_S: Final = (0.3, 1.5)
_BODIES: Final = (
    "Hi {{first_name}}, shall I show you round on Sunday? Words 0",
    "Hi {{first_name}}, see https://example.org/open-house?by=crash before it is gone. Words 0",
    "Prices have moved in your street. Shall we talk? Words 0",
)
_ALL_DAY: Final = {"span": {"opens_s": 0, "closes_s": 86_400}, "days": list(range(7)), "zone": "America/New_York"}
_SMALL: Final = {"failed_percent": 4, "opted_out_percent": 3, "at_least": 30}

Order = Literal["pause", "cancel", "edit"]


@dataclass
class Desk:
    """*unanswered*: campaigns with a stop under way. *busy*: those that somebody sits at."""

    ground: Ground
    people: Population
    rng: Random
    courses: Path
    unanswered: set[int] = field(default_factory=set)
    busy: set[int] = field(default_factory=set)
    launched: int = 0
    stops: int = 0

    def __post_init__(self) -> None:
        self._client = client_of(self.ground)

    # Launch

    async def launch(self, *, few: bool = False, night: bool = False) -> None:
        """A new campaign, with the count that the survey tells, and the click said twice."""
        made = await self._until("POST", "", {"cmd_id": str(uuid4()), "name": f"Campaign {self.launched}"}, 201)
        at = f"/{made['id']}"
        plan = self._plan(few=few, night=night)
        await self._until("PATCH", at, {"version": made["version"], "plan": plan}, 200)
        count = (await self._until("GET", f"{at}/survey", None, 200))["found"]["recipients"]
        while count:
            click = {"cmd_id": str(uuid4()), "expected_count": count}
            answers = [await self._ask("POST", f"{at}/launch", click) for _ in range(2)]
            first = answers[0]
            if answers[1].status_code == httpx2.codes.ACCEPTED:
                self.launched += 1
                return
            if first.status_code == httpx2.codes.ACCEPTED and first.json()["whole"]:
                raise RunFailed(f"The same click was answered 202, then {answers[1].text}")
            told = answers[1].json()  # whoever was told that it is being built may hear later that the count differs
            if told.get("code") == "cannot_launch":
                return  # everybody of it waits for another one by now
            if told.get("code") != "count_differs":
                raise RunFailed(f"A launch was answered {answers[1].status_code}: {answers[1].text}")
            count = told["recipients"]

    def _plan(self, *, few: bool, night: bool) -> dict[str, Any]:
        rng = self.rng
        bodies = rng.sample(_BODIES, rng.choice((1, 1, 2)))
        shares = [100] if len(bodies) == 1 else [60, 40]
        batches = {"batch": rng.randint(15, 60), "interval_s": 1, **_ALL_DAY}
        return {
            "sources": self.people.sources(rng, few, night),
            "leaving": {"in_active_campaign": rng.random() < 0.2},
            "variants": [{"body": body, "share": share} for body, share in zip(bodies, shares, strict=True)],
            "answers": {"first_name": "neighbour"} if rng.random() < 0.5 else {},
            "number_id": rng.choice((1, 2, 2)),
            "drip": batches if not few and rng.random() < 0.5 else None,
            "rate": rng.choice((None, None, 40)),
            "until_reply": rng.random() < 0.7,
            "limits": _SMALL if rng.random() < 0.3 else {},
        }

    # Stops

    async def stop(self, campaign_id: int, order: Order) -> None:
        """Pause and let go on, cancel, or reword it."""
        self.busy.add(campaign_id)
        try:
            if order == "edit":
                await self._reword(campaign_id)
            else:
                await self._command(campaign_id, order)
        finally:
            self.busy.discard(campaign_id)
            self.unanswered.discard(campaign_id)

    async def resume(self, campaign_id: int) -> None:
        """One that the server has paused by itself."""
        self.busy.add(campaign_id)
        await self._ask("POST", f"/{campaign_id}/command", {"command": "resume"})
        self.busy.discard(campaign_id)

    async def _command(self, campaign_id: int, order: str) -> None:
        at = f"/{campaign_id}/command"
        self.unanswered.add(campaign_id)
        answer = await self._ask("POST", at, {"command": order})
        since_s = time.monotonic()
        self.unanswered.discard(campaign_id)
        if answer.status_code != 200:
            return  # it has ended meanwhile
        self.stops += 1
        if order == "cancel":
            self._note(t="stopped", campaign=campaign_id, from_s=since_s, until_s=None)
            return
        await trio.sleep(self.rng.uniform(*_HELD_BACK_S))
        self._note(t="stopped", campaign=campaign_id, from_s=since_s, until_s=time.monotonic())
        await self._ask("POST", at, {"command": "resume"})

    async def _reword(self, campaign_id: int) -> None:
        standing = await self._until("GET", f"/{campaign_id}", None, 200)
        words = standing["version"]
        plan = standing["plan"] | {
            "variants": [
                one | {"body": f"{one['body'].rpartition(' ')[0]} {words}"} for one in standing["plan"]["variants"]
            ]
        }
        self.unanswered.add(campaign_id)
        answer = await self._ask("PATCH", f"/{campaign_id}", {"version": standing["version"], "plan": plan})
        self.unanswered.discard(campaign_id)
        if answer.status_code == 200:
            self.stops += 1
            self._note(t="reworded", campaign=campaign_id, words=words, from_s=time.monotonic())

    # The means

    def note_night(self, night: Night) -> None:
        self._note(t="night", prefix=night.prefix, until_s=night.until_s)

    def _note(self, **facts: Any) -> None:
        with self.courses.open("a", encoding="utf-8") as log:
            log.write(json.dumps(facts) + "\n")

    async def _until(self, method: str, path: str, body: Any, wanted: int) -> dict[str, Any]:
        answer = await self._ask(method, path, body)
        if answer.status_code != wanted:
            raise RunFailed(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    async def _ask(self, method: str, path: str, body: Any) -> httpx2.Response:
        """Said again until it is answered."""
        while True:
            try:
                answer = await self._client.request(method, f"/api/v1/campaigns{path}", json=body)
            except httpx2.HTTPError:
                await trio.sleep(RETRY_S)
                continue
            if answer.status_code not in (429, 503):
                return answer
            await trio.sleep(RETRY_S)
