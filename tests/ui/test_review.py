"""Texts that may have asked to stop: the page, the count in the rail and the banner in the conversation."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Faults, OpenTab
from tests.ui.inbox_page import OURS, bubble, message_box, open_thread, thread_of
from tests.ui.live_server import Live
from tests.ui.people_page import phone


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def waits(page: Page, live: Live, body: str) -> tuple[str, Locator]:
    """Somebody new writes *body*; their number and their item on the page."""
    sender = phone()
    live.text_in(sender, OURS, body)
    return sender, page.locator("[data-review]").filter(has_text=body)


def on_the_page(page: Page) -> Page:
    page.goto("/phone/sms/review")
    page.get_by_role("heading", name="Needs review", exact=True).wait_for()
    return page


def row_of(page: Page, sender: str) -> dict[str, Any]:
    return thread_of(page, sender)


def badge_of(page: Page) -> int:
    shown = page.get_by_test_id("review-badge")
    return int((re.match(r"\d+", shown.inner_text()) or ["0"])[0]) if shown.count() else 0


def test_a_text_that_may_ask_to_stop_shows_up_by_itself_with_what_was_recognised(page: Page, live: Live) -> None:
    on_the_page(page)
    word = uuid4().hex[:6]
    _, item = waits(page, live, f"Ok {word}. Not interested!")
    expect(item.locator("mark")).to_have_text("Not interested")
    expect(item).to_contain_text("May be asking to stop")
    expect(page.get_by_test_id("review-badge")).to_be_visible()


def test_a_decision_takes_the_item_from_every_members_page_and_count(page: Page, live: Live, open_tab: OpenTab) -> None:
    other = on_the_page(open_tab(member=1))
    on_the_page(page)
    sender, item = waits(page, live, f"Hm {uuid4().hex[:6]}, not interested.")
    theirs = other.locator("[data-review]").filter(has_text=item.locator("blockquote").inner_text())
    expect(theirs).to_be_visible()
    before = badge_of(other)
    item.get_by_role("button", name="Not a request to stop").click()
    expect(item).to_have_count(0)
    expect(theirs).to_have_count(0)
    if before > 1:
        expect(other.get_by_test_id("review-badge")).to_contain_text(re.compile(rf"^{before - 1}\b"))
    settled = page.get_by_role("region", name="Decided").get_by_role("listitem").first
    expect(settled).to_contain_text("Not a request to stop by")
    assert row_of(page, sender)["held"] is False


def test_what_only_the_contact_can_undo_is_asked_once_more(page: Page, live: Live) -> None:
    on_the_page(page)
    sender, item = waits(page, live, f"Go {uuid4().hex[:6]} on. Not interested")
    item.get_by_role("button", name="They want to stop").click()
    confirm = item.get_by_role("button", name="Stop texts")
    expect(confirm).to_be_focused()
    page.keyboard.press("Escape")
    expect(item.get_by_role("button", name="They want to stop")).to_be_focused()
    assert row_of(page, sender)["held"] is True
    page.keyboard.press("Enter")
    expect(confirm).to_be_focused()
    page.keyboard.press("Enter")
    expect(item).to_have_count(0)
    expect(page.get_by_role("heading", name="Needs review", exact=True)).to_be_focused()
    row = row_of(page, sender)
    assert (row["opted_out"], row["held"]) == (True, False)


def test_a_wrong_number_gets_no_confirmation(page: Page, live: Live) -> None:
    on_the_page(page)
    sender, item = waits(page, live, f"Wrong number! {uuid4().hex[:6]}")
    expect(item).to_contain_text("Says it is the wrong number")
    item.get_by_role("button", name="Wrong number").click()
    item.get_by_role("button", name="Mark as wrong number").click()
    expect(item).to_have_count(0)
    row = row_of(page, sender)
    assert (row["opted_out"], row["direction"], row["last_seq"]) == (True, "in", 1)


def test_who_decides_otherwise_too_late_is_told_whose_decision_stands(page: Page, live: Live, faults: Faults) -> None:
    faults.expect(409, "/api/v1/review/")
    faults.expect("ERR_FAILED", "/api/v1/review?")
    on_the_page(page)
    _, item = waits(page, live, f"Meh {uuid4().hex[:6]}. Not interested")
    review = item.get_attribute("data-review")
    item.get_by_role("button", name="They want to stop").click()  # now it waits for the second step
    page.route("**/api/v1/review?*", lambda route: route.abort())  # as if the news had not come yet
    answer = page.request.post(
        f"/api/v1/review/{review}", data={"decision": "not_a_revocation"}, headers={"X-CSRF": "1", "Origin": live.url}
    )
    assert answer.ok
    item.get_by_role("button", name="Stop texts").click()
    expect(
        page.get_by_role("status").filter(has_text="has decided that this was not a request to stop")
    ).to_be_attached()


def test_the_conversation_says_it_and_offers_the_same_decisions(page: Page, live: Live) -> None:
    sender = phone()
    live.text_in(sender, OURS, "Hello there")
    thread_id = row_of(page, sender)["thread_id"]
    open_thread(page, thread_id)
    live.text_in(sender, OURS, "Not interested")
    banner = page.get_by_role("region", name="Needs review")
    expect(banner.locator("mark")).to_have_text("Not interested")
    expect(message_box(page)).to_be_disabled()
    page.get_by_label("I know that this contact may have asked to stop").check()
    message_box(page).fill("No worries, all the best!")
    page.keyboard.press("Enter")
    expect(bubble(page, "No worries, all the best!")).to_be_visible()
    banner.get_by_role("button", name="Not a request to stop").click()
    expect(banner).to_have_count(0)
    expect(page.get_by_label("I know that this contact may have asked to stop")).to_have_count(0)
    expect(message_box(page)).to_be_enabled()


def test_the_sender_leads_to_the_conversation(page: Page, live: Live) -> None:
    on_the_page(page)
    sender, item = waits(page, live, f"Nah {uuid4().hex[:6]}. Not interested")
    item.get_by_role("link").click()
    expect(page).to_have_url(f"{live.url}/phone/sms/{row_of(page, sender)['thread_id']}")


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_nothing_has_to_be_scrolled_sideways(open_tab: OpenTab, live: Live, width: int) -> None:
    page = on_the_page(open_tab(width=width))
    waits(page, live, "wrong number " + "verylongword" * 20)[1].first.wait_for()
    assert page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll('main *')].every(element => {
            const style = getComputedStyle(element);
            return style.overflowX === 'hidden' || style.display === 'inline' || element.matches('.hush')
                || element.scrollWidth <= element.clientWidth + 1;
        })"""
    )


def test_only_one_place_of_the_rail_is_the_current_one(page: Page) -> None:
    on_the_page(page)
    current = page.get_by_role("navigation", name="Main").locator("[aria-current=page]")
    expect(current).to_have_text(re.compile("Review"))
    page.get_by_role("link", name="Inbox").click()
    expect(current).to_have_text(re.compile("Inbox"))


def test_with_nothing_to_decide_the_page_says_so(page: Page, faults: Faults) -> None:
    page.route("**/api/v1/review?*", lambda route: route.fulfill(json={"reviews": [], "open": 0, "next_cursor": None}))
    on_the_page(page)
    expect(page.get_by_role("heading", name="Nothing to decide", exact=True)).to_be_visible()
