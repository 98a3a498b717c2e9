"""Suggestions follow a thread: made when it rests, stopped when it moves on, and shown only while they answer it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from server.actors.runtime import Registry, Supervisor
from server.actors.suggest import DEBOUNCE_S, Consider, SuggestActors, SuggestPorts
from server.domain.suggest.situation import Line, Mode, Situation
from server.ports import StoreUnavailable
from server.ports.suggest import NoSuggestions, Show, Source, Suggested
from tests.actors.fakes import START, FakeClock

THREAD = 7


@dataclass
class Memory:
    """A thread, and what is kept of suggestions for it."""

    lines: list[Line] = field(default_factory=list)
    kept: dict[int, Suggested] = field(default_factory=dict)
    judged: int = 0
    mode: Mode = "model"
    away: bool = False

    @property
    def newest(self) -> int:
        return self.lines[-1].seq

    async def judge(self, thread_id: int) -> int:
        self.judged += 1
        return 0

    async def situation(self, thread_id: int, now: datetime) -> Situation | None:
        await trio.sleep(0.001)
        if self.away:
            raise StoreUnavailable
        return Situation(1, thread_id, tuple(self.lines), self.mode) if self.lines else None

    async def stored(self, thread_id: int, based_on: int) -> Suggested | None:
        return self.kept.get(based_on)

    async def keep(self, workspace_id: int, thread_id: int, made: Suggested, now: datetime) -> Suggested | None:
        await trio.sleep(0.001)
        return self.kept.setdefault(made.based_on, made) if made.based_on == self.newest else None


@dataclass
class Wall:
    """What those who look are shown, each with the newest text of that moment."""

    memory: Memory
    looking: bool = True
    shown: list[tuple[int, int, tuple[str, ...]]] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)

    def watched(self, thread_id: int) -> bool:
        return self.looking

    def suggestions_begun(self, thread_id: int, based_on: int, step: int) -> None:
        self.begun.append(based_on)

    def suggestions_so_far(self, thread_id: int, begun: Suggested, whole: int, step: int) -> None:
        self.shown.append((begun.based_on, self.memory.newest, begun.items))

    def suggestions_made(self, thread_id: int, made: Suggested) -> None:
        self.shown.append((made.based_on, self.memory.newest, made.items))


@dataclass
class Thinker:
    """Takes its time, and shows what it has half-way."""

    takes_s: Callable[[], float] = lambda: 2.0
    source: Source = "model"
    fails: str | None = None
    asked: list[int] = field(default_factory=list)
    label: Literal["tiny"] = "tiny"

    async def suggest(self, situation: Situation, show: Show) -> Sequence[str]:
        self.asked.append(situation.based_on)
        await trio.sleep(self.takes_s() / 2)
        if self.fails:
            raise NoSuggestions(self.fails)
        show([f"about {situation.based_on}"], 0)
        await trio.sleep(self.takes_s() / 2)
        return [f"about {situation.based_on}"]


class House:
    """The actors of one thread, running, and the hands that a thread's actor has."""

    def __init__(self, model: Thinker | None = None) -> None:
        self.memory = Memory()
        self.wall, self.model = Wall(self.memory), model
        self.offline = Thinker(lambda: 0.0, "offline")
        ports: Any = SuggestPorts(self.memory, self.wall, FakeClock(), self.offline, model)  # type: ignore[arg-type]  # fakes of what is used
        self.actors = SuggestActors(ports)
        self.registry: Registry[int, Consider] = Registry("suggest", self.actors)

    def say(self, inbound: bool = True) -> None:
        at = START + timedelta(seconds=trio.current_time())
        self.memory.lines.append(Line(len(self.memory.lines) + 1, inbound, "Is it free?", at))
        self.registry.ref(THREAD).tell_nowait(self.actors.said(THREAD))

    def look(self) -> None:
        self.registry.ref(THREAD).tell_nowait(self.actors.looked(THREAD))


async def run(house: House, script: Callable[[], Any]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Supervisor("root", [house.registry.spec(shutdown_s=0.5)]).run_root)
        await trio.testing.wait_all_tasks_blocked()
        await script()
        nursery.cancel_scope.cancel()


async def test_a_text_is_answered_once_the_thread_rests(autojump_clock: MockClock) -> None:
    house = House(Thinker())

    async def script() -> None:
        house.say()
        await trio.sleep(DEBOUNCE_S / 2)
        house.say()
        await trio.sleep(10)

    await run(house, script)
    assert house.model is not None
    assert house.model.asked == [2]
    assert [items for _, _, items in house.wall.shown] == [("about 2",), ("about 2",)]


async def test_a_newer_text_stops_what_is_being_made(autojump_clock: MockClock) -> None:
    house = House(Thinker())

    async def script() -> None:
        house.say()
        await trio.sleep(DEBOUNCE_S + 1.5)
        house.say()
        await trio.sleep(10)

    await run(house, script)
    assert house.model is not None
    assert house.model.asked == [1, 2]
    assert list(house.memory.kept) == [2]


@pytest.mark.parametrize(("workspace", "kept"), [(1, []), (2, [1])], ids=["its workspace", "another one"])
async def test_what_is_being_made_stops_where_its_workspace_wants_none_any_more(
    autojump_clock: MockClock, workspace: int, kept: list[int]
) -> None:
    house = House(Thinker())

    async def script() -> None:
        house.say()
        await trio.sleep(DEBOUNCE_S + 1.5)
        house.actors.hush(workspace)
        await trio.sleep(10)

    await run(house, script)
    assert list(house.memory.kept) == kept
    assert (house.actors.at_work, house.actors.workspaces) == ({}, {})


async def test_once_somebody_answers_nothing_more_is_shown(autojump_clock: MockClock) -> None:
    house = House(Thinker())

    async def script() -> None:
        house.say()
        await trio.sleep(DEBOUNCE_S + 1.5)
        house.say(inbound=False)
        await trio.sleep(10)

    await run(house, script)
    assert [newest for _, newest, _ in house.wall.shown] == [1]
    assert house.memory.kept == {}
    assert house.memory.judged == 2


async def test_nobody_looks_nobody_is_asked(autojump_clock: MockClock) -> None:
    house = House(Thinker())
    house.wall.looking = False

    async def script() -> None:
        house.say()
        await trio.sleep(10)

    await run(house, script)
    assert house.model is not None
    assert house.model.asked == []


async def test_whoever_looks_later_is_shown_what_is_stored(autojump_clock: MockClock) -> None:
    house = House(Thinker())

    async def script() -> None:
        house.say()
        await trio.sleep(10)
        house.look()
        await trio.sleep(10)

    await run(house, script)
    assert house.model is not None
    assert house.model.asked == [1]
    assert house.wall.shown[-1] == house.wall.shown[-2]


async def test_where_the_model_fails_the_teams_own_replies_stand_in(autojump_clock: MockClock) -> None:
    house = House(Thinker(fails="status_500"))

    async def script() -> None:
        house.say()
        await trio.sleep(10)

    await run(house, script)
    assert house.memory.kept[1].source == "offline"


@pytest.mark.parametrize(("mode", "model", "offline"), [("off", [], []), ("offline", [], [1]), ("model", [1], [])])
async def test_a_workspace_says_who_is_asked(
    autojump_clock: MockClock, mode: Mode, model: list[int], offline: list[int]
) -> None:
    house = House(Thinker())
    house.memory.mode = mode

    async def script() -> None:
        house.say()
        await trio.sleep(10)

    await run(house, script)
    assert house.model is not None
    assert (house.model.asked, house.offline.asked) == (model, offline)


async def test_a_database_that_is_away_costs_suggestions_and_no_actor(autojump_clock: MockClock) -> None:
    house = House()
    house.memory.away = True

    async def script() -> None:
        house.say()
        await trio.sleep(10)
        house.memory.away = False
        house.look()
        await trio.sleep(10)
        assert house.registry.node("suggest").restarts == 0

    await run(house, script)
    assert list(house.memory.kept) == [1]


@pytest.mark.parametrize("seed", range(40))
async def test_in_no_order_of_texts_and_answers_is_anything_stale_shown(autojump_clock: MockClock, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same orders each time
    house = House(Thinker(lambda: chance.uniform(0.0, 4.0)))

    async def script() -> None:
        for _ in range(30):
            if chance.random() < 0.2:
                house.look()
            else:
                house.say(inbound=chance.random() < 0.7)
            await trio.sleep(chance.choice((0.0, 0.0005, 0.3, 1.0, 1.0015, 3.0, 6.0)))
        house.say()
        await trio.sleep(20)

    await run(house, script)
    assert all(based_on == newest for based_on, newest, _ in house.wall.shown)
    assert house.wall.shown[-1][0] == house.memory.newest
