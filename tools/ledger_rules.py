"""Decides what a run broke: each promise of sending and receiving, as a pure function of ledger and database.

Every finding names what it is about, so that a red run can be looked into. Times come from the carrier's ledger alone;
the order of a text and a STOP comes from consent epochs first, and from the ledger's clock where that says more.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from server.domain.delivery import NEVER_LEFT, WIRED, State, advance, reported
from tools.ledger_facts import Accepted, Attempt, Database, Ledger, Mo, Place

IN_FLIGHT_S: Final = 0.300  # 250 ms from T3 to the first byte, and what loopback and a busy simulator add
JITTER_S: Final = 0.050  # of arrivals on loopback
_UNWIRED: Final = NEVER_LEFT | {State.QUEUED, State.HELD}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings by name, each of which makes it red; the figures are only told."""

    findings: Mapping[str, Sequence[str]]
    sent: int
    inbound: int
    unconfirmed: int
    in_flight_at_stop: int

    @property
    def red(self) -> bool:
        return any(self.findings.values())

    def count(self, *names: str) -> int:
        return sum(len(self.findings[name]) for name in names)


def judge(ledger: Ledger, database: Database) -> Verdict:
    """The findings: duplicate, lost_inbound, lost_outbound, phantom, wrong_state, gaps, after_stop, over_rate,
    unexplained."""
    late, in_flight = _after_stop(ledger, database)
    findings = {
        "duplicate": [*_sent_twice(ledger, database), *_stored_twice(ledger, database)],
        "lost_inbound": list(_lost_inbound(ledger, database)),
        "lost_outbound": [f"{place} is {state}" for place, state in database.outbound.items() if state == State.QUEUED],
        "phantom": list(_phantoms(ledger, database)),
        "wrong_state": list(_wrong_states(ledger, database)),
        "gaps": [*_gaps(database), *_behind(ledger, database)],
        "after_stop": late,
        "over_rate": list(_over_rate(ledger, database)),
        "unexplained": list(_unexplained(database)),
    }
    unconfirmed = sum(state == State.UNCONFIRMED for state in database.outbound.values())
    inbound = len({mo.sid for mo in ledger.mos})
    return Verdict(findings, len(ledger.accepted), inbound, unconfirmed, in_flight)


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


def _unexplained(database: Database) -> Iterable[str]:
    explained = {a.place for a in database.attempts.values() if a.state == State.UNCONFIRMED and a.explained}
    for place, state in database.outbound.items():
        if state == State.UNCONFIRMED and place not in explained:
            yield f"{place} is unconfirmed, and nothing says why"


# Consent


def _after_stop(ledger: Ledger, database: Database) -> tuple[list[str], int]:
    """Bulk that reached the carrier after a STOP, and how many more did so as they were on their way already."""
    keywords = {stored.text: stored.keyword for stored in database.inbound if stored.keyword is not None}
    said: defaultdict[tuple[str, str], list[Mo]] = defaultdict(list)
    for mo in ledger.mos:
        if keyword := keywords.get(mo.text):
            said[mo.from_, keyword].append(mo)
    late, in_flight = [], 0
    for line in ledger.accepted:
        attempt = _attempt_of(line, database)
        if attempt is None or attempt.klass != "bulk":
            continue
        since_s = _since_stop(line, said[line.to, "STOP"], said[line.to, "START"])
        if database.opted_out.get((attempt.endpoint_id, attempt.consent_epoch), False):
            late.append(f"{attempt.place} was authorised while {line.to} was opted out")
        elif since_s is not None and since_s > IN_FLIGHT_S:
            late.append(f"{attempt.place} came {since_s:.3f} s after the STOP of {line.to}")
        elif since_s is not None:
            in_flight += 1
    return late, in_flight


def _since_stop(line: Accepted, stops: Sequence[Mo], starts: Sequence[Mo]) -> float | None:
    """Seconds from the first STOP that we had taken, and that no START followed, to *line*."""
    ages = [
        line.at_s - stop.answered_s
        for stop in stops
        if stop.taken
        and stop.answered_s < line.at_s
        # It may have been found by the sweep, at a time that the ledger does not know: from its writing on it excuses.
        and not any(stop.posted_s < start.posted_s < line.at_s for start in starts)
    ]
    return max(ages, default=None)


# Pace


def _over_rate(ledger: Ledger, database: Database) -> Iterable[str]:
    by_number: defaultdict[str, list[Accepted]] = defaultdict(list)
    for line in sorted(ledger.accepted, key=lambda line: line.at_s):
        by_number[line.from_].append(line)
    for address, lines in by_number.items():
        if address not in database.pace:
            yield f"{address} is not one of our numbers"
            continue
        if worst := _worst_window(lines, *database.pace[address]):
            yield f"{address}: {worst}"


def _worst_window(lines: Sequence[Accepted], rate: float, burst: int) -> str | None:
    """The window that is furthest above what the rate allows, if any is."""
    worst, told = 1e-9, None
    for first, begin in enumerate(lines):
        segments, largest = 0, burst
        for line in lines[first:]:
            segments, largest = segments + line.segments, max(largest, line.segments)
            width_s = line.at_s - begin.at_s
            excess = segments - rate * (width_s + JITTER_S) - largest
            if excess > worst:
                worst, told = excess, f"{segments} segments within {width_s:.3f} s"
    return told
