"""A campaign's text on one's own phone: whose phone that is, how it is shown, and what became of the test, live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Faults, OpenTab
from tests.ui.live_server import Live
from tests.ui.people_page import Office, word
from tests.ui.test_campaigns import at, made, people, plan
from tests.ui.test_pages import complaints

PRIYA: Final = 2
PRIYAS: Final = "(413) 555-0142"
NOBODYS: Final = "(413) 555-0151"
REFUSING: Final = "(802) 555-0133"  # the simulated carrier refuses what goes there


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


@pytest.fixture
def phoneless(office: Office) -> Iterator[Office]:
    """Dana, who has shown no phone to be hers, before and after."""
    office.ask("DELETE", "/me/number")
    yield office
    office.ask("DELETE", "/me/number")


def draft_of(office: Office, *bodies: str) -> dict[str, Any]:
    return made(office, plan=plan(people(office, 2), *(bodies or ("Hi {{first_name}}, on Sunday?",))))


def beside(page: Page) -> Locator:
    return page.get_by_role("region", name="Test")


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Your phone")


def named(page: Page, number: str) -> str:
    """The code that is shown for it."""
    dialog(page).get_by_label("Your number").fill(number)
    dialog(page).get_by_role("button", name="Get a code").click()
    code: str = dialog(page).get_by_label("Code").inner_text()
    assert re.fullmatch(r"\d{6}", code)
    return code


def texted(page: Page) -> None:
    """The simulated phone texts the code in, and the page hears of it."""
    dialog(page).get_by_role("button", name="Text it from the simulated phone").click()
    expect(dialog(page).get_by_text("is yours.")).to_be_visible()


def test_who_has_no_phone_yet_is_shown_a_code_texts_it_in_and_gets_the_test(page: Page, phoneless: Office) -> None:
    at(page, draft_of(phoneless), "message")
    beside(page).get_by_role("button", name="Send a test to my phone").click()
    expect(dialog(page)).to_contain_text("Tests of your campaigns go to your own phone and to no other.")
    named(page, NOBODYS)
    expect(dialog(page)).to_contain_text(f"from {NOBODYS} to (617) 555-0100")
    expect(dialog(page).get_by_role("status")).to_contain_text("Waiting for your text until")
    texted(page)
    dialog(page).get_by_role("button", name="Send the test").click()
    expect(dialog(page)).to_have_count(0)
    expect(beside(page).get_by_test_id("test-fate")).to_contain_text(f"Delivered to {NOBODYS}.")


def test_a_code_that_is_texted_by_hand_is_heard_of_at_once(page: Page, phoneless: Office) -> None:
    """A real phone has no button on the page: the text comes in by the carrier's webhook alone."""
    at(page, draft_of(phoneless), "message")
    beside(page).get_by_role("button", name="Send a test to my phone").click()
    code = named(page, NOBODYS)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    phoneless.ask("POST", "/demo/handset", {"code": wrong})
    expect(dialog(page).get_by_role("status")).to_contain_text("That was not the code: 4 tries are left.")
    phoneless.ask("POST", "/demo/handset", {"code": code})
    expect(dialog(page).get_by_role("status")).to_contain_text(f"{NOBODYS} is yours.")


def test_who_has_shown_their_phone_sends_what_the_preview_shows_and_finds_it_there(
    open_tab: OpenTab, live: Live
) -> None:
    page = open_tab(member=PRIYA)
    office = Office(page, live)
    tag = word()
    draft = made(office, plan=plan(people(office, 2, tag), "One {{first_name}}", "Two {{first_name}}"))
    at(page, draft, "message")
    page.get_by_role("button", name="Text B", exact=True).click()
    expect(beside(page)).to_contain_text(f"To {PRIYAS}.")
    beside(page).get_by_role("button", name="Send text B to my phone").click()
    fate = beside(page).get_by_test_id("test-fate")
    expect(fate).to_contain_text(f"Delivered to {PRIYAS}.")
    fate.get_by_role("link", name="See it there").click()
    log = page.get_by_role("log")
    expect(log).to_contain_text(f"Two {tag} 00")
    expect(log).to_contain_text("Test of a campaign's text")


def test_what_the_carrier_refuses_is_said_in_its_words(page: Page, phoneless: Office) -> None:
    at(page, draft_of(phoneless), "message")
    beside(page).get_by_role("button", name="Send a test to my phone").click()
    named(page, REFUSING)
    texted(page)
    dialog(page).get_by_role("button", name="Send the test").click()
    expect(beside(page).get_by_test_id("test-fate")).to_contain_text(re.compile("^Failed: .+"))


def test_what_was_typed_a_moment_ago_is_in_the_test(open_tab: OpenTab, live: Live) -> None:
    page = open_tab(member=PRIYA)
    office = Office(page, live)
    said, draft = word("Fresh"), draft_of(office)
    at(page, draft, "message")
    page.get_by_label("What it says").fill(said)
    with page.expect_response(lambda answer: answer.url.endswith("/test")) as answered:
        beside(page).get_by_role("button", name="Send a test to my phone").click()
    assert answered.value.json()["texts"][0]["text"] == said


def test_a_text_that_cannot_be_made_is_not_sent_and_says_why(open_tab: OpenTab, live: Live, faults: Faults) -> None:
    page = open_tab(member=PRIYA)
    office = Office(page, live)
    draft = made(office, plan=plan(people(office, 1), "Hi {{last_name}}"))
    faults.expect(422, "/test")
    at(page, draft, "message")
    beside(page).get_by_role("button", name="Send a test to my phone").click()
    expect(beside(page).get_by_role("alert")).to_contain_text("would get nothing: last name is not known.")


def test_without_words_there_is_nothing_to_send(page: Page, office: Office) -> None:
    at(page, made(office, plan=plan(people(office, 1), "")), "message")
    expect(beside(page).get_by_role("button", name="Send a test to my phone")).to_be_disabled()


def test_the_way_to_ones_own_phone_needs_no_mouse(page: Page, phoneless: Office) -> None:
    """What had the focus is gone with each step: the next one is a tab away, and never behind the dialog."""
    at(page, draft_of(phoneless), "message")
    button = beside(page).get_by_role("button", name="Send a test to my phone")
    expect(button).to_be_enabled()  # it is known by now whose phone there is
    button.focus()
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_label("Your number")).to_be_focused()
    page.keyboard.type(NOBODYS)
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_label("Code")).to_be_visible()
    page.keyboard.press("Tab")
    expect(dialog(page).get_by_role("button", name="Text it from the simulated phone")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_text("is yours.")).to_be_visible()
    page.keyboard.press("Tab")
    expect(dialog(page).get_by_role("button", name="Remove it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


# One's own phone, from anywhere


def test_the_account_menu_leads_to_ones_own_phone_and_lets_go_of_it(page: Page, phoneless: Office) -> None:
    page.goto("/people")
    page.get_by_role("button", name=re.compile("account and appearance")).click()
    page.get_by_role("button", name="Your phone").click()
    named(page, NOBODYS)
    texted(page)
    dialog(page).get_by_role("button", name="Remove it").click()
    expect(dialog(page).get_by_label("Your number")).to_have_value("")


def test_a_code_that_another_tab_shows_can_be_asked_for_anew(page: Page, phoneless: Office) -> None:
    phoneless.ask("POST", "/me/number", {"address": NOBODYS})
    at(page, draft_of(phoneless), "message")
    beside(page).get_by_role("button", name="Send a test to my phone").click()
    expect(dialog(page)).to_contain_text("was shown somewhere else")
    dialog(page).get_by_role("button", name="New code").click()
    expect(dialog(page).get_by_label("Code")).to_have_text(re.compile(r"\d{6}"))
    texted(page)


def test_a_number_that_cannot_be_ones_own_is_refused_under_its_field(
    page: Page, phoneless: Office, faults: Faults
) -> None:
    faults.expect(422, "/me/number")
    faults.expect(409, "/me/number")
    at(page, draft_of(phoneless), "message")
    beside(page).get_by_role("button", name="Send a test to my phone").click()
    field = dialog(page).get_by_label("Your number")
    for typed, told in (
        ("hello", "This is not a phone number that can get texts."),
        ("(202) 333-4455", "In a simulation only numbers from 555-0100 to 555-0199"),
        ("(617) 555-0100", "This is one of the workspace's own numbers"),
        (PRIYAS, "A colleague has shown that this number is theirs."),
    ):
        field.fill(typed)
        dialog(page).get_by_role("button", name="Get a code").click()
        expect(dialog(page)).to_contain_text(told)


# Beside it


def test_a_workspace_without_a_number_offers_none(page: Page, office: Office) -> None:
    page.route("**/api/v1/numbers", lambda route: route.fulfill(json={"numbers": []}))
    at(page, draft_of(office), "message")
    sent_from = page.get_by_label("Sent from")
    expect(sent_from).to_be_disabled()
    expect(sent_from.get_by_role("option")).to_have_text(["No number yet"])


def test_whoever_comes_to_imports_from_a_campaign_finds_the_way_back(page: Page, office: Office) -> None:
    draft = made(office)
    at(page, draft, "audience")
    page.get_by_role("group", name="Imported lists").get_by_role("link", name=re.compile("^Import")).click()
    expect(page.get_by_role("heading", name="Import people", exact=True)).to_be_visible()
    page.get_by_role("link", name="Back to the campaign").click()
    expect(page).to_have_url(re.compile(f"/sms/campaigns/{draft['id']}/edit/audience$"))
    page.goto("/people/import")
    expect(page.get_by_role("link", name="Back to the campaign")).to_have_count(0)


# For everybody


@pytest.mark.parametrize("width", [390, 1280])
def test_no_barrier_in_any_state_of_it(open_tab: OpenTab, live: Live, width: int) -> None:
    page = open_tab(width=width)
    office = Office(page, live)
    office.ask("DELETE", "/me/number")
    at(page, draft_of(office), "message")
    expect(page.get_by_test_id("preview-text")).to_be_visible()
    beside(page).get_by_role("button", name="Send a test to my phone").click()
    expect(dialog(page).get_by_label("Your number")).to_be_visible()
    assert complaints(page, "[role=dialog]") == []
    named(page, "(413) 555-0152")
    assert complaints(page, "[role=dialog]") == []
    texted(page)
    assert complaints(page, "[role=dialog]") == []
    dialog(page).get_by_role("button", name="Send the test").click()
    expect(beside(page).get_by_test_id("test-fate")).to_contain_text("Delivered")
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    office.ask("DELETE", "/me/number")


def test_one_command_is_one_test_however_often_it_is_clicked(open_tab: OpenTab, live: Live) -> None:
    """The click is repeated by a page that heard no answer."""
    office = Office(open_tab(member=PRIYA), live)
    draft, cmd_id = draft_of(office), str(uuid4())
    answers = [office.ask("POST", f"/campaigns/{draft['id']}/test", {"cmd_id": cmd_id}) for _ in range(3)]
    assert [answer["again"] for answer in answers] == [False, True, True]
