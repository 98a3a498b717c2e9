"""One change to many contacts on a real database: nobody is changed twice, and no other workspace is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.ports.contacts import Refused
from server.ports.mass_edit import MassEdit, ToOwner, ToStage
from tests.store.test_contacts import made, other_workspace
from tests.store.world import World


async def three(world: World) -> list[int]:
    return [(await made(world, name)).contact_id for name in ("Ann", "Bea", "Cid")]


async def edit(world: World, ids: list[int], workspace_id: int = 1, **change: Any) -> Any:
    return await world.store.mass_edits.edit(workspace_id, 1, ids, MassEdit(**change))


async def versions(world: World, ids: list[int]) -> list[int]:
    return [row.version for row in await world.store.contacts.rows(1, ids)]


async def pipeline(world: World, name: str, *stages: str) -> tuple[int, list[int]]:
    id_ = await world.value("INSERT INTO pipeline (workspace_id, name) VALUES (1, $1) RETURNING id", name)
    sql = "INSERT INTO stage (workspace_id, pipeline_id, name) VALUES (1, $1, $2) RETURNING id"
    return id_, [await world.value(sql, id_, stage) for stage in stages]


async def test_a_tag_is_given_to_those_who_lack_it_and_only_they_get_a_version(world: World) -> None:
    ids = await three(world)
    assert await edit(world, ids[:1], add_tags=("Open House",)) == 1
    assert await edit(world, ids, add_tags=("open house", "VIP")) == 3
    assert await edit(world, ids, add_tags=("OPEN HOUSE",)) == 0
    rows = await world.store.contacts.rows(1, ids)
    assert [[tag.name for tag in row.tags] for row in rows] == [["Open House", "VIP"]] * 3
    assert await versions(world, ids) == [3, 2, 2]


async def test_a_tag_is_taken_from_those_who_have_it(world: World) -> None:
    ids = await three(world)
    await edit(world, ids[:2], add_tags=("Buyer",))
    tag = await world.value("SELECT id FROM tag")
    assert await edit(world, ids, remove_tag_ids=(tag,)) == 2
    assert await world.value("SELECT count(*) FROM contact_tag") == 0


async def test_a_stage_takes_the_place_of_another_one_of_its_pipeline_alone(world: World) -> None:
    ids = await three(world)
    sales, (lead, won) = await pipeline(world, "Sales", "New Lead", "Won")
    rent, (inquiry,) = await pipeline(world, "Rent", "Inquiry")
    assert await edit(world, ids[:2], stage=ToStage(sales, lead)) == 2
    assert await edit(world, ids[:1], stage=ToStage(rent, inquiry)) == 1
    assert await edit(world, ids, stage=ToStage(sales, won)) == 3
    assert await edit(world, ids, stage=ToStage(sales, won)) == 0
    rows = await world.store.contacts.rows(1, ids)
    assert [{one.stage for one in row.stages} for row in rows] == [{"Won", "Inquiry"}, {"Won"}, {"Won"}]
    assert await edit(world, ids, stage=ToStage(sales, None)) == 3
    assert await world.value("SELECT count(*) FROM contact_stage") == 1


async def test_an_owner_is_set_and_taken_away(world: World) -> None:
    ids = await three(world)
    assert await edit(world, ids, owner=ToOwner(1)) == 3
    assert await edit(world, ids, owner=ToOwner(1)) == 0
    assert await edit(world, ids[:1], owner=ToOwner(None)) == 1
    assert [row.owner and row.owner.name for row in await world.store.contacts.rows(1, ids)] == [None, "Dana", "Dana"]


async def test_who_did_it_stands_in_the_audit_and_nothing_does_where_nothing_changed(world: World) -> None:
    ids = await three(world)
    await edit(world, ids, add_tags=("Buyer",))
    await edit(world, ids, add_tags=("Buyer",))
    told = await world.sql("SELECT member_id, detail FROM audit WHERE action = 'contacts_edited'")
    assert [(row["member_id"], json.loads(row["detail"])) for row in told] == [
        (1, {"contacts": 3, "add_tags": ["Buyer"]})
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"stage": ToStage(99, None)}, "stage.pipeline_id", id="no such pipeline"),
        pytest.param({"stage": ToStage(1, 99)}, "stage.stage_id", id="no such stage"),
        pytest.param({"owner": ToOwner(99)}, "owner_id", id="no such member"),
    ],
)
async def test_what_is_not_there_is_refused_and_leaves_no_trace(
    world: World, change: dict[str, Any], field: str
) -> None:
    ids = await three(world)
    await pipeline(world, "Sales", "New Lead")
    refused = await edit(world, ids, add_tags=("Buyer",), **change)
    assert isinstance(refused, Refused)
    assert refused.field == field
    assert await versions(world, ids) == [1, 1, 1]
    assert await world.value("SELECT count(*) FROM tag") == 0


async def test_another_workspaces_contacts_stages_tags_and_members_are_not_there(world: World) -> None:
    ids = await three(world)
    await edit(world, ids, add_tags=("Buyer",))
    sales, (lead,) = await pipeline(world, "Sales", "New Lead")
    tag, eve = await world.value("SELECT id FROM tag"), await other_workspace(world)
    before = await versions(world, ids)
    assert await edit(world, ids, workspace_id=2, add_tags=("Theirs",), remove_tag_ids=(tag,)) == 0
    assert isinstance(await edit(world, ids, workspace_id=2, stage=ToStage(sales, lead)), Refused)
    assert isinstance(await edit(world, ids, owner=ToOwner(eve)), Refused)
    assert await versions(world, ids) == before
