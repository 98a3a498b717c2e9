"""Two agents with two tabs each on one server, what they and their contacts do, and the look at all tabs afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import trio

from tests.integration.server import NUMBER, WITHIN_S, Live, running
from tests.tabs.browsers import Browsers, Tab, open_browsers
from tests.tabs.houses import FIRST, House
from tests.tabs.truth import Truth, faults, read_truth

TABS: Final = 4
"""The first half of them are Ann's, the others Bob's."""

PEOPLE: Final = tuple(f"+1617555014{n}" for n in range(5))
KNOWN: Final = 4
"""So many of the people are contacts; the last one is a stranger."""

PAGE: Final = 3
"""Rows and texts of a page: few enough that a handful of threads and texts goes over its end."""

REPLAY: Final = 6
"""Events that are replayed at most; who has missed more is given a snapshot."""

_THREAD_OF: Final = """
SELECT t.id FROM thread t JOIN endpoint e ON e.id = t.endpoint_id WHERE t.workspace_id = $1 AND e.address = $2
"""
_LOOK_EVERY_S: Final = 0.01
_TOLD: Final = 24  # frames of a tab that a failure shows


class Wrong(AssertionError):
    """A tab shows something else than the tables hold."""


@dataclass
class Desks:
    """Tab n belongs to `agents[n]`: TABS of them, and more where others are taken in.

    `patience_s`: how long tabs that hear nothing more may take to show what the tables hold.

    A person at a tab does one thing after the other (`hands`); two tabs do theirs at once.
    """

    it: Live
    house: House
    tabs: list[Tab]
    headers: dict[int, dict[str, str]]
    contacts: list[int]
    eye: asyncpg.Connection[asyncpg.Record]
    agents: list[int]
    patience_s: float = WITHIN_S
    visits: list[dict[int, None]] = field(default_factory=lambda: [{} for _ in range(TABS)])
    hands: list[trio.Lock] = field(default_factory=lambda: [trio.Lock() for _ in range(TABS)])
    refused: int = 0

    # What is there

    async def thread(self, person: int) -> int:
        """Of somebody who has texted."""
        found: int = await self.it.value(_THREAD_OF, self.house.workspace, PEOPLE[person])
        return found

    # What people do

    async def text_in(self, person: int, body: str) -> None:
        """A person texts; it is stored when this ends."""
        sid = f"SM{uuid4().hex}"
        account, address = self.house.sid, PEOPLE[person]
        fields = [("MessageSid", sid), ("AccountSid", account), ("From", address), ("To", NUMBER), ("Body", body)]
        assert (await self.it.post_inbound(fields, sid=account)).status_code == 200

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
        headers = self.headers[self.agents[tab]]
        answer = await self.it.http.get("/api/v1/threads", params={"cursor": cursor, "limit": PAGE}, headers=headers)
        assert answer.status_code == 200, answer.text
        await self.tabs[tab].call_store("nextPage", answer.json(), cursor)

    async def older(self, tab: int, thread: int) -> None:
        """As scrolling up does."""
        view = (await self.tabs[tab].held([thread]))["threads"].get(str(thread))
        if view is None or view["state"] is None or not view["state"]["hasMore"]:
            return
        before, headers = view["state"]["messages"][0]["seq"], self.headers[self.agents[tab]]
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
        wrong, heard = ["nothing was looked at"], -1
        with trio.move_on_after(WITHIN_S), trio.CancelScope() as patience:
            while wrong := await self._wrong():
                if (frames := sum(len(tab.told) for tab in self.tabs)) != heard:
                    heard, patience.deadline = frames, trio.current_time() + self.patience_s
                await trio.sleep(_LOOK_EVERY_S)
        if wrong:
            raise Wrong("\n".join([when, *wrong, *self._story(wrong)]))

    def _story(self, wrong: list[str]) -> Iterator[str]:
        """What each tab that is wrong said and heard last."""
        for n, tab in enumerate(self.tabs):
            if any(fault.startswith(f"tab {n}{tab.name}:") for fault in wrong):
                yield from (f"tab {n}{tab.name}: {line}" for line in tab.told[-_TOLD:])

    async def _wrong(self) -> list[str]:
        truth = await self.it.store.bridge.call(lambda: read_truth(self.eye, self.house.workspace))
        certain = not any(tab.lingers for tab in self.tabs)
        viewers = {thread: self._viewers(thread) for thread in truth.threads} if certain else {}
        told: list[str] = []
        for n, tab in enumerate(self.tabs):
            if not tab.away:
                held = await tab.held(truth.threads)
                await self._dismiss(tab, held)
                wrong = [*tab.faults, *self._faults(truth, self.agents[n], held, viewers)]
                told += [f"tab {n}{tab.name}: {fault}" for fault in wrong]
        return told

    def _faults(self, truth: Truth, member: int, held: Any, viewers: dict[int, list[int]]) -> list[str]:
        return ["it is not connected"] if held["status"] != "live" else faults(truth, member, held, viewers)

    def _viewers(self, thread: int) -> list[int]:
        return sorted({self.agents[n] for n, tab in enumerate(self.tabs) if not tab.away and thread in self.visits[n]})

    async def _dismiss(self, tab: Tab, held: Any) -> None:
        """A refusal stands in the thread until the person takes it away."""
        for thread, view in held["threads"].items():
            for pending in view["pending"]:
                if pending["state"] == "refused":
                    self.refused += 1
                    await tab.call("discard", int(thread), pending["cmd_id"])

    async def seat(self, tab: Tab, agent: int) -> None:
        """Take in another tab, with the threads that it has open."""
        self.tabs.append(tab)
        self.agents.append(agent)
        self.visits.append(dict.fromkeys(map(int, (await tab.held([]))["threads"])))
        self.hands.append(trio.Lock())

    async def unseat(self) -> None:
        """Close the last tab, and forget it."""
        await self.tabs.pop().close()
        for of_tabs in (self.agents, self.visits, self.hands):
            of_tabs.pop()

    async def leave_all(self) -> None:
        """Nothing is open any more."""
        with trio.CancelScope(shield=True):
            for tab in self.tabs:
                await tab.close()
            await self.it.store.bridge.call(self.eye.close)


async def sit_down(it: Live, browsers: Browsers, house: House, patience_s: float = WITHIN_S) -> Desks:
    """The four tabs, open and showing what is there."""
    headers = {agent: await it.log_in(agent) for agent in (house.ann, house.bob)}
    contacts = await _contacts(it, headers[house.ann])
    eye = await it.store.bridge.call(lambda: asyncpg.connect(it.dsn))
    agents = [*[house.ann] * (TABS // 2), *[house.bob] * (TABS // 2)]
    tabs = [browsers.tab(it.url, headers[agent]) for agent in agents]
    desks = Desks(it, house, tabs, headers, contacts, eye, agents, patience_s)
    for tab in tabs:
        await tab.ask("start")
    await desks.settle()
    return desks


@asynccontextmanager
async def open_desks(dsn: str, folder: Path, program: Path) -> AsyncIterator[Desks]:
    """Desks on a new server over an empty database."""
    async with running(dsn, folder) as it, open_browsers(program) as browsers:
        desks = await sit_down(it, browsers, FIRST)
        try:
            yield desks
        finally:
            await desks.leave_all()


async def _contacts(it: Live, headers: dict[str, str]) -> list[int]:
    made = []
    for n in range(KNOWN):
        body = {"first_name": f"Person {n}", "phones": [{"phone": PEOPLE[n]}]}
        answer = await it.http.post("/api/v1/contacts", json=body, headers=headers | {"X-CSRF": "1"})
        assert answer.status_code in (200, 201), answer.text
        made.append(answer.json()["contact_id"])
    return made
