"""The inbox, a thread, and replies, as the client asks for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from server.ports import CommandsBusy, StoreUnavailable
from server.ws.protocol import InboxPage, ReadMarkOut, ThreadSnapshot
from tests.http.house import House

CMD = "0198c1a2-0000-7000-8000-000000000001"


async def test_the_inbox_has_the_shape_of_the_sockets_page(house: House) -> None:
    browser = await house.logged_in()
    answer = await browser.get("/api/v1/threads?cursor=abc&limit=20")
    page = InboxPage.model_validate(answer.json)
    assert [row.thread_id for row in page.rows] == [100]
    assert page.reads == [ReadMarkOut(thread_id=100, in_ord=0, v=1)]
    assert page.next_cursor == "next"
    assert house.inbox.asked == [("abc", 20)]


async def test_a_thread_has_the_shape_of_the_sockets_snapshot(house: House) -> None:
    browser = await house.logged_in()
    answer = await browser.get("/api/v1/threads/100?before=9&limit=2")
    snapshot = ThreadSnapshot.model_validate(answer.json)
    assert [message.seq for message in snapshot.messages] == [1, 2]
    assert snapshot.messages[0].error == "Filtered by the carrier (30007)"
    assert answer.json["messages"][1]["at"] == "2026-11-20T16:00:00Z"
    assert house.inbox.asked == [(9, 2)]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        pytest.param("/api/v1/threads?limit=0", "limit", id="an empty page"),
        pytest.param("/api/v1/threads?limit=201", "limit", id="a page too long"),
        pytest.param("/api/v1/threads?limit=many", "limit", id="a limit that is no number"),
        pytest.param("/api/v1/threads?cursor=broken", "cursor", id="a cursor that is none of ours"),
        pytest.param("/api/v1/threads?since=3", "since", id="a parameter that does not exist"),
        pytest.param("/api/v1/threads/100?before=-1", "before", id="before the beginning"),
        pytest.param(f"/api/v1/threads/100?before={2**63}", "before", id="beyond what the database can count"),
    ],
)
async def test_a_wrong_parameter_is_named(house: House, path: str, field: str) -> None:
    answer = await (await house.logged_in()).get(path)
    assert (answer.status, answer.json["field"]) == (422, field)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("thread_id", ["0", "999", str(2**63), "1e3", "-1", "abc", "100/../200"])
async def test_a_thread_that_is_not_there(house: House, thread_id: str) -> None:
    answer = await (await house.logged_in()).get(f"/api/v1/threads/{thread_id}")
    assert answer.status == 404


@pytest.mark.parametrize(
    ("hour_utc", "expected"),
    [
        pytest.param(3, {"open": False, "until": "2026-03-11T12:00:00Z"}, id="at night"),
        pytest.param(15, {"open": True, "until": "2026-03-12T01:00:00Z"}, id="by day"),
    ],
)
async def test_the_clocks_where_a_contact_may_be(house: House, hour_utc: int, expected: dict[str, Any]) -> None:
    house.clock.wall_time = datetime(2026, 3, 11, hour_utc, 0, tzinfo=UTC)
    answer = await (await house.logged_in()).get("/api/v1/threads/100/hours")
    assert (answer.status, answer.json) == (200, {**expected, "zones": ["America/New_York"], "by_zip": None})


async def test_of_another_workspaces_contact_no_clock_is_told(house: House) -> None:
    assert (await (await house.logged_in()).get("/api/v1/threads/200/hours")).status == 404


async def test_a_reply_is_taken_once_however_often_it_is_sent(house: House) -> None:
    browser = await house.logged_in()
    reply = {"cmd_id": CMD, "body": "Yes, it is."}
    first, second = [await browser.post("/api/v1/threads/100/messages", reply) for _ in range(2)]
    assert (first.status, first.json) == (202, {"thread_id": 100, "seq": 3, "again": False})
    assert (second.status, second.json) == (202, {"thread_id": 100, "seq": 3, "again": True})
    other = await browser.post("/api/v1/threads/100/messages", reply | {"body": "No, it is gone."})
    assert (other.status, other.json["code"], other.json["field"]) == (409, "command_conflict", "cmd_id")


async def test_a_text_to_somebody_who_opted_out_wants_an_acknowledgement(house: House) -> None:
    house.commands.opted_out = True
    browser = await house.logged_in()
    reply: dict[str, Any] = {"cmd_id": CMD, "body": "Are you sure?"}
    refused = await browser.post("/api/v1/threads/100/messages", reply)
    assert (refused.status, refused.json["code"]) == (409, "opted_out")
    taken = await browser.post("/api/v1/threads/100/messages", reply | {"acknowledged_opt_out": True})
    assert taken.status == 202


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        pytest.param({"body": "Hi"}, 422, "cmd_id", id="without a command id"),
        pytest.param({"cmd_id": "1", "body": "Hi"}, 422, "cmd_id", id="an id that is no UUID"),
        pytest.param({"cmd_id": CMD, "body": ""}, 422, "body", id="nothing said"),
        pytest.param({"cmd_id": CMD, "body": " \n "}, 422, "body", id="nothing but space"),
        pytest.param({"cmd_id": CMD, "body": "x" * 1601}, 422, "body", id="too long"),
        pytest.param({"cmd_id": CMD, "body": "Hi", "to": "+1"}, 422, "to", id="a field that does not exist"),
        pytest.param([], 422, None, id="a list"),
        pytest.param(b"{", 422, None, id="half an object"),
        pytest.param(b"\xff", 422, None, id="not UTF-8"),
        pytest.param(b'"' + b"x" * 70_000 + b'"', 413, None, id="too many bytes"),
    ],
)
async def test_a_reply_that_cannot_be_taken_says_what_is_wrong(
    house: House, body: object, status: int, field: str | None
) -> None:
    answer = await (await house.logged_in()).post("/api/v1/threads/100/messages", body)
    assert answer.status == status
    assert answer.json.get("field") == field
    assert answer.json["detail"].endswith(".")
    assert not house.commands.taken


async def test_a_form_is_no_json(house: House) -> None:
    browser = await house.logged_in()
    answer = await browser.post("/api/v1/threads/100/messages", b"body=Hi", Content_Type="text/plain")
    assert answer.status == 415


async def test_a_refused_body_is_not_repeated(house: House) -> None:
    browser = await house.logged_in()
    answer = await browser.post("/api/v1/threads/100/messages", {"cmd_id": "my secret plan", "body": 7})
    assert b"secret" not in answer.body


async def test_reading_moves_the_mark(house: House) -> None:
    answer = await (await house.logged_in()).post("/api/v1/threads/100/read", {"up_to": 5})
    assert (answer.status, answer.json) == (200, {"thread_id": 100, "in_ord": 1, "v": 2})


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        pytest.param(
            StoreUnavailable("connection to 10.1.2.3 refused"), "store_unavailable", id="the database is away"
        ),
        pytest.param(CommandsBusy(), "busy", id="the thread's mailbox is full"),
        pytest.param(ExceptionGroup("several", [StoreUnavailable("10.1.2.3")]), "store_unavailable", id="in a group"),
    ],
)
async def test_what_may_work_later_says_when(house: House, failure: Exception, code: str) -> None:
    browser = await house.logged_in()
    house.commands.failure = failure
    answer = await browser.post("/api/v1/threads/100/messages", {"cmd_id": CMD, "body": "Hi"})
    assert (answer.status, answer.json["code"]) == (503, code)
    assert int(answer.headers["Retry-After"]) > 0
    assert b"10.1.2.3" not in answer.body


async def test_a_database_that_is_away_is_not_a_lost_login(house: House) -> None:
    browser = await house.logged_in()
    house.people.failure = StoreUnavailable("away")
    assert (await browser.get("/api/v1/threads")).status == 503


async def test_a_fault_of_ours_shows_nothing_of_the_inside(house: House) -> None:
    browser = await house.logged_in()
    house.commands.failure = RuntimeError("password is hunter2")
    answer = await browser.post("/api/v1/threads/100/messages", {"cmd_id": CMD, "body": "Hi"})
    assert (answer.status, answer.json["code"]) == (500, "fault")
    assert b"hunter2" not in answer.body
    assert b"Traceback" not in answer.body
