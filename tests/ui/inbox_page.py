"""What a person sees in the inbox, as the tests speak of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

from server.demo.people import NUMBERS
from tests.ui.live_server import TIMEOUT_S, Live
from tests.ui.people_page import Office, phone

OURS = NUMBERS[0].address
"""The number of ours that has the most room: what a test sends leaves at once."""

MAGIC = "+1802555"
"""How the numbers begin to which the simulated carrier answers with a fault."""


def threads(page: Page) -> list[dict[str, Any]]:
    """The newest of the inbox as the API tells it; other tests may have written many."""
    rows: list[dict[str, Any]] = page.request.get("/api/v1/threads?limit=200").json()["rows"]
    return rows


def takes_texts(row: dict[str, Any]) -> bool:
    refuses = row["opted_out"] or row["held"] or row["carrier_blocked"] or row["invalid"]
    return not refuses and not row["address"].startswith(MAGIC)


def thread_of(page: Page, address: str, fits: Callable[[dict[str, Any]], bool] = lambda row: True) -> dict[str, Any]:
    """The thread with *address*, once there is one that *fits*."""
    late = time.monotonic() + TIMEOUT_S
    while time.monotonic() < late:
        newest = page.request.get("/api/v1/threads?limit=20").json()["rows"]
        if found := next((row for row in newest if row["address"] == address and fits(row)), None):
            row: dict[str, Any] = found
            return row
        page.wait_for_timeout(20)
    raise AssertionError(f"Nothing of the kind was heard from {address}.")


def unique(text: str) -> str:
    """*text*, as no other test writes it."""
    return f"{text} {uuid4().hex[:6]}"


def conversation(page: Page, live: Live, *bodies: str) -> dict[str, Any]:
    """With somebody of this test's own, whose name is known and who has written *bodies* last."""
    contact = Office(page, live).contact(last_name="Alvarez", phones=[{"phone": phone()}])
    address = contact["phones"][0]["address"]
    for count, body in enumerate(bodies or ("Hello",), 1):
        live.text_in(address, OURS, body)
        row = thread_of(page, address, lambda row, count=count: row["last_seq"] >= count)  # type: ignore[misc]
    return row


def quiet_thread(page: Page, live: Live) -> dict[str, Any]:
    """A conversation of this test's own that is not the newest, so that a new text has to move it."""
    thread = conversation(page, live)
    for _ in range(2):
        conversation(page, live)
    return thread


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
