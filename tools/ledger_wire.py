"""Decides whether the wire was used as promised: once for each text, never without a mark, and never again in doubt."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from server.domain.carrier import HELD_UP
from server.domain.delivery import State
from tools.ledger_database import Attempt, Database, Place
from tools.ledger_facts import Accepted, Ledger, Refused, Request
from tools.ledger_journals import Journals

_QUEUED_AGAIN = frozenset({"void", "not_sent"})


@dataclass(frozen=True, slots=True)
class Freeze:
    """A server stood still until another had taken over, and went on at *continued_s* of CLOCK_MONOTONIC."""

    journal: str
    continued_s: float


def retried(ledger: Ledger, database: Database) -> Iterator[str]:
    """Texts that left again although an earlier request of theirs was not provably refused."""
    posts: defaultdict[Place, list[Request]] = defaultdict(list)
    for request in sorted(ledger.requests(), key=lambda request: request.at_s):
        if attempt := database.attempts.get(request.attempt or ""):
            posts[attempt.place].append(request)
    for place, requests in posts.items():
        for earlier, later in pairwise(requests):
            if earlier.attempt == later.attempt:
                yield f"{place} was posted twice by the attempt {later.attempt}"
            elif not (isinstance(earlier, Refused) and earlier.proven):
                yield f"{place} was posted again {later.at_s - earlier.at_s:.3f} s after {_doubt(earlier)}"


def _doubt(request: Request) -> str:
    if isinstance(request, Refused):
        return f"an answer {request.told}" if request.told else "no answer"
    return "it was accepted"


def unmarked(ledger: Ledger, database: Database, journals: Journals) -> Iterator[str]:
    """Requests of which their generation's journal knows nothing, as a full disk would leave it."""
    for request in ledger.requests():
        attempt = database.attempts.get(request.attempt or "")
        if attempt is not None and not journals.marked(attempt.id, attempt.journal):
            kind = "accepted" if isinstance(request, Accepted) else "refused"
            yield f"{attempt.place} was {kind}, but no journal bears a mark of {attempt.id}"


def requeued(ledger: Ledger, database: Database, journals: Journals, freezes: Sequence[Freeze] = ()) -> Iterator[str]:
    """Attempts that were on the wire by their mark, and whose text was queued again all the same.

    Who stood still may know better, and holds back what is marked; another may have queued it again before that mark.
    """
    frozen, left = {freeze.journal for freeze in freezes}, {request.attempt for request in ledger.requests()}
    for attempt in database.attempts.values():
        if attempt.id not in left and (attempt.reason == HELD_UP or attempt.journal in frozen):
            continue
        if attempt.state in _QUEUED_AGAIN and journals.marked(attempt.id, attempt.journal):
            yield f"{attempt.place} was queued again ({attempt.reason}) although {attempt.id} is marked"


def superseded(ledger: Ledger, database: Database, freezes: Sequence[Freeze]) -> Iterator[str]:
    """Requests of a server that had been taken over by another: none may leave once it goes on."""
    since = {freeze.journal: freeze.continued_s for freeze in freezes}
    for request in ledger.requests():
        attempt = database.attempts.get(request.attempt or "")
        if attempt is not None and attempt.journal in since and request.at_s > since[attempt.journal]:
            late_s = request.at_s - since[attempt.journal]
            yield f"{attempt.place} left {late_s:.3f} s after its server went on, which another had taken over"


def unexplained(database: Database, journals: Journals | None) -> Iterator[str]:
    """Unconfirmed texts without a reason, or, where journals were kept, without a mark and without a recorded loss."""
    reasons: defaultdict[Place, list[Attempt]] = defaultdict(list)
    for attempt in database.attempts.values():
        if attempt.state == State.UNCONFIRMED and attempt.explained:
            reasons[attempt.place].append(attempt)
    for place, state in database.outbound.items():
        if state != State.UNCONFIRMED:
            continue
        if not reasons[place]:
            yield f"{place} is unconfirmed, and nothing says why"
        elif journals is not None and not any(_is_open(attempt, journals) for attempt in reasons[place]):
            yield f"{place} is unconfirmed, but its journal was whole and bears no mark of it"


def _is_open(attempt: Attempt, journals: Journals) -> bool:
    return journals.marked(attempt.id, attempt.journal) or attempt.journal in journals.losses
