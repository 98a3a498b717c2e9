"""Writing: a new message, texts for later, pictures, drafts, taking back, and what is said before anything leaves."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.ui.conftest import Faults, OpenContext, log_in
from tests.ui.inbox_page import OURS, bubble, conversation, fate_of, message_box, open_thread, thread_of, unique
from tests.ui.live_server import Live
from tests.ui.people_page import Office, phone
from tests.ui.told import until_told


@pytest.fixture(autouse=True)
def _nothing_begun(page: Page, live: Live) -> None:
    """What another test had begun to write would be shown again."""
    Office(page, live).ask("DELETE", "/drafts/0")


def stranger() -> str:
    """A number that nobody has written to yet."""
    number = phone()
    return f"({number[2:5]}) {number[5:8]}-{number[8:]}"


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="New message")


def to(page: Page) -> Locator:
    return dialog(page).get_by_role("combobox", name="To")


def words(page: Page) -> Locator:
    return dialog(page).get_by_role("textbox", name="Message")


def png() -> bytes:
    """A green square."""
    row = b"\0" + b"\x0b\x6a\x5b" * 64

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 64)) + chunk(b"IEND", b"")


def write_to_stranger(page: Page, body: str) -> str:
    number = stranger()
    page.get_by_role("button", name="New message").click()
    to(page).fill(number)
    to(page).press("Enter")
    words(page).fill(body)
    return number


def plan_tomorrow(page: Page, within: Locator) -> None:
    within.get_by_role("button", name="Send later").click()
    page.get_by_role("button", name="Tomorrow 2 PM").click()
    page.get_by_role("button", name="Use this time").click()


def test_a_new_message_to_a_number_by_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("n")
    number = stranger()
    expect(to(page)).to_be_focused()
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(words(page)).to_be_focused()
    page.keyboard.type("Is Saturday at ten still fine?")
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    expect(page.get_by_role("heading", level=2)).to_contain_text(number)
    expect(fate_of(page, "Is Saturday at ten still fine?")).to_contain_text("Delivered")


def test_a_contact_is_found_by_what_is_typed_and_written_to(page: Page, live: Live) -> None:
    row = conversation(page, live)
    page.get_by_role("button", name="New message").click()
    to(page).fill(row["name"])
    people = page.get_by_role("listbox", name="People")
    people.get_by_role("option", name=re.compile(re.escape(row["name"]))).first.wait_for()
    to(page).press("Enter")
    expect(dialog(page).get_by_test_id("recipient")).to_contain_text(row["name"])


def test_a_message_is_taken_back_within_seconds_and_its_words_are_given_back(page: Page) -> None:
    write_to_stranger(page, "Sent too early")
    dialog(page).get_by_role("button", name="Send", exact=True).click()
    page.get_by_test_id("undo").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back. It was not sent.")).to_be_visible()
    expect(fate_of(page, "Sent too early")).to_contain_text("Discarded, not sent")
    expect(message_box(page)).to_have_value("Sent too early")


def test_who_has_opted_out_is_written_to_knowingly_or_not_at_all(page: Page, live: Live) -> None:
    row = conversation(page, live)
    live.text_in(row["address"], OURS, "STOP")
    thread_of(page, row["address"], lambda row: row["opted_out"])
    page.get_by_role("button", name="New message").click()
    to(page).fill(row["address"])
    to(page).press("Enter")
    words(page).fill("About your question")
    expect(dialog(page).get_by_test_id("warnings")).to_contain_text("The contact has opted out.")
    send = dialog(page).get_by_role("button", name="Send", exact=True)
    expect(send).to_be_disabled()
    dialog(page).get_by_role("checkbox").check()
    expect(send).to_be_enabled()


def test_a_number_that_a_simulation_may_not_text_is_refused_before_sending(page: Page) -> None:
    page.get_by_role("button", name="New message").click()
    to(page).fill("(617) 333-4455")
    to(page).press("Enter")
    words(page).fill("Hello")
    expect(dialog(page).get_by_test_id("warnings")).to_contain_text("555-0100 to 555-0199 only")
    expect(dialog(page).get_by_role("button", name="Send", exact=True)).to_be_disabled()


def test_a_text_for_later_is_shown_with_its_time_changed_and_called_off(page: Page) -> None:
    write_to_stranger(page, "See you tomorrow")
    plan_tomorrow(page, dialog(page))
    expect(dialog(page).get_by_test_id("plan")).to_contain_text("2:00 PM")
    dialog(page).get_by_role("button", name="Schedule").click()
    fate = fate_of(page, "See you tomorrow")
    expect(fate).to_contain_text(re.compile(r"Scheduled for .*2:00 PM there"))
    fate.get_by_role("button", name="Change").click()
    changing = page.get_by_role("dialog", name="Change the scheduled text")
    changing.get_by_role("textbox", name="Message").fill("See you at four")
    changing.get_by_label("Time").fill("16:00")
    changing.get_by_role("button", name="Save").click()
    fate = fate_of(page, "See you at four")
    expect(fate).to_contain_text(re.compile(r"Scheduled for .*4:00 PM there"))
    fate.get_by_role("button", name="Cancel").click()
    expect(fate).to_contain_text("Discarded, not sent")


def test_a_text_for_later_is_cancelled_by_a_reply(page: Page, live: Live) -> None:
    row = conversation(page, live)
    open_thread(page, row["thread_id"])
    message_box(page).fill("Are you still looking?")
    plan_tomorrow(page, page.get_by_role("form", name="Reply"))
    page.get_by_role("button", name="Schedule").click()
    expect(fate_of(page, "Are you still looking?")).to_contain_text("Scheduled for")
    live.text_in(row["address"], row["number"], "I have just found one")
    expect(fate_of(page, "Are you still looking?")).to_contain_text("Cancelled: they wrote first")


def test_a_scheduled_text_can_leave_at_once(page: Page) -> None:
    write_to_stranger(page, "On second thought")
    plan_tomorrow(page, dialog(page))
    dialog(page).get_by_role("button", name="Schedule").click()
    fate_of(page, "On second thought").get_by_role("button", name="Send now").click()
    expect(fate_of(page, "On second thought")).to_contain_text("Delivered")


def test_a_picture_is_attached_shown_and_sent(page: Page) -> None:
    write_to_stranger(page, "The kitchen")
    picture: Any = {"name": "kitchen.png", "mimeType": "image/png", "buffer": png()}
    dialog(page).get_by_test_id("picture-input").set_input_files(picture)
    expect(dialog(page).get_by_role("img", name="kitchen.png")).to_be_visible()
    expect(dialog(page).get_by_test_id("cost")).to_contain_text("counts as 1 segment")
    dialog(page).get_by_role("button", name="Send", exact=True).click()
    shown = bubble(page, "The kitchen").get_by_role("img", name="Picture")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    expect(fate_of(page, "The kitchen")).to_contain_text("Delivered")


def test_send_again_sends_the_picture_too(page: Page, live: Live) -> None:
    asked = unique("Have you a picture")
    live.text_in("+18025550141", OURS, asked)  # a phone that is off
    row = page.get_by_role("option").filter(has_text=asked)
    thread = int(row.get_attribute("data-id") or 0)
    open_thread(page, thread)
    picture: Any = {"name": "kitchen.png", "mimeType": "image/png", "buffer": png()}
    page.get_by_test_id("picture-input").set_input_files(picture)
    expect(page.get_by_role("img", name="kitchen.png")).to_be_visible()
    body = unique("This is the kitchen")
    message_box(page).fill(body)
    page.keyboard.press("Enter")
    expect(fate_of(page, body)).to_contain_text("The phone is off or out of reach")
    page.get_by_role("button", name="Send again").last.click()
    expect(bubble(page, body)).to_have_count(2)
    expect(bubble(page, body).get_by_role("img", name="Picture")).to_have_count(2)
    sent = page.request.get(f"/api/v1/threads/{thread}?limit=50").json()["messages"]
    first, second = (message for message in sent if message["body"] == body)
    assert (second["media"], second["resend_of"]) == (first["media"], first["seq"])


def test_what_is_no_picture_is_refused_in_a_sentence(page: Page, faults: Faults) -> None:
    faults.expect(415, "/media?")
    write_to_stranger(page, "A trick")
    trick: Any = {"name": "house.png", "mimeType": "image/png", "buffer": b"MZ not a picture"}
    dialog(page).get_by_test_id("picture-input").set_input_files(trick)
    expect(dialog(page).get_by_role("alert")).to_contain_text("not a JPEG, PNG or GIF")


def test_a_draft_is_found_again_in_another_browser(page: Page, new_context: OpenContext, live: Live) -> None:
    row = conversation(page, live)
    open_thread(page, row["thread_id"])
    with page.expect_response(re.compile(r"/api/v1/drafts/")) as saved:
        message_box(page).fill("Half a thought")
    assert saved.value.ok
    until_told(page, f"/drafts/{row['thread_id']}", "body")
    other = new_context()
    log_in(other, live)
    there = other.new_page()
    open_thread(there, row["thread_id"])
    expect(message_box(there)).to_have_value("Half a thought")
    message_box(there).fill("")
    message_box(page).fill("")


def test_what_was_sent_does_not_stand_there_again_although_the_word_of_it_was_lost(page: Page, faults: Faults) -> None:
    lost: list[str] = []

    def empties(request: Request) -> bool:
        told: Any = request.post_data_json if request.method == "PUT" else None
        return request.url.endswith("/drafts/0") and told is not None and not told["body"]

    def lose_the_emptied(route: Route) -> None:
        if empties(route.request) and not lost:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    faults.expect("Failed to load resource", "/drafts/0")
    write_to_stranger(page, "Sent once is enough")
    until_told(page, "/drafts/0", "body")
    page.route("**/api/v1/drafts/0", lose_the_emptied)
    dialog(page).get_by_role("button", name="Send", exact=True).click()
    expect(dialog(page)).to_have_count(0)
    assert lost
    with page.expect_request_finished(empties):
        page.get_by_role("button", name="New message").click()
    expect(words(page)).to_have_value("")
    assert page.request.get("/api/v1/drafts/0").json()["body"] == ""


def test_plain_characters_are_offered_where_a_costly_one_doubles_the_price(page: Page) -> None:
    write_to_stranger(page, "It’s here. " * 10)
    cost = dialog(page).get_by_test_id("cost")
    expect(cost).to_contain_text("makes this 2 segments instead of 1")
    cost.get_by_role("button", name="Use plain characters").click()
    expect(cost).to_contain_text("1 segment")
    expect(words(page)).to_have_value("It's here. " * 10)
