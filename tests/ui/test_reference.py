"""The API's reference: reached from the member's menu, read without scripts, by everybody."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page, expect

from tests.ui.conftest import Faults, OpenContext, OpenTab, Scheme, at_the_inbox
from tests.ui.test_pages import AXE, RULES, _run_axe, _undecided

SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
CONTRAST: Final = "color-contrast"
# Takes out what shows nothing new: each of its elements is of a kind and classes that stand before it. Gives how many.
_ONE_OF_EACH_LOOK: Final = """() => {
  const seen = new Set();
  const look = (one) => `${one.parentElement.tagName} ${one.tagName} ${one.className}`;
  let out = 0;
  for (const article of document.querySelectorAll("article, details")) {
    const looks = [article, ...article.querySelectorAll("*")].map(look);
    if (looks.every((one) => seen.has(one))) { article.remove(); out += 1; }
    looks.forEach((one) => seen.add(one));
  }
  return out;
}"""


def test_the_menu_leads_to_the_reference_and_its_links_open_what_they_name(open_tab: OpenTab) -> None:
    page = open_tab()
    at_the_inbox(page)
    page.get_by_role("button", name="account and appearance").click()
    page.get_by_role("link", name="API reference").click()
    expect(page.get_by_role("heading", name="Threadline: the API")).to_be_visible()
    page.get_by_role("article").filter(has_text="/api/v1/dialer/sms").get_by_role("link").first.click()
    expect(page.locator("details[open]").first).to_be_in_viewport()
    page.get_by_role("link", name="Back to the inbox").click()
    at_the_inbox(page)


def test_no_barrier_stands_before_the_reference(new_context: OpenContext, faults: Faults) -> None:
    page = _reference(new_context, faults, 390)
    found = _run_axe(page, "html", RULES, without=CONTRAST)
    assert [(rule["id"], node["html"][:120]) for rule in found["violations"] for node in rule["nodes"]] == []


def test_its_words_are_read_in_either_scheme(new_context: OpenContext, faults: Faults) -> None:
    """Of what looks alike one is looked at: the page is long."""
    page = _reference(new_context, faults, 1280)
    assert page.evaluate(_ONE_OF_EACH_LOOK) > 0
    grounds = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        found = _run_axe(page, "html", [CONTRAST])
        assert [node["html"][:120] for rule in found["violations"] for node in rule["nodes"]] == []
        assert [node["html"][:120] for node in _undecided(found)] == []
    assert len(grounds) == len(SCHEMES), "each scheme was looked at"


def _reference(new_context: OpenContext, faults: Faults, width: int) -> Page:
    page: Page = new_context(width=width).new_page()
    faults.watch(page)
    page.goto("/api/docs#frame-InboxRow")
    expect(page.locator("#frame-InboxRow").get_by_text("A row of the inbox without")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the window"
    page.evaluate(AXE)
    return page
