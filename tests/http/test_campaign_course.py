"""The API of launches and of what stops campaigns or lets them go on, over the real store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.http.campaigns import TO_ALL, at, change, made, three_people, whole
from tests.http.house import Browser, Told
from tests.http.office import Office

pytestmark = pytest.mark.integration

LATER = {"day": "2026-11-30", "at": "10:00", "zone": "America/New_York"}


@pytest.fixture
async def browser(office: Office) -> Browser:
    """Raj's, an agent's, in a workspace with two who get the text and one who lacks a value."""
    await three_people(office)
    return await office.raj()


async def launch(browser: Browser, campaign: dict[str, Any], expected: int = 2, cmd_id: str = "") -> Told:
    given = {"cmd_id": cmd_id or str(uuid4()), "expected_count": expected}
    return await browser.post(at(campaign, "/launch"), given)


async def launched(browser: Browser, **plan: Any) -> dict[str, Any]:
    answer = await launch(browser, await made(browser, plan=TO_ALL | plan))
    assert answer.status == 202, answer.body
    return whole(answer)


async def command(browser: Browser, campaign: dict[str, Any], name: str) -> Told:
    return await browser.post(at(campaign, "/command"), {"command": name})


async def test_an_agent_launches_a_campaign_to_as_many_as_were_confirmed(browser: Browser) -> None:
    campaign = await launched(browser)
    assert (campaign["state"], campaign["whole"], campaign["built"]) == ("active", True, 3)
    figures = campaign["figures"]
    assert (figures["audience"], figures["excluded"], figures["pending"]) == (3, 1, 2)


async def test_a_launch_answers_alike_however_often_it_is_said(browser: Browser, office: Office) -> None:
    campaign, cmd_id = await made(browser, plan=TO_ALL), str(uuid4())
    answers = [await launch(browser, campaign, cmd_id=cmd_id) for _ in range(2)]
    answers.append(await launch(browser, campaign))
    assert [answer.status for answer in answers] == [202] * 3
    assert {whole(answer)["state"] for answer in answers} == {"active"}
    assert (await office.sql("SELECT count(*) FROM campaign_recipient"))[0][0] == 3


async def test_another_count_launches_nothing_and_tells_the_new_one(browser: Browser) -> None:
    campaign = await made(browser, plan=TO_ALL)
    answer = await launch(browser, campaign, 3)
    assert (answer.status, answer.json["code"], answer.json["field"]) == (409, "count_differs", "expected_count")
    assert answer.json["recipients"] == 2
    assert answer.json["detail"] == "2 people would get it now, not 3. Nothing was sent."
    after = whole(await browser.get(at(campaign)))
    assert (after["state"], after["plan"]) == ("draft", campaign["plan"])
    assert (await launch(browser, campaign)).status == 202


@pytest.mark.parametrize(
    ("plan", "field", "sentence"),
    [
        pytest.param({"sources": {}}, "audience", "Choose who gets this campaign.", id="an empty audience"),
        pytest.param(
            {"variants": [{"body": "Hi {{frist_name}}"}]},
            "message",
            'There is no token named "frist_name". Did you mean "first_name"?',
            id="a broken template",
        ),
        pytest.param({"variants": [{"body": " "}]}, "message", "Write the text.", id="no text"),
        pytest.param(
            {"start": LATER | {"day": "2026-11-19"}}, "schedule", "The start lies in the past.", id="a past date"
        ),
        pytest.param({"rate": 0}, "schedule", "The rate must be above zero segments per second.", id="a zero rate"),
    ],
)
async def test_what_cannot_be_launched_is_refused_in_a_sentence_at_its_step(
    browser: Browser, plan: dict[str, Any], field: str, sentence: str
) -> None:
    campaign = await made(browser, plan=TO_ALL | plan)
    answer = await launch(browser, campaign)
    assert (answer.status, answer.json["code"], answer.json["field"]) == (422, "cannot_launch", field)
    assert answer.json["detail"] == sentence
    assert {"part": field, "sentence": sentence} in answer.json["faults"]
    assert whole(await browser.get(at(campaign))) == campaign


async def test_a_workspace_without_a_number_launches_nothing(browser: Browser, office: Office) -> None:
    await office.sql("DELETE FROM number WHERE workspace_id = 1")
    answer = await launch(browser, await made(browser, plan=TO_ALL))
    assert (answer.status, answer.json["field"]) == (422, "numbers")
    assert answer.json["detail"] == "There is no number to send from. Add one first."


async def test_a_template_is_not_launched(browser: Browser) -> None:
    campaign = await made(browser, plan=TO_ALL)
    copied = await browser.post(at(campaign, "/duplicate"), {"cmd_id": str(uuid4()), "as_template": True})
    answer = await launch(browser, whole(copied))
    assert (answer.status, answer.json["code"]) == (409, "refused")
    assert answer.json["detail"] == "This is a template: duplicate it, and launch the copy."


async def test_a_campaign_that_was_put_away_is_not_launched(browser: Browser) -> None:
    campaign = await made(browser, plan=TO_ALL)
    await browser.post(at(campaign, "/archive"), {"archived": True})
    answer = await launch(browser, campaign)
    assert (answer.status, answer.json["code"]) == (409, "refused")
    assert answer.json["detail"] == "This campaign is archived. Take it back into the list first."


@pytest.mark.parametrize(
    ("names", "states"),
    [
        pytest.param(["pause", "pause"], ["paused", "paused"], id="pausing twice"),
        pytest.param(["pause", "resume"], ["paused", "active"], id="going on"),
        pytest.param(["cancel", "cancel"], ["cancelled", "cancelled"], id="cancelling twice"),
    ],
)
async def test_commands_move_a_campaign_and_repeat(browser: Browser, names: list[str], states: list[str]) -> None:
    campaign = await launched(browser)
    assert [whole(await command(browser, campaign, name))["state"] for name in names] == states


async def test_a_scheduled_campaign_says_when_it_begins_and_is_a_draft_again(browser: Browser) -> None:
    campaign = await launched(browser, start=LATER)
    assert (campaign["state"], campaign["due_at"]) == ("scheduled", "2026-11-30T15:00:00Z")
    back = whole(await command(browser, campaign, "unschedule"))
    assert (back["state"], back["due_at"]) == ("draft", None)


async def test_what_cannot_be_meant_is_refused_in_words(browser: Browser) -> None:
    campaign = await launched(browser)
    answer = await command(browser, campaign, "unschedule")
    assert (answer.status, answer.json["code"]) == (409, "refused")
    assert answer.json["detail"] == "This campaign has begun. Pause or cancel it instead."


@pytest.mark.parametrize("name", ["launch_now", "due", "exhausted", ""])
async def test_what_is_no_members_command_is_refused(browser: Browser, name: str) -> None:
    campaign = await made(browser, plan=TO_ALL)
    answer = await command(browser, campaign, name)
    assert (answer.status, answer.json["field"]) == (422, "command")


# Changing one that was launched


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        pytest.param(
            {"variants": [{"body": "Hi {{frist_name}}"}]},
            'There is no token named "frist_name". Did you mean "first_name"?',
            id="a broken template",
        ),
        pytest.param({"variants": [{"body": ""}]}, "Write the text.", id="no text"),
        pytest.param({"rate": 0}, "The rate must be above zero segments per second.", id="a zero rate"),
    ],
)
async def test_a_running_campaign_is_not_changed_into_one_that_could_not_be_launched(
    browser: Browser, plan: dict[str, Any], sentence: str
) -> None:
    campaign = await launched(browser)
    answer = await change(browser, campaign, plan=TO_ALL | plan)
    assert (answer.status, answer.json["code"], answer.json["detail"]) == (409, "refused", sentence)
    assert whole(await browser.get(at(campaign))) == campaign


async def test_a_running_campaign_whose_audience_is_gone_can_be_reworded_all_the_same(
    browser: Browser, office: Office
) -> None:
    campaign = await launched(browser)
    await office.sql("UPDATE contact SET deleted_at = now()")
    plan = TO_ALL | {"variants": [{"body": "Hello"}]}
    assert whole(await change(browser, campaign, plan=plan))["plan"]["variants"] == [{"body": "Hello", "share": 100}]


async def test_a_campaign_whose_start_has_passed_can_be_reworded_all_the_same(browser: Browser, office: Office) -> None:
    """What a launch of it would be refused for by now is no fault of the change."""
    scheduled = await launched(browser, start=LATER)
    office.house.clock.wall_time = datetime(2026, 12, 1, tzinfo=UTC)
    await office.sql("UPDATE campaign SET state = 'active', version = version + 1")
    plan = scheduled["plan"] | {"variants": [{"body": "Hello", "share": 100}]}
    assert whole(await change(browser, whole(await browser.get(at(scheduled))), plan=plan))["plan"] == plan


@pytest.mark.parametrize(
    ("start", "due_at"),
    [
        pytest.param(LATER | {"at": "11:30"}, "2026-11-30T16:30:00Z", id="another hour"),
        pytest.param(LATER | {"zone": "America/Los_Angeles"}, "2026-11-30T18:00:00Z", id="another zone"),
        pytest.param(LATER | {"at_home": True}, "2026-11-30T15:00:00Z", id="on each recipient's own clock"),
    ],
)
async def test_another_start_of_a_scheduled_campaign_is_when_it_begins(
    browser: Browser, start: dict[str, Any], due_at: str
) -> None:
    campaign = await launched(browser, start=LATER)
    assert whole(await change(browser, campaign, plan=TO_ALL | {"start": start}))["due_at"] == due_at


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        pytest.param({}, "Unschedule this campaign to launch it at once.", id="at once"),
        pytest.param(LATER | {"day": "2026-11-19"}, "The start lies in the past.", id="a past day"),
        pytest.param(
            {"day": "2026-11-20", "at": "10:00", "zone": "Pacific/Honolulu", "at_home": True},
            "The start lies in the past.",
            id="an hour that has passed where the recipients are, though not in the zone of the plan",
        ),
    ],
)
async def test_a_start_that_cannot_be_is_refused(browser: Browser, start: dict[str, Any], sentence: str) -> None:
    campaign = await launched(browser, start=LATER)
    answer = await change(browser, campaign, plan=TO_ALL | {"start": start})
    assert (answer.status, answer.json["code"], answer.json["detail"]) == (409, "refused", sentence)
    assert whole(await browser.get(at(campaign))) == campaign


async def test_another_number_of_a_scheduled_campaign_is_what_new_threads_leave_from(
    browser: Browser, office: Office
) -> None:
    added = "INSERT INTO number (workspace_id, account_id, address, rate) VALUES (1, 1, '+16175550109', 1) RETURNING id"
    other = (await office.sql(added))[0]["id"]
    campaign = await launched(browser, start=LATER)
    for chosen, number_id in ((other, other), (None, 1)):
        plan = TO_ALL | {"start": LATER, "number_id": chosen}
        campaign = whole(await change(browser, campaign, plan=plan))
        assert (await office.sql("SELECT number_id FROM campaign"))[0]["number_id"] == number_id
    refused = await change(browser, campaign, plan=TO_ALL | {"start": LATER, "number_id": 2})
    assert (refused.status, refused.json["code"]) == (409, "refused")
    assert refused.json["detail"].startswith("The number that it is to be sent from is not there any more.")


# Another workspace


async def test_another_workspace_moves_nothing(browser: Browser, office: Office) -> None:
    draft, running = await made(browser, plan=TO_ALL), await launched(browser)
    eve = await office.eve()
    answers = [await launch(eve, draft), *[await command(eve, running, name) for name in ("pause", "cancel")]]
    assert [(answer.status, answer.json["code"]) for answer in answers] == [(404, "not_found")] * 3
    assert whole(await browser.get(at(draft))) == draft
    assert whole(await browser.get(at(running)))["state"] == "active"
