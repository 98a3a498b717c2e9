"""A list of people in the browser: chosen or dropped, its columns settled, its statement made, followed, taken back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Faults, OpenTab
from tests.ui.live_server import Live
from tests.ui.people_page import phone
from tests.ui.test_pages import complaints


def a_list(nadia: str, sven: str) -> str:
    """Of two numbers that nobody has yet, one of them twice, and a row without one."""
    area, middle, last = nadia[2:5], nadia[5:8], nadia[8:]
    return (
        f"First name,Surname,Mobile,Budget\r\nNadia,Okafor,({area}) {middle}-{last},450000\r\n"
        f"Sven,Berg,{sven[2:5]}-{sven[5:8]}-{sven[8:]},\r\nNadya,Okafor,1 {area} {middle} {last},\r\nNo,Number,12,\r\n"
    )


WORDS = "I agree to get texts about listings from Harbor & Pine."


@pytest.fixture
def desk(desk: Page) -> Page:
    desk.goto("/people/import")
    return desk


def send(page: Page, text: str, name: str = "Open house.csv") -> None:
    page.get_by_label("A list of people").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )


def state(page: Page) -> None:
    page.get_by_label("Who gathered it").fill("Dana, sign-in sheet")
    page.get_by_label("When, at the latest").fill("2025-03-01")
    page.get_by_label("The words that they agreed to").fill(WORDS)


def test_an_agent_is_offered_no_new_field_for_a_column(open_tab: OpenTab, live: Live, desk: Page) -> None:
    column = "What they like most"
    agents = open_tab(member=live.agent)
    agents.goto("/people/import")
    for page, offered in ((desk, 1), (agents, 0)):
        send(page, f"Mobile,{column}\r\n{phone()},Ponds\r\n", "Ponds.csv")
        choice = page.get_by_label(f"{column} becomes")
        expect(choice).to_be_visible()
        expect(choice.locator("option", has_text="New field")).to_have_count(offered)
        page.get_by_role("button", name="Discard").click()
        expect(page.get_by_role("heading", name="Ponds.csv", exact=True)).to_have_count(0)


def test_a_list_is_chosen_settled_confirmed_and_taken_back(desk: Page) -> None:
    nadia = phone()
    send(desk, a_list(nadia, phone()))
    expect(desk.get_by_role("heading", name="Open house.csv", exact=True)).to_be_visible()
    expect(desk.get_by_label("Mobile becomes")).to_have_value("phone")
    expect(desk.get_by_label("Surname becomes")).to_have_value("last_name")
    rows = desk.get_by_role("region", name="What the first rows become").get_by_role("listitem")
    expect(rows.nth(0)).to_contain_text(f"Nadia Okafor ({nadia[2:5]}) {nadia[5:8]}-{nadia[8:]}")
    expect(rows.nth(3)).to_contain_text("Not taken: “12” is no phone number that can get texts.")
    desk.get_by_label("Mobile becomes").select_option("skip")
    expect(desk.get_by_role("alert")).to_contain_text("Say which column holds the phone numbers")
    desk.get_by_label("Mobile becomes").select_option("phone")
    expect(desk.get_by_role("alert")).to_have_count(0)
    confirm = desk.get_by_role("button", name="Import 4 rows")
    expect(confirm).to_be_disabled()
    state(desk)
    confirm.click()
    expect(desk.get_by_text("Done", exact=True)).to_be_visible()
    figures = desk.get_by_role("region", name="Open house.csv")
    expect(figures).to_contain_text("new2")
    expect(figures).to_contain_text("not taken1")
    told = desk.get_by_role("region", name="Rows to look at")
    expect(told).to_contain_text("Row 4")
    expect(told).to_contain_text("The same number stands in row 2")
    with desk.expect_download() as download:
        told.get_by_role("link", name="Download").click()
    assert "12" in download.value.path().read_text("utf-8-sig")
    expect(desk.get_by_text(WORDS)).to_be_visible()

    desk.get_by_role("button", name="Undo").click()
    desk.get_by_role("button", name="Take it back").click()
    expect(desk.get_by_text("Taken back", exact=True)).to_be_visible()
    desk.get_by_role("link", name="All imports").click()
    past = desk.get_by_role("region", name="Past imports").get_by_role("listitem").first
    expect(past).to_contain_text("Open house.csv")
    expect(past).to_contain_text("Taken back")


def test_a_list_is_dropped(desk: Page) -> None:
    desk.get_by_role("region", name="The file").evaluate(
        """(zone, text) => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.csv", { type: "text/csv" }));
            zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        f"{phone()[2:]}\n{phone()[2:]}\n",
    )
    expect(desk.get_by_role("heading", name="dropped.csv", exact=True)).to_be_visible()
    expect(desk.get_by_label("The first row", exact=True)).to_have_value("person")
    expect(desk.get_by_role("button", name="Import 2 rows")).to_be_visible()
    desk.get_by_role("button", name="Discard").click()
    expect(desk.get_by_role("heading", name="Drop a list here", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(5000), 415, "This is a picture", id="a picture"),
        pytest.param(b"x" * 200_000, 422, "A line of this file is longer than 64 KB", id="an endless line"),
    ],
)
def test_what_is_no_list_is_told_in_one_sentence(
    desk: Page, faults: Faults, content: bytes, status: int, words: str
) -> None:
    faults.expect(status, "/imports?name")
    desk.get_by_label("A list of people").set_input_files(
        {"name": "odd.csv", "mimeType": "text/csv", "buffer": content}
    )
    expect(desk.get_by_role("alert")).to_contain_text(words)
    expect(desk.get_by_role("button", name="Choose a file")).to_be_visible()


def test_a_file_of_two_gigabytes_is_told_without_being_sent(desk: Page) -> None:
    sent: list[Any] = []
    desk.on("request", lambda request: sent.append(request) if "/imports?name" in request.url else None)
    desk.get_by_label("A list of people").evaluate(
        """input => {
            const file = new File(["x"], "big.csv");
            Object.defineProperty(file, "size", { value: 2 * 1024 ** 3 });
            Object.defineProperty(input, "files", { value: [file], configurable: true });
            input.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    expect(desk.get_by_role("alert")).to_contain_text("This file is too big: 2148 MB, and at most 50 MB are taken.")
    assert sent == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_step_of_an_import_has_a_barrier(open_tab: OpenTab, width: int) -> None:
    page = open_tab(width=width)
    page.goto("/people/import")
    page.get_by_role("heading", name="Drop a list here", exact=True).wait_for()
    found = complaints(page)
    send(page, a_list(phone(), phone()), name=f"barriers {width}.csv")
    page.get_by_role("heading", name="What the first rows become", exact=True).wait_for()
    found += complaints(page)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    state(page)
    page.get_by_role("button", name="Import 4 rows").click()
    page.get_by_text("Done", exact=True).wait_for()
    page.get_by_role("heading", name="Rows to look at", exact=True).wait_for()
    found += complaints(page)
    assert found == []
