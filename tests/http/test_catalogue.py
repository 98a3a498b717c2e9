"""The API of tags, pipelines, custom fields, members and numbers, over the real store."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from server.domain.tokens import KNOWN
from server.http.app import _routes
from server.http.contacts.fields import CustomFieldsOut
from server.http.contacts.pipelines import PipelinesOut
from server.http.contacts.tags import ColleaguesOut, TagsOut
from server.http.numbers import SendersOut
from tests.http.house import Browser
from tests.http.office import Office
from tests.http.test_contacts import made

pytestmark = pytest.mark.integration


async def fields(browser: Browser) -> list[Any]:
    told: list[Any] = CustomFieldsOut.model_validate((await browser.get("/api/v1/custom-fields")).json).custom_fields
    return told


async def test_tags_are_made_once_renamed_and_deleted(office: Office) -> None:
    browser = await office.raj()
    hot = (await browser.post("/api/v1/tags", {"name": " Hot  lead "})).json
    assert (await browser.post("/api/v1/tags", {"name": "HOT LEAD"})).json == hot
    await made(browser, tags=["hot lead", "Seller"])
    listed = TagsOut.model_validate((await browser.get("/api/v1/tags")).json).tags
    assert [(tag.name, tag.contacts) for tag in listed] == [("Hot lead", 1), ("Seller", 1)]
    path = f"/api/v1/tags/{hot['tag_id']}"
    refused = await browser.patch(path, {"name": "seller"})
    assert (refused.status, refused.json["code"], refused.json["field"]) == (409, "taken", "name")
    assert (await browser.patch(path, {"name": "hot LEAD"})).json["name"] == "hot LEAD"
    assert (await browser.delete(path)).status == 204
    assert (await browser.delete(path)).status == 404
    assert [tag["name"] for tag in (await browser.get("/api/v1/contacts/1")).json["tags"]] == ["Seller"]
    assert (await browser.post("/api/v1/tags", {"name": "  "})).status == 422


async def test_a_pipeline_and_its_stages_keep_their_order(office: Office) -> None:
    browser = await office.raj()
    made = await browser.post("/api/v1/pipelines", {"name": "Buyers", "stages": ["New Lead", "Won"]})
    assert made.status == 201
    path = f"/api/v1/pipelines/{made.json['pipeline_id']}"
    middle = await browser.post(f"{path}/stages", {"name": "Showing", "position": 1})
    assert (middle.status, middle.json["position"]) == (201, 1)
    await browser.patch(f"{path}/stages/{middle.json['stage_id']}", {"name": "Touring", "position": 0})
    await browser.post("/api/v1/pipelines", {"name": "Sellers"})
    listed = PipelinesOut.model_validate((await browser.get("/api/v1/pipelines")).json).pipelines
    assert [one.name for one in listed] == ["Buyers", "Sellers"]
    assert [(one.name, one.position) for one in listed[0].stages] == [("Touring", 0), ("New Lead", 1), ("Won", 2)]
    assert listed[1].stages == []
    for refused in (
        await browser.post("/api/v1/pipelines", {"name": "BUYERS"}),
        await browser.patch(path, {"name": "sellers"}),
        await browser.post(f"{path}/stages", {"name": "won"}),
    ):
        assert (refused.status, refused.json["field"]) == (409, "name")
    assert (await browser.post("/api/v1/pipelines", {"name": "X", "stages": ["a", "A"]})).status == 422
    assert (await browser.patch(path, {"name": "All buyers", "position": 9})).json["position"] == 9


async def test_what_contacts_stand_in_goes_only_when_told_so(office: Office) -> None:
    browser = await office.raj()
    row = await made(browser)
    pipeline = (await browser.post("/api/v1/pipelines", {"name": "Buyers", "stages": ["New", "Won"]})).json
    path, stage = f"/api/v1/pipelines/{pipeline['pipeline_id']}", pipeline["stages"][0]["stage_id"]
    standing = {"pipeline_id": pipeline["pipeline_id"], "stage_id": stage}
    await browser.put(f"/api/v1/contacts/{row['contact_id']}/stages", standing)
    for one in (path, f"{path}/stages/{stage}"):
        refused = await browser.delete(one)
        assert (refused.status, refused.json["code"], refused.json["contacts"]) == (409, "in_use", 1)
        assert refused.json["detail"] == "1 contact stands in it."
    assert (await browser.delete(f"{path}/stages/{stage}?even_in_use=true")).status == 204
    assert (await browser.get(f"/api/v1/contacts/{row['contact_id']}")).json["stages"] == []
    assert (await browser.delete(path)).status == 204
    assert (await browser.delete(path)).status == 404


async def test_a_field_is_made_of_its_label_and_keeps_its_name(office: Office) -> None:
    browser = await office.dana()
    made = await browser.post("/api/v1/custom-fields", {"label": "Lot size (acres)", "kind": "number"})
    assert (made.status, made.json["name"]) == (201, "lot_size_acres")
    path = f"/api/v1/custom-fields/{made.json['field_id']}"
    assert (await browser.patch(path, {"label": "Lot"})).json["name"] == "lot_size_acres"
    assert (await browser.patch(path, {"name": "lot"})).status == 422
    kind = {"label": "Kind of home", "kind": "choice", "choices": ["Condo", "House"]}
    choice = (await browser.post("/api/v1/custom-fields", kind)).json
    changed = await browser.patch(f"/api/v1/custom-fields/{choice['field_id']}", {"choices": ["Condo", "Loft"]})
    assert changed.json["choices"] == ["Condo", "Loft"]
    assert [one.name for one in await fields(browser)] == ["lot_size_acres", "kind_of_home"]
    refused = await browser.patch(path, {"choices": ["a"]})
    assert (refused.status, refused.json["field"]) == (422, "choices")


@pytest.mark.parametrize("name", [*sorted(KNOWN), "custom_field", "phone", "Budget!"])
async def test_a_name_that_collides_with_what_is_there_is_refused(office: Office, name: str) -> None:
    browser = await office.dana()
    refused = await browser.post("/api/v1/custom-fields", {"label": "Mine", "name": name})
    assert (refused.status, refused.json["field"]) == (422, "name")
    label = name.replace("_", " ").title()
    if name != "Budget!":
        assert (await browser.post("/api/v1/custom-fields", {"label": label})).status == 422, "nor by its label"
    assert await fields(browser) == []


async def test_an_agent_reads_the_fields_and_changes_none(office: Office) -> None:
    field = (await (await office.dana()).post("/api/v1/custom-fields", {"label": "Budget"})).json
    path, raj = f"/api/v1/custom-fields/{field['field_id']}", await office.raj()
    for refused in (
        await raj.post("/api/v1/custom-fields", {"label": "Mine"}),
        await raj.patch(path, {"label": "Mine"}),
        await raj.delete(path),
    ):
        assert (refused.status, refused.json["code"]) == (403, "role")
    assert [one.label for one in await fields(raj)] == ["Budget"]


async def test_of_ten_who_make_a_field_at_once_one_does(office: Office) -> None:
    browser, statuses = await office.dana(), list[int]()

    async def make() -> None:
        statuses.append((await browser.post("/api/v1/custom-fields", {"label": "Budget"})).status)

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(make)
    assert sorted(statuses) == [201, *[422] * 9]


async def test_a_field_goes_with_its_values_and_one_of_that_name_begins_empty(office: Office) -> None:
    browser = await office.dana()
    field = (await browser.post("/api/v1/custom-fields", {"label": "Budget"})).json
    row = await made(browser, custom={"budget": "high"})
    path = f"/api/v1/contacts/{row['contact_id']}"
    assert (await browser.delete(f"/api/v1/custom-fields/{field['field_id']}")).status == 204
    assert (await browser.get(path)).json["custom"] == {}
    await office.sql("""UPDATE contact SET custom = '{"budget": "left behind"}'""")
    assert (await browser.post("/api/v1/custom-fields", {"label": "Budget", "kind": "number"})).status == 201
    assert (await browser.get(path)).json["custom"] == {}


async def test_members_and_numbers_are_the_workspaces_own(office: Office) -> None:
    browser = await office.raj()
    people = ColleaguesOut.model_validate((await browser.get("/api/v1/members")).json).members
    assert [(one.member_id, one.name, one.role) for one in people] == [
        (11, "Dana Whitfield", "owner"),
        (12, "Raj Patel", "agent"),
    ]
    numbers = SendersOut.model_validate((await browser.get("/api/v1/numbers")).json).numbers
    assert [(one.address, one.label) for one in numbers] == [("+16175550100", "Main line")]


async def test_the_values_of_a_contacts_tokens_are_told(office: Office) -> None:
    browser = await office.raj()
    await (await office.dana()).post("/api/v1/custom-fields", {"label": "Budget", "kind": "number"})
    row = await made(browser, custom={"budget": 450000}, property_address="7 Linden St")
    path = f"/api/v1/contacts/{row['contact_id']}"
    await browser.post(f"{path}/showings", {"at": "2026-11-21T15:00:00-05:00"})
    assert (await browser.get(f"{path}/values")).json == {
        "first_name": "Maya",
        "last_name": "Torres",
        "agent_name": "Raj Patel",
        "property_address": "7 Linden St",
        "showing_time": "Sat, Nov 21 at 3:00 PM EST",
        "budget": "450,000",
    }


async def test_nothing_of_another_workspace_is_listed_or_changed(office: Office) -> None:
    dana, eve = await office.dana(), await office.eve()
    tag = (await dana.post("/api/v1/tags", {"name": "Hot"})).json["tag_id"]
    pipeline = (await dana.post("/api/v1/pipelines", {"name": "Buyers", "stages": ["New"]})).json
    field = (await dana.post("/api/v1/custom-fields", {"label": "Budget"})).json["field_id"]
    ids = {"tag_id": tag, "field_id": field, "pipeline_id": pipeline["pipeline_id"]}
    ids["stage_id"] = pipeline["stages"][0]["stage_id"]
    ours = [route for route in _routes(office.house.deps) if route.tag in {"tags", "pipelines", "custom-fields"}]
    named = [route for route in ours if "_id>" in route.path]
    assert len(named) == 9
    for route in named:
        path = route.path
        for name, id_ in ids.items():
            path = path.replace(f"<int(max={2**63 - 1}):{name}>", str(id_))
        body = {"label": "Stolen"} if "field_id" in route.path else {"name": "Stolen"}
        assert (await eve.ask(route.method, path, body)).status == 404, route.endpoint
    for name in ("tags", "pipelines", "custom-fields"):
        assert (await eve.get(f"/api/v1/{name}")).json == {name.replace("-", "_"): []}
    assert [one["name"] for one in (await dana.get("/api/v1/pipelines")).json["pipelines"]] == ["Buyers"]
