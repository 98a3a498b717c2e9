"""Contacts on a real database: one number is one contact, no change is lost, no other workspace sees anything."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import trio

from server.domain.messages import RowsChanged
from server.ports.contacts import ContactRow, MergedAway, NewPhone, PhoneTaken, Refused, Stale
from tests.store.world import ALICE, BOB, NOON, World

CAROL = "+12025550103"


async def made(world: World, first: str = "Maya", *addresses: str, **values: Any) -> ContactRow:
    phones = [NewPhone(address) for address in addresses]
    row = await world.store.contacts.create(1, 1, {"first_name": first, **values}, phones)
    assert isinstance(row, ContactRow), row
    return row


async def changed(world: World, contact_id: int, version: int | None = None, **values: Any) -> Any:
    return await world.store.contacts.change(1, 1, contact_id, values, version)


async def field(world: World, name: str = "budget", kind: str = "number", choices: Any = ()) -> None:
    await world.sql(
        "INSERT INTO custom_field (workspace_id, name, label, kind, choices) VALUES (1, $1, $2, $3, $4)",
        name,
        name.title(),
        kind,
        list(choices),
    )


async def other_workspace(world: World) -> int:
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'o')")
    await world.sql(
        "INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (2, 'e@x.org', 'Eve', 'owner', 'x')"
    )
    return 2


async def test_a_contact_is_read_as_it_was_made(world: World) -> None:
    await field(world)
    values = {
        "last_name": "Torres",
        "email": "m@x.org",
        "zone": "America/Denver",
        "owner_id": 1,
        "custom": {"budget": "$5"},
    }
    row = await made(world, "Maya", BOB, ALICE, **values)
    assert row == await world.store.contacts.get(1, row.contact_id)
    assert (row.name, row.email, row.owner and row.owner.name) == ("Maya Torres", "m@x.org", "Dana")
    assert [(p.address, p.priority, p.thread_id) for p in row.phones] == [(BOB, 0, None), (ALICE, 1, None)]
    assert (row.custom, row.source, row.version) == ({"budget": 5}, "member", 1)
    assert await world.value("SELECT array_agg(DISTINCT places) FROM endpoint") == [["America/Denver"]]


async def test_rows_come_in_the_order_asked_for_without_those_that_are_gone(world: World) -> None:
    ids = [(await made(world, name)).contact_id for name in ("A", "B", "C")]
    assert await world.store.contacts.delete(1, 1, ids[1])
    rows = await world.store.contacts.rows(1, [ids[2], 999, ids[1], ids[0]])
    assert [row.name for row in rows] == ["C", "A"]


async def test_a_number_of_another_contact_is_named_and_nothing_is_made(world: World) -> None:
    maya = await made(world, "Maya", ALICE)
    taken = await world.store.contacts.create(1, 1, {"first_name": "Liam"}, [NewPhone(BOB), NewPhone(ALICE)])
    assert taken == PhoneTaken(ALICE, maya.contact_id, "Maya")
    assert await world.value("SELECT count(*) FROM contact") == 1
    assert await world.value("SELECT count(*) FROM endpoint WHERE address = $1", BOB) == 0
    liam = await made(world, "Liam", BOB)
    assert await world.store.contacts.add_phone(1, 1, liam.contact_id, NewPhone(ALICE)) == taken


async def test_of_twenty_who_take_a_number_at_once_one_gets_it(world: World) -> None:
    outcomes: list[Any] = []

    async def take(name: str) -> None:
        outcomes.append(await world.store.contacts.create(1, 1, {"first_name": name}, [NewPhone(ALICE)]))

    async with trio.open_nursery() as nursery:
        for nth in range(20):
            nursery.start_soon(take, f"P{nth}")
    [winner] = [one for one in outcomes if isinstance(one, ContactRow)]
    assert [one for one in outcomes if one is not winner] == [PhoneTaken(ALICE, winner.contact_id, winner.name)] * 19
    assert await world.value("SELECT count(*) FROM contact") == 1


async def test_a_stale_edit_is_refused_with_the_present_row(world: World) -> None:
    row = await made(world)
    newer = await changed(world, row.contact_id, row.version, email="a@x.org")
    assert newer.version == 2
    refused = await changed(world, row.contact_id, row.version, email="b@x.org")
    assert refused == Stale(newer)
    assert (await changed(world, row.contact_id, email="c@x.org")).email == "c@x.org", (
        "without a version the last one wins"
    )


async def test_of_ten_edits_of_one_version_one_is_written(world: World) -> None:
    row, outcomes = await made(world), list[Any]()

    async def edit(nth: int) -> None:
        outcomes.append(await changed(world, row.contact_id, 1, city=f"City {nth}"))

    async with trio.open_nursery() as nursery:
        for nth in range(10):
            nursery.start_soon(edit, nth)
    [written] = [one for one in outcomes if isinstance(one, ContactRow)]
    assert all(one == Stale(written) for one in outcomes if one is not written)


async def test_an_edit_writes_the_fields_that_it_names_and_no_other(world: World) -> None:
    await field(world)
    await field(world, "pets", "boolean")
    row = await made(world, last_name="Torres", email="m@x.org", custom={"budget": 5, "pets": True})
    row = await changed(world, row.contact_id, first_name="Mia", zone=None, custom={"budget": None})
    assert (row.name, row.email, row.custom) == ("Mia Torres", "m@x.org", {"pets": True})
    row = await changed(world, row.contact_id, custom={"budget": 7})
    assert row.custom == {"pets": True, "budget": 7}


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        pytest.param(
            {"custom": {"budget": "much"}}, Refused("custom.budget", "Budget is a number."), id="a wrong type"
        ),
        pytest.param(
            {"custom": {"nose": 1}}, Refused("custom", "There is no custom field of that name."), id="no field"
        ),
        pytest.param({"owner_id": 2}, Refused("owner_id", "There is no such member."), id="another workspace's member"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_of_it_is_written(
    world: World, values: dict[str, Any], refused: Refused
) -> None:
    await other_workspace(world)
    await field(world)
    row = await made(world)
    assert await changed(world, row.contact_id, first_name="Mia", **values) == refused
    assert await world.store.contacts.get(1, row.contact_id) == row


async def test_renaming_a_contact_renames_all_its_threads_at_once(world: World) -> None:
    row = await made(world, "Maya", ALICE, BOB)
    threads = {(await world.receive(from_=who)).thread_id for who in (ALICE, BOB)}
    before = await world.store.inbox.rows(1, 1)
    world.told.clear()
    await changed(world, row.contact_id, email="m@x.org")
    assert world.heard(RowsChanged) == []
    await changed(world, row.contact_id, first_name="Mia")
    [told] = world.heard(RowsChanged)
    assert (told.workspace_id, set(told.thread_ids)) == (1, threads)
    after = await world.store.inbox.rows(1, 1, since=before.p)
    assert {(one.thread_id, one.name) for one in after.rows} == {(thread, "Mia") for thread in threads}
    versions = {one.thread_id: one.version for one in before.rows}
    assert all(one.version > versions[one.thread_id] for one in after.rows)


async def test_a_deleted_contact_leaves_its_threads_and_opt_outs_behind(world: World) -> None:
    row = await made(world, "Maya", ALICE)
    await world.stop()
    world.told.clear()
    assert await world.store.contacts.delete(1, 1, row.contact_id)
    assert await world.store.contacts.get(1, row.contact_id) is None
    assert not await world.store.contacts.delete(1, 1, row.contact_id)
    [thread] = (await world.store.inbox.rows(1, 1)).rows
    assert (thread.name, thread.contact_id, thread.opted_out) == (None, None, True)
    assert len(world.heard(RowsChanged)) == 1
    again = await made(world, "Mia", ALICE)
    assert again.phones[0].opted_out, "who comes back under a new name has still said stop"
    assert again.phones[0].thread_id == thread.thread_id


async def test_a_number_of_a_contact_that_was_only_marked_as_deleted_is_free(world: World) -> None:
    row = await made(world, "Maya", ALICE)
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id = $1", row.contact_id)
    assert (await made(world, "Mia", ALICE)).phones[0].address == ALICE


async def test_phones_stand_in_the_order_that_they_are_given(world: World) -> None:
    row: Any = await made(world, "Maya", ALICE, BOB)
    row = await world.store.contacts.add_phone(1, 1, row.contact_id, NewPhone(CAROL, "work"))
    assert [p.address for p in row.phones] == [ALICE, BOB, CAROL]
    carol = row.phones[2].endpoint_id
    row = await world.store.contacts.change_phone(1, 1, row.contact_id, carol, label="home", priority=0)
    assert [(p.address, p.label, p.priority) for p in row.phones] == [(CAROL, "home", 0), (ALICE, "", 1), (BOB, "", 2)]
    row = await world.store.contacts.add_phone(1, 1, row.contact_id, NewPhone(CAROL, "mobile"))
    assert [(p.address, p.label) for p in row.phones] == [(CAROL, "mobile"), (ALICE, ""), (BOB, "")]
    row = await world.store.contacts.remove_phone(1, 1, row.contact_id, carol)
    assert [p.address for p in row.phones] == [ALICE, BOB]
    assert await world.store.contacts.remove_phone(1, 1, row.contact_id, carol) is None
    assert await world.store.contacts.change_phone(1, 1, row.contact_id, carol, label="x") is None


async def test_a_number_that_changes_hands_takes_its_thread_along(world: World) -> None:
    row = await made(world, "Maya", ALICE)
    thread = (await world.receive(from_=ALICE)).thread_id
    await world.store.contacts.remove_phone(1, 1, row.contact_id, row.phones[0].endpoint_id)
    world.told.clear()
    liam: Any = await made(world, "Liam")
    liam = await world.store.contacts.add_phone(1, 1, liam.contact_id, NewPhone(ALICE))
    assert liam.phones[0].thread_id == thread
    assert world.heard(RowsChanged) == [RowsChanged(1, (thread,))]
    assert (await world.store.inbox.rows_by_id([thread]))[0].name == "Liam"


async def test_a_zone_joins_the_candidates_of_every_number(world: World) -> None:
    row = await made(world, "Maya", ALICE)
    await world.sql("UPDATE endpoint SET places = '{America/Chicago}'")
    await changed(world, row.contact_id, city="Denver")
    assert await world.value("SELECT places FROM endpoint") == ["America/Chicago"], "nobody spoke of zones"
    await changed(world, row.contact_id, zone="America/Denver")
    await world.store.contacts.add_phone(1, 1, row.contact_id, NewPhone(BOB))
    assert await world.value("SELECT array_agg(places) FROM endpoint") == [["America/Denver"], ["America/Denver"]]
    await changed(world, row.contact_id, zone=None)
    assert await world.value("SELECT bool_and(places = '{}') FROM endpoint")


async def test_a_zip_code_joins_the_candidates_of_american_numbers_alone(world: World) -> None:
    berlin = "+493012345678"
    row = await made(world, "Maya", ALICE, zip="37402-1234")
    await world.store.contacts.add_phone(1, 1, row.contact_id, NewPhone(berlin))
    places = "SELECT places FROM endpoint WHERE address = $1"
    assert await world.value(places, ALICE) == ["America/Chicago", "America/New_York", "US-TN"]
    assert await world.value(places, berlin) == []
    await changed(world, row.contact_id, zip="80202", zone="America/Phoenix")
    assert await world.value(places, ALICE) == ["America/Denver", "America/Phoenix", "US-CO"]
    assert await world.value(places, berlin) == ["America/Phoenix"]
    await changed(world, row.contact_id, zip="K1A 0B1", zone=None)
    assert await world.value("SELECT bool_and(places = '{}') FROM endpoint")


async def test_tags_are_exactly_those_that_are_given(world: World) -> None:
    row = await made(world)
    tags = world.store.contacts.set_tags
    first: Any = await tags(1, 1, row.contact_id, names=["Hot lead", "hot LEAD", "Open House"])
    assert [tag.name for tag in first.tags] == ["Hot lead", "Open House"]
    second: Any = await tags(1, 1, row.contact_id, tag_ids=[first.tags[1].tag_id], names=["HOT LEAD"])
    assert [tag.tag_id for tag in second.tags] == [tag.tag_id for tag in first.tags]
    third: Any = await tags(1, 1, row.contact_id, tag_ids=[first.tags[1].tag_id])
    assert [tag.name for tag in third.tags] == ["Open House"]
    assert await tags(1, 1, row.contact_id, tag_ids=[999]) == Refused("tag_ids", "There is no such tag.")
    assert (await world.store.contacts.set_tags(1, 1, row.contact_id)).tags == ()  # type: ignore[union-attr]  # a row


async def test_a_contact_stands_in_one_stage_of_a_pipeline(world: World) -> None:
    await world.sql("INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Buyers'), (1, 'Sellers')")
    await world.sql(
        "INSERT INTO stage (workspace_id, pipeline_id, name) VALUES (1, 1, 'New'), (1, 1, 'Won'), (1, 2, 'New')"
    )
    row = await made(world)
    stage = partial(world.store.contacts.set_stage, 1, 1, row.contact_id)
    await stage(1, 1)
    await stage(2, 3)
    now: Any = await stage(1, 2)
    assert [(one.pipeline, one.stage) for one in now.stages] == [("Buyers", "Won"), ("Sellers", "New")]
    now = await stage(1, None)
    assert [(one.pipeline, one.stage) for one in now.stages] == [("Sellers", "New")]
    assert await stage(1, 3) == Refused("stage_id", "There is no such stage in this pipeline.")
    assert await stage(9, None) == Refused("pipeline_id", "There is no such pipeline.")


async def test_showings_are_kept_by_time(world: World) -> None:
    row, contacts = await made(world), world.store.contacts
    late = await contacts.add_showing(1, 1, row.contact_id, "7 Linden St", NOON + timedelta(days=2), "")
    soon = await contacts.add_showing(1, 1, row.contact_id, "9 Cove Rd", NOON, "bring keys")
    assert await contacts.showings(1, row.contact_id) == [soon, late]
    assert await contacts.remove_showing(1, 1, row.contact_id, soon.showing_id)  # type: ignore[union-attr]  # a showing
    assert not await contacts.remove_showing(1, 1, row.contact_id, soon.showing_id)  # type: ignore[union-attr]
    assert await contacts.showings(1, row.contact_id) == [late]
    assert await contacts.showings(1, 999) is None


async def test_every_change_is_audited(world: World) -> None:
    row = await made(world, "Maya", ALICE)
    await changed(world, row.contact_id, first_name="Mia")
    await world.store.contacts.set_tags(1, 1, row.contact_id, names=["Hot"])
    await world.store.contacts.delete(1, 1, row.contact_id)
    actions = [one["action"] for one in await world.sql("SELECT action FROM audit WHERE member_id = 1 ORDER BY id")]
    assert actions == ["contact_created", "contact_changed", "contact_tagged", "contact_deleted"]


async def test_nothing_of_another_workspace_is_seen_or_changed(world: World) -> None:
    other = await other_workspace(world)
    row = await made(world, "Maya", ALICE)
    contacts, id_, phone = world.store.contacts, row.contact_id, row.phones[0].endpoint_id
    tagged: Any = await contacts.set_tags(1, 1, id_, names=["Hot"])
    showing: Any = await contacts.add_showing(1, 1, id_, "", NOON, "")
    row = await contacts.get(1, id_)  # type: ignore[assignment]  # a row
    assert await contacts.get(other, id_) is None
    assert await contacts.rows(other, [id_]) == []
    assert await contacts.change(other, 2, id_, {"first_name": "Stolen"}, None) is None
    assert not await contacts.delete(other, 2, id_)
    assert await contacts.add_phone(other, 2, id_, NewPhone(BOB)) is None
    assert await contacts.change_phone(other, 2, id_, phone, label="x") is None
    assert await contacts.remove_phone(other, 2, id_, phone) is None
    assert await contacts.set_tags(other, 2, id_, names=["x"]) is None
    assert await contacts.set_stage(other, 2, id_, 1, None) is None
    assert await contacts.showings(other, id_) is None
    assert await contacts.add_showing(other, 2, id_, "", NOON, "") is None
    assert not await contacts.remove_showing(other, 2, id_, showing.showing_id)
    assert await contacts.get(1, id_) == row
    mine: Any = await contacts.create(other, 2, {"first_name": "Mine"}, [NewPhone(ALICE)])
    assert isinstance(mine, ContactRow), "the same number is another contact there"
    assert await contacts.set_tags(other, 2, mine.contact_id, tag_ids=[tagged.tags[0].tag_id]) == Refused(
        "tag_ids", "There is no such tag."
    )


async def test_a_merged_contact_tells_where_it_went_through_a_chain(world: World) -> None:
    ids = [(await made(world, name)).contact_id for name in "ABC"]
    merge = "UPDATE contact SET deleted_at = now(), merged_into = $2 WHERE id = $1"
    await world.sql(merge, ids[0], ids[1])
    await world.sql(merge, ids[1], ids[2])
    assert await world.store.contacts.get(1, ids[0]) == MergedAway(ids[2])
    assert await changed(world, ids[0], first_name="x") == MergedAway(ids[2])
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id = $1", ids[2])
    assert await world.store.contacts.get(1, ids[0]) is None
