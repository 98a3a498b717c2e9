"""The demo at times at which calendars trip: a text in and a reply out work as at any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.server import ANN, running

STRANGER = "+18025550100"


@pytest.mark.parametrize(
    "wall",
    [
        pytest.param("2026-03-01T08:00:00", id="Sunday 03:00 Eastern"),
        pytest.param("2027-01-01T04:59:50", id="ten seconds before the new year, Eastern"),
        pytest.param("2026-12-31T23:59:50", id="ten seconds before the new year, UTC"),
        pytest.param("2026-03-08T06:59:50", id="the night in which an hour is left out"),
        pytest.param("2026-11-01T05:59:50", id="the night in which an hour comes twice"),
    ],
)
async def test_the_demo_takes_a_text_and_sends_a_reply(dsn: str, tmp_path: Path, wall: str) -> None:
    shown = datetime.fromisoformat(wall).replace(tzinfo=UTC)
    async with running(dsn, tmp_path, demo_at=shown) as it:
        thread = await it.meet(STRANGER)
        async with it.socket(ANN) as tab:
            await tab.open("inbox")
            newest = (await tab.hear("snapshot"))["data"]["rows"][0]
            await tab.command("send", thread_id=thread, body="Good morning")
        await it.becomes(thread, "delivered")
        times = [
            row["created_at"] for row in await it.sql("SELECT created_at FROM message WHERE thread_id = $1", thread)
        ]
    assert newest["thread_id"] == thread
    assert len(times) == 2
    begun = shown - timedelta(seconds=1)  # what the first sweep finds has the carrier's whole seconds
    assert [at for at in times if not begun <= at < shown + timedelta(minutes=5)] == []
