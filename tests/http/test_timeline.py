"""The API of a contact's history and of calls, over the real store."""

from __future__ import annotations

import pytest

from server.http.contacts.timeline import TimelineOut
from server.ports import MoArrival
from tests.http.office import Office
from tests.http.test_contacts import MAYA, made
from tests.store.world import mo

pytestmark = pytest.mark.integration

CALL = {
    "call_id": "d-1",
    "phone": "617.555.0142",
    "outcome": "no answer",
    "duration_s": 20,
    "at": "2026-11-20T16:00:00Z",
}


async def lived(office: Office) -> str:
    row = await made(await office.raj())
    text = mo("Is it still free?", from_="+16175550142", to="+16175550100").text
    await office.store.ledger.record_mo(MoArrival.of(1, text))
    return f"/api/v1/contacts/{row['contact_id']}/timeline"


async def test_a_timeline_shows_texts_and_calls_page_by_page(office: Office) -> None:
    browser, path = await office.raj(), await lived(office)
    recorded = await browser.post("/api/v1/calls", CALL)
    assert (recorded.status, recorded.json["contact_id"]) == (200, 1)
    whole = TimelineOut.model_validate((await browser.get(path)).json)
    assert [item.kind for item in whole.items] == ["call", "message"] or [item.kind for item in whole.items] == [
        "message",
        "call",
    ]
    first = TimelineOut.model_validate((await browser.get(f"{path}?limit=1")).json)
    second = TimelineOut.model_validate((await browser.get(f"{path}?limit=1&before={first.next}")).json)
    assert [*first.items, *second.items] == whole.items
    assert second.next is None


async def test_a_call_told_twice_is_one_call(office: Office) -> None:
    browser, path = await office.raj(), await lived(office)
    answers = [(await browser.post("/api/v1/calls", CALL)).json for _ in range(2)]
    assert answers[0] == answers[1]
    calls = [item for item in (await browser.get(path)).json["items"] if item["kind"] == "call"]
    assert [(item["outcome"], item["duration_s"], item["member"]) for item in calls] == [("no answer", 20, "Raj Patel")]
    refused = await browser.post("/api/v1/calls", CALL | {"phone": "617 555 0199"})
    assert (refused.status, refused.json["field"]) == (409, "call_id")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"call_id": "d"}, id="with nobody"),
        pytest.param({"call_id": "d", "phone": "617 555 0142", "contact_id": 1}, id="with two"),
        pytest.param({"call_id": "d", "phone": "0142"}, id="with no number"),
        pytest.param(CALL | {"duration_s": -1}, id="before it began"),
        pytest.param(CALL | {"at": "2026-11-20T16:00:00"}, id="a time without its zone"),
    ],
)
async def test_a_call_that_cannot_be_is_refused(office: Office, body: dict[str, object]) -> None:
    assert (await (await office.raj()).post("/api/v1/calls", body)).status == 422


async def test_a_timeline_is_refused_with_its_reason(office: Office) -> None:
    browser, path = await office.raj(), await lived(office)
    refused = await browser.get(f"{path}?before=broken")
    assert (refused.status, refused.json["field"]) == (422, "before")
    other = await made(browser, **(MAYA | {"phones": []}))
    await browser.post(f"/api/v1/contacts/{other['contact_id']}/merge", {"other_id": 1})
    gone = await browser.get(path)
    assert (gone.status, gone.json["merged_into"]) == (410, other["contact_id"])


async def test_another_workspace_has_no_such_history(office: Office) -> None:
    path = await lived(office)
    eve = await office.eve()
    assert (await eve.get(path)).status == 404
    assert (await eve.post("/api/v1/calls", {"call_id": "d-1", "contact_id": 1})).status == 404
