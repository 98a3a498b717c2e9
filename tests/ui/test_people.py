"""People: the list that is searched, filtered, sorted and selected."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.ui.conftest import Faults, OpenTab, at_the_inbox
from tests.ui.people_page import Office, choose_field, counted, open_builder, phone, row_of, rows, show, word


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def in_pages_of(page: Page, size: int) -> None:
    """As if pages were that short, so that a few people make several of them."""

    def shorten(route: Route) -> None:
        route.continue_(post_data=json.dumps({**(route.request.post_data_json or {}), "limit": size}))

    page.route("**/api/v1/contacts/query", shorten)


def names(page: Page) -> list[str]:
    found: list[str] = page.locator("[data-person]").evaluate_all(
        """rows => rows.sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
            .map(row => row.querySelector('a').textContent)"""
    )
    return found


# Finding


def test_the_rail_leads_to_everybody_and_their_count(page: Page, office: Office) -> None:
    at_the_inbox(page)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    total = office.ask("POST", "/contacts/count", {})["count"]
    expect(counted(page)).to_have_text(f"{total:,}")
    expect(rows(page).nth(5)).to_be_attached()


def test_somebody_is_found_while_the_name_or_a_number_in_any_spelling_is_typed(page: Page, office: Office) -> None:
    first, number = word(), phone()
    wanted = office.contact(first, last_name="Alvarez", phones=[{"phone": number}])
    show(page)
    box = page.get_by_role("searchbox", name="Search people")
    box.press_sequentially(first[:6].lower())
    expect(row_of(page, wanted)).to_be_visible()
    expect(counted(page)).to_have_text("1")
    expect(page).to_have_url(re.compile(f"q={first[:6].lower()}"))
    box.fill(f"({number[2:5]}) {number[5:8]}-{number[8:]}")
    expect(row_of(page, wanted)).to_be_visible()
    box.press("Escape")
    expect(rows(page).nth(1)).to_be_visible()


def test_what_was_searched_is_still_there_on_the_way_back(page: Page, office: Office) -> None:
    wanted = office.contact()
    show(page, wanted["first_name"])
    row_of(page, wanted).get_by_role("link").click()
    expect(page.get_by_role("heading", name=wanted["first_name"])).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox", name="Search people")).to_have_value(wanted["first_name"])
    expect(counted(page)).to_have_text("1")


def test_the_newest_come_first_where_that_is_asked_for(page: Page, office: Office) -> None:
    tag = word()
    people = office.tagged(tag, 3)
    show(page, tag)
    expect(rows(page)).to_have_count(3)
    assert names(page) == [one["name"] for one in people]
    page.get_by_label("Sort by").select_option(label="Newest")
    expect(rows(page).first).to_have_attribute("aria-rowindex", re.compile("."))
    expect(page.locator("[data-person][aria-rowindex='2']")).to_have_text(re.compile(people[2]["name"]))
    assert names(page) == [one["name"] for one in reversed(people)]


def test_a_long_list_is_read_page_by_page_as_it_is_scrolled_and_only_what_is_seen_is_drawn(
    page: Page, office: Office
) -> None:
    tag = word()
    office.tagged(tag, 60)
    in_pages_of(page, 30)
    cursors: list[object] = []

    def note(request: Request) -> None:
        if request.url.endswith("/contacts/query"):
            cursors.append((request.post_data_json or {}).get("cursor"))

    page.on("request", note)
    show(page, tag)
    expect(counted(page)).to_have_text("60")
    row = page.locator("[data-person]").first
    row.focus()
    for _ in range(8):
        page.keyboard.press("PageDown")
    page.keyboard.press("End")
    expect(page.locator("[data-person][aria-rowindex='61']")).to_be_focused()
    expect(page.locator("[data-person][aria-rowindex='61']")).to_contain_text(f"{tag} 59")
    assert rows(page).count() < 50
    assert [cursor is None for cursor in cursors] == [True, False]


def test_a_page_that_cannot_be_loaded_says_so_and_can_be_tried_again(
    page: Page, office: Office, faults: Faults
) -> None:
    faults.expect(400, "/contacts/query")
    tag = word()
    office.tagged(tag, 30)
    broken = True

    def answer(route: Route) -> None:
        asked = route.request.post_data_json or {}
        if broken and "cursor" in asked:
            route.fulfill(status=400, json={"detail": "It broke."})
        else:
            route.continue_(post_data=json.dumps({**asked, "limit": 28}))

    page.route("**/api/v1/contacts/query", answer)
    show(page, tag)
    rows(page).first.focus()
    page.keyboard.press("End")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    broken = False
    again.click()
    rows(page).first.focus()
    page.keyboard.press("End")
    expect(page.locator("[data-person][aria-rowindex='31']")).to_be_attached()


def test_with_nobody_to_show_the_page_says_why_and_leads_on(page: Page) -> None:
    show(page)
    page.get_by_role("searchbox", name="Search people").fill("zzzz nobody has this name")
    expect(page.get_by_role("heading", name="Nobody matches", exact=True)).to_be_visible()
    page.get_by_role("button", name="Show everybody").click()
    expect(rows(page).first).to_be_visible()
    page.route(
        "**/api/v1/contacts/query",
        lambda route: route.fulfill(json={"rows": [], "next_cursor": None, "partial": False}),
    )
    page.goto("/people")
    expect(page.get_by_role("heading", name="Nobody here yet", exact=True)).to_be_visible()


def test_a_list_that_cannot_be_read_says_so_and_can_be_tried_again(page: Page, faults: Faults) -> None:
    faults.expect(400, "/contacts/query")
    page.route("**/api/v1/contacts/query", lambda route: route.fulfill(status=400, json={"detail": "It broke."}))
    page.goto("/people")
    alert = page.get_by_role("alert").filter(has_text="could not be loaded")
    expect(alert).to_contain_text("It broke.")
    page.unroute("**/api/v1/contacts/query")
    alert.get_by_role("button", name="Try again").click()
    expect(rows(page).first).to_be_visible()


def test_a_contact_that_somebody_else_changed_is_shown_anew_when_the_window_comes_back(
    page: Page, office: Office
) -> None:
    wanted = office.contact()
    show(page, wanted["first_name"])
    office.patch(wanted["contact_id"], last_name="Renamed")
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    expect(row_of(page, wanted)).to_contain_text(f"{wanted['first_name']} Renamed")


# Filters


def test_a_filter_is_built_counted_saved_renamed_and_deleted(page: Page, office: Office) -> None:
    tag = word()
    office.tagged(tag, 3)
    show(page)
    builder = open_builder(page)
    choose_field(page, "Tag", "has", tag)
    expect(builder.get_by_test_id("filter-count")).to_contain_text("3 people match")
    expect(rows(page)).to_have_count(3)
    builder.get_by_role("button", name="Save filter").click()
    builder.get_by_label("Name of the filter").fill(f"All {tag}")
    page.keyboard.press("Enter")
    saved = page.get_by_role("navigation", name="Saved filters")
    expect(saved.get_by_role("button", name=f"All {tag}")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("heading", name=f"All {tag}")).to_be_visible()
    page.reload()
    expect(rows(page)).to_have_count(3)
    builder = open_builder(page)
    builder.get_by_role("button", name="Rename").click()
    builder.get_by_label("Name of the filter").fill(f"Only {tag}")
    page.keyboard.press("Enter")
    expect(saved.get_by_role("button", name=f"Only {tag}")).to_be_visible()
    builder.get_by_role("button", name="Delete").click()
    builder.get_by_role("group", name=f"Delete Only {tag}?").get_by_role("button", name="Delete").click()
    expect(saved.get_by_role("button", name=f"Only {tag}")).to_have_count(0)
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()


def test_a_saved_filter_that_was_changed_can_be_saved_again_and_is_itself_when_brought_back(
    page: Page, office: Office
) -> None:
    tag = word()
    people = office.tagged(tag, 2)
    office.patch(people[0]["contact_id"], city="Bath")
    office.ask(
        "POST",
        "/filters",
        {"name": f"Some {tag}", "definition": {"all": [{"field": "tag", "is": "has", "value": office.tag_id(tag)}]}},
    )
    show(page)
    page.get_by_role("navigation", name="Saved filters").get_by_role("button", name=f"Some {tag}").click()
    expect(rows(page)).to_have_count(2)
    builder = open_builder(page)
    changes = builder.get_by_role("button", name="Save changes")
    expect(changes).to_have_count(0)
    builder.get_by_role("button", name="Condition", exact=True).click()
    choose_field(page, "City", "is", "Bath", nth=1)
    expect(rows(page)).to_have_count(1)
    expect(changes).to_be_visible()
    builder.get_by_role("button", name="Remove the condition").nth(1).click()
    expect(rows(page)).to_have_count(2)
    expect(changes).to_have_count(0)
    builder.get_by_role("button", name="Condition", exact=True).click()
    choose_field(page, "City", "is", "Bath", nth=1)
    changes.click()
    expect(changes).to_have_count(0)
    page.reload()
    expect(rows(page)).to_have_count(1)


def test_groups_join_conditions_by_and_or_and_not(page: Page, office: Office) -> None:
    tag = word()
    bath, york, oslo = office.tagged(tag, 3)
    for one, city in ((bath, "Bath"), (york, "York"), (oslo, "Oslo")):
        office.patch(one["contact_id"], city=city)
    show(page)
    builder = open_builder(page)
    choose_field(page, "Tag", "has", tag)
    builder.get_by_role("button", name="Group").click()
    choose_field(page, "City", "is", "Bath", nth=1)
    builder.get_by_role("button", name="Condition", exact=True).first.click()
    choose_field(page, "City", "is", "York", nth=2)
    expect(builder.get_by_test_id("filter-count")).to_contain_text("2 people match")
    expect(row_of(page, oslo)).to_have_count(0)
    builder.get_by_label("How the conditions are joined").nth(1).select_option(label="None of these is true")
    expect(builder.get_by_test_id("filter-count")).to_contain_text("1 person matches")
    expect(row_of(page, oslo)).to_be_visible()


def test_a_condition_without_its_value_narrows_nothing_and_is_named(page: Page, office: Office) -> None:
    tag = word()
    office.tagged(tag, 2)
    show(page, tag)
    builder = open_builder(page)
    expect(builder.get_by_test_id("filter-count")).to_contain_text("one condition is not complete yet")
    expect(rows(page)).to_have_count(2)
    choose_field(page, "Opted out", "yes")
    expect(page.get_by_role("heading", name="Nobody matches", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("field", "comparison", "value"),
    [
        ("Stage", "is", "stage"),
        ("Owner", "is", "owner"),
        ("Last text from them", "never", None),
        ("Consent on record", "no", None),
        ("Created", "in the last … days", "3"),
        ("custom", "is at least", "400000"),
    ],
)
def test_every_kind_of_field_can_be_asked_for(
    page: Page, office: Office, field: str, comparison: str, value: str | None
) -> None:
    name = word().lower()
    label = f"Budget {name}"
    office.ask("POST", "/custom-fields", {"name": name, "label": label, "kind": "number", "choices": []})
    pipeline = office.ask("POST", "/pipelines", {"name": name, "stages": [f"Lead {name}"]})
    wanted = office.contact(
        name, custom={name: 500_000}, owner_id=office.ask("GET", "/members")["members"][0]["member_id"]
    )
    other = office.contact(name, custom={name: 300_000})
    stage = {"pipeline_id": pipeline["pipeline_id"], "stage_id": pipeline["stages"][0]["stage_id"]}
    office.ask("PUT", f"/contacts/{wanted['contact_id']}/stages", stage)
    show(page, name)
    open_builder(page)
    owner = office.ask("GET", "/members")["members"][0]["name"]
    told = {"stage": f"Lead {name}", "owner": owner}.get(value or "", value)
    choose_field(page, label if field == "custom" else field, comparison, told)
    expect(row_of(page, wanted)).to_be_visible()
    both = field in {"Last text from them", "Consent on record", "Created"}
    expect(row_of(page, other)).to_have_count(1 if both else 0)


# Selecting, and what is done with it


def test_some_are_selected_by_keys_and_a_span_with_shift(page: Page, office: Office) -> None:
    tag = word()
    people = office.tagged(tag, 5)
    show(page, tag)
    selected = page.get_by_test_id("selected")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(selected).to_have_text("1 selected")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(selected).to_have_text("3 selected")
    expect(row_of(page, people[1])).to_have_attribute("aria-selected", "true")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(selected).to_have_text("2 selected")
    expect(row_of(page, people[1])).to_have_attribute("aria-selected", "false")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=people[1]["name"])).to_be_visible()


def test_the_page_and_then_all_of_a_filter_are_selected(page: Page, office: Office) -> None:
    tag = word()
    office.tagged(tag, 60)
    in_pages_of(page, 50)
    show(page, tag)
    expect(counted(page)).to_have_text("60")
    page.get_by_role("checkbox", name="Select the 50 shown").click()
    selected = page.get_by_test_id("selected")
    expect(selected).to_have_text("50 selected")
    page.get_by_role("button", name="Select all 60").click()
    expect(selected).to_have_text("All 60 selected")
    rows(page).nth(1).get_by_role("checkbox").click()
    expect(selected).to_have_text("49 selected")
    page.get_by_role("button", name="Select nobody").click()
    expect(page.get_by_role("region", name="Selected people")).to_have_count(0)


def test_a_selection_ends_when_the_list_shows_other_people(page: Page, office: Office) -> None:
    tag = word()
    office.tagged(tag, 2)
    show(page, tag)
    rows(page).first.get_by_role("checkbox").click()
    expect(page.get_by_test_id("selected")).to_have_text("1 selected")
    page.get_by_role("searchbox", name="Search people").fill(f"{tag} 01")
    expect(counted(page)).to_have_text("1")
    expect(page.get_by_role("region", name="Selected people")).to_have_count(0)


def test_all_of_a_search_are_tagged_staged_and_given_an_owner_at_once(page: Page, office: Office) -> None:
    tag, new = word(), word("Tag")
    people = office.tagged(tag, 3)
    pipeline = office.ask("POST", "/pipelines", {"name": f"Sales {tag}", "stages": [f"Lead {tag}"]})
    show(page, tag)
    page.get_by_role("checkbox", name="Select the 3 shown").click()
    bar = page.get_by_role("region", name="Selected people")
    bar.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill(new)
    page.get_by_role("button", name="Change 3 people").click()
    expect(page.get_by_test_id("selection-said")).to_have_text("3 people changed")
    bar.get_by_role("button", name="Stage", exact=True).click()
    page.get_by_label("Stage", exact=True).select_option(label=f"Lead {tag}")
    page.get_by_role("button", name="Change 3 people").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    bar.get_by_role("button", name="Owner", exact=True).click()
    owner = office.ask("GET", "/members")["members"][1]["name"]
    page.get_by_label("Owner", exact=True).select_option(label=owner)
    page.get_by_role("button", name="Change 3 people").click()
    expect(rows(page).first).to_contain_text(owner)
    for one in people:
        row = office.row(one["contact_id"])
        assert {made["name"] for made in row["tags"]} == {tag, new}
        assert [made["pipeline_id"] for made in row["stages"]] == [pipeline["pipeline_id"]]
        assert row["owner"]["name"] == owner


def test_the_selected_are_written_to_from_the_bar(page: Page, office: Office) -> None:
    tag = word()
    office.tagged(tag, 2)
    show(page, tag)
    page.get_by_role("checkbox", name="Select the 2 shown").click()
    page.get_by_role("button", name="Send SMS").click()
    expect(page.get_by_role("dialog", name="Text many people")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("selected")).to_have_text("2 selected")


def test_the_selected_are_exported_as_a_file(page: Page, office: Office) -> None:
    tag = word()
    office.tagged(tag, 2)
    show(page, tag)
    page.get_by_role("checkbox", name="Select the 2 shown").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    text = download.value.path().read_text()
    assert f"{tag} 00" in text
    assert f"{tag} 01" in text
    assert len(text.strip().splitlines()) == 3


# New contacts


def test_a_new_contact_needs_a_number_alone_and_opens(page: Page) -> None:
    number = phone()
    show(page)
    page.get_by_role("button", name="New contact").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    dialog.get_by_label("Phone").fill(f"{number[2:5]}-{number[5:8]}-{number[8:]}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/people/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"({number[2:5]}) {number[5:8]}-{number[8:]}")


def test_a_number_that_somebody_has_is_refused_and_leads_to_them(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(409, "/contacts")
    faults.expect(422, "/contacts")
    number = phone()
    holder = office.contact(word(), phones=[{"phone": number}])
    show(page)
    page.get_by_role("button", name="New contact").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Phone").fill("not a number")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Phone")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Phone").fill(number)
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text(f"belongs to {holder['first_name']}")
    dialog.get_by_role("link", name="Open that contact").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(holder["first_name"])


def test_the_import_is_one_click_away(page: Page) -> None:
    show(page)
    expect(page.get_by_role("link", name="Import")).to_have_attribute("href", "/people/import")


# Every width


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_nothing_has_to_be_scrolled_sideways(open_tab: OpenTab, office: Office, width: int) -> None:
    tag = word()
    office.contact(
        "Verylongfirstname" * 4, last_name="Fitzgerald-Montgomery" * 4, tags=[tag, f"A tag of many words {tag}"]
    )
    other = open_tab(width=width)
    show(other, tag)
    assert other.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = rows(other).first.bounding_box()
    assert box
    assert box["x"] + box["width"] <= width


def test_on_a_phone_the_rows_are_cards_and_the_builder_fills_the_page(open_tab: OpenTab, office: Office) -> None:
    tag = word()
    people = office.tagged(tag, 2)
    phone_page = open_tab(width=390, height=844)
    show(phone_page, tag)
    card = row_of(phone_page, people[0]).bounding_box()
    assert card
    assert card["height"] > 70
    open_builder(phone_page)
    sheet = phone_page.get_by_role("dialog", name="Filter")
    box = sheet.bounding_box()
    assert box
    assert box["width"] == 390
    choose_field(phone_page, "Tag", "has", tag)
    expect(sheet.get_by_test_id("filter-count")).to_contain_text("2 people match")
    sheet.get_by_role("button", name="Close", exact=True).first.click()
    expect(rows(phone_page)).to_have_count(2)
