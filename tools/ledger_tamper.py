"""Falsifies what the ledger says, to see the judge go red: a check that cannot fail proves nothing."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from server.domain.delivery import WIRED
from tools.ledger_facts import Accepted, Attempt, Database, Ledger

COMPRESSED_S: Final = 0.001
LATE_S: Final = 5.0


class NothingToFalsify(Exception):
    """The run has nothing of the kind; the text is a sentence."""


def duplicate(ledger: Ledger, database: Database) -> Ledger:
    """One text was accepted once more, under another id."""
    line, _ = _some(ledger, database, lambda line, attempt: True)
    return replace(ledger, accepted=[*ledger.accepted, replace(line, sid=f"{line.sid}x", at_s=line.at_s + 60.0)])


def lost(ledger: Ledger, database: Database) -> Ledger:
    """A text that we believe to be sent was never accepted."""
    line, _ = _some(ledger, database, lambda line, attempt: database.outbound[attempt.place] in WIRED)
    return replace(ledger, accepted=[one for one in ledger.accepted if one is not line])


def after_stop(ledger: Ledger, database: Database) -> Ledger:
    """Bulk reached somebody 5 s after the STOP, with no START in between."""
    keywords = {stored.text: stored.keyword for stored in database.inbound}
    starts = {mo.from_ for mo in ledger.mos if keywords.get(mo.text) == "START"}
    stops = {mo.from_: mo for mo in ledger.mos if mo.taken and keywords.get(mo.text) == "STOP"}
    line, _ = _some(
        ledger,
        database,
        lambda line, attempt: attempt.klass == "bulk" and line.to in stops and line.to not in starts,
    )
    late = replace(line, at_s=stops[line.to].answered_s + LATE_S)
    return replace(ledger, accepted=[late if one is line else one for one in ledger.accepted])


def over_rate(ledger: Ledger, _: Database) -> Ledger:
    """The texts of the busiest number came within a moment."""
    totals = Counter(line.from_ for line in ledger.accepted)
    if not totals:
        raise NothingToFalsify("Nothing was accepted.")
    busiest = totals.most_common(1)[0][0]
    began_s = min(line.at_s for line in ledger.accepted)
    accepted = [
        replace(line, at_s=began_s + COMPRESSED_S * position) if line.from_ == busiest else line
        for position, line in enumerate(ledger.accepted)
    ]
    return replace(ledger, accepted=accepted)


WAYS: Final[Mapping[str, Callable[[Ledger, Database], Ledger]]] = {
    "duplicate": duplicate,
    "lost": lost,
    "after_stop": after_stop,
    "over_rate": over_rate,
}


def _some(ledger: Ledger, database: Database, suits: Callable[[Accepted, Attempt], bool]) -> tuple[Accepted, Attempt]:
    for line in ledger.accepted:
        attempt = database.attempts.get(line.attempt or "")
        if attempt is not None and suits(line, attempt):
            return line, attempt
    raise NothingToFalsify("No accepted text of this run suits.")
