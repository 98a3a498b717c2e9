"""From a person's reply to its receipt through a whole server, and what STOP means on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from server.domain.gate import MessageClass
from server.ports import EnqueueMt
from tests.integration.server import ANN, CARRIER_BLOCKS, Live, eventually, running

STOPPED = "Harbor & Pine: You are unsubscribed and will get no more texts from us. Reply START to resubscribe."


async def messages(it: Live, thread: int) -> list[tuple[str, str]]:
    rows = await it.sql("SELECT direction, body FROM message WHERE thread_id = $1 ORDER BY seq", thread)
    return [(row["direction"], row["body"]) for row in rows]


async def heard(it: Live, thread: int) -> list[str]:
    """What we have written to this person, once nothing more is queued."""

    async def is_settled() -> bool:
        return not await it.value("SELECT count(*) FROM outbox WHERE state <> 'held'")

    await eventually(is_settled)
    return [body for direction, body in await messages(it, thread) if direction == "out"]


async def enqueue(it: Live, thread: int, klass: MessageClass, **more: object) -> None:
    now = datetime.now(UTC)
    mt = EnqueueMt(1, thread, uuid4(), b"x", klass, "An offer", 1, now, author_id=ANN, **more)  # type: ignore[arg-type]  # due_at
    await it.store.ledger.enqueue_mt(mt)


async def test_a_reply_goes_out_and_its_bubble_says_delivered(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        async with it.socket(ANN, f"thread:{thread}") as tab:
            ack = await tab.command("send", thread_id=thread, body="Yes, it is")
            seq = ack["data"]["seq"]
            states: list[str] = []
            while states[-1:] != ["delivered"]:
                event = (await tab.hear("event"))["data"]
                if event["kind"] == "status" and event["ref"] == seq:
                    states.append(event["state"])
        assert states in (["sent", "delivered"], ["delivered"])
        assert it.wired() == ["Yes, it is"]


async def test_a_number_that_the_carrier_blocks_is_rejected_in_words_and_marked(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet(CARRIER_BLOCKS)
        async with it.socket(ANN, f"thread:{thread}", "inbox") as tab:
            await tab.command("send", thread_id=thread, body="Hello?")
            status = (await tab.hear("event"))["data"]
            while status["kind"] != "status":
                status = (await tab.hear("event"))["data"]
            await eventually(lambda: it.value("SELECT carrier_blocked FROM endpoint"))
            again = await tab.command("send", thread_id=thread, body="Hello?")
        assert (status["state"], status["error_code"]) == ("rejected", "21610")
        assert "carrier blocks" in status["error"]
        assert again["code"] == "opted_out"


async def test_a_stop_is_confirmed_once_and_a_second_one_not_at_all(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        it.write_in("STOP")
        await it.becomes(thread, "delivered")
        assert await it.value("SELECT opted_out FROM endpoint")
        it.write_in("stop")
        it.write_in("HELP")
        await it.becomes(thread, "delivered", "delivered")
        answers = await heard(it, thread)
        assert answers[0] == STOPPED
        assert answers[1].startswith("Harbor & Pine: For help contact (617) 555-0100.")


async def test_to_who_opted_out_a_person_writes_knowingly_and_bulk_not_at_all(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        it.write_in("STOP")
        await it.becomes(thread, "delivered")
        async with it.socket(ANN) as tab:
            refused = await tab.command("send", thread_id=thread, body="One more thing")
            sent = await tab.command("send", thread_id=thread, body="One more thing", acknowledged_opt_out=True)
            assert (refused["code"], sent["t"]) == ("opted_out", "ack")
        await it.becomes(thread, "delivered", "delivered")
        await enqueue(it, thread, MessageClass.BULK)
        await it.becomes(thread, "delivered", "delivered", "blocked")
        assert it.carrier.ledger.counts["accepted"] == 2


@pytest.mark.parametrize(
    ("send", "state"),
    [pytest.param(True, "delivered", id="sent anyway"), pytest.param(False, "cancelled", id="dropped")],
)
async def test_a_reply_that_a_stop_overtook_waits_for_a_person(
    dsn: str, tmp_path: Path, send: bool, state: str
) -> None:
    async with running(dsn, tmp_path) as it:
        thread = await it.meet()
        async with it.socket(ANN, f"thread:{thread}") as tab:
            async with it.no_text_leaves():
                seq = (await tab.command("send", thread_id=thread, body="See you at four"))["data"]["seq"]
                it.write_in("STOP")
                await eventually(lambda: it.value("SELECT opted_out FROM endpoint"))
            held = (await tab.hear("event"))["data"]
            while held.get("state") != "held":
                held = (await tab.hear("event"))["data"]
            assert held["ref"] == seq
            released = await tab.command("release", thread_id=thread, seq=seq, send=send)
            assert released["data"] == {"released": True}
        await it.becomes(thread, state, "delivered")
        assert ("See you at four" in it.wired()) is send


async def test_an_answer_that_never_came_is_found_in_the_carriers_list(dsn: str, tmp_path: Path) -> None:
    async with running(dsn, tmp_path, receipts=False) as it:
        thread = await it.meet()
        it.carrier.faults.scripted.append("accept_reset")
        async with it.socket(ANN) as tab:
            await tab.command("send", thread_id=thread, body="Did you get this?")
        await eventually(lambda: it.value("SELECT count(*) FROM attempt WHERE state = 'accepted'"))
        assert it.wired() == ["Did you get this?"]
