"""Replies that are suggested: shown to who looks, put into the reply by a click, and never sent by themselves."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.ui.inbox_page import OURS, conversation, message_box, open_thread
from tests.ui.live_server import Live


def suggested(page: Page) -> Locator:
    return page.get_by_role("group", name="Suggested replies")


def test_a_click_puts_one_into_the_reply_and_sends_nothing(page: Page, live: Live) -> None:
    row = conversation(page, live, "Do you know a good lender? My bank is taking forever")
    open_thread(page, row["thread_id"])
    expect(suggested(page)).to_contain_text("Suggested by your past replies")
    first = suggested(page).get_by_role("button").first
    words = first.inner_text()
    first.focus()
    page.keyboard.press("Enter")
    expect(message_box(page)).to_have_value(words)
    expect(message_box(page)).to_be_focused()
    newest = page.request.get(f"/api/v1/threads/{row['thread_id']}").json()["messages"][-1]
    assert newest["direction"] == "in"


def test_what_is_typed_stays_before_it(page: Page, live: Live) -> None:
    open_thread(page, conversation(page, live, "Do you know a good lender? My bank is taking forever")["thread_id"])
    message_box(page).fill("Hello Al, ")
    first = suggested(page).get_by_role("button").first
    words = first.inner_text()
    first.click()
    expect(message_box(page)).to_have_value(f"Hello Al, {words}")


def test_they_are_gone_once_somebody_says_more(page: Page, live: Live) -> None:
    row = conversation(page, live, "Do you know a good lender? My bank is taking forever")
    open_thread(page, row["thread_id"])
    expect(suggested(page).get_by_role("button").first).to_be_visible()
    live.text_in(row["address"], OURS, "STOP")
    expect(suggested(page)).to_have_count(0)
