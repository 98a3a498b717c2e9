"""The ledger of consent on a real database: what members write down, what it changes, and what it never lifts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import trio

from server.domain.gate import MessageClass
from server.domain.messages import AnswerOwed, ConsentFlipped, ReviewChanged, RowsChanged
from server.domain.testimony import Channel, Entry, Objection, Statement
from server.ports import DecidedOtherwise, Refused
from server.ports.consent import ConsentEntry, ConsentLedger, NewEntry, NoSuchProof, NotWrittenDown, WrittenDown
from server.store.conversations.consent import record_opt_ins
from tests.store.world import ALICE, BOB, NOON, World, later

BULK = MessageClass.BULK
WORDS = "I agree to texts from Acme."


async def tell(world: World, entry: str, endpoint_id: int = 1, **what: Any) -> Any:
    """A member's entry, by a letter; as of a minute after noon unless said."""
    given = {"channel": Channel.WRITTEN, "words": WORDS, "at": later(60), **what}
    more = {name: given.pop(name) for name in ("proof_id", "evidence") if name in given}
    return await world.store.consents.tell(
        1, 1, endpoint_id, NewEntry(Statement(Entry(entry), **given), **more), later(99)
    )


async def endpoint(world: World, address: str = ALICE) -> tuple[bool, int, datetime | None]:
    """Opted out, consent epoch, since when an opt-in is on record."""
    [row] = await world.sql("SELECT opted_out, consent_epoch, consented_at FROM endpoint WHERE address = $1", address)
    return row["opted_out"], row["consent_epoch"], row["consented_at"]


async def ledger(world: World, workspace_id: int = 1) -> ConsentLedger:
    found = await world.store.consents.ledger(workspace_id, 1)
    assert found is not None
    return found


async def kinds(world: World) -> list[str]:
    return [one.kind for one in reversed((await ledger(world)).entries)]


async def audited(world: World) -> list[str]:
    return [row["action"] for row in await world.sql("SELECT action FROM audit WHERE member_id = 1 ORDER BY id")]


async def verdicts(world: World) -> list[tuple[str, str]]:
    return [(one.verdict, one.reason) for one in await world.answers() if isinstance(one, Refused)]


# Opt-ins


async def test_an_opt_in_is_kept_with_its_words_its_evidence_and_who_wrote_it_down(world: World) -> None:
    await world.receive()
    told = await tell(world, "opted_in", channel=Channel.FORM, evidence={"url": "https://acme.example/form"})
    assert told == WrittenDown(event_id=1, flipped=False, epoch=0)
    assert await endpoint(world) == (False, 0, later(60))
    [one] = (await ledger(world)).entries
    assert (one.kind, one.source, one.member, one.text, one.at) == ("consent_given", "member", "Dana", WORDS, later(60))
    assert one.evidence == {"channel": "form", "url": "https://acme.example/form"}
    assert await audited(world) == ["consent_consent_given"]
    assert not world.heard(ConsentFlipped)


async def test_an_older_opt_in_does_not_shorten_a_newer_one(world: World) -> None:
    await world.receive()
    await tell(world, "opted_in")
    await tell(world, "opted_in", at=later(-99))
    assert await endpoint(world) == (False, 0, later(60))
    assert await kinds(world) == ["consent_given", "consent_given"]


async def test_an_opt_in_lifts_no_opt_out(world: World) -> None:
    await world.stop()
    assert await tell(world, "opted_in") == NotWrittenDown(Objection.OPTED_OUT)
    assert await endpoint(world) == (True, 1, None)
    assert await kinds(world) == ["opted_out"]
    assert await audited(world) == []


async def test_the_file_that_shows_it_is_named_and_must_be_there(world: World) -> None:
    await world.receive()
    proof = await world.store.consents.add_proof(1, 1, "form.pdf", "application/pdf", b"%PDF-1.7")
    await tell(world, "opted_in", words="", proof_id=proof.proof_id, has_proof=True)
    [one] = (await ledger(world)).entries
    assert one.proof == proof
    assert one.text is None
    assert await tell(world, "opted_in", proof_id=99) == NoSuchProof()


async def test_the_same_bytes_are_one_proof(world: World) -> None:
    keep = world.store.consents.add_proof
    first = await keep(1, 1, "form.pdf", "application/pdf", b"%PDF-1.7")
    assert await keep(1, 1, "again.pdf", "application/pdf", b"%PDF-1.7") == first
    assert (first.name, first.size) == ("form.pdf", 8)
    assert await world.store.consents.proof(1, first.proof_id) == (first, b"%PDF-1.7")
    assert await audited(world) == ["proof_added"]


async def test_a_list_of_opt_ins_leaves_out_who_has_opted_out(world: World) -> None:
    await world.receive(from_=ALICE)
    await world.stop(from_=BOB)
    given: dict[str, Any] = {"source": "import", "member_id": 1, "words": WORDS, "at": NOON}
    evidence = {"channel": "import", "import": 7}
    recorded = await world.store.call(lambda c: record_opt_ins(c, 1, [2, 1, 1], evidence=evidence, **given))
    assert recorded == {1}
    assert await endpoint(world) == (False, 0, NOON)
    assert await endpoint(world, BOB) == (True, 1, None)
    [one] = (await ledger(world)).entries
    assert (one.kind, one.source, one.text, one.evidence) == ("consent_given", "import", WORDS, evidence)
    assert await world.store.call(lambda c: record_opt_ins(c, 2, [1], evidence={}, **given)) == frozenset()


# Revocations


async def test_a_revocation_is_a_stop_but_for_the_confirmation(world: World) -> None:
    thread_id = (await world.receive()).thread_id
    await tell(world, "opted_in")
    before = await world.value("SELECT version FROM thread")
    told = await tell(world, "revoked", channel=Channel.VERBAL, words="Asked Dana on the phone to stop")
    assert told == WrittenDown(event_id=2, flipped=True, epoch=1)
    assert await endpoint(world) == (True, 1, None)
    assert await kinds(world) == ["consent_given", "revoked"]
    assert world.heard(ConsentFlipped) == [ConsentFlipped(1, 1, True, 1)]
    assert world.heard(RowsChanged)[-1] == RowsChanged(1, (thread_id,))
    assert not world.heard(AnswerOwed)
    assert not await world.store.ledger.owed_answers(10)
    assert await world.value("SELECT version FROM thread") == before + 1
    assert (await audited(world))[-1] == "consent_revoked"


async def test_bulk_that_was_queued_before_a_revocation_never_leaves_and_a_persons_text_waits(world: World) -> None:
    thread_id = (await world.receive()).thread_id
    bulk = await world.send(thread_id, klass=BULK)
    reply = await world.send(thread_id)
    await tell(world, "revoked")
    assert await verdicts(world) == [("blocked", "opted_out_meanwhile"), ("held", "opted_out_meanwhile")]
    assert [await world.state(thread_id, one.seq) for one in (bulk, reply)] == ["blocked", "held"]


async def test_a_revocation_of_one_who_has_opted_out_is_written_down_and_changes_nothing(world: World) -> None:
    await world.stop()
    assert await tell(world, "revoked") == WrittenDown(event_id=2, flipped=False, epoch=1)
    assert await endpoint(world) == (True, 1, None)
    assert await kinds(world) == ["opted_out", "stop_repeated"]
    assert len(world.heard(ConsentFlipped)) == 1


async def test_a_revocation_settles_what_waits_for_a_decision(world: World) -> None:
    thread_id = (await world.receive("Stop it?", keyword="AMBIGUOUS")).thread_id
    await tell(world, "revoked")
    assert await world.value("SELECT held FROM endpoint") is False
    [review] = (await world.store.reviews.page(1)).reviews
    assert (review.decision, review.decided_by) == ("opted_out", "Dana")
    assert world.heard(ReviewChanged)[-1] == ReviewChanged(1, thread_id, 1, held=False)
    late = await world.store.reviews.decide(1, review.review_id, "not_a_revocation", 1, NOON)
    assert isinstance(late, DecidedOtherwise)
    assert (await endpoint(world))[0]


# Undoing


async def test_an_opt_out_is_undone_upon_a_newer_consent(world: World) -> None:
    thread_id = (await world.stop()).thread_id
    old = await world.send(thread_id, klass=BULK)
    assert await tell(world, "undo", epoch=1) == WrittenDown(event_id=2, flipped=True, epoch=2)
    assert await endpoint(world) == (False, 2, later(60))
    assert world.heard(ConsentFlipped)[-1] == ConsentFlipped(1, 1, False, 2)
    assert not [one for one in await world.store.ledger.owed_answers(10) if one.kind == "START"]
    assert await verdicts(world) == [("blocked", "consent_changed")]
    assert await world.state(thread_id, old.seq) == "blocked"
    assert (await audited(world))[-1] == "consent_undone"


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"epoch": 0}, Objection.CHANGED_MEANWHILE),
        ({"epoch": 1, "at": NOON}, Objection.OLDER),
        ({"epoch": 1, "words": ""}, Objection.NO_WORDS),
        ({"epoch": 1, "channel": Channel.IMPORT}, Objection.CHANNEL),
    ],
)
async def test_what_is_no_evidence_undoes_nothing(world: World, what: dict[str, Any], expected: Objection) -> None:
    await world.stop()
    assert await tell(world, "undo", **what) == NotWrittenDown(expected)
    assert await endpoint(world) == (True, 1, None)


async def test_a_stop_that_is_said_once_more_outdates_the_evidence(world: World) -> None:
    await world.stop()
    await world.receive("STOP", keyword="STOP", received_at=later(90))
    assert await tell(world, "undo", epoch=1) == NotWrittenDown(Objection.OLDER)
    assert await endpoint(world) == (True, 1, None)


async def test_the_carriers_block_is_lifted_by_the_contacts_start_alone(world: World) -> None:
    await world.receive()
    await world.sql("UPDATE endpoint SET opted_out = true, carrier_blocked = true, consent_epoch = 1")
    assert await tell(world, "undo", epoch=1) == NotWrittenDown(Objection.CARRIER_BLOCKED)
    with pytest.raises(asyncpg.CheckViolationError, match="only_a_start_lifts"):
        await world.sql(
            "SELECT * FROM write_consent(1, 1, 'undone', 'member', 1, 'x', '{}', NULL, now(), now(), NULL, NULL)"
        )
    await world.receive("START", keyword="START")
    assert await world.value("SELECT NOT carrier_blocked AND NOT opted_out FROM endpoint")


# What a text does to the consent on record


async def test_a_stop_ends_the_consent_on_record_and_a_start_gives_a_new_one(world: World) -> None:
    await world.receive()
    await tell(world, "opted_in")
    await world.stop()
    assert await endpoint(world) == (True, 1, None)
    await world.receive("START", keyword="START", received_at=later(70))
    assert await endpoint(world) == (False, 2, later(70))


async def test_a_start_of_one_who_never_opted_out_is_an_opt_in_without_an_answer(world: World) -> None:
    await world.receive("START", keyword="START")
    await world.receive("START", keyword="START", received_at=later(9))
    assert await endpoint(world) == (False, 0, NOON)
    [one] = (await ledger(world)).entries
    assert (one.kind, one.source, one.text, one.seq) == ("consent_given", "text", "START", 1)
    assert not world.heard(AnswerOwed)
    assert not world.heard(ConsentFlipped)
    assert await world.value("SELECT count(*) FROM message WHERE keyword IS NOT NULL") == 0


async def test_a_yes_is_no_opt_in(world: World) -> None:
    await world.receive("Yes", keyword="YES")
    assert await endpoint(world) == (False, 0, None)
    assert await kinds(world) == []


async def test_a_start_while_held_is_an_opt_in_too(world: World) -> None:
    await world.receive("Stop it?", keyword="AMBIGUOUS")
    await world.receive("START", keyword="START")
    assert await endpoint(world) == (False, 0, NOON)
    assert await kinds(world) == ["ambiguous", "released"]


@pytest.mark.parametrize("decision", ["opted_out", "wrong_number"])
async def test_a_decision_that_opts_out_ends_the_consent_on_record(world: World, decision: Any) -> None:
    await world.receive("Hm", keyword="AMBIGUOUS")
    await tell(world, "opted_in")
    await world.store.reviews.decide(1, 1, decision, 1, NOON)
    assert await endpoint(world) == (True, 1, None)


# Opt-in required


@pytest.mark.parametrize("klass", [MessageClass.PERSON, MessageClass.SEND_LATER, BULK])
async def test_where_an_opt_in_is_required_bulk_without_one_is_blocked_and_nothing_else(
    world: World, klass: MessageClass
) -> None:
    thread_id = (await world.receive()).thread_id
    await world.store.settings.change(1, 1, {"opt_in_required": True}, None)
    text = await world.send(thread_id, klass=klass)
    allowed = await world.authorise()
    assert bool(allowed) == (klass is not BULK)
    assert await world.state(thread_id, text.seq) == ("blocked" if klass is BULK else "queued")
    if klass is BULK:
        assert await world.value("SELECT error_code FROM message WHERE direction = 'out'") == "no_consent"


async def test_bulk_goes_to_those_whose_opt_in_is_on_record_whether_or_not_one_is_required(world: World) -> None:
    thread_id = (await world.receive()).thread_id
    await world.send(thread_id, klass=BULK)
    assert len(await world.authorise()) == 1
    await world.store.settings.change(1, 1, {"opt_in_required": True}, None)
    await world.send(thread_id, klass=BULK)
    assert await verdicts(world) == [("blocked", "no_consent")]
    await tell(world, "opted_in")
    await world.send(thread_id, klass=BULK)
    assert len(await world.authorise()) == 1


async def test_an_opt_in_that_comes_while_bulk_waits_in_the_queue_counts(world: World) -> None:
    thread_id = (await world.receive()).thread_id
    await world.store.settings.change(1, 1, {"opt_in_required": True}, None)
    await world.send(thread_id, klass=BULK)
    await tell(world, "opted_in")
    assert len(await world.authorise()) == 1


async def test_the_setting_is_the_workspaces_own_and_changes_are_audited(world: World) -> None:
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'x')")
    for required in (True, True, False):
        await world.store.settings.change(1, 1, {"opt_in_required": required}, None)
        assert await world.store.consents.opt_in_required(1) is required
        assert await world.store.consents.opt_in_required(2) is False
    assert await audited(world) == ["setting_changed"] * 2


# Reading


async def test_the_state_names_whose_number_it_is_and_when_they_said_no_last(world: World) -> None:
    await world.stop()
    await world.sql("UPDATE contact SET first_name = 'Maya', last_name = 'Torres'")
    state = (await ledger(world)).state
    assert (state.name, state.contact_id, state.address, state.thread_id) == ("Maya Torres", 1, ALICE, 1)
    assert (state.opted_out, state.epoch, state.said_no_at, state.brand) == (True, 1, NOON, "Acme Realty")


async def test_a_long_ledger_is_read_page_by_page(world: World) -> None:
    await world.receive()
    for n in range(5):
        await tell(world, "opted_in", words=str(n))
    read, below, seen = world.store.consents.ledger, None, list[str | None]()
    while True:
        page = await read(1, 1, below=below, limit=2)
        assert page is not None
        seen += [one.text for one in page.entries]
        if not page.more:
            break
        below = page.entries[-1].event_id
    assert seen == ["4", "3", "2", "1", "0"]


async def test_the_whole_ledger_is_the_oldest_first_and_its_taking_away_is_audited(world: World) -> None:
    await world.stop()
    await tell(world, "undo", epoch=1)
    found = await world.store.consents.whole_ledger(1, 1, 1)
    assert found is not None
    entries: list[ConsentEntry] = list(found[1])
    assert [one.kind for one in entries] == ["opted_out", "undone"]
    assert (await audited(world))[-1] == "consent_proof_downloaded"
    detail = json.loads(await world.value("SELECT detail FROM audit ORDER BY id DESC LIMIT 1"))
    assert detail == {"endpoint": 1, "last": 2}


async def test_another_workspaces_numbers_and_files_are_not_there(world: World) -> None:
    await world.receive()
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'x')")
    consents, now = world.store.consents, later(99)
    proof = await consents.add_proof(1, 1, "form.pdf", "application/pdf", b"%PDF-1.7")
    entry = NewEntry(Statement(Entry.REVOKED, Channel.VERBAL, "Stop"))
    assert await consents.ledger(2, 1) is None
    assert await consents.whole_ledger(2, 1, 1) is None
    assert await consents.tell(2, 1, 1, entry, now) is None
    assert await consents.proof(2, proof.proof_id) is None
    assert await endpoint(world) == (False, 0, None)
    await world.sql("INSERT INTO endpoint (workspace_id, address) VALUES (2, $1)", BOB)
    with_file = NewEntry(entry.told, proof_id=proof.proof_id)
    assert await consents.tell(2, 1, 2, with_file, now) == NoSuchProof()


async def test_of_two_who_undo_at_once_one_is_told_that_it_changed(world: World) -> None:
    await world.stop()
    outcomes: list[Any] = []

    async def undo() -> None:
        outcomes.append(await tell(world, "undo", epoch=1))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(undo)
        nursery.start_soon(undo)
    assert sorted(type(one).__name__ for one in outcomes) == ["NotWrittenDown", "WrittenDown"]
    assert await endpoint(world) == (False, 2, NOON + timedelta(seconds=60))
