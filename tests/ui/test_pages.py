"""Every page: the way in and out, accessibility in both schemes, and that nothing is asked of another machine."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.conftest import Faults, OpenContext, OpenTab, Scheme, at_the_inbox, log_in
from tests.ui.inbox_page import conversation, message_box, open_thread, thread_of
from tests.ui.live_server import Live

_AXE = find_spec("axe_playwright_python")
assert _AXE
assert _AXE.origin
AXE = Path(_AXE.origin).with_name("axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


@pytest.fixture
def stranger(new_context: OpenContext, faults: Faults) -> Page:
    page = new_context().new_page()
    faults.watch(page)
    return page


def test_a_stranger_is_led_to_the_login_and_back_to_the_page_that_was_asked_for(stranger: Page, live: Live) -> None:
    stranger.goto("/system")
    expect(stranger.get_by_role("heading", name="Log in to Threadline", exact=True)).to_be_visible()
    stranger.get_by_label("Email").fill(live.logins[0]["email"])
    stranger.get_by_label("Password", exact=True).fill(live.logins[0]["password"])
    stranger.get_by_role("button", name="Log in").click()
    expect(stranger.get_by_role("heading", name="System", exact=True)).to_be_visible()


def test_a_wrong_password_is_told_in_a_sentence(stranger: Page, live: Live, faults: Faults) -> None:
    faults.expect(401, "/api/v1/login")
    stranger.goto("/login")
    stranger.get_by_label("Email").fill(live.logins[0]["email"])
    stranger.get_by_label("Password", exact=True).fill("not the password")
    stranger.get_by_role("button", name="Log in").click()
    expect(stranger.get_by_role("alert")).not_to_be_empty()
    expect(stranger).to_have_url(f"{live.url}/login")


def test_the_demo_is_entered_with_one_click_and_says_that_it_is_one(stranger: Page, live: Live) -> None:
    stranger.goto("/login")
    stranger.get_by_role("button", name=live.logins[1]["name"]).click()
    expect(stranger.get_by_role("complementary", name="Simulation")).to_be_visible()
    expect(stranger.locator("[role=option]").first).to_be_visible()


def test_logging_out_ends_the_session_and_forgets_drafts(new_context: OpenContext, live: Live, faults: Faults) -> None:
    context = new_context()
    log_in(context, live)
    page = context.new_page()
    faults.watch(page)
    faults.expect(401, "/api/v1/")
    open_thread(page, conversation(page, live)["thread_id"])
    message_box(page).fill("Nobody else's business")
    page.get_by_role("button", name="account and appearance").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in to Threadline", exact=True)).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.goto("/phone/sms")
    expect(page.get_by_role("heading", name="Log in to Threadline", exact=True)).to_be_visible()


def test_the_scheme_is_chosen_and_kept(page: Page) -> None:
    page.goto("/people")
    page.get_by_role("button", name="account and appearance").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_the_system_page_shows_the_tree_of_actors(page: Page) -> None:
    page.goto("/people")
    page.get_by_role("link", name="System").click()
    expect(page.get_by_role("heading", name="Actors", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="limiter").first).to_be_visible()


def test_the_system_page_shows_every_server_and_which_one_is_gone(page: Page) -> None:
    leaf = {"kind": "actor", "state": "running", "depth": 0, "oldest_age_s": None, "handled": 7, "restarts": 0}
    actor = {**leaf, "last_error": None, "path": "", "children": []}
    tree = {**actor, "name": "threadline", "children": [{**actor, "name": "limiter"}, {**actor, "name": "door"}]}
    server = {"started_at": "2026-03-10T15:00:00Z", "sends": False, "here": False, "ended_at": None, "told_s": 1.0}
    servers = [
        {**server, "gen": 9, "host": "south", "pid": 9, "life": "running", "tree": tree},
        {**server, "gen": 8, "host": "north", "pid": 8, "life": "running", "tree": tree, "here": True, "sends": True},
        {
            **server,
            "gen": 7,
            "host": "south",
            "pid": 7,
            "life": "gone",
            "tree": tree,
            "ended_at": "2026-03-10T15:01:00Z",
        },
    ]
    page.route("**/api/v1/system/servers", lambda route: route.fulfill(json={"servers": servers}))
    page.goto("/system")
    own = page.get_by_role("region", name="Actors of server 8", exact=True).first
    expect(own).to_contain_text("This one, on north, process 8, which sends.")
    expect(own.get_by_role("row", name="limiter")).to_be_visible()
    other = page.get_by_role("region", name="Actors of server 9", exact=True).first
    expect(other).to_contain_text("Another one, on south, process 9.")
    expect(other.get_by_role("row", name="door")).to_be_visible()
    gone = page.get_by_role("region", name="Actors of server 7", exact=True).first
    expect(gone).to_contain_text("It is gone: it ended at")
    expect(gone.get_by_role("row")).to_have_count(0)


def test_the_sending_page_shows_each_number_and_what_leaves(page: Page) -> None:
    page.goto("/people")
    page.get_by_role("link", name="Sending").click()
    expect(page.get_by_role("heading", name="Numbers", exact=True)).to_be_visible()
    expect(page.get_by_role("table", name="").first.get_by_role("row").nth(1)).to_contain_text("/s")
    expect(page.get_by_role("link", name="Sending")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("link", name="System")).not_to_have_attribute("aria-current", "page")


# What a busy workspace over two servers would be told, for the parts that a demo never shows.
BUSY: dict[str, Any] = {
    "holds": True,
    "epoch": 4,
    "servers": [
        {"gen": 1, "host": "north", "pid": 1, "started_at": "2026-03-10T15:00:00Z", "sends": True, "here": True},
        {"gen": 2, "host": "south", "pid": 2, "started_at": "2026-03-10T15:00:00Z", "sends": False, "here": False},
    ],
    "numbers": [
        {
            "number": "+16175550100", "rate": 5.0, "configured_rate": 10.0, "queued": [1, 4, 1200], "segments": 2400,
            "achieved_per_s": 4.8, "next_in_s": 0.1, "eta_s": 480.0, "slowed_for_s": 42.0,
        },
        {
            "number": "+16175550101", "rate": 0.0, "configured_rate": 0.0, "queued": [0, 0, 3], "segments": 3,
            "achieved_per_s": 0.0, "next_in_s": None, "eta_s": None, "slowed_for_s": None,
        },
    ],
    "limits": [
        {
            "kind": "registration", "name": "CMP1", "carrier": "tmobile", "rate": 4.0, "configured_rate": 4.0,
            "burst": 2,
            "queued": [0, 1, 800], "segments": 1600, "achieved_per_s": 4.0, "held_up": 801, "next_in_s": 0.2,
            "eta_s": 400.0, "slowed_for_s": None,
        },
    ],
    "days": [
        {
            "brand": "Harbor & Pine", "cap": 2000, "used": 2000, "left": 0, "spent": True, "resets_in_s": 30000.0,
            "held_up": 310, "queued": [0, 0, 310], "segments": 620,
        },
    ],
}  # fmt: skip


def show_busy(page: Page) -> None:
    page.route("**/api/v1/system/pace", lambda route: route.fulfill(json=BUSY))
    page.goto("/system/sending")
    page.get_by_role("heading", name="Daily caps", exact=True).wait_for()


def test_the_sending_page_says_what_is_slowed_paused_or_used_up_and_lets_another_server_send(page: Page) -> None:
    asked: list[object] = []

    def hand_over(route: Route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(json={})

    page.route("**/api/v1/system/hand-over", hand_over)
    show_busy(page)
    expect(page.get_by_text("5/s of 10/s")).to_be_visible()
    expect(page.get_by_text("whole again in 42 s")).to_be_visible()
    expect(page.get_by_role("row", name="(617) 555-0101")).to_contain_text("paused")
    expect(page.get_by_role("row", name="CMP1 to T-Mobile")).to_contain_text("801")
    expect(page.get_by_text("used up: 310 texts wait 8 h for midnight in Los Angeles")).to_be_visible()
    page.get_by_role("button", name="Let it send").click()
    expect(page.get_by_role("button", name="Let it send")).to_be_enabled()
    assert asked == [{"gen": 2}]


# Why axe could not measure a text's contrast, where that says nothing about the text: it is scrolled out of its box, or
# hidden below another pane. All else that it leaves undecided is a complaint, above all a text of its ground's colour.
OUT_OF_SIGHT = {"elmPartiallyObscured", "elmPartiallyObscuring", "outsideViewport"}


def why_undecided(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    keys = [(check.get("data") or {}).get("messageKey") for check in checks]
    return next((key for key in keys if key), "unknown")


def complaints(page: Page, within: str = "html") -> list[str]:
    """What axe finds *within*, by all rules in the light and by the one that colours matter to in the dark.

    The page follows the system's scheme while it is looked at. What waits for a newer answer is faint meanwhile.
    """
    expect(page.locator("[data-stale]")).to_have_count(0)
    page.evaluate(
        """() => Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition)
            .map((one) => one.finished.catch(() => null))).then(() => null)"""
    )
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    dark = [f"dark: {complaint}" for complaint in _complaints_in(page, "dark", ["color-contrast"], within)]
    return dark + _complaints_in(page, "light", RULES, within)


def _complaints_in(page: Page, scheme: Scheme, rules: list[str], within: str) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
    found = _run_axe(page, within, rules)
    bad = [(rule["id"], node) for rule in found["violations"] for node in rule["nodes"]]
    for node in _undecided(found):
        # Where a page scrolls, a text may lie below what stands at its edge; where it is read, it does not.
        page.locator(node["target"][-1]).first.evaluate("element => element.scrollIntoView({ block: 'center' })")
        again = _run_axe(page, node["target"][-1], ["color-contrast"])
        bad += [(rule["id"], each) for rule in again["violations"] for each in rule["nodes"]]
        bad += [(f"contrast undecided, {why_undecided(each)}", each) for each in _undecided(again)]
    return [f"{rule}: {node['html'][:160]} {node.get('failureSummary', '')[:240]}" for rule, node in bad]


def _run_axe(page: Page, within: str, rules: list[str], without: str | None = None) -> dict[str, Any]:
    """What it finds by *rules*, or rules so labelled, *without* one."""
    found: dict[str, Any] = page.evaluate(
        """async ([within, runOnly, without]) => {
            const resultTypes = ["violations", "incomplete"];
            const rules = without ? { [without]: { enabled: false } } : {};
            const { violations, incomplete } = await axe.run(within, { runOnly, rules, resultTypes });
            return { violations, incomplete };
        }""",
        [within, rules, without],
    )
    return found


def _undecided(found: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = [node for rule in found["incomplete"] if rule["id"] == "color-contrast" for node in rule["nodes"]]
    return [node for node in nodes if why_undecided(node) not in OUT_OF_SIGHT]


def _inbox(page: Page, live: Live) -> None:
    at_the_inbox(page)


def _thread(page: Page, live: Live) -> None:
    open_thread(page, conversation(page, live)["thread_id"])
    message_box(page).fill("“" + "a" * 140)


def _opted_out(page: Page, live: Live) -> None:
    row = conversation(page, live, "Hello", "STOP")
    open_thread(page, thread_of(page, row["address"], lambda row: row["opted_out"])["thread_id"])


def _held(page: Page, live: Live) -> None:
    row = conversation(page, live, "Hello", "Not interested")
    open_thread(page, thread_of(page, row["address"], lambda row: row["held"])["thread_id"])
    page.get_by_role("region", name="Needs review").get_by_role("button").first.wait_for()


def _review(page: Page, live: Live) -> None:
    row = conversation(page, live, "Hello", "Not interested")
    thread_of(page, row["address"], lambda row: row["held"])
    page.goto("/phone/sms/review")
    page.locator("[data-review]").first.wait_for()


def _confirm(page: Page, live: Live) -> None:
    _review(page, live)
    page.get_by_role("button", name="They want to stop").first.click()


def _system(page: Page, live: Live) -> None:
    page.goto("/system")
    page.get_by_role("row", name="limiter").first.wait_for()


def _account(page: Page, live: Live) -> None:
    at_the_inbox(page)
    page.get_by_role("button", name="account and appearance").click()
    page.get_by_role("button", name="Log out").wait_for()


def _shortcuts(page: Page, live: Live) -> None:
    at_the_inbox(page)
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


PLACES = (_inbox, _thread, _opted_out, _held, _review, _confirm, _system, _account, _shortcuts)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_no_page_has_a_barrier(open_tab: OpenTab, live: Live, place: Callable[[Page, Live], None], width: int) -> None:
    page = open_tab(width=width)
    place(page, live)
    # what lies behind the member's menu is half hidden by it
    assert complaints(page, "[role=dialog]" if place is _account else "html") == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_login_has_no_barrier(stranger: Page, live: Live, width: int) -> None:
    stranger.set_viewport_size({"width": width, "height": 800})
    stranger.goto("/login")
    stranger.get_by_role("button", name=live.logins[0]["name"]).wait_for()
    assert complaints(stranger) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_sending_page_has_no_barrier_idle_or_busy(open_tab: OpenTab, width: int) -> None:
    page = open_tab(width=width)
    page.goto("/system/sending")
    page.get_by_role("heading", name="Numbers", exact=True).wait_for()
    assert complaints(page) == []
    show_busy(page)
    assert complaints(page) == []
