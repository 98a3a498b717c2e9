"""One change to many people over the API, on the real store."""

from __future__ import annotations

from typing import Any

import pytest

import server.http.contacts.mass_edit as module
from tests.http.house import Browser
from tests.http.office import Office

pytestmark = pytest.mark.integration

EDIT = "/api/v1/contacts/edit"


async def three(browser: Browser) -> list[int]:
    ids = []
    for name in ("Ann", "Bea", "Cid"):
        answer = await browser.post("/api/v1/contacts", {"first_name": name, "city": "Bath" if name < "C" else "York"})
        ids.append(answer.json["contact_id"])
    return ids


async def tags(browser: Browser, contact_id: int) -> list[str]:
    row = (await browser.get(f"/api/v1/contacts/{contact_id}")).json
    return [tag["name"] for tag in row["tags"]]


async def test_those_who_were_ticked_are_changed(office: Office) -> None:
    browser = await office.raj()
    ids = await three(browser)
    answer = await browser.post(EDIT, {"audience": {"contact_ids": ids[:2]}, "add_tags": [" Open  House "]})
    assert (answer.status, answer.json) == (200, {"changed": 2})
    assert [await tags(browser, one) for one in ids] == [["Open House"], ["Open House"], []]


async def test_all_that_a_filter_and_a_search_let_through_are_changed_chunk_by_chunk(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 1)
    browser = await office.raj()
    ids = await three(browser)
    bath = {"field": "city", "is": "is", "value": "Bath"}
    # the change lets each of them out of the filter while the others wait for their chunk
    untagged = {"all": [bath, {"field": "tag", "is": "empty"}]}
    answer = await browser.post(EDIT, {"audience": {"filter": untagged}, "add_tags": ["Buyer"]})
    assert answer.json == {"changed": 2}
    searched = await browser.post(EDIT, {"audience": {"filter": bath, "q": "bea"}, "add_tags": ["VIP"]})
    assert searched.json == {"changed": 1}
    everybody = await browser.post(EDIT, {"audience": {"filter": {"all": []}}, "owner_id": 12})
    assert everybody.json == {"changed": 3}
    assert [await tags(browser, one) for one in ids] == [["Buyer"], ["Buyer", "VIP"], []]


async def test_an_owner_is_taken_away_by_null_and_stays_where_none_is_named(office: Office) -> None:
    browser = await office.raj()
    [ann, *_] = await three(browser)
    who = {"contact_ids": [ann]}
    await browser.post(EDIT, {"audience": who, "owner_id": 12})
    await browser.post(EDIT, {"audience": who, "add_tags": ["Buyer"]})
    assert (await browser.get(f"/api/v1/contacts/{ann}")).json["owner"]["name"] == "Raj Patel"
    await browser.post(EDIT, {"audience": who, "owner_id": None})
    assert (await browser.get(f"/api/v1/contacts/{ann}")).json["owner"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"audience": {}, "add_tags": ["A"]}, "audience", id="nobody is named"),
        pytest.param({"audience": {"contact_ids": [1], "filter": {"all": []}}, "add_tags": ["A"]}, "audience", id="2"),
        pytest.param({"audience": {"contact_ids": [1]}}, None, id="nothing changes"),
        pytest.param({"audience": {"filter": {"any": []}}, "add_tags": ["A"]}, "audience.filter.any", id="no filter"),
        pytest.param({"audience": {"contact_ids": [1]}, "owner_id": 999}, "owner_id", id="no member"),
        pytest.param({"audience": {"filter_id": 999}, "add_tags": ["A"]}, "filter_id", id="a filter that is gone"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_place(
    office: Office, body: dict[str, Any], field: str | None
) -> None:
    browser = await office.raj()
    await three(browser)
    refused = await browser.post(EDIT, body)
    assert (refused.status, refused.json.get("field")) == (422, field)


async def test_another_workspaces_people_are_not_touched(office: Office) -> None:
    ids = await three(await office.raj())
    eve = await office.eve()
    audiences: list[dict[str, Any]] = [{"contact_ids": ids}, {"filter": {"all": []}}]
    for audience in audiences:
        assert (await eve.post(EDIT, {"audience": audience, "add_tags": ["Mine"]})).json == {"changed": 0}
    assert [await tags(await office.raj(), one) for one in ids] == [[], [], []]
