"""Campaigns that are launched at the same moment: whoever is not to get two texts gets one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import asyncpg
import pytest
import trio

from server.ports.campaigns import Launching, Leaving, OtherCount, Plan
from server.store.campaigns import plans, snapshot
from tests.store.carried import EVERYBODY, Campaigns
from tests.store.world import NOON, World, later

NOT_TWICE = EVERYBODY
TO_WHOMEVER = replace(EVERYBODY, leaving=Leaving(None, in_active_campaign=False))
NOT_WITHIN_DAYS = replace(EVERYBODY, leaving=Leaving(3, in_active_campaign=False))
TWICE = """
SELECT count(*) FROM (
    SELECT endpoint_id FROM campaign_recipient WHERE reason IS NULL GROUP BY endpoint_id HAVING count(*) > 1) q
"""
TEXTS = "SELECT count(*) FROM message m WHERE m.direction = 'out'"


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


async def begun(it: Campaigns, plan: Plan, expected: int = 9) -> int:
    """One whose snapshot is to be taken."""
    campaign_id = await it.draft(plan)
    await it.world.sql(
        "UPDATE campaign SET state = 'active', build_after = 0, expected = $2, launched_by = 1, number_id = 1"
        " WHERE id = $1",
        campaign_id, expected,
    )  # fmt: skip
    return campaign_id


async def rows(it: Campaigns, campaign_id: int) -> int:
    found: int = await it.world.value("SELECT count(*) FROM campaign_recipient WHERE campaign_id = $1", campaign_id)
    return found


async def test_of_two_launched_at_once_one_gets_all_and_the_other_hears_of_nobody(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHUNK", 3)
    await it.people(9)
    drafts = [await it.draft(NOT_TWICE) for _ in range(2)]
    answers = []

    async def launch(campaign_id: int) -> None:
        answers.append(await Campaigns(it.world).launch(campaign_id, 9))

    async with trio.open_nursery() as nursery:
        for campaign_id in drafts:
            nursery.start_soon(launch, campaign_id)
    assert await it.world.value(TWICE) == 0
    assert sorted(type(answer).__name__ for answer in answers) == [Launching.__name__, OtherCount.__name__]
    assert OtherCount(0) in answers


async def test_one_begins_when_the_other_is_whole_and_not_in_the_midst_of_its_first_piece(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHUNK", 5)
    await it.people(9)
    first, second = await begun(it, NOT_TWICE), await begun(it, NOT_TWICE)

    async def in_the_midst(connection: Any) -> None:
        row: Any = {"id": first, "workspace_id": 1, "build_after": 0}
        assert await snapshot.may_begin(connection, row, NOT_TWICE)
        await snapshot.build_chunk(connection, row, NOT_TWICE, NOON, limit=5)
        other: Any = await asyncpg.connect(it.world.dsn)
        async with other.transaction():
            may = await snapshot.may_begin(other, row | {"id": second}, NOT_TWICE)
        await other.close()
        assert not may

    await it.world.store.call(in_the_midst)
    assert await rows(it, first) == 5
    assert not await it.engine.advance(second, NOON)
    assert await rows(it, second) == 0, "a piece of the first one is still to come"
    await it.advance(first)
    await it.advance(second)
    assert await it.world.value(TWICE) == 0
    assert (await it.row(second))["refused"].startswith("0 people would get it by now")


async def test_who_asks_for_nobody_to_be_left_out_waits_for_nobody(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHUNK", 5)
    await it.people(9)
    first, second = await begun(it, NOT_TWICE), await begun(it, TO_WHOMEVER)
    await it.engine.advance(first, NOON)
    await it.engine.advance(second, NOON)
    assert (await rows(it, first), await rows(it, second)) == (5, 5)


async def test_another_workspace_waits_for_nobody(it: Campaigns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "CHUNK", 5)
    await it.people(9)
    first = await begun(it, NOT_TWICE)
    await it.engine.advance(first, NOON)
    await it.world.sql(
        "INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'o@example.com')"
    )
    theirs = await it.world.value(
        "INSERT INTO campaign (workspace_id, name, state, plan, build_after, expected)"
        " SELECT max(w.id), 'Theirs', 'active', $1, 0, 0 FROM workspace w RETURNING id",
        plans.written(NOT_TWICE),
    )
    workspace_id = await it.world.value("SELECT workspace_id FROM campaign WHERE id = $1", theirs)
    row: Any = {"id": theirs, "workspace_id": workspace_id, "build_after": 0}
    assert await it.world.store.call(lambda c: snapshot.may_begin(c, row, NOT_TWICE))


# Texted within days


@pytest.mark.parametrize("wired", [pytest.param(False, id="queued"), pytest.param(True, id="left")])
async def test_whom_another_campaign_has_texted_since_the_snapshot_gets_nothing(it: Campaigns, wired: bool) -> None:
    first, second = await it.launched(TO_WHOMEVER, 3), await it.launched(NOT_WITHIN_DAYS, 3)
    await it.advance(first)
    if wired:
        assert await it.wire() == 3
    await it.advance(second, later(86_400) if wired else NOON)
    assert await it.reasons(second) == {"texted_recently": 3}


async def test_a_text_of_so_many_days_ago_keeps_nobody_from_the_next_one(it: Campaigns) -> None:
    first, second = await it.launched(TO_WHOMEVER, 3), await it.launched(NOT_WITHIN_DAYS, 3)
    await it.advance(first)
    assert await it.wire() == 3
    await it.advance(second, later(3 * 86_400 + 60))
    assert await it.states(second) == {"in_flight": 3}


async def test_of_two_that_send_at_once_each_person_gets_one_text(it: Campaigns) -> None:
    both = [await it.launched(NOT_WITHIN_DAYS, 30) for _ in range(2)]
    async with trio.open_nursery() as nursery:
        for campaign_id in both:
            nursery.start_soon(Campaigns(it.world).advance, campaign_id)
    assert await it.world.value(TEXTS) == 30
    assert (await it.states(both[0])) + (await it.states(both[1])) == {"in_flight": 30, "skipped": 30}
