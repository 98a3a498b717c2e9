"""What the engine does with an active campaign: whose turn it is, which text, when; batches, limits, and the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import trio

from server.domain.campaigns.audience import text_id
from server.domain.campaigns.campaign import Command
from server.domain.campaigns.drip import Drip
from server.domain.campaigns.health import Limits
from server.domain.campaigns.variants import variant_of
from server.domain.carrier import Receipt
from server.domain.messages import CampaignMoved
from server.domain.quiet_rules import Span
from server.ports.campaigns import Leaving, Plan, Variant
from server.store.campaigns import campaign_engine, queue_turn, queueing, snapshot
from server.store.ledger import enqueue
from tests.store.carried import EVERYBODY, ZONE, Campaigns
from tests.store.test_bulk import AT_THE_GATE, GATE, until
from tests.store.world import NOON, World, holding, later

MINUTE_S = 60


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


def drip(batch: int, *, interval_s: int = 600, ends_on: date | None = None, opens: int = 9, closes: int = 18) -> Plan:
    span = Span(opens * 3600, closes * 3600)
    return replace(EVERYBODY, drip=Drip(batch, interval_s, frozenset(range(7)), span, ZONE, ends_on))


def minutes(count: float) -> datetime:
    return later(count * MINUTE_S)


# Words


async def test_each_gets_the_words_and_the_values_of_the_moment_in_which_it_is_queued(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.world.sql("UPDATE contact SET first_name = 'Ana' WHERE first_name = 'Person 2'")
    await it.reword(campaign_id, "Hello {{first_name}}, {{agent_name}} here")
    await it.advance(campaign_id)
    assert await it.bodies() == ["Hello Person 1, Dana here", "Hello Ana, Dana here", "Hello Person 3, Dana here"]
    rows = await it.world.sql("SELECT klass, lane, campaign_id, cost FROM outbox")
    assert {tuple(row) for row in rows} == {("bulk", 2, campaign_id, 1)}


async def test_who_lacks_a_value_by_then_is_skipped_and_an_answer_stands_in(it: Campaigns) -> None:
    await it.people(2)
    await it.world.sql("UPDATE contact SET property_address = '12 Elm St'")
    campaign_id = await it.launched(replace(EVERYBODY, variants=(Variant("About {{property_address}}"),)), 2)
    await it.world.sql("UPDATE contact SET property_address = '' WHERE first_name = 'Person 1'")
    await it.advance(campaign_id)
    assert await it.reasons(campaign_id) == {"missing_value": 1}
    assert await it.bodies() == ["About 12 Elm St"]


async def test_an_answer_stands_in_for_a_value_that_somebody_lacks(it: Campaigns) -> None:
    plan = replace(
        EVERYBODY, variants=(Variant("About {{property_address}}"),), answers={"Property_Address": "your search"}
    )
    await it.advance(await it.launched(plan, 1))
    assert await it.bodies() == ["About your search"]


async def test_each_gets_the_variant_that_was_drawn(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, variants=(Variant("A", 50), Variant("B", 50))), 8)
    await it.advance(campaign_id)
    assert await it.bodies() == ["AB"[variant_of(campaign_id, ord_, [50, 50])] for ord_ in range(1, 9)]
    assert set(await it.bodies()) == {"A", "B"}


async def test_who_opts_out_or_is_deleted_before_the_turn_comes_is_skipped_without_a_text(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.world.sql("UPDATE endpoint SET opted_out = true, consent_epoch = 1 WHERE id = 2")
    await it.people_gone(1)
    await it.advance(campaign_id)
    assert await it.reasons(campaign_id) == {"opted_out": 1, "contact_deleted": 1}
    assert await it.states(campaign_id) == {"in_flight": 1, "skipped": 2}


async def test_a_text_that_has_become_faulty_pauses_the_campaign_and_skips_nobody(it: Campaigns) -> None:
    """A field of the workspace's own was deleted meanwhile."""
    campaign_id = await it.launched()
    await it.reword(campaign_id, "Hi {{garden}}")
    await it.advance(campaign_id)
    assert (await it.row(campaign_id))["paused_why"] == "failures"
    assert await it.states(campaign_id) == {"pending": 3}
    assert "garden" in await it.world.value("SELECT detail->>'why' FROM audit WHERE action = 'campaign_paused'")


# The queue


async def test_no_more_is_queued_than_some_seconds_of_the_pace(it: Campaigns) -> None:
    campaign_id = await it.launched(count=90)
    await it.advance(campaign_id)
    assert len(await it.world.queued()) == queueing.AHEAD_S * 10  # segments/s of its number
    await it.wire()
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"in_flight": 40, "wired": 40, "pending": 10}


async def test_its_own_pace_counts_where_it_is_slower(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, rate=5.0), 90)
    await it.advance(campaign_id)
    assert len(await it.world.queued()) == queueing.AHEAD_S * 5


async def test_a_new_thread_is_written_from_the_campaigns_number_and_one_that_exists_from_its_own(
    it: Campaigns,
) -> None:
    await it.people(2)
    await it.world.sql("INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at) VALUES (1, 1, 1, now())")
    await it.advance(await it.launched(replace(EVERYBODY, number_id=2), 2))
    rows = await it.world.sql("SELECT endpoint_id, number_id FROM thread ORDER BY 1")
    assert [tuple(row) for row in rows] == [(1, 1), (2, 2)]


@pytest.mark.parametrize("quiet", [True, False])
async def test_the_texts_of_a_quiet_campaign_stay_out_of_the_inbox(it: Campaigns, quiet: bool) -> None:
    await it.people(2)
    await it.world.sql("INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at) VALUES (1, 1, 1, now())")
    await it.advance(await it.launched(replace(EVERYBODY, quiet=quiet), 2))
    rows = await it.world.sql("SELECT endpoint_id, listed FROM thread ORDER BY 1")
    assert [tuple(row) for row in rows] == [(1, True), (2, not quiet)]


@pytest.mark.parametrize("quiet", [True, False])
async def test_what_a_quiet_one_wrote_the_next_one_shows_unless_it_is_quiet_too(it: Campaigns, quiet: bool) -> None:
    await it.people(1)
    await it.world.sql(
        "INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at, listed) VALUES (1, 1, 1, now(), false)"
    )
    await it.advance(await it.launched(replace(EVERYBODY, quiet=quiet), 1))
    assert [row.thread_id for row in (await it.world.store.inbox.rows(1, 1)).rows] == ([] if quiet else [1])


async def test_two_servers_queue_each_recipient_once(it: Campaigns) -> None:
    campaign_id = await it.launched(count=30)
    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(Campaigns(it.world).advance, campaign_id)
    assert await it.world.value("SELECT count(*) FROM message") == 30
    assert await it.world.value("SELECT count(DISTINCT cmd_id) FROM message") == 30


async def test_a_server_that_stood_still_while_queueing_never_calls_back_what_another_has_sent(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await it.launched()
    write, first = queue_turn.Turn._write, True

    async def stopped(self: Any, connection: Any, made: Any) -> None:
        nonlocal first
        if first:
            first = False
            await connection.execute(f"SELECT pg_advisory_xact_lock_shared({GATE})")
        await write(self, connection, made)

    monkeypatch.setattr(queue_turn.Turn, "_write", stopped)
    async with trio.open_nursery() as nursery, holding(it.world, f"SELECT pg_advisory_xact_lock({GATE})"):
        nursery.start_soon(it.engine.advance, campaign_id, NOON)
        await until(it.world, AT_THE_GATE)
        await Campaigns(it.world).engine.advance(campaign_id, NOON)
        await it.wire()
    await it.wire()
    assert await it.states(campaign_id) == {"wired": 3}


async def test_a_text_of_each_round_has_a_command_of_its_own(it: Campaigns) -> None:
    campaign_id = await it.launched(count=1)
    await it.advance(campaign_id)
    await it.edit(campaign_id, "New")
    await it.advance(campaign_id)
    rows = await it.world.sql("SELECT cmd_id FROM message ORDER BY seq")
    assert [row["cmd_id"] for row in rows] == [text_id(campaign_id, 1), text_id(campaign_id, 1, 1)]


async def test_nothing_is_queued_for_tomorrow(it: Campaigns) -> None:
    evening = datetime(2026, 3, 11, 2, tzinfo=UTC)
    campaign_id = await it.launched(count=20)
    await it.advance(campaign_id, evening)
    assert await it.states(campaign_id) == {"pending": 20}
    await it.advance(campaign_id, evening + timedelta(hours=2))
    assert await it.world.value("SELECT count(*) FROM outbox") == 0
    assert (await it.row(campaign_id))["state"] == "active"
    await it.advance(campaign_id, evening + timedelta(hours=12))
    assert await it.states(campaign_id) == {"in_flight": 20}


async def test_a_cancel_skips_also_those_who_wait_for_the_morning(it: Campaigns) -> None:
    evening = datetime(2026, 3, 11, 2, tzinfo=UTC)
    campaign_id = await it.launched(count=3)
    await it.advance(campaign_id, evening)
    await it.command(campaign_id, Command.CANCEL, evening)
    await it.advance(campaign_id, evening)
    assert await it.reasons(campaign_id) == {"campaign_cancelled": 3}
    assert (await it.row(campaign_id))["ended_at"] == evening


# Until they reply


async def test_who_has_replied_since_the_launch_gets_nothing_more(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.world.receive("Who is this?", from_="+12025550101")
    await it.advance(campaign_id)
    assert await it.reasons(campaign_id) == {"replied": 1}
    assert await it.states(campaign_id) == {"in_flight": 2, "skipped": 1}


async def test_who_replies_while_the_text_waits_does_not_get_it(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    await it.world.receive("Who is this?", from_="+12025550101")
    assert await it.wire() == 2
    assert await it.reasons(campaign_id) == {"replied": 1}


async def test_a_reply_that_comes_while_its_text_is_being_made_is_seen(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await it.launched(count=1)
    await it.world.sql("INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at) VALUES (1, 1, 1, $1)", NOON)
    made = queue_turn.Turn._made

    async def replied_meanwhile(self: Any, connection: Any, found: Any) -> Any:
        texts = await made(self, connection, found)
        other = await asyncpg.connect(it.world.dsn)
        await other.execute("UPDATE thread SET in_total = 1, last_in_at = $1", later(1))
        await other.close()
        return texts

    monkeypatch.setattr(queue_turn.Turn, "_made", replied_meanwhile)
    await it.advance(campaign_id)
    assert await it.reasons(campaign_id) == {"replied": 1}


async def test_who_wrote_before_the_launch_gets_it(it: Campaigns) -> None:
    await it.people(1)
    await it.world.receive("Hello", from_="+12025550100")
    campaign_id = await it.launched(count=1, now=later(1))
    await it.advance(campaign_id, later(1))
    assert await it.states(campaign_id) == {"in_flight": 1}


async def test_a_campaign_that_asks_nobody_to_reply_goes_on(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, until_reply=False))
    await it.world.receive("Who is this?", from_="+12025550101")
    await it.advance(campaign_id)
    await it.world.receive("Who is this?", from_="+12025550102")
    assert await it.wire() == 3


# Batches


async def test_a_drip_sends_a_batch_at_each_interval(it: Campaigns) -> None:
    campaign_id = await it.launched(drip(2), 5)
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"in_flight": 2, "pending": 3}
    assert (await it.row(campaign_id))["next_batch_at"] == minutes(10)
    await it.advance(campaign_id, minutes(9.9))
    assert (await it.states(campaign_id))["pending"] == 3
    await it.advance(campaign_id, minutes(10))
    assert await it.states(campaign_id) == {"in_flight": 4, "pending": 1}
    await it.advance(campaign_id, minutes(20))
    assert await it.states(campaign_id) == {"in_flight": 5}


async def test_a_batch_counts_those_who_get_a_text_and_not_the_excluded_between_them(it: Campaigns) -> None:
    await it.people(5)
    await it.world.sql("UPDATE endpoint SET opted_out = true WHERE id IN (1, 3)")
    campaign_id = await it.draft(drip(2))
    await it.launch(campaign_id, 3)
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"excluded": 2, "in_flight": 2, "pending": 1}


async def test_what_a_drip_missed_while_nobody_ran_is_one_batch_and_not_all(it: Campaigns) -> None:
    campaign_id = await it.launched(drip(2), 20)
    await it.advance(campaign_id)
    await it.advance(campaign_id, minutes(65))
    assert (await it.states(campaign_id))["in_flight"] == 4
    assert (await it.row(campaign_id))["next_batch_at"] == minutes(75)


async def test_after_a_pause_one_batch_follows(it: Campaigns) -> None:
    campaign_id = await it.launched(drip(2), 20)
    await it.advance(campaign_id)
    await it.wire()
    await it.command(campaign_id, Command.PAUSE, minutes(1))
    await it.command(campaign_id, Command.RESUME, minutes(65))
    await it.advance(campaign_id, minutes(65))
    assert await it.states(campaign_id) == {"wired": 2, "in_flight": 2, "pending": 16}


async def test_a_batch_that_is_not_through_holds_up_the_next_one(it: Campaigns) -> None:
    campaign_id = await it.launched(drip(50), 90)
    await it.advance(campaign_id)
    assert len(await it.world.queued()) == 40
    await it.advance(campaign_id, minutes(10))
    assert (await it.row(campaign_id))["places"] == 50


async def test_a_drip_begins_nothing_outside_of_its_hours(it: Campaigns) -> None:
    campaign_id = await it.launched(drip(2, opens=14), 5)  # it is noon
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"pending": 5}
    assert (await it.row(campaign_id))["next_batch_at"] == minutes(120)
    await it.advance(campaign_id, minutes(120))
    assert (await it.states(campaign_id))["in_flight"] == 2


async def test_what_a_batch_has_left_over_when_the_hours_end_comes_with_the_next_opening(it: Campaigns) -> None:
    campaign_id = await it.launched(drip(60, closes=13), 60)
    await it.advance(campaign_id)
    await it.wire()
    await it.advance(campaign_id, minutes(60))
    assert await it.states(campaign_id) == {"wired": 40, "pending": 20}
    await it.advance(campaign_id, minutes(21 * 60))
    assert await it.states(campaign_id) == {"wired": 40, "in_flight": 20}


async def test_at_its_last_day_a_drip_skips_the_rest_and_is_completed(it: Campaigns) -> None:
    campaign_id = await it.launched(drip(2, ends_on=date(2026, 3, 10)), 5)
    await it.advance(campaign_id)
    await it.wire()
    midnight = datetime(2026, 3, 11, 4, tzinfo=UTC)
    assert await it.world.value("SELECT count(*) FROM outbox WHERE expires_at > $1", midnight) == 0
    await it.advance(campaign_id, midnight)
    assert await it.reasons(campaign_id) == {"ended": 3}
    row = await it.row(campaign_id)
    assert (row["state"], row["ended_at"], row["next_batch_at"]) == ("completed", midnight, None)


async def test_a_text_of_a_drip_is_valid_no_longer_than_its_last_day(it: Campaigns) -> None:
    await it.advance(await it.launched(drip(2, ends_on=date(2026, 3, 10)), 5))
    assert await it.world.value("SELECT max(expires_at) FROM outbox") == datetime(2026, 3, 11, 4, tzinfo=UTC)


async def test_words_that_are_changed_are_made_anew_within_the_same_batch(it: Campaigns) -> None:
    campaign_id = await it.launched(drip(2), 5)
    await it.advance(campaign_id)
    await it.edit(campaign_id, "New")
    await it.advance(campaign_id, minutes(1))
    assert await it.bodies() == ["New", "New"]
    assert await it.states(campaign_id) == {"in_flight": 2, "pending": 3}


# Limits


async def fail(it: Campaigns, first: int, last: int) -> None:
    for nth in range(first, last + 1):
        await it.world.store.ledger.apply_receipt(1, Receipt(f"SM{nth}", "undelivered", None, None, None), NOON)


async def test_a_campaign_that_does_badly_is_paused_and_says_why(it: Campaigns) -> None:
    plan = replace(EVERYBODY, limits=Limits(failed_percent=20.0, at_least=10))
    campaign_id = await it.launched(plan, 60)
    await it.advance(campaign_id)
    await it.wire()
    await fail(it, 1, 8)
    await it.advance(campaign_id)
    assert (await it.row(campaign_id))["state"] == "active", "8 of 40 is the limit and not above"
    await fail(it, 9, 9)
    await it.advance(campaign_id)
    row = await it.row(campaign_id)
    assert (row["state"], row["paused_why"]) == ("paused", "failures")
    assert "9 of 40" in await it.world.value("SELECT detail->>'why' FROM audit WHERE action = 'campaign_paused'")
    assert await it.wire() == 0


async def test_what_was_seen_before_it_was_resumed_pauses_it_no_more_and_what_leaves_since_does(it: Campaigns) -> None:
    plan = replace(EVERYBODY, limits=Limits(failed_percent=20.0, at_least=10))
    campaign_id = await it.launched(plan, 90)
    await it.advance(campaign_id)
    await it.wire()
    await fail(it, 1, 9)
    await it.advance(campaign_id)
    await it.command(campaign_id, Command.RESUME, later(60))
    await fail(it, 10, 40)
    await it.advance(campaign_id, later(60))
    assert await it.states(campaign_id) == {"wired": 40, "in_flight": 40, "pending": 10}
    await it.wire(later(61))
    await fail(it, 41, 48)
    await it.advance(campaign_id, later(62))
    assert (await it.row(campaign_id))["state"] == "active", "8 of the 40 that left since is the limit and not above"
    await fail(it, 49, 49)
    await it.advance(campaign_id, later(62))
    assert (await it.row(campaign_id))["paused_why"] == "failures"
    told = await it.world.sql("SELECT detail->>'why' AS why FROM audit WHERE action = 'campaign_paused' ORDER BY id")
    assert ["9 of 40" in row["why"] for row in told] == [True, True]


# The end


async def test_it_is_completed_once_nobody_is_pending_or_in_flight(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    assert (await it.row(campaign_id))["ended_at"] is None
    await it.wire()
    it.world.told.clear()
    await it.advance(campaign_id, later(9))
    row = await it.row(campaign_id)
    assert (row["state"], row["ended_at"]) == ("completed", later(9))
    assert CampaignMoved(1, campaign_id) in it.world.heard(CampaignMoved)
    assert await it.engine.open() == []


async def test_its_end_is_decided_from_the_rows_whatever_the_sums_say(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    await it.world.sql("SELECT note_moved($1, $2, 'in_flight', NULL, 3)", campaign_id, NOON)
    await it.advance(campaign_id)
    assert (await it.row(campaign_id))["ended_at"] is None


async def test_texts_in_bulk_are_not_its_to_carry_on_nor_campaigns_theirs(it: Campaigns) -> None:
    campaign_id = await it.launched()
    assert await it.world.store.bulk_engine.open() == []
    assert not await it.world.store.bulk_engine.advance(campaign_id, NOON)
    await it.world.sql("UPDATE campaign SET kind = 'bulk', plan = NULL")
    assert await it.engine.open() == []
    assert not await it.engine.advance(campaign_id, NOON)


# Cut off


@pytest.mark.parametrize("point", ["campaign_piece", "campaign_begun", "campaign_queued", "campaign_ended"])
async def test_killed_after_any_commit_it_goes_on_where_it_stood(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    class Killed(Exception):
        pass

    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    monkeypatch.setattr(snapshot, "CHUNK", 20)
    await it.people(50)
    campaign_id = await it.draft()

    async def all_of_it() -> None:
        await it.launch(campaign_id, 50)
        for _ in range(3):
            await it.advance(campaign_id)
            await it.wire()

    with monkeypatch.context() as patched:
        patched.setattr(campaign_engine, "reach", die)
        with pytest.raises(Killed):
            await all_of_it()
    again = Campaigns(it.world)
    for _ in range(3):
        await again.advance(campaign_id)
        await again.wire()
    await again.advance(campaign_id)
    assert await it.states(campaign_id) == {"wired": 50}
    assert await it.world.value("SELECT count(*) FROM message") == 50
    assert (await it.row(campaign_id))["state"] == "completed"


async def test_a_turn_that_is_rolled_back_is_done_again_under_the_same_commands(
    it: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await it.launched()
    tried: list[UUID] = []
    write = enqueue.write

    async def spied(connection: Any, mts: Any) -> Any:
        result = await write(connection, mts)
        tried.extend(mt.cmd_id for mt in mts)
        if len(tried) == 3:
            raise ConnectionResetError
        return result

    monkeypatch.setattr(enqueue, "write", spied)
    await it.engine.advance(campaign_id, NOON)
    assert tried == 2 * [text_id(campaign_id, ord_) for ord_ in (1, 2, 3)]
    assert await it.world.value("SELECT count(*) FROM message") == 3


async def test_campaigns_side_by_side_queue_each_its_own_seconds(it: Campaigns) -> None:
    plan = replace(EVERYBODY, leaving=Leaving(in_active_campaign=False))
    first, second = await it.launched(plan, 60), await it.launched(plan, 60)
    for campaign_id in (first, second):
        await it.advance(campaign_id)
    rows = await it.world.sql("SELECT campaign_id, count(*) AS n FROM outbox GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in rows] == [(first, 40), (second, 40)]
