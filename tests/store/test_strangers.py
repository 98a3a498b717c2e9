"""Who writes to us, or is written to, is a contact from then on, to be named later; known ones stay who they are."""

from __future__ import annotations

from typing import Any

import trio

from server.ports.contacts import ContactRow, NewPhone, PhoneTaken
from server.store.named_sql import statements
from tests.store.test_contacts import changed, made
from tests.store.world import ALICE, BOB, World, holding, mo


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


async def test_whoever_was_deleted_and_writes_again_is_an_unknown_sender_with_all_that_was(world: World) -> None:
    maya = await made(world, "Maya", ALICE)
    await world.receive("Hello", from_=ALICE)
    await world.stop()
    assert await world.store.contacts.delete(1, 1, maya.contact_id)
    assert await contacts(world) == []
    thread = (await world.receive("Me again", from_=ALICE)).thread_id
    [stranger] = await contacts(world)
    assert (stranger.contact_id != maya.contact_id, stranger.name, stranger.source) == (True, "", "inbound")
    [phone] = stranger.phones
    assert (phone.address, phone.thread_id, phone.opted_out) == (ALICE, thread, True)
    assert await world.value("SELECT array_agg(body ORDER BY seq) FROM message") == ["Hello", "STOP", "Me again"]
    [row] = (await world.store.inbox.rows(1, 1)).rows
    assert (row.contact_id, row.name, row.opted_out) == (stranger.contact_id, None, True)
    await world.receive("And again", from_=ALICE)
    assert await contacts(world) == [await world.store.contacts.get(1, stranger.contact_id)]


async def test_a_number_whose_contact_was_only_marked_as_deleted_is_met_again(world: World) -> None:
    maya = await made(world, "Maya", ALICE)
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id = $1", maya.contact_id)
    await world.receive(from_=ALICE)
    [stranger] = await contacts(world)
    assert (stranger.name, [phone.address for phone in stranger.phones]) == ("", [ALICE])


async def test_who_is_named_while_the_forgotten_number_writes_in_is_one_contact(world: World) -> None:
    for nth in range(5):
        for one in await contacts(world):
            await world.store.contacts.delete(1, 1, one.contact_id)
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(world.store.ledger.record_mo, mo(from_=ALICE))
            nursery.start_soon(world.store.contacts.create, 1, 1, {"first_name": f"Maya {nth}"}, [NewPhone(ALICE)])
        [only] = await contacts(world)
        assert [phone.address for phone in only.phones] == [ALICE]


async def test_a_number_that_is_named_before_a_stranger_could_be_made_of_it_stays_who_it_is(world: World) -> None:
    """T1 looks, and finds nobody; the other transaction commits; T1 goes on."""
    maya = await made(world, "Maya", ALICE)
    await world.store.contacts.delete(1, 1, maya.contact_id)
    name_it = (
        "INSERT INTO contact (workspace_id, first_name) VALUES (1, 'Mia')",
        "INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id) SELECT 1, max(c.id), 1 FROM contact c",
    )
    async with trio.open_nursery() as nursery, holding(world, *name_it) as other:
        nursery.start_soon(world.store.ledger.record_mo, mo(from_=ALICE))
        while not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await trio.lowlevel.checkpoint()
        await world.store.bridge.call(lambda: other.execute("COMMIT"))
    assert [one.name for one in await contacts(world)] == ["Mia"]
    assert await world.value("SELECT count(*) FROM message") == 1
