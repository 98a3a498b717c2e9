"""Campaigns before they are launched: their list, and the wizard from a name to the launch, step by step."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from pydantic import SecretStr

from server.admin import NewMember, add_member
from server.config import Config
from tests.ui.conftest import Faults, OpenContext, OpenTab, log_in_as
from tests.ui.inbox_page import OURS
from tests.ui.live_server import Live
from tests.ui.people_page import Office, choose_field, phone, word
from tests.ui.test_imports import send, state
from tests.ui.test_pages import complaints
from tests.ui.told import until_told

DRIP = {
    "batch": 50,
    "interval_s": 3_600,
    "days": [0, 1, 2, 3, 4],
    "span": {"opens_s": 32_400, "closes_s": 64_800},
    "zone": "America/New_York",
}


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def made(office: Office, **values: Any) -> dict[str, Any]:
    """A draft with a name of its own."""
    draft: dict[str, Any] = office.ask("POST", "/campaigns", {"name": word(), "cmd_id": str(uuid4())})
    if not values:
        return draft
    saved: dict[str, Any] = office.ask("PATCH", f"/campaigns/{draft['id']}", {"version": draft["version"]} | values)
    return saved


def people(office: Office, count: int, tag: str | None = None, **values: Any) -> list[dict[str, Any]]:
    tag = tag or word()
    return [office.contact(f"{tag} {n:02}", tags=[tag], phones=[{"phone": phone()}], **values) for n in range(count)]


def plan(found: list[dict[str, Any]], *bodies: str) -> dict[str, Any]:
    shares = {1: [100], 2: [50, 50]}[len(bodies)]
    return {
        "sources": {"contact_ids": [one["contact_id"] for one in found]},
        "variants": [{"body": body, "share": share} for body, share in zip(bodies, shares, strict=True)],
    }


def kept(office: Office, draft: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = office.ask("GET", f"/campaigns/{draft['id']}")
    return found


def at(page: Page, draft: dict[str, Any], step: str) -> None:
    page.goto(f"/sms/campaigns/{draft['id']}/edit/{step}")
    page.get_by_role("navigation", name="Steps").wait_for()


def saved(page: Page) -> None:
    expect(page.get_by_text("Draft saved")).to_be_visible()


def row(page: Page, draft: dict[str, Any]) -> Locator:
    return page.locator(f"[data-campaign='{draft['id']}']")


# A list of people as the audience


def test_a_list_is_brought_in_from_the_audience_step_and_whom_it_brought_is_counted(page: Page, office: Office) -> None:
    """Of four rows two have no number that can get texts: they are refused, each with its reason."""
    nadia, sven = phone(), phone()
    name, draft = f"{word('Open house')}.csv", made(office)
    at(page, draft, "audience")
    page.get_by_role("group", name="Imported lists").get_by_role("link", name=re.compile("^Import")).click()
    send(page, f"First name,Mobile\r\nNadia,{nadia}\r\nNo,12\r\nSven,{sven}\r\nNone,call me\r\n", name)
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    state(page)
    page.get_by_role("button", name="Import 4 rows").click()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    brought = page.get_by_role("region", name=name)
    expect(brought).to_contain_text("new2")
    expect(brought).to_contain_text("not taken2")
    refused = page.get_by_role("region", name="Rows to look at").get_by_role("listitem")
    expect(refused).to_have_count(2)
    expect(refused.nth(0)).to_contain_text("“12” is no phone number that can get texts.")
    expect(refused.nth(1)).to_contain_text("“call me” is no phone number that can get texts.")
    at(page, draft, "audience")
    page.get_by_role("checkbox", name=f"{name} 2 people").check()
    saved(page)
    expect(page.get_by_test_id("bulk-count")).to_have_text("2")
    page.reload()
    expect(page.get_by_role("checkbox", name=f"{name} 2 people")).to_be_checked()
    expect(page.get_by_test_id("bulk-count")).to_have_text("2")


# The list


def test_the_list_leads_to_a_draft_is_searched_and_narrowed_by_status(page: Page, office: Office) -> None:
    draft = made(office, description="For Sunday's open house")
    page.goto("/people")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Campaigns").click()
    expect(row(page, draft)).to_contain_text("For Sunday's open house")
    expect(row(page, draft)).to_contain_text("Draft")
    page.get_by_label("Status").select_option(label="Completed")
    expect(row(page, draft)).to_have_count(0)
    page.get_by_label("Status").select_option(label="Draft")
    page.get_by_label("Search campaigns").fill(draft["name"])
    expect(page.locator("[data-campaign]")).to_have_count(1)
    page.get_by_role("link", name=draft["name"]).click()
    expect(page).to_have_url(re.compile(rf"/sms/campaigns/{draft['id']}/edit/details$"))


def test_a_colleagues_new_draft_stands_in_the_list_at_once_and_so_does_its_new_name(page: Page, office: Office) -> None:
    page.goto("/sms/campaigns")
    expect(page.get_by_role("list", name="Campaigns")).to_be_visible()
    draft = made(office)
    expect(row(page, draft)).to_be_visible()
    renamed = word("Renamed")
    office.ask("PATCH", f"/campaigns/{draft['id']}", {"version": draft["version"], "name": renamed})
    expect(page.get_by_role("link", name=renamed)).to_be_visible()


def test_one_is_kept_as_a_template_and_the_next_begins_with_its_plan(page: Page, office: Office) -> None:
    draft = made(office, plan=plan(people(office, 1), "Open house on Sunday"))
    page.goto(f"/sms/campaigns?q={draft['name']}")
    row(page, draft).get_by_role("button", name=re.compile("What to do")).click()
    page.get_by_role("menuitem", name="Save as template").click()
    expect(page).to_have_url(re.compile("show=templates"))
    page.get_by_role("listitem").filter(has_text=draft["name"]).get_by_role("button").click()
    page.get_by_role("menuitem", name="Start a campaign from it").click()
    expect(page).to_have_url(re.compile(r"/edit/details$"))
    fresh = int(page.url.split("/")[-3])
    assert fresh != draft["id"]
    told = kept(office, {"id": fresh})
    assert (told["template"], told["plan"]["variants"]) == (False, [{"body": "Open house on Sunday", "share": 100}])


def test_an_archived_one_leaves_the_list_and_comes_back(page: Page, office: Office) -> None:
    draft = made(office)
    page.goto(f"/sms/campaigns?q={draft['name']}")
    row(page, draft).get_by_role("button", name=re.compile("What to do")).click()
    page.get_by_role("menuitem", name="Archive").click()
    expect(row(page, draft)).to_have_count(0)
    page.get_by_role("button", name="Archived").click()
    row(page, draft).get_by_role("button", name=re.compile("What to do")).click()
    page.get_by_role("menuitem", name="Take out of the archive").click()
    expect(row(page, draft)).to_have_count(0)
    page.get_by_role("button", name="Campaigns", exact=True).click()
    expect(row(page, draft)).to_be_visible()


# The wizard


def test_a_new_campaign_is_a_draft_at_once_and_what_is_written_is_saved_by_itself(page: Page, office: Office) -> None:
    page.goto("/sms/campaigns")
    page.get_by_role("link", name="New campaign").click()
    expect(page).to_have_url(re.compile(r"/sms/campaigns/\d+/edit/details$"))
    name = word()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Description").fill("Buyers of the last year")
    saved(page)
    draft = kept(office, {"id": int(page.url.split("/")[-3])})
    assert (draft["name"], draft["description"]) == (name, "Buyers of the last year")
    page.get_by_role("button", name="Next: Audience").click()
    expect(page).to_have_url(re.compile(r"/edit/audience$"))


def test_where_somebody_else_was_faster_it_is_told_and_theirs_is_shown(
    page: Page, office: Office, faults: Faults
) -> None:
    draft = made(office)
    faults.expect(409, f"/campaigns/{draft['id']}")
    at(page, draft, "details")
    saved(page)
    office.ask("PATCH", f"/campaigns/{draft['id']}", {"version": draft["version"], "description": "Theirs"})
    page.get_by_label("Description").fill("Mine")
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed this campaign meanwhile")
    expect(page.get_by_label("Description")).to_have_value("Theirs")
    page.get_by_label("Description").fill("Mine after all")
    saved(page)
    assert kept(office, draft)["description"] == "Mine after all"


def test_the_audience_is_chosen_and_counted_while_it_is_chosen(page: Page, office: Office, live: Live) -> None:
    tag = word()
    found = people(office, 3, tag)
    live.text_in(found[2]["phones"][0]["address"], OURS, "STOP")
    definition = {"all": [{"field": "tag", "is": "has", "value": office.tag_id(tag)}]}
    office.ask("POST", "/filters", {"name": tag, "definition": definition})
    other = people(office, 1)[0]
    draft = made(office, plan={"variants": [{"body": "Open house on Sunday"}]})
    at(page, draft, "audience")
    expect(page.get_by_text("Choose who gets this campaign.")).to_be_visible()
    page.get_by_role("group", name="Saved filters").get_by_label(tag).check()
    expect(page.get_by_test_id("bulk-count")).to_have_text("2")
    expect(page.get_by_role("region", name="Left out")).to_contain_text("Has opted out")
    page.get_by_role("button", name="Add a person").click()
    page.get_by_role("combobox", name="Find a person").fill(other["first_name"])
    page.get_by_role("option").filter(has_text=other["first_name"]).click()
    expect(page.get_by_test_id("bulk-count")).to_have_text("3")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the list").click()
    assert "Has opted out" in download.value.path().read_text()
    assert kept(office, draft)["plan"]["sources"]["contact_ids"] == [other["contact_id"]]


def test_an_audience_is_a_stage_or_a_filter_that_nobody_has_saved(page: Page, office: Office) -> None:
    tag = word()
    people(office, 2, tag)
    draft = made(office, plan={"variants": [{"body": "Open house on Sunday"}]})
    at(page, draft, "audience")
    page.get_by_role("button", name="Build a filter").click()
    choose_field(page, "First name", "contains", tag)
    expect(page.get_by_test_id("bulk-count")).to_have_text("2")
    page.get_by_role("group", name="Pipeline stages").get_by_role("checkbox").first.check()
    saved(page)
    sources = kept(office, draft)["plan"]["sources"]
    assert len(sources["stage_ids"]) == 1
    assert tag in str(sources["definition"])
    expect(page.get_by_test_id("bulk-count")).not_to_have_text("2")


def test_the_message_is_written_in_two_wordings_and_read_as_each_will_read_it(page: Page, office: Office) -> None:
    tag = word()
    found = people(office, 1, tag, property_address="12 Elm St") + people(office, 1, tag)
    draft = made(office, plan=plan(found, ""))
    at(page, draft, "message")
    page.get_by_label("What it says").fill("About {{property_address}}")
    expect(page.get_by_test_id("preview-text")).to_have_text("About 12 Elm St")
    expect(page.get_by_test_id("bulk-count")).to_have_text("1")
    page.get_by_role("button", name="Lacks a value").click()
    expect(page.get_by_text("Gets nothing: A value that the text needs is missing")).to_be_visible()
    page.get_by_label("property address").fill("your search")
    expect(page.get_by_test_id("preview-text")).to_have_text("About your search")
    expect(page.get_by_test_id("bulk-count")).to_have_text("2")
    page.get_by_role("button", name="Try another wording beside it").click()
    page.get_by_role("group", name="Text B").get_by_role("textbox", name="Text B").fill("Still looking?")
    page.get_by_role("group", name="Which text").get_by_role("button", name="Text B").click()
    expect(page.get_by_test_id("preview-text")).to_have_text("Still looking?")
    page.get_by_label("Share of A").fill("80")
    expect(page.get_by_text("The shares add up to 130 %")).to_be_visible()
    page.get_by_role("button", name="Share evenly").click()
    saved(page)
    assert [one["share"] for one in kept(office, draft)["plan"]["variants"]] == [50, 50]


def test_the_schedule_says_in_a_sentence_what_was_chosen(page: Page, office: Office) -> None:
    draft = made(office, plan=plan(people(office, 2), "Open house on Sunday"))
    at(page, draft, "schedule")
    when = page.get_by_role("region", name="In words")
    expect(when).to_contain_text("It begins as soon as it is launched.")
    page.get_by_label("At a date and time").check()
    page.get_by_label("Date", exact=True).fill("2027-03-14")
    page.get_by_label("Time", exact=True).fill("02:30")
    expect(when).to_contain_text("clocks skip it")
    expect(when).to_contain_text("Sun, Mar 14, 3:30 AM in New York")
    page.get_by_role("switch", name="Drip").check()
    page.get_by_label("Batches of").fill("1")
    expect(when).to_contain_text("2 batches, the first on Mon, Mar 15, 9:00 AM")
    drawn = page.get_by_role("figure", name="The batches over time")
    expect(drawn.get_by_role("img")).to_have_accessible_name("Chart of 2 bars. The same is in the table below.")
    drawn.get_by_text("As a table").click()
    expect(drawn.get_by_role("row")).to_contain_text(["From", "Mon, Mar 15, 9:00 AM", "Mon, Mar 15, 10:00 AM"])
    assert complaints(page) == []
    page.get_by_label("Last day").fill("2027-03-13")
    expect(page.get_by_role("list", name="Before it can be launched")).to_be_visible()
    page.get_by_label("Last day").fill("")
    page.get_by_role("button", name="Mon", exact=True).click()
    expect(when).to_contain_text("the first on Tue, Mar 16, 9:00 AM")
    told = kept(office, draft)["plan"]
    assert (told["start"]["day"], told["drip"]["batch"], told["drip"]["days"]) == ("2027-03-14", 1, [1, 2, 3, 4])


def test_a_start_on_each_recipients_own_clock_is_told_by_zone(page: Page, office: Office) -> None:
    draft = made(office, plan=plan(people(office, 2), "Open house on Sunday"))
    at(page, draft, "schedule")
    page.get_by_label("At an hour of each recipient's own clock").check()
    page.get_by_label("Date", exact=True).fill("2027-03-14")
    page.get_by_label("Time", exact=True).fill("02:30")
    zones = page.get_by_role("list", name="By each zone")
    expect(zones.get_by_role("listitem").first).to_contain_text("clocks skip it")
    expect(page.get_by_role("region", name="In words")).to_contain_text("at 02:30 on each recipient's own clock")
    saved(page)
    assert kept(office, draft)["plan"]["start"]["at_home"] is True


def test_a_campaign_is_launched_from_the_review_and_its_figures_move_in_the_list(page: Page, office: Office) -> None:
    draft = made(office, plan=plan(people(office, 3), "Open house on Sunday, {{first_name}}"))
    at(page, draft, "review")
    expect(page.get_by_test_id("launch-count")).to_have_text("3 people get it.")
    page.get_by_role("button", name="Launch for 3 people").click()
    expect(page).to_have_url(re.compile(rf"/sms/campaigns/{draft['id']}$"))
    page.goto(f"/sms/campaigns?q={draft['name']}")
    expect(row(page, draft).locator("[data-figure=Delivered]")).to_contain_text("3")
    expect(row(page, draft)).to_contain_text("Completed")


def test_the_review_names_what_is_wrong_at_the_step_that_mends_it(page: Page, office: Office) -> None:
    draft = made(office)
    at(page, draft, "review")
    expect(page.get_by_role("button", name="Launch", exact=True)).to_be_disabled()
    expect(page.get_by_text("Choose who gets this campaign.")).to_be_visible()
    page.get_by_role("link", name="Go to Audience").click()
    expect(page).to_have_url(re.compile(r"/edit/audience$"))


@pytest.mark.parametrize(
    ("over", "sentence", "step"),
    [
        pytest.param(
            {"variants": [{"body": "Hi {{frist_name}}", "share": 100}]},
            'There is no token named "frist_name". Did you mean "first_name"?',
            "Message",
            id="a broken template",
        ),
        pytest.param(
            {
                "sources": {
                    "stage_ids": [],
                    "definition": {"all": [{"field": "first_name", "is": "is", "value": "Nobody"}]},
                }
            },
            "Nobody stands in this audience.",
            "Audience",
            id="an empty audience",
        ),
        pytest.param({"start": {"day": "2020-01-06"}}, "The start lies in the past.", "Schedule", id="a past date"),
        pytest.param({"rate": 0}, "The rate must be above zero segments per second.", "Schedule", id="a zero rate"),
        pytest.param(
            {"number_id": 999_999},
            "The number that it is to be sent from is not there any more. Choose another one.",
            "Message",
            id="no number",
        ),
    ],
)
def test_a_plan_that_cannot_be_launched_says_why_in_a_sentence(
    page: Page, office: Office, over: dict[str, Any], sentence: str, step: str
) -> None:
    draft = made(office, plan=plan(people(office, 1), "Open house on Sunday") | over)
    at(page, draft, "review")
    expect(page.get_by_text(sentence, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(r"^(Launch|Schedule)"))).to_be_disabled()
    page.get_by_role("link", name=f"Go to {step}").click()
    expect(page.get_by_text(sentence, exact=True).first).to_be_visible()


def test_a_workspace_without_a_number_is_told_so_before_it_launches_anything(
    new_context: OpenContext, live: Live
) -> None:
    owner = NewMember(f"{word()}@example.com", "Ines Moreau", "owner", "no-number-yet-9", workspace=word("Elm"))
    with ThreadPoolExecutor(1) as beside:  # Playwright has a loop in this thread
        beside.submit(add_member, Config(mode="serve", database_url=SecretStr(live.dsn)), owner).result()
    context = new_context()
    log_in_as(context, live, owner.email, owner.password)
    page = context.new_page()
    office = Office(page, live)
    draft = made(office, plan=plan(people(office, 1), "Open house on Sunday"))
    at(page, draft, "review")
    sentence = page.get_by_text("There is no number to send from. Add one first.", exact=True)
    expect(sentence).to_have_count(1)
    expect(page.get_by_role("button", name="Launch for 1 person")).to_be_disabled()
    page.get_by_role("link", name="Go to Message").click()
    expect(sentence).to_have_count(1)


# Warnings about the wording


def test_what_carriers_object_to_is_told_while_one_types_and_once_more_before_the_launch(
    page: Page, office: Office
) -> None:
    draft = made(office, plan=plan(people(office, 1), "Open house on Sunday"))
    at(page, draft, "message")
    warned = page.get_by_role("list", name="Worth a look")
    expect(warned).to_contain_text("add words such as")
    text = page.get_by_label("What it says")
    text.fill("Harbor & Pine Realty 😀 bit.ly/house")
    expect(warned).to_contain_text("Carriers filter bit.ly")
    warned.get_by_role("button", name="Character 24").click()
    assert text.evaluate("box => box.value.slice(box.selectionStart, box.selectionEnd)") == "bit.ly"
    text.fill("Harbor & Pine Realty: open house on Sunday. Reply STOP to opt out.")
    expect(warned).to_have_count(0)
    text.fill("Open house on Sunday")
    expect(warned).to_be_visible()
    saved(page)
    at(page, draft, "review")
    expect(warned).to_contain_text("The text does not say how to end it")
    expect(page.get_by_role("button", name="Launch for 1 person")).to_be_enabled()


def test_each_of_several_texts_has_its_own_warnings(page: Page, office: Office) -> None:
    draft = made(office, plan=plan(people(office, 1), "Reply STOP to opt out. bit.ly/a", "Free cannabis"))
    at(page, draft, "message")
    of_a = page.get_by_role("group", name="Text A").get_by_role("list", name="Worth a look")
    of_b = page.get_by_role("group", name="Text B").get_by_role("list", name="Worth a look")
    expect(of_a).to_contain_text("bit.ly")
    expect(of_a).not_to_contain_text("cannabis")
    expect(of_b).to_contain_text("cannabis")
    expect(of_b).to_contain_text("how to end it")
    expect(of_a).not_to_contain_text("how to end it")


def test_where_another_number_would_get_it_by_now_it_is_not_launched(
    page: Page, office: Office, live: Live, faults: Faults
) -> None:
    found = people(office, 3)
    draft = made(office, plan=plan(found, "Open house on Sunday"))
    faults.expect(409, f"/campaigns/{draft['id']}/launch")
    at(page, draft, "review")
    button = page.get_by_role("button", name="Launch for 3 people")
    expect(button).to_be_enabled()
    live.text_in(found[0]["phones"][0]["address"], OURS, "STOP")
    until_told(page, f"/contacts/{found[0]['contact_id']}", "phones", 0, "opted_out")
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("2 people would get it now, not 3")
    expect(page.get_by_role("button", name="Launch for 2 people")).to_be_enabled()
    assert kept(office, draft)["state"] == "draft"


def test_above_a_thousand_the_number_has_to_be_typed(page: Page, office: Office) -> None:
    def many(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        told["found"] |= {"audience": 1_200, "recipients": 1_200}
        route.fulfill(response=answer, body=json.dumps(told))

    page.route("**/api/v1/campaigns/*/survey", many)
    at(page, made(office, plan=plan(people(office, 1), "Open house on Sunday")), "review")
    launch = page.get_by_role("button", name="Launch for 1,200 people")
    expect(launch).to_be_disabled()
    page.get_by_label("Type 1,200 to confirm").fill("120")
    expect(launch).to_be_disabled()
    page.get_by_label("Type 1,200 to confirm").fill("1,200")
    expect(launch).to_be_enabled()


def _listed(page: Page, draft: dict[str, Any]) -> None:
    page.goto("/sms/campaigns")
    row(page, draft).wait_for()


def _step(name: str) -> Callable[[Page, dict[str, Any]], None]:
    def show(page: Page, draft: dict[str, Any]) -> None:
        at(page, draft, name)
        page.get_by_role("main").wait_for()
        if name != "details":
            page.get_by_test_id("bulk-count").first.wait_for()

    show.__name__ = name
    return show


STEPS = ["details", "audience", "message", "schedule", "review"]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("show", [_listed, *map(_step, STEPS)], ids=["list", *STEPS])
def test_nothing_keeps_anybody_out(
    show: Callable[[Page, dict[str, Any]], None], width: int, open_tab: OpenTab, live: Live
) -> None:
    page = open_tab(width=width, height=844 if width == 390 else 800)
    office = Office(page, live)
    draft = made(
        office,
        description="Buyers of the last year",
        plan=plan(people(office, 2), "Hi {{first_name}}", "About {{property_address}}")
        | {"start": {"day": "2027-03-15"}, "drip": DRIP},
    )
    show(page, draft)
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
