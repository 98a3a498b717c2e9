"""The power dialer's side of the API, over the real store: screen-pop, a text with one call, how calls end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from server.ports import MoArrival
from tests.http.house import Browser
from tests.http.office import Office
from tests.http.test_real_store import DirectCommands
from tests.http.test_tokens import asked, made
from tests.store.world import mo

pytestmark = pytest.mark.integration

MAYA = "+12025550123"


async def raj_of(office: Office) -> Browser:
    store = office.store
    office.house.replace(compose=store.compose, commands=DirectCommands(store))
    office.house.replace(templates=store.templates, inbox=store.inbox, people=Audited(office))
    return await office.raj()


class Audited:
    """The house's people, whose audit is the store's."""

    def __init__(self, office: Office) -> None:
        self._house, self.audit = office.house.people, office.store.people.audit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house, name)


async def writes(office: Office, body: str, keyword: str | None = None) -> None:
    text = mo(body, from_=MAYA, to="+16175550100").text
    await office.store.ledger.record_mo(MoArrival(1, text, keyword))  # type: ignore[arg-type]


async def started(browser: Browser, call_id: str = "c1", **more: Any) -> Any:
    answer = await browser.post("/api/v1/dialer/calls/start", {"call_id": call_id, "phone": MAYA} | more)
    assert answer.status == 200, answer.body
    return answer.json


async def sms(browser: Browser, **more: Any) -> Any:
    given = {"cmd_id": str(uuid4()), "to": MAYA} | more
    return await browser.post("/api/v1/dialer/sms", given)


async def test_the_screen_pop_shows_who_it_is_and_what_may_be_done(office: Office) -> None:
    raj = await raj_of(office)
    await writes(office, "Is it still free?")
    contact = {"first_name": "Maya", "last_name": "Torres", "owner_id": 12, "version": 1}
    assert (await raj.patch("/api/v1/contacts/1", contact)).status == 200
    pop = await started(raj)
    assert (pop["contact"]["name"], pop["contact"]["owner"], pop["address"]) == ("Maya Torres", "Raj Patel", MAYA)
    assert [message["body"] for message in pop["messages"]] == ["Is it still free?"]
    assert (pop["may_text"]["allowed"], pop["may_call"], pop["opted_out"]) == (
        True,
        {"allowed": True, "reasons": []},
        False,
    )
    assert [(one["zone"], one["time"][11:16]) for one in pop["local_times"]] == [("America/New_York", "11:00")]
    assert pop["url"].endswith(f"/phone/sms/{pop['thread_id']}")
    assert await started(raj) == pop, "safe to repeat"
    [calls] = await office.sql("SELECT count(*) AS n FROM call")
    assert calls["n"] == 1


async def test_early_in_the_morning_nobody_is_called_and_a_text_is_warned_of(office: Office) -> None:
    raj = await raj_of(office)
    office.house.clock.wall_time -= timedelta(hours=5)
    pop = await started(raj)
    assert [why["code"] for why in pop["may_call"]["reasons"]] == ["quiet_hours"]
    assert (pop["may_text"]["allowed"], [why["code"] for why in pop["may_text"]["reasons"]]) == (True, ["quiet_hours"])


async def test_a_text_goes_out_with_one_request_and_once(office: Office) -> None:
    raj = await raj_of(office)
    await started(raj)
    cmd_id = str(uuid4())
    first = await sms(raj, cmd_id=cmd_id, text="Here is the address.", call_id="c1")
    assert (first.status, first.json["body"], first.json["segments"]) == (202, "Here is the address.", 1)
    assert first.json["may_text"] == {"allowed": True, "reasons": []}
    again = await sms(raj, cmd_id=cmd_id, text="Here is the address.", call_id="c1")
    assert again.json == first.json | {"again": True}
    other = await sms(raj, cmd_id=cmd_id, text="Something else.", call_id="c1")
    assert (other.status, other.json["code"]) == (409, "command_conflict")
    [row] = await office.sql("SELECT count(*) AS n, min(klass) AS klass FROM message WHERE direction = 'out'")
    assert (row["n"], row["klass"]) == (1, "person")
    [text] = (await started(raj))["messages"]
    assert (text["body"], text["call_id"]) == ("Here is the address.", "c1")


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every turn that is taken at the database: BEGIN and COMMIT are two more."""
    taken: list[str] = []
    execute, run = asyncpg.Connection.execute, vars(asyncpg.Connection)["_execute"]

    async def counted_execute(self: Any, query: str, *values: Any, **more: Any) -> Any:
        if not values:
            taken.append(query)
        return await execute(self, query, *values, **more)

    async def counted_run(self: Any, query: str, *values: Any, **more: Any) -> Any:
        taken.append(query)
        return await run(self, query, *values, **more)

    monkeypatch.setattr(asyncpg.Connection, "execute", counted_execute)
    monkeypatch.setattr(asyncpg.Connection, "_execute", counted_run)
    return taken


async def test_a_quick_text_takes_two_turns_at_the_database_and_one_more_for_a_template_or_a_stranger(
    office: Office, turns: list[str]
) -> None:
    raj = await raj_of(office)
    await writes(office, "Is it still free?")
    await started(raj)
    saved = (await raj.post("/api/v1/templates", {"name": "Hi", "body": "Hi, {{agent_name}}", "shared": True})).json

    async def turns_of(**asked: Any) -> int:
        turns.clear()
        sent = await sms(raj, **asked)
        assert sent.status == 202, sent.body
        return len(turns)

    assert await turns_of(text="It is.", call_id="c1") == 2
    assert await turns_of(template_id=saved["template_id"], call_id="c1") == 3
    assert await turns_of(to="+12025550155", text="Hello") == 3


async def test_a_command_keeps_its_thread_though_its_contact_has_another_number_first_by_now(office: Office) -> None:
    raj = await raj_of(office)
    await writes(office, "Hi")
    asked = {"cmd_id": str(uuid4()), "to": None, "contact_id": 1, "text": "Here it is."}
    first = await sms(raj, **asked)
    await office.store.ledger.record_mo(MoArrival(1, mo("Me too", from_="+12025550155", to="+16175550100").text, None))
    await office.sql("UPDATE contact_phone SET contact_id = 1, priority = -1 WHERE contact_id = 2")
    assert (await sms(raj, **asked)).json == first.json | {"again": True}
    assert (await sms(raj, **asked | {"text": "Something else"})).json["code"] == "command_conflict"
    [row] = await office.sql("SELECT count(*) AS n FROM message WHERE direction = 'out'")
    assert row["n"] == 1


async def test_a_template_is_filled_for_whom_it_is_sent_to(office: Office) -> None:
    raj = await raj_of(office)
    await writes(office, "Hi")
    await raj.patch("/api/v1/contacts/1", {"first_name": "Maya", "version": 1})
    template = {
        "name": "After the call",
        "body": "Hi {{first_name}}, {{showing_time}} it is. {{agent_name}}",
        "shared": True,
    }
    saved = (await raj.post("/api/v1/templates", template)).json
    lacking = await sms(raj, template_id=saved["template_id"])
    assert (lacking.status, lacking.json["code"], lacking.json["missing"]) == (422, "missing_values", ["showing_time"])
    sent = await sms(raj, template_id=saved["template_id"], answers={"showing_time": "Sunday at 3"})
    assert sent.json["body"] == "Hi Maya, Sunday at 3 it is. Raj Patel"


async def test_who_opted_out_gets_none_unless_the_author_says_that_they_know(office: Office) -> None:
    raj = await raj_of(office)
    await writes(office, "STOP", "STOP")
    refused = await sms(raj, text="Hello?")
    assert (refused.status, refused.json["code"]) == (409, "opted_out")
    assert [why["code"] for why in refused.json["may_text"]["reasons"]] == ["opted_out"]
    assert (await sms(raj, text="Hello?", acknowledged_opt_out=True)).status == 202
    assert (await started(raj))["may_call"]["allowed"] is False


@pytest.mark.parametrize("disposition", ["do_not_contact", "wrong_number"])
async def test_after_some_calls_nothing_more_is_sent(office: Office, disposition: str) -> None:
    raj = await raj_of(office)
    await started(raj)
    end = {"call_id": "c1", "disposition": disposition, "duration_s": 40, "note": "Was clear about it."}
    for _ in range(2):
        ended = await raj.post("/api/v1/dialer/calls/end", end)
        assert (ended.status, ended.json["suppressed"], ended.json["may_text"]["allowed"]) == (200, True, False)
    assert (await sms(raj, text="Thanks for your time!")).status == 409
    [endpoint] = await office.sql("SELECT opted_out, consent_epoch FROM endpoint")
    assert (endpoint["opted_out"], endpoint["consent_epoch"]) == (True, 1)
    [event] = await office.sql(
        "SELECT kind, source, evidence ->> 'call_id' AS call FROM consent_event ORDER BY id LIMIT 1"
    )
    assert (event["kind"], event["source"], event["call"]) == ("revoked", "api", "c1")
    audits = await office.sql("SELECT member_id FROM audit WHERE action = 'suppressed_by_call'")
    assert {audit["member_id"] for audit in audits} == {12}
    [call] = await office.sql("SELECT outcome, duration_s, note FROM call")
    assert tuple(call) == (disposition, 40, "Was clear about it.")


async def test_after_other_calls_a_follow_up_may_be_sent(office: Office) -> None:
    raj = await raj_of(office)
    await started(raj)
    ended = await raj.post("/api/v1/dialer/calls/end", {"call_id": "c1", "disposition": "voicemail"})
    assert (ended.json["suppressed"], ended.json["may_text"]["allowed"]) == (False, True)
    assert (await sms(raj, text="I just left you a message.", call_id="c1")).status == 202


async def test_a_call_of_another_workspace_or_of_another_number_is_not_this_one(office: Office) -> None:
    raj = await raj_of(office)
    await started(raj)
    eve = await office.eve()
    end = {"call_id": "c1", "disposition": "do_not_contact"}
    assert (await eve.post("/api/v1/dialer/calls/end", end)).status == 404
    assert (await sms(eve, text="Hi", call_id="c1")).json["code"] == "call_conflict"
    assert (await sms(raj, to="+12025550124", text="Hi", call_id="c1")).json["code"] == "call_conflict"
    [endpoint] = await office.sql("SELECT bool_or(opted_out) AS out FROM endpoint")
    assert endpoint["out"] is False


async def test_a_dialer_needs_the_scope_of_one(office: Office) -> None:
    await raj_of(office)
    reader, dialer = await made(office, "read", "send"), await made(office, "dialer")
    body = b'{"call_id": "c1", "phone": "+12025550123"}'
    assert (await asked(office, reader["token"], "POST", "/api/v1/dialer/calls/start", body)).status == 403
    assert (await asked(office, dialer["token"], "POST", "/api/v1/dialer/calls/start", body)).status == 200
