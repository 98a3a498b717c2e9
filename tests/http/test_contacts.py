"""The API of contacts, over the real store."""

from __future__ import annotations

from typing import Any

import pytest

from server.http.app import _routes
from server.http.contacts.models import ContactOut, ShowingOut
from tests.http.house import Browser
from tests.http.office import Office

pytestmark = pytest.mark.integration

MAYA = {"first_name": "Maya", "last_name": "Torres", "phones": [{"phone": "(617) 555-0142", "label": "mobile"}]}


async def made(browser: Browser, **values: Any) -> dict[str, Any]:
    answer = await browser.post("/api/v1/contacts", MAYA | values)
    assert answer.status == 201, answer.body
    row: dict[str, Any] = answer.json
    ContactOut.model_validate(row)
    return row


async def test_a_contact_is_made_read_edited_and_deleted(office: Office) -> None:
    browser = await office.raj()
    row = await made(browser, email=" maya@x.example ", state="ma", tags=["Open House  Attendee"])
    assert (row["name"], row["email"], row["state"]) == ("Maya Torres", "maya@x.example", "MA")
    assert [tag["name"] for tag in row["tags"]] == ["Open House Attendee"]
    path = f"/api/v1/contacts/{row['contact_id']}"
    assert (await browser.get(path)).json == row
    edited = await browser.patch(
        path, {"first_name": " Mia ", "email": None, "owner_id": 12, "version": row["version"]}
    )
    assert (edited.status, edited.json["name"], edited.json["email"]) == (200, "Mia Torres", "")
    assert edited.json["owner"] == {"member_id": 12, "name": "Raj Patel"}
    assert (await browser.delete(path)).status == 204
    assert (await browser.get(path)).status == 404


@pytest.mark.parametrize("spelling", ["(617) 555-0142", "+16175550142", "1-617-555-0142", "617.555.0142 "])
async def test_a_number_in_any_spelling_is_one_contact_which_the_refusal_names(office: Office, spelling: str) -> None:
    browser = await office.raj()
    maya = await made(browser)
    for method, path, body in (
        ("POST", "/api/v1/contacts", {"first_name": "Liam", "phones": [{"phone": spelling}]}),
        ("POST", f"/api/v1/contacts/{(await made(browser, phones=[]))['contact_id']}/phones", {"phone": spelling}),
    ):
        refused = await browser.ask(method, path, body)
        assert (refused.status, refused.json["code"], refused.json["field"]) == (409, "phone_taken", "phone")
        assert refused.json["detail"] == "(617) 555-0142 belongs to Maya Torres."
        assert (refused.json["contact_id"], refused.json["name"]) == (maya["contact_id"], "Maya Torres")
    [count] = await office.sql("SELECT count(*) AS n FROM endpoint")
    assert count["n"] == 1


async def test_the_same_number_twice_in_one_request_is_one_phone(office: Office) -> None:
    phones = [{"phone": "617 555 0142"}, {"phone": "+1 (617) 555-0142", "label": "home"}]
    row = await made(await office.raj(), phones=phones)
    assert [(one["address"], one["label"]) for one in row["phones"]] == [("+16175550142", "home")]


async def test_a_stale_edit_hears_the_present_row(office: Office) -> None:
    browser = await office.raj()
    row = await made(browser)
    path = f"/api/v1/contacts/{row['contact_id']}"
    now = (await browser.patch(path, {"city": "Boston", "version": row["version"]})).json
    refused = await browser.patch(path, {"city": "Salem", "version": row["version"]})
    assert (refused.status, refused.json["code"], refused.json["contact"]) == (409, "stale", now)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"first_name": " ", "phones": []}, None, id="nobody"),
        pytest.param({"phones": [{"phone": "555-0142"}]}, "phones.0.phone", id="a number without its area code"),
        pytest.param({"phones": [{"phone": "617 555 0142 x12"}]}, "phones.0.phone", id="an extension"),
        pytest.param({"first_name": "M", "email": "maya"}, "email", id="no e-mail address"),
        pytest.param({"first_name": "M" * 101}, "first_name", id="an endless name"),
        pytest.param({"first_name": "M", "zone": "Mars/Olympus"}, "zone", id="no zone"),
        pytest.param({"first_name": "M", "custom": {"nose": 1}}, "custom", id="no such custom field"),
        pytest.param({"first_name": "M", "owner_id": 21}, "owner_id", id="a member of another workspace"),
        pytest.param({"first_name": "M", "nickname": "x"}, "nickname", id="a field that nobody knows"),
    ],
)
async def test_what_is_wrong_is_named(office: Office, body: dict[str, Any], field: str | None) -> None:
    refused = await (await office.raj()).post("/api/v1/contacts", body)
    assert (refused.status, refused.json.get("field")) == (422, field)
    assert refused.json["detail"].endswith(".")


async def test_custom_fields_are_kept_typed(office: Office) -> None:
    await office.sql(
        "INSERT INTO custom_field (workspace_id, name, label, kind) VALUES (1, 'budget', 'Budget', 'number')"
    )
    browser = await office.raj()
    row = await made(browser, custom={"budget": "$450,000"})
    assert row["custom"] == {"budget": 450000}
    refused = await browser.patch(f"/api/v1/contacts/{row['contact_id']}", {"custom": {"budget": "a lot"}})
    assert (refused.status, refused.json["field"], refused.json["detail"]) == (
        422,
        "custom.budget",
        "Budget is a number.",
    )


async def test_phones_tags_stages_and_showings_hang_on_the_contact(office: Office) -> None:
    await office.sql("INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Buyers')")
    await office.sql("INSERT INTO stage (workspace_id, pipeline_id, name) VALUES (1, 1, 'New Lead')")
    browser = await office.raj()
    path = f"/api/v1/contacts/{(await made(browser))['contact_id']}"
    row = (await browser.post(f"{path}/phones", {"phone": "617 555 0143", "label": "work"})).json
    work = row["phones"][1]["endpoint_id"]
    row = (await browser.patch(f"{path}/phones/{work}", {"priority": 0})).json
    assert [one["label"] for one in row["phones"]] == ["work", "mobile"]
    row = (await browser.delete(f"{path}/phones/{work}")).json
    assert [one["label"] for one in row["phones"]] == ["mobile"]
    assert (await browser.delete(f"{path}/phones/{work}")).status == 404
    row = (await browser.put(f"{path}/tags", {"names": ["Hot", "Open House Attendee"]})).json
    row = (await browser.put(f"{path}/tags", {"tag_ids": [row["tags"][0]["tag_id"]]})).json
    assert [tag["name"] for tag in row["tags"]] == ["Hot"]
    row = (await browser.put(f"{path}/stages", {"pipeline_id": 1, "stage_id": 1})).json
    assert row["stages"] == [{"pipeline_id": 1, "pipeline": "Buyers", "stage_id": 1, "stage": "New Lead"}]
    assert (await browser.put(f"{path}/stages", {"pipeline_id": 1, "stage_id": 7})).json["field"] == "stage_id"
    showing = await browser.post(
        f"{path}/showings", {"property_address": "7 Linden St", "at": "2026-11-21T15:00:00-05:00"}
    )
    assert showing.status == 201
    ShowingOut.model_validate(showing.json)
    assert (await browser.get(f"{path}/showings")).json["showings"] == [showing.json]
    assert showing.json["at"] == "2026-11-21T20:00:00Z"
    assert (await browser.post(f"{path}/showings", {"at": "2026-11-21T15:00:00"})).status == 422, (
        "a time without its zone"
    )
    assert (await browser.delete(f"{path}/showings/{showing.json['showing_id']}")).status == 204
    assert (await browser.get(f"{path}/showings")).json == {"showings": []}


async def test_one_that_became_part_of_another_tells_which(office: Office) -> None:
    browser = await office.raj()
    gone, kept = (await made(browser, phones=[]))["contact_id"], (await made(browser))["contact_id"]
    await office.sql("UPDATE contact SET deleted_at = now(), merged_into = $2 WHERE id = $1", gone, kept)
    for answer in (
        await browser.get(f"/api/v1/contacts/{gone}"),
        await browser.patch(f"/api/v1/contacts/{gone}", {"city": "Salem"}),
    ):
        assert (answer.status, answer.json["code"], answer.json["merged_into"]) == (410, "merged", kept)


BODIES: dict[str, dict[str, Any]] = {
    "PATCH contact_id": {"city": "Salem"},
    "POST phones": {"phone": "617 555 0150"},
    "PATCH endpoint_id": {"label": "x"},
    "POST merge": {"other_id": 0},
    "PUT tags": {"names": ["x"]},
    "PUT stages": {"pipeline_id": 1, "stage_id": None},
    "POST showings": {"at": "2026-11-21T15:00:00Z"},
}


async def test_no_route_reaches_into_another_workspace(office: Office) -> None:
    """Every route that names a contact is tried on one that is there, from the other side."""
    raj, eve = await office.raj(), await office.eve()
    row = await made(raj)
    showing = (await raj.post(f"/api/v1/contacts/{row['contact_id']}/showings", BODIES["POST showings"])).json[
        "showing_id"
    ]
    await office.sql("INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Buyers')")
    named = [route for route in _routes(office.house.deps) if route.tag == "contacts" and "contact_id>" in route.path]
    assert len(named) >= 11
    BODIES["POST merge"]["other_id"] = (await made(raj, phones=[]))["contact_id"]
    before = (await raj.get(f"/api/v1/contacts/{row['contact_id']}")).json
    for route in named:
        body = BODIES.get(f"{route.method} {route.path.rpartition('/')[2].rpartition(':')[2].rstrip('>')}")
        path = _path(route.path, row, showing)
        answer = await eve.ask(route.method, path, body)
        assert (answer.status, answer.json["code"]) == (404, "not_found"), route.endpoint
    assert (await raj.get(f"/api/v1/contacts/{row['contact_id']}")).json == before
    for route in sorted(named, key=lambda route: (route.method == "DELETE", -len(route.path))):
        body = BODIES.get(f"{route.method} {route.path.rpartition('/')[2].rpartition(':')[2].rstrip('>')}")
        answer = await raj.ask(route.method, _path(route.path, row, showing), body)
        assert answer.status < 300, (route.endpoint, answer.body)


def _path(template: str, row: dict[str, Any], showing: int) -> str:
    ids = {"contact_id": row["contact_id"], "endpoint_id": row["phones"][0]["endpoint_id"], "showing_id": showing}
    for name, id_ in ids.items():
        template = template.replace(f"<int(max={2**63 - 1}):{name}>", str(id_))
    return template
