"""One text to many, from a selection of people to the last delivery: what is shown before, meanwhile and afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.ui.conftest import Faults, OpenTab
from tests.ui.inbox_page import OURS
from tests.ui.live_server import Live
from tests.ui.people_page import Office, phone, rows, show, word
from tests.ui.test_pages import complaints
from tests.ui.told import until_told


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def people(office: Office, count: int, tag: str | None = None, **values: Any) -> list[dict[str, Any]]:
    """So many new people with a number each, found by a tag of their own."""
    tag = tag or word()
    return [office.contact(f"{tag} {n:02}", tags=[tag], phones=[{"phone": phone()}], **values) for n in range(count)]


def select(page: Page, found: list[dict[str, Any]]) -> Locator:
    """Find them, select the page, and open the dialog."""
    show(page, found[0]["first_name"].split()[0])
    expect(rows(page)).to_have_count(len(found))
    page.get_by_role("checkbox", name=re.compile("Select|select")).first.click()
    page.get_by_role("button", name="Send SMS", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Text", exact=True).wait_for()
    return dialog


def launched(office: Office, found: list[dict[str, Any]], body: str = "Open house on Sunday, {{first_name}}") -> int:
    text = {"audience": {"contact_ids": [one["contact_id"] for one in found]}, "body": body}
    told = office.ask("POST", "/bulk", text | {"cmd_id": str(uuid4()), "expected_count": len(found)})
    bulk_id: int = told["bulk_id"]
    return bulk_id


def figure(page: Page, name: str) -> Locator:
    return page.locator(f"[data-figure='{name}']")


def test_a_selection_is_written_to_looked_through_sent_and_followed_to_the_last_delivery(
    page: Page, office: Office, live: Live
) -> None:
    found = people(office, 4)
    live.text_in(found[3]["phones"][0]["address"], OURS, "STOP")
    dialog = select(page, found)
    dialog.get_by_label("Text", exact=True).fill("Hi {{first_name}}, an open house on Sunday?")
    expect(dialog.get_by_test_id("bulk-count")).to_have_text("3")
    expect(dialog.get_by_role("region", name="Left out")).to_contain_text("Has opted out")
    expect(dialog.get_by_test_id("preview-text")).to_have_text(f"Hi {found[0]['first_name']}, an open house on Sunday?")
    dialog.get_by_role("button", name="Next recipient").click()
    expect(dialog.get_by_test_id("preview-text")).to_have_text(f"Hi {found[1]['first_name']}, an open house on Sunday?")
    expect(dialog.get_by_text("agreed to marketing texts")).to_be_visible()
    dialog.get_by_role("button", name="Send to 3 people").click()
    expect(page).to_have_url(re.compile(r"/bulk/\d+$"))
    expect(figure(page, "Delivered")).to_have_text("3")
    expect(page.get_by_text("Completed", exact=True)).to_be_visible()
    listed = page.locator("[data-recipient]")
    expect(listed).to_have_count(4)
    expect(listed.last).to_contain_text("Has opted out")
    listed.first.get_by_role("link").click()
    expect(page.get_by_text(f"Hi {found[0]['first_name']}, an open house on Sunday?").last).to_be_visible()


def test_a_template_goes_in_with_its_tokens_and_each_gets_the_own_values(page: Page, office: Office) -> None:
    name = word()
    office.ask("POST", "/templates", {"name": name, "body": "Hello {{first_name}}, it is us", "shared": True})
    found = people(office, 2)
    dialog = select(page, found)
    dialog.get_by_role("button", name="Templates").click()
    page.get_by_role("combobox", name="Find a template").fill(name)
    page.get_by_role("option").filter(has_text=name).click()
    expect(dialog.get_by_label("Text", exact=True)).to_have_value("Hello {{first_name}}, it is us")
    dialog.get_by_role("button", name="Next recipient").click()
    expect(dialog.get_by_test_id("preview-text")).to_have_text(f"Hello {found[1]['first_name']}, it is us")


def test_a_value_that_somebody_lacks_is_asked_for(page: Page, office: Office) -> None:
    tag = word()
    found = people(office, 1, tag, property_address="12 Elm St") + people(office, 1, tag)
    dialog = select(page, found)
    dialog.get_by_label("Text", exact=True).fill("About {{property_address}}")
    expect(dialog.get_by_test_id("bulk-count")).to_have_text("1")
    dialog.get_by_role("button", name="Lacks a value").click()
    expect(dialog.get_by_text("Gets nothing: A value that the text needs is missing")).to_be_visible()
    dialog.get_by_label("property address").fill("your search")
    expect(dialog.get_by_test_id("bulk-count")).to_have_text("2")
    expect(dialog.get_by_test_id("preview-text")).to_have_text("About your search")


def test_a_token_that_is_none_is_named_before_anything_can_be_sent(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(422, "/bulk/preview")
    dialog = select(page, people(office, 2))
    dialog.get_by_label("Text", exact=True).fill("Hi {{frist_name}}")
    expect(dialog.get_by_text('There is no token named "frist_name"')).to_be_visible()
    expect(dialog.get_by_role("button", name=re.compile("^Send"))).to_be_disabled()


def test_where_another_number_of_people_would_get_it_by_now_nothing_is_sent_and_the_new_one_is_shown(
    page: Page, office: Office, live: Live, faults: Faults
) -> None:
    faults.expect(409, "/api/v1/bulk")
    found = people(office, 3)
    dialog = select(page, found)
    dialog.get_by_label("Text", exact=True).fill("An open house on Sunday")
    send = dialog.get_by_role("button", name="Send to 3 people")
    expect(send).to_be_enabled()
    endpoint = found[0]["phones"][0]
    live.text_in(endpoint["address"], OURS, "STOP")
    until_told(page, f"/contacts/{found[0]['contact_id']}", "phones", 0, "opted_out")
    send.click()
    expect(dialog.get_by_role("alert")).to_contain_text("2 people would get it now, not 3")
    expect(dialog.get_by_role("button", name="Send to 2 people")).to_be_enabled()


def test_above_a_thousand_the_number_has_to_be_typed(page: Page, office: Office) -> None:
    def many(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=json.dumps({**answer.json(), "audience": 1_200, "recipients": 1_200}))

    page.route("**/api/v1/bulk/preview", many)
    dialog = select(page, people(office, 2))
    dialog.get_by_label("Text", exact=True).fill("An open house on Sunday")
    send = dialog.get_by_role("button", name="Send to 1,200 people")
    expect(send).to_be_disabled()
    dialog.get_by_label("Type 1,200 to confirm").fill("120")
    expect(send).to_be_disabled()
    dialog.get_by_label("Type 1,200 to confirm").fill("1,200")
    expect(send).to_be_enabled()


def test_what_has_not_left_is_recalled_and_the_figures_say_so(page: Page, office: Office) -> None:
    bulk_id = launched(office, people(office, 60))
    page.goto(f"/bulk/{bulk_id}")
    page.get_by_role("button", name="Recall").click()
    page.get_by_role("dialog").get_by_role("button", name="Recall it").click()
    expect(page.get_by_text(re.compile("^Recall(ed|ing)$"))).to_be_visible()
    expect(figure(page, "To go")).to_have_text("0")
    told = office.ask("GET", f"/bulk/{bulk_id}")
    assert told["skipped"] > 0
    assert told["wired"] + told["skipped"] + told["rejected"] + told["unconfirmed"] == 60
    page.get_by_label("Show").select_option(label="Skipped")
    expect(page.locator("[data-recipient]").first).to_contain_text("Recalled before it was sent")


def test_the_list_shows_each_text_with_its_figures_and_leads_to_it(page: Page, office: Office) -> None:
    body = f"Sunday {word()}"
    launched(office, people(office, 2), body)
    page.goto("/people")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Bulk").click()
    item = page.get_by_role("listitem").filter(has_text=body)
    expect(item).to_contain_text("2 of 2 sent · 2 delivered")
    item.get_by_role("link", name=body).click()
    expect(page.get_by_role("heading", name=body)).to_be_visible()


def test_a_text_that_is_not_there_says_so(page: Page, faults: Faults) -> None:
    faults.expect(404, "/bulk/999999")
    page.goto("/bulk/999999")
    expect(page.get_by_role("heading", name="There is no such text", exact=True)).to_be_visible()


def _writing(page: Page, office: Office) -> None:
    tag = word()
    dialog = select(page, people(office, 2, tag, property_address="12 Elm St") + people(office, 1, tag))
    dialog.get_by_label("Text", exact=True).fill("Hi {{first_name}}, about {{property_address}}…")
    expect(dialog.get_by_test_id("bulk-count")).to_have_text("2")


def _following(page: Page, office: Office) -> None:
    page.goto(f"/bulk/{launched(office, people(office, 3))}")
    expect(page.locator("[data-recipient]")).to_have_count(3)


def _listed(page: Page, office: Office) -> None:
    launched(office, people(office, 2))
    page.goto("/bulk")
    page.get_by_role("list", name="Bulk texts").wait_for()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("show_it", [_writing, _following, _listed])
def test_nothing_keeps_anybody_out(
    show_it: Callable[[Page, Office], None], width: int, open_tab: OpenTab, live: Live
) -> None:
    """In the dark and in the light: both are looked at on the same page."""
    page = open_tab(width=width, height=844 if width == 390 else 800)
    show_it(page, Office(page, live))
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
