"""The judge of crash runs: green over a small true run, red for each way in which that run could have gone wrong."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio

from server.domain.carrier import HELD_UP, Accepted, Receipt, Throttled, Unknown
from server.domain.gate import MessageClass
from server.ports import Authorised, Voided
from server.store.ledger.journal import WireJournal
from tests.store.campaigns import spring
from tests.store.world import ALICE, BOB, NOON, OUR_NUMBER, World, later, open_world
from tools.check_ledger import main
from tools.ledger_tamper import WAYS

ROOT = Path(__file__).resolve().parent.parent
CAROL = "+12025550103"


@dataclass
class Run:
    """A world whose carrier keeps a ledger; its clock goes on by a second with each text."""

    world: World
    path: Path
    journal: WireJournal
    journal_id: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    torn: str = ""
    _sids: Any = field(default_factory=itertools.count)
    _now_ns: int = 10**12

    async def receive(self, body: str, *, from_: str = ALICE, keyword: Any = None, answered: int | None = 200) -> str:
        """A text comes in, and is stored whatever the carrier heard."""
        sid = f"SM{next(self._sids)}"
        await self.world.receive(body, from_=from_, keyword=keyword, provider_id=sid)
        self.write_mo(sid, body, from_, answered)
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
        """The carrier takes it, once its mark is written."""
        self.journal.mark(mt.attempt_id)
        sid = f"SM{next(self._sids)}"
        self.write("accepted", sid, **_request(mt, attempt))
        return sid

    def refuse(self, mt: Authorised, told: int | None) -> None:
        self.journal.mark(mt.attempt_id)
        self.write("refused", "", **_request(mt), told=told)

    async def end(self, mt: Authorised, outcome: Any) -> None:
        assert await self.world.store.ledger.record_outcome(mt.attempt_id, self.world.gen, outcome, NOON)

    async def again(self, mt: Authorised) -> Authorised:
        """The text of *mt*, which was queued again, is authorised again."""
        (second,) = await self.world.authorise(now=later(60))
        assert second.outbox_id == mt.outbox_id
        return second

    def write(self, kind: str, sid: str, **facts: Any) -> None:
        self._now_ns += 10**9
        self.lines.append({"t": kind, "sid": sid, **facts, "mono_ns": self._now_ns, "wall": _now()})

    async def judged(self, *options: str) -> tuple[int, dict[str, Any]]:
        """The checker's exit code and what it printed."""
        code, said, complaint = await trio.to_thread.run_sync(_judge, self.arguments(*options))
        return code, json.loads(said or "{}") or {"error": complaint}

    def arguments(self, *options: str) -> list[str]:
        """What the checker is called with, once all that it reads is written."""
        self.path.write_text("".join(json.dumps(line) + "\n" for line in self.lines) + self.torn)
        self.keep()
        return [str(self.path), self.world.dsn, *self.kept, *options]

    @property
    def folder(self) -> Path:
        return self.path.parent / "kept"

    @property
    def kept(self) -> list[str]:
        kills = self.path.parent / "kills.jsonl"
        frozen = ["--kills", str(kills)] if kills.exists() else []
        return [*frozen, *(["--journals", str(self.folder)] if self.folder.exists() else [])]

    def keep(self) -> None:
        """As a crash run does at a server's death."""
        self.folder.mkdir(exist_ok=True)
        for segment in (self.path.parent / "journal").iterdir():
            (self.folder / f"{segment.name}.gz").write_bytes(gzip.compress(segment.read_bytes()))

    def freeze(self, journal: str | None = None) -> None:
        """The server stood still until now, and another took over."""
        facts = {"journal": journal or self.journal_id, "continued_s": self._now_ns / 1e9}
        line = json.dumps({"kind": "freeze", "at": "looked", **facts})
        (self.path.parent / "kills.jsonl").write_text(line + "\n")

    def lose(self) -> None:
        """The server's journal was deleted, and somebody wrote that down."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "losses.jsonl").write_text(json.dumps({"journal": self.journal_id, "how": "deleted"}) + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _request(mt: Authorised, attempt: str | None = None) -> dict[str, Any]:
    callback = f"http://127.0.0.1:1/webhooks/twilio/AC1/status?attempt={attempt or mt.attempt_id}"
    facts = {"from": mt.request.from_, "to": mt.request.to, "body_sha256": "", "segments": mt.cost}
    return {**facts, "status_callback": callback}


def _judge(arguments: list[str]) -> tuple[int, str, str]:
    with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()) as complaint:
        return main(arguments), said.getvalue(), complaint.getvalue()


@pytest.fixture
async def run(dsn: str, tmp_path: Path) -> AsyncIterator[Run]:
    """Alice and Bob write; Bob gets a person's texts, Alice a bulk text before her STOP. Nothing is wrong."""
    async with open_world(dsn) as world:
        journal_id = str(await world.value("SELECT journal_id FROM node WHERE gen = $1", world.gen))
        journal = WireJournal(tmp_path / "journal", UUID(journal_id), records=64)
        run = Run(world, tmp_path / "ledger.jsonl", journal, journal_id)
        await run.receive("Hello")
        await run.receive("Hello", from_=BOB, answered=503)
        for _ in range(12):
            await run.send(2)
        await run.send(1, MessageClass.BULK)
        await run.receive("STOP", keyword="STOP")
        yield run
        journal.close()


async def test_a_true_run_is_green(run: Run) -> None:
    code, told = await run.judged()
    assert code == 0, told
    assert (told["sent"], told["inbound"], told["findings"]) == (13, 3, {})
    assert all(told[name] == 0 for name in ("lost", "duplicate", "after_stop", "over_rate", "unconfirmed"))
    assert told["journals"] == {"kept": 1}


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--tamper", next(iter(WAYS))), 1)], ids=["green", "red"])
async def test_the_command_prints_and_exits_as_its_main_function_does(
    run: Run, options: tuple[str, ...], code: int
) -> None:
    judged = await run.judged(*options)
    command = [str(ROOT / "tools" / "check_ledger"), *run.arguments(*options)]
    done = await trio.run_process(command, capture_stdout=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == judged
    assert done.returncode == code


@pytest.mark.parametrize("way", list(WAYS))
async def test_a_falsified_run_is_red_for_what_was_falsified(run: Run, way: str) -> None:
    """With one text whose answer never came, and one that was queued again as it had not left."""
    await _give_up(run)
    mt = await run.authorise(2)
    await run.end(mt, Voided("too late after it was authorised"))
    await run.end(second := await run.again(mt), Accepted(run.accept(second), "queued", mt.cost))
    run.freeze("another")
    assert (await run.judged())[0] == 0
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
    mixed = '{"at": "at_once", "kind": "mixed"}'
    frozen = '{"at": "looked", "kind": "freeze", "journal": "another", "continued_s": 0.0}'
    kills.write_text(f'{{"at": "t1_before"}}\n{{"at": "random"}}\n{{"at": "t1_before"}}\n{mixed}\n{frozen}\n')
    _, told = await run.judged("--kills", str(kills))
    assert (told["kills"], told["kills_at"]) == (4, {"at_once": 1, "random": 1, "t1_before": 2})
    assert told["kills_by"] == {"mixed": 1, "server": 3}
    assert (told["freezes"], told["freezes_at"]) == (1, {"looked": 1})


# What the database may have got wrong


async def _forget_text(run: Run) -> None:
    run.write_mo("SMunknown", "Is anybody there?", BOB)


async def _store_twice(run: Run) -> None:
    await run.world.receive("Hello", provider_id="SMtwin")


async def _unstore(run: Run) -> None:
    await run.world.sql("UPDATE message SET body = 'Other' WHERE thread_id = 1 AND in_ord = 1")


async def _acknowledge_early(run: Run) -> None:
    """As if the sweep had found what our 2xx had promised."""
    run.write_mo("SMearly", "I come later", BOB)
    await run.world.receive("I come later", from_=BOB, provider_id="SMearly")


async def _leave_queued(run: Run) -> None:
    await run.world.send(2)


async def _refuse_accepted(run: Run) -> None:
    await run.world.sql("UPDATE message SET state = 'rejected', rank = 50 WHERE thread_id = 1 AND direction = 'out'")


async def _doubt_what_was_accepted(run: Run) -> None:
    """As if a late outcome had overwritten what a receipt had proven."""
    await run.world.sql("UPDATE attempt SET state = 'unconfirmed' WHERE thread_id = 1")


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


async def _give_up(run: Run, *, marked: bool = True) -> Authorised:
    mt = await run.authorise(2)
    if marked:
        run.refuse(mt, None)
    await run.end(mt, Unknown("no answer within 15 s"))
    await run.world.store.ledger.give_up(mt.attempt_id, later(60))
    return mt


async def _give_up_what_never_left(run: Run) -> None:
    await _give_up(run, marked=False)


async def _send_without_a_mark(run: Run) -> None:
    mt = await run.authorise(2)
    sid = "SMunmarked"
    run.write("accepted", sid, **_request(mt))
    await run.end(mt, Accepted(sid, "queued", mt.cost))


async def _send_again_what_was_marked(run: Run) -> None:
    """As if the journal's absence had proved that nothing left; the first request was lost on its way."""
    mt = await run.authorise(2)
    run.journal.mark(mt.attempt_id)
    await run.end(mt, Voided("the server crashed before it left"))
    await run.end(second := await run.again(mt), Accepted(run.accept(second), "queued", mt.cost))


async def _send_after_standing_still(run: Run) -> None:
    run.freeze()
    await run.send(2)


async def _send_again_in_doubt(run: Run) -> None:
    """The first answer was a 500, and the journal is none of the checker's."""
    mt = await run.authorise(2)
    run.write("refused", "", **_request(mt), told=500)
    await run.end(mt, Throttled(1.0, "20429"))
    await run.end(second := await run.again(mt), Accepted(run.accept(second), "queued", mt.cost))
    run.journal.mark(mt.attempt_id)


async def _post_twice(run: Run) -> None:
    mt = await run.send(2)
    run.write("refused", "", **_request(mt), told=429)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        pytest.param(_forget_text, "lost_inbound", id="an inbound text that never came in"),
        pytest.param(_unstore, "lost_inbound", id="an inbound text stored with other words"),
        pytest.param(_acknowledge_early, "acked_early", id="an inbound text stored after its 2xx"),
        pytest.param(_store_twice, "duplicate", id="an inbound text stored twice"),
        pytest.param(_leave_queued, "lost_outbound", id="a text that still waits"),
        pytest.param(_refuse_accepted, "wrong_state", id="an accepted text shown as refused"),
        pytest.param(_doubt_what_was_accepted, "wrong_state", id="an accepted attempt in doubt again"),
        pytest.param(_fall_back, "gaps", id="a state below its receipt"),
        pytest.param(_lose_event, "gaps", id="a gap in a thread's events"),
        pytest.param(_skip_ordinal, "gaps", id="a gap in a thread's inbound texts"),
        pytest.param(_accept_unknown_attempt, "duplicate", id="an accepted text that nobody authorised"),
        pytest.param(_send_while_opted_out, "after_stop", id="bulk authorised at an epoch of refusal"),
        pytest.param(_confirm_nothing, "unexplained", id="an unconfirmed text without a reason"),
        pytest.param(_give_up_what_never_left, "unexplained", id="an unconfirmed text without a mark"),
        pytest.param(_send_without_a_mark, "unmarked", id="a text that left without a mark"),
        pytest.param(_send_again_what_was_marked, "requeued", id="a marked text that was queued again"),
        pytest.param(_send_again_in_doubt, "retried", id="a text that left again after a 500"),
        pytest.param(_send_after_standing_still, "superseded", id="a text of a server that had been taken over"),
        pytest.param(_post_twice, "retried", id="an attempt that was posted twice"),
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


@pytest.mark.parametrize("reason", [HELD_UP, "the server crashed before it left"])
async def test_a_marked_text_may_leave_again_where_its_own_sender_stood_still_and_held_it_back(
    run: Run, reason: str
) -> None:
    mt = await run.authorise(2)
    run.journal.mark(mt.attempt_id)
    await run.end(mt, Voided(reason))
    await run.end(second := await run.again(mt), Accepted(run.accept(second), "queued", mt.cost))
    if reason != HELD_UP:
        run.freeze()
    code, told = await run.judged()
    assert (code, told["void"]) == (0, 1), told


async def test_a_recorded_loss_of_its_journal_explains_an_unconfirmed_text_without_a_mark(run: Run) -> None:
    await _give_up_what_never_left(run)
    run.lose()
    code, told = await run.judged()
    assert (code, told["unconfirmed"], told["journals"]) == (0, 1, {"kept": 1, "deleted": 1}), told


async def test_a_text_may_leave_again_after_a_429(run: Run) -> None:
    mt = await run.authorise(2)
    run.refuse(mt, 429)
    await run.end(mt, Throttled(1.0, "20429"))
    await run.end(second := await run.again(mt), Accepted(run.accept(second), "queued", mt.cost))
    code, told = await run.judged()
    assert (code, told["throttled"], told["refused"]) == (0, 1, 1), told


async def test_what_was_refused_counts_towards_the_rate(run: Run) -> None:
    line = next(line for line in run.lines if line["t"] == "accepted")
    for nth in range(12):
        run.lines.append({**line, "t": "refused", "sid": "", "told": 429, "mono_ns": line["mono_ns"] + nth})
    assert (await run.judged())[1]["over_rate"] == 1


async def test_an_accounts_limit_holds_for_all_its_numbers_together(run: Run) -> None:
    await run.world.sql("UPDATE carrier_account SET rate = 2, burst = 1")
    assert (await run.judged())[1]["over_rate"] == 0, "a text each second"
    other = "+12025550177"
    await run.world.sql("INSERT INTO number (workspace_id, account_id, address, rate) VALUES (1, 1, $1, 1)", other)
    line = next(line for line in run.lines if line["t"] == "accepted")
    run.lines.append({**line, "t": "refused", "sid": "", "told": 429, "from": other, "mono_ns": line["mono_ns"] + 1})
    assert (await run.judged())[1]["over_rate"] == 1


async def test_bulk_on_its_way_at_a_stop_is_counted_apart_until_300_ms(run: Run) -> None:
    stop = next(line for line in run.lines if line["t"] == "mo" and line["sid"] == run.lines[-1]["sid"])
    bulk = next(line for line in run.lines if line["t"] == "accepted" and line["to"] == ALICE)
    bulk["mono_ns"] = stop["mono_ns"] + 290_000_000
    code, told = await run.judged()
    assert (code, told["in_flight_at_stop"], told["after_stop"]) == (0, 1, 0), told
    bulk["mono_ns"] = stop["mono_ns"] + 310_000_000
    assert (await run.judged())[1]["after_stop"] == 1


@pytest.mark.parametrize(
    ("after_ms", "expected"),
    [
        pytest.param(0.001, (0, 1, 0), id="at once"),
        pytest.param(299, (0, 1, 0), id="within 300 ms"),
        pytest.param(301, (1, 0, 1), id="later than it may"),
    ],
)
async def test_a_campaigns_text_that_t3_let_go_before_the_commit_of_a_stop_and_that_left_is_counted_apart(
    run: Run, after_ms: float, expected: tuple[int, int, int]
) -> None:
    mt = await _stopped_behind_t3(run)
    stopped_ns = run.lines[-1]["mono_ns"]
    await run.end(mt, Accepted(run.accept(mt), "queued", mt.cost))
    run.lines[-1]["mono_ns"] = stopped_ns + round(after_ms * 1e6)
    code, told = await run.judged()
    assert (code, told["in_flight_at_stop"], told["after_stop"]) == expected, told


async def test_a_campaigns_text_that_t3_let_go_and_that_stayed_here_has_not_left_after_a_stop(run: Run) -> None:
    mt = await _stopped_behind_t3(run)
    await run.end(mt, Voided("the contact opted out"))
    assert await run.world.authorise(now=later(60)) == []
    code, told = await run.judged()
    assert (code, told["in_flight_at_stop"], told["after_stop"]) == (0, 0, 0), told


async def test_a_campaigns_text_that_was_let_go_behind_the_commit_of_a_stop_is_one_after_it_however_soon(
    run: Run,
) -> None:
    """As T3 without its lock would: the epoch that it wrote down is that of the refusal."""
    mt = await _stopped_behind_t3(run)
    stopped_ns = run.lines[-1]["mono_ns"]
    await run.end(mt, Accepted(run.accept(mt), "queued", mt.cost))
    run.lines[-1]["mono_ns"] = stopped_ns + 1
    await run.world.sql("UPDATE attempt SET consent_epoch = 1 WHERE id = $1", mt.attempt_id)
    code, told = await run.judged()
    assert (code, told["in_flight_at_stop"], told["after_stop"]) == (1, 0, 1), told


async def _stopped_behind_t3(run: Run) -> Authorised:
    """A campaign's text to Carol, which T3 lets go; then her STOP is committed, and its webhook answered."""
    campaign = await spring(run.world)
    await campaign.queue(CAROL)
    (mt,) = await run.world.authorise()
    assert mt.campaign_id == campaign.campaign_id
    await run.receive("STOP", from_=CAROL, keyword="STOP")
    return mt


async def test_bulk_that_crosses_with_the_stops_webhook_is_counted_apart(run: Run) -> None:
    stop = next(line for line in run.lines if line["t"] == "mo" and line["sid"] == run.lines[-1]["sid"])
    bulk = next(line for line in run.lines if line["t"] == "accepted" and line["to"] == ALICE)
    bulk["mono_ns"] = stop["posted_ns"] + 1
    assert bulk["mono_ns"] < stop["mono_ns"]
    code, told = await run.judged()
    assert (code, told["in_flight_at_stop"], told["unheard_stop"]) == (0, 1, 0), told


async def test_bulk_after_a_stop_that_only_the_sweep_brought_is_counted_apart_too(run: Run) -> None:
    stop = next(line for line in run.lines if line["t"] == "mo" and line["sid"] == run.lines[-1]["sid"])
    stop["answered"] = None
    bulk = next(line for line in run.lines if line["t"] == "accepted" and line["to"] == ALICE)
    bulk["mono_ns"] = stop["mono_ns"] + 5 * 10**9
    code, told = await run.judged()
    assert (code, told["in_flight_at_stop"], told["unheard_stop"]) == (0, 0, 1), told


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
    assert ",".join(WAYS) in done.stdout.replace("\n", "").replace(" ", "")
