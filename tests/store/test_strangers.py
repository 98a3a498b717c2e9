"""Who writes to us, or is written to, is a contact from then on, to be named later; known ones stay who they are."""

from __future__ import annotations

from typing import Any

import trio

from server.ports.contacts import ContactRow, NewPhone, PhoneTaken
from server.store.named_sql import statements
from tests.store.test_contacts import changed, made
from tests.store.world import ALICE, BOB, World, mo


async def contacts(world: World) -> list[ContactRow]:
    ids = [row["id"] for row in await world.sql("SELECT id FROM contact WHERE deleted_at IS NULL ORDER BY id")]
    return list(await world.store.contacts.rows(1, ids))


async def test_an_unknown_sender_becomes_a_contact_to_be_named_later(world: World) -> None:
    thread = (await world.receive(from_=ALICE)).thread_id
    [stranger] = await contacts(world)
    assert (stranger.name, stranger.source) == ("", "inbound")
    assert [(phone.address, phone.thread_id) for phone in stranger.phones] == [(ALICE, thread)]
    [row] = (await world.store.inbox.rows(1, 1)).rows
    assert (row.name, row.contact_id) == (None, stranger.contact_id)
    await changed(world, stranger.contact_id, first_name="Maya")
    await world.receive(from_=ALICE)
    [row] = (await world.store.inbox.rows(1, 1)).rows
    assert (row.name, row.contact_id) == ("Maya", stranger.contact_id)


async def test_a_known_sender_makes_nobody(world: World) -> None:
    maya = await made(world, "Maya", ALICE)
    await world.receive(from_=ALICE)
    assert [one.contact_id for one in await contacts(world)] == [maya.contact_id]


async def test_strangers_of_one_batch_are_one_contact_each(world: World) -> None:
    async with trio.open_nursery() as nursery:
        for who in (ALICE, BOB, ALICE, BOB, ALICE):
            nursery.start_soon(world.store.ledger.record_mo, mo(from_=who))
    assert sorted(one.phones[0].address for one in await contacts(world)) == [ALICE, BOB]


async def test_who_names_a_number_while_it_writes_in_is_told_whose_it_became(world: World) -> None:
    outcomes: list[Any] = []

    async def name_it() -> None:
        outcomes.append(await world.store.contacts.create(1, 1, {"first_name": "Maya"}, [NewPhone(ALICE)]))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(world.store.ledger.record_mo, mo(from_=ALICE))
            nursery.start_soon(name_it)
    [only] = await contacts(world)
    assert {one.contact_id for one in outcomes} == {only.contact_id}
    assert len([one for one in outcomes if isinstance(one, PhoneTaken)]) >= 4
    assert [phone.address for phone in only.phones] == [ALICE]


async def test_numbers_of_a_bulk_text_are_met_too(world: World) -> None:
    maya = await made(world, "Maya", ALICE)
    make = statements("bulk")["make_endpoints"]
    for _ in range(2):
        await world.sql(make, 1, [ALICE, BOB])
    assert [(one.name, one.source, one.phones[0].address) for one in await contacts(world)] == [
        ("Maya", "member", ALICE),
        ("", "member", BOB),
    ]
    assert (await contacts(world))[0].contact_id == maya.contact_id


async def test_a_thread_knows_when_it_was_last_written_in_and_to(world: World) -> None:
    recorded = await world.receive(from_=ALICE)
    [one] = await contacts(world)
    assert (one.last_in_at is not None, one.last_out_at) == (True, None)
    await world.send(recorded.thread_id)
    [one] = await contacts(world)
    assert one.last_out_at is not None
    await world.stop()
    [owed] = await world.store.ledger.owed_answers(1)
    before = one.last_in_at
    [one] = await contacts(world)
    assert before is not None
    assert one.last_in_at is not None
    assert one.last_in_at >= before
    assert owed.thread_id == recorded.thread_id
