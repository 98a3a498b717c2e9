"""Two agents with two tabs each on one server, what they and their contacts do, and the look at all tabs afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import trio

from tests.integration.server import ANN, BOB, NUMBER, SID, WITHIN_S, Live, running
from tests.tabs.browsers import Tab, open_browsers
from tests.tabs.truth import Truth, faults, read_truth

AGENTS: Final = (ANN, ANN, BOB, BOB)
"""Whose each tab is."""

PEOPLE: Final = tuple(f"+1617555014{n}" for n in range(5))
KNOWN: Final = 4
"""So many of the people are contacts; the last one is a stranger."""

PAGE: Final = 3
"""Rows and texts of a page: few enough that a handful of threads and texts goes over its end."""

REPLAY: Final = 6
"""Events that are replayed at most; who has missed more is given a snapshot."""

_LOOK_EVERY_S: Final = 0.01
_TOLD: Final = 24  # frames of a tab that a failure shows


class Wrong(AssertionError):
    """A tab shows something else than the tables hold."""


@dataclass
class Desks:
    """Tab n belongs to AGENTS[n]. Threads are named by their place in the order in which they began.

    A person at a tab does one thing after the other (`hands`); two tabs do theirs at once.
    """

    it: Live
    tabs: list[Tab]
    headers: dict[int, dict[str, str]]
    contacts: list[int]
    eye: asyncpg.Connection[asyncpg.Record]
    visits: list[dict[int, None]] = field(default_factory=lambda: [{} for _ in AGENTS])
    hands: list[trio.Lock] = field(default_factory=lambda: [trio.Lock() for _ in AGENTS])
    refused: int = 0
    history: list[Sequence[tuple[Any, ...]]] = field(default_factory=list)

    # What is there

    async def threads(self) -> list[int]:
        return [row["id"] for row in await self.it.sql("SELECT id FROM thread ORDER BY id")]

    async def thread(self, place: int) -> int | None:
        threads = await self.threads()
        return threads[place % len(threads)] if threads else None

    # What people do

    async def text_in(self, person: int, body: str) -> None:
        """A person texts; it is stored when this ends."""
        sid = f"SM{uuid4().hex}"
        fields = [("MessageSid", sid), ("AccountSid", SID), ("From", PEOPLE[person]), ("To", NUMBER), ("Body", body)]
        assert (await self.it.post_inbound(fields)).status_code == 200

    async def by_api(self, agent: int, method: str, path: str, body: Any = None) -> int:
        """Ask the API as an agent's page does; a refusal is an answer, a fault of the server is not."""
        headers = self.headers[agent] | {"X-CSRF": "1"}
        answer = await self.it.http.request(method, f"/api/v1/{path}", json=body, headers=headers)
        assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text}"
        self.refused += answer.status_code >= 400
        return answer.status_code

    async def look_at(self, tab: int, thread: int) -> None:
        async with self.hands[tab]:
            self.visits[tab][thread] = None
            await self.tabs[tab].ask("visit", values=[thread])

    async def leave(self, tab: int, thread: int) -> None:
        async with self.hands[tab]:
            self.visits[tab].pop(thread, None)
            await self.tabs[tab].ask("leave", values=[thread])

    async def read(self, tab: int, thread: int) -> None:
        """As far as the tab knows of the thread."""
        row = (await self.tabs[tab].held([thread]))["rows"][str(thread)]
        if row is not None:
            await self.tabs[tab].call("displayed", thread, row["row"]["in_total"])

    async def unread(self, tab: int, thread: int, ordinal: int) -> None:
        row = (await self.tabs[tab].held([thread]))["rows"][str(thread)]
        if row is not None and row["row"]["in_total"] > 0:
            await self.tabs[tab].call("markUnread", thread, ordinal % row["row"]["in_total"] + 1)

    async def next_page(self, tab: int) -> None:
        """As scrolling down does."""
        cursor = (await self.tabs[tab].held([]))["cursor"]
        if cursor is None:
            return
        headers = self.headers[AGENTS[tab]]
        answer = await self.it.http.get("/api/v1/threads", params={"cursor": cursor, "limit": PAGE}, headers=headers)
        assert answer.status_code == 200, answer.text
        await self.tabs[tab].call_store("nextPage", answer.json(), cursor)

    async def older(self, tab: int, thread: int) -> None:
        """As scrolling up does."""
        view = (await self.tabs[tab].held([thread]))["threads"].get(str(thread))
        if view is None or view["state"] is None or not view["state"]["hasMore"]:
            return
        before, headers = view["state"]["messages"][0]["seq"], self.headers[AGENTS[tab]]
        asked = {"before": before, "limit": PAGE}
        answer = await self.it.http.get(f"/api/v1/threads/{thread}", params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        await self.tabs[tab].call_store("older", thread, page["messages"], page["asides"], page["has_more"])

    async def snooze(self, agent: int, thread: int, asleep: bool) -> None:
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat() if asleep else None
        await self.by_api(agent, "PUT", f"threads/{thread}/snooze", {"until": until})

    async def cut(self, tab: int, after: int) -> None:
        async with self.hands[tab]:
            await self.tabs[tab].cut(after)

    async def back(self, tab: int) -> None:
        async with self.hands[tab]:
            await self.tabs[tab].back()

    async def reload(self, tab: int) -> None:
        async with self.hands[tab]:
            self.visits[tab].clear()
            await self.tabs[tab].reload()

    # The look

    async def settle(self, when: str = "") -> None:
        """All tabs that are not away show what the tables hold. Raises Wrong where one does not come to it."""
        wrong: list[str] = ["nothing was looked at"]
        with trio.move_on_after(WITHIN_S):
            while wrong := await self._wrong():  # noqa: ASYNC110 - rows set no event of ours
                await trio.sleep(_LOOK_EVERY_S)
        if wrong:
            raise Wrong("\n".join([when, *wrong, *self._story(wrong)]))

    def _story(self, wrong: list[str]) -> Iterator[str]:
        """What led here, and what each tab that is wrong heard last."""
        yield from (f"{n}. " + " | ".join(map(str, steps)) for n, steps in enumerate(self.history, 1))
        for n, tab in enumerate(self.tabs):
            if any(fault.startswith(f"tab {n}:") for fault in wrong):
                yield from (f"tab {n} {line}" for line in tab.told[-_TOLD:])

    async def _wrong(self) -> list[str]:
        truth = await self.it.store.bridge.call(lambda: read_truth(self.eye))
        certain = not any(tab.lingers for tab in self.tabs)
        viewers = {thread: self._viewers(thread) for thread in truth.threads} if certain else {}
        told: list[str] = []
        for n, tab in enumerate(self.tabs):
            if not tab.away:
                held = await tab.held(truth.threads)
                await self._dismiss(tab, held)
                told += [f"tab {n}: {fault}" for fault in self._faults(truth, AGENTS[n], held, viewers)]
        return told

    def _faults(self, truth: Truth, member: int, held: Any, viewers: dict[int, list[int]]) -> list[str]:
        return ["it is not connected"] if held["status"] != "live" else faults(truth, member, held, viewers)

    def _viewers(self, thread: int) -> list[int]:
        return sorted({AGENTS[n] for n, tab in enumerate(self.tabs) if not tab.away and thread in self.visits[n]})

    async def _dismiss(self, tab: Tab, held: Any) -> None:
        """A refusal stands in the thread until the person takes it away."""
        for thread, view in held["threads"].items():
            for pending in view["pending"]:
                if pending["state"] == "refused":
                    self.refused += 1
                    await tab.call("discard", int(thread), pending["cmd_id"])


@asynccontextmanager
async def open_desks(dsn: str, folder: Path, program: Path) -> AsyncIterator[Desks]:
    """The four tabs, open on a new server over an empty database."""
    async with running(dsn, folder) as it, open_browsers(program) as browsers:
        headers = {agent: await it.log_in(agent) for agent in {*AGENTS}}
        tabs = [browsers.tab(it.url, headers[agent]) for agent in AGENTS]
        contacts = await _contacts(it, headers[ANN])
        eye = await it.store.bridge.call(lambda: asyncpg.connect(dsn))
        desks = Desks(it, tabs, headers, contacts, eye)
        for tab in tabs:
            await tab.ask("start")
        try:
            await desks.settle()
            yield desks
        finally:
            with trio.CancelScope(shield=True):
                await browsers.forget()
                await it.store.bridge.call(eye.close)


async def _contacts(it: Live, headers: dict[str, str]) -> list[int]:
    made = []
    for n in range(KNOWN):
        body = {"first_name": f"Person {n}", "phones": [{"phone": PEOPLE[n]}]}
        answer = await it.http.post("/api/v1/contacts", json=body, headers=headers | {"X-CSRF": "1"})
        assert answer.status_code in (200, 201), answer.text
        made.append(answer.json()["contact_id"])
    return made
