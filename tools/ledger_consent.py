"""Decides whether bulk left after a STOP, and counts what had crossed with one.

The order of a text and a STOP comes from consent epochs first: T3 wrote down the epoch under the lock that the STOP's
commit takes too. Where the epoch says that T3 came first, the carrier's clock says how much later the text was there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tools.ledger_database import Database
from tools.ledger_facts import Accepted, Ledger, Mo

IN_FLIGHT_S: Final = 0.300  # 250 ms from T3 to the first byte, and what loopback and a busy simulator add


@dataclass(frozen=True, slots=True)
class Crossed:
    """Bulk that reached the carrier after somebody had said STOP.

    *late*: findings. *in_flight*: T3 came before the commit of a STOP whose webhook was on its way, or answered less
    than 300 ms ago. *unheard*: no webhook of the STOP had got through to us; the sweep brought it.
    """

    late: Sequence[str]
    in_flight: int
    unheard: int


@dataclass(frozen=True, slots=True)
class _Said:
    """A keyword: when the carrier first posted it, and when we first answered 2xx; None where never."""

    posted_s: float
    taken_s: float | None


def after_stop(ledger: Ledger, database: Database) -> Crossed:
    said = _keywords(ledger, database)
    late, in_flight, unheard = [], 0, 0
    for line in ledger.accepted:
        attempt = database.attempts.get(line.attempt or "")
        if attempt is None or attempt.klass != "bulk":
            continue
        if database.opted_out.get((attempt.endpoint_id, attempt.consent_epoch), False):
            late.append(f"{attempt.place} was authorised while {line.to} was opted out")
            continue
        open_ = _open_stops(line, said[line.to, "STOP"], said[line.to, "START"])
        since_s = max((line.at_s - stop.taken_s for stop in open_ if stop.taken_s is not None), default=None)
        if since_s is not None and since_s > IN_FLIGHT_S:
            late.append(f"{attempt.place} came {since_s:.3f} s after the STOP of {line.to}")
        elif since_s is not None:
            in_flight += 1
        elif open_:
            unheard += 1
    return Crossed(late, in_flight, unheard)


def _keywords(ledger: Ledger, database: Database) -> Mapping[tuple[str, str], list[_Said]]:
    """What each handset said, by (handset, keyword). A text may be posted several times."""
    keywords = {stored.text: stored.keyword for stored in database.inbound if stored.keyword is not None}
    posts: defaultdict[str, list[Mo]] = defaultdict(list)
    for mo in ledger.mos:
        posts[mo.sid].append(mo)
    said: defaultdict[tuple[str, str], list[_Said]] = defaultdict(list)
    for same in posts.values():
        if keyword := keywords.get(same[0].text):
            taken_s = min((mo.answered_s for mo in same if mo.taken), default=None)
            said[same[0].from_, keyword].append(_Said(min(mo.posted_s for mo in same), taken_s))
    return said


def _open_stops(line: Accepted, stops: Iterable[_Said], starts: Sequence[_Said]) -> list[_Said]:
    """STOPs that were said before *line* came, and that no START followed until then.

    A START may have been found by the sweep, at a time that the ledger does not know: from its posting on it excuses.
    """
    return [
        stop
        for stop in stops
        if stop.posted_s < line.at_s and not any(stop.posted_s < start.posted_s < line.at_s for start in starts)
    ]
