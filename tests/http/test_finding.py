"""The API of finding people, over the real store."""

from __future__ import annotations

from typing import Any

import pytest

from server.http.contacts.filters import FilterOut
from server.http.contacts.finding import ContactPage
from tests.http.house import Browser
from tests.http.office import Office

pytestmark = pytest.mark.integration

TAG = "Open House Attendee"
PEOPLE = (
    {"first_name": "Maya", "last_name": "Torres", "phones": [{"phone": "(617) 555-0142"}], "tags": [TAG]},
    {"first_name": "Liam", "last_name": "Ng", "phones": [{"phone": "(617) 555-0143"}], "email": "liam@x.example"},
    {"first_name": "Ana", "last_name": "Ruiz", "phones": [{"phone": "(202) 555-0144"}], "tags": [TAG]},
)


async def settled(browser: Browser) -> dict[str, int]:
    """Ids by first name."""
    made = [(await browser.post("/api/v1/contacts", one)).json for one in PEOPLE]
    return {row["first_name"]: row["contact_id"] for row in made}


async def found(browser: Browser, **asked: Any) -> list[str]:
    answer = await browser.post("/api/v1/contacts/query", asked)
    assert answer.status == 200, answer.body
    page = ContactPage.model_validate(answer.json)
    asked.pop("sort", None)
    assert (await browser.post("/api/v1/contacts/count", asked)).json == {"count": len(page.rows)}
    return [row.first_name for row in page.rows]


async def test_everybody_is_listed_by_name_page_by_page(office: Office) -> None:
    browser = await office.raj()
    await settled(browser)
    first = (await browser.get("/api/v1/contacts?limit=2")).json
    rest = (await browser.get(f"/api/v1/contacts?limit=2&cursor={first['next_cursor']}")).json
    assert [row["name"] for row in first["rows"] + rest["rows"]] == ["Ana Ruiz", "Liam Ng", "Maya Torres"]
    assert (rest["next_cursor"], rest["partial"]) == (None, False)


async def test_those_tagged_open_house_attendee_are_found(office: Office) -> None:
    browser = await office.raj()
    await settled(browser)
    tagged = {"field": "tag", "is": "has", "value": TAG}
    assert await found(browser, filter=tagged) == ["Ana", "Maya"]
    assert await found(browser, filter={"not": tagged}) == ["Liam"]
    assert await found(browser, filter={"all": [tagged, {"field": "area_code", "is": "is", "value": "202"}]}) == ["Ana"]


async def test_everyone_in_new_lead_is_found(office: Office) -> None:
    browser = await office.raj()
    ids = await settled(browser)
    [row] = await office.sql(
        "WITH p AS (INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Sales') RETURNING id) "
        "INSERT INTO stage (workspace_id, pipeline_id, name) SELECT 1, id, 'New Lead' FROM p RETURNING id, pipeline_id"
    )
    standing = {"pipeline_id": row["pipeline_id"], "stage_id": row["id"]}
    assert (await browser.put(f"/api/v1/contacts/{ids['Liam']}/stages", standing)).status == 200
    for value in ("New Lead", "new lead", row["id"]):
        assert await found(browser, filter={"field": "stage", "is": "is", "value": value}) == ["Liam"]


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("ma", ["Maya"]),
        ("TOR may", ["Maya"]),
        ("liam@x", ["Liam"]),
        ("open", ["Ana", "Maya"]),
        ("open ana", ["Ana"]),
        ("617 555", ["Liam", "Maya"]),
        ("(617) 555-0143", ["Liam"]),
        ("1-202", ["Ana"]),
        ("0144", ["Ana"]),
        ("ana 0143", []),
        ("??", []),
        ("  ", ["Ana", "Liam", "Maya"]),
    ],
)
async def test_typing_finds_people_by_names_mail_tags_and_digits(office: Office, q: str, names: list[str]) -> None:
    browser = await office.raj()
    await settled(browser)
    assert await found(browser, q=q) == names


async def test_a_filter_is_saved_used_renamed_and_forgotten(office: Office) -> None:
    browser = await office.raj()
    await settled(browser)
    tagged = {"field": "tag", "is": "has", "value": "open house attendee"}
    saved = await browser.post("/api/v1/filters", {"name": " Open  house ", "definition": tagged})
    assert (saved.status, saved.json["name"]) == (201, "Open house")
    assert isinstance(saved.json["definition"]["value"], int), "a tag that is renamed stays the one that was meant"
    filter_id = FilterOut.model_validate(saved.json).filter_id
    page = (await browser.get(f"/api/v1/contacts?filter_id={filter_id}&q=ana")).json
    assert [row["first_name"] for row in page["rows"]] == ["Ana"]
    path = f"/api/v1/filters/{filter_id}"
    assert (await browser.patch(path, {"name": "Visitors"})).json["definition"] == saved.json["definition"]
    assert (await browser.patch(path, {"definition": {"all": []}})).json["name"] == "Visitors"
    assert [one["name"] for one in (await browser.get("/api/v1/filters")).json["filters"]] == ["Visitors"]
    assert (await browser.delete(path)).status == 204
    for gone in (await browser.delete(path), await browser.patch(path, {"name": "x"})):
        assert gone.status == 404
    refused = await browser.get(f"/api/v1/contacts?filter_id={filter_id}")
    assert (refused.status, refused.json["field"]) == (422, "filter_id")


async def test_two_filters_cannot_have_one_name(office: Office) -> None:
    browser = await office.raj()
    everybody: dict[str, Any] = {"all": []}
    assert (await browser.post("/api/v1/filters", {"name": "Leads", "definition": everybody})).status == 201
    other = (await browser.post("/api/v1/filters", {"name": "Other", "definition": everybody})).json["filter_id"]
    for refused in (
        await browser.post("/api/v1/filters", {"name": "LEADS", "definition": everybody}),
        await browser.patch(f"/api/v1/filters/{other}", {"name": "leads"}),
    ):
        assert (refused.status, refused.json["field"]) == (409, "name")


async def test_a_fault_of_a_filter_is_one_sentence_with_its_place(office: Office) -> None:
    browser = await office.raj()
    wrong = {"any": [{"all": [{"field": "tag", "is": "has", "value": "Nobody's"}]}]}
    for path, body, place in (
        ("/api/v1/contacts/query", {"filter": wrong}, "filter"),
        ("/api/v1/contacts/count", {"filter": wrong}, "filter"),
        ("/api/v1/filters", {"name": "x", "definition": wrong}, "definition"),
    ):
        refused = await browser.post(path, body)
        assert (refused.status, refused.json["code"]) == (422, "filter")
        assert refused.json["field"] == f"{place}.any.0.all.0.value"
        assert refused.json["detail"] == "There is no tag of that name."


@pytest.mark.parametrize("cursor", ["x", "n", "n.", "n.a.b", "n.%C3%A9.1", "c.1.2", "n.AA==.1", "a.1", "z", "n.YQ==.-"])
async def test_a_cursor_from_elsewhere_is_refused(office: Office, cursor: str) -> None:
    refused = await (await office.raj()).get(f"/api/v1/contacts?cursor={cursor}")
    assert (refused.status, refused.json["field"]) == (422, "cursor")


async def test_the_fields_tell_a_builder_all_that_it_needs(office: Office) -> None:
    await office.sql(
        "INSERT INTO custom_field (workspace_id, name, label, kind, choices) "
        "VALUES (1, 'kind', 'Kind', 'choice', '{House,Flat}'), (2, 'theirs', 'Theirs', 'text', '{}')"
    )
    told = (await (await office.raj()).get("/api/v1/filters/fields")).json
    by_name = {one["name"]: one for one in told["fields"]}
    assert by_name["tag"]["operators"][0] == {"is": "has", "label": "has", "input": "tag"}
    assert by_name["custom.kind"]["choices"] == ["House", "Flat"]
    assert "custom.theirs" not in by_name


async def test_another_workspace_sees_neither_people_nor_filters(office: Office) -> None:
    browser, eve = await office.raj(), await office.eve()
    await settled(browser)
    saved = (await browser.post("/api/v1/filters", {"name": "All", "definition": {"all": []}})).json["filter_id"]
    assert await found(eve) == []
    assert await found(eve, q="maya") == await found(eve, q="617") == []
    assert (await eve.get("/api/v1/filters")).json == {"filters": []}
    assert (await eve.patch(f"/api/v1/filters/{saved}", {"name": "Mine"})).status == 404
    assert (await eve.delete(f"/api/v1/filters/{saved}")).status == 404
    assert (await eve.get(f"/api/v1/contacts?filter_id={saved}")).status == 422
    [tag] = (await browser.post("/api/v1/contacts/query", {"q": "maya"})).json["rows"][0]["tags"]
    for value in (tag["tag_id"], tag["name"]):
        asked = {"filter": {"field": "tag", "is": "has_not", "value": value}}
        refused = await eve.post("/api/v1/contacts/count", asked)
        assert (refused.status, refused.json["field"]) == (422, "filter.value")
