"""How many contacts there are is kept beside them: after whatever was written it is what counting them all gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import trio

from server.ports.contacts import ContactRow, NewPhone
from tests.store.test_imports import bring, undo
from tests.store.world import ALICE, BOB, NOON, World

pytestmark = pytest.mark.integration

_LIST = "Name,Phone\nAna,2025550141\nBen,2025550142\nCleo,2025550143\n"


async def counted(world: World, workspace_id: int = 1) -> int:
    """What the tally says, which is what a recount says."""
    told = await world.store.finder.count(workspace_id)
    recount = "SELECT count(*) FROM contact WHERE workspace_id = $1 AND deleted_at IS NULL"
    assert told == await world.value(recount, workspace_id)
    return told


async def made(world: World, name: str, *addresses: str) -> ContactRow:
    row = await world.store.contacts.create(1, 1, {"first_name": name}, [NewPhone(one) for one in addresses])
    assert isinstance(row, ContactRow)
    return row


async def _by_hand(world: World) -> None:
    await made(world, "Maya", ALICE)


async def _refused(world: World) -> None:
    await made(world, "Maya", ALICE)
    assert not isinstance(
        await world.store.contacts.create(1, 1, {"first_name": "Twin"}, [NewPhone(ALICE)]), ContactRow
    )


async def _by_a_text(world: World) -> None:
    await world.receive(from_=ALICE)
    await world.receive(from_=ALICE)


async def _deleted(world: World) -> None:
    assert await world.store.contacts.delete(1, 1, (await made(world, "Maya", ALICE)).contact_id)


async def _merged(world: World) -> None:
    pair = [(await made(world, "Maya", one)).contact_id for one in (ALICE, BOB)]
    assert isinstance(await world.store.contacts.merge(1, 1, *pair), ContactRow)


async def _listed(world: World) -> None:
    await bring(world, _LIST)


async def _listed_and_undone(world: World) -> None:
    assert (await undo(world, (await bring(world, _LIST)).import_id)).taken_back == 3


async def _changed(world: World) -> None:
    row = await made(world, "Maya", ALICE)
    assert isinstance(await world.store.contacts.change(1, 1, row.contact_id, {"city": "Salem"}, None), ContactRow)


@pytest.mark.parametrize(
    ("write", "there"),
    [
        (_by_hand, 1), (_refused, 1), (_by_a_text, 1), (_deleted, 0), (_merged, 1), (_listed, 3),
        (_listed_and_undone, 0), (_changed, 1),
    ],
    ids=lambda one: one.__name__.strip("_") if callable(one) else None,
)  # fmt: skip
async def test_after_each_way_of_writing(world: World, write: Callable[[World], Awaitable[None]], there: int) -> None:
    assert await counted(world) == 0
    await write(world)
    assert await counted(world) == there


async def test_rows_that_go_or_come_back_are_counted_and_each_workspace_has_its_own(world: World) -> None:
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'Other', 'x')")
    await world.sql("INSERT INTO contact (workspace_id) SELECT 1 + n % 2 FROM generate_series(1, 9) n")
    assert [await counted(world, one) for one in (1, 2)] == [4, 5]
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id IN (SELECT id FROM contact LIMIT 3)")
    await world.sql("UPDATE contact SET deleted_at = now() + interval '1 s' WHERE deleted_at IS NOT NULL")
    left = [await counted(world, one) for one in (1, 2)]
    assert sum(left) == 6
    await world.sql("DELETE FROM contact WHERE deleted_at IS NOT NULL")
    assert [await counted(world, one) for one in (1, 2)] == left
    await world.sql("DELETE FROM contact WHERE workspace_id = 2")
    assert [await counted(world, one) for one in (1, 2)] == [left[0], 0]


async def test_who_counts_everybody_by_an_empty_filter_or_all_but_some_gets_the_same(world: World) -> None:
    for address in (ALICE, BOB):
        await world.receive(from_=address)
    await made(world, "Liam")
    never: Any = {"field": "last_text", "is": "never"}
    definitions: list[Any] = [None, {"all": []}, never]
    assert [await world.store.finder.count(1, one) for one in definitions] == [3, 3, 1]


async def test_many_rows_become_one_while_others_write_and_count(world: World) -> None:
    async def write() -> None:
        for _ in range(120):
            await world.sql("INSERT INTO contact (workspace_id) VALUES (1)")

    async def add_up() -> None:
        for _ in range(5):
            await world.store.pruning.prune(NOON - timedelta(days=7), 100)
            await counted_alike(world)

    for _ in range(2):
        async with trio.open_nursery() as nursery:
            for work in (write, add_up, add_up):
                nursery.start_soon(work)
    await world.store.pruning.prune(NOON - timedelta(days=7), 100)
    assert await world.value("SELECT count(*) FROM contact_tally") <= 100
    assert await counted(world) == 240


async def counted_alike(world: World) -> None:
    """In one snapshot: while others write, two statements may differ."""
    told, there = (
        await world.sql("SELECT (SELECT coalesce(sum(n), 0) FROM contact_tally), (SELECT count(*) FROM contact)")
    )[0]
    assert told == there
