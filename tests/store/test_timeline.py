"""A contact's history: every text of every number, consent and calls, in one order, paged without a gap."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from server.domain.gate import MessageClass
from server.ports.contacts import MergedAway, NewPhone, Refused
from server.ports.timeline import Happening, NewCall, RecordedCall, TimelinePage
from tests.store.test_contacts import made, other_workspace
from tests.store.world import ALICE, BOB, NOON, World, later


async def page(world: World, contact_id: int, before: str | None = None, limit: int = 50) -> TimelinePage:
    found = await world.store.timeline.page(1, contact_id, before=before, limit=limit)
    assert isinstance(found, TimelinePage), found
    return found


async def call(world: World, name: str = "c1", **more: Any) -> Any:
    given: dict[str, Any] = {"direction": "out", "at": NOON, "address": ALICE} | more
    return await world.store.timeline.record_call(1, 1, NewCall(name, **given))


async def lived(world: World) -> int:
    """Texts both ways on two numbers, one in bulk, an opt-out, a call and an import."""
    maya = (await made(world, "Maya", ALICE, BOB)).contact_id
    await world.sql(
        "INSERT INTO campaign (workspace_id, kind, name, state) VALUES (1, 'bulk', 'Spring list', 'active')"
    )
    alice = (await world.receive("Hello", received_at=later(0))).thread_id
    bob = (await world.receive("From my other phone", from_=BOB, received_at=later(10))).thread_id
    await world.send(alice, body="Hi Maya", now=later(20))
    await world.send(bob, body="New homes", now=later(30), klass=MessageClass.BULK, campaign_id=1, author_id=None)
    await world.receive("STOP", keyword="STOP", received_at=later(40))
    await call(world, at=later(50), outcome="no_answer", duration_s=31, note="Try on Monday")
    await world.sql(
        "INSERT INTO import (workspace_id, member_id, name, state, consent, at, confirmed_at)"
        " VALUES (1, 1, 'open-house.csv', 'done', '{}', $1, $2)",
        later(-100),
        later(-50),
    )
    await world.sql(
        "INSERT INTO import_change (import_id, contact_id, kind, line, version) VALUES (1, $1, 'created', 2, 1)", maya
    )
    return maya


async def test_everything_stands_in_one_order_the_newest_first(world: World) -> None:
    items = (await page(world, await lived(world))).items
    told = [
        (one.kind, one.told.get("body") or one.told.get("event") or one.told.get("note") or one.told["name"])
        for one in items
    ]
    assert told == [
        ("call", "Try on Monday"),
        ("consent", "opted_out"),
        ("message", "STOP"),
        ("message", "New homes"),
        ("message", "Hi Maya"),
        ("message", "From my other phone"),
        ("message", "Hello"),
        ("import", "open-house.csv"),
    ]
    bulk, reply = items[3].told, items[4].told
    assert bulk["campaign"] == {"campaign_id": 1, "kind": "bulk", "name": "Spring list"}
    assert (reply["author"], reply["address"], reply["state"], reply["campaign"]) == ("Dana", ALICE, "queued", None)
    assert (items[0].told["outcome"], items[0].told["duration_s"], items[0].told["member"]) == ("no_answer", 31, "Dana")
    assert items[1].told["text"] == "STOP"


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_follow_each_other_without_a_gap_or_a_repetition(world: World, limit: int) -> None:
    maya = await lived(world)
    for nth in range(4):  # the same instant, on both numbers
        await world.receive(f"At once {nth}", from_=(ALICE, BOB)[nth % 2], received_at=later(40))
    whole, before = await page(world, maya), None
    seen: list[Happening] = []
    while True:
        part = await page(world, maya, before, limit)
        seen += part.items
        assert len(part.items) <= limit
        if part.next is None:
            break
        before = part.next
    assert seen == list(whole.items)
    assert len(seen) == 12


async def test_a_cursor_from_elsewhere_is_refused(world: World) -> None:
    maya = (await made(world)).contact_id
    for cursor in ("", "x", "1.2.3", "1.2.3.x", "1.9.3.4", "9" * 40 + ".0.1.1", "1.0.1.1.1", "1.0.²2.1"):
        with pytest.raises(ValueError, match="not a cursor"):
            await page(world, maya, cursor)


async def test_history_goes_with_the_numbers_when_contacts_merge(world: World) -> None:
    maya, other = await lived(world), (await made(world, "M.")).contact_id
    before = [one.told for one in (await page(world, maya)).items if one.kind != "import"]
    await world.store.contacts.merge(1, 1, other, maya)
    assert [one.told for one in (await page(world, other)).items] == before
    assert await world.store.timeline.page(1, maya) == MergedAway(other)


async def test_a_call_is_noted_once_and_its_outcome_can_follow(world: World) -> None:
    maya = (await made(world, "Maya", ALICE)).contact_id
    first = await call(world)
    assert first == RecordedCall(first.id, first.endpoint_id, maya)
    assert await call(world, contact_id=maya, address=None, outcome="left a message", duration_s=20) == first
    assert await call(world, outcome="", note="call back") == first
    [item] = (await page(world, maya)).items
    assert (item.told["outcome"], item.told["duration_s"], item.told["note"]) == ("left a message", 20, "call back")
    assert await call(world, address=BOB) == Refused("call_id", "This call_id is that of a call with another number.")
    assert await world.value("SELECT count(*) FROM contact") == 1, "nor is a stranger made by what is refused"


async def test_a_call_with_a_number_that_nobody_has_makes_a_contact_to_be_named(world: World) -> None:
    recorded = await call(world, address=BOB)
    stranger: Any = await world.store.contacts.get(1, recorded.contact_id)
    assert (stranger.name, stranger.source, stranger.phones[0].address) == ("", "api", BOB)
    assert await call(world, "c2", address=BOB, at=NOON + timedelta(hours=1)) is not None
    assert await world.value("SELECT count(*) FROM contact") == 1


async def test_a_call_with_a_contact_that_is_not_there_or_has_no_number_is_refused(world: World) -> None:
    maya = (await made(world)).contact_id
    assert await call(world, address=None, contact_id=999) is None
    assert await call(world, address=None, contact_id=maya) == Refused(
        "contact_id", "This contact has no phone number."
    )


async def test_another_workspace_sees_nothing_of_it(world: World) -> None:
    other = await other_workspace(world)
    maya = await lived(world)
    assert await world.store.timeline.page(other, maya) is None
    assert await world.store.timeline.record_call(other, 2, NewCall("c9", "out", NOON, contact_id=maya)) is None
    theirs: Any = await world.store.timeline.record_call(other, 2, NewCall("c1", "out", NOON, address=ALICE))
    assert theirs.contact_id != maya
    assert len((await page(world, maya)).items) == 8
    mine: Any = await world.store.contacts.create(other, 2, {"first_name": "Mine"}, [NewPhone(BOB)])
    assert (await world.store.timeline.page(other, mine.contact_id)).items == []  # type: ignore[union-attr]  # a page
