"""New texts make themselves known: once for all tabs of a browser, only to whom they concern, and never twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, WebSocketRoute, expect

from tests.ui.conftest import Faults, OpenContext, OpenTab, log_in
from tests.ui.inbox_page import conversation, row_of, thread_of, unique
from tests.ui.live_server import Live
from tests.ui.people_page import Office
from tests.ui.test_pages import complaints

STAND_INS: Final = """
  const now = Date.now.bind(Date);
  Date.now = () => now() + (window.__ahead ?? 0);
  document.hasFocus = () => !window.__away;
  window.__shown = [];
  window.__sounds = 0;
  // a script that a test runs in a page passes for a touch with the browser, and with nobody else
  let touched = false;
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => { touched = true; }, { capture: true });
  Object.defineProperty(navigator, "userActivation", { value: { get hasBeenActive() { return touched; } } });
  class Notification {
    static get permission() { return localStorage.getItem("test.permission") ?? "default"; }
    static requestPermission() {
      localStorage.setItem("test.asked", String(Number(localStorage.getItem("test.asked") ?? 0) + 1));
      localStorage.setItem("test.permission", localStorage.getItem("test.answer") ?? "granted");
      return Promise.resolve(Notification.permission);
    }
    constructor(title, options) {
      Object.assign(this, { title, body: options.body, silent: options.silent, closed: false });
      window.__shown.push(this);
    }
    close() { this.closed = true; this.onclose?.(); }
  }
  window.Notification = Notification;
  window.AudioContext = class {
    state = "suspended"; currentTime = 0; destination = {};
    async resume() { if (navigator.userActivation.hasBeenActive) this.state = "running"; }
    async suspend() {}
    createOscillator() {
      window.__sounds += 0.5;
      return { frequency: {}, connect: (to) => to, start() {}, stop() {} };
    }
    createGain() {
      const gain = { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} };
      return { gain, connect: (to) => to };
    }
  };
"""
"""The desktop and the loudspeaker of a browser, which no test may look at."""


@dataclass
class Browser:
    """A member's browser with any number of tabs, whose connections can be cut."""

    context: BrowserContext
    live: Live
    faults: Faults
    cut: bool = False

    def __post_init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.context.add_init_script(STAND_INS)
        self.context.route_web_socket(re.compile("^ws"), self._between)

    def _between(self, socket: WebSocketRoute) -> None:
        if self.cut:
            socket.close(code=4001)
            return
        socket.connect_to_server()
        self.sockets.append(socket)

    def disconnect(self) -> None:
        self.cut = True
        for socket in self.sockets:
            socket.close(code=4001)
        self.sockets.clear()

    def open(self, path: str = "/phone/sms") -> Page:
        page = self.context.new_page()
        self.faults.watch(page)
        page.goto(path)
        expect(page.locator("[data-status=live]")).to_be_visible()
        expect(page.get_by_role("option").first).to_be_visible()
        return page

    def key(self, page: Page) -> str:
        return f"threadline.bell.{page.request.get('/api/v1/me').json()['member']['id']}"

    def listen(self, page: Page) -> None:
        """From now on the page knows which texts were decided by any tab."""
        page.evaluate(
            """(key) => {
              window.__decided = [];
              window.__heard = new BroadcastChannel(key);
              window.__heard.onmessage = ({ data }) => window.__decided.push(...(data.up_to ?? []));
            }""",
            self.key(page),
        )

    def wish(self, page: Page, **wishes: bool) -> None:
        page.evaluate(
            """([key, wishes]) => {
              localStorage.setItem(key, JSON.stringify(wishes));
              localStorage.setItem("test.permission", "granted");
              dispatchEvent(new Event("threadline:wishes"));
            }""",
            [self.key(page), wishes],
        )


BrowserOf = Callable[..., Browser]


@pytest.fixture
def browser_of(new_context: OpenContext, live: Live, faults: Faults) -> BrowserOf:
    def open_one(**size: int) -> Browser:
        context = new_context(**size)
        log_in(context, live)
        return Browser(context, live, faults)

    return open_one


def shown(*tabs: Page) -> list[tuple[str, str, bool]]:
    """Title, words and whether it is closed, of each that any of the tabs has shown for a conversation of a test's own.

    A campaign goes on meanwhile, and whoever answers it rings as well.
    """
    read = "window.__shown.map(({ title, body, closed }) => [title, body, closed])"
    all_shown = [(title, body, closed) for tab in tabs for title, body, closed in tab.evaluate(read)]
    return [one for one in all_shown if re.fullmatch(r"Q\w+ Alvarez", one[0])]


def sounds(tab: Page) -> float:
    return float(tab.evaluate("window.__sounds"))


def until_shown(page: Page, body: str, *, closed: bool = False) -> None:
    page.wait_for_function(
        "([body, closed]) => window.__shown.some((one) => one.body === body && one.closed === closed)",
        arg=[body, closed],
    )


def until_decided(page: Page, row: dict[str, Any]) -> None:
    page.wait_for_function("(id) => window.__decided.some(([thread]) => thread === id)", arg=row["thread_id"])


def text_in(live: Live, thread: dict[str, Any], body: str) -> str:
    said = unique(body)
    live.text_in(thread["address"], thread["number"], said)
    return said


def test_three_tabs_ring_once_and_a_click_opens_the_thread(desk: Page, live: Live, browser_of: BrowserOf) -> None:
    row = conversation(desk, live)
    mine = browser_of()
    tabs = [mine.open()]
    mine.wish(tabs[0], desktop=True, sound=False)
    tabs += [mine.open() for _ in range(2)]
    tabs[2].get_by_role("group", name="Show").get_by_role("button", name="Open").click()  # who was touched may sound
    tabs[0].evaluate("(at => { performance.now = () => at; })(performance.now())")  # all is close together from now on
    mine.wish(tabs[0], desktop=True)
    said = text_in(live, row, "Is it still free?")
    until_shown(tabs[0], said)
    tabs[2].wait_for_function("() => window.__sounds > 0")
    second = text_in(live, row, "Hello?")
    until_shown(tabs[0], second)
    assert shown(*tabs) == [(row["name"], said, False), (row["name"], second, False)]
    assert [sounds(tab) for tab in tabs] == [0, 0, 1], "close together they sound once"
    assert tabs[0].evaluate("window.__shown.every((one) => one.silent)")
    tabs[0].evaluate("(body) => window.__shown.find((one) => one.body === body).onclick()", second)
    expect(tabs[0]).to_have_url(re.compile(f"/phone/sms/{row['thread_id']}$"))


def test_what_is_read_in_another_tab_is_taken_off_the_desktop(desk: Page, live: Live, browser_of: BrowserOf) -> None:
    row = conversation(desk, live)
    mine = browser_of()
    first, second = mine.open(), mine.open()
    mine.wish(first, desktop=True)
    said = text_in(live, row, "Is it still free?")
    until_shown(first, said)
    row_of(second, row["thread_id"]).click()
    until_shown(first, said, closed=True)


def test_the_next_tab_rings_where_the_first_is_closed(desk: Page, live: Live, browser_of: BrowserOf) -> None:
    row, other = conversation(desk, live), conversation(desk, live)
    mine = browser_of()
    first, second = mine.open(), mine.open()
    mine.wish(first, desktop=True)
    until_shown(first, text_in(live, row, "One"))
    first.close()
    said = text_in(live, other, "Two")
    until_shown(second, said)
    assert [body for _, body, _ in shown(second)] == [said]


def test_a_colleagues_conversation_is_silent_until_a_note_names_me(
    desk: Page, live: Live, browser_of: BrowserOf, open_tab: OpenTab
) -> None:
    theirs, nobodys = conversation(desk, live), conversation(desk, live)
    other = Office(open_tab(member=1), live)
    colleague = other.ask("GET", "/me")["member"]["id"]
    mine = browser_of()
    tab = mine.open()
    mine.wish(tab, desktop=True)
    other.ask("PUT", f"/threads/{theirs['thread_id']}/assignee", {"member_id": colleague})
    text_in(live, theirs, "For the other")
    heard = [text_in(live, nobodys, "For all")]
    until_shown(tab, heard[0])
    me = tab.request.get("/api/v1/me").json()["member"]["name"]
    body = f"@{me} what do you think?"
    other.ask("POST", f"/threads/{theirs['thread_id']}/notes", {"cmd_id": str(uuid4()), "body": body})
    expect(tab.get_by_role("button", name=re.compile(r"Mentions\s*\d"))).to_be_visible()
    heard.append(text_in(live, theirs, "For both"))
    until_shown(tab, heard[1])
    assert [body for _, body, _ in shown(tab)] == heard


def test_an_open_thread_is_silent_and_read_only_where_somebody_looks_at_it(
    desk: Page, live: Live, browser_of: BrowserOf
) -> None:
    row, other = conversation(desk, live, *["A long story. " * 100] * 3), conversation(desk, live)
    mine = browser_of()
    first, looking = mine.open(), mine.open(f"/phone/sms/{row['thread_id']}")
    mine.wish(first, desktop=True)
    log = looking.get_by_role("log")
    log.locator("[data-seq]").first.scroll_into_view_if_needed()
    log.evaluate("(log) => log.scrollTo({ top: 0 })")
    mine.listen(first)
    text_in(live, row, "Further down, and not read yet")
    expect(looking.get_by_role("button", name="New messages")).to_be_visible()
    until_decided(first, row)
    looking.get_by_role("button", name="New messages").click()
    seen = text_in(live, row, "Before their eyes")
    expect(log).to_contain_text(seen)
    heard = [text_in(live, other, "Elsewhere")]
    until_shown(first, heard[0])
    looking.evaluate("window.__away = true; dispatchEvent(new Event('blur'))")
    heard.append(text_in(live, row, "While they work in another window"))
    until_shown(first, heard[1])
    assert [body for _, body, _ in shown(first, looking)] == heard
    expect(row_of(first, row["thread_id"]).locator("[data-badge='1']")).to_be_visible()
    looking.evaluate("window.__away = false; dispatchEvent(new Event('focus'))")
    until_shown(first, heard[1], closed=True)


def test_who_does_not_want_to_be_disturbed_is_not_and_words_can_be_hidden(
    desk: Page, live: Live, browser_of: BrowserOf
) -> None:
    row, other = conversation(desk, live), conversation(desk, live)
    mine = browser_of()
    tab = mine.open()
    tab.get_by_role("group", name="Show").get_by_role("button", name="Open").click()
    mine.wish(tab, desktop=True, quiet=True)
    expect(tab.get_by_role("button", name=re.compile("do not disturb"))).to_be_visible()
    mine.listen(tab)
    before = sounds(tab)
    said = text_in(live, row, "In the night")
    expect(row_of(tab, row["thread_id"])).to_contain_text(said)
    expect(tab).to_have_title(re.compile(r"^\(\d+\) Inbox"))
    until_decided(tab, row)
    mine.wish(tab, desktop=True, hideWords=True, sound=False)
    text_in(live, other, "A secret")
    until_shown(tab, "2 new texts")
    assert shown(tab) == [(other["name"], "2 new texts", False)]
    assert sounds(tab) == before


def test_after_a_cut_what_was_missed_rings_once_and_nothing_old_does(
    desk: Page, live: Live, browser_of: BrowserOf
) -> None:
    first_row, second_row, third_row = (conversation(desk, live) for _ in range(3))
    mine = browser_of()
    tabs = [mine.open(), mine.open()]
    mine.wish(tabs[0], desktop=True)
    heard = [text_in(live, first_row, "Before")]
    until_shown(tabs[0], heard[0])
    mine.disconnect()
    for tab in tabs:
        expect(tab.locator("[data-status=reconnecting]")).to_be_visible()
    heard.append(text_in(live, second_row, "Missed"))
    thread_of(desk, second_row["address"], lambda row: row["preview"] == heard[1])
    mine.cut = False
    until_shown(tabs[0], heard[1])
    mine.disconnect()
    old = text_in(live, first_row, "Long ago")
    thread_of(desk, first_row["address"], lambda row: row["preview"] == old)
    for tab in tabs:
        expect(tab.locator("[data-status=reconnecting]")).to_be_visible()
        tab.evaluate("window.__ahead = 600_000")
    mine.cut = False
    for tab in tabs:
        expect(row_of(tab, first_row["thread_id"])).to_contain_text(old)
    heard.append(text_in(live, third_row, "Now"))
    until_shown(tabs[0], heard[2])
    assert [body for _, body, _ in shown(*tabs)] == heard


def test_the_browser_is_asked_by_the_click_that_says_why_and_never_before(
    desk: Page, live: Live, browser_of: BrowserOf
) -> None:
    row = conversation(desk, live)
    mine = browser_of()
    tab = mine.open()
    mine.listen(tab)
    text_in(live, row, "Nobody was asked yet")
    until_decided(tab, row)
    dialog = open_dialog(tab)
    assert tab.evaluate("localStorage.getItem('test.asked')") is None
    dialog.get_by_role("button", name="Turn on notifications").click()
    shows = dialog.get_by_role("switch", name="Show new texts over other windows")
    expect(shows).to_be_checked()
    assert tab.evaluate("localStorage.getItem('test.asked')") == "1"
    dialog.get_by_role("button", name="Play").click()
    tab.wait_for_function("() => window.__sounds >= 1")
    dialog.get_by_role("button", name="Close").click()
    said = text_in(live, row, "Now they were")
    until_shown(tab, said)
    dialog = open_dialog(tab)
    shows.click()
    expect(shows).not_to_be_checked()
    tab.evaluate("localStorage.setItem('test.permission', 'denied'); dispatchEvent(new Event('focus'))")
    expect(dialog).to_contain_text("Your browser blocks notifications")


AS_THE_BADGE: Final = """(page) => {
  const count = document.querySelector("[data-testid=nav-badge]").textContent.split(" ")[0];
  const icon = decodeURIComponent(document.querySelector("link[rel=icon]").href);
  return document.title === `(${count}) ${page} · Threadline` && icon.includes(`>${parseInt(count)}</text`);
}"""


def test_the_title_and_the_icon_count_as_the_badge_does(desk: Page, live: Live, browser_of: BrowserOf) -> None:
    """Asked in one look: a campaign's answers may come in at any moment, and count as well."""
    row = conversation(desk, live)
    tab = browser_of().open()
    expect(row_of(tab, row["thread_id"]).locator("[data-badge]")).to_be_visible()
    tab.wait_for_function(AS_THE_BADGE, arg="Inbox")
    row_of(tab, row["thread_id"]).click()
    expect(row_of(tab, row["thread_id"]).locator("[data-badge]")).to_have_count(0)
    tab.wait_for_function(AS_THE_BADGE, arg="Inbox")
    tab.get_by_role("link", name="People", exact=True).click()
    tab.wait_for_function(AS_THE_BADGE, arg="People")


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name=re.compile("account and appearance")).click()
    page.get_by_role("button", name=re.compile("^Notifications")).click()
    dialog = page.get_by_role("dialog", name="Notifications")
    expect(dialog).to_be_visible()
    return dialog


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("permission", ["default", "granted", "denied"])
def test_no_barrier_where_notifications_are_wished_for(browser_of: BrowserOf, width: int, permission: str) -> None:
    mine = browser_of(width=width)
    page = mine.open()
    page.evaluate("(permission) => localStorage.setItem('test.permission', permission)", permission)
    open_dialog(page)
    assert complaints(page) == []  # in the light and in the dark
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
