"""Nothing of a colleague's own number is told to an agent: every route is tried, and has its place in a table."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final
from uuid import uuid4
from zipfile import ZipFile

import pytest
import trio

from server.domain.carrier import InboundText
from server.domain.optout import classify
from server.domain.scopes import Scope
from server.http.app import _routes
from server.http.call import Call, Session, token_hash
from server.http.dialer.events import Position, pieces
from server.http.rules import MEMBER, Route
from server.http.scopes import scope_of
from server.http.tokens import new_token
from server.ports import Member, MoArrival, MoRecorded
from server.store.options import StoreOptions
from server.store.store import Store, open_store
from tests.http.house import HARBOR, PASSWORD, QUICK, Browser, House, Told
from tests.http.test_real_store import DirectCommands

pytestmark = pytest.mark.integration

MARK: Final = "zebra"  # in all words that were written with the number
OURS: Final = 9_876_543  # ids of what hangs on it begin so
DAY: Final = timedelta(days=1)
LATER: Final = "2031-07-25T15:00:00Z"
THEN: Final = datetime(2031, 7, 5, 12, 0, tzinfo=UTC)  # when that was
CONTACT, QUILL = 4_444, "+16175550142"
SHARED, OWN = "+16175550100", "+16175550107"

SEED: Final = f"""
    INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Harbor & Pine', true, 'H', 'h');
    INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
    VALUES (1, true, 'simulator', 'AC1', 's', 'http://127.0.0.1:9');
    INSERT INTO number (workspace_id, account_id, address, label, rate) VALUES (1, 1, '{SHARED}', 'Main line', 1);
    ALTER TABLE number ALTER id RESTART WITH {OURS}01;
    INSERT INTO number (workspace_id, account_id, address, label, rate) VALUES (1, 1, '{OWN}', 'Mia {MARK}', 1);
    ALTER TABLE thread ALTER id RESTART WITH {OURS}11;
    ALTER TABLE campaign ALTER id RESTART WITH {OURS}21;
    ALTER TABLE review ALTER id RESTART WITH {OURS}41;
    ALTER TABLE endpoint ALTER id RESTART WITH 5555;
    ALTER TABLE contact ALTER id RESTART WITH {CONTACT};
"""  # noqa: S608 - of constants

CAMPAIGN: Final = f"""
    INSERT INTO campaign (workspace_id, kind, name, description, state, plan, author_id, launched_by, number_id,
                          audience, launched_at, created_at)
    VALUES (1, 'campaign', 'The {MARK}s', '{MARK}', 'active',
            '{{"variants": [{{"body": "{MARK}", "share": 100}}], "number_id": {OURS}01}}', $1, $1, {OURS}01, 1, $2, $2);
    INSERT INTO campaign (workspace_id, kind, name, state, template, launched_by, number_id, audience, launched_at,
                          created_at)
    VALUES (1, 'bulk', 'Bulk {MARK}', 'active', '{MARK}', $1, {OURS}01, 1, $2, $2)
"""  # noqa: S608 - of constants

SUGGESTED: Final = f"""
    INSERT INTO suggestion (workspace_id, thread_id, based_on_seq, source, label, items, made_at)
    SELECT 1, thread_id, max(seq), 'offline', '', '["{MARK}"]', $1 FROM message GROUP BY thread_id
"""  # noqa: S608 - of constants
RECIPIENT: Final = f"""
    INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, contact_id, endpoint_id, state, thread_id, seq)
    VALUES ($1, 1, 1, {CONTACT}, 5555, 'wired', $2, 1)
"""  # noqa: S608 - of constants


@dataclass
class Desk:
    """Mia's own number is hidden from Raj, an agent as she is; Dana owns the workspace."""

    house: House
    store: Store
    thread_id: int
    review_id: int

    async def of(self, name: str) -> Browser:
        browser = self.house.browser()
        login = {"email": f"{name}@harbor.example", "password": PASSWORD}
        assert (await browser.post("/api/v1/login", login)).status == 200
        return browser

    async def sql(self, query: str, *values: Any) -> list[Any]:
        return list(await self.store.call(lambda c: c.fetch(query, *values)))


async def pace(workspace_id: int) -> dict[str, Any]:
    """As sending_out tells it."""
    limits = [{"kind": kind, "name": name} for kind, name in (("number", OWN), ("campaign", MARK), ("account", "A"))]
    return {"numbers": [{"number": SHARED}, {"number": OWN}], "limits": limits}


async def wrote(store: Store, body: str, *, to: str = OWN, at: datetime = THEN, from_: str = QUILL) -> MoRecorded:
    text = InboundText(f"SM{uuid4().hex}", from_, to, body, received_at=at)
    result = await store.ledger.record_mo(MoArrival(1, text, classify(body)))
    assert isinstance(result, MoRecorded)
    return result


@pytest.fixture
async def desk(house: House, dsn: str) -> AsyncIterator[Desk]:
    async with open_store(dsn, options=StoreOptions(wall=lambda: THEN)) as store:
        await store.call(lambda c: c.execute(SEED))
        members = {}
        for name, role in (("dana", "owner"), ("raj", "agent"), ("mia", "agent")):
            members[name] = await store.people.add_member(
                1, f"{name}@harbor.example", name.title(), role, QUICK.hash(PASSWORD)
            )
        mia = members["mia"]
        await store.events.listen(1)
        own = f"{OURS}01"
        given = await store.numbers.give(1, int(own), mia.member_id, by=members["dana"].member_id, version=0)
        assert given == "given"
        came = await wrote(store, f"Is the {MARK} still free?")
        later = {
            "cmd_id": str(uuid4()),
            "thread_id": came.thread_id,
            "body": f"{MARK}?",
            "send_at": f"{THEN + 20 * DAY:%FT%TZ}",
        }
        commands = DirectCommands(store, lambda: THEN)
        house.replace(**{name: getattr(store, name) for name in PARTS.split()}, token_values=store.values)
        house.replace(commands=commands, narrowed=store.sight.parts, pace=pace)
        house.clock.wall_time = THEN + 3 * DAY
        as_mia = await Desk(house, store, 0, 0).of("mia")
        assert (await as_mia.post("/api/v1/messages", later)).status == 202
        await wrote(store, f"can you stop sending {MARK} pictures", at=THEN + DAY)  # that it may be a STOP is told
        review = await store.call(lambda c: c.fetchval("SELECT min(id) FROM review"))
        desk = Desk(house, store, came.thread_id, review or 0)
        path = f"/api/v1/threads/{came.thread_id}"
        for body in (f"The {MARK} is yours",):
            sent = await as_mia.post(
                f"{path}/messages", {"cmd_id": str(uuid4()), "body": body, "acknowledged_opt_out": True}
            )
            assert sent.status == 202, sent.body
        note = {"cmd_id": str(uuid4()), "body": f"@Raj @Dana look at the {MARK}"}
        assert (await as_mia.post(f"{path}/notes", note)).status < 300
        for statement in CAMPAIGN.split(";\n"):
            await desk.sql(statement, mia.member_id, THEN)
        await desk.sql(SUGGESTED, THEN)
        for campaign in (21, 22):
            await desk.sql(RECIPIENT, OURS * 100 + campaign, came.thread_id)
        while await store.events.number(100):
            pass
        yield desk


PARTS: Final = (
    "people history reviews inbox team compose drafts contacts mass_edits consents timeline catalogue values finder"
    " filters bulk campaign_drafts campaign_survey campaign_course campaign_figures campaign_tests links events hooks"
    " settings audit_log suggestions templates tokens imports own_numbers numbers pictures"
)

TELLS: Final[dict[str, str]] = {
    "threads": "?show=all",
    "threads/<thread_id>": "",
    "threads/<thread_id>/hours": "",
    "threads/<thread_id>/suggestions": "",
    "threads/<thread_id>/consent": "",
    "threads/<thread_id>/messages/<seq>": "",
    "history": f"?q={MARK}",
    "history/newer": f"?q={MARK}&than=1577836800000000.1.1",
    "history/export.csv": "",
    "contacts/<contact_id>": "",
    "contacts/<contact_id>/timeline": "",
    "contacts": "?sort=activity",
    "numbers": "",
    "endpoints/<endpoint_id>/consent": "",
    "endpoints/<endpoint_id>/consent/proof": "",
    "review": "",
    "bulk": "",
    "bulk/<bulk_id>": "",
    "bulk/<bulk_id>/recipients": "",
    "bulk/<bulk_id>/recipients.csv": "",
    "campaigns": "",
    "campaigns/<campaign_id>": "",
    "campaigns/<campaign_id>/survey": "",
    "campaigns/<campaign_id>/sample": f"?contact_id={CONTACT}",
    "campaigns/<campaign_id>/people": "",
    "campaigns/<campaign_id>/left-out.csv": "",
    "campaigns/<campaign_id>/clicks": "",
    "campaigns/<campaign_id>/minutes": "",
    "campaigns/<campaign_id>/reasons": "",
    "campaigns/<campaign_id>/outlook": "",
    "campaigns/<campaign_id>/recipients": "",
    "campaigns/<campaign_id>/export.csv": "",
    "events/list": "",
    "system/pace": "",
}
"""What tells of a number, of what went over it, or of whoever wrote there, with what is asked of it."""

FOR_MANAGERS: Final = {"webhooks", "webhooks/<endpoint_id>/deliveries", "audit", "audit/export", "tokens"}
ONLY_OWN: Final = {"me", "me/number", "drafts/<thread_id>"}  # which says no more than what it was asked for
NEVER_TELLS: Final = {
    "settings/suggestions", "contacts/<contact_id>/values", "contacts/<contact_id>/showings", "imports",
    "imports/<import_id>",
    "imports/<import_id>/refusals", "imports/<import_id>/refusals.csv", "tags", "members", "pipelines", "custom-fields",
    "proofs/<proof_id>", "settings/consent", "filters", "filters/fields", "templates", "templates/tokens",
    "templates/<template_id>", "template-folders", "settings", "system/actors", "system/servers",
}  # fmt: skip
STREAMS: Final = {"events"}
HIDDEN_IDS: Final = re.compile("<(thread|bulk|campaign)_id>")
IDS: Final = {
    "thread_id": f"{OURS}11", "seq": "2", "contact_id": str(CONTACT), "endpoint_id": "5555", "bulk_id": f"{OURS}22",
    "campaign_id": f"{OURS}21", "review_id": f"{OURS}41",
}  # fmt: skip


def short(route: Route) -> str:
    return re.sub(r"<[^:>]*:(\w+)>", r"<\1>", route.path).removeprefix("/api/v1/")


def addresses(path: str) -> str:
    return "/api/v1/" + re.sub(r"<(\w+)>", lambda found: IDS.get(found[1], "7"), path) + TELLS.get(path, "")


def readings(house: House) -> Iterator[str]:
    for route in _routes(house.deps):
        if route.method == "GET" and route.rule.rank is not None and route.path.startswith("/api/v1/"):
            yield short(route)


def told_of_it(answer: Told) -> list[str]:
    """What an answer tells of the hidden number: words, ids, times."""
    text = answer.body.decode(errors="replace")
    if answer.body.startswith(b"PK"):
        with ZipFile(BytesIO(answer.body)) as packed:
            text = "".join(packed.read(name).decode(errors="replace") for name in packed.namelist())
    return [sign for sign in (MARK, str(OURS), OWN, "2031-07-05") if sign in text]


def test_every_reading_route_has_its_place(house: House) -> None:
    """A route that was added must say here whether it tells of conversations."""
    placed = [*TELLS, *FOR_MANAGERS, *ONLY_OWN, *NEVER_TELLS, *STREAMS]
    assert sorted(readings(house)) == sorted(placed)
    managers = {short(r) for r in _routes(house.deps) if r.rule.rank and r.rule.rank > (MEMBER.rank or 0)}
    assert managers >= FOR_MANAGERS


async def test_no_route_tells_an_agent_of_a_colleagues_own_number(desk: Desk) -> None:
    raj = await desk.of("raj")
    leaks = {}
    for path in readings(desk.house):
        if path in STREAMS:
            continue
        answer = await raj.get(addresses(path))
        if path in ONLY_OWN:
            assert MARK not in str(answer.body), path
        elif path in FOR_MANAGERS:
            assert answer.status == 403, path
        elif found := told_of_it(answer):
            leaks[path] = (answer.status, found)
        else:
            assert answer.status == (404 if HIDDEN_IDS.search(path) else 200) or path not in TELLS, (path, answer.body)
    assert leaks == {}
    assert (await raj.get(addresses("history/newer"))).json["count"] == 0


async def test_the_same_routes_tell_its_owner_and_whoever_runs_the_workspace(desk: Desk) -> None:
    """Else nothing above would mean anything."""
    for name in ("mia", "dana"):
        browser = await desk.of(name)
        answers = {path: await browser.get(addresses(path)) for path in TELLS}
        assert {path: one.status for path, one in answers.items() if one.status != 200} == {}, name
        silent = [path for path, one in answers.items() if not (HIDDEN_IDS.search(path) or told_of_it(one))]
        assert silent == ["history/newer"], name
        assert answers["history/newer"].json["count"] >= 3


async def test_a_stream_that_was_open_when_the_number_was_given_tells_nothing_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has asked again yet whether the reader sees everything."""
    monkeypatch.setattr("server.http.dialer.events.TRUSTED_FOR_S", 600.0)
    head = (await desk.store.events.newest(1, 1)).head
    told = {}
    for row in await desk.sql("SELECT id, email, name, role FROM member"):
        member = Member(row["id"], 1, row["email"], row["name"], row["role"], narrowed=False)
        stream: Any = pieces(
            Call(desk.house.deps, None, "", Session(member, HARBOR, token_hash("t"))), Position(0), "e1"
        )
        with trio.fail_after(60):
            told[member.name] = b"".join([await anext(stream) for _ in range(head + 1)])
        await stream.aclose()
    assert {name: (MARK.encode() in text, b"event: withheld" in text) for name, text in told.items()} == {
        "Dana": (True, False), "Raj": (False, True), "Mia": (True, False),
    }  # fmt: skip


# What is asked or changed by another method than GET

CMD: Final = str(uuid4())
WHOM: Final = {"contact_ids": [CONTACT]}
NAMED: Final[dict[str, Any]] = {
    "POST threads/<thread_id>/messages": {"cmd_id": CMD, "body": "Hello", "acknowledged_opt_out": True},
    "POST threads/<thread_id>/read": {"up_to": 1},
    "PUT threads/<thread_id>/assignee": {"member_id": None},
    "PUT threads/<thread_id>/closed": {"closed": True},
    "PUT threads/<thread_id>/snooze": {"until": "2031-08-01T00:00:00Z"},
    "PUT threads/<thread_id>/claim": {"over": True},
    "DELETE threads/<thread_id>/claim": None,
    "POST threads/<thread_id>/notes": {"cmd_id": CMD, "body": "Hello"},
    "POST threads/<thread_id>/mentions/seen": None,
    "DELETE threads/<thread_id>/messages/<seq>": None,
    "PATCH threads/<thread_id>/messages/<seq>": {"body": "Hello"},
    "POST threads/<thread_id>/suggestions/picked": {"based_on": 1, "item": 0},
    "POST review/<review_id>": {"decision": "not_a_revocation"},
    "POST bulk/<bulk_id>/recall": None,
    "PATCH campaigns/<campaign_id>": {"version": 1, "name": "Mine"},
    "POST campaigns/<campaign_id>/duplicate": {"cmd_id": CMD},
    "POST campaigns/<campaign_id>/archive": {"archived": True},
    "POST campaigns/<campaign_id>/launch": {"cmd_id": CMD, "expected_count": 1},
    "POST campaigns/<campaign_id>/command": {"command": "pause"},
    "POST campaigns/<campaign_id>/test": {"cmd_id": CMD},
}
"""Routes that name what is hidden: there is no such thing."""

ASKED: Final[dict[str, Any]] = {
    "POST messages": {"cmd_id": CMD, "contact_id": CONTACT, "body": "Hello", "acknowledged_opt_out": True},
    "POST messages/batch": {"messages": [{"cmd_id": CMD, "contact_id": CONTACT, "body": "Hello"}]},
    "POST messages/check": {"contact_id": CONTACT, "body": "Hello"},
    "POST contacts/query": {"filter": {"field": "last_in", "is": "after", "value": "2031-01-01"}, "sort": "activity"},
    "POST contacts/count": {"filter": {"field": "last_in", "is": "after", "value": "2031-01-01"}},
    "POST contacts/export": {"contact_ids": [CONTACT]},
    "POST templates/render": {"body": "Hi {{first_name}}", "contact_id": CONTACT},
    "POST bulk/preview": {"audience": WHOM, "body": "Hello"},
    "POST bulk/preview/recipient": {"audience": WHOM, "body": "Hello"},
    "POST bulk/exclusions.csv": {"audience": WHOM, "body": "Hello"},
    "POST bulk": {"audience": WHOM, "body": "Hello", "cmd_id": CMD, "expected_count": 0},
    "POST dialer/calls/start": {"call_id": "c1", "phone": QUILL},
    "POST dialer/sms": {"cmd_id": str(uuid4()), "contact_id": CONTACT, "text": "Hello", "acknowledged_opt_out": True},
    "PATCH contacts/<contact_id>": {"city": "Boston"},
    "PUT contacts/<contact_id>/tags": {"names": ["Warm"]},
    "PATCH contacts/<contact_id>/phones/<endpoint_id>": {"label": "home"},
    "POST endpoints/<endpoint_id>/consent": {
        "kind": "revoked",
        "channel": "verbal",
        "statement": "Said so on the phone",
    },
}
"""Routes that may come to it by the contact, who is everybody's."""

CHANGES_NOTHING_OF_IT: Final = re.compile(
    "(login|logout|media|drafts|imports|tags|pipelines|filters|proofs|templates|template-folders|calls|me/number|tickets|demo"
    "|contacts/<contact_id>/(merge|stages|phones|showings)|contacts/<contact_id>$|contacts$|contacts/edit|campaigns$|campaigns/wording"
    "|dialer/calls/end)"
)


def other_methods(house: House) -> Iterator[str]:
    for route in _routes(house.deps):
        if route.method != "GET" and route.rule == MEMBER:
            yield f"{route.method} {short(route)}"


def test_every_changing_route_has_its_place(house: House) -> None:
    left = [one for one in other_methods(house) if one not in NAMED and one not in ASKED]
    assert [one for one in left if not CHANGES_NOTHING_OF_IT.match(one.partition(" ")[2])] == []


async def test_no_agent_does_anything_with_what_hangs_on_a_colleagues_own_number(desk: Desk) -> None:
    assert desk.review_id
    raj = await desk.of("raj")
    asked = "SELECT max(version), max(last_seq), count(*) FROM thread", "SELECT max(version), count(*) FROM campaign"
    before = [await desk.sql(query) for query in asked]
    found = {}
    for one, body in NAMED.items():
        method, _, path = one.partition(" ")
        answer = await raj.ask(method, addresses(path), body)
        if answer.status != 404 or told_of_it(answer):
            found[one] = (answer.status, answer.body)
    assert found == {}
    assert [await desk.sql(query) for query in asked] == before


async def test_a_contact_leads_no_agent_to_what_was_written_with_a_colleagues_own_number(desk: Desk) -> None:
    raj = await desk.of("raj")
    before = await desk.sql("SELECT count(*) FROM message")
    found = {}
    for one, body in ASKED.items():
        method, _, path = one.partition(" ")
        answer = await raj.ask(method, addresses(path), body)
        if answer.status >= 500 or told_of_it(answer):
            found[one] = (answer.status, answer.body)
    assert found == {}
    assert await desk.sql("SELECT count(*) FROM message") == before, "nothing was sent"
    assert (await raj.post("/api/v1/contacts/count", ASKED["POST contacts/count"])).json["count"] == 0


# Who sees less than before, and all that the others go on doing

KIM: Final = """
    INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (1, 'kim@h.example', 'Kim', $1, 'x')
"""


async def test_a_token_sees_what_its_member_sees_by_now(desk: Desk) -> None:
    [kim] = await desk.sql(f"{KIM} RETURNING id", "manager")
    token, made = new_token("All", frozenset(Scope), 10_000)
    await desk.store.tokens.add(1, kim["id"], made)
    program, bearer = desk.house.browser(), {"Authorization": f"Bearer {token}"}
    for_people = {short(route) for route in _routes(desk.house.deps) if scope_of_any(route) is None}
    paths = [path for path in TELLS if path not in for_people]
    loud = {path for path in paths if told_of_it(await program.get(addresses(path), **bearer))}
    assert loud > {"threads", "history", "events/list", "campaigns"}
    await desk.sql("UPDATE member SET role = 'agent' WHERE id = $1", kim["id"])
    answers = {path: await program.get(addresses(path), **bearer) for path in paths}
    assert {path: found for path, one in answers.items() if (found := told_of_it(one))} == {}
    assert {path: one.status for path, one in answers.items() if one.status not in (200, 404)} == {}
    for path in ("webhooks", "webhooks/<endpoint_id>/deliveries"):
        assert (await program.get(addresses(path), **bearer)).status == 403, path


async def test_a_stream_ends_where_its_reader_sees_less_than_when_it_began(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes back gets it through other eyes."""
    monkeypatch.setattr("server.http.dialer.events.TRUSTED_FOR_S", 0.0)
    own = int(f"{OURS}01")
    assert await desk.store.numbers.give(1, own, None, by=1, version=None) == "given"
    raj, now = await desk.of("raj"), desk.house.clock.real()
    [session] = await desk.sql(
        "SELECT token_hash FROM session s JOIN member m ON m.id = s.member_id WHERE m.name = 'Raj'"
    )
    found = await desk.store.people.session(session["token_hash"], now)
    assert found is not None
    assert not found[0].narrowed
    stream: Any = pieces(Call(desk.house.deps, None, "", Session(*found, session["token_hash"])), Position(0), "e1")
    with trio.fail_after(60):
        assert MARK.encode() in b"".join([await anext(stream) for _ in range(3)])  # a fourth would be its heartbeat
        [mia] = await desk.sql("SELECT id FROM member WHERE name = 'Mia'")
        assert await desk.store.numbers.give(1, own, mia["id"], by=1, version=None) == "given"
        await wrote(desk.store, f"another {MARK}", at=THEN + 2 * DAY)
        await desk.store.events.number(100)
        rest = b"".join([piece async for piece in stream])
    assert f"another {MARK}".encode() not in rest
    assert MARK not in str((await raj.get("/api/v1/events/list")).body)


def scope_of_any(route: Route) -> object:
    """As scope_of, of routes that take no login too."""
    return scope_of(route) if route.rule.rank is not None else None


LIAM: Final = "+16175550143"
EVERYDAY: Final[tuple[tuple[str, str, Any, int], ...]] = (
    ("POST", "threads/{thread}/messages", {"cmd_id": str(uuid4()), "body": "Hello"}, 202),
    ("POST", "threads/{thread}/read", {"up_to": 1}, 200),
    ("PUT", "threads/{thread}/claim", {"over": False}, 200),
    ("DELETE", "threads/{thread}/claim", None, 200),
    ("PUT", "threads/{thread}/assignee", {"member_id": None}, 200),
    ("PUT", "threads/{thread}/snooze", {"until": "2031-08-01T00:00:00Z"}, 200),
    ("PUT", "threads/{thread}/closed", {"closed": True}, 200),
    ("POST", "threads/{thread}/notes", {"cmd_id": str(uuid4()), "body": "@Mia see"}, 200),
    ("POST", "messages", {"cmd_id": str(uuid4()), "to": "+16175550144", "body": "Hello"}, 202),
    ("POST", "messages/batch", {"messages": [{"cmd_id": str(uuid4()), "to": LIAM, "body": "Hello"}]}, 202),
    ("POST", "contacts", {"first_name": "Ada", "phones": [{"phone": "+16175550145"}], "tags": ["Warm"]}, 201),
    ("PATCH", "contacts/{contact}", {"city": "Boston"}, 200),
    ("PUT", "contacts/{contact}/tags", {"names": ["Warm"]}, 200),
    ("POST", "endpoints/{endpoint}/consent", ASKED["POST endpoints/<endpoint_id>/consent"], 200),
    ("POST", "campaigns", {"cmd_id": str(uuid4()), "name": "Mine"}, 201),
    ("POST", "dialer/calls/start", {"call_id": "c9", "phone": LIAM}, 200),
    ("POST", "templates", {"name": "Mine", "body": "Hi {{first_name}}"}, 201),
)


async def test_whoever_sees_less_does_all_else_as_ever(desk: Desk) -> None:
    """Through the views, in a conversation that is everybody's."""
    shared = await wrote(desk.store, "Hello", to=SHARED, from_=LIAM, at=THEN - DAY)
    [place] = await desk.sql(
        "SELECT t.endpoint_id, p.contact_id FROM thread t JOIN contact_phone p USING (endpoint_id) WHERE t.id = $1",
        shared.thread_id,
    )
    ids = {"thread": shared.thread_id, "endpoint": place["endpoint_id"], "contact": place["contact_id"]}
    raj, mia = await desk.of("raj"), await desk.of("mia")
    found = {}
    for method, path, body, status in EVERYDAY:
        answer = await raj.ask(method, f"/api/v1/{path.format(**ids)}", body)
        if answer.status != status or MARK in str(answer.body):
            found[f"{method} {path}"] = (answer.status, answer.body)
    assert found == {}
    await wrote(desk.store, "Hello", from_="+16175550146", at=THEN - DAY)
    [other] = await desk.sql("SELECT max(contact_id) AS id FROM contact_phone")
    whom = {"audience": {"contact_ids": [other["id"], place["contact_id"]]}, "body": "Hello"}
    told = {}
    for name, browser in (("Raj", raj), ("Mia", mia)):
        preview = (await browser.post("/api/v1/bulk/preview", whom)).json
        told[name] = preview["recipients"], {one["reason"]: one["count"] for one in preview["excluded"]}
    assert told == {"Raj": (0, {"opted_out": 1, "anothers_number": 1}), "Mia": (1, {"opted_out": 1})}
