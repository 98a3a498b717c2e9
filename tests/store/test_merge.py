"""Two contacts become one: threads, opt-outs and history stay, nothing is lost, and who merges meanwhile waits."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import trio

from server.domain.messages import RowsChanged
from server.ports.contacts import ContactRow, MergedAway, NewPhone, Refused, Stale
from tests.store.test_contacts import changed, field, made, other_workspace
from tests.store.world import ALICE, BOB, NOON, World

CAROL = "+12025550103"


async def merged(world: World, kept: int, other: int) -> Any:
    return await world.store.contacts.merge(1, 1, kept, other)


async def history(world: World) -> Any:
    """All that hangs on numbers, in order."""
    return [
        await world.sql(f"SELECT * FROM {table} ORDER BY {key}")  # noqa: S608 - names of this file
        for table, key in (
            ("message", "thread_id, seq"),
            ("thread_event", "thread_id, seq"),
            ("consent_event", "id"),
            ("endpoint", "id"),
        )
    ]


async def test_numbers_move_with_their_threads_and_opt_outs_and_no_history_is_touched(world: World) -> None:
    kept, other = await made(world, "Maya", ALICE), await made(world, "M.", BOB, CAROL)
    threads = {who: (await world.receive(from_=who)).thread_id for who in (ALICE, BOB, CAROL)}
    await world.stop(from_=BOB)
    before, told = await history(world), await world.store.inbox.rows(1, 1)
    world.told.clear()
    row = await merged(world, kept.contact_id, other.contact_id)
    assert [(p.address, p.priority, p.thread_id, p.opted_out) for p in row.phones] == [
        (ALICE, 0, threads[ALICE], False),
        (BOB, 1, threads[BOB], True),
        (CAROL, 2, threads[CAROL], False),
    ]
    assert await history(world) == before
    [heard] = world.heard(RowsChanged)
    assert set(heard.thread_ids) == set(threads.values())
    rows = (await world.store.inbox.rows(1, 1, since=told.p)).rows
    assert {one.name for one in rows} == {"Maya"}
    assert {one.contact_id for one in rows} == {kept.contact_id}
    await world.receive("And another one", from_=CAROL)
    assert await world.value("SELECT count(*) FROM contact WHERE deleted_at IS NULL") == 1


MAYA: dict[str, Any] = {"first_name": "Maya", "last_name": "Torres"}
HOME: dict[str, Any] = {"street": "7 Linden St", "zip": "03801"}


@pytest.mark.parametrize(
    ("kept", "other", "expected"),
    [
        pytest.param({"first_name": ""}, MAYA, {"name": "Maya Torres"}, id="a name"),
        pytest.param({"first_name": "May"}, MAYA, {"name": "May"}, id="a name is one thing"),
        pytest.param({"email": "a@x.org"}, {"email": "b@x.org"}, {"email": "a@x.org"}, id="what is there stays"),
        pytest.param({}, {"email": "b@x.org", "owner_id": 1}, {"email": "b@x.org"}, id="blanks are filled"),
        pytest.param({}, HOME, HOME, id="an address"),
        pytest.param({"city": "Bath"}, HOME, {"city": "Bath", "street": "", "zip": ""}, id="an address is one thing"),
        pytest.param({}, {"zone": "America/Denver"}, {"zone": "America/Denver"}, id="a zone"),
        pytest.param(
            {"custom": {"budget": 5}},
            {"custom": {"budget": 7, "pets": True}},
            {"custom": {"budget": 5, "pets": True}},
            id="custom fields one by one",
        ),
        pytest.param(
            {"property_address": "A"},
            {"property_address": "B"},
            {"property_address": "A"},
            id="the property that is there",
        ),
    ],
)
async def test_words_of_the_other_fill_what_is_blank(
    world: World, kept: dict[str, Any], other: dict[str, Any], expected: dict[str, Any]
) -> None:
    await field(world)
    await field(world, "pets", "boolean")
    ids = []
    for nth, values in enumerate((kept, other)):
        row = await world.store.contacts.create(1, 1, values, [NewPhone(f"+1202555010{nth}")])
        assert isinstance(row, ContactRow), row
        ids.append(row.contact_id)
    row = await merged(world, *ids)
    assert {name: getattr(row, name) for name in expected} == expected


async def test_tags_stages_and_showings_join(world: World) -> None:
    await world.sql("INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Buyers'), (1, 'Sellers')")
    await world.sql(
        "INSERT INTO stage (workspace_id, pipeline_id, name) VALUES (1, 1, 'New'), (1, 1, 'Won'), (1, 2, 'New')"
    )
    kept, other, contacts = await made(world, "A"), await made(world, "B"), world.store.contacts
    await contacts.set_tags(1, 1, kept.contact_id, names=["Hot", "Seller"])
    await contacts.set_tags(1, 1, other.contact_id, names=["Hot", "Buyer"])
    await contacts.set_stage(1, 1, kept.contact_id, 1, 2)
    await contacts.set_stage(1, 1, other.contact_id, 1, 1)
    await contacts.set_stage(1, 1, other.contact_id, 2, 3)
    showing = await contacts.add_showing(1, 1, other.contact_id, "7 Linden St", NOON, "")
    row = await merged(world, kept.contact_id, other.contact_id)
    assert [tag.name for tag in row.tags] == ["Buyer", "Hot", "Seller"]
    assert [(one.pipeline, one.stage) for one in row.stages] == [("Buyers", "Won"), ("Sellers", "New")]
    assert await contacts.showings(1, kept.contact_id) == [showing]
    assert await world.value("SELECT count(*) FROM contact_tag WHERE contact_id = $1", other.contact_id) == 0


async def test_the_merged_one_tells_where_it_went_and_cannot_be_changed_any_more(world: World) -> None:
    kept, other, third = [(await made(world, name)).contact_id for name in "ABC"]
    await merged(world, kept, other)
    for answer in (
        await world.store.contacts.get(1, other),
        await changed(world, other, first_name="x"),
        await merged(world, other, third),
    ):
        assert answer == MergedAway(kept)
    await merged(world, third, kept)
    assert await world.store.contacts.get(1, other) == MergedAway(third)


async def test_the_audit_keeps_the_other_as_it_was(world: World) -> None:
    kept, other = await made(world, "A"), await made(world, "Maya", BOB, email="m@x.org")
    await world.store.contacts.set_tags(1, 1, other.contact_id, names=["Hot"])
    await merged(world, kept.contact_id, other.contact_id)
    detail = await world.value("SELECT detail->'was' FROM audit WHERE action = 'contacts_merged'")
    assert '"email": "m@x.org"' in detail
    assert '"tags": ["Hot"]' in detail


async def test_merging_again_is_no_fault_and_changes_nothing(world: World) -> None:
    kept, other = (await made(world, "A")).contact_id, (await made(world, "B", BOB)).contact_id
    row = await merged(world, kept, other)
    world.told.clear()
    assert await merged(world, kept, other) == row
    assert world.told == []
    assert await world.value("SELECT count(*) FROM audit WHERE action = 'contacts_merged'") == 1


async def test_what_cannot_be_merged_is_refused(world: World) -> None:
    await other_workspace(world)
    one, gone = (await made(world, "A")).contact_id, (await made(world, "B")).contact_id
    theirs: Any = await world.store.contacts.create(2, 2, {"first_name": "Zed"}, [NewPhone(ALICE)])
    await world.store.contacts.delete(1, 1, gone)
    nobody = Refused("other_id", "There is no such contact.")
    assert await merged(world, one, one) == Refused("other_id", "A contact cannot be merged with itself.")
    assert await merged(world, one, gone) == nobody
    assert await merged(world, one, 999) == nobody
    assert await merged(world, one, theirs.contact_id) == nobody
    assert await merged(world, theirs.contact_id, one) is None
    assert await merged(world, gone, one) is None
    assert await world.store.contacts.merge(2, 2, theirs.contact_id, one) == nobody


async def test_of_two_who_merge_the_same_pair_either_way_one_wins(world: World) -> None:
    one, two = (await made(world, "A", ALICE)).contact_id, (await made(world, "B", BOB)).contact_id
    outcomes: list[Any] = []

    async def merge(kept: int, other: int) -> None:
        outcomes.append(await merged(world, kept, other))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(merge, one, two)
        nursery.start_soon(merge, two, one)
    [row] = [outcome for outcome in outcomes if isinstance(outcome, ContactRow)]
    assert [outcome for outcome in outcomes if outcome is not row] == [MergedAway(row.contact_id)]
    assert sorted(phone.address for phone in row.phones) == [ALICE, BOB]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_merged_edited_and_written_in_at_once_no_number_and_no_name_is_lost(
    world: World, seed: int
) -> None:
    """Eight contacts, two numbers each; sixteen merges among them, with edits and texts, all at the same time."""
    rng = Random(seed)  # noqa: S311 - the same merges again
    numbers = [f"+120255501{n:02}" for n in range(16)]
    ids = [(await made(world, f"P{n}", *numbers[2 * n : 2 * n + 2])).contact_id for n in range(8)]
    for number in numbers:
        await world.receive(from_=number)
    await world.stop(from_=numbers[5])
    opted_out = await world.sql("SELECT id, opted_out, consent_epoch FROM endpoint ORDER BY id")
    outcomes: list[Any] = []

    async def act(kept: int, other: int, number: str) -> None:
        outcomes.append(await merged(world, kept, other))
        outcomes.append(await changed(world, other, city=f"City {other}"))
        await world.receive(from_=number)

    async with trio.open_nursery() as nursery:
        for _ in range(16):
            kept, other = rng.sample(ids, 2)
            nursery.start_soon(act, kept, other, rng.choice(numbers))
    assert all(isinstance(one, (ContactRow, MergedAway, Refused)) and not isinstance(one, Stale) for one in outcomes)
    living = {row["id"] for row in await world.sql("SELECT id FROM contact WHERE deleted_at IS NULL")}
    assert living
    holders = await world.sql("SELECT contact_id, endpoint_id FROM contact_phone")
    assert len(holders) == 16
    assert {row["contact_id"] for row in holders} == living
    rows = {row.contact_id: row for row in await world.store.contacts.rows(1, sorted(living))}
    for nth, id_ in enumerate(ids):
        found: Any = await world.store.contacts.get(1, id_)
        end = found.into if isinstance(found, MergedAway) else found.contact_id
        assert set(numbers[2 * nth : 2 * nth + 2]) <= {phone.address for phone in rows[end].phones}
    for row in rows.values():
        assert [phone.priority for phone in row.phones] == sorted({phone.priority for phone in row.phones})
    assert await world.sql("SELECT id, opted_out, consent_epoch FROM endpoint ORDER BY id") == opted_out
    assert await world.value("SELECT count(*) FROM message WHERE direction = 'in'") == 33
