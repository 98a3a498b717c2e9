"""Visits to short links are recorded after the visitor was sent on; nothing of that depends on the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from server.actors import clicks
from server.actors.clicks import AGAIN_S, Clicks
from server.domain.campaigns.clicks import Bot, Hit
from server.ports import StoreUnavailable
from server.ports.links import TargetClicks, Visit, Visited

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEFT = NOON - timedelta(minutes=1)


@dataclass
class FakeLinks:
    """Token `new` has not left."""

    kept: list[Visit] = field(default_factory=list)
    away: bool = False
    tries: int = 0

    async def target(self, token: str) -> str | None:
        raise NotImplementedError

    async def sent_at(self, tokens: Sequence[str]) -> Mapping[str, datetime]:
        self.tries += 1
        if self.away:
            raise StoreUnavailable("away")
        return {token: LEFT for token in tokens if token != "new"}

    async def record(self, visits: Sequence[Visit]) -> None:
        await trio.lowlevel.checkpoint()
        self.kept += visits

    async def clicks(self, workspace_id: int, campaign_id: int, limit: int) -> Sequence[TargetClicks] | None:
        raise NotImplementedError


def visited(link: str = "a", agent: str = "Mozilla/5.0", method: str = "GET") -> Visited:
    return Visited(link, agent, Hit(method, {"user-agent": agent}, NOON, None))


@pytest.mark.parametrize(
    ("one", "bot"),
    [
        pytest.param(visited(), None, id="a person"),
        pytest.param(visited(method="HEAD"), Bot.METHOD, id="who only asks"),
        pytest.param(visited(agent="Spider/1"), Bot.KNOWN_BOT, id="a known bot"),
        pytest.param(visited("new"), Bot.TOO_SOON, id="of a text that has not left"),
    ],
)
async def test_a_visit_is_recorded_with_what_is_thought_of_it(one: Visited, bot: Bot | None) -> None:
    links = FakeLinks()
    actor = Clicks(links, lambda agent: "Spider" in agent)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor.run)
        actor.visited(one)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert links.kept == [Visit(one.token, one.agent, NOON, bot)]


async def test_visits_wait_while_the_database_is_away(autojump_clock: object) -> None:
    links = FakeLinks(away=True)
    actor = Clicks(links, lambda agent: False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor.run)
        for token in "ab":
            actor.visited(visited(token))
        await trio.sleep(AGAIN_S * 3.5)
        assert links.tries == 4
        links.away = False
        await trio.sleep(AGAIN_S)
        nursery.cancel_scope.cancel()
    assert [visit.token for visit in links.kept] == ["a", "b"]


async def test_no_more_wait_than_there_is_room_for_and_the_oldest_go(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: object
) -> None:
    monkeypatch.setattr(clicks, "MOST", 3)
    links = FakeLinks(away=True)
    actor = Clicks(links, lambda agent: False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor.run)
        actor.visited(visited("0"))
        await wait_all_tasks_blocked()
        for token in "12345":
            actor.visited(visited(token))
        links.away = False
        await trio.sleep(AGAIN_S * 2)
        nursery.cancel_scope.cancel()
    assert [visit.token for visit in links.kept] == ["3", "4", "5"]


async def test_a_visit_that_comes_while_others_are_written_is_written_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clicks, "AT_ONCE", 2)
    links = FakeLinks()
    actor = Clicks(links, lambda agent: False)
    async with trio.open_nursery() as nursery:
        for token in "12345":
            actor.visited(visited(token))
        nursery.start_soon(actor.run)
        await trio.lowlevel.checkpoint()
        actor.visited(visited("6"))
        await wait_all_tasks_blocked()
        actor.visited(visited("7"))
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert "".join(visit.token for visit in links.kept) == "1234567"
