"""Two servers on one database: a text comes in at one, and who looks at the other sees it; with Redis and without."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from pydantic import SecretStr

from server.app import main
from server.app.valkey import Valkey
from tests.integration.server import ANN, BOB, MAYA, Live, Tab, eventually, running

REDIS = [pytest.param(True, id="by Redis"), pytest.param(False, id="without Redis")]


@pytest.fixture(autouse=True)
def _two_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both run in this process: on one machine the second would take the first, of its own pid, for a dead one."""
    machines = itertools.count()
    monkeypatch.setattr(main, "boot_id", lambda: f"machine {next(machines)}")


@asynccontextmanager
async def pair(dsn: str, folder: Path, *, redis: bool = True) -> AsyncIterator[tuple[Live, Live, Valkey]]:
    """Both know of each other. The carrier posts to the first one."""
    valkey = Valkey(folder / "v")
    if redis:
        await valkey.start()
    url = SecretStr(valkey.url) if redis else None
    try:
        async with (
            running(dsn, folder / "one", redis_url=url) as one,
            running(dsn, folder / "two", redis_url=url) as two,
        ):
            await eventually(knowing(one, two))
            if redis:
                await eventually(hearing(one, two))
            yield one, two, valkey
    finally:
        await valkey.stop()


def knowing(*servers: Live) -> Callable[[], Awaitable[bool]]:
    async def know() -> bool:
        return all(one.wiring.lookout.others for one in servers)

    return know


def hearing(*servers: Live) -> Callable[[], Awaitable[bool]]:
    gens = [one.wiring.ground.node.gen for one in servers]

    async def hear() -> bool:
        return all(one.wiring.hints.trusted(gens) for one in servers)

    return hear


async def the_text(tab: Tab, thread: int, body: str) -> dict[str, object]:
    """The event of this text; none before it was missing."""
    event = await tab.hear("event", ch=f"thread:{thread}")
    assert event["data"]["message"]["body"] == body
    return event


@pytest.mark.parametrize("redis", REDIS)
async def test_a_text_in_at_one_is_seen_at_the_other(dsn: str, tmp_path: Path, redis: bool) -> None:
    async with pair(dsn, tmp_path, redis=redis) as (one, two, _):
        thread = await one.meet()
        async with two.socket(ANN, "inbox", "user", f"thread:{thread}") as tab:
            for n in range(5):
                one.write_in(f"text {n}")
                event = await the_text(tab, thread, f"text {n}")
                assert event["seq"] == n + 2
            row = await tab.hear("state", ch="inbox", key=str(thread))
            while row["data"]["last_seq"] < 6:
                row = await tab.hear("state", ch="inbox", key=str(thread))
            assert (row["data"]["preview"], row["data"]["in_total"]) == ("text 4", 6)
            await tab.hear("state", ch="user", key="badge", data={"unread_threads": 1})


@pytest.mark.parametrize("redis", REDIS)
async def test_what_is_sent_read_and_typed_into_the_dialer_is_seen_at_the_other(
    dsn: str, tmp_path: Path, redis: bool
) -> None:
    async with pair(dsn, tmp_path, redis=redis) as (one, two, _):
        thread = await one.meet()
        async with (
            two.socket(ANN, "user", "dialer", f"thread:{thread}") as there,
            one.socket(ANN, "dialer") as here,
        ):
            await here.command("send", thread_id=thread, body="Yes, it is")
            await one.becomes(thread, "delivered")
            head = await one.value("SELECT last_seq FROM thread WHERE id = $1", thread)
            assert head > 2
            for seq in range(2, head + 1):
                assert (await there.hear("event", ch=f"thread:{thread}"))["seq"] == seq, "without a hole"
            await here.command("mark_read", thread_id=thread, up_to=1)
            mark = await there.hear("state", ch="user", key=f"read:{thread}")
            assert mark["data"]["in_ord"] == 1
            told = [await tab.hear("event", ch="dialer", seq=1) for tab in (here, there)]
            assert told[0]["data"] == told[1]["data"]


async def test_a_stop_at_one_voids_what_the_other_is_about_to_send(dsn: str, tmp_path: Path) -> None:
    async with pair(dsn, tmp_path) as (one, two, _):
        await one.meet()
        voided: list[int] = []
        sends, other = (one, two) if one.wiring.limiter.holds else (two, one)
        sends.wiring.announcer.on_consent = lambda flip: voided.append(flip.endpoint_id)
        other.write_in("STOP", from_=MAYA)

        async def is_voided() -> bool:
            return bool(voided)

        await eventually(is_voided)
        assert voided[0] == await one.value("SELECT id FROM endpoint WHERE opted_out")


async def test_redis_may_be_flushed_and_killed_and_come_back(dsn: str, tmp_path: Path) -> None:
    async with pair(dsn, tmp_path) as (one, two, valkey):
        thread = await one.meet()
        async with two.socket(BOB, f"thread:{thread}") as tab:
            one.write_in("with Redis")
            await the_text(tab, thread, "with Redis")
            valkey.kill()
            for n in range(3):
                one.write_in(f"without {n}")
                await the_text(tab, thread, f"without {n}")
            await valkey.stop()
            await valkey.start()
            await eventually(hearing(one, two))
            one.write_in("with Redis again")
            await the_text(tab, thread, "with Redis again")


async def test_a_server_that_was_killed_is_taken_over_and_its_last_text_shown(dsn: str, tmp_path: Path) -> None:
    """Its hint is never told: the text was stored by a server that is gone."""
    async with pair(dsn, tmp_path) as (one, two, _):
        thread = await one.meet()
        async with two.socket(ANN, f"thread:{thread}") as tab:
            one.wiring.hints.tell = lambda announcements: None  # type: ignore[method-assign]  # as one that dies before
            one.write_in("my last words")
            await eventually(lambda: one.value("SELECT last_seq = 2 FROM thread WHERE id = $1", thread))
            one.ending.ask()
            await the_text(tab, thread, "my last words")
            await trio.lowlevel.checkpoint()
