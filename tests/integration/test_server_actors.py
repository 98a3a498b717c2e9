"""What the death of a thread's actor costs in a whole server: nothing that was said, and nobody beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trio

from server.ports import EnqueueMt, EnqueueResult
from tests.integration.server import ANN, LIAM, MAYA, Live, eventually, running

SECRET = "my card is 4000 1234"


class Faulty:
    """T2 with a fault of ours between the commit and the answer, for one thread, so many times."""

    def __init__(self, it: Live, thread: int, times: int) -> None:
        self._real: Callable[[EnqueueMt], Awaitable[EnqueueResult]] = it.wiring.ground.store.ledger.enqueue_mt
        self._thread, self.left = thread, times
        it.wiring.ground.store.ledger.enqueue_mt = self

    async def __call__(self, mt: EnqueueMt) -> EnqueueResult:
        result = await self._real(mt)
        if mt.thread_id == self._thread and self.left:
            self.left -= 1
            raise ZeroDivisionError(mt.body)
        return result


async def actor(it: Live, thread: int) -> dict[str, Any]:
    shown: dict[str, Any] = {str(node["name"]): node for node in (await it.tree("threads"))["children"]}[str(thread)]
    return shown


async def test_a_crash_after_the_commit_sends_once_and_is_shown(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        async with it.socket(ANN, f"thread:{thread}") as tab:
            Faulty(it, thread, times=1)
            cmd = str(uuid4())
            crashed = await tab.command("send", cmd, thread_id=thread, body="Yes, it is")
            again = await tab.command("send", cmd, thread_id=thread, body="Yes, it is")
            assert (crashed["code"], again["t"]) == ("busy", "ack")
            assert again["data"]["again"] is True
            await it.becomes(thread, "delivered")
        assert it.wired() == ["Yes, it is"]
        shown = await actor(it, thread)
        assert (shown["restarts"], shown["last_error"]["type"], shown["state"]) == (1, "ZeroDivisionError", "running")


async def test_an_actor_that_was_killed_in_a_command_loses_nothing_and_its_watchers_look_again(
    dsn: str, tmp_path: Path
) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        channel = f"thread:{thread}"
        async with it.socket(ANN, channel) as tab, it.socket(ANN, channel) as watcher:
            seq = (await watcher.open(channel))["seq"]
            begun, go_on = trio.Event(), trio.Event()
            real = it.wiring.ground.store.ledger.enqueue_mt

            async def slow(mt: EnqueueMt) -> EnqueueResult:
                result = await real(mt)
                begun.set()
                await go_on.wait()
                return result

            it.wiring.ground.store.ledger.enqueue_mt = slow
            cmd = str(uuid4())
            await tab.say(t="command", cmd_id=cmd, data={"name": "send", "thread_id": thread, "body": "Yes"})
            with trio.fail_after(60):
                await begun.wait()
            assert it.wiring.threads.kill(thread)
            go_on.set()
            answer = await tab.command("send", cmd, thread_id=thread, body="Yes")
            while answer["t"] == "err":
                answer = await tab.command("send", cmd, thread_id=thread, body="Yes")
            resync = await watcher.hear("resync")
            assert resync["ch"] == [channel]
            back = await watcher.open(channel, after=seq, epoch=str(await it.store.inbox.epoch()))
            assert back["resumed"] is True
            event = await watcher.hear("event", seq=seq + 1)
            assert event["data"]["message"]["body"] == "Yes"
            await it.becomes(thread, "delivered")
        assert it.wired() == ["Yes"]
        assert (await actor(it, thread))["restarts"] == 1


async def test_a_command_that_crashes_three_times_is_set_aside_without_its_words(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        async with it.socket(ANN) as tab:
            Faulty(it, thread, times=3)
            await tab.command("send", thread_id=thread, body=SECRET)
            [row] = await eventually(lambda: it.sql("SELECT actor, message, traceback FROM quarantine"))
            assert (await tab.command("mark_read", thread_id=thread, up_to=1))["t"] == "ack"
        assert (row["actor"], row["message"]) == (f"threads/{thread}", f"SendReply thread={thread}")
        assert row["traceback"].endswith("\nZeroDivisionError")
        assert "in __call__" in row["traceback"]
        assert SECRET not in row["traceback"]


async def test_a_thread_that_crashes_in_a_loop_is_quarantined_alone(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "server.actors.runtime.registry.delay_s", lambda failures, jitter: 0.0
    )  # no back-off to wait for
    async with running(dsn, tmp_path) as it:
        ill, well = await it.meet(MAYA), await it.meet(LIAM)
        faulty = Faulty(it, ill, times=1000)
        async with it.socket(ANN) as tab, it.socket(ANN, f"thread:{well}") as other:
            asked = acks = 0
            while (await it.tree("threads"))["quarantined"] == 0:
                await tab.command("send", thread_id=ill, body=SECRET)
                acks += (await other.command("send", thread_id=well, body="Still here"))["t"] == "ack"
                asked += 1
            for _ in range(20):
                asked += 1
                acks += (await other.command("mark_read", thread_id=well, up_to=1))["t"] == "ack"
            assert acks == asked
            assert (await tab.command("send", thread_id=ill, body="Hello"))["code"] == "busy"
            assert (await actor(it, ill))["state"] == "quarantined"
            assert (await actor(it, well))["restarts"] == 0
            rows = await eventually(lambda: it.sql("SELECT DISTINCT actor FROM quarantine"))
            assert [row["actor"] for row in rows] == [f"threads/{ill}"]
            faulty.left = 0
            assert it.wiring.threads.release(ill)
            assert (await tab.command("send", thread_id=ill, body="Back"))["t"] == "ack"
