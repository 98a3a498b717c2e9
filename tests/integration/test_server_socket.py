"""What browsers see of a whole server: live, after a cut, in two tabs, and nothing of another workspace."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.server import ANN, BOB, EVE, LIAM, MAYA, eventually, running
from tests.ws.conftest import Ended


async def test_an_inbound_text_reaches_whoever_looks(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        async with it.socket(ANN, "inbox", "user", f"thread:{thread}") as tab:
            it.write_in("Is it still available?")
            event = await tab.hear("event", ch=f"thread:{thread}")
            row = await tab.hear("state", ch="inbox", key=str(thread))
            badge = await tab.hear("state", ch="user", key="badge")
        assert event["data"]["message"]["body"] == row["data"]["preview"] == "Is it still available?"
        assert row["data"]["in_total"] == 2
        assert badge["data"] == {"unread_threads": 1}


async def test_a_thread_that_begins_reaches_the_inbox(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it, it.socket(ANN, "inbox") as tab:
        it.write_in("Hi there")
        row = await tab.hear("state", ch="inbox")
        assert (row["data"]["address"], row["data"]["preview"]) == (MAYA, "Hi there")


# Coming back


async def test_a_thread_resumes_without_a_gap_or_a_repetition(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        channel = f"thread:{thread}"
        async with it.socket(ANN) as tab:
            before = await tab.open(channel)
        for n in range(5):
            it.write_in(f"while away {n}")
        await eventually(lambda: it.value("SELECT last_seq >= 6 FROM thread"))
        async with it.socket(ANN) as tab:
            back = await tab.open(channel, after=before["seq"], epoch=before["epoch"])
            it.write_in("after")
            heard = [await tab.hear("event", ch=channel) for _ in range(6)]
        assert back["resumed"] is True
        assert [event["seq"] for event in heard] == [2, 3, 4, 5, 6, 7]
        assert heard[-1]["data"]["message"]["body"] == "after"


@pytest.mark.parametrize(
    "position",
    [
        pytest.param({"after": 1, "epoch": str(uuid4())}, id="the position is of another history"),
        pytest.param({"after": 99}, id="the position is ahead of the thread"),
    ],
)
async def test_a_position_that_means_nothing_here_gets_a_snapshot(
    dsn: str, tmp_path: Path, position: dict[str, object]
) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        epoch = str(await it.store.inbox.epoch())
        async with it.socket(ANN) as tab:
            answer = await tab.open(f"thread:{thread}", **({"epoch": epoch} | position))
            snapshot = await tab.hear("snapshot", ch=f"thread:{thread}")
        assert answer["resumed"] is False
        assert (snapshot["epoch"], snapshot["seq"]) == (epoch, 1)
        assert [message["body"] for message in snapshot["data"]["messages"]] == ["Hello"]


async def test_the_inbox_resumes_with_the_rows_that_changed(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        await it.meet(MAYA)
        liam = await it.meet(LIAM)
        async with it.socket(ANN) as tab:
            before = await tab.open("inbox")
        it.write_in("while away", from_=LIAM)
        await eventually(lambda: it.value("SELECT last_seq = 2 FROM thread WHERE id = $1", liam))
        async with it.socket(ANN) as tab:
            back = await tab.open("inbox", p=before["p"], epoch=before["epoch"])
            snapshot = await tab.hear("snapshot", ch="inbox")
        assert (back["resumed"], snapshot["data"]["partial"]) == (True, True)
        assert {row["thread_id"]: row["preview"] for row in snapshot["data"]["rows"]}[liam] == "while away"


# Commands


async def test_a_command_that_is_sent_again_has_the_same_answer_and_sends_once(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        async with it.socket(ANN) as tab, it.socket(ANN) as other:
            cmd = str(uuid4())
            first = await tab.command("send", cmd, thread_id=thread, body="Yes, it is")
            again = await other.command("send", cmd, thread_id=thread, body="Yes, it is")
            another = await tab.command("send", cmd, thread_id=thread, body="No, it is gone")
        assert (first["t"], again["t"]) == ("ack", "ack")
        assert (first["data"]["seq"], first["data"]["again"]) == (again["data"]["seq"], False)
        assert again["data"]["again"] is True
        assert (another["t"], another["code"]) == ("err", "conflict")
        await it.becomes(thread, "delivered")
        assert it.carrier.ledger.counts["accepted"] == 1


async def test_reading_in_one_tab_is_seen_in_the_others_of_that_member_only(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        async with it.socket(ANN) as here, it.socket(ANN, "user") as there, it.socket(BOB, "user") as elsewhere:
            await there.quiet()
            await elsewhere.quiet()
            ack = await here.command("mark_read", thread_id=thread, up_to=1)
            mark = await there.hear("state", key=f"read:{thread}")
            badge = await there.hear("state", key="badge")
            assert (ack["data"]["in_ord"], mark["data"]["in_ord"], badge["data"]["unread_threads"]) == (1, 1, 0)
            assert await elsewhere.quiet() == []


async def test_another_workspaces_thread_is_not_there(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        async with it.socket(ANN, f"thread:{thread}", "inbox", "user") as ann, it.socket(EVE) as eve:
            await ann.quiet()
            assert (await eve.open(f"thread:{thread}"))["code"] == "not_found"
            refused = [
                await eve.command("send", thread_id=thread, body="Hello"),
                await eve.command("mark_read", thread_id=thread, up_to=1),
                await eve.command("mark_unread", thread_id=thread, from_ord=1),
            ]
            assert [answer.get("code") for answer in refused] == ["not_found"] * 3
            released = await eve.command("release", thread_id=thread, seq=1, send=True)
            assert released["data"] == {"released": False}
            await eve.command("typing", thread_id=thread, typing=True)
            heard = [frame for frame in await ann.quiet() if frame.get("key") != "suggestions"]  # of whoever looks
            assert heard == []
        assert await it.states(thread) == []


async def test_typing_is_seen_by_those_who_have_the_thread_open(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        channel = f"thread:{thread}"
        async with it.socket(ANN, channel) as ann, it.socket(BOB, channel) as bob:
            await bob.command("typing", thread_id=thread, typing=True)
            seen = await ann.hear("state", ch=channel, key=f"typing:{BOB}")
        assert (seen["data"]["name"], seen["data"]["typing"]) == ("Bob", True)


# Ending


async def test_logging_out_ends_the_sockets_of_that_login_only(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        here, there = await it.log_in(ANN), await it.log_in(ANN)
        async with it.socket(headers=here) as ended, it.socket(headers=there) as stays:
            answer = await it.http.post("/api/v1/logout", headers=here | {"X-CSRF": "1"})
            assert answer.status_code == 204
            assert (await ended.closed())[0] == 4501
            assert await stays.quiet() == []
            async with it.socket(headers=here) as refused:
                assert (await refused.closed())[0] == 4500


async def test_nobody_comes_in_without_a_login_or_from_another_page(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        async with it.socket(headers={"Origin": it.url}) as stranger:
            assert (await stranger.closed())[0] == 4500
        headers = await it.log_in(ANN) | {"Origin": "http://evil.example"}
        with pytest.raises(Ended, match="1006"):
            async with it.socket(headers=headers):
                pass


async def test_who_comes_to_a_stop_is_told_when_to_come_back(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it, it.socket(ANN, "inbox") as tab:
        it.ending.ask()
        code, reason = await tab.closed()
        assert code == 1012
        assert reason.startswith("retry_after_s=")
