"""A campaign's figures through a running server: what the carrier and the contact do is seen over the socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from server.domain.gate import MessageClass
from server.ports import Enqueued, EnqueueMt
from tests.integration.server import BOB, EVE, MAYA, Live, running
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
