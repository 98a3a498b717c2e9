"""The inbox in a real browser against the real server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.ui.conftest import Faults, OpenContext, OpenTab, log_in
from tests.ui.inbox_page import (
    OURS,
    bubble,
    conversation,
    fate_of,
    message_box,
    open_thread,
    quiet_thread,
    rests,
    row_of,
    shown_times,
    unique,
)
from tests.ui.live_server import Live
from tests.ui.people_page import phone
from tests.ui.told import until_told

AT_THE_HEAD = re.compile("^[1-3]$")  # what an earlier test began may go on, and be newer still


def text_in(live: Live, thread: dict[str, Any], body: str) -> None:
    live.text_in(thread["address"], thread["number"], body)


def test_the_list_is_sorted_by_the_newest_text(page: Page) -> None:
    times = shown_times(page)
    assert len(times) > 5
    assert times == sorted(times, reverse=True)


def test_a_text_that_comes_in_changes_badge_preview_order_and_title_by_itself(page: Page, live: Live) -> None:
    number = OURS
    stranger = phone()
    first, second = unique("Is it still on the market?"), unique("Asking for my sister")
    rests(page)
    live.text_in(stranger, number, first)
    row = page.get_by_role("option").filter(has_text=first)
    expect(row.locator("[data-badge='1']")).to_be_visible()
    expect(row).to_have_attribute("aria-posinset", AT_THE_HEAD)
    row = row_of(page, int(row.get_attribute("data-id") or 0))
    live.text_in(stranger, number, second)
    expect(row.get_by_text(second)).to_be_visible()
    expect(row.locator("[data-badge='2']")).to_be_visible()
    badge = page.get_by_test_id("nav-badge")
    expect(badge).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(\d+\) Inbox · Threadline$"))


def test_rows_do_not_move_under_a_moving_mouse(page: Page, live: Live) -> None:
    thread, newest, body = quiet_thread(page, live), conversation(page, live), unique("Under the pointer")
    first, first_id = page.locator("[aria-posinset='1']"), str(newest["thread_id"])
    expect(first).to_have_attribute("data-id", first_id)  # the list has heard of all that was written before
    first.hover()
    box = first.bounding_box()
    assert box
    text_in(live, thread, body)
    target = row_of(page, thread["thread_id"]).get_by_text(body)
    for step in range(200):  # a hand that is never quite still
        page.mouse.move(box["x"] + 100 + step % 7, box["y"] + 30)
        if target.count():
            break
    expect(first).to_have_attribute("data-id", first_id)
    expect(row_of(page, thread["thread_id"])).to_have_attribute("aria-posinset", AT_THE_HEAD)


def test_opening_a_thread_marks_it_read_in_every_tab(page: Page, live: Live, faults: Faults) -> None:
    other = page.context.new_page()
    faults.watch(other)
    other.goto("/phone/sms")
    thread, body = quiet_thread(page, live), unique("Two tabs")
    rests(page)
    text_in(live, thread, body)
    for tab in (page, other):
        expect(row_of(tab, thread["thread_id"]).locator("[data-badge]")).to_be_visible()
    page.bring_to_front()
    row_of(page, thread["thread_id"]).click()
    for tab in (page, other):
        expect(row_of(tab, thread["thread_id"]).locator("[data-badge]")).to_have_count(0)


def test_a_reply_goes_from_sending_to_delivered_in_one_bubble(page: Page, live: Live) -> None:
    thread, body = quiet_thread(page, live), unique("On my way")
    open_thread(page, thread["thread_id"])
    message_box(page).fill(body)
    page.evaluate("""() => {
        window.fates = [];
        const log = document.querySelector('[role=log]');
        new MutationObserver(() => {
            const last = [...log.querySelectorAll('[data-state]')].at(-1)?.dataset.state;
            if (last && window.fates.at(-1) !== last) window.fates.push(last);
        }).observe(log, {subtree: true, childList: true, attributes: true});
    }""")
    page.keyboard.press("Enter")
    expect(bubble(page, body)).to_have_count(1)
    expect(message_box(page)).to_have_value("")
    expect(fate_of(page, body)).to_contain_text("Delivered")
    expect(bubble(page, body)).to_have_count(1)
    fates: list[str] = page.evaluate("window.fates")
    assert fates[0] == "Sending…"
    assert fates[-1] == "Delivered"


@pytest.mark.parametrize(
    ("lead", "told"),
    [
        pytest.param("+18025550132", "The carrier blocks texts to this number", id="the carrier's own opt-out list"),
        pytest.param("+18025550134", "This number cannot receive texts", id="a landline"),
        pytest.param("+18025550140", "The carrier filtered this text as unwanted", id="filtered, told by a receipt"),
        pytest.param("+18025550120", "Not confirmed by the carrier", id="an answer that proves nothing"),
    ],
)
def test_a_reply_that_fails_says_why_in_words(page: Page, live: Live, lead: str, told: str) -> None:
    asked, body = unique("Is it still free?"), unique("It is, come and see it")
    live.text_in(lead, OURS, asked)
    row = page.get_by_role("option").filter(has_text=asked)
    open_thread(page, int(row.get_attribute("data-id") or 0))
    message_box(page).fill(body)
    page.keyboard.press("Enter")
    expect(fate_of(page, body)).to_contain_text(told)


@pytest.mark.parametrize(
    ("lead", "told"),
    [
        pytest.param("+18025550121", "It may have arrived; sent again, it may come twice", id="unconfirmed"),
        pytest.param("+18025550141", "The phone is off or out of reach", id="undelivered"),
        pytest.param("+18025550136", "The carrier reports error 99999", id="refused"),
    ],
)
def test_send_again_makes_a_new_text_linked_to_the_old_and_leaves_that_as_it_was(
    page: Page, live: Live, lead: str, told: str
) -> None:
    asked, body = unique("Hello?"), unique("Hello, how can I help")
    live.text_in(lead, OURS, asked)
    row = page.get_by_role("option").filter(has_text=asked)
    thread = int(row.get_attribute("data-id") or 0)
    open_thread(page, thread)
    message_box(page).fill(body)
    page.keyboard.press("Enter")
    expect(fate_of(page, body)).to_contain_text(told)
    page.get_by_role("button", name="Send again").last.click()
    expect(bubble(page, body)).to_have_count(2)
    expect(page.locator("[role=log] [data-waiting='false']").filter(has_text=body)).to_have_count(2)
    sent = page.request.get(f"/api/v1/threads/{thread}?limit=50").json()["messages"]
    first, second = (message for message in sent if message["body"] == body)
    assert (first["resend_of"], second["resend_of"]) == (None, first["seq"])


def test_a_number_that_takes_no_texts_says_so_until_its_owner_writes(page: Page, live: Live) -> None:
    lead, number = "+18025550134", OURS
    asked, body = unique("Call me"), unique("Shall I text you")
    live.text_in(lead, number, asked)
    row = page.get_by_role("option").filter(has_text=asked)
    open_thread(page, int(row.get_attribute("data-id") or 0))
    message_box(page).fill(body)
    page.keyboard.press("Enter")
    note = page.get_by_text("Texts to this number do not arrive. This number cannot receive texts")
    expect(note).to_be_visible()
    expect(message_box(page)).to_be_disabled()
    expect(fate_of(page, body).get_by_role("button", name="Send again")).to_have_count(0)
    live.text_in(lead, number, unique("I have a new phone"))
    expect(note).to_have_count(0)
    expect(message_box(page)).to_be_enabled()


def test_a_reply_written_offline_is_sent_once_after_reconnecting(
    page: Page, live: Live, new_context: OpenContext, faults: Faults
) -> None:
    faults.expect("ERR_INTERNET_DISCONNECTED", live.url)
    thread, body = quiet_thread(page, live), unique("From the tunnel")
    apart = new_context()  # a whole browser goes offline
    log_in(apart, live)
    tunnel = apart.new_page()
    faults.watch(tunnel)
    open_thread(tunnel, thread["thread_id"])
    expect(message_box(tunnel)).to_be_enabled()
    apart.set_offline(True)
    tunnel.evaluate("window.dispatchEvent(new Event('offline'))")
    message_box(tunnel).fill(body)
    tunnel.keyboard.press("Enter")
    expect(bubble(tunnel, body)).to_have_count(1)
    apart.set_offline(False)
    expect(fate_of(tunnel, body)).to_contain_text("Delivered")
    tunnel.reload()
    expect(bubble(tunnel, body)).to_have_count(1)


def test_the_reply_counts_its_segments_and_names_what_makes_it_dear(page: Page, live: Live) -> None:
    open_thread(page, quiet_thread(page, live)["thread_id"])
    cost = page.get_by_test_id("cost")
    message_box(page).fill("a" * 160)
    expect(cost).to_contain_text("1 segment · 0 left")
    message_box(page).fill("a" * 161)
    expect(cost).to_contain_text("2 segments · 145 left")
    message_box(page).fill("“" + "a" * 140)
    expect(cost).to_contain_text("“ makes this 3 segments instead of 1")
    page.get_by_role("button", name="Use plain characters").click()
    expect(message_box(page)).to_have_value('"' + "a" * 140)
    message_box(page).fill("a" * 1601)
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()


def test_a_draft_outlives_the_page(page: Page, live: Live) -> None:
    thread_id = quiet_thread(page, live)["thread_id"]
    body = unique("Half a thought")
    open_thread(page, thread_id)
    message_box(page).fill(body)
    page.reload()
    expect(message_box(page)).to_have_value(body)
    until_told(page, f"/drafts/{thread_id}", "body")
    told = page.request.get(f"/api/v1/drafts/{thread_id}").json()
    assert told["body"] == body, "nothing more was typed, and the server has it"
    expect(message_box(page)).to_have_value(body)


def test_what_the_server_does_not_have_is_saved_and_not_dropped_when_the_tab_is_looked_at_again(
    page: Page, live: Live
) -> None:
    body = unique("From a tunnel")
    lost: list[Any] = []

    def lose_the_first(route: Route) -> None:
        if route.request.method == "PUT" and not lost:
            lost.append(route.request.post_data_json)
            route.fulfill(json={})
        else:
            route.continue_()

    def saves(request: Request) -> bool:
        return request.method == "PUT" and "/drafts/" in request.url

    open_thread(page, quiet_thread(page, live)["thread_id"])
    page.route("**/api/v1/drafts/*", lose_the_first)
    with page.expect_request(saves):
        message_box(page).fill(body)
    with page.expect_request(saves) as again:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    saved: Any = again.value.post_data_json
    assert lost[0]["body"] == saved["body"] == body
    expect(message_box(page)).to_have_value(body)


def test_a_contact_who_opts_out_is_answered_only_knowingly(page: Page, live: Live) -> None:
    thread = quiet_thread(page, live)
    open_thread(page, thread["thread_id"])
    text_in(live, thread, "STOP")
    expect(page.get_by_text("Opted out with this text").last).to_be_visible()
    expect(message_box(page)).to_be_disabled()
    page.get_by_label("I know that this contact opted out").check()
    body = unique("You are off our list, sorry for the bother.")
    message_box(page).fill(body)
    page.keyboard.press("Enter")
    expect(fate_of(page, body)).to_contain_text("Delivered")
    text_in(live, thread, "START")
    expect(page.get_by_text("Opted back in with this text").last).to_be_visible()
    expect(page.get_by_label("I know that this contact opted out")).to_have_count(0)


def test_new_texts_wait_behind_a_pill_while_older_ones_are_read(page: Page, live: Live) -> None:
    thread = quiet_thread(page, live)
    open_thread(page, thread["thread_id"])
    for number in range(14):  # enough to scroll, whatever the demo's data
        text_in(live, thread, unique(f"Line {number}"))
    expect(page.get_by_role("log").get_by_text(re.compile(r"^Line \d+ "))).to_have_count(14)
    page.get_by_role("log").evaluate("log => { log.scrollTop = 0; }")
    body = unique("You have not seen this")
    text_in(live, thread, body)
    pill = page.get_by_role("button", name="New messages")
    expect(pill).to_be_visible()
    expect(row_of(page, thread["thread_id"]).locator("[data-badge]")).to_be_visible()
    pill.click()
    expect(bubble(page, body)).to_be_in_viewport()
    expect(row_of(page, thread["thread_id"]).locator("[data-badge]")).to_have_count(0)


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.locator("[role=option][tabindex='0']").focus()
    start = page.locator("[role=option]:focus").get_attribute("data-id")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    focused = page.locator("[role=option]:focus")
    expect(focused).to_have_attribute("tabindex", "0")
    expect(page.locator("[role=option][tabindex='0']")).to_have_count(1)
    chosen = focused.get_attribute("data-id")
    assert chosen != start
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/phone/sms/{chosen}$"))
    expect(page.get_by_role("log").locator("[data-seq]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[role=option][aria-selected=true]")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_focus_stays_with_its_row_when_the_order_changes(page: Page, live: Live) -> None:
    thread = quiet_thread(page, live)
    rests(page)
    focused = page.locator("[aria-posinset='2']").get_attribute("data-id")
    row_of(page, int(focused or 0)).focus()
    text_in(live, thread, unique("Overtaking"))
    expect(row_of(page, thread["thread_id"])).to_have_attribute("aria-posinset", AT_THE_HEAD)
    expect(row_of(page, int(focused or 0))).to_be_focused()


def test_a_phone_shows_one_pane_at_a_time(open_tab: OpenTab) -> None:
    page = open_tab(width=390, height=844)
    page.goto("/phone/sms")
    first = page.locator("[role=option]").first
    first.click()
    expect(page.get_by_role("log")).to_be_visible()
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(page.get_by_role("heading", level=2)).to_be_focused()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    page.get_by_role("button", name="Back to the list").click()
    expect(page.get_by_role("listbox")).to_be_visible()
    expect(page.get_by_role("log")).to_have_count(0)


def test_a_new_text_is_announced_politely(page: Page, live: Live) -> None:
    body = unique("Hear me")
    said = page.get_by_test_id("announcer")
    said.evaluate(
        """region => new MutationObserver(() => region.dataset.said += `|${region.textContent}`)
            .observe(region, {childList: true, characterData: true, subtree: true})"""
    )  # what is said may be followed by something else at once
    text_in(live, quiet_thread(page, live), body)
    expect(said).to_have_attribute("data-said", re.compile(body))


def test_a_thread_that_does_not_exist_says_so(desk: Page, faults: Faults) -> None:
    faults.expect(404, "/threads/999999999/")
    desk.goto("/phone/sms/999999999")
    expect(desk.get_by_role("heading", name="This conversation does not exist", exact=True)).to_be_visible()
