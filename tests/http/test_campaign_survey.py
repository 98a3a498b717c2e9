"""The API of what a launch would do, over the real store."""

from __future__ import annotations

from typing import Any

import pytest

from server.http.campaigns.survey_models import CampaignPeopleOut, SampleOut, SurveyOut, WordingOut
from tests.http.campaigns import TO_ALL, at, made, three_people, whole
from tests.http.office import Office

pytestmark = pytest.mark.integration

MISSING = "A value that the text needs is missing"
DRIP = {
    "batch": 1,
    "interval_s": 3_600,
    "days": [0, 1, 2, 3, 4],
    "span": {"opens_s": 32_400, "closes_s": 64_800},
    "zone": "America/New_York",
}
GONE = "A filter of this audience is not there any more."


@pytest.fixture
async def ids(office: Office) -> list[int]:
    return await three_people(office)


async def test_a_survey_tells_who_gets_it_who_does_not_and_what_it_costs(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    answer = await browser.get(at(await made(browser, plan=TO_ALL), "/survey"))
    assert answer.status == 200, answer.body
    SurveyOut.model_validate_json(answer.body)
    told = answer.json["found"]
    assert (told["audience"], told["recipients"], answer.json["faults"]) == (3, 2, [])
    assert told["excluded"] == [{"reason": "missing_value", "sentence": MISSING, "count": 1}]
    assert told["segments"] == {"min": 1, "max": 1, "total": 2}
    assert told["cost"] == {"amount": "0.02", "currency": "USD"}
    assert (told["longest"], told["shortest"], told["missing"]) == (ids[1], ids[0], [ids[2]])
    assert told["names"] == {"first_name": 1}
    assert (told["per_s"], told["duration_s"]) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("plan", "part", "sentence"),
    [
        pytest.param({}, "audience", "Choose who gets this campaign.", id="no audience"),
        pytest.param(
            TO_ALL | {"variants": [{"body": "Hi {{frist_name}}"}]},
            "message",
            'There is no token named "frist_name". Did you mean "first_name"?',
            id="a broken template",
        ),
        pytest.param(
            TO_ALL | {"start": {"day": "2026-11-19"}}, "schedule", "The start lies in the past.", id="a past date"
        ),
        pytest.param(
            TO_ALL | {"rate": 0}, "schedule", "The rate must be above zero segments per second.", id="a zero rate"
        ),
        pytest.param(
            TO_ALL | {"number_id": 2},
            "numbers",
            "The number that it is to be sent from is not there any more. Choose another one.",
            id="a number of another workspace",
        ),
    ],
)
async def test_why_it_cannot_be_launched_is_told_in_a_sentence_at_its_step(
    office: Office, ids: list[int], plan: dict[str, Any], part: str, sentence: str
) -> None:
    browser = await office.raj()
    answer = await browser.get(at(await made(browser, plan=plan), "/survey"))
    assert answer.status == 200, answer.body
    assert {"part": part, "sentence": sentence} in answer.json["faults"]


async def test_a_workspace_without_a_number_hears_it(office: Office, ids: list[int]) -> None:
    await office.sql("DELETE FROM number WHERE workspace_id = 1")
    browser = await office.raj()
    told = (await browser.get(at(await made(browser, plan=TO_ALL), "/survey"))).json
    assert told["faults"] == [{"part": "numbers", "sentence": "There is no number to send from. Add one first."}]


async def test_a_filter_that_is_gone_is_refused_with_the_field(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    campaign = await made(browser, plan=TO_ALL | {"sources": {"filter_ids": [77]}})
    told = (await browser.get(at(campaign, "/survey"))).json
    assert (told["found"], told["faults"]) == (None, [{"part": "audience", "sentence": GONE}])
    for rest in ("/people", "/left-out.csv"):
        answer = await browser.get(at(campaign, rest))
        assert (answer.status, answer.json["code"], answer.json["detail"]) == (422, "invalid", GONE)


async def test_one_contacts_text_is_told_as_it_would_be_sent(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    plan = TO_ALL | {"variants": [{"body": "Hi {{first_name}}", "share": 50}, {"body": "Hello", "share": 50}]}
    campaign = await made(browser, plan=plan)
    first = await browser.get(at(campaign, f"/sample?contact_id={ids[1]}"))
    SampleOut.model_validate_json(first.body)
    assert (first.json["text"], first.json["name"], first.json["excluded"]) == ("Hi Élodie", "Élodie", None)
    other = (await browser.get(at(campaign, f"/sample?contact_id={ids[1]}&variant=1"))).json
    assert (other["text"], other["variant"]) == ("Hello", 1)
    lacking = (await browser.get(at(campaign, f"/sample?contact_id={ids[2]}"))).json
    assert (lacking["missing"], lacking["sentence"]) == (["first_name"], MISSING)
    assert (await browser.get(at(campaign, f"/sample?contact_id={ids[1]}&variant=2"))).status == 404
    assert (await browser.get(at(campaign, "/sample?contact_id=9999"))).status == 404


async def test_people_of_the_audience_come_in_pages_and_by_words(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    campaign = await made(browser, plan=TO_ALL)
    first = await browser.get(at(campaign, "/people?limit=2"))
    CampaignPeopleOut.model_validate_json(first.body)
    assert [row["contact_id"] for row in first.json["rows"]] == ids[:2]
    rest = (await browser.get(at(campaign, f"/people?limit=2&cursor={first.json['next_cursor']}"))).json
    assert ([row["contact_id"] for row in rest["rows"]], rest["next_cursor"]) == (ids[2:], None)
    found = (await browser.get(at(campaign, "/people?q=maya"))).json["rows"]
    assert [(row["name"], row["address"], row["sentence"]) for row in found] == [("Maya", "+16175550101", None)]


async def test_who_is_left_out_comes_as_a_file_in_which_nothing_is_a_formula(office: Office, ids: list[int]) -> None:
    await office.sql("UPDATE contact SET last_name = '=HYPERLINK(\"x\")' WHERE id = $1", ids[2])
    browser = await office.raj()
    campaign = await made(browser, plan=TO_ALL)
    answer = await browser.get(at(campaign, "/left-out.csv"))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="campaign-{campaign["id"]}-left-out.csv"'
    assert answer.body.decode("utf-8-sig").splitlines() == [
        "Name,Number,Reason",
        f'"\'=HYPERLINK(""x"")",(617) 555-0103,{MISSING}',
    ]


async def test_another_workspace_surveys_nothing(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    campaign = await made(browser, plan=TO_ALL)
    eve = await office.eve()
    for rest in ("/survey", f"/sample?contact_id={ids[0]}", "/people", "/left-out.csv"):
        answer = await eve.get(at(campaign, rest))
        assert (answer.status, answer.json["code"]) == (404, "not_found")
    theirs = await made(eve, plan=TO_ALL)
    assert (await eve.get(at(theirs, "/survey"))).json["found"]["audience"] == 0
    assert (await eve.get(at(theirs, f"/sample?contact_id={ids[0]}"))).status == 404
    assert whole(await browser.get(at(campaign))) == campaign


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        pytest.param(
            {"start": {"day": "2027-03-14", "at": "02:30:00"}},
            {"begins_at": "2027-03-14T07:30:00Z", "batches": None, "left_over": 0},
            id="an hour that the clock skips",
        ),
        pytest.param(
            {"start": {"day": "2027-03-12"}, "drip": DRIP},
            {"first_at": "2027-03-12T14:00:00Z", "batches": 2, "left_over": 0},
            id="a drip",
        ),
        pytest.param(
            {"start": {"day": "2027-03-12"}, "drip": DRIP | {"interval_s": 86_400, "ends_on": "2027-03-12"}},
            {"batches": 1, "done_at": None, "left_over": 1},
            id="a drip that ends too early",
        ),
    ],
)
async def test_a_survey_tells_when_it_would_begin_and_be_done(
    office: Office, ids: list[int], plan: dict[str, Any], expected: dict[str, Any]
) -> None:
    browser = await office.raj()
    told = (await browser.get(at(await made(browser, plan=TO_ALL | plan), "/survey"))).json["timing"]
    assert {key: told[key] for key in expected} == expected
    assert ("clocks skip it" in (told["sentence"] or "")) == ("drip" not in plan)


async def test_a_drip_is_told_as_it_is_drawn(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    drips = {"start": {"day": "2027-03-11"}, "drip": DRIP | {"interval_s": 86_400, "ends_on": "2027-03-15"}}
    told = (await browser.get(at(await made(browser, plan=TO_ALL | drips), "/survey"))).json["timing"]["outlook"]
    assert [(bar["at"][:10], bar["count"]) for bar in told["bars"]] == [("2027-03-11", 1), ("2027-03-12", 1)]
    [night] = told["closed"]
    assert night["ends"] == "2027-03-12T14:00:00Z"
    assert {"begins": "2027-03-12T02:00:00Z", "ends": "2027-03-12T13:00:00Z"} in told["quiet"]
    assert told["ends_at"] == "2027-03-16T04:00:00Z"


async def test_a_start_on_everybodys_own_clock_is_told_by_zone_and_what_a_clock_skips_in_words(
    office: Office, ids: list[int]
) -> None:
    browser = await office.raj()
    start = {"start": {"day": "2027-03-14", "at": "02:30:00", "at_home": True}}
    told = (await browser.get(at(await made(browser, plan=TO_ALL | start), "/survey"))).json["timing"]
    assert told["homes"] != []
    assert [home["at"] for home in told["homes"]] == sorted(home["at"] for home in told["homes"])
    assert all("clocks skip it" in home["sentence"] for home in told["homes"] if home["zone"] == "America/New_York")
    assert told["begins_at"] == told["homes"][0]["at"]


async def test_without_a_start_there_is_no_time_to_tell(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    nowhere = TO_ALL | {"drip": DRIP | {"days": []}}
    answer = (await browser.get(at(await made(browser, plan=nowhere), "/survey"))).json
    assert answer["timing"] is None
    assert answer["faults"] != []


async def test_wording_is_looked_at_while_it_is_written_with_the_place_of_what_is_meant(office: Office) -> None:
    await office.sql("UPDATE workspace SET brand = 'Harbor & Pine' WHERE id = 1")
    browser = await office.raj()
    fine = "Harbor & Pine: open house on Sunday. Reply STOP to opt out."
    shortened = "Hi {{first_name}} 😀 see bit.ly/house"
    answer = await browser.post("/api/v1/campaigns/wording", {"texts": [fine, shortened, " "]})
    assert answer.status == 200, answer.body
    WordingOut.model_validate_json(answer.body)
    of_fine, of_shortened, of_nothing = answer.json["warnings"]
    assert (of_fine, of_nothing) == ([], [])
    assert [one["kind"] for one in of_shortened] == ["no_brand", "no_opt_out", "public_shortener"]
    assert of_shortened[0]["sentence"] == "The text does not say who writes: name your brand in it."
    meant = of_shortened[2]
    assert shortened[meant["at"] :][: meant["length"]] == "bit.ly"
    assert "bit.ly" in meant["sentence"]


async def test_content_that_carriers_filter_is_named_with_its_place(office: Office) -> None:
    browser = await office.raj()
    text = "Ask H for cannabis. Reply STOP to opt out."
    [[warned]] = (await browser.post("/api/v1/campaigns/wording", {"texts": [text]})).json["warnings"]
    assert (warned["kind"], text[warned["at"] :][: warned["length"]]) == ("forbidden", "cannabis")
    assert warned["sentence"].startswith('"cannabis": ')


async def test_a_brand_of_the_register_will_do_and_another_workspaces_will_not(office: Office) -> None:
    await office.sql("UPDATE workspace SET brand = 'Otherside' WHERE id = 2")
    browser = await office.raj()
    texts = [f"{brand} here. Reply STOP to opt out." for brand in ("Harbor & Pine", "H", "Otherside")]
    told = (await browser.post("/api/v1/campaigns/wording", {"texts": texts})).json["warnings"]
    assert [[one["kind"] for one in of] for of in told] == [[], [], ["no_brand"]]


async def test_a_survey_warns_of_each_variant_and_refuses_none_for_it(office: Office, ids: list[int]) -> None:
    browser = await office.raj()
    bodies = ("H: open on Sunday. Reply STOP to opt out.", "See you on Sunday?")
    variants = [{"body": body, "share": 50} for body in bodies]
    told = (await browser.get(at(await made(browser, plan=TO_ALL | {"variants": variants}), "/survey"))).json
    assert [[one["kind"] for one in of] for of in told["warnings"]] == [[], ["no_brand", "no_opt_out"]]
    assert told["faults"] == []


@pytest.mark.parametrize("texts", [[], ["x"] * 99, "x", [1]], ids=["none", "too many", "no list", "a number"])
async def test_what_is_no_list_of_texts_is_refused(office: Office, texts: object) -> None:
    answer = await (await office.raj()).post("/api/v1/campaigns/wording", {"texts": texts})
    assert answer.status == 422
