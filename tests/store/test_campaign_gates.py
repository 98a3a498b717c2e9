"""What T3 lets go of a campaign: its own guards, each alone, at the moment at which nothing else stands behind them.

A stop takes back what is queued right after its commit, so whoever looks later finds an empty queue, whether T3 had its
guards or not. Here T3 is asked in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from server.domain.campaigns.campaign import Command
from server.domain.gate import MessageClass
from server.domain.timetable import LAST_CALL
from server.ports import Announce, Refused
from server.store.campaigns import stops
from server.store.postgres import Postgres
from tests.store.carried import Campaigns
from tests.store.world import NOON, World

CLOSING: Final = datetime(2026, 3, 11, 1, tzinfo=UTC)  # 9:00 PM in Washington
OPENING: Final = datetime(2026, 3, 11, 12, tzinfo=UTC)  # 8:00 AM there
LAST_MOMENT: Final = CLOSING - LAST_CALL
BOXES: Final = "SELECT state, due_at, reason FROM outbox ORDER BY id"

Stop = Callable[[Campaigns, int], Awaitable[object]]


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


async def paused(it: Campaigns, campaign_id: int) -> object:
    return await it.command(campaign_id, Command.PAUSE)


async def cancelled(it: Campaigns, campaign_id: int) -> object:
    return await it.command(campaign_id, Command.CANCEL)


async def reworded(it: Campaigns, campaign_id: int) -> None:
    await it.edit(campaign_id, "Other words")


async def let_go_in_between(it: Campaigns, campaign_id: int, stop: Stop, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What T3 answers about all that was granted, asked behind the commit of the *stop* and before its take-back."""
    granted, answers, take_back = await it.world.queued(), list[Any](), stops.take_back
    assert granted
    asked = False

    async def t3_first(postgres: Postgres, announce: Announce, stopped: int, now: datetime) -> bool:
        nonlocal asked
        if not asked:
            asked = True
            assert await it.world.queued() == granted, "all of it still stands in the queue"
            answers.extend(await it.world.answers(rows=granted))
        return await take_back(postgres, announce, stopped, now)

    monkeypatch.setattr(stops, "take_back", t3_first)
    await stop(it, campaign_id)
    assert asked
    return answers


@pytest.mark.parametrize("stop", [paused, cancelled, reworded])
async def test_what_was_queued_and_granted_before_a_stop_is_not_even_claimed_after_its_commit(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch, stop: Stop
) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    assert await let_go_in_between(it, campaign_id, stop, monkeypatch) == []
    assert await it.world.value("SELECT count(*) FROM attempt") == 0


async def test_after_a_change_each_gets_the_words_of_after_it_once(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    await let_go_in_between(it, campaign_id, reworded, monkeypatch)
    await it.advance(campaign_id)
    assert [one.request.body for one in await it.world.authorise()] == ["Other words"] * 3


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        pytest.param(Command.PAUSE, ("held", "campaign_paused"), id="paused"),
        pytest.param(Command.CANCEL, ("blocked", "campaign_cancelled"), id="cancelled"),
    ],
)
async def test_what_stands_behind_the_mark_of_a_stop_meets_the_campaigns_state(
    it: Campaigns, command: Command, answer: tuple[str, str]
) -> None:
    """No engine puts anything there; the gate does not rest on it."""
    campaign_id = await it.launched(count=2)
    await it.advance(campaign_id)
    thread = await it.world.value("SELECT min(thread_id) FROM outbox")
    await it.command(campaign_id, command)
    await it.world.send(thread, klass=MessageClass.BULK, campaign_id=campaign_id)
    [behind] = await it.world.sql("SELECT max(id) AS id FROM outbox")
    [told] = await it.world.answers(rows=[behind["id"]])
    assert isinstance(told, Refused)
    assert (told.verdict, told.reason) == answer


async def test_whose_quiet_hours_began_between_queue_and_t3_gets_it_in_the_morning(it: Campaigns) -> None:
    campaign_id = await it.launched(count=2, now=NOON)
    await it.advance(campaign_id, LAST_MOMENT - timedelta(seconds=1))
    assert await it.states(campaign_id) == {"in_flight": 2}
    answers = await refused(it, LAST_MOMENT + timedelta(seconds=1))
    assert [(one.verdict, one.reason) for one in answers] == [("deferred", "quiet_hours")] * 2
    assert [tuple(box) for box in await it.world.sql(BOXES)] == [("queued", OPENING, "quiet_hours")] * 2
    assert await it.world.value("SELECT count(*) FROM attempt") == 0
    assert await it.wire(OPENING - timedelta(microseconds=1)) == 0
    assert await it.wire(OPENING) == 2
    assert await it.states(campaign_id) == {"wired": 2}


async def test_a_text_that_was_asleep_while_its_campaign_was_paused_is_made_anew(it: Campaigns) -> None:
    campaign_id = await it.launched(count=2)
    await it.advance(campaign_id, LAST_MOMENT - timedelta(seconds=1))
    await refused(it, LAST_MOMENT + timedelta(seconds=1))
    await it.command(campaign_id, Command.PAUSE, CLOSING)
    assert await it.world.queued() == []
    assert await it.states(campaign_id) == {"pending": 2}
    await it.command(campaign_id, Command.RESUME, CLOSING)
    await it.advance(campaign_id, CLOSING)
    assert await it.wire(CLOSING) == 0
    await it.advance(campaign_id, OPENING)
    assert await it.wire(OPENING) == 2


async def refused(it: Campaigns, now: datetime) -> list[Refused]:
    """What T3 says of all that is queued, none of which it lets go."""
    answers = await it.world.answers(now=now)
    assert {type(one) for one in answers} == {Refused}
    return [one for one in answers if isinstance(one, Refused)]
