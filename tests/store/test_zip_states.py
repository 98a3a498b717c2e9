"""A ZIP code's state through the real gate: its hours and caps bind every number of whoever lives there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.domain.gate import MessageClass
from server.domain.timetable import LAST_CALL
from server.ports import Authorised, Refused
from server.ports.compose import Whereabouts, Whom
from server.ports.contacts import ContactRow, NewPhone
from server.ports.mass_edit import MassEdit
from tests.store.test_contacts import changed, made
from tests.store.test_imports import bring, undo
from tests.store.test_merge import merged
from tests.store.world import NOON, World, later

_, PERSON, LATER, _, BULK = MessageClass
GEORGIA, GEORGIA_TOO, FLORIDA, BERLIN = "+14045550101", "+14045550102", "+13055550101", "+493012345678"
MIAMI, ATLANTA = "33130", "30309"
EVENING = datetime(2026, 3, 11, 0, 30, tzinfo=UTC)  # half past eight in Miami and Atlanta
EIGHT_PM = datetime(2026, 3, 11, 0, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


async def waiting(world: World, address: str, klass: MessageClass = BULK) -> tuple[int, int]:
    thread = (await world.receive(from_=address)).thread_id
    return thread, (await world.send(thread, klass=klass)).seq


async def places(world: World, address: str = GEORGIA) -> list[str]:
    found: list[str] = await world.value("SELECT places FROM endpoint WHERE address = $1", address)
    return found


# What may leave


@pytest.mark.parametrize(
    ("address", "zip_code", "klass", "leaves"),
    [
        pytest.param(GEORGIA, "", BULK, True, id="no ZIP code"),
        pytest.param(GEORGIA, ATLANTA, BULK, True, id="Georgia's ZIP code"),
        pytest.param(GEORGIA, MIAMI, BULK, False, id="Florida's ZIP code, Georgia's number"),
        pytest.param(GEORGIA, MIAMI, LATER, False, id="for later too"),
        pytest.param(FLORIDA, ATLANTA, BULK, False, id="Georgia's ZIP code, Florida's number"),
        pytest.param(GEORGIA, "34012", BULK, True, id="military mail"),
        pytest.param(GEORGIA, "02116", BULK, True, id="a state without rules"),
    ],
)
async def test_in_the_evening_the_zip_codes_state_decides_and_all_who_are_asked_agree(
    world: World, address: str, zip_code: str, klass: MessageClass, leaves: bool
) -> None:
    await made(world, "Maya", address, zip=zip_code)
    thread, seq = await waiting(world, address, klass)
    told = await world.store.compose.whereabouts(1, Whom(address), EVENING)
    shown = await world.store.inbox.hours(1, thread, EVENING)
    [answer] = await world.answers(now=EVENING)
    assert isinstance(told, Whereabouts)
    assert shown == told.local
    assert (told.local.hours.open, isinstance(answer, Authorised)) == (leaves, leaves)
    assert told.local.zip_states == (("US-FL",) if (address, zip_code) == (GEORGIA, MIAMI) else ())
    if not leaves:
        box = await world.box(thread, seq)
        assert isinstance(answer, Refused)
        assert (answer.verdict, answer.reason) == ("deferred", "quiet_hours")
        assert box is not None
        assert (box["state"], box["due_at"], told.local.hours.until) == ("queued", MORNING, MORNING)
        assert await world.authorise(now=MORNING - timedelta(microseconds=1)) == []
        assert len(await world.authorise(now=MORNING)) == 1


async def test_a_person_writes_at_any_hour_and_it_is_noted(world: World) -> None:
    await made(world, "Maya", GEORGIA, zip=MIAMI)
    await waiting(world, GEORGIA, PERSON)
    [sent] = await world.authorise(now=EVENING)
    assert await world.value("SELECT reason FROM attempt WHERE id = $1", sent.attempt_id) == "quiet_hours"


async def test_the_carrier_may_try_until_evening_in_the_zip_codes_state_and_at_its_last_call_nothing_leaves(
    world: World,
) -> None:
    await made(world, "Maya", GEORGIA, zip=MIAMI)
    await waiting(world, GEORGIA)
    assert await world.authorise(now=EIGHT_PM - LAST_CALL, rows=await world.queued()) == []
    await world.sql("UPDATE outbox SET due_at = $1", NOON)
    [sent] = await world.authorise(now=EIGHT_PM - timedelta(hours=1))
    assert sent.request.validity_s == 3600


async def test_the_zip_codes_state_lets_three_a_day_through(world: World) -> None:
    await made(world, "Maya", GEORGIA, zip=MIAMI)
    thread, _ = await waiting(world, GEORGIA)
    for _ in range(3):
        await world.send(thread, klass=BULK)
    assert len(await world.authorise()) == 3
    [left] = await world.sql("SELECT due_at, reason FROM outbox WHERE state = 'queued'")
    assert tuple(left) == (later(24 * 3600), "cap_reached")


async def test_a_zip_code_that_is_changed_while_a_text_is_queued_counts_when_it_would_leave(world: World) -> None:
    maya = await made(world, "Maya", GEORGIA, zip=ATLANTA)
    await waiting(world, GEORGIA)
    await changed(world, maya.contact_id, zip=MIAMI)
    assert await world.authorise(now=EVENING) == []
    await waiting(world, GEORGIA)
    await changed(world, maya.contact_id, zip=ATLANTA)
    [row] = [
        row for row in await world.queued() if await world.value("SELECT reason IS NULL FROM outbox WHERE id = $1", row)
    ]
    assert len(await world.authorise(now=EVENING, rows=[row])) == 1


# Who writes it down


async def made_so(world: World) -> None:
    await made(world, "Maya", GEORGIA, zip=MIAMI)


async def told_later(world: World) -> None:
    maya = await made(world, "Maya", GEORGIA)
    await changed(world, maya.contact_id, zip=MIAMI)


async def got_the_number_later(world: World) -> None:
    maya = await made(world, "Maya", GEORGIA_TOO, zip=MIAMI)
    await world.store.contacts.add_phone(1, 1, maya.contact_id, NewPhone(GEORGIA))


async def wrote_first(world: World) -> None:
    await world.receive(from_=GEORGIA)
    stranger = await world.value("SELECT id FROM contact")
    await changed(world, stranger, zip=MIAMI)


async def became_part_of_one_who_lives_there(world: World) -> None:
    await world.receive(from_=GEORGIA)
    stranger = await world.value("SELECT id FROM contact")
    maya = await made(world, "Maya", GEORGIA_TOO, zip=MIAMI)
    await merged(world, maya.contact_id, stranger)


async def took_in_one_who_lives_there(world: World) -> None:
    bo, maya = await made(world, "Bo", GEORGIA), await made(world, "Maya", GEORGIA_TOO, zip=MIAMI)
    await merged(world, bo.contact_id, maya.contact_id)


async def was_deleted(world: World) -> None:
    """The number may still get what was queued; a ZIP code that nobody denied stays with it."""
    maya = await made(world, "Maya", GEORGIA, zip=MIAMI)
    await world.store.contacts.delete(1, 1, maya.contact_id)


async def was_deleted_and_came_back_unnamed(world: World) -> None:
    await was_deleted(world)
    await world.receive(from_=GEORGIA)


async def was_changed_with_many(world: World) -> None:
    maya = await made(world, "Maya", GEORGIA, zip=MIAMI)
    assert await world.store.mass_edits.edit(1, 1, [maya.contact_id], MassEdit(add_tags=("VIP",))) == 1


async def came_in_a_list(world: World) -> None:
    await bring(world, f"Name,Phone,ZIP\nMaya,{GEORGIA},{MIAMI}\n")


async def was_there_before_the_list(world: World) -> None:
    await made(world, "Maya", GEORGIA, zip=ATLANTA)
    await bring(world, f"Name,Phone,ZIP\nMaya,{GEORGIA},{MIAMI}\n")


async def has_another_number_in_the_list(world: World) -> None:
    maya = await made(world, "Maya", GEORGIA_TOO)
    await world.store.contacts.add_phone(1, 1, maya.contact_id, NewPhone(GEORGIA))
    await bring(world, f"Name,Phone,ZIP\nMaya,{GEORGIA_TOO},{MIAMI}\n")


async def got_the_number_by_a_list_that_has_no_zip_codes(world: World) -> None:
    await made(world, "Maya", BERLIN, zip=MIAMI)
    await bring(world, f"Name,Phone,Phone 2\nMaya,{BERLIN},{GEORGIA}\n", places=["name", "phone", "phone"])


async def stands_in_the_list_twice(world: World) -> None:
    await made(world, "Maya", GEORGIA)
    row = f"Maya,{GEORGIA_TOO},{GEORGIA},\n"
    await bring(
        world, f"Name,Phone,Phone 2,ZIP\n{row}Maya,{GEORGIA_TOO},,{MIAMI}\n", places=["name", "phone", "phone", "zip"],
        slice_rows=1,
    )  # fmt: skip


async def was_in_a_list_of_another_place_that_was_undone(world: World) -> None:
    await made(world, "Maya", GEORGIA, zip=MIAMI)
    done = await bring(world, f"Name,Phone,ZIP\nMaya,{GEORGIA},{ATLANTA}\n")
    assert (await undo(world, done.import_id)).taken_back == 1


WRITERS = [
    made_so, told_later, got_the_number_later, wrote_first, became_part_of_one_who_lives_there,
    took_in_one_who_lives_there, was_deleted, was_deleted_and_came_back_unnamed, was_changed_with_many, came_in_a_list,
    was_there_before_the_list, has_another_number_in_the_list, got_the_number_by_a_list_that_has_no_zip_codes,
    stands_in_the_list_twice, was_in_a_list_of_another_place_that_was_undone,
]  # fmt: skip


@pytest.mark.parametrize("happens", [pytest.param(one, id=one.__name__.replace("_", " ")) for one in WRITERS])
async def test_who_lives_in_florida_gets_nothing_in_bulk_in_its_evening(
    world: World, happens: Callable[[World], Awaitable[None]]
) -> None:
    await happens(world)
    assert "US-FL" in await places(world)
    await waiting(world, GEORGIA)
    assert await world.authorise(now=EVENING) == []


async def moved_away(world: World, maya: ContactRow) -> None:
    await changed(world, maya.contact_id, zip=ATLANTA)


async def has_no_zip_code_any_more(world: World, maya: ContactRow) -> None:
    await changed(world, maya.contact_id, zip="")


@pytest.mark.parametrize("happens", [moved_away, has_no_zip_code_any_more])
async def test_who_does_not_live_there_any_more_is_free_of_its_hours(
    world: World, happens: Callable[[World, ContactRow], Awaitable[None]]
) -> None:
    await happens(world, await made(world, "Maya", GEORGIA, GEORGIA_TOO, zip=MIAMI))
    for address in (GEORGIA, GEORGIA_TOO):
        assert "US-FL" not in await places(world, address)


async def test_a_list_that_is_taken_back_leaves_the_places_as_they_were(world: World) -> None:
    await made(world, "Maya", GEORGIA, GEORGIA_TOO, zip=ATLANTA)
    before = await places(world), await places(world, GEORGIA_TOO)
    done = await bring(world, f"Name,Phone,ZIP,Zone\nMaya,{GEORGIA},{MIAMI},America/Denver\n")
    expected = ["America/Denver", "America/New_York", "US-FL", "US-GA"]
    assert (await places(world), await places(world, GEORGIA_TOO)) == (expected, expected)
    await undo(world, done.import_id)
    assert (await places(world), await places(world, GEORGIA_TOO)) == before


async def test_a_list_says_nothing_of_a_strangers_number_that_another_workspace_has(world: World) -> None:
    await made(world, "Maya", GEORGIA)
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'o')")
    await world.sql("INSERT INTO endpoint (workspace_id, address) VALUES (2, $1)", GEORGIA)
    await bring(world, f"Name,Phone,ZIP\nMaya,{GEORGIA},{MIAMI}\n")
    rows: Any = await world.sql("SELECT workspace_id, places FROM endpoint ORDER BY 1")
    assert [(row["workspace_id"], "US-FL" in row["places"]) for row in rows] == [(1, True), (2, False)]
