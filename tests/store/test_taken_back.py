"""What was queued of a text to many and taken back never was, for people: threads, previews and order do without it."""

from __future__ import annotations

import pytest

from server.domain.messages import OfCampaign, Texted, ThreadChanged, ThreadRow, taken_back
from tests.store.campaigns import Spring, spring
from tests.store.test_campaign_stops import requeue, settle
from tests.store.world import ALICE, BOB, NOON, World, later

RULE = "SELECT taken_back($1, $2, $3)"
BODIES = "SELECT body FROM message ORDER BY seq"
CANCEL = "UPDATE campaign SET state = 'cancelled' WHERE id = $1"


@pytest.mark.parametrize(
    ("state", "error_class", "error_code", "expected"),
    [
        pytest.param("cancelled", "gate", "campaign_changed", True, id="a campaign was changed"),
        pytest.param("cancelled", "gate", "campaign_cancelled", True, id="a campaign was cancelled"),
        pytest.param("cancelled", "gate", "replied", False, id="they wrote first"),
        pytest.param("cancelled", None, None, False, id="a person discarded it"),
        pytest.param("unconfirmed", "gate", "campaign_changed", False, id="it may have left"),
        pytest.param("sent", None, None, False, id="it left"),
    ],
)
async def test_the_rule_is_the_same_in_the_database(
    world: World, state: str, error_class: str | None, error_code: str | None, expected: bool
) -> None:
    assert taken_back(state, error_class, error_code) is expected
    assert await world.value(RULE, state, error_class, error_code) is expected


def look(row: ThreadRow) -> tuple[object, ...]:
    """What people see of a row of the inbox."""
    return row.address, row.last_at, row.preview, row.direction, row.in_total


async def thread_of(world: World, address: str) -> int:
    found: int = await world.value(
        "SELECT t.id FROM thread t JOIN endpoint e ON e.id = t.endpoint_id WHERE e.address = $1", address
    )
    return found


async def take_back(world: World, ours: Spring) -> None:
    await world.sql("UPDATE campaign SET plan = '{}' WHERE id = $1", ours.campaign_id)
    await settle(world, await requeue(world, ours.campaign_id))


async def test_what_was_taken_back_stands_in_no_thread_and_the_inbox_is_as_before(world: World) -> None:
    await world.receive("Is it still for sale?")
    await world.receive("Hello", from_=BOB, received_at=later(30))
    before = [look(row) for row in (await world.store.inbox.rows(1, 1)).rows]
    ours = await spring(world)
    await ours.queue(ALICE, now=later(60))
    assert [row.address for row in (await world.store.inbox.rows(1, 1)).rows] == [ALICE, BOB]
    await take_back(world, ours)
    assert [look(row) for row in (await world.store.inbox.rows(1, 1)).rows] == before
    thread = await world.store.inbox.thread(1, 1, await thread_of(world, ALICE))
    assert thread is not None
    assert [message.body for message in thread.messages] == ["Is it still for sale?"]
    assert (await world.store.inbox.user(1, 1)).unread_threads == 2
    assert [row["body"] for row in await world.sql(BODIES)] != ["Is it still for sale?", "Hello"], "the ledger keeps it"


async def test_who_was_only_to_be_written_to_counts_as_not_texted_and_stands_in_no_inbox(world: World) -> None:
    ours = await spring(world)
    await ours.queue(ALICE)
    assert len((await world.store.inbox.rows(1, 1)).rows) == 1
    world.told.clear()
    await take_back(world, ours)
    assert (await world.store.inbox.rows(1, 1)).rows == []
    thread_id = await thread_of(world, ALICE)
    assert thread_id in {one.thread_id for one in world.heard(ThreadChanged)}
    [gone] = await world.store.inbox.rows_by_id([thread_id])
    assert not gone.listed, "whoever has the inbox open lets it go"
    assert await world.value("SELECT last_out_at FROM thread") is None
    await world.send(await thread_of(world, ALICE), now=later(90))
    assert len((await world.store.inbox.rows(1, 1)).rows) == 1


async def test_what_a_cancelled_campaign_had_queued_is_hidden_and_what_had_left_is_not(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    await ours.queue(BOB, now=later(5))
    await world.sql(CANCEL, ours.campaign_id)
    await world.store.call(lambda c: c.fetch("SELECT * FROM recall_queued($1, $2, 10)", ours.campaign_id, later(9)))
    [row] = (await world.store.inbox.rows(1, 1)).rows
    assert (row.address, row.preview) == (ALICE, "Hi")
    hidden = await world.store.inbox.thread(1, 1, await thread_of(world, BOB))
    assert hidden is not None
    assert hidden.messages == []


async def test_a_text_names_its_campaign_and_its_thread_the_campaign_that_wrote_last(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    await world.receive("Yes", received_at=later(60))
    await world.send(await thread_of(world, ALICE), now=later(90))
    [row] = (await world.store.inbox.rows(1, 1)).rows
    assert row.campaign == Texted(ours.campaign_id, "Spring", NOON)
    page = await world.store.inbox.thread(1, 1, row.thread_id)
    assert page is not None
    of = OfCampaign(ours.campaign_id, "campaign", "Spring")
    assert [message.campaign for message in page.messages] == [of, None, None]
    events = await world.store.inbox.events_after(1, row.thread_id, 0)
    assert events is not None
    assert getattr(events[0], "campaign", None) == of


async def test_of_several_wordings_a_text_names_its_own(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    await world.sql("""UPDATE campaign SET plan = '{"variants": [{"body": "a"}, {"body": "b"}]}'""")
    await world.sql("UPDATE campaign_recipient SET variant = 1")
    page = await world.store.inbox.thread(1, 1, await thread_of(world, ALICE))
    assert page is not None
    assert [message.campaign for message in page.messages] == [OfCampaign(ours.campaign_id, "campaign", "Spring", 1)]
