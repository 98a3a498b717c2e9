"""One server and one browser for the session; a page of its own, logged in, for each test.

The tests are plain functions: Playwright's synchronous API has a loop of its own, beside trio's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.costing import SEEN
from tests.ui.live_server import BROWSER_ARGUMENTS, TIMEOUT_S, Live, running
from tests.ui.people_page import Office
from tools import chromium

HERE: Final = Path(__file__).parent
TIMEOUT_MS: Final = 1000 * TIMEOUT_S
EMPTY: Final = "/icon.svg"
"""Where a tab waits: nothing runs there, and being ours it is shown by the process that has compiled the client."""

expect.set_options(timeout=TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.ui)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """While the pages of the test are still there."""
    item.config.stash[SEEN].look()


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium.find()
    if executable is None:
        pytest.fail("There is no Chromium: apt-get install chromium, or name one in THREADLINE_CHROMIUM.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_ARGUMENTS))
        yield launched
        launched.close()


class Faults:
    """What must not happen on any page: an error in a script, a refused resource, a request to another machine.

    What a test expects is said before it happens, and by the address where it happens: the browser reports it at any
    time later, and the same fault elsewhere is one.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.found: list[str] = []
        self._expected: list[tuple[str, str]] = []

    def expect(self, what: int | str, where: str) -> None:
        """A status, or words of the browser's own, of addresses with *where* in them."""
        self._expected.append((f"status of {what}" if isinstance(what, int) else what, where))

    def watch(self, page: Page) -> None:
        watch(page, lambda: self)

    def script(self, error: Error) -> None:
        self.found.append(f"script: {error}")

    def console(self, message: ConsoleMessage) -> None:
        if message.type != "error" or "WebSocket connection" in message.text:
            return
        address = message.location["url"]
        if not any(what in message.text and where in address for what, where in self._expected):
            self.found.append(f"console: {message.text} {address}")

    def address(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.found.append(f"left the machine: {url}")


def watch(page: Page, whose: Callable[[], Faults]) -> None:
    """Tell what happens on *page* to the faults of whichever test has it then."""
    page.on("pageerror", lambda error: whose().script(error))
    page.on("console", lambda message: whose().console(message))
    page.on("request", lambda request: whose().address(request.url))
    page.on("websocket", lambda socket: whose().address(socket.url.replace("ws://", "http://", 1)))


@pytest.fixture
def faults(live: Live) -> Iterator[Faults]:
    faults = Faults(live.url)
    faults.expect(401, "/api/v1/me")  # the first question of a page is who is logged in
    yield faults
    assert not faults.found


Scheme = Literal["light", "dark"]
OpenContext = Callable[..., BrowserContext]
OpenTab = Callable[..., Page]


def _context(browser: Browser, live: Live, **settings: Any) -> BrowserContext:
    context = browser.new_context(base_url=live.url, reduced_motion="reduce", **settings)
    context.set_default_timeout(TIMEOUT_MS)
    return context


@pytest.fixture
def new_context(browser: Browser, live: Live) -> Iterator[OpenContext]:
    """Contexts are apart like two people's browsers; pages of one context are two tabs of one person."""
    opened: list[BrowserContext] = []

    def open_one(width: int = 1280, height: int = 800, scheme: Scheme = "light") -> BrowserContext:
        opened.append(_context(browser, live, viewport={"width": width, "height": height}, color_scheme=scheme))
        return opened[-1]

    yield open_one
    for context in opened:
        context.close()


def log_in(context: BrowserContext, live: Live, member: int = 0) -> None:
    """By the API: the login page has its own tests."""
    login = live.logins[member]
    log_in_as(context, live, login["email"], login["password"])


def log_in_as(context: BrowserContext, live: Live, email: str, password: str) -> None:
    answer = context.request.post(
        f"{live.url}/api/v1/login",
        data={"email": email, "password": password},
        headers={"X-CSRF": "1", "Origin": live.url},
    )
    assert answer.ok, answer.text()


class Browsers:
    """A browser of each member, logged in once. Its tabs are used again: what they have loaded and compiled stays.

    Nothing stays that a test wrote or set.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: dict[tuple[str, int], BrowserContext] = {}
        self._idle: dict[BrowserContext, list[Page]] = {}
        self._faults = Faults("")

    def tab(self, live: Live, member: int, faults: Faults) -> Page:
        key = live.url, member
        if key not in self._contexts:
            context = self._contexts[key] = _context(self._browser, live)
            self._idle[context] = []
            log_in(context, live, member)
        self._faults = faults
        context = self._contexts[key]
        return self._idle[context].pop() if self._idle[context] else self._new_tab(context)

    def _new_tab(self, context: BrowserContext) -> Page:
        page = context.new_page()
        watch(page, lambda: self._faults)
        return page

    def tidy(self, used: list[Page]) -> None:
        """Empty the *used* tabs for the next test, and close what else was opened."""
        for page in used:
            page.unroute_all(behavior="ignoreErrors")
            if page.url.startswith("http"):
                page.evaluate("localStorage.clear(); sessionStorage.clear()")
            page.goto(EMPTY)
        for context, idle in self._idle.items():
            for page in context.pages:
                if page in used:
                    idle.append(page)
                elif page not in idle:
                    page.close()


@pytest.fixture(scope="session")
def browsers(browser: Browser) -> Browsers:
    return Browsers(browser)


@pytest.fixture
def open_tab(browsers: Browsers, live: Live, faults: Faults) -> Iterator[OpenTab]:
    """Opens empty tabs of members who are logged in."""
    used: list[Page] = []

    def open_one(width: int = 1280, height: int = 800, scheme: Scheme = "light", member: int = 0) -> Page:
        page = browsers.tab(live, member, faults)
        used.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        return page

    yield open_one
    browsers.tidy(used)


@pytest.fixture
def desk(open_tab: OpenTab) -> Page:
    """An empty tab at 1280 px, logged in."""
    return open_tab()


def at_the_inbox(page: Page) -> Page:
    """Its list is there, and live."""
    page.goto("/phone/sms")
    page.locator("[data-status=live]").wait_for()
    page.locator("[role=option]").first.wait_for()
    return page


@pytest.fixture
def page(desk: Page) -> Page:
    """The inbox at 1280 px, logged in and live."""
    return at_the_inbox(desk)


@pytest.fixture
def office(page: Page, live: Live) -> Office:
    """Whoever uses *page*, by the API."""
    return Office(page, live)
