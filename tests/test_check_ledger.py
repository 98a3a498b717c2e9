"""The judge of crash runs: green over a small true run, red for each way in which that run could have gone wrong."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trio

from server.domain.carrier import Accepted, Receipt, Unknown
from server.domain.gate import MessageClass
from server.ports import Authorised
from tests.store.world import ALICE, BOB, NOON, OUR_NUMBER, World, later, open_world
from tools.check_ledger import main

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Run:
    """A world whose carrier keeps a ledger; its clock goes on by a second with each text."""

    world: World
    path: Path
    lines: list[dict[str, Any]] = field(default_factory=list)
    torn: str = ""
    _sids: Any = field(default_factory=itertools.count)
    _now_ns: int = 10**12

    async def receive(self, body: str, *, from_: str = ALICE, keyword: Any = None, answered: int | None = 200) -> str:
        """A text comes in, and is stored whatever the carrier heard."""
        sid = f"SM{next(self._sids)}"
        self.write_mo(sid, body, from_, answered)
        await self.world.receive(body, from_=from_, keyword=keyword, provider_id=sid)
        return sid

    def write_mo(self, sid: str, body: str, from_: str, answered: int | None = 200) -> None:
        sha = hashlib.sha256(body.encode()).hexdigest()
        facts = {"from": from_, "to": OUR_NUMBER, "body_sha256": sha}
        self.write("mo", sid, **facts, answered=answered, posted_ns=self._now_ns)

    async def authorise(self, thread_id: int, klass: MessageClass = MessageClass.PERSON) -> Authorised:
        await self.world.send(thread_id, klass=klass)
        (mt,) = await self.world.authorise()
        return mt

    async def send(self, thread_id: int, klass: MessageClass = MessageClass.PERSON) -> Authorised:
        """A text goes out, is accepted and delivered."""
        mt = await self.authorise(thread_id, klass)
        sid = self.accept(mt)
        ledger = self.world.store.ledger
        await ledger.record_outcome(mt.attempt_id, self.world.gen, Accepted(sid, "queued", mt.cost), NOON)
        await ledger.apply_receipt(1, Receipt(sid, "delivered", attempt_id=mt.attempt_id), NOON)
        self.write("receipt", sid, status="delivered", answered=204, posted_ns=self._now_ns)
        return mt

    def accept(self, mt: Authorised, attempt: str | None = None) -> str:
        sid = f"SM{next(self._sids)}"
        callback = f"http://127.0.0.1:1/webhooks/twilio/AC1/status?attempt={attempt or mt.attempt_id}"
        facts = {"from": mt.request.from_, "to": mt.request.to, "body_sha256": "", "segments": mt.cost}
        self.write("accepted", sid, **facts, status_callback=callback)
        return sid

    def write(self, kind: str, sid: str, **facts: Any) -> None:
        self._now_ns += 10**9
        self.lines.append({"t": kind, "sid": sid, **facts, "mono_ns": self._now_ns, "wall": "2026-03-10T16:00:00Z"})

    async def judged(self, *options: str) -> tuple[int, dict[str, Any]]:
        """The checker's exit code and what it printed."""
        self.path.write_text("".join(json.dumps(line) + "\n" for line in self.lines) + self.torn)
        done = await trio.run_process(
            [str(ROOT / "tools" / "check_ledger"), str(self.path), self.world.dsn, *options],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout or b"{}") or {"error": done.stderr.decode()}


@pytest.fixture
async def run(dsn: str, tmp_path: Path) -> AsyncIterator[Run]:
    """Alice and Bob write; Bob gets a person's texts, Alice a bulk text before her STOP. Nothing is wrong."""
    async with open_world(dsn) as world:
        run = Run(world, tmp_path / "ledger.jsonl")
        await run.receive("Hello")
        await run.receive("Hello", from_=BOB, answered=503)
        for _ in range(12):
            await run.send(2)
        await run.send(1, MessageClass.BULK)
        await run.receive("STOP", keyword="STOP")
        yield run


async def test_a_true_run_is_green(run: Run) -> None:
    code, told = await run.judged()
    assert code == 0, told
    assert (told["sent"], told["inbound"], told["findings"]) == (13, 3, {})
    assert all(told[name] == 0 for name in ("lost", "duplicate", "after_stop", "over_rate", "unconfirmed"))


@pytest.mark.parametrize("way", ["duplicate", "lost", "after_stop", "over_rate"])
async def test_a_falsified_ledger_is_red_for_what_was_falsified(run: Run, way: str) -> None:
    code, told = await run.judged("--tamper", way)
    assert code == 1
    assert told[way] > 0


async def test_a_torn_last_line_is_nothing_and_a_torn_line_before_it_an_error(run: Run) -> None:
    run.torn = '{"t": "acc'
    assert (await run.judged())[0] == 0
    run.torn = '{"t": "acc\n{}\n'
    assert (await run.judged())[0] == 2


async def test_an_empty_ledger_proves_nothing(run: Run) -> None:
    run.lines.clear()
    assert (await run.judged())[0] == 2


async def test_kills_are_counted_by_their_place(run: Run, tmp_path: Path) -> None:
    kills = tmp_path / "kills.jsonl"
    kills.write_text('{"at": "t1_before"}\n{"at": "random"}\n{"at": "t1_before"}\n')
    _, told = await run.judged("--kills", str(kills))
    assert (told["kills"], told["kills_at"]) == (3, {"random": 1, "t1_before": 2})


# What the database may have got wrong


async def _forget_text(run: Run) -> None:
    run.write_mo("SMunknown", "Is anybody there?", BOB)


async def _store_twice(run: Run) -> None:
    await run.world.receive("Hello", provider_id="SMtwin")


async def _unstore(run: Run) -> None:
    await run.world.sql("UPDATE message SET body = 'Other' WHERE thread_id = 1 AND in_ord = 1")


async def _leave_queued(run: Run) -> None:
    await run.world.send(2)


async def _refuse_accepted(run: Run) -> None:
    await run.world.sql("UPDATE message SET state = 'rejected', rank = 50 WHERE thread_id = 1 AND direction = 'out'")


async def _fall_back(run: Run) -> None:
    await run.world.sql("UPDATE message SET state = 'sent', rank = 20 WHERE thread_id = 1 AND direction = 'out'")


async def _lose_event(run: Run) -> None:
    await run.world.sql("DELETE FROM thread_event WHERE thread_id = 2 AND seq = 3")


async def _skip_ordinal(run: Run) -> None:
    await run.world.sql("UPDATE thread SET in_total = in_total + 1 WHERE id = 2")


async def _accept_unknown_attempt(run: Run) -> None:
    run.accept(await run.send(2), attempt=str(uuid4()))


async def _send_while_opted_out(run: Run) -> None:
    await run.world.sql("UPDATE attempt SET consent_epoch = 1 WHERE thread_id = 1")


async def _confirm_nothing(run: Run) -> None:
    await _give_up(run)
    await run.world.sql("UPDATE attempt SET reason = NULL WHERE state = 'unconfirmed'")


async def _give_up(run: Run) -> None:
    mt = await run.authorise(2)
    ledger = run.world.store.ledger
    await ledger.record_outcome(mt.attempt_id, run.world.gen, Unknown("no answer within 15 s"), NOON)
    await ledger.give_up(mt.attempt_id, later(60))


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        pytest.param(_forget_text, "lost_inbound", id="an inbound text that never came in"),
        pytest.param(_unstore, "lost_inbound", id="an inbound text stored with other words"),
        pytest.param(_store_twice, "duplicate", id="an inbound text stored twice"),
        pytest.param(_leave_queued, "lost_outbound", id="a text that still waits"),
        pytest.param(_refuse_accepted, "wrong_state", id="an accepted text shown as refused"),
        pytest.param(_fall_back, "gaps", id="a state below its receipt"),
        pytest.param(_lose_event, "gaps", id="a gap in a thread's events"),
        pytest.param(_skip_ordinal, "gaps", id="a gap in a thread's inbound texts"),
        pytest.param(_accept_unknown_attempt, "duplicate", id="an accepted text that nobody authorised"),
        pytest.param(_send_while_opted_out, "after_stop", id="bulk authorised at an epoch of refusal"),
        pytest.param(_confirm_nothing, "unexplained", id="an unconfirmed text without a reason"),
    ],
)
async def test_a_broken_promise_is_red(run: Run, wrong: Callable[[Run], Any], name: str) -> None:
    await wrong(run)
    code, told = await run.judged()
    assert (code, told[name]) == (1, 1), told


async def test_an_explained_unconfirmed_text_is_counted_and_green(run: Run) -> None:
    await _give_up(run)
    code, told = await run.judged()
    assert (code, told["unconfirmed"]) == (0, 1), told


async def test_bulk_on_its_way_at_a_stop_is_counted_apart_until_300_ms(run: Run) -> None:
    stop = next(line for line in run.lines if line["t"] == "mo" and line["sid"] == run.lines[-1]["sid"])
    bulk = next(line for line in run.lines if line["t"] == "accepted" and line["to"] == ALICE)
    bulk["mono_ns"] = stop["mono_ns"] + 290_000_000
    code, told = await run.judged()
    assert (code, told["in_flight_at_stop"], told["after_stop"]) == (0, 1, 0), told
    bulk["mono_ns"] = stop["mono_ns"] + 310_000_000
    assert (await run.judged())[1]["after_stop"] == 1


async def test_a_start_in_between_lifts_the_stop(run: Run) -> None:
    await run.receive("START", keyword="START", answered=503)
    await run.send(1, MessageClass.BULK)
    code, told = await run.judged()
    assert code == 0, told


def test_a_file_that_is_not_there_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(tmp_path / "nowhere"), "postgresql://127.0.0.1:9/x"]) == 2
    assert "No such file" in capsys.readouterr().err


def test_help_names_the_ways_to_falsify() -> None:
    done = subprocess.run([str(ROOT / "tools" / "check_ledger"), "-h"], capture_output=True, text=True, check=True)
    assert "duplicate,lost,after_stop,over_rate" in done.stdout
