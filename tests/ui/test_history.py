"""History: every text is found by its words, stays where it is read, and leads to its place in the conversation."""

from __future__ import annotations

import csv
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.ui.conftest import OpenTab
from tests.ui.inbox_page import OURS, conversation, message_box, thread_of, unique
from tests.ui.live_server import Live
from tests.ui.test_pages import complaints


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def word() -> str:
    return unique("w").replace(" ", "")


def history(page: Page, search: str = "") -> None:
    page.goto(f"/phone/sms/history{search}")
    page.get_by_role("heading", name="History", exact=True).wait_for()


def texts(page: Page) -> Locator:
    return page.get_by_role("list", name="Texts").get_by_role("listitem").filter(has=page.locator("[data-text]"))


def test_the_tab_leads_there_and_back(page: Page, live: Live) -> None:
    row = conversation(page, live)
    page.goto("/phone/sms")
    tabs = page.get_by_role("navigation", name="Inbox and history")
    tabs.get_by_role("link", name="History").click()
    expect(page).to_have_url(f"{live.url}/phone/sms/history")
    expect(texts(page).first).to_be_visible()
    expect(tabs.get_by_role("link", name="History")).to_have_attribute("aria-current", "page")
    tabs.get_by_role("link", name="Inbox").click()
    expect(page.locator(f"[role=option][data-id='{row['thread_id']}']")).to_be_visible()


def test_what_was_looked_for_is_marked_and_leads_to_its_place_in_a_long_conversation(page: Page, live: Live) -> None:
    needle = word()
    row = conversation(page, live, "Before it", f"The {needle.upper()} house", *(f"Text {n}" for n in range(120)))
    history(page)
    page.get_by_role("searchbox", name="Search all texts").fill(f"{needle[:5]} {needle} hou")
    expect(texts(page)).to_have_count(1)
    expect(texts(page).locator("mark")).to_have_text([needle.upper(), "house"])
    expect(page).to_have_url(f"{live.url}/phone/sms/history?q={quote_plus(f'{needle[:5]} {needle} hou')}")
    texts(page).get_by_role("link").click()
    expect(page).to_have_url(f"{live.url}/phone/sms/{row['thread_id']}?at=2")
    found = page.locator("[data-seq='2']")
    expect(found).to_be_in_viewport()
    expect(found).to_have_attribute("data-found", "true")
    expect(page.locator("[data-seq='1']")).to_be_in_viewport()
    expect(page.locator("[data-seq='122']")).to_be_attached()
    expect(page.locator("[data-seq='122']")).not_to_be_in_viewport()
    expect(found).not_to_have_attribute("data-found", "true")
    page.go_back()
    expect(texts(page)).to_have_count(1)


def write_note(page: Page, body: str) -> None:
    page.get_by_role("button", name="Note", exact=True).click()
    box = page.get_by_role("textbox", name="Note for colleagues")
    box.fill(body)
    box.press("Enter")


def test_a_note_is_found_beside_the_texts_and_leads_to_its_place(page: Page, live: Live) -> None:
    needle = word()
    row = conversation(page, live, f"Is the {needle} house free?")
    page.goto(f"/phone/sms/{row['thread_id']}")
    write_note(page, f"The {needle} flat is taken")
    expect(page.locator("[data-note]")).to_contain_text(needle)
    for n in range(30):
        live.text_in(row["address"], OURS, f"Text {n}")
    history(page, f"?q={needle}")
    expect(texts(page)).to_have_count(2)
    expect(texts(page).first).to_contain_text("Note, only for colleagues")
    expect(texts(page).first.locator("mark")).to_have_text(needle)
    page.get_by_label("Kind").select_option(label="Texts")
    expect(texts(page)).to_have_count(1)
    expect(texts(page)).to_contain_text("house free")
    page.get_by_label("Kind").select_option(label="Notes")
    expect(page).to_have_url(f"{live.url}/phone/sms/history?q={needle}&kind=note")
    expect(texts(page)).to_have_count(1)
    texts(page).get_by_role("link", name="Note about").click()
    expect(page).to_have_url(f"{live.url}/phone/sms/{row['thread_id']}?at=2")
    found = page.locator("[data-note='2']")
    expect(found).to_be_in_viewport()
    expect(found).to_have_attribute("data-found", "true")
    expect(page.locator("[data-seq='32']")).not_to_be_in_viewport()


def test_a_text_that_is_not_there_is_said(page: Page, live: Live) -> None:
    row = conversation(page, live, "Hello")
    page.goto(f"/phone/sms/{row['thread_id']}?at=99")
    expect(page.get_by_text("The text that you looked for is not here any more.")).to_be_visible()
    expect(page.locator("[data-seq='1']")).to_be_visible()


def test_what_comes_meanwhile_is_told_and_moves_nothing(page: Page, live: Live) -> None:
    needle = word()
    row = conversation(page, live, f"one {needle}")
    history(page, f"?q={needle}")
    expect(texts(page)).to_have_count(1)
    conversation(page, live, "Something else")
    live.text_in(row["address"], OURS, f"two {needle}")
    news = page.get_by_role("button", name="1 new")
    expect(news).to_be_visible()
    expect(texts(page)).to_have_count(1)
    news.click()
    expect(texts(page)).to_have_count(2)
    expect(texts(page).first).to_contain_text(f"two {needle}")
    expect(news).not_to_be_visible()


def test_filters_stand_in_the_address_and_say_when_nothing_is_left(page: Page, live: Live) -> None:
    needle = word()
    row = conversation(page, live, f"theirs {needle}")
    page.goto(f"/phone/sms/{row['thread_id']}")
    message_box(page).fill(f"ours {needle}")
    page.keyboard.press("Enter")
    thread_of(page, row["address"], lambda row: row["preview"] == f"ours {needle}")
    history(page, f"?q={needle}")
    expect(texts(page)).to_have_count(2)
    page.get_by_label("Kind").select_option(label="Sent by us")
    expect(texts(page)).to_have_count(1)
    expect(texts(page)).to_contain_text(f"ours {needle}")
    page.reload()
    expect(page.get_by_label("Kind")).to_have_value("out")
    expect(texts(page)).to_have_count(1)
    page.get_by_label("From", exact=True).fill("2020-01-01")
    page.get_by_label("To", exact=True).fill("2020-02-01")
    expect(page.get_by_text("Nothing is like that")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(texts(page)).to_have_count(2)
    page.get_by_role("searchbox").fill("zzzz nowhere")
    page.get_by_role("button", name="Show all", exact=True).click()
    expect(page).to_have_url(f"{live.url}/phone/sms/history")
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_by_the_keyboard_alone(page: Page, live: Live) -> None:
    needle = word()
    row = conversation(page, live, f"first {needle}", f"second {needle}")
    history(page)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(needle)
    expect(texts(page)).to_have_count(2)
    page.get_by_role("searchbox").blur()
    page.keyboard.press("j")
    expect(texts(page).nth(0).get_by_role("link")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(texts(page).nth(1).get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live.url}/phone/sms/{row['thread_id']}?at=1")


def test_all_that_is_shown_comes_as_a_file(page: Page, live: Live, tmp_path: Path) -> None:
    needle = word()
    conversation(page, live, f"=1+1 {needle}", f"Second {needle}")
    history(page, f"?q={needle}")
    expect(texts(page)).to_have_count(2)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Export").click()
    downloading.value.save_as(tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Text"] for row in rows] == [f"Second {needle}", f"'=1+1 {needle}"]


def test_a_search_that_finds_nothing_for_long_says_how_far_back_it_has_come(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        n = len(asked)
        last = n == 5
        told: dict[str, object] = {"rows": [], "next_cursor": None if last else f"{n}.1.1", "head": None}
        route.fulfill(json=told | {"searched_to": None if last else f"2026-0{9 - n}-03T12:00:00Z"})

    page.route("**/api/v1/history?*", answer)
    history(page, "?q=seldom")
    expect(page.get_by_text("Searched back to June 3, 2026.")).to_be_visible()
    assert len(asked) == 3
    page.get_by_role("button", name="Search further back").click()
    expect(page.get_by_text("Nothing is like that")).to_be_visible()
    assert "cursor=4.1.1" in asked[-1]


@pytest.mark.parametrize("width", [390, 1280])
def test_no_barrier_stands_in_history(open_tab: OpenTab, live: Live, width: int) -> None:
    page = open_tab(width=width)
    needle = word()
    conversation(page, live, f"Is the {needle} free?", f"The {needle}, I mean")
    history(page, f"?q={needle}")
    expect(texts(page)).to_have_count(2)
    if width == 390:
        page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("Campaign")).to_be_visible()
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    history(page, "?q=zzzznowhere&direction=in")
    expect(page.get_by_text("Nothing is like that")).to_be_visible()
    assert complaints(page) == []
