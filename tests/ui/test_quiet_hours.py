"""What an author sees at night: what time it may be there, and until when a text in bulk waits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import trio
from playwright.sync_api import Page, expect

from server.domain.gate import MessageClass
from server.ports import Enqueued, EnqueueMt
from server.store.store import open_store
from tests.ui.inbox_page import OURS, fate_of, message_box, open_thread, takes_texts, thread_of
from tests.ui.live_server import Live, running
from tests.ui.people_page import Office
from tests.ui.test_pages import complaints

NIGHT = datetime(2026, 3, 11, 2, 42, tzinfo=UTC)  # Tuesday, 10:42 PM in New York
BOSTON = "+1617"
_between_zones = (f"+1850555{n:04}" for n in range(100, 200))


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """A server of its own, at night."""
    with running(THREADLINE_WALL_CLOCK=NIGHT.isoformat()) as server:
        yield server


def in_bulk(live: Live, thread: dict[str, Any], body: str) -> None:
    """Queue a text as a campaign would; no page offers that yet."""

    async def queue() -> None:
        async with open_store(live.dsn) as store:
            mt = EnqueueMt(1, thread["thread_id"], uuid4(), b"", MessageClass.BULK, body, 1, NIGHT, 1)
            assert isinstance(await store.ledger.enqueue_mt(mt), Enqueued)

    with ThreadPoolExecutor(1) as beside:  # Playwright has a loop in this thread
        beside.submit(trio.run, queue).result()


def bostonian(page: Page) -> dict[str, Any]:
    rows: list[dict[str, Any]] = page.request.get("/api/v1/threads?show=all&limit=200").json()["rows"]
    return next(row for row in rows if takes_texts(row) and row["address"].startswith(BOSTON) and row["name"])


@pytest.fixture
def night(desk: Page) -> Page:
    return desk


def test_the_author_is_told_what_time_it_is_there_and_may_write(night: Page) -> None:
    thread, body = bostonian(night), f"Sorry to write so late {uuid4().hex[:6]}"
    open_thread(night, thread["thread_id"])
    hint = night.get_by_test_id("quiet-hours")
    expect(hint).to_contain_text(f"PM where {thread['name']} may be. Your reply goes out at once")
    expect(hint).to_contain_text("campaigns wait until Wed 8:00 AM there")
    message_box(night).fill(body)
    night.keyboard.press("Enter")
    expect(fate_of(night, body)).to_contain_text("Delivered")


def test_a_text_in_bulk_says_for_what_it_waits_while_one_looks_and_after_a_reload(night: Page, live: Live) -> None:
    thread, body = bostonian(night), f"Open house on Saturday {uuid4().hex[:6]}"
    open_thread(night, thread["thread_id"])
    in_bulk(live, thread, body)
    expect(fate_of(night, body)).to_contain_text("Waiting for Wed 8:00 AM there")
    night.reload()
    expect(fate_of(night, body)).to_contain_text("Waiting for Wed 8:00 AM there")
    expect(night.get_by_test_id("quiet-hours")).to_be_visible()
    assert complaints(night) == []


def test_a_zip_code_whose_state_has_other_hours_is_named_beside_them(night: Page, live: Live) -> None:
    """Her number is Georgia's, where nothing is said; once it is known that she lives in Miami, Florida is."""
    contact = Office(night, live).contact(last_name="Alvarez", phones=[{"phone": "+16785550173"}])
    live.text_in("+16785550173", OURS, "Is it still free?")
    thread = thread_of(night, "+16785550173")
    open_thread(night, thread["thread_id"])
    hint = night.get_by_test_id("quiet-hours")
    expect(hint).to_contain_text("Your reply goes out at once")
    expect(hint).not_to_contain_text("ZIP code")
    Office(night, live).patch(contact["contact_id"], zip="33130")
    night.reload()
    expect(hint).to_contain_text("Going by the ZIP code they may be in Florida, whose hours count too.")
    assert complaints(night) == []


def test_where_two_zones_are_possible_both_times_are_told(night: Page, live: Live) -> None:
    """850 lies on both sides of a border of zones."""
    sender = next(_between_zones)
    live.text_in(sender, OURS, "Is it still free?")
    open_thread(night, thread_of(night, sender)["thread_id"])
    expect(night.get_by_test_id("quiet-hours")).to_contain_text(" or 10:")
