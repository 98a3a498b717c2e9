"""Falsifies what a run left, to see the judge go red: a check that cannot fail proves nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from server.domain.carrier import HELD_UP
from server.domain.delivery import WIRED, State
from tools.ledger_campaign_rows import Campaigns, Recipient
from tools.ledger_courses import Courses, Night, Reworded, Stopped
from tools.ledger_database import Attempt
from tools.ledger_facts import Accepted, Refused
from tools.ledger_journals import Journals
from tools.ledger_rules import Evidence
from tools.ledger_wire import Freeze

COMPRESSED_S: Final = 0.001
LATE_S: Final = 5.0


class NothingToFalsify(Exception):
    """The run has nothing of the kind; the text is a sentence."""


# The carrier's ledger


def duplicate(evidence: Evidence) -> Evidence:
    """One text was accepted once more, under another id."""
    line, _ = _some(evidence, lambda line, attempt: True)
    again = replace(line, sid=f"{line.sid}x", at_s=line.at_s + 60.0)
    return _accepted(evidence, [*evidence.ledger.accepted, again])


def lost(evidence: Evidence) -> Evidence:
    """A text that we believe to be sent was never accepted."""
    line, _ = _some(evidence, lambda line, attempt: evidence.database.outbound[attempt.place] in WIRED)
    return _accepted(evidence, [one for one in evidence.ledger.accepted if one is not line])


def after_stop(evidence: Evidence) -> Evidence:
    """Bulk, whoever's it was, reached somebody 5 s after the STOP, with no START in between."""
    ledger = evidence.ledger
    keywords = {stored.text: stored.keyword for stored in evidence.database.inbound}
    starts = {mo.from_ for mo in ledger.mos if keywords.get(mo.text) == "START"}
    stops = [mo for mo in ledger.mos if mo.taken and keywords.get(mo.text) == "STOP" and mo.from_ not in starts]
    if not stops:
        raise NothingToFalsify("Nobody of this run said STOP for good.")
    line, _ = _some(evidence, lambda line, attempt: attempt.klass == "bulk")
    late = replace(line, to=stops[0].from_, at_s=stops[0].answered_s + LATE_S)
    return _accepted(evidence, [late if one is line else one for one in ledger.accepted])


def over_rate(evidence: Evidence) -> Evidence:
    """The texts of the busiest number came within a moment."""
    ledger = evidence.ledger
    totals = Counter(line.from_ for line in ledger.accepted)
    if not totals:
        raise NothingToFalsify("Nothing was accepted.")
    busiest = totals.most_common(1)[0][0]
    began_s = min(line.at_s for line in ledger.accepted)
    squeezed = [
        replace(line, at_s=began_s + COMPRESSED_S * position) if line.from_ == busiest else line
        for position, line in enumerate(ledger.accepted)
    ]
    return _accepted(evidence, squeezed)


def retried(evidence: Evidence) -> Evidence:
    """A text that the carrier took had been asked for before, and that request had got no answer."""
    line, _ = _some(evidence, lambda line, attempt: True)
    earlier = Refused(
        attempt=line.attempt, from_=line.from_, to=line.to, segments=line.segments, at_s=line.at_s - 1.0, told=None
    )
    return replace(evidence, ledger=replace(evidence.ledger, refused=[*evidence.ledger.refused, earlier]))


def superseded(evidence: Evidence) -> Evidence:
    """The server that was taken over was another one, and a text of that one left a second after it went on."""
    if not evidence.freezes:
        raise NothingToFalsify("No server of this run was taken over.")
    line, attempt = _some(evidence, lambda line, attempt: True)
    return replace(evidence, freezes=[Freeze(attempt.journal, line.at_s - 1.0)])


# The database


def acked_early(evidence: Evidence) -> Evidence:
    """A text was stored a minute after we had said that we have it."""
    mo = next((mo for mo in evidence.ledger.mos if mo.taken), None)
    if mo is None:
        raise NothingToFalsify("No inbound text of this run was taken.")
    stored = {**evidence.database.mo_ids, mo.sid: mo.told_s + 60.0}
    return replace(evidence, database=replace(evidence.database, mo_ids=stored))


# The journals


def unmarked(evidence: Evidence) -> Evidence:
    """A text that reached the carrier has no mark."""
    _, attempt = _some(evidence, lambda line, attempt: _journals(evidence).marked(attempt.id, attempt.journal))
    return _without(evidence, [attempt])


def requeued(evidence: Evidence) -> Evidence:
    """A text that was queued again has a mark."""
    journals, frozen = _journals(evidence), {freeze.journal for freeze in evidence.freezes}
    for attempt in evidence.database.attempts.values():
        if attempt.state == "void" and attempt.reason != HELD_UP and attempt.journal not in frozen:
            marks = {*journals.marks.get(attempt.journal, frozenset()), attempt.id}
            return _marking(evidence, {**journals.marks, attempt.journal: frozenset(marks)})
    raise NothingToFalsify("No attempt of this run was void.")


def unexplained(evidence: Evidence) -> Evidence:
    """An unconfirmed text has no mark, and no loss of its journal is recorded."""
    given_up = [one for one in evidence.database.attempts.values() if one.state == State.UNCONFIRMED]
    if not given_up:
        raise NothingToFalsify("No attempt of this run is unconfirmed.")
    without = _without(evidence, given_up)
    return replace(without, journals=replace(_journals(without), losses={}))


WAYS: Final[Mapping[str, Callable[[Evidence], Evidence]]] = {
    "duplicate": duplicate,
    "lost": lost,
    "after_stop": after_stop,
    "over_rate": over_rate,
    "retried": retried,
    "superseded": superseded,
    "acked_early": acked_early,
    "unmarked": unmarked,
    "requeued": requeued,
    "unexplained": unexplained,
}


# Texts to many


def reached(evidence: Evidence) -> Evidence:
    """A recipient's text is that of another round, and both left."""
    line, attempt = _some_of_a_campaign(evidence)
    again = replace(attempt, id=f"{attempt.id}x", place=(attempt.place[0], -1))
    texts = evidence.database.campaigns.texts or {}
    campaigns = replace(evidence.database.campaigns, texts={**texts, again.place: texts[attempt.place]})
    attempts = {**evidence.database.attempts, again.id: again}
    outbound = {**evidence.database.outbound, again.place: State.CANCELLED}
    database = replace(evidence.database, attempts=attempts, outbound=outbound, campaigns=campaigns)
    twice = [*evidence.ledger.accepted, replace(line, attempt=again.id, sid=f"{line.sid}x")]
    return _accepted(replace(evidence, database=database), twice)


def sums(evidence: Evidence) -> Evidence:
    """One recipient more is counted than there are."""
    first, *others = _campaigns(evidence).rows
    return _with_campaigns(evidence, rows=[replace(first, total=first.total + 1, kept=f"{first.kept} "), *others])


def rows(evidence: Evidence) -> Evidence:
    """A recipient's text is not where the recipient is."""
    one = next((one for one in _campaigns(evidence).recipients if one.place is not None), None)
    if one is None:
        raise NothingToFalsify("No recipient of this run has a text.")
    moved = replace(one, state="pending")
    return _with_campaigns(evidence, recipients=_instead(evidence, one, moved))


def course(evidence: Evidence) -> Evidence:
    """A campaign goes on after its end."""
    ended = next((one for one in _campaigns(evidence).rows if one.ended), None)
    if ended is None:
        raise NothingToFalsify("No campaign of this run has ended.")
    on = replace(ended, witnessed=[*ended.witnessed, (ended.state, True), (ended.state, True)])
    return _with_campaigns(evidence, rows=[on if one is ended else one for one in _campaigns(evidence).rows])


def stopped(evidence: Evidence) -> Evidence:
    """A campaign was stopped a second before one of its texts left."""
    line, attempt = _some_of_a_campaign(evidence)
    text = _campaigns(evidence).text(attempt.place)
    assert text is not None, "it was found by it"  # noqa: S101 - for the type
    return replace(evidence, courses=Courses([Stopped(text.campaign_id, line.at_s - 1.0, line.at_s + 1.0)]))


def reworded(evidence: Evidence) -> Evidence:
    """A campaign had other words a second before one of its texts left."""
    line, attempt = _some_of_a_campaign(evidence)
    text = _campaigns(evidence).text(attempt.place)
    assert text is not None, "it was found by it"  # noqa: S101 - for the type
    texts = {**(_campaigns(evidence).texts or {}), attempt.place: replace(text, words=0)}
    since = Courses(reworded=[Reworded(text.campaign_id, 1, line.at_s - 1.0)])
    return replace(_with_campaigns(evidence, texts=texts), courses=since)


def at_night(evidence: Evidence) -> Evidence:
    """It was night where a text in bulk went."""
    line, _ = _some(evidence, lambda line, attempt: attempt.klass == "bulk")
    return replace(evidence, courses=Courses(nights=[Night(line.to, line.at_s + 1.0)]))


CAMPAIGN_WAYS: Final[Mapping[str, Callable[[Evidence], Evidence]]] = {
    "reached": reached,
    "sums": sums,
    "rows": rows,
    "course": course,
    "stopped": stopped,
    "reworded": reworded,
    "at_night": at_night,
}
"""Where there are texts to many."""
ALL_WAYS: Final = {**WAYS, **CAMPAIGN_WAYS}


def _campaigns(evidence: Evidence) -> Campaigns:
    if not evidence.database.campaigns.rows:
        raise NothingToFalsify("Nobody of this run wrote to many.")
    return evidence.database.campaigns


def _with_campaigns(evidence: Evidence, **changed: Any) -> Evidence:
    campaigns = replace(_campaigns(evidence), **changed)
    return replace(evidence, database=replace(evidence.database, campaigns=campaigns))


def _instead(evidence: Evidence, old: Recipient, new: Recipient) -> list[Recipient]:
    return [new if one is old else one for one in evidence.database.campaigns.recipients]


def _some_of_a_campaign(evidence: Evidence) -> tuple[Accepted, Attempt]:
    return _some(evidence, lambda line, attempt: _campaigns(evidence).text(attempt.place) is not None)


def _some(evidence: Evidence, suits: Callable[[Accepted, Attempt], bool]) -> tuple[Accepted, Attempt]:
    for line in evidence.ledger.accepted:
        attempt = evidence.database.attempts.get(line.attempt or "")
        if attempt is not None and suits(line, attempt):
            return line, attempt
    raise NothingToFalsify("No accepted text of this run suits.")


def _accepted(evidence: Evidence, lines: list[Accepted]) -> Evidence:
    return replace(evidence, ledger=replace(evidence.ledger, accepted=lines))


def _journals(evidence: Evidence) -> Journals:
    if evidence.journals is None:
        raise NothingToFalsify("No journals of this run were kept.")
    return evidence.journals


def _without(evidence: Evidence, attempts: Iterable[Attempt]) -> Evidence:
    gone = {attempt.id for attempt in attempts}
    return _marking(evidence, {journal: marks - gone for journal, marks in _journals(evidence).marks.items()})


def _marking(evidence: Evidence, marks: Mapping[str, frozenset[str]]) -> Evidence:
    return replace(evidence, journals=replace(_journals(evidence), marks=marks))
