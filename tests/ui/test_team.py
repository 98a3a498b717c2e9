"""Colleagues on one conversation: whose it is, whether it is done with, what they write to each other, who answers."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.ui.conftest import Faults, OpenContext, OpenTab, log_in
from tests.ui.inbox_page import (
    bubble,
    conversation,
    message_box,
    open_thread,
    rests,
    row_of,
    unique,
)
from tests.ui.live_server import Live
from tests.ui.people_page import Office
from tests.ui.test_pages import complaints


def bar(page: Page) -> Locator:
    return page.get_by_role("group", name="Teamwork")


def doings(page: Page) -> Locator:
    return page.locator("[role=log] [data-activity]")


def note_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Note for colleagues")


def colleague(live: Live, page: Page) -> int:
    """Which of the logins is somebody else than who uses *page*."""
    me = page.request.get("/api/v1/me").json()["member"]["email"]
    return next(n for n, login in enumerate(live.logins) if login["email"] != me)


def test_a_conversation_is_taken_given_to_a_colleague_and_made_nobodys_by_the_keyboard(page: Page, live: Live) -> None:
    open_thread(page, conversation(page, live)["thread_id"])
    other = live.logins[colleague(live, page)]["name"]
    bar(page).get_by_role("button", name="Assigned to: nobody").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Assign to me")).to_be_focused()
    page.keyboard.press("Enter")
    expect(doings(page)).to_contain_text("took this")
    bar(page).get_by_role("button", name="Assigned to: you").click()
    page.get_by_role("menuitem", name=other).click()
    expect(doings(page).last).to_contain_text(f"assigned this to {other}")
    bar(page).get_by_role("button", name=f"Assigned to: {other}").click()
    page.get_by_role("menuitem", name="Nobody").click()
    expect(bar(page).get_by_role("button", name="Assigned to: nobody")).to_be_visible()


def test_what_is_closed_leaves_the_list_at_once_and_its_thread_leads_back(page: Page, live: Live) -> None:
    row = conversation(page, live)
    open_thread(page, row["thread_id"])
    rests(page)
    expect(row_of(page, row["thread_id"])).to_be_visible()
    bar(page).get_by_role("button", name="Close").click()
    expect(row_of(page, row["thread_id"])).to_have_count(0)
    expect(bar(page)).to_contain_text("Closed")
    expect(message_box(page)).to_be_visible()
    assert complaints(page) == []
    bar(page).get_by_role("button", name="Reopen").click()
    expect(row_of(page, row["thread_id"])).to_be_visible()
    expect(doings(page)).to_have_text([re.compile("closed this"), re.compile("reopened this")])


def test_what_is_snoozed_leaves_the_list_and_is_brought_back(page: Page, live: Live) -> None:
    row = conversation(page, live)
    open_thread(page, row["thread_id"])
    rests(page)
    bar(page).get_by_role("button", name="Snooze").click()
    page.get_by_role("menuitem", name="Tomorrow morning").click()
    expect(row_of(page, row["thread_id"])).to_have_count(0)
    expect(bar(page)).to_contain_text("Snoozed until")
    bar(page).get_by_role("button", name="Bring back").click()
    expect(row_of(page, row["thread_id"])).to_be_visible()
    bar(page).get_by_role("button", name="Snooze").click()
    page.get_by_role("menuitem", name="Choose a time…").click()
    dialog = page.get_by_role("dialog", name="Snooze until")
    dialog.get_by_label("Date").fill("2020-01-01")
    expect(dialog.get_by_role("button", name="Snooze")).to_be_disabled()
    assert complaints(page) == []


def test_a_note_asks_a_colleague_who_finds_it_and_it_is_never_sent(page: Page, live: Live, open_tab: OpenTab) -> None:
    row = conversation(page, live)
    other = colleague(live, page)
    name = live.logins[other]["name"]
    open_thread(page, row["thread_id"])
    page.get_by_role("button", name="Note", exact=True).focus()
    page.keyboard.press("Enter")
    expect(note_box(page)).to_be_focused()
    page.keyboard.type(f"@{name[:4]}")
    expect(page.get_by_role("option", name=name)).to_be_visible()
    assert complaints(page, "#mentioned") == []
    page.keyboard.press("Enter")
    expect(note_box(page)).to_have_value(f"@{name} ")
    body = unique("can you call them?")
    page.keyboard.type(body)
    page.keyboard.press("Enter")
    note = page.locator("[role=log] [data-note]")
    expect(note).to_contain_text("Note, only for colleagues")
    expect(note).to_contain_text(f"@{name} {body}")
    expect(note_box(page)).to_have_value("")
    messages = page.request.get(f"/api/v1/threads/{row['thread_id']}").json()["messages"]
    assert [one["direction"] for one in messages] == ["in"]
    theirs = open_tab(member=other)
    with theirs.expect_response(
        lambda answer: answer.url.endswith(f"/threads/{row['thread_id']}/mentions/seen")
    ) as said:
        theirs.goto(f"/phone/sms/{row['thread_id']}")
    assert said.value.json() == {"seen": True}
    expect(theirs.locator("[role=log] [data-note]")).to_contain_text(body)


def test_who_types_is_the_only_one_to_answer_until_it_is_taken_over_or_given_back(
    page: Page, live: Live, open_tab: OpenTab
) -> None:
    row = conversation(page, live)
    me = page.request.get("/api/v1/me").json()["member"]["name"]
    open_thread(page, row["thread_id"])
    theirs = open_tab(member=colleague(live, page))
    open_thread(theirs, row["thread_id"])
    message_box(page).fill("I will look it up")
    answering = theirs.get_by_text(f"{me} is answering")
    expect(answering).to_be_visible()
    message_box(theirs).fill("We open at nine")
    expect(theirs.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    assert complaints(theirs) == []
    message_box(page).fill("")
    expect(answering).to_have_count(0)
    expect(theirs.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    message_box(page).fill("I will look it up")
    expect(answering).to_be_visible()
    theirs.get_by_role("button", name="Take over").click()
    expect(answering).to_have_count(0)
    expect(page.get_by_text("is answering")).to_be_visible()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    theirs.get_by_role("button", name="Send", exact=True).click()
    expect(bubble(page, "We open at nine")).to_be_visible()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_enabled()


def test_an_answer_that_came_in_between_is_named_before_another_leaves(
    page: Page, live: Live, office: Office, new_context: OpenContext, faults: Faults
) -> None:
    """What a colleague answered was not heard of yet when the text left."""
    row = conversation(page, live)
    me = page.request.get("/api/v1/me").json()["member"]["name"]
    deaf = [True]

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def told(frame: str | bytes) -> None:
            if not (deaf[0] and '"event"' in str(frame)):
                socket.send(frame)

        server.on_message(told)

    away = new_context()
    log_in(away, live, colleague(live, page))
    theirs = away.new_page()
    faults.watch(theirs)
    theirs.route_web_socket("**/*", between)
    open_thread(theirs, row["thread_id"])
    said, late = unique("We open at nine"), unique("At ten, I think")
    office.ask("POST", f"/threads/{row['thread_id']}/messages", {"cmd_id": str(uuid4()), "body": said})
    message_box(theirs).fill(late)
    message_box(theirs).press("Enter")
    expect(theirs.get_by_text(f"{me} has answered meanwhile")).to_be_visible()
    deaf[0] = False
    expect(bubble(theirs, said)).to_be_visible()
    theirs.get_by_role("button", name="Try again").click()
    open_thread(page, row["thread_id"])
    expect(bubble(page, late)).to_be_visible()


def test_each_view_shows_its_own_and_a_doing_moves_a_row_out_of_it(page: Page, live: Live) -> None:
    row = conversation(page, live)
    thread, views = row["thread_id"], page.get_by_role("group", name="Show")
    open_thread(page, thread)
    rests(page)
    views.get_by_role("button", name="Unassigned").click()
    expect(row_of(page, thread)).to_be_visible()
    bar(page).get_by_role("button", name="Assigned to: nobody").click()
    page.get_by_role("menuitem", name="Assign to me").click()
    expect(row_of(page, thread)).to_have_count(0)
    views.get_by_role("button", name="Mine").focus()
    page.keyboard.press("Enter")
    rests(page)
    expect(row_of(page, thread)).to_be_visible()
    assert complaints(page) == []
    bar(page).get_by_role("button", name="Close", exact=True).click()
    expect(row_of(page, thread)).to_have_count(0)
    views.get_by_role("button", name="Closed").click()
    rests(page)
    expect(row_of(page, thread)).to_be_visible()
    bar(page).get_by_role("button", name="Reopen").click()
    expect(row_of(page, thread)).to_have_count(0)
    views.get_by_role("button", name="Waiting").click()
    expect(page.get_by_role("option").first).to_contain_text("waits")


def test_what_a_campaign_brought_in_is_a_view_of_its_own(page: Page, office: Office) -> None:
    launched = [one for one in office.ask("GET", "/campaigns?limit=50")["rows"] if one["launched_at"]]
    reached = {
        one["id"]: office.ask("GET", f"/threads?show=campaign&campaign_id={one['id']}")["rows"] for one in launched
    }
    campaign = next(one for one in launched if 0 < len(reached[one["id"]]) < 40)
    page.get_by_role("group", name="Show").get_by_role("button", name="Of a campaign").click()
    page.get_by_role("menuitem", name=campaign["name"], exact=True).click()
    chosen = page.get_by_role("button", name=f"Of the campaign {campaign['name']}")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("option").first).to_have_attribute("aria-setsize", str(len(reached[campaign["id"]])))
    expect(page.get_by_role("option").first).to_be_visible()
    assert complaints(page) == []
    page.get_by_role("group", name="Show").get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("button", name="Of a campaign")).to_have_attribute("aria-pressed", "false")


def test_a_rows_menu_marks_it_unread_takes_closes_and_snoozes_it(page: Page, live: Live) -> None:
    row = conversation(page, live)
    thread = row["thread_id"]
    line, menu = row_of(page, thread), page.get_by_role("menu")
    open_thread(page, thread)
    rests(page)
    expect(line.locator("[data-badge]")).to_have_count(0)
    line.click(button="right")
    assert complaints(page, "[role=menu]") == []
    menu.get_by_role("menuitem", name="Mark as unread").click()
    expect(line.locator("[data-badge='1']")).to_be_visible()
    expect(page).to_have_url(re.compile("/phone/sms$"))
    line.hover()
    page.get_by_role("button", name="More").click()
    menu.get_by_role("menuitem", name="Mark as read").click()
    expect(line.locator("[data-badge]")).to_have_count(0)
    line.click(button="right")
    menu.get_by_role("menuitem", name="Assign to me").click()
    line.click(button="right")
    menu.get_by_role("menuitem", name="Make it nobody’s").click()
    line.click(button="right")
    menu.get_by_role("menuitem", name="Tomorrow morning").click()
    expect(line).to_have_count(0)
    views = page.get_by_role("group", name="Show")
    views.get_by_role("button", name="Snoozed").click()
    rests(page)
    line.click(button="right")
    menu.get_by_role("menuitem", name="Close (archive)").click()
    expect(line).to_have_count(0)
    views.get_by_role("button", name="Closed").click()
    rests(page)
    line.click(button="right")
    menu.get_by_role("menuitem", name="Reopen").click()
    expect(line).to_have_count(0)


def test_keys_take_close_snooze_and_mark_unread_and_the_next_row_is_at_hand(page: Page, live: Live) -> None:
    below, above = conversation(page, live)["thread_id"], conversation(page, live)["thread_id"]
    page.goto(f"/phone/sms/{above}")
    bar(page).wait_for()
    rests(page)
    row_of(page, above).focus()
    page.keyboard.press("a")
    expect(bar(page).get_by_role("button", name="Assigned to: you")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_role("menuitem", name="Tomorrow morning")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    row_of(page, above).focus()
    page.keyboard.press("u")
    expect(row_of(page, above).locator("[data-badge='1']")).to_be_visible()
    row_of(page, above).focus()
    page.keyboard.press("e")
    expect(row_of(page, above)).to_have_count(0)
    expect(row_of(page, below)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Close it (archive)")


@pytest.mark.parametrize("width", [390, 1280])
def test_no_barrier_where_colleagues_work(page: Page, live: Live, width: int) -> None:
    row = conversation(page, live)
    page.set_viewport_size({"width": width, "height": 800})
    open_thread(page, row["thread_id"])
    bar(page).get_by_role("button", name="Snooze").click()
    page.get_by_role("menuitem", name="Next Monday").or_(page.get_by_role("menuitem", name="Tomorrow")).first.click()
    expect(bar(page)).to_contain_text("Snoozed until")
    page.get_by_role("button", name="Note", exact=True).click()
    note_box(page).fill("They want the garden flat")
    note_box(page).press("Enter")
    expect(page.locator("[role=log] [data-note]")).to_be_visible()
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
