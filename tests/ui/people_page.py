"""People, as the tests of their pages make them and speak of them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

from tests.ui.live_server import Live


class Office:
    """What the tests need to be there, made over the API by whoever is logged in on *page*."""

    def __init__(self, page: Page, live: Live) -> None:
        self.page, self.live = page, live

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.page.request.fetch(
            f"/api/v1{path}", method=method, data=body, headers={"X-CSRF": "1", "Origin": self.live.url}
        )
        assert answer.ok, answer.text()
        return None if answer.status == 204 else answer.json()

    def contact(self, first: str | None = None, **values: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.ask("POST", "/contacts", {"first_name": first or word(), **values})
        return made

    def row(self, contact_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/contacts/{contact_id}")
        return found

    def patch(self, contact_id: int, **values: Any) -> None:
        self.ask("PATCH", f"/contacts/{contact_id}", values)

    def tagged(self, tag: str, count: int, **values: Any) -> list[dict[str, Any]]:
        """*count* new people with a tag of their own, by name in their order."""
        return [self.contact(f"{tag} {n:02}", tags=[tag], **values) for n in range(count)]

    def tag_id(self, name: str) -> int:
        found: int = next(one["tag_id"] for one in self.ask("GET", "/tags")["tags"] if one["name"] == name)
        return found


def word(prefix: str = "Q") -> str:
    """A name that no other test and no demo has."""
    return f"{prefix}{uuid4().hex[:7]}".capitalize()


# Of places where no simulated person lives and the clocks are the demo's.
_AREAS = (302, 201, 609, 732, 856, 908, 973, 551, 848, 862, 339, 351, 401, 860, 475, 203, 717, 484, 570, 814)
_phones = (f"+1{area}555{n:04}" for area in _AREAS for n in range(100, 200))


def phone() -> str:
    """A number that nobody else has, and that no other test gets."""
    return next(_phones)


def show(page: Page, q: str = "") -> None:
    page.goto(f"/people?q={q}" if q else "/people")
    page.locator("[data-person]").first.wait_for()


def rows(page: Page) -> Locator:
    """Those that are drawn; of a long list these are not all."""
    return page.locator("[data-person]")


def row_of(page: Page, contact: dict[str, Any]) -> Locator:
    return page.locator(f"[data-person='{contact['contact_id']}']")


def counted(page: Page) -> Locator:
    return page.get_by_test_id("people-count")


def open_contact(page: Page, contact: dict[str, Any]) -> None:
    page.goto(f"/people/{contact['contact_id']}")
    page.get_by_role("heading", name="Details", exact=True).wait_for()
    page.wait_for_load_state("networkidle")  # what comes later moves the cards below it, away from under a click


def choose_field(page: Page, field: str, comparison: str | None = None, value: str | None = None, nth: int = 0) -> None:
    """Write the *nth* condition of the builder."""
    page.get_by_label("Field", exact=True).nth(nth).select_option(label=field)
    condition = page.get_by_label("Field", exact=True).nth(nth).locator("xpath=ancestor::*[@role='group'][1]")
    if comparison:
        condition.get_by_label("Comparison").select_option(label=comparison)
    if value is not None:
        box = condition.get_by_label("Value", exact=True)
        if box.evaluate("box => box.tagName") == "SELECT":
            box.select_option(label=value)
        else:
            box.fill(value)


def open_builder(page: Page) -> Locator:
    page.get_by_role("button", name="Filter", exact=False).filter(has_text="Filter").first.click()
    builder = page.get_by_role("region", name="Filter", exact=True)
    expect(builder.get_by_label("Comparison").first).to_be_visible()
    return builder
