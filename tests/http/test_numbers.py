"""Giving a number to a member and back: who may, what is refused in which words, and what the log says of it."""

from __future__ import annotations

from typing import Any

import pytest

from server.domain.scopes import Scope
from server.http.numbers import SenderOut, SendersOut
from tests.http.house import DANA, EVE, RAJ, Browser, Told
from tests.http.office import Office

pytestmark = pytest.mark.integration

PATH = "/api/v1/numbers"
OURS, THEIRS = 1, 2
MIA = 77


@pytest.fixture
async def team(office: Office) -> Office:
    await office.sql(
        "INSERT INTO member (id, workspace_id, email, name, role, password_hash) OVERRIDING SYSTEM VALUE"
        " VALUES ($1, 1, 'mia@harbor.example', 'Mia Ortiz', 'agent', 'x')",
        MIA,
    )
    return office


async def whose(browser: Browser) -> SenderOut:
    [one] = SendersOut.model_validate((await browser.get(PATH)).json).numbers
    return one


async def give(browser: Browser, owner_id: int | None, **changed: Any) -> Told:
    seen = await whose(browser)
    return await browser.patch(f"{PATH}/{seen.number_id}", {"owner_id": owner_id, "version": seen.version, **changed})


async def said(office: Office, browser: Browser) -> list[str]:
    entries = (await browser.get("/api/v1/audit?group=numbers")).json["entries"]
    return [entry["sentence"] for entry in entries]


async def test_a_manager_gives_a_number_to_a_member_and_back_and_the_log_says_so(team: Office) -> None:
    dana = await team.dana()
    given = await give(dana, MIA)
    assert (given.status, given.json["owner_id"], given.json["owner"]) == (200, MIA, "Mia Ortiz")
    assert SenderOut.model_validate(given.json) == await whose(dana)
    on = await give(dana, RAJ.member_id)
    assert (on.status, on.json["owner"]) == (200, RAJ.name)
    back = await give(dana, None)
    assert (back.status, back.json["owner_id"], back.json["owner"]) == (200, None, None)
    number = "(617) 555-0100"
    assert await said(team, dana) == [
        f"Dana Whitfield gave {number}, which was the own number of {RAJ.name}, back to everybody.",
        f"Dana Whitfield gave {number}, which was the own number of Mia Ortiz, to {RAJ.name} as their own.",
        f"Dana Whitfield gave {number} to Mia Ortiz as their own.",
    ]


async def test_it_is_hidden_from_the_others_and_they_may_give_none(team: Office) -> None:
    dana, raj = await team.dana(), await team.raj()
    refused = await give(raj, RAJ.member_id)
    assert (refused.status, refused.json["code"]) == (403, "role")
    assert (await give(dana, MIA)).status == 200
    [seen] = await team.sql("SELECT hidden_from($1) AS hidden", RAJ.member_id)
    assert seen["hidden"] == [OURS]
    assert (await team.sql("SELECT hidden_from($1) AS hidden", MIA))[0]["hidden"] == []
    assert (await team.sql("SELECT hidden_from($1) AS hidden", DANA.member_id))[0]["hidden"] == []


async def test_of_two_managers_who_saw_it_alike_the_second_is_told_whose_it_is_now(team: Office) -> None:
    dana = await team.dana()
    seen = await whose(dana)
    assert (await give(dana, MIA)).status == 200
    late = await give(dana, RAJ.member_id, version=seen.version)
    assert (late.status, late.json["code"], late.json["field"]) == (409, "stale", "version")
    assert late.json["number"] == (await whose(dana)).model_dump()
    assert (await whose(dana)).owner_id == MIA
    again = await give(dana, MIA, version=seen.version)
    assert (again.status, again.json["owner_id"]) == (200, MIA), "whoever asks for what is so already is not late"
    assert len(await said(team, dana)) == 1


@pytest.mark.parametrize(
    "owner_id",
    [
        pytest.param(EVE.member_id, id="a member of another workspace"),
        pytest.param(999, id="nobody"),
        pytest.param(MIA, id="somebody who has left"),
    ],
)
async def test_nobody_else_gets_one(team: Office, owner_id: int) -> None:
    await team.sql("UPDATE member SET disabled_at = now() WHERE id = $1", MIA)
    refused = await give(await team.dana(), owner_id)
    assert (refused.status, refused.json["field"]) == (422, "owner_id")
    assert (await whose(await team.dana())).owner_id is None


async def test_a_number_of_another_workspace_is_not_there(team: Office) -> None:
    dana = await team.dana()
    assert (await dana.patch(f"{PATH}/{THEIRS}", {"owner_id": MIA, "version": 0})).status == 404
    assert (await dana.patch(f"{PATH}/{2**40}", {"owner_id": None, "version": 0})).status == 404
    assert (await whose(await team.eve())).owner_id is None


async def test_no_program_gives_any(team: Office) -> None:
    dana = await team.dana()
    body = {"name": "All", "scopes": [scope.value for scope in Scope]}
    token = (await dana.post("/api/v1/tokens", body)).json["token"]
    program, bearer = team.house.browser(), {"Authorization": f"Bearer {token}"}
    assert (await program.get(PATH, **bearer)).status == 200
    refused = await program.patch(f"{PATH}/{OURS}", {"owner_id": MIA, "version": 0}, **bearer)
    assert (refused.status, refused.json["code"]) == (403, "people_only")


async def test_a_code_is_texted_to_a_number_that_the_member_may_see(team: Office) -> None:
    await team.sql("INSERT INTO number (workspace_id, account_id, address, rate) VALUES (1, 1, '+16175550107', 1)")
    dana, raj = await team.dana(), await team.raj()
    told = {"owner_id": MIA, "version": 0}
    assert (await raj.get("/api/v1/me/number")).json["text_to"] == "+16175550100"
    assert (await dana.patch(f"{PATH}/{OURS}", told)).status == 200
    for browser in (raj, dana):
        assert (await browser.get("/api/v1/me/number")).json["text_to"] == "+16175550107", "shared ones come first"
