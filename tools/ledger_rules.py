"""Decides what a run broke: each promise of sending and receiving, as a pure function of what it left.

Every finding names what it is about, so that a red run can be looked into. Times come from the carrier's ledger alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from server.domain.delivery import NEVER_LEFT, WIRED, State, advance, reported
from tools import ledger_campaigns as campaigns
from tools.ledger_consent import after_stop
from tools.ledger_courses import Courses
from tools.ledger_database import Attempt, Database, Place
from tools.ledger_facts import Accepted, Ledger, Mo
from tools.ledger_journals import Journals
from tools.ledger_pace import over_rate
from tools.ledger_wire import Freeze, requeued, retried, superseded, unexplained, unmarked

NOT_JOURNALED: Final = "the journal could not be written"
_UNWIRED: Final = NEVER_LEFT | {State.QUEUED, State.HELD}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run left. *journals* is None where nobody kept them: then some promises cannot be judged.

    *freezes*: servers that stood still meanwhile, until others had taken over. *courses*: what was answered to those
    who stopped or changed a text to many.
    """

    ledger: Ledger
    database: Database
    journals: Journals | None = None
    freezes: Sequence[Freeze] = ()
    courses: Courses = field(default_factory=Courses)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings by name, each of which makes it red; the figures are only told."""

    findings: Mapping[str, Sequence[str]]
    figures: Mapping[str, int]

    @property
    def red(self) -> bool:
        return any(self.findings.values())

    def count(self, *names: str) -> int:
        return sum(len(self.findings[name]) for name in names)


def judge(evidence: Evidence) -> Verdict:
    """The findings: duplicate, lost_inbound, acked_early, lost_outbound, phantom, wrong_state, gaps, after_stop,
    over_rate, retried, superseded, unexplained; with journals also unmarked and requeued. Of texts to many reached,
    sums, rows, course; with courses also stopped and at_night."""
    ledger, database, journals = evidence.ledger, evidence.database, evidence.journals
    crossed = after_stop(ledger, database)
    findings = {
        "duplicate": [*_sent_twice(ledger, database), *_stored_twice(ledger, database)],
        "lost_inbound": list(_lost_inbound(ledger, database)),
        "acked_early": list(_acked_early(ledger, database)),
        "lost_outbound": [f"{place} is {state}" for place, state in database.outbound.items() if state == State.QUEUED],
        "phantom": list(_phantoms(ledger, database)),
        "wrong_state": list(_wrong_states(ledger, database)),
        "gaps": [*_gaps(database), *_behind(ledger, database)],
        "after_stop": crossed.late,
        "over_rate": list(over_rate(ledger, database)),
        "retried": list(retried(ledger, database)),
        "superseded": list(superseded(ledger, database, evidence.freezes)),
        "unexplained": list(unexplained(database, journals)),
        "unmarked": [] if journals is None else list(unmarked(ledger, database, journals)),
        "requeued": [] if journals is None else list(requeued(ledger, database, journals, evidence.freezes)),
        "reached": list(campaigns.reached(ledger, database)),
        "sums": list(campaigns.sums(database)),
        "rows": list(campaigns.rows(database)),
        "course": list(campaigns.course(database)),
        "stopped": list(campaigns.stopped(ledger, database, evidence.courses)),
        "at_night": list(campaigns.at_night(ledger, database, evidence.courses)),
    }
    crossings = {"in_flight_at_stop": crossed.in_flight, "unheard_stop": crossed.unheard}
    return Verdict(findings, {**_figures(ledger, database), **crossings})


def _figures(ledger: Ledger, database: Database) -> dict[str, int]:
    attempts = database.attempts.values()
    return {
        "sent": len(ledger.accepted),
        "refused": len(ledger.refused),
        "inbound": len({mo.sid for mo in ledger.mos}),
        "unconfirmed": sum(state == State.UNCONFIRMED for state in database.outbound.values()),
        "unknown": sum(attempt.was_unknown for attempt in attempts),
        "throttled": sum(attempt.state == "throttled" for attempt in attempts),
        "void": sum(attempt.state == "void" for attempt in attempts),
        "carrier_blocks": database.carrier_blocks,
        "not_journaled": sum(attempt.reason.startswith(NOT_JOURNALED) for attempt in attempts),
    }


# Once


def _attempt_of(line: Accepted, database: Database) -> Attempt | None:
    return database.attempts.get(line.attempt or "")


def _accepted_places(ledger: Ledger, database: Database) -> Counter[Place]:
    attempts = (_attempt_of(line, database) for line in ledger.accepted)
    return Counter(attempt.place for attempt in attempts if attempt is not None)


def _sent_twice(ledger: Ledger, database: Database) -> Iterable[str]:
    for place, times in _accepted_places(ledger, database).items():
        if times > 1:
            yield f"{place} was accepted {times} times"
    for line in ledger.accepted:
        if _attempt_of(line, database) is None:
            yield f"{line.sid} was accepted for an attempt that nobody knows"


def _stored_twice(ledger: Ledger, database: Database) -> Iterable[str]:
    for text, (written, stored) in _texts({mo.sid: mo for mo in ledger.mos}, database).items():
        if stored > written:
            yield f"a text of {text[0]} that came {written} times is stored {stored} times"


def _lost_inbound(ledger: Ledger, database: Database) -> Iterable[str]:
    mos = {mo.sid: mo for mo in ledger.mos}
    for sid in mos.keys() - database.mo_ids:
        yield f"{sid} of {mos.pop(sid).from_} is not known"
    for text, (written, stored) in _texts(mos, database).items():
        for _ in range(written - stored):
            yield f"a text of {text[0]} is not stored"


def _acked_early(ledger: Ledger, database: Database) -> Iterable[str]:
    """Texts that we said we had before the transaction that stored them had begun: the sweep may have mended that."""
    for mo in ledger.mos:
        stored_s = database.mo_ids.get(mo.sid)
        if mo.taken and stored_s is not None and stored_s > mo.told_s:
            yield f"{mo.sid} of {mo.from_} was answered 2xx {stored_s - mo.told_s:.3f} s before it was stored"


def _texts(mos: Mapping[str, Mo], database: Database) -> dict[tuple[str, str, str], tuple[int, int]]:
    """How often each text of *mos* was written, and how often it is stored."""
    stored = Counter([*(one.text for one in database.inbound), *database.unassigned])
    return {text: (times, stored[text]) for text, times in Counter(mo.text for mo in mos.values()).items()}


# States


def _phantoms(ledger: Ledger, database: Database) -> Iterable[str]:
    accepted = _accepted_places(ledger, database)
    for place, state in database.outbound.items():
        if state in WIRED and not accepted[place]:
            yield f"{place} is {state}, but the carrier never took it"


def _wrong_states(ledger: Ledger, database: Database) -> Iterable[str]:
    for place in _accepted_places(ledger, database):
        if database.outbound.get(place) in _UNWIRED:
            yield f"{place} is {database.outbound[place]}, but the carrier took it"
    taken = {attempt.place for attempt in database.attempts.values() if attempt.state == "accepted"}
    for place, state in database.outbound.items():
        if state in WIRED and place not in taken:
            yield f"{place} is {state}, but none of its attempts is accepted"


def _gaps(database: Database) -> Iterable[str]:
    ordinals: defaultdict[int, list[int]] = defaultdict(list)
    for stored in database.inbound:
        ordinals[stored.thread_id].append(stored.in_ord)
    for thread_id, thread in database.threads.items():
        if thread.event_seqs != tuple(range(1, thread.last_seq + 1)):
            yield f"thread {thread_id} has a gap in its events"
        if sorted(ordinals[thread_id]) != list(range(1, thread.in_total + 1)):
            yield f"thread {thread_id} has a gap in its inbound texts"


def _behind(ledger: Ledger, database: Database) -> Iterable[str]:
    """Messages that stand lower than a receipt that we said we took."""
    lines = {line.sid: _attempt_of(line, database) for line in ledger.accepted}
    for receipt in ledger.receipts:
        attempt, proves = lines.get(receipt.sid), reported(receipt.status)
        if not receipt.taken or attempt is None or proves is None:
            continue
        state = State(database.outbound[attempt.place])
        if advance(state, proves) is not state:
            yield f"{attempt.place} is {state}, but a receipt said {receipt.status}"
