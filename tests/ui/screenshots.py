"""Pictures of every page in both schemes: python -m tests.ui.screenshots --out DIR."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.ui.conftest import Scheme, log_in
from tests.ui.inbox_page import message_box, open_thread, takes_texts, threads
from tests.ui.live_server import BROWSER_ARGUMENTS, Live, running
from tests.ui.people_page import Office, choose_field, open_builder, rows, show
from tools import chromium

SIZES: Final = ((390, 844), (1280, 800), (1920, 1080))
STEPS: Final = ("details", "audience", "message", "schedule", "review")
SETTINGS: Final = {
    "": "Settings", "consent": "Consent", "fields": "Fields, tags, stages", "tokens": "API tokens",
    "webhooks": "Webhooks", "audit": "Audit log",
}  # fmt: skip
REPLY: Final = (
    "I can meet you there at ten — it’s the house with the blue door. You can park “behind” the big oak in the yard."
)


def take_all(browser: Browser, live: Live, out: Path) -> int:
    taken = 0
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        for width, height in SIZES:
            context = browser.new_context(
                base_url=live.url,
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            for name, page in _pages(context, live):
                page.screenshot(path=out / f"{name}-{width}-{scheme}.png")
                taken += 1
            context.close()
    return taken


def _pages(context: BrowserContext, live: Live) -> Iterator[tuple[str, Page]]:
    page = context.new_page()
    page.goto("/login")
    page.get_by_role("button", name=live.logins[0]["name"]).wait_for()
    yield "login", page
    log_in(context, live)
    page.goto("/phone/sms")
    page.locator("[role=option]").first.wait_for()
    page.locator("[data-status=live]").wait_for()
    yield "inbox", page
    open_thread(page, next(row["thread_id"] for row in threads(page) if row["name"] and takes_texts(row)))
    message_box(page).fill(REPLY)
    yield "thread", page
    if opted_out := [row["thread_id"] for row in threads(page) if row["opted_out"]]:
        open_thread(page, opted_out[0])
        yield "opted-out", page
    page.goto("/phone/sms/review")
    page.locator("[data-review]").first.wait_for()
    yield "review", page
    page.get_by_role("button", name="They want to stop").first.click()
    yield "review-confirm", page
    open_thread(page, next(row["thread_id"] for row in threads(page) if row["held"]))
    page.get_by_role("region", name="Needs review").get_by_role("button").first.wait_for()
    yield "held", page
    page.goto("/phone/sms/history")
    page.get_by_role("list", name="Texts").wait_for()
    yield "history", page
    page.goto("/phone/sms/history?q=open+house")
    page.locator("mark").first.wait_for()
    yield "history-search", page
    yield from _people(page)
    yield from _campaigns(page, Office(page, live))
    page.goto("/templates")
    page.get_by_role("link", name="Confirm a showing").click()
    page.get_by_test_id("preview").wait_for()
    yield "template", page
    yield from _settings(page)
    page.goto("/dialer")
    page.get_by_role("heading", name="Dialer", exact=True).wait_for()
    page.wait_for_load_state("networkidle")
    yield "dialer", page
    page.goto("/api/docs")
    page.get_by_role("heading", name="Threadline: the API").wait_for()
    yield "reference", page
    page.goto("/system")
    page.get_by_role("row", name="limiter").first.wait_for()
    yield "system", page
    page.goto("/system/sending")
    page.get_by_role("heading", name="Numbers", exact=True).wait_for()
    yield "sending", page


def _people(page: Page) -> Iterator[tuple[str, Page]]:
    show(page)
    yield "people", page
    for nth in (0, 2, 3):
        rows(page).nth(nth).get_by_role("checkbox").click()
    yield "people-selected", page
    show(page)
    open_builder(page)
    choose_field(page, "Last text from them", "in the last … days", "30")
    page.get_by_role("button", name="Group").click()
    yield "people-filter", page
    show(page)
    rows(page).nth(1).get_by_role("link").click()
    page.get_by_role("heading", name="Details", exact=True).wait_for()
    yield "contact", page
    if (history := page.get_by_role("button", name="History")).is_visible():
        history.click()
        yield "contact-history", page


def _settings(page: Page) -> Iterator[tuple[str, Page]]:
    for name, title in SETTINGS.items():
        page.goto(f"/settings/{name}".removesuffix("/"))
        page.get_by_role("heading", name=title, exact=True).wait_for()
        page.wait_for_load_state("networkidle")
        yield f"settings-{name or 'workspace'}", page


STATES: Final = ("active", "scheduled", "paused", "completed", "cancelled")


def _campaigns(page: Page, office: Office) -> Iterator[tuple[str, Page]]:
    """The list, the wizard with the plan of one that drips, and a campaign of each state; one while it is edited."""
    page.goto("/sms/campaigns")
    page.get_by_role("heading", name="Campaigns", exact=True).wait_for()
    page.get_by_role("list", name="Campaigns").wait_for()
    yield "campaigns", page
    found = office.ask("GET", "/campaigns?limit=50")["rows"]
    whole = next(one for one in found if one["state"] == "active")
    draft = office.ask("POST", f"/campaigns/{whole['id']}/duplicate", {"cmd_id": str(uuid4())})
    for step in STEPS:
        page.goto(f"/sms/campaigns/{draft['id']}/edit/{step}")
        page.get_by_role("main").get_by_role("button", name="Next").or_(page.get_by_text("Launch")).first.wait_for()
        page.wait_for_load_state("networkidle")
        yield f"campaign-{step}", page
    for state in STATES:
        if shown := next((one for one in found if one["state"] == state), None):
            page.goto(f"/sms/campaigns/{shown['id']}")
            page.get_by_role("region", name="What is next").wait_for()
            page.wait_for_load_state("networkidle")
            yield f"campaign-{state}", page
            if state == "active":
                page.get_by_role("button", name="Edit", exact=True).click()
                page.get_by_test_id("preview-text").wait_for()
                yield "campaign-edit", page
                page.keyboard.press("Escape")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    executable = chromium.find()
    if executable is None:
        print("There is no Chromium: apt-get install chromium, or name one in THREADLINE_CHROMIUM.", file=sys.stderr)
        return 1
    with running(lively=True) as live, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_ARGUMENTS))
        taken = take_all(browser, live, out)
        browser.close()
    print(f"{taken} pictures in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
