"""The launch of a campaign, and members' commands: who gets it is decided once, and what is stopped stays here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import trio

from server.domain.campaigns.campaign import CampaignState, Command, PausedBy, Refused
from server.domain.campaigns.missed import IfMissed
from server.domain.messages import CampaignStopped
from server.ports.campaigns import Campaign, Launching, OtherCount, Plan, PlanFault, Sources, Start
from server.store.campaigns import campaign_engine, course, snapshot
from tests.store.campaigns import add_up
from tests.store.carried import EVERYBODY, ZONE, Campaigns
from tests.store.world import NOON, World, later

TOMORROW = Start(day=date(2026, 3, 11), at=time(10), zone=ZONE)
AT_TEN = datetime(2026, 3, 11, 14, tzinfo=UTC)


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


async def command(it: Campaigns, campaign_id: int, wanted: Command, now: datetime = NOON) -> Campaign:
    told = await it.command(campaign_id, wanted, now)
    assert isinstance(told, Campaign), told
    return told


# The launch


async def test_a_launch_takes_the_snapshot_and_then_it_runs(it: Campaigns) -> None:
    await it.people(3)
    told = await it.launch(await it.draft(), 3)
    assert isinstance(told, Launching)
    found = told.campaign
    assert (found.state, found.whole, found.built, found.launched_at) == (CampaignState.ACTIVE, True, 3, NOON)
    assert found.figures.pending == 3
    assert await it.states(found.campaign_id) == {"pending": 3}


async def test_pieces_of_a_snapshot_join_without_a_gap(it: Campaigns, monkeypatch: pytest.MonkeyPatch) -> None:
    in_pieces(monkeypatch, 2)
    campaign_id = await it.launched(count=7)
    rows = await it.world.sql("SELECT ord, contact_id FROM campaign_recipient ORDER BY ord")
    assert [row["ord"] for row in rows] == list(range(1, 8))
    assert len({row["contact_id"] for row in rows}) == 7
    assert (await it.row(campaign_id))["audience"] == 7


async def test_nothing_is_sent_before_the_snapshot_is_whole(it: Campaigns, monkeypatch: pytest.MonkeyPatch) -> None:
    in_pieces(monkeypatch, 2)
    monkeypatch.setattr(course, "LAUNCH_WAITS_S", 0.0)
    await it.people(5)
    campaign_id = await it.draft()
    told = await it.launch(campaign_id, 5)
    assert isinstance(told, Launching)
    assert (told.campaign.state, told.campaign.whole, told.campaign.launched_at) == (CampaignState.ACTIVE, False, None)
    assert await it.engine.open() == [campaign_id]
    while (await it.row(campaign_id))["launched_at"] is None:
        assert await it.engine.advance(campaign_id, NOON)
        assert await it.world.value("SELECT count(*) FROM outbox") == 0
    await it.advance(campaign_id)
    assert await it.world.value("SELECT count(*) FROM outbox") == 5


async def test_another_count_than_was_confirmed_launches_nothing_and_says_which_it_is(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces(monkeypatch, 2)
    await it.people(3)
    campaign_id, cmd_id = await it.draft(), uuid4()
    assert await it.launch(campaign_id, 2, cmd_id=cmd_id) == OtherCount(3)
    row = await it.row(campaign_id)
    assert (row["state"], row["launched_at"]) == ("draft", None)
    assert row["refused"].startswith("3 people would get it by now, and not 2")
    await it.advance(campaign_id)
    assert await it.world.value("SELECT count(*) FROM campaign_recipient") == 0
    assert await it.states(campaign_id) == {}
    assert await it.engine.open() == []
    assert isinstance(await it.launch(campaign_id, 3, cmd_id=cmd_id), Launching), "the click may be repeated"
    assert (await it.row(campaign_id))["refused"] is None


async def test_the_sums_of_what_is_dropped_are_those_of_its_rows_after_every_piece(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_engine, "DROPPED", 2)
    await it.people(5)
    campaign_id = await it.draft()
    assert await it.launch(campaign_id, 9) == OtherCount(5)
    left = []
    while await it.engine.advance(campaign_id, NOON):
        [row] = await add_up(it.world)
        left.append(row["pending"])
    assert left == [3, 1, 0]


async def test_a_launch_after_one_that_came_to_nothing_finds_none_of_its_rows(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    await it.people(3)
    campaign_id = await it.draft()
    assert await it.launch(campaign_id, 9) == OtherCount(3)
    await it.people_gone(1)
    assert isinstance(await it.launch(campaign_id, 2), Launching)
    assert await it.states(campaign_id) == {"pending": 2}
    rows = await it.world.sql("SELECT ord FROM campaign_recipient ORDER BY ord")
    assert [row["ord"] for row in rows] == [1, 2]


async def test_what_is_wrong_with_the_plan_is_told_and_nothing_happens(it: Campaigns) -> None:
    it.survey.found = [PlanFault("message", "Write a text.")]
    campaign_id = await it.draft()
    assert await it.launch(campaign_id, 1) == it.survey.found
    assert (await it.row(campaign_id))["state"] == "draft"


async def test_a_plan_that_is_changed_while_it_is_looked_at_is_looked_at_again(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    await it.people(1)
    campaign_id = await it.draft()
    looked: list[Plan] = []

    async def faults(workspace_id: int, plan: Plan, now: datetime) -> Sequence[PlanFault]:
        if not looked:
            await it.reword(campaign_id, "Other words")
        looked.append(plan)
        return ()

    monkeypatch.setattr(it.survey, "faults", faults)
    await it.launch(campaign_id, 1)
    assert [plan.variants[0].body for plan in looked] == [EVERYBODY.variants[0].body, "Other words"]


async def test_an_audience_that_cannot_be_read_any_more_makes_it_a_draft_that_says_so(it: Campaigns) -> None:
    await it.people(1)
    campaign_id = await it.draft(replace(EVERYBODY, sources=Sources(filter_ids=(99,))))
    told = await it.launch(campaign_id, 1)
    assert isinstance(told, Refused)
    row = await it.row(campaign_id)
    assert (row["state"], row["refused"]) == ("draft", told.sentence)


@pytest.mark.parametrize(
    ("before", "expected", "sentence"),
    [
        pytest.param("SELECT 1", 0, "Nobody would get", id="nobody"),
        pytest.param("UPDATE campaign SET is_template = true", 1, "This is a template", id="a template"),
        pytest.param("UPDATE campaign SET state = 'cancelled'", 1, "was cancelled", id="one that was cancelled"),
    ],
)
async def test_a_launch_is_refused_in_a_sentence(it: Campaigns, before: str, expected: int, sentence: str) -> None:
    await it.people(1)
    campaign_id = await it.draft()
    await it.world.sql(before)
    told = await it.launch(campaign_id, expected)
    assert isinstance(told, Refused)
    assert sentence in told.sentence
    assert await it.world.value("SELECT count(*) FROM campaign_recipient") == 0


async def test_five_launches_at_once_are_one_and_each_recipient_is_there_once(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces(monkeypatch, 2)
    await it.people(7)
    campaign_id = await it.draft()
    told: list[Any] = []

    async def go() -> None:
        told.append(await Campaigns(it.world).launch(campaign_id, 7))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(go)
    assert [type(one) for one in told] == [Launching] * 5
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"in_flight": 7}
    assert await it.world.value("SELECT count(DISTINCT endpoint_id) FROM outbox") == 7
    assert await it.world.value("SELECT count(*) FROM audit WHERE action = 'campaign_launched'") == 1


async def test_the_same_click_answers_alike_also_after_the_campaign_was_unscheduled(it: Campaigns) -> None:
    """A request that the network repeats hours later must launch nothing."""
    await it.people(2)
    campaign_id, cmd_id = await it.draft(replace(EVERYBODY, start=TOMORROW)), uuid4()
    assert isinstance(await it.launch(campaign_id, 2, cmd_id=cmd_id), Launching)
    await command(it, campaign_id, Command.UNSCHEDULE)
    again = await it.launch(campaign_id, 2, cmd_id=cmd_id)
    assert isinstance(again, Launching)
    assert again.campaign.state is CampaignState.DRAFT
    assert isinstance(await it.launch(campaign_id, 2), Launching), "another click launches it"
    assert (await it.row(campaign_id))["state"] == "scheduled"


async def test_a_launch_that_was_cut_off_is_carried_on_by_whoever_comes(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces(monkeypatch, 2)
    await it.people(7)
    campaign_id = await it.draft()
    monkeypatch.setattr(course, "LAUNCH_WAITS_S", 0.0)
    await it.launch(campaign_id, 7)
    assert await it.engine.advance(campaign_id, NOON)
    await Campaigns(it.world).advance(campaign_id)
    assert (await it.states(campaign_id)).total() == 7
    assert await it.world.value("SELECT count(DISTINCT contact_id) FROM campaign_recipient") == 7


async def test_another_workspaces_campaign_is_not_there(it: Campaigns) -> None:
    campaign_id = await it.launched()
    assert await it.course.launch(2, campaign_id, 1, uuid4(), 3, NOON) is None
    assert await it.course.command(2, campaign_id, 1, Command.CANCEL, NOON) is None
    assert (await it.row(campaign_id))["state"] == "active"


# The hour


async def test_a_scheduled_campaign_has_its_snapshot_at_once_and_sends_from_its_hour_on(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, start=TOMORROW))
    row = await it.row(campaign_id)
    assert (row["state"], row["due_at"], row["launched_at"]) == ("scheduled", AT_TEN, NOON)
    await it.advance(campaign_id, AT_TEN.replace(minute=0, hour=13))
    assert (await it.row(campaign_id))["state"] == "scheduled"
    await it.advance(campaign_id, AT_TEN)
    assert (await it.row(campaign_id))["state"] == "active"
    assert await it.states(campaign_id) == {"in_flight": 3}


async def test_an_hour_that_was_missed_by_minutes_is_kept_all_the_same(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, start=TOMORROW))
    await it.advance(campaign_id, AT_TEN.replace(minute=15))
    assert await it.states(campaign_id) == {"in_flight": 3}


async def test_an_hour_that_was_missed_by_more_waits_for_a_person(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, start=TOMORROW))
    late = AT_TEN.replace(minute=16)
    await it.advance(campaign_id, late)
    row = await it.row(campaign_id)
    assert (row["state"], row["paused_why"]) == ("paused", "missed")
    assert await it.states(campaign_id) == {"pending": 3}
    assert "16 minutes" in await it.world.value("SELECT detail->>'why' FROM audit WHERE action = 'campaign_missed'")
    await command(it, campaign_id, Command.RESUME, late)
    await it.advance(campaign_id, late)
    assert await it.states(campaign_id) == {"in_flight": 3}


async def test_an_hour_that_was_missed_lets_the_campaign_expire_where_that_was_wanted(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, start=replace(TOMORROW, if_missed=IfMissed.EXPIRE)))
    await it.advance(campaign_id, AT_TEN.replace(hour=15))
    row = await it.row(campaign_id)
    assert (row["state"], row["ended_at"]) == ("cancelled", AT_TEN.replace(hour=15))
    assert await it.reasons(campaign_id) == {"expired": 3}


async def test_an_unscheduled_campaign_is_a_draft_without_recipients(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, start=TOMORROW))
    told = await command(it, campaign_id, Command.UNSCHEDULE)
    assert (told.state, told.due_at, told.launched_at) == (CampaignState.DRAFT, None, None)
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {}
    await it.advance(campaign_id, AT_TEN)
    assert await it.world.value("SELECT count(*) FROM outbox") == 0


async def test_it_begins_where_the_first_recipient_is_if_each_gets_it_at_home(it: Campaigns) -> None:
    await it.people(3)
    await it.world.sql("UPDATE endpoint SET address = '+13125550101' WHERE id = 2")  # Chicago
    await it.world.sql("UPDATE endpoint SET address = '+12135550101' WHERE id = 3")  # Los Angeles
    at_home = replace(TOMORROW, at_home=True, zone="America/Los_Angeles")
    campaign_id = await it.launched(replace(EVERYBODY, start=at_home))
    assert (await it.row(campaign_id))["due_at"] == AT_TEN
    await it.advance(campaign_id, AT_TEN)
    assert await it.states(campaign_id) == {"in_flight": 1, "pending": 2}
    await it.advance(campaign_id, AT_TEN.replace(hour=15))
    assert await it.states(campaign_id) == {"in_flight": 2, "pending": 1}
    await it.advance(campaign_id, AT_TEN.replace(hour=17))
    assert await it.states(campaign_id) == {"in_flight": 3}


# Commands


async def test_a_pause_takes_back_what_is_queued_and_a_resume_sends_to_each_once(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    told = await command(it, campaign_id, Command.PAUSE)
    assert (told.state, told.paused_why, told.figures.pending) == (CampaignState.PAUSED, PausedBy.MEMBER, 3)
    assert await it.wire() == 0
    await it.advance(campaign_id)
    assert await it.world.queued() == []
    assert await it.engine.open() == []
    await command(it, campaign_id, Command.RESUME, later(60))
    await it.advance(campaign_id, later(60))
    assert await it.wire(later(60)) == 3
    assert len(await it.bodies()) == 3
    await it.advance(campaign_id, later(60))
    assert (await it.row(campaign_id))["state"] == "completed"


async def test_a_pause_stops_what_t3_has_let_go_where_it_was_not_sent(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    assert len(await it.world.authorise()) == 3
    await it.course.command(1, campaign_id, 1, Command.PAUSE, NOON)
    assert it.world.heard(CampaignStopped) == [CampaignStopped(1, campaign_id, 3)]


async def test_a_pause_that_is_repeated_waits_as_the_first_one_did(it: Campaigns) -> None:
    """Whoever asks again may never have been answered."""
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    for _ in range(2):
        it.world.told.clear()
        await command(it, campaign_id, Command.PAUSE)
        assert it.world.heard(CampaignStopped) == [CampaignStopped(1, campaign_id, 3)]


async def test_a_cancel_skips_whoever_has_got_nothing(it: Campaigns) -> None:
    campaign_id = await it.launched(count=90)
    await it.advance(campaign_id)
    [first] = await it.world.authorise(rows=(await it.world.queued())[:1])
    assert (await command(it, campaign_id, Command.CANCEL)).state is CampaignState.CANCELLED
    assert await it.wire() == 0
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"in_flight": 1, "skipped": 89}
    assert await it.reasons(campaign_id) == {"campaign_cancelled": 89}
    assert (await it.row(campaign_id))["ended_at"] is None
    assert first.campaign_id == campaign_id


async def test_a_campaign_whose_snapshot_is_being_taken_can_be_cancelled(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces(monkeypatch, 2)
    monkeypatch.setattr(course, "LAUNCH_WAITS_S", 0.0)
    await it.people(5)
    campaign_id = await it.draft()
    await it.launch(campaign_id, 5)
    await it.engine.advance(campaign_id, NOON)
    await command(it, campaign_id, Command.CANCEL)
    await it.advance(campaign_id)
    row = await it.row(campaign_id)
    assert (row["ended_at"], row["audience"]) == (NOON, (await it.states(campaign_id)).total())
    assert set(await it.states(campaign_id)) == {"skipped"}


async def test_a_launch_that_comes_to_nothing_undoes_no_cancel(it: Campaigns, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the piece that could not be read and what is written of it somebody cancels."""
    await it.people(1)
    campaign_id = await it.draft(replace(EVERYBODY, sources=Sources(filter_ids=(99,))))
    monkeypatch.setattr(course, "LAUNCH_WAITS_S", 0.0)
    await it.launch(campaign_id, 1)
    refused = campaign_engine._refused

    async def after_a_cancel(connection: Any, *given: Any) -> bool:
        other = await asyncpg.connect(it.world.dsn)
        await other.execute("UPDATE campaign SET state = 'cancelled', build_after = NULL")
        await other.close()
        return await refused(connection, *given)

    monkeypatch.setattr(campaign_engine, "_refused", after_a_cancel)
    await it.engine.advance(campaign_id, NOON)
    assert (await it.row(campaign_id))["state"] == "cancelled"


async def test_a_campaign_that_is_paused_while_its_snapshot_is_taken_goes_on_being_built_and_sends_nothing(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces(monkeypatch, 2)
    monkeypatch.setattr(course, "LAUNCH_WAITS_S", 0.0)
    await it.people(5)
    campaign_id = await it.draft()
    await it.launch(campaign_id, 5)
    await command(it, campaign_id, Command.PAUSE)
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"pending": 5}
    await command(it, campaign_id, Command.RESUME)
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"in_flight": 5}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        pytest.param(Command.RESUME, "cannot be|already|Only a paused", id="resume a draft"),
        pytest.param(Command.PAUSE, "Only an active", id="pause a draft"),
        pytest.param(Command.CANCEL, "is a draft", id="cancel a draft"),
    ],
)
async def test_what_cannot_be_meant_is_refused(it: Campaigns, wanted: Command, sentence: str) -> None:
    told = await it.command(await it.draft(), wanted)
    assert isinstance(told, Refused)


async def test_words_that_were_changed_while_it_runs_go_to_all_who_have_not_got_it(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    [first] = await it.world.authorise(rows=(await it.world.queued())[:1])
    await it.edit(campaign_id, "Hello {{first_name}}")
    await it.advance(campaign_id)
    assert await it.bodies() == ["Hi Person 1", "Hello Person 2", "Hello Person 3"]
    assert await it.wire() == 2
    assert first.request.body == "Hi Person 1"


def in_pieces(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Each piece of a snapshot has so many people."""
    monkeypatch.setattr(snapshot, "CHUNK", size)
