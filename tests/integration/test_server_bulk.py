"""A text to many through a running server: launched by the API, sent by the carrier, watched over the socket."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.server import ANN, BOB, EVE, Live, eventually, running

pytestmark = pytest.mark.integration


@pytest.fixture
async def it(dsn: str, tmp_path: Any) -> Any:
    async with running(dsn, tmp_path, quiet_hours="tools/any_hour.toml") as live:
        yield live


def numbers(count: int) -> list[str]:
    return [f"+1617555{n:04}" for n in range(101, 101 + count)]


async def launched(it: Live, addresses: list[str]) -> int:
    body = {"audience": {"addresses": addresses}, "body": "Open house on Sunday", "cmd_id": str(uuid4())}
    answer = await it.http.post(
        "/api/v1/bulk",
        json=body | {"expected_count": len(addresses)},
        headers={**await it.log_in(ANN), "X-CSRF": "1"},
    )
    assert answer.status_code == 202, answer.text
    bulk_id: int = answer.json()["bulk_id"]
    return bulk_id


async def test_each_gets_it_once_and_who_watches_sees_it_end(it: Live) -> None:
    addresses = numbers(30)
    bulk_id = await launched(it, addresses)
    async with it.socket(BOB, f"bulk:{bulk_id}") as tab:
        snapshot = await tab.hear("snapshot", ch=f"bulk:{bulk_id}")
        data = snapshot["data"]
        while not (data["state"] == "completed" and data["delivered"] == 30):
            data = (await tab.hear("state", ch=f"bulk:{bulk_id}", key="progress"))["data"]
            parts = ("excluded", "pending", "in_flight", "wired", "rejected", "unconfirmed", "skipped")
            assert data["audience"] == 30 == sum(data[part] for part in parts)
    assert [it.wired(address) for address in addresses] == [["Open house on Sunday"]] * 30
    assert await it.value("SELECT count(*) FROM thread") == 30


async def test_a_recall_leaves_nothing_that_could_still_go(it: Live) -> None:
    await it.sql("UPDATE number SET rate = 5")
    addresses = numbers(99)
    bulk_id = await launched(it, addresses)

    async def some_have_left() -> Any:
        return await it.value("SELECT count(*) > 2 FROM campaign_recipient WHERE state = 'wired'")

    await eventually(some_have_left)
    answer = await it.http.post(f"/api/v1/bulk/{bulk_id}/recall", headers={**await it.log_in(ANN), "X-CSRF": "1"})
    assert answer.json()["state"] == "cancelled"
    begun = await it.value("SELECT count(*) FROM attempt")  # of these one may come back unsent, and is not tried again

    async def ended() -> Any:
        return await it.value("SELECT ended_at IS NOT NULL FROM campaign")

    await eventually(ended)
    assert await it.value("SELECT count(*) FROM attempt") == begun
    assert await it.value("SELECT count(*) FROM outbox") == 0
    left = await it.value("SELECT count(*) FROM campaign_recipient WHERE state = 'wired'")
    assert left == sum(len(it.wired(address)) for address in addresses)
    assert left + await it.value("SELECT count(*) FROM campaign_recipient WHERE state = 'skipped'") == 99


async def test_a_text_of_another_workspace_is_no_channel(it: Live) -> None:
    bulk_id = await launched(it, numbers(1))
    async with it.socket(EVE) as tab:
        assert (await tab.open(f"bulk:{bulk_id}"))["t"] == "err"
