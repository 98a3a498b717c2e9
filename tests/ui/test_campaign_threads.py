"""What conversations tell of the campaigns that wrote in them."""

from __future__ import annotations

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
