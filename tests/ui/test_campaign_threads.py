"""What conversations tell of the campaigns that wrote in them, and what a campaign tells of those who took it up."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.inbox_page import OURS, thread_of
from tests.ui.live_server import Live
from tests.ui.people_page import Office
from tests.ui.test_campaign_dashboard import figure, launched, people, show
from tests.ui.test_pages import complaints


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def test_who_answers_a_campaign_is_seen_to_in_the_inbox_and_the_thread_leads_back_to_it(
    page: Page, office: Office, live: Live
) -> None:
    variants = [{"body": "Sunday at two", "share": 50}, {"body": "Sunday at three", "share": 50}]
    [contact] = people(office, 1)
    campaign = launched(office, [contact], variants=variants)
    show(page, campaign)
    expect(figure(page, "delivered")).to_have_text("1")
    address = contact["phones"][0]["address"]
    live.text_in(address, OURS, "I will be there")
    expect(figure(page, "replied")).to_have_text("1")
    page.goto("/phone/sms")
    row = page.get_by_role("option").filter(has_text="I will be there").first
    expect(row).to_contain_text(f"After the campaign {campaign['name']}")
    page.goto(f"/phone/sms/{thread_of(page, address)['thread_id']}")
    texts = page.get_by_role("log")
    expect(texts.get_by_role("link", name=f"Campaign {campaign['name']} · text ")).to_be_visible()
    context = page.get_by_role("paragraph").filter(has_text="Texted by the campaign")
    assert complaints(page) == []
    context.get_by_role("link", name=campaign["name"]).click()
    expect(page.get_by_role("heading", name=campaign["name"], exact=True)).to_be_visible()


def test_who_has_followed_a_link_is_counted_and_marked(page: Page, office: Office) -> None:
    """The demo has one whose link many have followed."""
    rows = office.ask("GET", "/campaigns?states=completed&limit=50")["rows"]
    campaign = next(one for one in rows if one["figures"]["clicked"] > 0)
    show(page, campaign)
    expect(figure(page, "clicked")).to_have_text(re.compile("^[1-9]"))
    expect(page.locator("[data-recipient] [data-when='Clicked']").first).to_be_visible()


def test_one_that_paused_itself_says_why(page: Page, office: Office) -> None:
    """The demo has one whose readers opted out in numbers."""
    rows = office.ask("GET", "/campaigns?states=paused&limit=50")["rows"]
    show(page, next(one for one in rows if one["paused_why"] not in (None, "member")))
    next_up = page.get_by_role("region", name="What is next")
    expect(next_up).to_contain_text("opted out")
    expect(next_up).to_contain_text("Nothing leaves until somebody resumes it.")
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
