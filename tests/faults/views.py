"""Those who look on: the client's own live code in tabs, connected to whichever node took their socket.

They open threads, read, answer, lose their line and come back, reload, while nodes come and go. At the end each must
show what the database has, and all that it was told to be sent must be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg
import orjson
import trio

from tests.crash.ground import Ground
from tests.tabs.browsers import Tab, bundled, open_browsers
from tests.tabs.truth import Truth, faults, read_truth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TABS: Final = 4
DANA: Final = 1
_TICK_S: Final = 0.25
_BETWEEN_S: Final = (0.3, 1.5)
_AGREE_WITHIN_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.25


@dataclass
class Look:
    """`acks`: texts that a socket was told to have been taken, by command, with thread and seq."""

    ground: Ground
    tabs: Sequence[Tab]
    rng: Random
    reconnects: int = 0
    sent: int = 0
    acks: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    at_work: trio.CancelScope = field(default_factory=trio.CancelScope)
    _visits: dict[int, set[int]] = field(default_factory=dict)

    async def work(self) -> None:
        """All of them, until `at_work` is cancelled."""
        with self.at_work:
            async with trio.open_nursery() as nursery:
                for tab in self.tabs:
                    nursery.start_soon(self._sit_at, tab)

    async def clocks(self) -> None:
        """Time passes in the tabs as it does outside, for ever."""
        before = trio.current_time()
        while True:
            await trio.sleep(_TICK_S)
            now = trio.current_time()
            for tab in self.tabs:
                await tab.ask("elapse", ms=round((now - before) * 1000))
                self._note_acks(tab)
            before = now

    async def _sit_at(self, tab: Tab) -> None:
        while True:
            await trio.sleep(self.rng.uniform(*_BETWEEN_S))
            with trio.CancelScope(shield=True):
                await self._do_something(tab)

    async def _do_something(self, tab: Tab) -> None:
        held = await tab.held([])
        visits = self._visits.setdefault(tab.number, set())
        match self.rng.choices(("visit", "leave", "read", "send", "cut", "reload"), (5, 2, 4, 3, 2, 1))[0]:
            case "visit" if held["order"]:
                thread = self.rng.choice(held["order"][:20])
                visits.add(thread)
                await tab.ask("visit", values=[thread])
            case "leave" if len(visits) > 1:
                thread = visits.pop()
                await tab.ask("leave", values=[thread])
            case "read" if visits:
                thread = self.rng.choice(sorted(visits))
                row = (await tab.held([thread]))["rows"][str(thread)]
                if row is not None:
                    await tab.call("displayed", thread, row["row"]["in_total"])
            case "send" if visits:
                self.sent += 1
                await tab.call("send", self.rng.choice(sorted(visits)), f"From a tab, {self.sent}")
            case "cut":
                self.reconnects += 1
                await tab.cut(self.rng.choice((0, self.rng.randint(1, 3_000))))
                await trio.sleep(self.rng.uniform(0, 2))
                await tab.back()
            case "reload" if self.rng.random() < 0.3:
                self.reconnects += 1
                visits.clear()
                await tab.reload()

    def _note_acks(self, tab: Tab) -> None:
        """And forget what was heard."""
        heard, tab.told[:] = [*tab.told], []
        for line in heard:
            if line.startswith('heard {"t":"ack"'):
                ack = orjson.loads(line.removeprefix("heard "))
                if (told := acked(ack)) is not None:
                    self.acks[told[0]] = told[1]

    # The end

    async def differences(self) -> list[list[str]]:
        """What each tab shows that the database has otherwise, once they had time to agree."""
        dsn = self.ground.dsn
        eye = await self.ground.store.bridge.call(lambda: asyncpg.connect(dsn))
        views: list[list[str]] = [["nothing was looked at"]]
        with trio.move_on_after(_AGREE_WITHIN_S):
            while any(views := await self._views(eye)):  # noqa: ASYNC110 - rows set no event of ours
                await trio.sleep(_LOOK_EVERY_S)
        await self.ground.store.bridge.call(eye.close)
        return views

    async def _views(self, eye: asyncpg.Connection[asyncpg.Record]) -> list[list[str]]:
        truth = await self.ground.store.bridge.call(lambda: read_truth(eye))
        return [await self._view(tab, truth) for tab in self.tabs]

    async def _view(self, tab: Tab, truth: Truth) -> list[str]:
        held = await tab.held(truth.threads)
        for thread, view in held["threads"].items():
            for pending in view["pending"]:
                if pending["state"] == "refused":  # its reader takes it away
                    await tab.call("discard", int(thread), pending["cmd_id"])
        return ["it is not connected"] if held["status"] != "live" else faults(truth, DANA, held, {})


def acked(frame: Any) -> tuple[UUID, tuple[int, int]] | None:
    """The command of a text that was taken, with its place."""
    data = frame["data"]
    return (UUID(frame["cmd_id"]), (data["thread_id"], data["seq"])) if "again" in data else None


@asynccontextmanager
async def open_look(ground: Ground, rng: Random) -> AsyncIterator[Look]:
    """The tabs, open and with their clocks running; the fleet must serve."""
    program = bundled(ground.out)
    async with open_browsers(program) as browsers, trio.open_nursery() as nursery:
        headers = {"Cookie": f"threadline={ground.cast.session}", "Origin": ground.server.url}
        tabs = [browsers.tab(ground.server.url, headers) for _ in range(TABS)]
        for tab in tabs:
            await tab.ask("start")
        look = Look(ground, tabs, rng)
        nursery.start_soon(look.clocks)
        try:
            yield look
        finally:
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                await browsers.forget()
