"""Where a text goes that is written to a number or a contact, on a real database."""

from __future__ import annotations

from uuid import uuid4

import trio

from server.ports.compose import Unreachable, Wanted
from tests.store.world import ALICE, BOB, NOON, OTHER_NUMBER, World, holding, mt

NOBODY_YET = "+12025550150"


async def open_one(world: World, *, number_id: int | None = None, **whom: object) -> int | Unreachable:
    wanted = Wanted(uuid4(), **whom)  # type: ignore[arg-type]  # an address or a contact
    [place] = await world.store.compose.open_threads(1, [wanted], number_id, NOON)
    return place


async def contact(world: World, *addresses: str) -> int:
    """A contact with these phones in this order."""
    made: int = await world.value("INSERT INTO contact (workspace_id, first_name) VALUES (1, 'Maya') RETURNING id")
    for nth, address in enumerate(addresses):
        await world.sql(
            "WITH e AS (INSERT INTO endpoint (workspace_id, address) VALUES (1, $2) RETURNING id)"
            " INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id, priority) SELECT 1, $1, id, $3 FROM e",
            made,
            address,
            nth,
        )
    return made


async def address_of(world: World, thread: int | Unreachable) -> str:
    found: str = await world.value(
        "SELECT e.address FROM thread t JOIN endpoint e ON e.id = t.endpoint_id WHERE t.id = $1", thread
    )
    return found


async def test_a_number_that_nobody_has_becomes_a_contact_to_be_named_with_one_thread(world: World) -> None:
    first = await open_one(world, address=NOBODY_YET)
    assert await open_one(world, address=NOBODY_YET) == first
    [row] = await world.sql(
        "SELECT source, first_name, count(*) OVER () AS all FROM contact JOIN contact_phone ON contact_id = contact.id"
    )
    assert (row["source"], row["first_name"], row["all"]) == ("member", "", 1)
    assert await world.value("SELECT count(*) FROM thread") == 1


async def test_only_an_opened_thread_is_not_waited_for_and_whatever_comes_next_is(world: World) -> None:
    shown: list[str] = []

    async def show() -> None:
        shown.append(await world.store.call(lambda c: c.fetchval("SHOW synchronous_commit", timeout=10)))

    for nth in range(4):
        await open_one(world, address=f"+1202555016{nth}")
        async with trio.open_nursery() as nursery:  # on each connection there is
            for _ in range(8):
                nursery.start_soon(show)
    assert {*shown} == {"on"}


async def test_a_thread_is_listed_once_it_has_a_text(world: World) -> None:
    thread = await open_one(world, address=NOBODY_YET)
    assert isinstance(thread, int)
    assert (await world.store.inbox.rows(1, 1)).rows == []
    assert (await world.store.inbox.rows(1, 1, since=0)).rows == []
    await world.send(thread)
    assert [row.thread_id for row in (await world.store.inbox.rows(1, 1)).rows] == [thread]


async def test_who_has_written_before_is_answered_in_the_same_thread(world: World) -> None:
    assert await open_one(world, address=ALICE) == (await world.receive()).thread_id


async def test_a_contact_is_reached_at_its_first_phone_that_can_receive_texts(world: World) -> None:
    maya = await contact(world, ALICE, BOB)
    assert await address_of(world, await open_one(world, contact_id=maya)) == ALICE
    await world.sql("UPDATE endpoint SET invalid_reason = '30006' WHERE address = $1", ALICE)
    assert await address_of(world, await open_one(world, contact_id=maya)) == BOB


async def test_an_opt_out_is_not_evaded_by_a_contacts_other_phone(world: World) -> None:
    maya = await contact(world, ALICE, BOB)
    await world.stop()
    assert await address_of(world, await open_one(world, contact_id=maya)) == ALICE


async def test_what_was_merged_is_reached_as_what_it_became(world: World) -> None:
    maya, twin = await contact(world, ALICE), await contact(world)
    await world.sql("UPDATE contact SET deleted_at = now(), merged_into = $1 WHERE id = $2", maya, twin)
    assert await open_one(world, contact_id=twin) == await open_one(world, contact_id=maya)


async def test_who_cannot_be_reached_is_told_apart(world: World) -> None:
    assert await open_one(world, contact_id=99) == Unreachable("no_contact")
    assert await open_one(world, contact_id=await contact(world)) == Unreachable("no_phone")
    gone = await contact(world, BOB)
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id = $1", gone)
    assert await open_one(world, contact_id=gone) == Unreachable("no_contact")
    assert await open_one(world, address=ALICE, number_id=77) == Unreachable("no_number")
    assert await world.value("SELECT count(*) FROM endpoint WHERE address = $1", ALICE) == 0


async def test_another_workspaces_contacts_and_numbers_are_not_there(world: World) -> None:
    maya = await contact(world, ALICE)
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'o')")
    wanted = [Wanted(uuid4(), contact_id=maya), Wanted(uuid4(), address=ALICE)]
    assert await world.store.compose.open_threads(2, wanted, None, NOON) == [
        Unreachable("no_contact"),
        Unreachable("no_number"),
    ]
    assert await world.store.compose.open_threads(2, wanted[1:], 1, NOON) == [Unreachable("no_number")]


async def test_a_new_thread_is_written_from_the_line_that_was_chosen(world: World) -> None:
    thread = await open_one(world, address=ALICE)
    assert thread == await open_one(world, address=ALICE, number_id=2)
    page = await world.store.inbox.thread(1, 1, thread if isinstance(thread, int) else 0)
    assert page is not None
    assert page.thread.number == OTHER_NUMBER
    await world.send(page.thread.thread_id)
    await open_one(world, address=ALICE, number_id=1)
    assert await world.value("SELECT number_id FROM thread") == 2, "a conversation keeps its line"


async def test_a_command_that_was_taken_keeps_its_thread(world: World) -> None:
    maya = await contact(world, ALICE, BOB)
    wanted = Wanted(uuid4(), contact_id=maya)
    [thread] = await world.store.compose.open_threads(1, [wanted], None, NOON)
    assert isinstance(thread, int)
    await world.store.ledger.enqueue_mt(mt(thread, cmd_id=wanted.cmd_id))
    await world.sql("UPDATE contact_phone SET priority = 9 - priority")
    assert await world.store.compose.open_threads(1, [wanted], None, NOON) == [thread]


async def test_twenty_at_once_make_one_contact_and_one_thread(world: World) -> None:
    found = []

    async def one() -> None:
        found.append(await open_one(world, address=NOBODY_YET))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(one)
    assert len(set(found)) == 1
    assert await world.sql("SELECT count(*) AS n FROM contact") == await world.sql("SELECT count(*) AS n FROM thread")


async def test_many_are_opened_in_one_go_each_number_once(world: World) -> None:
    wanted = [Wanted(uuid4(), address=f"+120255501{n % 40:02}") for n in range(80)]
    found = await world.store.compose.open_threads(1, wanted, None, NOON)
    assert found[:40] == found[40:]
    assert len(set(found)) == 40


async def test_a_contact_that_another_makes_meanwhile_leaves_no_empty_twin(world: World) -> None:
    await world.sql("INSERT INTO endpoint (workspace_id, address) VALUES (1, $1)", ALICE)
    async with (
        trio.open_nursery() as nursery,
        holding(
            world,
            "INSERT INTO contact (workspace_id) VALUES (1)",
            "INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id) VALUES (1, 1, 1)",
        ) as other,
    ):
        nursery.start_soon(lambda: open_one(world, address=ALICE))
        while not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await trio.lowlevel.checkpoint()
        await world.store.bridge.call(lambda: other.execute("COMMIT"))
    assert await world.value("SELECT array_agg(id) FROM contact") == [1]
