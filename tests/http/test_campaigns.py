"""The API of campaigns, over the real store."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from server.http.campaigns.campaign_models import CampaignsOut
from tests.http.campaigns import CAMPAIGNS, at, change, made, whole
from tests.http.office import Office

pytestmark = pytest.mark.integration

PLAN: dict[str, Any] = {
    "sources": {"filter_ids": [3], "contact_ids": [7, 8], "definition": {"all": []}},
    "leaving": {"texted_within_days": 14},
    "variants": [{"body": "Hi {{first_name}}", "share": 60}, {"body": "Hello", "share": 40}],
    "answers": {"First_Name": "there"},
    "start": {"day": "2026-12-01", "at": "10:30", "zone": "America/Chicago", "at_home": True},
    "drip": {
        "batch": 100,
        "interval_s": 3600,
        "days": [0, 4],
        "span": {"opens_s": 32400, "closes_s": 61200},
        "zone": "America/Chicago",
        "ends_on": "2026-12-31",
    },
    "rate": 2.5,
    "limits": {"failed_percent": None},
}
KEPT: dict[str, Any] = {
    "sources": {
        "everybody": False,
        "filter_ids": [3],
        "definition": {"all": []},
        "stage_ids": [],
        "contact_ids": [7, 8],
        "import_ids": [],
    },
    "leaving": {"texted_within_days": 14, "in_active_campaign": True},
    "variants": PLAN["variants"],
    "answers": {"first_name": "there"},
    "number_id": None,
    "start": PLAN["start"] | {"at": "10:30:00", "if_missed": "ask"},
    "drip": PLAN["drip"],
    "rate": 2.5,
    "until_reply": True,
    "quiet": True,
    "limits": {"failed_percent": None, "opted_out_percent": 5.0, "at_least": 100},
}


async def run(office: Office, campaign: dict[str, Any], state: str = "active") -> dict[str, Any]:
    """As a launch would leave it."""
    await office.sql(
        "UPDATE campaign SET state = $2, launched_at = now(), due_at = now() WHERE id = $1", campaign["id"], state
    )
    return whole(await (await office.raj()).get(at(campaign)))


# Making and reading


async def test_an_agent_makes_a_draft_and_reads_it_again(office: Office) -> None:
    browser = await office.raj()
    campaign = await made(browser, "  Spring \n open house ")
    assert (campaign["name"], campaign["state"], campaign["told"]) == ("Spring open house", "draft", "Draft")
    assert (campaign["author"], campaign["version"], campaign["template"]) == ("Raj Patel", 1, False)
    assert campaign["plan"]["variants"] == [{"body": "", "share": 100}]
    assert set(campaign["figures"].values()) == {0}
    assert (await browser.get(at(campaign))).json == campaign


async def test_a_command_makes_one_campaign(office: Office) -> None:
    browser, given = await office.raj(), {"cmd_id": str(uuid4()), "name": "Spring"}
    first, again = [await browser.post(CAMPAIGNS, given) for _ in range(2)]
    assert (first.status, again.status, first.json) == (201, 201, again.json)
    assert len((await browser.get(CAMPAIGNS)).json["rows"]) == 1


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        pytest.param({"name": "  "}, "name", "Give the campaign a name.", id="no name"),
        pytest.param({"name": "x" * 121}, "name", None, id="a name that is too long"),
        pytest.param({"name": "A", "colour": "red"}, "colour", None, id="a word that nobody knows"),
        pytest.param({"name": "A", "cmd_id": "1"}, "cmd_id", None, id="a command that is none"),
    ],
)
async def test_what_is_no_campaign_is_refused_with_the_field(
    office: Office, given: dict[str, Any], field: str, sentence: str | None
) -> None:
    answer = await (await office.raj()).post(CAMPAIGNS, {"cmd_id": str(uuid4())} | given)
    assert (answer.status, answer.json["code"], answer.json["field"]) == (422, "invalid", field)
    assert sentence in {None, answer.json["detail"]}


# Changing


async def test_a_plan_is_kept_as_it_was_given_and_told_whole(office: Office) -> None:
    browser = await office.raj()
    campaign = await made(browser)
    answer = await change(browser, campaign, plan=PLAN, description="For June")
    assert answer.status == 200, answer.body
    saved = whole(answer)
    assert (saved["plan"], saved["description"], saved["version"]) == (KEPT, "For June", 2)
    assert (await browser.get(at(campaign))).json == saved
    again = await change(browser, saved, plan=saved["plan"])
    assert again.json == saved, "a plan that is given back as it was told is no change"


async def test_half_of_a_plan_is_a_draft(office: Office) -> None:
    browser = await office.raj()
    campaign = await made(browser)
    plan = {"rate": 0, "variants": [{"body": "Hi {{frist_name}", "share": 3}], "start": {"day": "1999-01-01"}}
    saved = whole(await change(browser, campaign, plan=plan))
    assert (saved["plan"]["rate"], saved["plan"]["variants"], saved["state"]) == (0.0, plan["variants"], "draft")


async def test_a_member_who_is_late_hears_the_present_version(office: Office) -> None:
    browser = await office.raj()
    campaign = await made(browser)
    await change(await office.dana(), campaign, name="Summer")
    answer = await change(browser, campaign, name="Autumn")
    assert (answer.status, answer.json["code"], answer.json["version"]) == (409, "stale", 2)
    assert (await browser.get(at(campaign))).json["name"] == "Summer"
    await change(browser, campaign | {"version": 2}, name="Autumn")
    assert (await browser.get(at(campaign))).json["name"] == "Autumn"


async def test_what_is_fixed_at_the_launch_is_refused_in_words(office: Office) -> None:
    browser = await office.raj()
    campaign = await run(office, await made(browser))
    answer = await change(browser, campaign, plan={"sources": {"everybody": True}})
    assert (answer.status, answer.json["code"]) == (409, "refused")
    assert answer.json["detail"] == "The recipients are fixed at the launch."
    assert (await browser.get(at(campaign))).json == campaign


@pytest.mark.parametrize(
    ("given", "field"),
    [
        pytest.param({}, "version", id="no version"),
        pytest.param({"version": 1, "name": None}, None, id="no name"),
        pytest.param({"version": 1, "name": " "}, "name", id="an empty name"),
        pytest.param({"version": 1, "description": "x" * 2001}, "description", id="a long description"),
        pytest.param({"version": 1, "plan": {"rate": -1}}, "plan.rate", id="a pace below zero"),
        pytest.param({"version": 1, "plan": {"variants": []}}, "plan.variants", id="no text at all"),
        pytest.param({"version": 1, "plan": {"variants": [{"body": "x"}] * 11}}, "plan.variants", id="too many texts"),
        pytest.param(
            {"version": 1, "plan": {"variants": [{"body": "x" * 1601}]}}, "plan.variants.0.body", id="a long text"
        ),
        pytest.param(
            {"version": 1, "plan": {"variants": [{"body": "x", "share": 101}]}}, "plan.variants.0.share", id="a share"
        ),
        pytest.param({"version": 1, "plan": {"start": {"zone": "Mars/Base"}}}, "plan.start.zone", id="no such zone"),
        pytest.param({"version": 1, "plan": {"start": {"at": "09:00Z"}}}, "plan.start.at", id="an hour of Greenwich"),
        pytest.param({"version": 1, "plan": {"start": {"at": "25:00"}}}, "plan.start.at", id="no such hour"),
        pytest.param(
            {"version": 1, "plan": {"drip": PLAN["drip"] | {"zone": "x"}}}, "plan.drip.zone", id="a drip nowhere"
        ),
        pytest.param(
            {"version": 1, "plan": {"drip": PLAN["drip"] | {"days": [7]}}}, "plan.drip.days.0", id="an eighth day"
        ),
        pytest.param(
            {"version": 1, "plan": {"sources": {"contact_ids": [0]}}}, "plan.sources.contact_ids.0", id="no such id"
        ),
        pytest.param(
            {"version": 1, "plan": {"limits": {"failed_percent": 101}}}, "plan.limits.failed_percent", id="a limit"
        ),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_the_field(
    office: Office, given: dict[str, Any], field: str | None
) -> None:
    browser = await office.raj()
    campaign = await made(browser)
    answer = await browser.patch(at(campaign), given)
    assert (answer.status, answer.json["code"], answer.json.get("field")) == (422, "invalid", field)
    assert (await browser.get(at(campaign))).json == campaign


async def test_a_number_that_json_does_not_have_is_refused(office: Office) -> None:
    browser = await office.raj()
    campaign = await made(browser)
    body = b'{"version": 1, "plan": {"sources": {"definition": {"field": "x", "is": "above", "value": NaN}}}}'
    answer = await browser.patch(at(campaign), body)
    assert (answer.status, answer.json["field"]) == (422, "plan.sources.definition")


async def test_as_many_people_as_can_be_chosen_by_hand_fit(office: Office) -> None:
    browser = await office.raj()
    campaign, ids = await made(browser), [2**40 + n for n in range(20_000)]
    saved = whole(await change(browser, campaign, plan={"sources": {"contact_ids": ids}}))
    assert saved["plan"]["sources"]["contact_ids"] == ids


# Copies, templates, the archive


async def test_a_copy_has_the_plan_and_no_start_day(office: Office) -> None:
    browser = await office.raj()
    campaign = whole(await change(browser, await made(browser), plan=PLAN))
    given = {"cmd_id": str(uuid4())}
    answers = [await browser.post(at(campaign, "/duplicate"), given) for _ in range(2)]
    copy = whole(answers[0])
    assert (answers[0].status, answers[1].json) == (201, copy)
    assert (copy["name"], copy["state"], copy["template"]) == ("Spring (copy)", "draft", False)
    assert copy["plan"] == KEPT | {"start": KEPT["start"] | {"day": None}}


async def test_a_template_is_in_its_own_list_and_campaigns_start_from_it(office: Office) -> None:
    browser = await office.raj()
    campaign = await made(browser)
    answer = await browser.post(at(campaign, "/duplicate"), {"cmd_id": str(uuid4()), "as_template": True})
    template = whole(answer)
    assert (template["template"], template["name"]) == (True, "Spring")
    listed = (await browser.get(f"{CAMPAIGNS}?templates=true")).json["rows"]
    assert [row["id"] for row in listed] == [template["id"]]
    assert [row["id"] for row in (await browser.get(CAMPAIGNS)).json["rows"]] == [campaign["id"]]
    started = whole(await browser.post(at(template, "/duplicate"), {"cmd_id": str(uuid4())}))
    assert (started["template"], started["name"]) == (False, "Spring")


async def test_what_has_ended_can_be_put_away_and_what_may_still_send_cannot(office: Office) -> None:
    browser = await office.raj()
    campaign, running = await made(browser), await run(office, await made(browser, "Running"))
    refused = await browser.post(at(running, "/archive"), {"archived": True})
    assert (refused.status, refused.json["code"]) == (409, "refused")
    assert refused.json["detail"] == "This campaign may still send: it stays in the list until it has ended."
    for _ in range(2):
        answer = await browser.post(at(campaign, "/archive"), {"archived": True})
        assert whole(answer)["archived_at"] == "2026-11-20T16:00:00Z"
    assert [row["name"] for row in (await browser.get(CAMPAIGNS)).json["rows"]] == ["Running"]
    assert [row["name"] for row in (await browser.get(f"{CAMPAIGNS}?archived=true")).json["rows"]] == ["Spring"]
    back = await browser.post(at(campaign, "/archive"), {"archived": False})
    assert whole(back)["archived_at"] is None


# The list


async def test_the_list_is_newest_first_in_pages(office: Office) -> None:
    browser = await office.raj()
    for name in ("A", "B", "C"):
        await made(browser, name)
    first = await browser.get(f"{CAMPAIGNS}?limit=2")
    CampaignsOut.model_validate_json(first.body)
    assert [row["name"] for row in first.json["rows"]] == ["C", "B"]
    assert "plan" not in first.json["rows"][0]
    rest = (await browser.get(f"{CAMPAIGNS}?limit=2&cursor={first.json['next_cursor']}")).json
    assert ([row["name"] for row in rest["rows"]], rest["next_cursor"]) == (["A"], None)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("q=HOUSE", ["Open house"], id="a word"),
        pytest.param("states=active", ["Running"], id="a state"),
        pytest.param("states=active,draft", ["Running", "Open house"], id="two states"),
        pytest.param("states=", ["Running", "Open house"], id="no state"),
    ],
)
async def test_the_list_shows_what_is_asked_for(office: Office, query: str, names: list[str]) -> None:
    browser = await office.raj()
    await made(browser, "Open house")
    await run(office, await made(browser, "Running"))
    assert [row["name"] for row in (await browser.get(f"{CAMPAIGNS}?{query}")).json["rows"]] == names


@pytest.mark.parametrize("query", ["states=asleep", "limit=101", "cursor=x", "sort=name"])
async def test_a_question_that_is_none_is_refused(office: Office, query: str) -> None:
    answer = await (await office.raj()).get(f"{CAMPAIGNS}?{query}")
    assert (answer.status, answer.json["code"]) == (422, "invalid")


async def test_why_a_campaign_is_paused_is_told_in_words(office: Office) -> None:
    browser = await office.raj()
    campaign = await run(office, await made(browser), "paused")
    assert campaign["told"] == "Paused"
    await office.sql("UPDATE campaign SET paused_why = 'opt_outs'")
    told = whole(await browser.get(at(campaign)))
    assert (told["paused_why"], told["told"]) == ("opt_outs", "Paused: too many people opted out")


# Another workspace


async def test_a_campaign_of_another_workspace_is_not_there(office: Office) -> None:
    campaign = await made(await office.raj())
    eve = await office.eve()
    answers = [
        await eve.get(at(campaign)),
        await change(eve, campaign, name="Theirs"),
        await eve.post(at(campaign, "/duplicate"), {"cmd_id": str(uuid4())}),
        await eve.post(at(campaign, "/archive"), {"archived": True}),
    ]
    assert [(answer.status, answer.json["code"]) for answer in answers] == [(404, "not_found")] * 4
    assert (await eve.get(CAMPAIGNS)).json == {"rows": [], "next_cursor": None}
    assert (await (await office.raj()).get(at(campaign))).json == campaign
