"""A contact's page: edited where it stands, its numbers, what is known of it, its history, and merging."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Faults, OpenTab
from tests.ui.inbox_page import OURS, thread_of
from tests.ui.live_server import Live
from tests.ui.people_page import Office, open_contact, phone, word


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def value(page: Page, label: str) -> Locator:
    """A value in place, which a click opens."""
    return page.get_by_role("button", name=re.compile(rf"^{label} "))


def write(page: Page, label: str, text: str, key: str = "Enter") -> None:
    value(page, label).click()
    page.get_by_label(label, exact=True).fill(text)
    page.keyboard.press(key)


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


# Editing


def test_a_value_is_edited_where_it_stands_and_saved_by_enter(page: Page, office: Office) -> None:
    contact = office.contact(city="Bath")
    open_contact(page, contact)
    write(page, "City", "York")
    expect(value(page, "City")).to_contain_text("York")
    expect(value(page, "City")).to_be_focused()
    assert office.row(contact["contact_id"])["city"] == "York"
    write(page, "City", "Oslo", key="Escape")
    expect(value(page, "City")).to_contain_text("York")
    write(page, "Last name", "Alvarez")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{contact['first_name']} Alvarez")


def test_a_value_that_cannot_be_is_refused_beside_its_input(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(422, "/contacts/")
    open_contact(page, office.contact())
    write(page, "E-mail", "not an address")
    box = page.get_by_label("E-mail", exact=True)
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(card(page, "Details")).to_contain_text("not an e-mail address")
    box.fill("ann@example.org")
    page.keyboard.press("Enter")
    expect(value(page, "E-mail")).to_contain_text("ann@example.org")


def test_what_others_changed_elsewhere_stays_when_an_edit_is_saved(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(409, "/contacts/")
    contact = office.contact(city="Bath")
    open_contact(page, contact)
    value(page, "City").click()
    page.get_by_label("City", exact=True).fill("York")
    office.patch(contact["contact_id"], state="MA")
    page.keyboard.press("Enter")
    expect(value(page, "City")).to_contain_text("York")
    row = office.row(contact["contact_id"])
    assert (row["city"], row["state"]) == ("York", "MA")
    expect(page.get_by_text("Somebody else has changed this")).to_have_count(0)


@pytest.mark.parametrize(("choice", "left"), [("Use mine", "York"), ("Keep theirs", "Oslo")])
def test_two_edits_of_one_value_are_put_to_whoever_came_second(
    page: Page, office: Office, faults: Faults, choice: str, left: str
) -> None:
    faults.expect(409, "/contacts/")
    contact = office.contact(city="Bath")
    open_contact(page, contact)
    value(page, "City").click()
    page.get_by_label("City", exact=True).fill("York")
    office.patch(contact["contact_id"], city="Oslo", state="MA")
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")  # the page has read the new row, the input stays
    expect(value(page, "State")).to_contain_text("MA")
    page.keyboard.press("Enter")
    note = page.get_by_role("alert").filter(has_text="Somebody else has changed this")
    expect(note).to_contain_text("City: they wrote “Oslo”, you wrote “York”")
    assert office.row(contact["contact_id"])["city"] == "Oslo"
    note.get_by_role("button", name=choice).click()
    expect(note).to_have_count(0)
    expect(value(page, "City")).to_contain_text(left)
    assert office.row(contact["contact_id"])["city"] == left


def test_owner_zone_stages_and_custom_fields_are_chosen_or_written(page: Page, office: Office) -> None:
    name = word().lower()
    for kind, choices in (("number", []), ("date", []), ("choice", ["House", "Condo"])):
        field = {"name": f"{name}_{kind}", "label": f"{kind} {name}", "kind": kind, "choices": choices}
        office.ask("POST", "/custom-fields", field)
    office.ask("POST", "/pipelines", {"name": f"Sales {name}", "stages": ["New Lead", "Won"]})
    contact = office.contact()
    open_contact(page, contact)
    owner = office.ask("GET", "/members")["members"][0]["name"]
    for label, chosen in (
        ("Owner", owner),
        ("Time zone", "Mountain"),
        (f"choice {name}", "Condo"),
        (f"Sales {name}", "Won"),
    ):
        page.get_by_label(label, exact=True).select_option(label=chosen)
        expect(page.get_by_label(label, exact=True)).to_be_enabled()
    write(page, f"number {name}", "450000")
    expect(value(page, f"number {name}")).to_contain_text("450,000")
    write(page, f"date {name}", "2026-11-21")
    expect(value(page, f"date {name}")).to_contain_text("Nov 21, 2026")
    row = office.row(contact["contact_id"])
    assert (row["owner"]["name"], row["zone"], row["stages"][0]["stage"]) == (owner, "America/Denver", "Won")
    assert row["custom"] == {f"{name}_number": 450000, f"{name}_date": "2026-11-21", f"{name}_choice": "Condo"}


def test_tags_are_added_by_their_name_and_removed(page: Page, office: Office) -> None:
    tag = word()
    contact = office.contact(tags=["Buyer"])
    open_contact(page, contact)
    colleagues = word()
    office.ask("PUT", f"/contacts/{contact['contact_id']}/tags", {"names": ["Buyer", colleagues]})  # meanwhile
    card(page, "Tags").get_by_role("button", name="Add a tag").click()
    card(page, "Tags").get_by_role("combobox", name="Tag").fill(tag)
    page.keyboard.press("Enter")
    expect(card(page, "Tags").get_by_role("listitem").filter(has_text=tag)).to_be_visible()
    card(page, "Tags").get_by_role("button", name="Remove the tag Buyer").click()
    expect(card(page, "Tags").get_by_role("listitem")).to_have_count(2)
    assert {one["name"] for one in office.row(contact["contact_id"])["tags"]} == {tag, colleagues}


def test_showings_are_added_and_called_off(page: Page, office: Office) -> None:
    open_contact(page, office.contact(property_address="48 Harbor View Drive"))
    showings = card(page, "Showings")
    showings.get_by_role("button", name="Add a showing").click()
    showings.get_by_label("When, by your clock").fill("2031-03-14T15:30")
    expect(showings.get_by_label("Property")).to_have_value("48 Harbor View Drive")
    showings.get_by_role("button", name="Add", exact=True).click()
    expect(showings.get_by_role("listitem")).to_contain_text("March 14, 2031 at 3:30 PM")
    showings.get_by_role("button", name="Remove the showing").click()
    expect(showings.get_by_role("listitem")).to_have_count(0)


# Numbers


def test_numbers_are_added_put_first_labelled_and_removed(page: Page, office: Office) -> None:
    first, second = phone(), phone()
    contact = office.contact(phones=[{"phone": first}])
    open_contact(page, contact)
    phones = card(page, "Phones")
    phones.get_by_role("button", name="Add a number").click()
    phones.get_by_label("Number", exact=True).fill(second)
    page.keyboard.press("Enter")
    expect(phones.get_by_role("listitem")).to_have_count(2)
    phones.get_by_role("button", name=re.compile("first$")).click()
    expect(phones.get_by_role("listitem").first).to_contain_text(f"{second[5:8]}-{second[8:]}")
    phones.get_by_role("combobox").first.select_option(label="Work")
    expect(phones.get_by_role("combobox").first).to_have_value("work")
    phones.get_by_role("button", name=re.compile("^Remove")).nth(1).click()
    phones.get_by_role("group", name=re.compile("^Remove")).get_by_role("button", name="Remove").click()
    expect(phones.get_by_role("listitem")).to_have_count(1)
    assert [(one["address"], one["label"]) for one in office.row(contact["contact_id"])["phones"]] == [(second, "work")]


def test_a_number_of_somebody_else_is_refused_with_the_way_to_them(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(409, "/contacts/")
    number = phone()
    holder = office.contact(word(), phones=[{"phone": number}])
    open_contact(page, office.contact())
    phones = card(page, "Phones")
    phones.get_by_role("button", name="Add a number").click()
    phones.get_by_label("Number", exact=True).fill(number)
    page.keyboard.press("Enter")
    expect(phones).to_contain_text(f"belongs to {holder['first_name']}")
    phones.get_by_role("link", name="Open the contact that has it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(holder["first_name"])


def test_the_button_of_the_action_bar_opens_a_new_message_to_the_number(page: Page, office: Office) -> None:
    number = phone()
    open_contact(page, office.contact(last_name="Alvarez", phones=[{"phone": number}]))
    page.get_by_role("toolbar", name="Actions").get_by_role("button", name="SMS").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"({number[2:5]}) {number[5:8]}-{number[8:]}")
    expect(dialog.get_by_role("textbox", name="Message", exact=True)).to_be_focused()


# Merging and deleting


def test_two_contacts_become_one_as_the_preview_said(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(410, "/contacts/")  # the one that became part of the other
    name, mine, theirs = word(), phone(), phone()
    kept = office.contact(name, last_name="Kept", city="Bath", phones=[{"phone": mine}], tags=["Buyer"])
    other = office.contact(
        name, last_name="Other", zip="02134", email="o@example.org", phones=[{"phone": theirs}], tags=["Seller"]
    )
    open_contact(page, kept)
    page.get_by_role("button", name="Merge").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The other contact").fill(f"{name} other")
    dialog.get_by_role("list", name="Found contacts").get_by_role("button", name=f"{name} Other").click()
    preview = dialog.get_by_role("definition")
    expect(preview.first).to_contain_text(f"{mine[5:8]}-{mine[8:]}")
    expect(preview.first).to_contain_text(f"{theirs[5:8]}-{theirs[8:]}")
    expect(dialog).to_contain_text("Buyer, Seller")
    expect(dialog.locator("s")).to_have_text(["Other", "02134"])  # a name and an address stay whole
    expect(dialog).to_contain_text(f"o@example.org from {name} Other")
    dialog.get_by_role("button", name="Merge", exact=True).click()
    expect(dialog).to_have_count(0)
    row = office.row(kept["contact_id"])
    assert [one["address"] for one in row["phones"]] == [mine, theirs]
    assert (row["name"], row["city"], row["zip"], row["email"]) == (f"{name} Kept", "Bath", "", "o@example.org")
    assert {one["name"] for one in row["tags"]} == {"Buyer", "Seller"}
    page.goto(f"/people/{other['contact_id']}")
    expect(page).to_have_url(re.compile(rf"/people/{kept['contact_id']}$"))


def test_deleting_asks_once_more_and_leads_back_to_the_list(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(404, "/contacts/")
    contact = office.contact()
    open_contact(page, contact)
    page.get_by_role("button", name="Delete the contact").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Keep")).to_be_focused()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    page.goto(f"/people/{contact['contact_id']}")
    expect(page.get_by_role("heading", name="This contact does not exist", exact=True)).to_be_visible()


# History


def texted(page: Page, live: Live, office: Office, *bodies: str) -> dict[str, Any]:
    """Somebody who has written that to us."""
    number = phone()
    contact = office.contact(phones=[{"phone": number}])
    for count, body in enumerate(bodies, 1):
        live.text_in(number, OURS, body)
        thread_of(page, number, lambda row, count=count: row["last_seq"] >= count)  # type: ignore[misc]
    return contact


def history(page: Page) -> Locator:
    return card(page, "History").get_by_role("listitem")


def test_a_text_appears_in_the_history_by_itself_and_leads_to_the_conversation(
    page: Page, live: Live, office: Office
) -> None:
    contact = texted(page, live, office)
    open_contact(page, contact)
    expect(card(page, "History")).to_contain_text("Nothing yet")
    live.text_in(contact["phones"][0]["address"], OURS, "Is the house still for sale?")
    entry = history(page).filter(has_text="Is the house still for sale?")
    expect(entry).to_be_visible()
    expect(entry).to_contain_text("They wrote")
    entry.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/phone/sms/\d+$"))
    page.get_by_role("link", name=contact["first_name"]).click()
    expect(page).to_have_url(re.compile(rf"/people/{contact['contact_id']}$"))


def test_an_opt_out_stands_in_the_history_and_beside_the_number(page: Page, live: Live, office: Office) -> None:
    contact = texted(page, live, office, "Hello", "STOP")
    open_contact(page, contact)
    expect(history(page).filter(has_text="Opted out")).to_contain_text("STOP")
    expect(card(page, "Phones")).to_contain_text("Opted out")


def test_a_long_history_is_read_as_it_is_scrolled(page: Page, live: Live, office: Office) -> None:
    contact = texted(page, live, office, *(f"Text number {n}" for n in range(60)))
    open_contact(page, contact)
    expect(history(page).filter(has_text="Text number 59")).to_be_visible()
    expect(history(page).filter(has_text=re.compile("Text number 0$"))).to_have_count(0)
    card(page, "History").focus()
    for _ in range(4):
        page.keyboard.press("End")
        page.wait_for_function("() => !document.querySelector('[aria-busy=true] li')")
    expect(history(page).filter(has_text=re.compile(r"Text number 0\b"))).to_be_attached()
    texts = history(page).filter(has_text="Text number").all_inner_texts()
    assert len(texts) == len(set(texts)) == 60


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_nothing_has_to_be_scrolled_sideways(open_tab: OpenTab, office: Office, width: int) -> None:
    long = "Fitzgerald-Montgomery" * 4
    contact = office.contact(
        "Verylongfirstname" * 4,
        last_name=long,
        property_address=long * 3,
        phones=[{"phone": phone()}],
        tags=[word() * 7],
    )
    other = open_tab(width=width)
    open_contact(other, contact)
    assert other.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width < 1024:
        other.get_by_role("button", name="History").click()
        expect(card(other, "History")).to_be_visible()
        expect(card(other, "Details")).to_be_hidden()
