"""The API of members' own numbers and of tests, over the real store."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from server.domain.carrier import InboundText
from server.http.campaigns.rehearsal import CampaignTestOut
from server.http.own_number import OwnNumberAskedOut
from server.ports import MoArrival
from server.ws.protocol import OwnNumberOut
from tests.http.campaigns import TO_ALL, at, made, three_people
from tests.http.house import NOW, Browser, Told
from tests.http.office import Office

pytestmark = pytest.mark.integration

MINE = "/api/v1/me/number"
OWN, OURS = "+16175550177", "+16175550100"


async def proven(browser: Browser, office: Office, address: str = OWN) -> None:
    """Named, and the code texted from there."""
    answer = await browser.post(MINE, {"address": address})
    assert answer.status == 200, answer.body
    asked = OwnNumberAskedOut.model_validate_json(answer.body)
    await say(office, asked.code or "", address)
    await office.store.own_numbers.look(NOW)


async def say(office: Office, body: str, from_: str = OWN) -> None:
    text = InboundText(f"SM{uuid4().hex}", from_, OURS, body, received_at=NOW)
    await office.store.ledger.record_mo(MoArrival.of(1, text))


async def tried(browser: Browser, campaign: dict[str, Any], **more: Any) -> Told:
    return await browser.post(at(campaign, "/test"), {"cmd_id": str(uuid4())} | more)


async def standing(browser: Browser) -> dict[str, Any]:
    answer = await browser.get(MINE)
    assert answer.status == 200
    return OwnNumberOut.model_validate_json(answer.body).model_dump(mode="json")


async def test_nobody_has_a_number_before_they_name_one(office: Office) -> None:
    assert await standing(await office.raj()) == {
        "state": "none",
        "address": None,
        "text_to": OURS,
        "expires_at": None,
        "verified_at": None,
        "tries_left": 5,
    }


async def test_a_number_in_any_spelling_is_named_proven_and_removed(office: Office) -> None:
    raj = await office.raj()
    answer = await raj.post(MINE, {"address": "(617) 555-0177"})
    told = OwnNumberAskedOut.model_validate_json(answer.body)
    assert (told.number.state, told.number.address, told.number.text_to) == ("waiting", OWN, OURS)
    assert told.number.expires_at is not None
    await say(office, told.code or "")
    await office.store.own_numbers.look(NOW)
    assert (await standing(raj))["state"] == "verified"
    assert (await standing(await office.dana()))["state"] == "none"
    assert (await raj.delete(MINE)).status == 204
    assert (await raj.delete(MINE)).status == 204
    assert (await standing(raj))["state"] == "none"


async def test_the_code_is_told_to_who_asks_for_it_and_never_again(office: Office) -> None:
    raj = await office.raj()
    code = (await raj.post(MINE, {"address": OWN})).json["code"]
    assert code not in str(await standing(raj))


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        pytest.param("hello", 422, "invalid_number", id="no number"),
        pytest.param("+12023334455", 422, "not_simulated", id="a real number in a simulation"),
        pytest.param(OURS, 422, "ours", id="the workspace's own"),
        pytest.param(OWN, 409, "taken", id="a colleague's"),
    ],
)
async def test_what_cannot_be_ones_own_is_refused_in_a_sentence(
    office: Office, address: str, status: int, code: str
) -> None:
    await proven(await office.dana(), office)
    answer = await (await office.raj()).post(MINE, {"address": address})
    assert (answer.status, answer.json["code"], answer.json["field"]) == (status, code, "address")
    assert answer.json["detail"].endswith(".")


async def test_codes_cannot_be_asked_for_without_end(office: Office) -> None:
    raj = await office.raj()
    answers = [await raj.post(MINE, {"address": OWN}) for _ in range(31)]
    assert [answer.status for answer in answers] == [200] * 30 + [429]
    assert (await (await office.dana()).post(MINE, {"address": "617-555-0178"})).status == 200


async def test_a_test_goes_to_the_number_of_whoever_asks_and_says_where_it_stands(office: Office) -> None:
    ids, raj = await three_people(office), await office.raj()
    await proven(raj, office)
    answer = await tried(raj, await made(raj, plan=TO_ALL), contact_id=ids[1])
    assert answer.status == 202, answer.body
    told = CampaignTestOut.model_validate_json(answer.body)
    [text] = told.texts
    assert (told.address, told.again, text.text, text.name) == (OWN, False, "Hi Élodie, on Sunday?", "Élodie")
    [row] = await office.sql("SELECT klass, thread_id, seq FROM outbox")
    assert [*row] == ["test", text.thread_id, text.seq]


async def test_the_same_command_is_one_test_and_for_something_else_a_conflict(office: Office) -> None:
    ids, raj = await three_people(office), await office.raj()
    await proven(raj, office)
    campaign, cmd_id = await made(raj, plan=TO_ALL), str(uuid4())
    answers = [await tried(raj, campaign, cmd_id=cmd_id) for _ in range(3)]
    assert [answer.json["again"] for answer in answers] == [False, True, True]
    assert len({str(answer.json["texts"][0]["seq"]) for answer in answers}) == 1
    other = await tried(raj, campaign, cmd_id=cmd_id, contact_id=ids[1])
    assert (other.status, other.json["code"]) == (409, "command_conflict")
    assert len(await office.sql("SELECT FROM outbox")) == 1


async def test_without_an_own_number_nothing_is_sent(office: Office) -> None:
    await three_people(office)
    raj = await office.raj()
    await proven(await office.dana(), office)
    answer = await tried(raj, await made(raj, plan=TO_ALL))
    assert (answer.status, answer.json["code"]) == (409, "no_own_number")
    assert await office.sql("SELECT FROM outbox") == []


async def test_who_would_get_nothing_lends_no_values(office: Office) -> None:
    ids, raj = await three_people(office), await office.raj()
    await proven(raj, office)
    answer = await tried(raj, await made(raj, plan=TO_ALL), contact_id=ids[2])
    assert (answer.status, answer.json["code"]) == (422, "cannot_be_made")
    assert "first name is not known" in answer.json["detail"]


async def test_another_workspaces_campaign_is_not_there(office: Office) -> None:
    campaign = await made(await office.raj(), plan=TO_ALL)
    assert (await tried(await office.eve(), campaign)).status == 404


# The demo's telephone


async def test_in_the_demo_the_simulated_telephone_texts_the_code(office: Office) -> None:
    raj = await office.raj()
    assert (await raj.post("/api/v1/demo/handset", {"code": "123456"})).status == 409
    code = (await raj.post(MINE, {"address": OWN})).json["code"]
    assert (await raj.post("/api/v1/demo/handset", {"code": code})).status == 204
    assert office.house.written_in == [(OWN, OURS, code)]
    office.house.carrier_listens = False
    assert (await raj.post("/api/v1/demo/handset", {"code": code})).status == 503


async def test_a_real_workspace_has_no_such_telephone(office: Office) -> None:
    raj = await office.raj()
    code = (await raj.post(MINE, {"address": OWN})).json["code"]
    office.house.replace(demo=None)
    office.house._app = None
    assert (await (await office.raj()).post("/api/v1/demo/handset", {"code": code})).status == 404
    assert office.house.written_in == []
