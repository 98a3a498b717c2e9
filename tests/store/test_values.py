"""What tokens stand for, from real rows: for one contact and for thousands, never another workspace's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from server.domain.tokens import KNOWN
from server.ports.contacts import NOBODY, ContactRow, NewPhone
from tests.store.test_contacts import field, made, other_workspace
from tests.store.world import ALICE, NOON, World


async def values(world: World, *contact_ids: int, member: int = 1, workspace: int = 1) -> Any:
    return await world.store.values.values(workspace, member, contact_ids, NOON)


async def test_a_contacts_values_are_its_rows(world: World) -> None:
    await field(world)
    row = await made(
        world, "Maya", ALICE, zone="America/Denver", property_address="7 Linden St", custom={"budget": 4500}
    )
    await world.store.contacts.add_showing(1, 1, row.contact_id, "9 Cove Rd", NOON + timedelta(hours=1), "")
    told = await values(world, row.contact_id)
    assert told == {
        row.contact_id: {
            "first_name": "Maya",
            "last_name": None,
            "agent_name": "Dana",
            "property_address": "7 Linden St",
            "showing_time": "Tue, Mar 10 at 11:00 AM MDT",
            "budget": "4,500",
        },
        NOBODY: dict.fromkeys([*KNOWN, "budget"]) | {"agent_name": "Dana"},
    }
    assert await world.store.values.token_values(1, row.contact_id, 1, NOON) == told[row.contact_id]
    assert await world.store.values.names(1) == KNOWN | {"budget"}


async def test_the_next_showing_counts_and_no_past_one(world: World) -> None:
    row = await made(world, zone="America/New_York")
    for hours in (-1, 0, 30, 3):
        at = NOON + timedelta(hours=hours)
        await world.store.contacts.add_showing(1, 1, row.contact_id, f"in {hours} hours", at, "")
    told = (await values(world, row.contact_id))[row.contact_id]
    assert (told["showing_time"], told["property_address"]) == ("Tue, Mar 10 at 3:00 PM EDT", "in 3 hours")


async def test_the_first_number_says_where_somebody_is_whose_zone_is_unknown(world: World) -> None:
    row = await made(world, "Maya", "+12065550142", ALICE)
    await world.store.contacts.add_showing(1, 1, row.contact_id, "", NOON + timedelta(hours=1), "")
    assert (await values(world, row.contact_id))[row.contact_id]["showing_time"] == "Tue, Mar 10 at 10:00 AM PDT"


async def test_who_is_not_there_is_left_out(world: World) -> None:
    await other_workspace(world)
    theirs = await world.store.contacts.create(2, 2, {"first_name": "Zed"}, [NewPhone(ALICE)])
    assert isinstance(theirs, ContactRow)
    gone = await made(world)
    await world.store.contacts.delete(1, 1, gone.contact_id)
    assert (await values(world, theirs.contact_id, gone.contact_id, 999)).keys() == {NOBODY}
    assert await world.store.values.token_values(1, theirs.contact_id, 1, NOON) is None
    assert (await values(world, member=2))[NOBODY]["agent_name"] is None, "nor is a member of another workspace"


async def test_thousands_are_read_at_once(world: World) -> None:
    await world.sql("INSERT INTO contact (workspace_id, first_name) SELECT 1, 'P' || n FROM generate_series(1, 5000) n")
    told = await values(world, *range(1, 5001))
    assert len(told) == 5001
    assert told[4711]["first_name"] == "P4711"
