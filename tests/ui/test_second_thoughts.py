"""Second thoughts: a reply taken back, a plan looked at again, pictures pasted, dropped and kept in a draft."""

from __future__ import annotations

import base64
import re

import pytest
from playwright.sync_api import Locator, Page, Response, Route, expect

from tests.ui.conftest import OpenContext, log_in
from tests.ui.inbox_page import conversation, fate_of, message_box, open_thread
from tests.ui.live_server import Live
from tests.ui.people_page import Office
from tests.ui.test_compose import dialog, plan_tomorrow, png, write_to_stranger

HAND_OVER = """(place, { how, bytes }) => {
    const data = new DataTransfer();
    const content = Uint8Array.from(atob(bytes), one => one.charCodeAt(0));
    data.items.add(new File([content], "kitchen.png", { type: "image/png" }));
    const told = { bubbles: true, cancelable: true };
    place.dispatchEvent(how === "paste"
        ? new ClipboardEvent("paste", { ...told, clipboardData: data })
        : new DragEvent("drop", { ...told, dataTransfer: data }));
}"""
"""What a browser does where a file is pasted or dropped; a test has no clipboard and no desktop."""


@pytest.fixture(autouse=True)
def _nothing_begun(page: Page, live: Live) -> None:
    """What another test had begun to write would be shown again."""
    Office(page, live).ask("DELETE", "/drafts/0")


def reply(page: Page) -> Locator:
    return page.get_by_role("form", name="Reply")


def hand_over(place: Locator, how: str) -> None:
    place.evaluate(HAND_OVER, {"how": how, "bytes": base64.b64encode(png()).decode()})


def may_be_taken_back(page: Page) -> None:
    """Thirty seconds, so that no test has to be quick."""
    reply(page).get_by_role("button", name="Send later").click()
    page.get_by_label("Replies can be taken back for").select_option("30 seconds")
    page.keyboard.press("Escape")


def answer(page: Page, body: str) -> None:
    message_box(page).fill(body)
    reply(page).get_by_role("button", name="Send", exact=True).click()


def take_back(page: Page) -> None:
    page.get_by_test_id("undo").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back. It was not sent.")).to_be_visible()


def test_a_reply_is_taken_back_and_stands_before_what_was_typed_since(page: Page, live: Live) -> None:
    open_thread(page, conversation(page, live)["thread_id"])
    may_be_taken_back(page)
    answer(page, "Half price!")
    message_box(page).fill("I mean the fee")
    take_back(page)
    expect(message_box(page)).to_have_value("Half price!\nI mean the fee")
    expect(fate_of(page, "Half price!")).to_contain_text("Discarded, not sent")
    message_box(page).fill("")


def test_what_is_typed_while_a_reply_leaves_is_not_lost_with_it(page: Page, live: Live) -> None:
    open_thread(page, conversation(page, live)["thread_id"])
    may_be_taken_back(page)
    leaving: list[Route] = []
    page.route("**/api/v1/messages", lambda route: leaving.append(route))
    with page.expect_request("**/api/v1/messages"):
        answer(page, "Half price!")
    message_box(page).fill("I mean the fee")
    leaving[0].continue_()
    expect(page.get_by_test_id("undo")).to_be_visible()
    expect(message_box(page)).to_have_value("I mean the fee")
    message_box(page).fill("")


def test_a_reply_that_is_taken_back_from_elsewhere_waits_where_it_was_written(page: Page, live: Live) -> None:
    thread = conversation(page, live)["thread_id"]
    open_thread(page, thread)
    may_be_taken_back(page)
    answer(page, "To the wrong one")
    expect(fate_of(page, "To the wrong one")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Templates").click()
    with page.expect_response(re.compile(rf"/api/v1/drafts/{thread}")) as saved:
        take_back(page)
    assert saved.value.ok
    open_thread(page, thread)
    expect(message_box(page)).to_have_value("To the wrong one")
    message_box(page).fill("")


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_a_picture_comes_into_a_reply_by_hand(page: Page, how: str, live: Live) -> None:
    open_thread(page, conversation(page, live)["thread_id"])
    hand_over(message_box(page), how)
    shown = reply(page).get_by_role("img", name="kitchen.png")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    expect(reply(page).get_by_role("button", name="Send", exact=True)).to_be_enabled()
    reply(page).get_by_role("button", name="Remove kitchen.png").click()
    expect(shown).to_have_count(0)


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_a_picture_comes_into_a_new_message_by_hand(page: Page, how: str) -> None:
    write_to_stranger(page, "The kitchen")
    hand_over(dialog(page).get_by_role("textbox", name="Message"), how)
    expect(dialog(page).get_by_role("img", name="kitchen.png")).to_be_visible()


def is_kept(answer: Response, thread: int) -> bool:
    """Whether the server has said that it keeps the draft."""
    return answer.request.method == "PUT" and answer.url.endswith(f"/drafts/{thread}") and answer.ok


def test_a_draft_keeps_its_pictures_for_another_browser(page: Page, new_context: OpenContext, live: Live) -> None:
    thread = conversation(page, live)["thread_id"]
    open_thread(page, thread)
    with page.expect_response(lambda answer: is_kept(answer, thread)):
        hand_over(message_box(page), "paste")
    other = new_context()
    log_in(other, live)
    there = other.new_page()
    open_thread(there, thread)
    shown = reply(there).get_by_role("img", name="Picture 1")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    reply(there).get_by_role("button", name="Remove picture 1").click()
    expect(shown).to_have_count(0)


def test_a_draft_comes_although_the_first_try_to_read_it_fails(
    page: Page, new_context: OpenContext, live: Live
) -> None:
    thread = conversation(page, live)["thread_id"]
    open_thread(page, thread)
    with page.expect_response(lambda answer: is_kept(answer, thread)):
        message_box(page).fill("Half of a thought")
    other = new_context()
    log_in(other, live)
    there = other.new_page()
    there.route(f"**/api/v1/drafts/{thread}", lambda route: route.abort(), times=1)
    open_thread(there, thread)
    expect(message_box(there)).to_have_value("Half of a thought")


def test_a_plan_is_shown_as_it_stands_when_it_is_looked_at_again(page: Page) -> None:
    write_to_stranger(page, "Whatever they say")
    dialog(page).get_by_role("button", name="Send later").click()
    wish = page.get_by_role("dialog", name="Send later").get_by_label("Cancel it if they write first")
    wish.uncheck()
    page.get_by_role("button", name="Tomorrow 2 PM").click()
    page.get_by_role("button", name="Use this time").click()
    dialog(page).get_by_role("button", name="Schedule").click()
    fate_of(page, "Whatever they say").get_by_role("button", name="Change").click()
    changing = page.get_by_role("dialog", name="Change the scheduled text")
    expect(changing.get_by_label("Cancel it if they write first")).not_to_be_checked()
    expect(changing.get_by_label("Time")).to_have_value("14:00")
    changing.get_by_label("Time").fill("16:00")
    changing.get_by_role("button", name="Save").click()
    fate = fate_of(page, "Whatever they say")
    expect(fate).to_contain_text(re.compile(r"Scheduled for .*4:00 PM there"))
    fate.get_by_role("button", name="Change").click()
    expect(changing.get_by_label("Cancel it if they write first")).not_to_be_checked()
    changing.get_by_label("Cancel it if they write first").check()
    changing.get_by_role("button", name="Save").click()
    expect(changing).to_have_count(0)
    fate.get_by_role("button", name="Change").click()
    expect(changing.get_by_label("Cancel it if they write first")).to_be_checked()
    changing.get_by_role("button", name="Close").click()
    fate.get_by_role("button", name="Cancel").click()


def test_a_scheduled_text_cannot_be_emptied(page: Page) -> None:
    write_to_stranger(page, "See you tomorrow then")
    plan_tomorrow(page, dialog(page))
    dialog(page).get_by_role("button", name="Schedule").click()
    fate_of(page, "See you tomorrow then").get_by_role("button", name="Change").click()
    changing = page.get_by_role("dialog", name="Change the scheduled text")
    changing.get_by_role("textbox", name="Message").fill(" ")
    expect(changing.get_by_role("button", name="Save")).to_be_disabled()
