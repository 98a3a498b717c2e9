"""One server and one browser for the session; a page of its own, logged in, for each test.

The tests are plain functions: Playwright's synchronous API has a loop of its own, beside trio's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.ui.live_server import BROWSER_ARGUMENTS, Live, find_browser, running

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.ui)


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_browser()
    if executable is None:
        pytest.fail("There is no Chromium: apt-get install chromium, or name one in THREADLINE_CHROMIUM.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_ARGUMENTS))
        yield chromium
        chromium.close()


class Faults:
    """What must not happen on any page: an error in a script, a refused resource, a request to another machine."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.expected_statuses: set[int] = set()
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)
        page.on("websocket", lambda socket: self._address(socket.url.replace("ws://", "http://", 1)))

    def _console(self, message: ConsoleMessage) -> None:
        expected = any(f"status of {status}" in message.text for status in self.expected_statuses)
        if message.type == "error" and not expected and "WebSocket connection" not in message.text:
            self.found.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        self._address(request.url)

    def _address(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.found.append(f"left the machine: {url}")


@pytest.fixture
def faults(live: Live) -> Iterator[Faults]:
    faults = Faults(live.url)
    faults.expected_statuses.add(401)  # the first question of a page is who is logged in
    yield faults
    assert not faults.found


Scheme = Literal["light", "dark"]
OpenContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(browser: Browser, live: Live) -> Iterator[OpenContext]:
    """Contexts are apart like two people's browsers; pages of one context are two tabs of one person."""
    opened: list[BrowserContext] = []

    def open_one(width: int = 1280, height: int = 800, scheme: Scheme = "light") -> BrowserContext:
        context = browser.new_context(
            base_url=live.url, viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


def log_in(context: BrowserContext, live: Live, member: int = 0) -> None:
    """By the API: the login page has its own tests."""
    login = live.logins[member]
    answer = context.request.post(
        f"{live.url}/api/v1/login",
        data={"email": login["email"], "password": login["password"]},
        headers={"X-CSRF": "1", "Origin": live.url},
    )
    assert answer.ok, answer.text()


@pytest.fixture
def page(new_context: OpenContext, live: Live, faults: Faults) -> Page:
    """The inbox at 1280 px, logged in and live."""
    context = new_context()
    log_in(context, live)
    page = context.new_page()
    faults.watch(page)
    page.goto("/phone/sms")
    page.locator("[data-status=live]").wait_for()
    page.locator("[role=option]").first.wait_for()
    return page
