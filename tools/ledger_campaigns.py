"""Decides what a run broke of what texts to many promise: whom they reach, how they add up, that a stop is one."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from server.domain.campaigns.campaign import FINAL, TRANSITIONS, CampaignState
from server.domain.delivery import WIRED, State
from tools.ledger_campaign_rows import Campaign, Place, Recipient
from tools.ledger_courses import Courses
from tools.ledger_database import Attempt, Database
from tools.ledger_facts import Ledger, Request

LATE_S: Final = 0.300  # 50 ms from the answer of a stop, and what loopback and busy machines add
OPEN: Final = frozenset({"pending", "in_flight"})
_BY_TEXT: Final = {State.QUEUED: "in_flight", State.HELD: "in_flight", **dict.fromkeys(WIRED, "wired"),
                   State.REJECTED: "rejected", State.UNCONFIRMED: "unconfirmed"}  # fmt: skip
"""Where a recipient stands by its text; anything else is skipped."""


def reached(ledger: Ledger, database: Database) -> Iterator[str]:
    """I6: of each campaign each recipient is reached once, and nobody else is."""
    recipients = {(one.campaign_id, one.endpoint_id): one for one in database.campaigns.recipients}
    times: Counter[tuple[int, int]] = Counter()
    for line in ledger.accepted:
        attempt = database.attempts.get(line.attempt or "")
        text = None if attempt is None else database.campaigns.text(attempt.place)
        if attempt is not None and text is not None:
            times[text.campaign_id, attempt.endpoint_id] += 1
    for (campaign_id, endpoint_id), count in times.items():
        recipient = recipients.get((campaign_id, endpoint_id))
        if recipient is None or recipient.state == "excluded":
            yield f"campaign {campaign_id} reached the number {endpoint_id}, which is no recipient of it"
        if count > 1:
            yield f"campaign {campaign_id} reached the number {endpoint_id} {count} times"


def sums(database: Database) -> Iterator[str]:
    """I7: the sums are those of the rows, and the rows those of the snapshot, without a gap in their places."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    states: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for one in database.campaigns.recipients:
        places[one.campaign_id].append(one.ord)
        states[one.campaign_id][one.state] += 1
    for row in database.campaigns.rows:
        if row.kept != row.counted:
            yield f"campaign {row.id} has the sums {row.kept}, and its rows come to {row.counted}"
        if sorted(places[row.id]) != list(range(1, len(places[row.id]) + 1)):
            yield f"campaign {row.id} has a gap in its places"
        if not row.launched:
            continue
        if not row.audience == row.total == len(places[row.id]):
            yield f"campaign {row.id} has {row.audience} people, {row.total} by its sums and {len(places[row.id])} rows"
        meant = len(places[row.id]) - states[row.id]["excluded"]
        if row.expected is not None and row.expected != meant:
            yield f"campaign {row.id} was confirmed for {row.expected} and means {meant}"


def rows(database: Database) -> Iterator[str]:
    """A recipient stands where its text does, and each text is a recipient's, or was taken back."""
    texts: dict[Place, Recipient] = {}
    for one in database.campaigns.recipients:
        if one.place is None:
            continue
        texts[one.place] = one
        by_text = _BY_TEXT.get(State(database.outbound[one.place]), "skipped")
        if one.state != by_text:
            yield f"recipient {one.ord} of campaign {one.campaign_id} is {one.state}, and its text {by_text}"
    for place, text in (database.campaigns.texts or {}).items():
        if place not in texts and database.outbound[place] != State.CANCELLED:
            yield f"{place} of campaign {text.campaign_id} is {database.outbound[place]}, and nobody's"


def course(database: Database) -> Iterator[str]:
    """Each moves as campaigns may, ends once, and ends with nobody left."""
    left = Counter(one.campaign_id for one in database.campaigns.recipients if one.state in OPEN)
    for row in database.campaigns.rows:
        if row.ended and (left[row.id] or row.state not in FINAL):
            yield f"campaign {row.id} has ended as {row.state} with {left[row.id]} open recipients"
        if row.state == CampaignState.COMPLETED and not row.ended:
            yield f"campaign {row.id} is completed and has no end"
        yield from _astray(row)


def _astray(row: Campaign) -> Iterator[str]:
    for (before, ended), (after, then) in pairwise(row.witnessed):
        if ended:
            yield f"campaign {row.id} had ended as {before}, and went on as {after}"
        elif before != after and not _may_become(before, after):
            yield f"campaign {row.id} was {before}, and then {after}"
        elif before == after and not then:
            yield f"campaign {row.id} was {before} twice"


def _may_become(before: str, after: str) -> bool:
    """A launch that comes to nothing makes a draft of it again."""
    state = CampaignState(before)
    return after == CampaignState.DRAFT or CampaignState(after) in TRANSITIONS[state].values()


def stopped(ledger: Ledger, database: Database, courses: Courses) -> Iterator[str]:
    """Nothing leaves once a pause or a cancel is answered, nor with the words of before once a change is."""
    for campaign_id, requests in _by_campaign(ledger, database).items():
        stops = [one for one in courses.stopped if one.campaign_id == campaign_id]
        changes = [one for one in courses.reworded if one.campaign_id == campaign_id]
        for request, attempt in requests:
            for one in stops:
                if one.from_s + LATE_S < request.at_s < one.until_s:
                    late_s = request.at_s - one.from_s
                    yield f"{attempt.place} of campaign {campaign_id} left {late_s:.3f} s after it was stopped"
            text = database.campaigns.text(attempt.place)
            words = None if text is None else text.words
            for change in changes:
                if words is not None and words < change.words and request.at_s > change.from_s + LATE_S:
                    late_s = request.at_s - change.from_s
                    yield f"{attempt.place} of campaign {campaign_id} left {late_s:.3f} s after it was reworded"


def _by_campaign(ledger: Ledger, database: Database) -> Mapping[int, list[tuple[Request, Attempt]]]:
    found: defaultdict[int, list[tuple[Request, Attempt]]] = defaultdict(list)
    for request in ledger.requests():
        attempt = database.attempts.get(request.attempt or "")
        text = None if attempt is None else database.campaigns.text(attempt.place)
        if attempt is not None and text is not None:
            found[text.campaign_id].append((request, attempt))
    return found


def at_night(ledger: Ledger, database: Database, courses: Courses) -> Iterator[str]:
    """I10: nothing in bulk leaves in a recipient's quiet hours."""
    for request in ledger.requests():
        attempt = database.attempts.get(request.attempt or "")
        if attempt is None or attempt.klass != "bulk":
            continue
        for night in courses.nights:
            if request.to.startswith(night.prefix) and request.at_s < night.until_s:
                yield f"{attempt.place} left {night.until_s - request.at_s:.3f} s before {request.to} may be texted"
