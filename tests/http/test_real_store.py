"""The API over the real store: logging in, reading, replying, and two workspaces that never see each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from server.actors.thread import reply_mt
from server.demo.people import MEMBERS
from server.demo.people import PASSWORD as DEMO_PASSWORD
from server.domain.messages import ReadMark
from server.http.app import _routes
from server.ports import Draft, EnqueueMt, EnqueueResult, Member
from server.ports.suggest import Suggested
from server.ports.team import TeamDeed, TeamResult
from server.store.store import Store, open_store
from server.ws.protocol import InboxPage, InboxRow, ThreadSnapshot
from tests.http.house import NOW, PASSWORD, QUICK, Browser, House

if TYPE_CHECKING:
    from server.store.postgres import Connection

pytestmark = pytest.mark.integration

CMD = "0198c1a2-0000-7000-8000-000000000001"
OTHER_SIDE = """
    WITH w AS (INSERT INTO workspace (name, simulated, brand, contact)
          VALUES ('Other Side', true, 'O', 'o') RETURNING id),
    a AS (INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
          SELECT id, true, 'simulator', 'AC2', 's', 'http://127.0.0.1:4999' FROM w RETURNING id, workspace_id),
    n AS (INSERT INTO number (workspace_id, account_id, address, rate)
          SELECT workspace_id, id, '+14045550100', 1 FROM a RETURNING id, workspace_id),
    e AS (INSERT INTO endpoint (workspace_id, address) SELECT id, '+14045550142' FROM w RETURNING id)
    INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at) SELECT n.workspace_id, e.id, n.id, now()
    FROM n, e RETURNING id, workspace_id
"""


class DirectCommands:
    """Commands as the thread's actor carries them out, without the actor."""

    def __init__(self, store: Store, wall: Callable[[], datetime] = lambda: NOW) -> None:
        self._store, self._wall = store, wall

    async def send(self, member: Member, cmd_id: UUID, draft: Draft) -> EnqueueResult:
        return await self._store.ledger.enqueue_mt(reply_mt(member, cmd_id, draft, self._wall()))

    async def enqueue(self, mt: EnqueueMt) -> EnqueueResult:
        return await self._store.ledger.enqueue_mt(mt)

    async def mark_read(self, member: Member, thread_id: int, up_to: int) -> ReadMark | None:
        return await self._store.inbox.mark_read(member.workspace_id, member.member_id, thread_id, up_to)

    async def mark_unread(self, member: Member, thread_id: int, from_ord: int) -> ReadMark | None:
        return await self._store.inbox.mark_unread(member.workspace_id, member.member_id, thread_id, from_ord)

    async def team(self, member: Member, deed: TeamDeed) -> TeamResult:
        return await self._store.team.do(member.workspace_id, member.member_id, deed, self._wall())

    async def release(self, member: Member, thread_id: int, seq: int, send: bool) -> bool:
        return False

    async def typing(self, member: Member, thread_id: int, typing: bool) -> None:
        return None


class Town:
    """The demo's workspace and another one with a single thread and its owner Eve."""

    def __init__(self, house: House, store: Store, other_thread: int) -> None:
        self.house, self.store, self.other_thread = house, store, other_thread

    async def logged_in(self, email: str, password: str) -> Browser:
        browser = self.house.browser()
        answer = await browser.post("/api/v1/login", {"email": email, "password": password})
        assert answer.status == 200, answer.body
        return browser

    async def priya(self) -> Browser:
        return await self.logged_in(MEMBERS[2].email, DEMO_PASSWORD)

    async def eve(self) -> Browser:
        return await self.logged_in("eve@other.example", PASSWORD)


@pytest.fixture
async def town(house: House, demo_dsn: str) -> AsyncIterator[Town]:
    async with open_store(demo_dsn) as store:

        async def build(connection: Connection) -> Any:
            return await connection.fetchrow(OTHER_SIDE)

        other = await store.call(build)
        await store.people.add_member(other["workspace_id"], "eve@other.example", "Eve", "owner", QUICK.hash(PASSWORD))
        house.replace(login_tries=store.login_tries)
        house.replace(people=store.people, inbox=store.inbox, commands=DirectCommands(store), compose=store.compose)
        house.replace(drafts=store.drafts, pictures=store.pictures, consents=store.consents)
        house.replace(suggestions=store.suggestions, team=store.team)
        yield Town(house, store, other["id"])


async def answerable(browser: Browser) -> InboxRow:
    """The newest of those whom anybody may answer without another word."""
    page = InboxPage.model_validate((await browser.get("/api/v1/threads?limit=50")).json)
    return next(row for row in page.rows if not (row.opted_out or row.held or row.invalid))


async def newest_thread(browser: Browser) -> int:
    return (await answerable(browser)).thread_id


async def test_pages_follow_each_other_without_a_gap_or_a_repetition(town: Town) -> None:
    browser, seen, cursor = await town.priya(), [], ""
    while True:
        page = InboxPage.model_validate((await browser.get(f"/api/v1/threads?show=all&limit=20{cursor}")).json)
        seen += [row.thread_id for row in page.rows]
        if page.next_cursor is None:
            break
        cursor = f"&cursor={page.next_cursor}"
    assert len(seen) == len(set(seen)) > 68, "the conversations, and answers to campaigns"
    assert town.other_thread not in seen


async def test_a_cursor_of_somebody_elses_making_is_refused(town: Town) -> None:
    browser = await town.priya()
    for cursor in ("x", "%00", "2026-11-20", "a" * 200):
        answer = await browser.get(f"/api/v1/threads?cursor={cursor}")
        assert (answer.status, answer.json["field"]) == (422, "cursor"), cursor


async def test_older_messages_come_before_the_newer_ones(town: Town) -> None:
    browser = await town.priya()
    thread_id = await newest_thread(browser)
    whole = ThreadSnapshot.model_validate((await browser.get(f"/api/v1/threads/{thread_id}")).json)
    last = whole.messages[-1].seq
    older = ThreadSnapshot.model_validate((await browser.get(f"/api/v1/threads/{thread_id}?before={last}")).json)
    assert [message.seq for message in older.messages] == [message.seq for message in whole.messages[:-1]]


async def test_a_reply_is_stored_once_and_shown(town: Town) -> None:
    browser = await town.priya()
    thread_id = await newest_thread(browser)
    reply = {"cmd_id": CMD, "body": "It is, come by at four."}
    answers = [await browser.post(f"/api/v1/threads/{thread_id}/messages", reply) for _ in range(3)]
    assert [answer.status for answer in answers] == [202] * 3
    assert [answer.json["again"] for answer in answers] == [False, True, True]
    assert len({answer.json["seq"] for answer in answers}) == 1
    snapshot = ThreadSnapshot.model_validate((await browser.get(f"/api/v1/threads/{thread_id}")).json)
    assert [message.body for message in snapshot.messages].count("It is, come by at four.") == 1
    assert snapshot.messages[-1].author == "Priya Raman"
    other = await browser.post(f"/api/v1/threads/{thread_id}/messages", reply | {"body": "It is gone."})
    assert other.status == 409


async def test_whoever_answers_while_a_colleague_does_is_told_so_by_every_way_of_writing(town: Town) -> None:
    priya, dana = await town.priya(), await town.logged_in(MEMBERS[0].email, DEMO_PASSWORD)
    row = await answerable(priya)
    thread = f"/api/v1/threads/{row.thread_id}"
    assert (await dana.ask("PUT", f"{thread}/claim", {})).status == 200
    text = {"cmd_id": str(uuid4()), "thread_id": row.thread_id, "body": "At four."}
    call = {"cmd_id": str(uuid4()), "to": row.address, "text": "At four."}
    answers = [
        await priya.post(f"{thread}/messages", {"cmd_id": CMD, "body": "At four."}),
        await priya.post("/api/v1/messages", text),
        await priya.post("/api/v1/dialer/sms", call),
        await priya.ask("PUT", f"{thread}/claim", {}),
    ]
    sentence = f"{MEMBERS[0].name} is answering this conversation. Take it over, or wait."
    assert [(one.status, one.json["code"], one.json["detail"]) for one in answers] == [(409, "claimed", sentence)] * 4
    assert (await dana.post("/api/v1/messages", text)).status == 202


async def test_a_lone_surrogate_and_a_nul_are_survived(town: Town) -> None:
    browser = await town.priya()
    thread_id = await newest_thread(browser)
    body = b'{"cmd_id": "%s", "body": "a\\u0000b"}' % CMD.encode()
    assert (await browser.post(f"/api/v1/threads/{thread_id}/messages", body)).status in {202, 422}
    body = b'{"cmd_id": "%s", "body": "a\\ud800b"}' % CMD.replace("1a2", "1a3").encode()
    assert (await browser.post(f"/api/v1/threads/{thread_id}/messages", body)).status in {202, 422}


async def test_no_route_reaches_into_another_workspace(town: Town) -> None:
    """Every declared route that names a thread is tried with one that exists, in the other workspace."""
    browser, eve = await town.priya(), await town.eve()
    bodies: dict[str, dict[str, Any]] = {"messages": {"cmd_id": CMD, "body": "Hello"}, "read": {"up_to": 0}}
    seq = (await town.store.inbox.head([town.other_thread]))[town.other_thread]
    made = Suggested(seq, "offline", "", ("Hello!",))
    workspace_id = (await eve.get("/api/v1/me")).json["workspace"]["id"]
    assert await town.store.suggestions.keep(workspace_id, town.other_thread, made, town.house.deps.clock.wall())
    bodies["picked"] = {"based_on": seq, "item": 0}
    bodies |= {"assignee": {"member_id": None}, "closed": {"closed": False}, "snooze": {"until": None}}
    bodies["notes"] = {"cmd_id": str(uuid4()), "body": "Hm"}
    routes = [route for route in _routes(town.house.deps) if "thread_id" in route.path and "/api/" in route.path]
    named = [route for route in routes if "/drafts/" not in route.path]  # a draft is its member's, whatever it is for
    for route in named:
        path = route.path.replace(f"<int(max={2**63 - 1}):thread_id>", str(town.other_thread))
        if ":seq>" in path:  # a text that Eve can still read and take back
            at = (town.house.deps.clock.wall() + timedelta(days=1)).isoformat()
            text = {"cmd_id": str(uuid4()), "body": "Hello", "thread_id": town.other_thread, "send_at": at}
            later = await eve.post("/api/v1/messages", text)
            assert later.status == 202, later.body
            path = path.replace(f"<int(max={2**63 - 1}):seq>", str(later.json["seq"]))
        body = bodies.get(path.rpartition("/")[2], {})
        for who, status in ((browser, {404}), (eve, {200, 202, 204, 409})):
            answer = await who.ask(route.method, path, body)
            assert answer.status in status, (route.endpoint, answer.body)


async def test_reading_is_each_members_own(town: Town) -> None:
    priya = await town.priya()
    thread_id = await newest_thread(priya)
    total = ThreadSnapshot.model_validate((await priya.get(f"/api/v1/threads/{thread_id}")).json).thread.in_total
    assert (await priya.post(f"/api/v1/threads/{thread_id}/read", {"up_to": 10_000})).json["in_ord"] == total
    dana = await town.logged_in(MEMBERS[0].email, DEMO_PASSWORD)
    marks = {mark["thread_id"]: mark["in_ord"] for mark in (await dana.get("/api/v1/threads")).json["reads"]}
    assert marks.get(thread_id, 0) < total


async def test_a_session_ends_by_the_real_time(town: Town) -> None:
    browser = await town.priya()
    assert (await browser.get("/api/v1/me")).json["workspace"]["simulated"] is True
    town.house.later(days=15)
    assert (await browser.get("/api/v1/me")).status == 401


async def test_logging_out_here_leaves_the_other_browser_logged_in(town: Town) -> None:
    here, there = await town.priya(), await town.priya()
    assert (await here.post("/api/v1/logout")).status == 204
    assert (await here.get("/api/v1/me")).status == 401
    assert (await there.get("/api/v1/me")).status == 200
