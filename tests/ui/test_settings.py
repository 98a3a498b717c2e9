"""The settings' pages: what owners and managers set, at once for everybody, and the log of who did what."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.ui.conftest import Faults, OpenTab
from tests.ui.inbox_page import conversation, open_thread
from tests.ui.live_server import Live
from tests.ui.people_page import Office, word
from tests.ui.test_pages import complaints

CHANGEABLE = (
    "name", "brand", "contact", "sending_hours", "opt_in_required", "bulk_cap", "link_base", "ai_mode", "ai_tone",
    "ai_day_requests", "ai_day_tokens",
)  # fmt: skip


def told(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.request.get("/api/v1/settings").json()
    return found


@pytest.fixture
def settings(desk: Page, live: Live) -> Iterator[Page]:
    """The page, and afterwards everything as it was."""
    before = told(desk)
    desk.goto("/settings")
    expect(section(desk, "Name and brand")).to_be_visible()
    yield desk
    again = {name: before[name] for name in CHANGEABLE} | {"version": told(desk)["version"]}
    Office(desk, live).ask("PATCH", "/settings", again)


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("form", name=name)


def save(of: Locator) -> None:
    of.get_by_role("button", name="Save").click()
    expect(of.get_by_role("status")).to_have_text("Saved")


def test_an_owner_finds_them_and_changes_the_brand(settings: Page) -> None:
    settings.goto("/people")
    settings.get_by_role("button", name="account and appearance").click()
    settings.get_by_role("link", name="Settings", exact=True).click()
    brand, name = section(settings, "Name and brand"), word("Harbor ")
    expect(brand.get_by_role("button", name="Save")).to_be_disabled()
    brand.get_by_label("Brand").fill(name)
    save(brand)
    assert told(settings)["brand"] == name
    settings.reload()
    expect(brand.get_by_label("Brand")).to_have_value(name)


def test_hours_of_ones_own_are_narrower_than_the_laws_or_refused_in_a_sentence(settings: Page, faults: Faults) -> None:
    hours = section(settings, "Sending hours")
    hours.get_by_role("switch", name="Hours of our own").press(" ")
    expect(hours.get_by_label("Saturday", exact=True)).not_to_be_checked()
    hours.get_by_label("Monday from").fill("06:30")
    faults.expect(422, "/api/v1/settings")
    hours.get_by_role("button", name="Save").click()
    expect(hours.get_by_role("alert")).to_contain_text("Monday's hours would begin before the law's, which are 08:00")
    hours.get_by_label("Monday from").fill("10:30")
    hours.get_by_label("Friday", exact=True).uncheck()
    save(hours)
    assert told(settings)["sending_hours"] == ["10:30-18:00", *["09:00-18:00"] * 3, None, None, None]
    hours.get_by_role("switch", name="Hours of our own").press(" ")
    save(hours)
    assert told(settings)["sending_hours"] is None


def test_a_cap_is_set_raised_and_read_in_the_log(settings: Page) -> None:
    cap = section(settings, "Bulk cap")
    cap.get_by_role("switch", name="Cap what one number gets").press(" ")
    cap.get_by_label("At most").fill("500")
    cap.get_by_label("In any").select_option("a day")
    save(cap)
    cap.get_by_label("At most").fill("lots")
    expect(cap.get_by_role("alert")).to_contain_text("a whole number of one or more")
    expect(cap.get_by_role("button", name="Save")).to_be_disabled()
    cap.get_by_label("At most").fill("1,000")
    save(cap)
    assert told(settings)["bulk_cap"] == {"texts": 1000, "window_h": 24}
    settings.get_by_role("navigation", name="Settings").get_by_role("link", name="Audit log").click()
    raised = "raised the bulk cap from 500 texts in 24 hours to 1,000 texts in 24 hours."
    expect(settings.get_by_role("main").get_by_role("listitem").filter(has_text=raised).first).to_be_visible()


def test_what_is_no_site_of_links_is_refused_beside_its_field(settings: Page, faults: Faults) -> None:
    links = section(settings, "Short links")
    links.get_by_label("Links begin with").fill("http://go.acme.com")
    faults.expect(422, "/api/v1/settings")
    links.get_by_role("button", name="Save").click()
    expect(links).to_contain_text("The address of short links must begin with https://")
    links.get_by_label("Links begin with").fill("https://go.acme.com/l")
    save(links)
    assert told(settings)["link_base"] == "https://go.acme.com/l"


def test_what_a_colleague_saves_is_here_at_once_and_nothing_typed_is_lost(
    settings: Page, live: Live, faults: Faults
) -> None:
    """The page renews itself. Only who saves in that very moment is refused, and keeps what they typed."""
    brand = section(settings, "Name and brand")
    name, contact = word("Bay "), word("help ")
    brand.get_by_label("Contact").fill(contact)
    Office(settings, live).ask("PATCH", "/settings", {"version": told(settings)["version"], "brand": name})
    expect(brand.get_by_label("Brand")).to_have_value(name)
    expect(brand.get_by_label("Contact")).to_have_value(contact)
    save(brand)
    assert (told(settings)["brand"], told(settings)["contact"]) == (name, contact)


def test_of_two_who_save_at_once_the_second_sees_the_newer_values_and_saves_again(
    settings: Page, live: Live, faults: Faults
) -> None:
    brand = section(settings, "Name and brand")
    name, contact = word("Cove "), word("help ")

    saves: list[str] = []

    def meanwhile(route: Route) -> None:
        if route.request.method == "PATCH" and not saves:
            saves.append(route.request.url)
            Office(settings, live).ask("PATCH", "/settings", {"version": told(settings)["version"], "brand": name})
        route.continue_()

    brand.get_by_label("Contact").fill(contact)
    faults.expect(409, "/api/v1/settings")
    settings.route("**/api/v1/settings", meanwhile)
    brand.get_by_role("button", name="Save").click()
    expect(brand.get_by_role("alert")).to_contain_text("Somebody has changed the settings meanwhile")
    expect(brand.get_by_label("Brand")).to_have_value(name)
    expect(brand.get_by_label("Contact")).to_have_value(contact)
    save(brand)
    assert (told(settings)["brand"], told(settings)["contact"]) == (name, contact)


def test_suggestions_switched_off_are_gone_from_open_conversations_at_once(
    settings: Page, open_tab: OpenTab, live: Live
) -> None:
    page = open_tab()
    page.goto("/phone/sms")
    page.locator("[data-status=live]").wait_for()
    row = conversation(page, live, "Do you know a good lender? My bank is taking forever")
    open_thread(page, row["thread_id"])
    chips = page.get_by_role("group", name="Suggested replies")
    expect(chips.get_by_role("button").first).to_be_visible()
    suggestions = section(settings, "Suggested replies")
    suggestions.get_by_label("Off", exact=True).check()
    save(suggestions)
    expect(chips).to_have_count(0)
    suggestions.get_by_label("From past replies only").check()
    save(suggestions)
    expect(chips.get_by_role("button").first).to_be_visible()


def test_a_model_has_a_tone_and_a_days_budget(settings: Page) -> None:
    suggestions = section(settings, "Suggested replies")
    suggestions.get_by_label("By a model").check()
    suggestions.get_by_label("How they shall sound").fill("Warm and short")
    suggestions.get_by_label("Requests a day").fill("250")
    suggestions.get_by_label("Tokens a day").fill("90,000")
    save(suggestions)
    now = told(settings)
    assert (now["ai_tone"], now["ai_day_requests"], now["ai_day_tokens"]) == ("Warm and short", 250, 90_000)


def test_an_agent_reads_them_and_is_offered_no_change_and_no_log(open_tab: OpenTab, live: Live) -> None:
    page = open_tab(member=live.agent)
    page.goto("/settings")
    expect(page.get_by_text("Only owners and managers may change this.")).to_be_visible()
    expect(section(page, "Name and brand").get_by_label("Brand")).to_be_disabled()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.get_by_role("navigation", name="Settings").get_by_role("link", name="Audit log")).to_have_count(0)
    page.goto("/settings/audit")
    expect(page.get_by_text("Only owners and managers may read this.")).to_be_visible()


# The log


def test_the_log_is_narrowed_by_person_kind_and_days_and_leads_to_what_it_is_about(desk: Page, live: Live) -> None:
    office, name = Office(desk, live), word("Zed")
    contact = office.contact(name)
    desk.goto("/settings/audit")
    entries = desk.get_by_role("main").get_by_role("listitem")
    mine = entries.filter(has_text=f"added {name}.")
    expect(mine).to_have_count(1)
    desk.get_by_label("What").select_option("Settings")
    expect(mine).to_have_count(0)
    desk.get_by_label("What").select_option("People and lists")
    desk.get_by_label("Who").select_option(live.logins[0]["name"])
    expect(mine).to_have_count(1)
    desk.get_by_label("To", exact=True).fill("2020-01-01")
    expect(desk.get_by_role("heading", name="Nothing like that was done", exact=True)).to_be_visible()
    desk.get_by_label("To", exact=True).fill("")
    mine.get_by_role("link", name="Contact").click()
    expect(desk).to_have_url(re.compile(f"/people/{contact['contact_id']}$"))


def test_more_of_the_log_is_shown_when_it_is_asked_for(desk: Page, live: Live) -> None:
    office = Office(desk, live)
    names = [word("Many") for _ in range(55)]
    for name in names:
        office.contact(name)
    desk.goto("/settings/audit?what=people")
    expect(desk.get_by_text(f"added {names[-1]}.")).to_have_count(1)
    expect(desk.get_by_text(f"added {names[0]}.")).to_have_count(0)
    desk.get_by_role("button", name="Show more").click()
    expect(desk.get_by_text(f"added {names[0]}.")).to_have_count(1)


def test_the_log_is_taken_away_as_it_is_narrowed(desk: Page, live: Live, tmp_path: Path) -> None:
    name = word("Filed")
    Office(desk, live).contact(name)
    desk.goto("/settings/audit?what=people")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Export").click()
    download.value.save_as(tmp_path / "log.csv")
    rows = list(csv.reader((tmp_path / "log.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["When (UTC)", "Who", "What", "Kind"]
    who = live.logins[0]["name"]
    assert [row[1:] for row in rows if f"added {name}." in row[2]] == [[who, f"{who} added {name}.", "contact_created"]]
    assert not any(row[3] == "login" for row in rows)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", ["settings", "audit"])
def test_no_barriers(settings: Page, place: str, width: int) -> None:
    settings.set_viewport_size({"width": width, "height": 844})
    if place == "audit":
        settings.goto("/settings/audit")
        settings.get_by_role("main").get_by_role("listitem").first.wait_for()
    else:
        section(settings, "Sending hours").get_by_role("switch").press(" ")
        section(settings, "Bulk cap").get_by_role("switch").press(" ")
    assert complaints(settings) == []
    assert settings.evaluate("document.documentElement.scrollWidth <= innerWidth")
