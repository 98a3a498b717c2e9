"""What a person sees in the inbox, as the tests speak of it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

MAGIC = "+1802555"
"""How the numbers begin to which the simulated carrier answers with a fault."""


def threads(page: Page) -> list[dict[str, Any]]:
    """The newest of the inbox as the API tells it; other tests may have written many."""
    rows: list[dict[str, Any]] = page.request.get("/api/v1/threads?limit=200").json()["rows"]
    return rows


def quiet_thread(page: Page, below: int = 5) -> dict[str, Any]:
    """A thread further down whose contact takes texts, so that a new text has to move it."""
    return next(
        row
        for row in threads(page)[below:]
        if not (row["opted_out"] or row["held"] or row["carrier_blocked"] or row["invalid"])
        and not row["address"].startswith(MAGIC)
    )


def row_of(page: Page, thread_id: int) -> Locator:
    return page.locator(f"[role=option][data-id='{thread_id}']")


def shown_times(page: Page) -> list[float]:
    """When the newest text of each drawn row came, in Unix milliseconds, from top to bottom and all at one instant."""
    times: list[float] = page.locator("[role=option]").evaluate_all(
        """rows => rows.sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)
            .map(row => Date.parse(row.querySelector('time').dateTime))"""
    )
    return times


def open_thread(page: Page, thread_id: int) -> None:
    page.goto(f"/phone/sms/{thread_id}")
    page.get_by_role("log").locator("[data-seq]").first.wait_for()


def message_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message", exact=True)


def bubble(page: Page, body: str) -> Locator:
    return page.locator("[role=log] [data-waiting]").filter(has_text=body)


def fate_of(page: Page, body: str) -> Locator:
    """What is said below the run that ends with *body*."""
    return page.locator("[role=log] [data-mine]").filter(has=page.get_by_text(body, exact=True)).locator("[data-state]")


def rests(page: Page) -> None:
    """The mouse is away from the list, so that nothing holds its order back."""
    page.mouse.move(900, 5)
    expect(page.locator("[data-status=live]")).to_be_visible()
