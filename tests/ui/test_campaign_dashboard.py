"""The page of a campaign that was launched: how it stands, what became of everybody, and what can be done with it."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.ui.conftest import Faults, OpenContext, OpenTab, log_in
from tests.ui.inbox_page import OURS
from tests.ui.live_server import Live
from tests.ui.people_page import Office, phone, word
from tests.ui.test_pages import complaints
from tests.ui.told import until_told

# Of a text a minute nothing more leaves while a test looks.
SLOW = {
    "batch": 2,
    "interval_s": 86_400,
    "days": list(range(7)),
    "span": {"opens_s": 0, "closes_s": 86_400},
    "zone": "America/New_York",
}


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def people(office: Office, count: int) -> list[dict[str, Any]]:
    name = word()
    return [office.contact(f"{name} {n:02}", phones=[{"phone": phone()}]) for n in range(count)]


def launched(
    office: Office, found: list[dict[str, Any]], body: str = "Open house on Sunday, {{first_name}}", **plan: Any
) -> dict[str, Any]:
    """A campaign to all of *found*; to as many of them as get one."""
    whole = {"sources": {"contact_ids": [one["contact_id"] for one in found]}, "variants": [{"body": body}]} | plan
    draft = office.ask("POST", "/campaigns", {"cmd_id": str(uuid4()), "name": word("Spring")})
    path = f"/campaigns/{draft['id']}"
    office.ask("PATCH", path, {"version": draft["version"], "plan": whole})
    expected = office.ask("GET", f"{path}/survey")["found"]["recipients"]
    told: dict[str, Any] = office.ask("POST", f"{path}/launch", {"cmd_id": str(uuid4()), "expected_count": expected})
    return told


def show(page: Page, campaign: dict[str, Any], rest: str = "") -> None:
    page.goto(f"/sms/campaigns/{campaign['id']}{rest}")
    expect(page.get_by_role("heading", name=campaign["name"])).to_be_visible()


def figure(page: Page, name: str) -> Locator:
    return page.locator(f"[data-figure='{name}']")


def listed(page: Page) -> Locator:
    return page.locator("[data-recipient]")


def opted_out(page: Page, live: Live, contact: dict[str, Any]) -> None:
    """The contact wrote STOP, and it was heard."""
    live.text_in(contact["phones"][0]["address"], OURS, "STOP")
    page.goto("/sms/campaigns/0")
    until_told(page, f"/contacts/{contact['contact_id']}", "phones", 0, "opted_out")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_figures_move_while_one_looks_from_the_first_text_to_a_reply_and_a_stop(
    page: Page, office: Office, live: Live
) -> None:
    found = people(office, 3)
    show(page, launched(office, found))
    expect(figure(page, "delivered")).to_have_text("3")
    expect(figure(page, "sent")).to_have_text("3")
    expect(page.get_by_role("status").filter(has_text="Completed")).to_be_visible()
    expect(figure(page, "clicked")).to_have_text("–")
    assert [figure(page, name).inner_text() for name in ("replied", "opted_out")] == ["0", "0"]
    live.text_in(found[0]["phones"][0]["address"], OURS, "Yes, I will be there")
    expect(figure(page, "replied")).to_have_text("1")
    live.text_in(found[1]["phones"][0]["address"], OURS, "STOP")
    expect(figure(page, "opted_out")).to_have_text("1")
    expect(listed(page).nth(0).locator("[data-when='Replied']")).to_be_visible()
    expect(listed(page).nth(1).locator("[data-when='Opted out']")).to_be_visible()
    expect(page.locator("[data-when]")).to_have_count(2)


def test_one_that_drips_says_when_its_next_batch_leaves_and_pauses_and_goes_on(page: Page, office: Office) -> None:
    show(page, launched(office, people(office, 5), drip=SLOW))
    expect(figure(page, "sent")).to_have_text("2")
    next_up = page.get_by_role("region", name="What is next")
    expect(next_up).to_contain_text("Next batch")
    expect(next_up).to_contain_text("2 people then")
    expect(page.get_by_role("meter", name="Rate against limit")).to_be_visible()
    bar = page.get_by_role("progressbar", name="Done")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("^2 of 5: .*3 to go$"))
    ahead = page.get_by_role("region", name="Still to come")
    expect(ahead.get_by_role("img")).to_have_accessible_name(re.compile("^Chart of 2 bars"))
    expect(ahead).to_contain_text("Not drawn: how long the numbers take for a batch, and the quiet hours of each")
    button(page, "Pause").click()
    expect(next_up).to_contain_text("Paused by a member")
    expect(next_up).to_contain_text("3 people wait")
    expect(ahead).to_have_count(0)
    button(page, "Resume").click()
    expect(next_up).to_contain_text("Next batch")


def test_a_cancel_is_asked_for_twice_and_who_got_nothing_gets_nothing(page: Page, office: Office) -> None:
    campaign = launched(office, people(office, 5), drip=SLOW)
    show(page, campaign)
    expect(figure(page, "sent")).to_have_text("2")
    button(page, "Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 people have not got it yet, and will not. 2 were sent.")
    dialog.get_by_role("button", name="Keep it").click()
    assert office.ask("GET", f"/campaigns/{campaign['id']}")["state"] == "active"
    button(page, "Cancel").click()
    dialog.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_role("status").filter(has_text="Cancelled")).to_be_visible()
    expect(page.get_by_role("region", name="What is next")).to_contain_text("3 people did not get it")
    expect(button(page, "Cancel")).to_have_count(0)


def test_one_that_is_scheduled_says_when_it_begins_and_becomes_a_draft_again(page: Page, office: Office) -> None:
    start = {"day": "2031-03-10", "at": "09:00", "zone": "America/New_York"}
    campaign = launched(office, people(office, 2), start=start)
    show(page, campaign)
    next_up = page.get_by_role("region", name="What is next")
    expect(next_up).to_contain_text("Begins on Mon, Mar 10")
    expect(next_up).to_contain_text("2 people will get it")
    button(page, "Unschedule").click()
    page.get_by_role("dialog").get_by_role("button", name="Unschedule it").click()
    expect(page.get_by_role("status").filter(has_text="Draft")).to_be_visible()
    page.get_by_role("link", name="Open the draft").click()
    expect(page).to_have_url(re.compile(rf"/sms/campaigns/{campaign['id']}/edit/review$"))


def test_why_not_is_said_in_words_and_who_is_looked_for_is_what_is_exported(
    page: Page, office: Office, live: Live, faults: Faults
) -> None:
    faults.expect(404, "/campaigns/0")
    found = people(office, 4)
    opted_out(page, live, found[3])
    campaign = launched(office, found)
    show(page, campaign)
    expect(figure(page, "delivered")).to_have_text("3")
    why = page.get_by_role("region", name="Left out or skipped")
    expect(why.get_by_role("listitem")).to_have_text([re.compile("Has opted out.*1")])
    expect(listed(page).filter(has_text="Delivered")).to_have_count(3)
    expect(listed(page)).to_have_count(4)
    assert exported(page) == shown(page)
    page.get_by_label("Show").select_option(label="Left out")
    expect(listed(page)).to_have_count(1)
    expect(listed(page)).to_contain_text("Has opted out")
    assert exported(page) == shown(page) == [(found[3]["first_name"], "excluded", "Has opted out")]
    page.get_by_label("Show").select_option(label="Everybody")
    page.get_by_label("Find recipients").fill(found[1]["phones"][0]["address"][-4:])
    expect(listed(page)).to_have_count(1)
    assert exported(page) == shown(page) == [(found[1]["first_name"], "delivered", "")]
    page.reload()
    expect(listed(page)).to_have_count(1)
    listed(page).get_by_role("link").click()
    expect(page.get_by_text(f"Open house on Sunday, {found[1]['first_name']}").last).to_be_visible()


STATUS = {"Left out": "excluded", "Delivered": "delivered"}


def shown(page: Page) -> list[tuple[str, str, str]]:
    """Name, status and reason of those that the page lists."""
    rows = page.evaluate(
        "[...document.querySelectorAll('[data-recipient]')].map(row => [row.querySelector('a').firstChild.textContent,"
        " ...[...row.cells[1].children].map(each => each.textContent)])"
    )
    return [(row[0], STATUS[row[1]], row[2] if len(row) > 2 else "") for row in rows]


def exported(page: Page) -> list[tuple[str, str, str]]:
    """The same of the file that the page offers by now."""
    address = page.get_by_role("link", name="Export").get_attribute("href")
    assert address
    answer = page.request.get(address)
    assert answer.ok, answer.text()
    lines = csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig")))
    return [(line["Name"], line["Status"], line["Reason"]) for line in lines]


def test_words_and_rate_are_changed_while_it_runs(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(409, "/api/v1/campaigns")
    campaign = launched(office, people(office, 5), drip=SLOW)
    show(page, campaign)
    expect(figure(page, "sent")).to_have_text("2")
    button(page, "Edit").click()
    dialog = page.get_by_role("dialog")
    warned = dialog.get_by_role("list", name="Worth a look")
    text = dialog.get_by_role("textbox", name="Text", exact=True)
    expect(warned).to_contain_text("The text does not say how to end it")
    text.fill("bit.ly/sunday Reply STOP to opt out.")
    expect(warned).to_contain_text("Carriers filter bit.ly")
    expect(warned).not_to_contain_text("how to end it")
    text.fill("Hi {{frist_name}}")
    dialog.get_by_label("Segments per second").fill("0.5")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text('Did you mean "first_name"?')
    text = dialog.get_by_role("textbox", name="Text", exact=True)
    text.fill("Hi on Monday then")
    text.evaluate("box => box.setSelectionRange(2, 2)")
    dialog.get_by_role("button", name="Insert field").click()
    page.get_by_role("option", name="First name").click()
    expect(text).to_have_value("Hi {{first_name}} on Monday then")
    expect(dialog.get_by_test_id("preview-text")).to_have_text(re.compile(r"^Hi \w+( \d+)? on Monday then$"))
    dialog.get_by_label("Batches of").fill("1")
    assert complaints(page) == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Hi {{first_name}} on Monday then")).to_be_visible()
    expect(page.get_by_role("region", name="What is next")).to_contain_text("0.5 segments per second")
    plan = office.ask("GET", f"/campaigns/{campaign['id']}")["plan"]
    assert (plan["rate"], plan["variants"][0]["body"]) == (0.5, "Hi {{first_name}} on Monday then")
    assert plan["drip"]["batch"] == 1


def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(
    page: Page, office: Office, faults: Faults
) -> None:
    faults.expect(409, "/api/v1/campaigns")
    campaign = launched(office, people(office, 4), drip=SLOW)
    path = f"/campaigns/{campaign['id']}"
    show(page, campaign)
    button(page, "Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Mine")
    office.ask("PATCH", path, {"version": office.ask("GET", path)["version"], "name": "Theirs"})
    expect(page.get_by_text("Theirs")).to_be_attached()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else has changed this campaign meanwhile")
    assert office.ask("GET", path)["name"] == "Theirs"


def test_the_course_is_drawn_and_stands_in_a_table_too(page: Page, office: Office) -> None:
    show(page, launched(office, people(office, 3)))
    expect(figure(page, "delivered")).to_have_text("3")
    course = page.get_by_role("region", name="Over time", exact=True)
    expect(course.locator("canvas")).to_be_visible()
    expect(course.locator("[data-line='delivered']")).to_have_text("Delivered 3")
    course.get_by_role("button", name="Answers").click()
    expect(course.locator("[data-line]")).to_have_text(["Replied 0", "Opted out 0"])
    course.get_by_text("As a table").click()
    sums = course.locator("tbody tr").evaluate_all(
        "rows => rows.reduce((sum, row) => sum + Number(row.cells[2].textContent), 0)"
    )
    assert sums == 3


class Building:
    """Between the server and the page: a launch of a million lasts, here the page hears that this campaign does."""

    def __init__(self, campaign: int) -> None:
        self.far: dict[str, Any] = {"version": 99, "whole": False}
        self._campaign = campaign
        self._steps = itertools.count()
        self._socket: WebSocketRoute | None = None
        self._told: dict[str, Any] = {}

    def between(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: socket.send(json.dumps(self._otherwise(json.loads(message)))))
        self._socket = socket

    def tell(self, channel: str, key: str, built: int, to_look_at: int | None) -> None:
        """What the server would push once it has heard of a piece."""
        assert self._socket is not None
        step = next(self._steps)
        self.far |= {"built": built, "to_look_at": to_look_at, "moved_at": f"2100-01-01T00:00:{step:02}Z"}
        later = 2**52 + step  # than any of the server's own, which are microseconds since 1970
        frame = {"t": "state", "ch": channel, "key": key, "v": later, "data": self._told | self.far}
        self._socket.send(json.dumps(frame))

    def _otherwise(self, found: Any) -> Any:
        if isinstance(found, list):
            return [self._otherwise(one) for one in found]
        if not isinstance(found, dict):
            return found
        if found.get("id") == self._campaign and "whole" in found:
            self._told = found
            return found | self.far
        return {key: self._otherwise(one) for key, one in found.items()}


def test_while_everybody_is_looked_at_list_and_page_say_live_how_far_that_is_and_no_change_is_offered(
    new_context: OpenContext, live: Live
) -> None:
    context = new_context()
    log_in(context, live)
    page = context.new_page()
    page.goto("/icon.svg")
    office = Office(page, live)
    campaign = launched(office, people(office, 3), drip=SLOW)
    building = Building(campaign["id"])
    building.far |= {"built": 40_000, "to_look_at": 1_000_000}
    page.route_web_socket(re.compile("^ws"), building.between)
    show(page, campaign)
    built, ours = page.get_by_test_id("built"), f"campaign:{campaign['id']}"
    expect(built).to_have_text("Building: 40,000 of 1,000,000 looked at")
    expect(page.get_by_role("progressbar", name="Looked at")).to_have_js_property("position", 0.04)
    expect(button(page, "Edit")).to_have_count(0)
    building.tell(ours, "campaign", 50_000, 1_000_000)
    expect(built).to_have_text("Building: 50,000 of 1,000,000 looked at")
    building.tell(ours, "campaign", 1_000_002, 1_000_000)  # people were added meanwhile
    expect(built).to_have_text("Building: 1,000,002 of 1,000,002 looked at")
    building.tell(ours, "campaign", 4_000, None)
    expect(built).to_have_text("Building: 4,000 looked at")
    building.far |= {"built": 40_000, "to_look_at": 1_000_000}
    page.goto("/sms/campaigns")
    row = page.locator(f"[data-campaign='{campaign['id']}']").get_by_test_id("built")
    expect(row).to_have_text("Building: 40,000 of 1,000,000 looked at")
    building.tell("campaigns", str(campaign["id"]), 50_000, 1_000_000)
    expect(row).to_have_text("Building: 50,000 of 1,000,000 looked at")


def test_a_campaign_that_is_not_there_says_so(page: Page, faults: Faults) -> None:
    faults.expect(404, "/campaigns/999999")
    page.goto("/sms/campaigns/999999")
    expect(page.get_by_role("heading", name="There is no such campaign", exact=True)).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Campaigns")).to_have_attribute("href", "/sms/campaigns")


# The table of the course has room of its own to move in, for as many columns as there are.
SCROLLING = """main => [...main.querySelectorAll('*')].filter(each => each.scrollWidth > each.clientWidth
    && ['auto', 'scroll'].includes(getComputedStyle(each).overflowX) && !each.closest('details'))
    .map(each => each.className)"""


def _dripping(page: Page, office: Office) -> None:
    texts = [{"body": "Open house on Sunday: https://example.com/elm", "share": 60}, {"body": "Sunday?", "share": 40}]
    show(page, launched(office, people(office, 6), variants=texts, drip=SLOW))
    expect(figure(page, "delivered")).to_have_text("2")
    page.get_by_role("img", name="Chart by the minute").locator("canvas").wait_for()


def _paused(page: Page, office: Office) -> None:
    _dripping(page, office)
    button(page, "Pause").click()
    expect(page.get_by_text("Paused by a member").last).to_be_visible()
    page.get_by_role("region", name="Over time").get_by_text("As a table").click()


def _edited(page: Page, office: Office) -> None:
    _dripping(page, office)
    button(page, "Edit").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Text A").wait_for()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("show_it", [_dripping, _paused, _edited])
def test_nothing_keeps_anybody_out(
    show_it: Callable[[Page, Office], None], width: int, open_tab: OpenTab, live: Live
) -> None:
    """In the dark and in the light: both are looked at on the same page."""
    page = open_tab(width=width, height=844 if width == 390 else 800)
    show_it(page, Office(page, live))
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert page.locator("main").evaluate(SCROLLING) == [], "a part of it scrolls sideways"
