"""Writing texts by the API, over the real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from server.ports import Member, Workspace
from server.ports.contacts import ContactRow, NewPhone
from tests.http.house import DANA, EVE, NOW, Browser, House
from tests.http.test_real_store import DirectCommands
from tests.store.world import ALICE, World, open_world

pytestmark = pytest.mark.integration

MESSAGES = "/api/v1/messages"


class TownPeople:
    """Dana of the world's workspace 1, and whoever is asked for."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house.people, name)

    async def session(self, token_hash: bytes, now: Any) -> tuple[Member, Workspace] | None:
        found = await self._house.people.session(token_hash, now)
        if found is None:
            return None
        member, workspace = found
        own = Member(member.member_id - 10, member.workspace_id, member.email, member.name, member.role)
        return own, workspace


@dataclass
class Desk:
    world: World
    browser: Browser
    house: House

    async def text(self, **more: Any) -> Any:
        return await self.browser.post(MESSAGES, {"cmd_id": str(uuid4()), "body": "Hello", **more})

    async def batch(self, *items: dict[str, Any]) -> Any:
        messages = [{"cmd_id": str(uuid4()), "body": "Hello", **item} for item in items]
        return await self.browser.post(f"{MESSAGES}/batch", {"messages": messages})


@pytest.fixture
async def desk(dsn: str, house: House) -> AsyncIterator[Desk]:
    async with open_world(dsn) as world:
        house.clock.wall_time = NOW
        house.replace(
            people=TownPeople(house),
            inbox=world.store.inbox,
            commands=DirectCommands(world.store, house.clock.wall),
            compose=world.store.compose,
            drafts=world.store.drafts,
            pictures=world.store.pictures,
            bulk=world.store.bulk,
        )
        yield Desk(world, await house.logged_in(DANA), house)


async def test_a_text_to_a_number_in_any_spelling_is_one_conversation(desk: Desk) -> None:
    threads = set()
    for spelling in ("(202) 555-0101", "202.555.0101", "+1 202 555 0101", "1-202-555-0101"):
        answer = await desk.text(to=spelling)
        assert answer.status == 202, answer.body
        threads.add(answer.json["thread_id"])
    assert len(threads) == 1
    assert await desk.world.value("SELECT count(*) FROM contact") == 1
    assert await desk.world.value("SELECT array_agg(DISTINCT klass) FROM outbox") == ["person"]


async def test_the_same_command_is_one_text_and_another_text_under_it_a_conflict(desk: Desk) -> None:
    one = {"cmd_id": str(uuid4()), "to": ALICE, "body": "Hello"}
    answers = [await desk.browser.post(MESSAGES, one) for _ in range(3)]
    assert [(a.status, a.json["seq"], a.json["again"]) for a in answers] == [(202, 1, False)] + [(202, 1, True)] * 2
    for other in ({"body": "Bye"}, {"to": "+12025550102"}, {"undo_s": 5}):
        answer = await desk.browser.post(MESSAGES, one | other)
        assert (answer.status, answer.json["code"]) == (409, "command_conflict"), other
    assert await desk.world.value("SELECT count(*) FROM outbox") == 1


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        pytest.param({"to": "555-0123"}, 422, "to", id="seven digits"),
        pytest.param({"to": "not a number"}, 422, "to", id="words"),
        pytest.param({}, 422, "to", id="nobody"),
        pytest.param({"to": ALICE, "contact_id": 1}, 422, "to", id="two recipients"),
        pytest.param({"contact_id": 99}, 404, "contact_id", id="no such contact"),
        pytest.param({"thread_id": 99}, 404, None, id="no such thread"),
        pytest.param({"to": ALICE, "number_id": 99}, 422, "number_id", id="no such line"),
        pytest.param({"to": ALICE, "body": "  "}, 422, "body", id="nothing to say"),
        pytest.param({"to": ALICE, "undo_s": 31}, 422, "undo_s", id="half a minute to undo at most"),
        pytest.param({"to": ALICE, "send_at": "2029-01-01T00:00:00Z"}, 422, "send_at", id="years ahead"),
        pytest.param({"to": ALICE, "send_at": "2026-12-01T00:00:00"}, 422, "send_at", id="a time without a zone"),
    ],
)
async def test_what_cannot_be_sent_is_refused_in_a_sentence(
    desk: Desk, asked: dict[str, Any], status: int, field: str | None
) -> None:
    answer = await desk.text(**asked)
    assert (answer.status, answer.json.get("field")) == (status, field), answer.body
    assert answer.json["detail"].endswith(".")
    assert await desk.world.value("SELECT count(*) FROM outbox") == 0


async def test_who_has_opted_out_is_written_to_knowingly_or_not_at_all(desk: Desk) -> None:
    await desk.world.stop()
    refused = await desk.text(to=ALICE)
    assert (refused.status, refused.json["code"], refused.json["field"]) == (409, "opted_out", "acknowledged_opt_out")
    assert (await desk.text(to=ALICE, acknowledged_opt_out=True)).status == 202


async def test_a_text_that_may_be_taken_back_is_due_when_it_may_no_more(desk: Desk) -> None:
    await desk.text(to=ALICE, undo_s=10)
    assert (await desk.world.value("SELECT due_at FROM outbox") - NOW).total_seconds() == 10


async def test_several_are_bulk_and_get_an_answer_each(desk: Desk) -> None:
    thread = (await desk.world.receive(from_="+12025550103")).thread_id
    answer = await desk.batch(
        {"to": ALICE},
        {"thread_id": thread},
        {"to": "nonsense"},
        {"contact_id": 99},
        {"thread_id": 999},
        {},
        {"to": ALICE},
    )
    assert answer.status == 202, answer.body
    told = answer.json["answers"]
    assert [one.get("seq") for one in told] == [1, 2, None, None, None, None, 2]
    assert [one.get("code") for one in told] == [None, None, "invalid", "no_contact", "not_found", "invalid", None]
    assert await desk.world.value("SELECT array_agg(DISTINCT klass || lane) FROM outbox") == ["bulk2"]


async def test_a_batch_that_is_repeated_answers_the_same(desk: Desk) -> None:
    messages = [{"cmd_id": str(uuid4()), "body": f"{n}", "to": f"+120255501{n:02}"} for n in range(80)]
    first, again = [await desk.browser.post(f"{MESSAGES}/batch", {"messages": messages}) for _ in range(2)]
    assert [(a["thread_id"], a["seq"]) for a in first.json["answers"]] == [
        (a["thread_id"], a["seq"]) for a in again.json["answers"]
    ]
    assert {a["again"] for a in again.json["answers"]} == {True}
    assert await desk.world.value("SELECT count(*) FROM outbox") == 80
    messages[3]["body"] = "another"
    third = await desk.browser.post(f"{MESSAGES}/batch", {"messages": messages})
    assert [a["code"] for a in third.json["answers"] if a.get("code")] == ["command_conflict"]


async def test_a_batch_of_200_long_texts_is_taken_and_one_more_is_not(desk: Desk) -> None:
    items = [{"to": f"+120{n}5550100", "body": "é" * 1600} for n in range(2, 10)] * 25
    assert (await desk.batch(*items)).status == 202
    refused = await desk.batch(*items, items[0])
    assert (refused.status, refused.json["field"]) == (422, "messages")


async def test_a_command_twice_in_one_batch_is_refused_whole(desk: Desk) -> None:
    same = str(uuid4())
    refused = await desk.batch({"to": ALICE, "cmd_id": same}, {"to": ALICE, "cmd_id": same})
    assert (refused.status, refused.json["field"]) == (422, "messages")
    assert await desk.world.value("SELECT count(*) FROM outbox") == 0


# Changing one's mind

LATER = "2026-11-20T18:00:00Z"


async def later_text(desk: Desk, **more: Any) -> str:
    """The path of a text for later."""
    answer = await desk.text(to=ALICE, send_at=LATER, **more)
    assert answer.status == 202, answer.body
    return f"/api/v1/threads/{answer.json['thread_id']}/messages/{answer.json['seq']}"


async def test_a_text_for_later_waits_for_its_time_and_for_no_reply_where_it_was_wished(desk: Desk) -> None:
    await later_text(desk, cancel_on_reply=True)
    [row] = await desk.world.sql("SELECT klass, due_at, cancel_after_in FROM outbox")
    assert (row["klass"], row["due_at"].isoformat(), row["cancel_after_in"]) == (
        "send_later",
        "2026-11-20T18:00:00+00:00",
        0,
    )


async def test_a_text_is_taken_back_once_and_again_with_the_same_answer(desk: Desk) -> None:
    path = await later_text(desk)
    answers = [await desk.browser.delete(path) for _ in range(2)]
    assert [(a.status, a.json["state"]) for a in answers] == [(200, "cancelled")] * 2
    refused = await desk.browser.patch(path, {"body": "Too late"})
    assert (refused.status, refused.json["code"], refused.json["state"]) == (409, "too_late", "cancelled")


async def test_what_is_on_its_way_is_not_taken_back(desk: Desk) -> None:
    told = (await desk.text(to=ALICE)).json
    assert await desk.world.authorise(now=NOW)
    refused = await desk.browser.delete(f"/api/v1/threads/{told['thread_id']}/messages/{told['seq']}")
    assert (refused.status, refused.json["code"], refused.json["state"]) == (409, "too_late", "sending")
    assert refused.json["detail"] == "It is too late: the text is on its way."


async def test_words_and_time_are_changed_in_place(desk: Desk) -> None:
    path = await later_text(desk)
    changed = await desk.browser.patch(path, {"body": "x" * 161, "send_at": "2026-11-20T19:00:00Z"})
    assert (changed.status, changed.json["state"]) == (200, "queued")
    [row] = await desk.world.sql("SELECT cost, due_at FROM outbox")
    assert (row["cost"], row["due_at"].isoformat()) == (2, "2026-11-20T19:00:00+00:00")
    for wrong, field in (({"body": " "}, "body"), ({"send_at": "2029-01-01T00:00:00Z"}, "send_at")):
        refused = await desk.browser.patch(path, wrong)
        assert (refused.status, refused.json["field"]) == (422, field)


@pytest.mark.parametrize("wished", [True, False])
async def test_a_text_for_later_is_told_as_it_stands_until_it_leaves(desk: Desk, wished: bool) -> None:
    path = await later_text(desk, cancel_on_reply=wished)
    stands = (await desk.browser.get(path)).json
    assert stands == {"body": "Hello", "send_at": "2026-11-20T18:00:00Z", "cancel_on_reply": wished}
    await desk.browser.patch(path, {"body": "Hi", "cancel_on_reply": not wished})
    changed = (await desk.browser.get(path)).json
    assert (changed["body"], changed["cancel_on_reply"]) == ("Hi", not wished)
    await desk.browser.delete(path)
    assert (await desk.browser.get(path)).status == 404


async def test_what_leaves_at_once_is_no_text_for_later(desk: Desk) -> None:
    told = (await desk.text(to=ALICE)).json
    assert (await desk.browser.get(f"/api/v1/threads/{told['thread_id']}/messages/{told['seq']}")).status == 404


async def test_another_workspaces_text_is_not_there(desk: Desk) -> None:
    path = await later_text(desk)
    stranger = await desk.house.logged_in(EVE)
    assert (await stranger.get(path)).status == 404
    assert (await stranger.delete(path)).status == 404
    assert (await stranger.patch(path, {"body": "Mine"})).status == 404
    thread_id = int(path.split("/")[4])
    foreign = {"cmd_id": str(uuid4()), "body": "Hello", "thread_id": thread_id}
    assert (await stranger.post(MESSAGES, foreign)).status == 404
    [answer] = (await stranger.post(f"{MESSAGES}/batch", {"messages": [foreign]})).json["answers"]
    assert answer["code"] == "not_found"


# Pictures

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


async def upload(desk: Desk, content: bytes = PNG, name: str = "house.png") -> Any:
    headers = desk.browser.headers | {"Content-Type": "application/octet-stream"}
    return await desk.browser.raw("POST", f"/api/v1/media?name={name}", headers, content)


async def test_a_picture_goes_with_a_text_is_shown_and_costs_one_segment(desk: Desk) -> None:
    picture = (await upload(desk)).json
    told = (await desk.text(to=ALICE, body="x" * 400, media=[picture["media_id"]])).json
    assert await desk.world.value("SELECT cost FROM outbox") == 1
    page = await desk.world.store.inbox.thread(1, 1, told["thread_id"])
    assert page is not None
    assert page.messages[0].media == (picture["url"],)
    [one] = await desk.world.authorise(now=NOW)
    assert one.request.media_urls == (picture["url"],)
    assert (await desk.text(to=ALICE, body="", media=[picture["media_id"]])).status == 202


async def test_what_is_sent_again_has_the_words_and_the_pictures_of_the_old_text(desk: Desk) -> None:
    picture = (await upload(desk)).json
    old = (await desk.text(to=ALICE, body="", media=[picture["media_id"]])).json
    where = {"thread_id": old["thread_id"], "resend_of": old["seq"], "body": ""}
    new = (await desk.text(**where)).json
    page = await desk.world.store.inbox.thread(1, 1, old["thread_id"])
    assert page is not None
    [again] = [message for message in page.messages if message.seq == new["seq"]]
    assert (again.media, again.body, again.resend_of) == ((picture["url"],), "", old["seq"])
    assert [row["cost"] for row in await desk.world.sql("SELECT cost FROM outbox")] == [1, 1]
    assert (await desk.text(**where | {"resend_of": 99})).status == 404
    assert (await desk.text(to=ALICE, body="", resend_of=old["seq"])).status == 422
    assert (await desk.text(**where | {"body": "And more"})).status == 422


async def test_what_a_contact_wrote_or_another_workspace_sent_is_not_sent_again(desk: Desk) -> None:
    received = await desk.world.receive("My own words")
    assert (await desk.text(thread_id=received.thread_id, body="", resend_of=received.seq)).status == 404
    sent = (await desk.text(thread_id=received.thread_id, body="Ours")).json
    assert await desk.world.store.compose.said(7, sent["thread_id"], sent["seq"]) is None
    assert await desk.world.store.compose.said(1, sent["thread_id"], sent["seq"]) is not None


@pytest.mark.parametrize(
    ("pictures", "cost"), [pytest.param(0, 3, id="of words alone"), pytest.param(1, 1, id="with a picture")]
)
async def test_other_words_of_a_text_for_later_cost_what_sending_them_costs(
    desk: Desk, pictures: int, cost: int
) -> None:
    media = [(await upload(desk)).json["media_id"] for _ in range(pictures)]
    path = await later_text(desk, media=media)
    answer = await desk.browser.patch(path, {"body": "x" * 400})
    assert answer.status == 200
    assert await desk.world.value("SELECT cost FROM outbox") == cost
    assert await desk.world.value("SELECT segments FROM message") == cost
    assert (await desk.text(to=ALICE, body="x" * 400, media=media)).status == 202
    assert await desk.world.value("SELECT cost FROM outbox ORDER BY id DESC LIMIT 1") == cost


async def test_a_picture_is_given_to_whoever_has_the_link_and_never_as_anything_else(desk: Desk) -> None:
    picture = (await upload(desk)).json
    shown = await desk.house.browser().get(picture["url"])
    assert (shown.status, shown.body, shown.headers["Content-Type"]) == (200, PNG, "image/png")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in shown.headers["Cache-Control"]
    assert (await desk.house.browser().get("/media/AAAAAAAAAAAAAAAAAAAAAA")).status == 404


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", 415, id="a drawing that may run"),
        pytest.param(b"", 415, id="nothing"),
        pytest.param(b"MZ", 415, id="a program called house.png"),
        pytest.param(PNG + b"\0" * 5_000_000, 413, id="more than carriers take"),
    ],
)
async def test_what_is_no_picture_is_refused_whatever_its_name_says(desk: Desk, content: bytes, status: int) -> None:
    assert (await upload(desk, content)).status == status
    assert await desk.world.value("SELECT count(*) FROM media") == 0


FOREIGN_PICTURE = "0198c1a2-0000-7000-8000-000000000009"


async def foreign_picture(desk: Desk) -> str:
    await desk.world.sql(
        "WITH w AS (INSERT INTO workspace (name, simulated, brand, contact) VALUES ('O', true, 'O', 'o') RETURNING id),"
        " m AS (INSERT INTO member (workspace_id, email, name, role, password_hash)"
        " SELECT id, 'o@example.org', 'O', 'agent', 'x' FROM w RETURNING id, workspace_id)"
        " INSERT INTO media (id, token, workspace_id, content_type, name, bytes, added_by)"
        " SELECT '0198c1a2-0000-7000-8000-000000000009', 't', workspace_id, 'image/png', '', '', id FROM m"
    )
    return FOREIGN_PICTURE


async def test_another_workspaces_picture_cannot_be_sent(desk: Desk) -> None:
    refused = await desk.text(to=ALICE, media=[await foreign_picture(desk)])
    assert (refused.status, refused.json["field"]) == (422, "media")


# Before sending


async def checked(desk: Desk, **asked: Any) -> Any:
    answer = await desk.browser.post(f"{MESSAGES}/check", asked)
    assert answer.status == 200, answer.body
    return answer.json


async def test_what_stands_in_the_way_is_told_before_sending_and_nothing_is_made(desk: Desk) -> None:
    assert (await checked(desk, to="202 555 0101", body="Hello"))["warnings"] == []
    assert (await checked(desk, to="+1 202 333 4455"))["warnings"][0]["kind"] == "not_a_test_number"
    assert await desk.world.value("SELECT count(*) FROM endpoint") == 0
    await desk.world.stop()
    [warning] = (await checked(desk, to=ALICE))["warnings"]
    assert (warning["kind"], warning["stops"]) == ("opted_out", False)
    [warning] = (await checked(desk, to=ALICE, send_at=LATER))["warnings"]
    assert (warning["kind"], warning["stops"]) == ("opted_out", True)
    await desk.world.sql("UPDATE endpoint SET carrier_blocked = true, invalid_reason = '30006'")
    assert [w["kind"] for w in (await checked(desk, to=ALICE))["warnings"]] == ["invalid_number", "carrier_blocked"]


async def test_the_hours_are_those_where_the_contact_is_when_it_would_leave(desk: Desk) -> None:
    night = await checked(desk, to=ALICE, send_at="2026-11-21T04:00:00Z")
    assert [w["kind"] for w in night["warnings"]] == ["quiet_hours"]
    assert (night["hours"]["open"], night["hours"]["zones"]) == (False, ["America/New_York"])
    assert (await checked(desk, to=ALICE))["hours"]["open"] is True


async def test_a_zip_code_whose_state_has_other_hours_is_told_with_them(desk: Desk) -> None:
    """Half past eight in the evening: Atlanta's day lasts until nine, Florida's is over."""
    georgia, evening = "+14045550101", "2026-11-22T01:30:00Z"
    assert (await checked(desk, to=georgia, send_at=evening))["warnings"] == []
    maya = await desk.world.store.contacts.create(1, 1, {"first_name": "Maya", "zip": "33130"}, [NewPhone(georgia)])
    assert isinstance(maya, ContactRow)
    found = await checked(desk, contact_id=maya.contact_id, send_at=evening)
    by_zip = "Going by the ZIP code they may be in Florida, whose hours count too."
    assert found["hours"] == {
        "open": False,
        "until": "2026-11-22T13:00:00Z",
        "zones": ["America/New_York"],
        "by_zip": by_zip,
    }
    [warning] = found["warnings"]
    assert warning["sentence"] == f"Quiet hours where the contact lives. {by_zip} It waits until they end."
    thread = (await desk.text(to=georgia)).json["thread_id"]
    desk.house.clock.wall_time = datetime.fromisoformat(evening)
    assert (await desk.browser.get(f"/api/v1/threads/{thread}/hours")).json == found["hours"]


async def test_the_costly_character_is_named_and_what_plain_ones_would_save(desk: Desk) -> None:
    segments = (await checked(desk, to=ALICE, body="It’s here " * 10))["segments"]
    assert (segments["count"], segments["encoding"]) == (2, "UCS-2")
    assert segments["costly"] == [{"char": "’", "at": 2, "name": "right single quotation mark"}]
    assert segments["smart"] == {"body": "It's here " * 10, "segments": 1}
    accents = (await checked(desk, to=ALICE, body="Garçon"))["segments"]
    assert accents["smart"] is None, "a name without its accents is another name"


async def test_what_was_counted_is_what_is_sent(desk: Desk) -> None:
    await desk.text(to=ALICE, body="It’s here", smart=True)
    await desk.text(to=ALICE, body="It’s here")
    sent = await desk.world.authorise(now=NOW)
    assert [one.request.body for one in sent] == ["It's here", "It’s here"]


# Drafts

DRAFT = "/api/v1/drafts/0"


async def draft_put(desk: Desk, body: str, at: str, path: str = DRAFT) -> Any:
    return await desk.browser.put(path, {"body": body, "recipient": "Maya", "changed_at": f"2026-11-20T16:00:{at}Z"})


async def test_a_draft_is_kept_for_its_author_alone(desk: Desk) -> None:
    assert (await desk.browser.get(DRAFT)).json["body"] == ""
    await draft_put(desk, "Hello Ma", "05")
    assert (await desk.browser.get(DRAFT)).json["recipient"] == "Maya"
    await desk.world.sql("UPDATE draft SET member_id = member_id")
    other = await desk.house.logged_in(EVE)
    assert (await other.get(DRAFT)).json["body"] == ""


async def test_of_two_tabs_the_one_that_typed_later_wins(desk: Desk) -> None:
    await draft_put(desk, "newer", "09")
    assert (await draft_put(desk, "older", "08")).json["body"] == "newer"
    assert (await desk.browser.get(DRAFT)).json["body"] == "newer"


async def test_a_draft_that_was_sent_is_not_brought_back_by_an_older_tab(desk: Desk) -> None:
    await draft_put(desk, "Hello", "05")
    await desk.browser.delete(f"{DRAFT}?changed_at=2026-11-20T16:00:06Z")
    await draft_put(desk, "Hell", "04")
    assert (await desk.browser.get(DRAFT)).json["body"] == ""


async def test_being_done_with_counts_by_the_clock_that_pages_type_by(desk: Desk) -> None:
    """A simulation's wall clock is hours from the real one: by that, what was typed just now would be later."""
    desk.house.clock.wall_time = desk.house.clock.real() + timedelta(hours=9)
    typed = desk.house.clock.wall_time - timedelta(seconds=1)
    await desk.browser.put(DRAFT, {"body": "Hello", "changed_at": typed.isoformat()})
    assert (await desk.browser.delete(DRAFT)).json["body"] == ""


async def test_when_it_was_done_with_is_told_and_nothing_where_nothing_was_ever_typed(desk: Desk) -> None:
    """A tab that typed before a moment that is told lets its words go: one that nobody wrote down would cost them."""
    assert (await desk.browser.get(DRAFT)).json["changed_at"] is None
    await draft_put(desk, "Hello", "05")
    await desk.browser.delete(f"{DRAFT}?changed_at=2026-11-20T16:00:06Z")
    told = (await desk.browser.get(DRAFT)).json
    assert (told["body"], told["recipient"]) == ("", "")
    assert datetime.fromisoformat(told["changed_at"]) == datetime(2026, 11, 20, 16, 0, 6, tzinfo=UTC)


async def test_a_draft_says_when_it_was_typed_and_an_empty_one_nothing(desk: Desk) -> None:
    """A tab that could not save what it holds must not take the absence of a stored draft for a newer one."""
    assert (await desk.browser.get(DRAFT)).json["changed_at"] is None
    await draft_put(desk, "Hello", "05")
    assert (await desk.browser.get(DRAFT)).json["changed_at"] == "2026-11-20T16:00:05Z"
    await desk.browser.delete(f"{DRAFT}?changed_at=2026-11-20T16:00:06Z")
    emptied = (await desk.browser.get(DRAFT)).json
    assert (emptied["body"], emptied["changed_at"]) == ("", "2026-11-20T16:00:06Z")


async def test_a_draft_keeps_its_pictures_and_shows_nobody_elses(desk: Desk) -> None:
    picture = (await upload(desk)).json
    draft = {"body": "", "media": [picture["media_id"]], "changed_at": "2026-11-20T16:00:05Z"}
    await desk.browser.put(DRAFT, draft)
    kept = (await desk.browser.get(DRAFT)).json
    assert kept["pictures"] == [{"media_id": picture["media_id"], "url": picture["url"]}]
    stolen = {**draft, "media": [await foreign_picture(desk)], "changed_at": "2026-11-20T16:00:06Z"}
    assert (await desk.browser.put(DRAFT, stolen)).json["pictures"] == []


async def test_a_draft_belongs_to_a_thread_of_this_workspace(desk: Desk) -> None:
    thread = (await desk.world.receive()).thread_id
    assert (await draft_put(desk, "Hi", "05", f"/api/v1/drafts/{thread}")).status == 200
    assert (await draft_put(desk, "Hi", "05", "/api/v1/drafts/999")).status == 404


async def test_a_batch_with_a_text_that_says_nothing_names_it_and_queues_none(desk: Desk) -> None:
    answer = await desk.batch({"to": ALICE}, {"to": "+12025550102", "body": " \n\t"})
    assert (answer.status, answer.json["field"]) == (422, "messages.1.body")
    assert answer.json["detail"] == "Write something first."
    assert await desk.world.value("SELECT count(*) FROM outbox") == 0
