"""The API of texts in bulk, over the real store."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from server.http.campaigns.models import BulkPreviewOut, BulkRecipientOut
from server.ws.protocol import BulkOut
from tests.http.house import Browser
from tests.http.office import Office

pytestmark = pytest.mark.integration

BODY = "Hi {{first_name}}, an open house on Sunday?"


@pytest.fixture
async def ids(office: Office) -> list[int]:
    """Three contacts; the last one has no first name."""
    rows = await office.sql(
        "WITH made AS (INSERT INTO contact (workspace_id, first_name) VALUES (1, 'Maya'), (1, 'Élodie'), (1, '')"
        " RETURNING id), numbers AS (INSERT INTO endpoint (workspace_id, address) VALUES"
        " (1, '+16175550101'), (1, '+16175550102'), (1, '+16175550103') RETURNING id)"
        " INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)"
        " SELECT 1, m.id, e.id FROM (SELECT id, row_number() OVER () AS n FROM made) m"
        " JOIN (SELECT id, row_number() OVER () AS n FROM numbers) e USING (n) RETURNING contact_id"
    )
    return sorted(row["contact_id"] for row in rows)


def bulk(ids: list[int], **more: Any) -> dict[str, Any]:
    return {"audience": {"contact_ids": ids}, "body": BODY} | more


async def launched(browser: Browser, ids: list[int]) -> int:
    answer = await browser.post("/api/v1/bulk", bulk(ids, cmd_id=str(uuid4()), expected_count=2))
    assert answer.status == 202, answer.body
    bulk_id: int = answer.json["bulk_id"]
    return bulk_id


async def test_the_preview_tells_who_gets_it_who_does_not_and_what_it_costs(office: Office, ids: list[int]) -> None:
    answer = await (await office.raj()).post("/api/v1/bulk/preview", bulk(ids, at=1))
    assert answer.status == 200
    BulkPreviewOut.model_validate(answer.json)
    told = answer.json
    assert (told["audience"], told["recipients"]) == (3, 2)
    assert told["excluded"] == [
        {"reason": "missing_value", "sentence": "A value that the text needs is missing", "count": 1}
    ]
    assert told["segments"] == {"min": 1, "max": 1, "total": 2}
    assert told["cost"] == {"amount": "0.02", "currency": "USD"}
    assert (told["longest"], told["missing"], told["names"]) == (1, [2], {"first_name": 1})
    assert told["shown"]["text"] == "Hi Élodie, an open house on Sunday?"


async def test_anybodys_text_can_be_asked_for_alone(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    one = await browser.post("/api/v1/bulk/preview/recipient", bulk(ids, at=2))
    assert (one.json["missing"], one.json["sentence"]) == (["first_name"], "A value that the text needs is missing")
    answered = await browser.post("/api/v1/bulk/preview/recipient", bulk(ids, at=2, answers={"First_Name": "you"}))
    assert (answered.json["text"], answered.json["excluded"]) == ("Hi you, an open house on Sunday?", None)
    assert (await browser.post("/api/v1/bulk/preview/recipient", bulk(ids, at=3))).status == 404


async def test_the_excluded_come_as_a_file_in_which_nothing_is_a_formula(office: Office, ids: list[int]) -> None:
    await office.sql("UPDATE contact SET last_name = '=HYPERLINK(\"x\")' WHERE id = $1", ids[2])
    answer = await (await office.raj()).post("/api/v1/bulk/exclusions.csv", bulk(ids))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.body.decode("utf-8-sig").splitlines() == [
        "Name,Number,Reason,Missing values",
        '"\'=HYPERLINK(""x"")",(617) 555-0103,A value that the text needs is missing,first_name',
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"body": "Hi {{frist_name}}"}, "body", id="a template with a fault"),
        pytest.param({"body": ""}, "body", id="no text"),
        pytest.param({"number_id": 2}, "number_id", id="a number of another workspace"),
        pytest.param({"audience": {}}, "audience", id="nobody"),
        pytest.param({"audience": {"contact_ids": [1], "filter_id": 1}}, "audience", id="two kinds of audience"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_the_field(
    office: Office, ids: list[int], change: dict[str, Any], field: str
) -> None:
    answer = await (await office.raj()).post("/api/v1/bulk/preview", bulk(ids) | change)
    assert (answer.status, answer.json["field"]) == (422, field)


async def test_a_launch_answers_alike_and_is_refused_where_the_count_is_another(office: Office, ids: list[int]) -> None:
    browser, cmd_id = await office.raj(), str(uuid4())
    refused = await browser.post("/api/v1/bulk", bulk(ids, cmd_id=cmd_id, expected_count=3))
    assert (refused.status, refused.json["code"], refused.json["recipients"]) == (409, "count_differs", 2)
    assert refused.json["detail"] == "2 people would get it now, not 3. Nothing was sent."
    for again in (False, True):
        answer = await browser.post("/api/v1/bulk", bulk(ids, cmd_id=cmd_id, expected_count=2))
        assert (answer.status, answer.json["again"]) == (202, again)
    other = bulk(ids, cmd_id=cmd_id, expected_count=2, body="Hi {{first_name}}!")
    assert (await browser.post("/api/v1/bulk", other)).json["code"] == "cmd_id_reused"


async def test_progress_recipients_and_their_file_tell_the_same(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    bulk_id = await launched(browser, ids)
    told = (await browser.get(f"/api/v1/bulk/{bulk_id}")).json
    BulkOut.model_validate(told)
    assert (told["audience"], told["excluded"], told["pending"], told["state"]) == (3, 1, 2, "active")
    assert (await browser.get("/api/v1/bulk")).json == {"rows": [told], "next_cursor": None}
    page = (await browser.get(f"/api/v1/bulk/{bulk_id}/recipients?limit=2")).json
    assert [BulkRecipientOut.model_validate(row).state for row in page["rows"]] == ["pending", "pending"]
    rest = (await browser.get(f"/api/v1/bulk/{bulk_id}/recipients?cursor={page['next_cursor']}")).json
    assert [row["reason"] for row in rest["rows"]] == ["A value that the text needs is missing"]
    assert rest["next_cursor"] is None
    excluded = (await browser.get(f"/api/v1/bulk/{bulk_id}/recipients?state=excluded")).json
    assert excluded["rows"] == rest["rows"]
    lines = (await browser.get(f"/api/v1/bulk/{bulk_id}/recipients.csv")).body.decode("utf-8-sig").splitlines()
    assert lines[1:] == [
        "Maya,(617) 555-0101,pending,,1",
        "Élodie,(617) 555-0102,pending,,1",
        ",(617) 555-0103,excluded,A value that the text needs is missing,",
    ]


async def test_a_recall_takes_back_what_has_not_left(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    bulk_id = await launched(browser, ids)
    answer = await browser.post(f"/api/v1/bulk/{bulk_id}/recall")
    assert (answer.status, answer.json["state"], answer.json["skipped"]) == (200, "cancelled", 2)
    rows = (await browser.get(f"/api/v1/bulk/{bulk_id}/recipients?state=skipped")).json["rows"]
    assert {row["reason"] for row in rows} == {"Recalled before it was sent"}


async def test_a_text_of_another_workspace_is_not_there(office: Office, ids: list[int]) -> None:
    bulk_id = await launched(await office.raj(), ids)
    eve = await office.eve()
    path = f"/api/v1/bulk/{bulk_id}"
    for method, at in (("GET", ""), ("GET", "/recipients"), ("GET", "/recipients.csv"), ("POST", "/recall")):
        assert (await eve.ask(method, path + at)).status == 404
    assert (await eve.get("/api/v1/bulk")).json["rows"] == []
    assert (await eve.post("/api/v1/bulk/preview", bulk(ids))).json["audience"] == 0
