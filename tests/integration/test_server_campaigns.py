"""A campaign's figures through a running server: what the carrier and the contact do is seen over the socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from server.domain.gate import MessageClass
from server.ports import Enqueued, EnqueueMt
from tests.integration.server import BOB, EVE, MAYA, NUMBER, SID, Live, running
from tests.store.campaigns import CAMPAIGN, RECIPIENT, STATES

pytestmark = pytest.mark.integration


@pytest.fixture
async def it(dsn: str, tmp_path: Path) -> AsyncIterator[Live]:
    async with running(dsn, tmp_path, quiet_hours="tools/any_hour.toml") as live:
        yield live


async def campaign(it: Live) -> int:
    found: int = await it.value(CAMPAIGN, 1, "campaign", await it.value("SELECT now()"))
    return found


async def write_to(it: Live, campaign_id: int, thread_id: int) -> None:
    """The campaign's text in this thread, as its engine queues it."""
    now, endpoint_id = (
        await it.value("SELECT now()"),
        await it.value("SELECT endpoint_id FROM thread WHERE id = $1", thread_id),
    )
    text = EnqueueMt(
        workspace_id=1, thread_id=thread_id, cmd_id=uuid4(), fingerprint=b"", klass=MessageClass.BULK,
        body="Spring sale", segments=1, now=now, author_id=1, campaign_id=campaign_id,
    )  # fmt: skip
    result = await it.store.ledger.enqueue_mt(text)
    assert isinstance(result, Enqueued)
    await it.sql(RECIPIENT, campaign_id, 1, endpoint_id, thread_id, result.seq, now)


def adds_up(data: dict[str, Any]) -> bool:
    return bool(data["figures"]["audience"] == sum(data["figures"][state] for state in STATES))


async def test_who_watches_sees_its_text_leave_and_a_stop_come_in(it: Live) -> None:
    thread_id, campaign_id = await it.meet(), await campaign(it)
    channel = f"campaign:{campaign_id}"
    async with it.socket(BOB, channel, "campaigns") as tab:
        data = (await tab.hear("snapshot", ch=channel))["data"]
        assert (data["id"], data["figures"]["wired"]) == (campaign_id, 0)
        await write_to(it, campaign_id, thread_id)
        while not data["figures"]["delivered"]:
            data = (await tab.hear("state", ch=channel, key="campaign"))["data"]
            assert adds_up(data)
        it.write_in("STOP")
        while not data["figures"]["opted_out"]:
            data = (await tab.hear("state", ch="campaigns", key=str(campaign_id)))["data"]
        assert (data["figures"]["opted_out"], data["figures"]["replied"]) == (1, 0)
    assert it.wired(MAYA)[0] == "Spring sale"


async def test_a_stops_webhook_is_seen_once_by_whoever_watches_the_campaign(it: Live) -> None:
    thread_id, campaign_id = await it.meet(), await campaign(it)
    channel = f"campaign:{campaign_id}"
    async with it.socket(BOB, channel) as tab:
        data = (await tab.hear("snapshot", ch=channel))["data"]
        await write_to(it, campaign_id, thread_id)
        while not data["figures"]["delivered"]:
            assert data["figures"]["opted_out"] == 0
            data = (await tab.hear("state", ch=channel, key="campaign"))["data"]
        fields = [
            ("MessageSid", "SMstop"), ("AccountSid", SID), ("From", MAYA), ("To", NUMBER), ("Body", "STOP"),
            ("NumMedia", "0"),
        ]  # fmt: skip
        for _ in range(2):  # carriers post it again
            assert (await it.post_inbound(fields)).status_code == 200
        while not data["figures"]["opted_out"]:
            data = (await tab.hear("state", ch=channel, key="campaign"))["data"]
            assert adds_up(data)
    async with it.socket(BOB, channel) as another:
        data = (await another.hear("snapshot", ch=channel))["data"]
        assert (data["figures"]["opted_out"], data["figures"]["replied"]) == (1, 0)


async def test_the_list_opens_with_the_newest_and_another_workspaces_is_no_channel(it: Live) -> None:
    first, second = await campaign(it), await campaign(it)
    async with it.socket(BOB, "campaigns") as tab:
        rows = (await tab.hear("snapshot", ch="campaigns"))["data"]["rows"]
        assert [row["id"] for row in rows] == [second, first]
    async with it.socket(EVE) as tab:
        assert (await tab.open(f"campaign:{first}"))["t"] == "err"
        assert (await tab.open("campaign:0"))["t"] == "err"
    async with it.socket(EVE, "campaigns") as tab:
        assert (await tab.hear("snapshot", ch="campaigns"))["data"]["rows"] == []


async def test_who_watches_sees_a_person_follow_a_link_and_no_bot(it: Live) -> None:
    thread_id, campaign_id = await it.meet(), await campaign(it)
    await write_to(it, campaign_id, thread_id)
    await it.sql("INSERT INTO link_target (workspace_id, url) VALUES (1, 'https://acme.example/tour')")
    await it.sql("INSERT INTO link VALUES ('0123456789A', 1, 1, $1, 1)", campaign_id)
    channel, phone, bot = f"campaign:{campaign_id}", "Mozilla/5.0 (iPhone)", "facebookexternalhit/1.1"
    async with it.socket(BOB, channel) as tab:
        data = (await tab.hear("snapshot", ch=channel))["data"]
        while not data["figures"]["delivered"]:
            data = (await tab.hear("state", ch=channel, key="campaign"))["data"]
        await it.sql("UPDATE campaign_recipient SET left_at = left_at - interval '1 minute'")
        for agent in (bot, phone):
            answer = await it.http.get(f"{it.url}/l/0123456789A", headers={"User-Agent": agent})
            assert (answer.status_code, answer.headers["location"]) == (302, "https://acme.example/tour")
        while not data["figures"]["clicked"]:
            data = (await tab.hear("state", ch=channel, key="campaign"))["data"]
        assert (data["figures"]["clicked"], data["click_through"]) == (1, 1.0)
    rows = await it.sql("SELECT agent, bot FROM link_click ORDER BY id")
    assert [tuple(row) for row in rows] == [(bot, "known_bot"), (phone, None)]


async def test_ten_megabytes_of_headers_end_the_connection_and_nothing_else(it: Live) -> None:
    with suppress(httpx2.TransportError):  # it may hang up while we still write
        answer = await it.http.get(f"{it.url}/l/0123456789A", headers={"X-Long": "x" * 10_000_000})
        assert answer.status_code == 431
    assert (await it.http.get(f"{it.url}/l/0123456789A")).status_code == 404
    assert (await it.http.head(f"{it.url}/l/0123456789A")).status_code == 404
