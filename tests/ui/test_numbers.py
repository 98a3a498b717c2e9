"""A number that is one member's own: who sees what comes there, live, and what a change of hands does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import trio
from playwright.sync_api import Locator, Page, expect

from server.domain.phone import for_people
from server.http.passwords import Passwords
from server.store.store import Store, open_store
from tests.ui.conftest import Faults, OpenContext, OpenTab, log_in_as
from tests.ui.inbox_page import OURS, row_of, thread_of, unique
from tests.ui.live_server import Live
from tests.ui.people_page import phone, word
from tests.ui.test_notifications import Browser, until_shown
from tests.ui.test_pages import complaints

PASSWORD = "their-own-number-7"
NUMBER = """
    INSERT INTO number (workspace_id, account_id, address, label, rate)
    SELECT workspace_id, account_id, $1, 'Direct line', 1 FROM number ORDER BY id LIMIT 1
"""
LEFT = "UPDATE member SET disabled_at = now() WHERE email = ANY ($1)"
_lines = (f"+1339555{n:04}" for n in count(190))


@dataclass
class Line:
    """A number of the demo's own, and two agents, `first` and `second`, by their names."""

    live: Live
    address: str
    first: str
    second: str

    def email(self, name: str) -> str:
        return f"{name.lower()}@harborpine.example"


def beside(live: Live, *statements: tuple[Any, ...], members: tuple[tuple[str, str], ...] = ()) -> None:
    """What no page can do: statements, and new agents by address and name."""

    async def run(store: Store) -> None:
        for statement in statements:
            await store.call(lambda c, statement=statement: c.execute(*statement))  # type: ignore[misc]
        for email, name in members:
            await store.people.add_member(1, email, name, "agent", Passwords().hash(PASSWORD))

    async def opened() -> None:
        async with open_store(live.dsn) as store:
            await run(store)

    with ThreadPoolExecutor(1) as other:  # Playwright has a loop in this thread
        other.submit(trio.run, opened).result()


@pytest.fixture
def line(live: Live, desk: Page) -> Iterator[Line]:
    """Whose it is at the end, it is everybody's again, and both have left."""
    it = Line(live, next(_lines), word("Mia"), word("Raj"))
    emails = [it.email(it.first), it.email(it.second)]
    beside(live, (NUMBER, it.address), members=tuple(zip(emails, (it.first, it.second), strict=True)))
    yield it
    give_back = "UPDATE number SET owner_id = NULL, owned_xid = pg_current_xact_id() WHERE address = $1"
    beside(live, (give_back, it.address), (LEFT, emails))


def browser_of(new_context: OpenContext, line: Line, name: str, faults: Faults) -> Browser:
    context = new_context()
    log_in_as(context, line.live, line.email(name), PASSWORD)
    return Browser(context, line.live, faults)


def numbers(page: Page) -> Locator:
    return page.get_by_role("region", name="Numbers")


def give(page: Page, line: Line, name: str | None) -> None:
    """By the page of the settings."""
    page.goto("/settings")
    one = numbers(page).get_by_role("listitem").filter(has_text=for_people(line.address))
    one.get_by_role("combobox").select_option(name or "Everybody's")
    one.get_by_role("button", name=f"Give to {name or 'everybody'}").click()
    expect(one.get_by_role("status")).to_have_text("Saved")
    expect(one.get_by_role("combobox").locator("option:checked")).to_have_text(name or "Everybody's")


def mark(page: Page) -> None:
    """A page that is loaded anew has forgotten it."""
    page.evaluate("window.__before = true")


def until_loaded_anew(page: Page) -> None:
    page.wait_for_function("() => window.__before === undefined && document.querySelector('[data-status=live]')")


def test_what_comes_to_an_own_number_is_its_owners_and_the_managers(
    line: Line, open_tab: OpenTab, new_context: OpenContext, faults: Faults
) -> None:
    live, dana, inbox = line.live, open_tab(), open_tab()
    mias, rajs = (browser_of(new_context, line, name, faults) for name in (line.first, line.second))
    mia, raj = mias.open(), rajs.open()
    for page in (mia, raj):
        mark(page)
    inbox.goto("/phone/sms")
    expect(inbox.locator("[data-status=live]")).to_be_visible()

    give(dana, line, line.first)
    for page in (mia, raj):
        until_loaded_anew(page)
    for browser, page in ((mias, mia), (rajs, raj)):
        browser.wish(page, desktop=True, sound=False)
    sender, other, said, told = phone(), phone(), unique("To you alone"), unique("To everybody")
    live.text_in(sender, line.address, said)
    thread = thread_of(dana, sender)["thread_id"]
    for page in (mia, inbox):
        expect(row_of(page, thread)).to_contain_text(said)
    until_shown(mia, said)
    live.text_in(other, OURS, told)
    expect(row_of(raj, thread_of(dana, other)["thread_id"])).to_contain_text(told)
    until_shown(raj, told)
    assert said not in raj.evaluate("window.__shown.map((one) => one.body)")
    expect(row_of(raj, thread)).to_have_count(0)
    assert said not in raj.content()
    unread = raj.request.get("/api/v1/threads?show=unread&limit=200").json()["rows"]
    assert thread not in [row["thread_id"] for row in unread]
    badge = raj.get_by_role("navigation").get_by_role("link", name="Inbox").first
    expect(badge).to_contain_text(str(len(unread)) if len(unread) < 100 else "99+")

    faults.expect(404, f"/threads/{thread}")
    raj.goto(f"/phone/sms/{thread}")
    expect(raj.get_by_role("heading", name="This conversation does not exist")).to_be_visible()
    for page in (raj, mia):
        page.goto(f"/phone/sms/history?q={said.replace(' ', '+')}")
    expect(mia.get_by_role("list", name="Texts")).to_contain_text(said)
    expect(raj.get_by_role("main")).to_contain_text("Nothing is like that")
    expect(raj.get_by_role("list", name="Texts")).to_have_count(0)
    mia.goto(f"/phone/sms/{thread}")
    expect(mia.get_by_role("log")).to_contain_text(said)
    expect(mia.get_by_text("your own", exact=False).first).to_be_visible()

    raj.goto("/phone/sms")
    expect(raj.locator("[data-status=live]")).to_be_visible()
    for page in (mia, raj):
        mark(page)
    give(dana, line, None)
    for page in (mia, raj):
        until_loaded_anew(page)
        mark(page)
    expect(row_of(raj, thread)).to_contain_text(said)
    give(dana, line, line.second)
    faults.expect(404, f"/threads/{thread}")
    until_loaded_anew(raj)
    expect(row_of(raj, thread)).to_contain_text(said)
    until_gone = mia.get_by_role("heading", name="This conversation does not exist")
    expect(until_gone).to_be_visible()
    assert said not in mia.content()


def test_giving_one_says_what_it_means_and_may_be_thought_over(line: Line, desk: Page) -> None:
    desk.goto("/settings")
    one = numbers(desk).get_by_role("listitem").filter(has_text=for_people(line.address))
    one.get_by_role("combobox").select_option(line.first)
    expect(one).to_contain_text(f"are then seen by {line.first}, managers and owners alone")
    one.get_by_role("button", name="Cancel").click()
    expect(one.get_by_role("combobox").locator("option:checked")).to_have_text("Everybody's")
    expect(one.get_by_role("button")).to_have_count(0)


def test_an_agent_reads_whose_each_number_is_and_gives_none(line: Line, open_tab: OpenTab, live: Live) -> None:
    page = open_tab(member=live.agent)
    page.goto("/settings")
    one = numbers(page).get_by_role("listitem").filter(has_text=for_people(line.address))
    expect(one).to_contain_text("Everybody's")
    expect(numbers(page).get_by_role("combobox")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_section_has_no_barriers(line: Line, open_tab: OpenTab, width: int) -> None:
    page = open_tab(width=width)
    page.goto("/settings")
    one = numbers(page).get_by_role("listitem").filter(has_text=for_people(line.address))
    one.get_by_role("combobox").select_option(line.first)
    assert complaints(page) == []
