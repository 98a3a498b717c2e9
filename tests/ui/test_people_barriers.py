"""The pages of people by axe, in both schemes, on a phone and on a desk: nothing that keeps somebody out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import OpenTab
from tests.ui.live_server import Live
from tests.ui.people_page import Office, choose_field, open_builder, open_contact, phone, rows, show, word
from tests.ui.test_pages import complaints


def people(page: Page, office: Office) -> None:
    show(page)


def selected(page: Page, office: Office) -> None:
    show(page)
    rows(page).nth(1).get_by_role("checkbox").click()
    page.get_by_test_id("selected").wait_for()


def nobody(page: Page, office: Office) -> None:
    page.goto("/people?q=zzzz-nobody")
    page.get_by_role("heading", name="Nobody matches", exact=True).wait_for()


def builder(page: Page, office: Office) -> None:
    show(page)
    shown = open_builder(page)
    choose_field(page, "Last text from them", "in the last … days", "30")
    shown.get_by_role("button", name="Group").click()
    expect(shown.get_by_test_id("filter-count")).to_contain_text("match")


def new_contact(page: Page, office: Office) -> None:
    show(page)
    page.get_by_role("button", name=re.compile("^New")).click()
    page.get_by_role("dialog").wait_for()


def tagging(page: Page, office: Office) -> None:
    selected(page, office)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("dialog").wait_for()


def contact(page: Page, office: Office) -> None:
    made = office.contact(last_name="Alvarez", phones=[{"phone": phone()}], tags=[word()])
    open_contact(page, made)
    page.get_by_role("button", name=re.compile("^City ")).click()


def merge(page: Page, office: Office) -> None:
    name = word()
    office.contact(name, last_name="Other", city="Bath")
    open_contact(page, office.contact(name, last_name="Kept", city="York"))
    page.get_by_role("button", name="Merge").click()
    page.get_by_label("The other contact").fill(name)
    page.get_by_role("list", name="Found contacts").get_by_role("button", name=f"{name} Other").click()
    page.get_by_role("dialog").get_by_role("button", name="Back").wait_for()


def settings(page: Page, office: Office) -> None:
    office.ask("POST", "/pipelines", {"name": word(), "stages": ["New Lead", "Won"]})
    page.goto("/settings/fields")
    page.get_by_text("New Lead", exact=True).first.wait_for()


PLACES = (people, selected, nobody, builder, new_contact, tagging, contact, merge, settings)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_no_page_of_people_has_a_barrier(
    open_tab: OpenTab, live: Live, place: Callable[[Page, Office], None], width: int
) -> None:
    page = open_tab(width=width)
    place(page, Office(page, live))
    assert complaints(page) == []
