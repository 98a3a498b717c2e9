"""Decides what a world broke, from the carrier's record and the database alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from server.domain.delivery import RANK, State, reported
from server.domain.gate import MessageClass
from tests.simulation.plan import ACCOUNT
from tests.simulation.tables import Attempt

if TYPE_CHECKING:
    from tests.simulation.world import World

BULK_AFTER_T3_S: Final = 0.250
PERSON_AFTER_T3_S: Final = 2.0
CAP_SLACK_S: Final = 0.5  # the cap counts by instants that were granted; texts leave up to 250 ms later
LOS_ANGELES: Final = ZoneInfo("America/Los_Angeles")
AT_MIDNIGHT: Final = timedelta(milliseconds=20)  # a day ends a moment late, so that whoever looks then finds the next
WIRED: Final = (State.SENT, State.DELIVERED, State.UNDELIVERED)


def judge(world: World) -> list[str]:
    """The findings, each a sentence."""
    rules = (
        _twice, _after_stop, _against, _too_fast, _asleep, _over_cap, _over_day, _undecided, _unrested, _unexplained,
        _phantom, _states, _confirmations, _inbound, _seqs,
    )  # fmt: skip
    return [finding for rule in rules for finding in rule(world)]


def _attempts(world: World) -> dict[object, Attempt]:
    return {one.id: one for one in world.tables.attempts.values()}


def _twice(world: World) -> Iterable[str]:
    attempts = world.tables.attempts
    unknown = [one for one in world.carrier.departures if one.attempt_id not in attempts]
    yield from (f"{one.attempt_id} left without a write-ahead attempt" for one in unknown)
    taken = Counter(
        (attempts[one.attempt_id].thread_id, attempts[one.attempt_id].seq)
        for one in world.carrier.accepted
        if one.attempt_id in attempts
    )
    yield from (f"{place} was accepted {times} times" for place, times in taken.items() if times > 1)


def _after_stop(world: World) -> Iterable[str]:
    """By the order of commits: T3 against STOP, and then by how long after its T3 a text left."""
    stops: defaultdict[int, list[float]] = defaultdict(list)
    for endpoint_id, at in world.stops:
        stops[endpoint_id].append(at)
    for one in world.carrier.departures:
        attempt = world.tables.attempts.get(one.attempt_id)
        if attempt is None or attempt.klass is MessageClass.KEYWORD_ANSWER:
            continue
        if attempt.opted_out and not attempt.acknowledged:
            yield f"{attempt.id} ({attempt.klass}) was authorised after a STOP and left"
        limit_s = BULK_AFTER_T3_S if attempt.klass is MessageClass.BULK else PERSON_AFTER_T3_S
        between = any(attempt.committed_at < at < one.at for at in stops[attempt.endpoint_id])
        if between and one.at - attempt.committed_at > limit_s:
            yield f"{attempt.id} ({attempt.klass}) left {one.at - attempt.committed_at:.3f} s after its T3, past a STOP"


def _against(world: World) -> Iterable[str]:
    """Nothing leaves whose T3 committed after what forbids it: a hold, a reply, a recall, a consent that is wanting."""
    for one in world.carrier.departures:
        attempt = world.tables.attempts.get(one.attempt_id)
        yield from (f"{one.attempt_id} left {what}" for what in (attempt.against if attempt else ()))


def _too_fast(world: World) -> Iterable[str]:
    for number in world.tables.numbers:
        left = [(one.at, one.cost) for one in world.carrier.departures if one.from_ == number.address]
        for first, (begins, _) in enumerate(left):
            total = largest = 0
            for ends, cost in left[first:]:
                total, largest = total + cost, max(largest, cost)
                if total > number.rate * (ends - begins) + max(number.burst, largest) + 1e-3:
                    yield f"{number.address}: {total} segments within {ends - begins:.4f} s from {begins:.4f} on"
                    return


def _asleep(world: World) -> Iterable[str]:
    """Nothing in bulk, and nothing that was to be sent later, inside the recipient's quiet hours."""
    if world.plan.jumps:
        return  # a server whose clock is wrong is wrong about the hour
    for one in world.carrier.departures:
        attempt = world.tables.attempts.get(one.attempt_id)
        if attempt is None or attempt.klass not in (MessageClass.BULK, MessageClass.SEND_LATER):
            continue
        address = world.tables.endpoints[attempt.endpoint_id].address
        if not world.memory.timetable.at(address, (), world.plan.start + timedelta(seconds=one.at)).open:
            yield f"{attempt.id} ({attempt.klass}) left inside quiet hours"


def _over_cap(world: World) -> Iterable[str]:
    """The workspace's own cap of bulk texts to one endpoint, counted by the carrier."""
    cap = world.plan.cap
    if cap is None or world.plan.jumps:
        return
    sent: defaultdict[int, list[float]] = defaultdict(list)
    for one in world.carrier.departures:
        attempt = world.tables.attempts.get(one.attempt_id)
        if attempt is not None and attempt.klass is MessageClass.BULK and attempt.state in ("accepted", "unconfirmed"):
            sent[attempt.endpoint_id].append(one.at)
    for endpoint_id, times in sent.items():
        for first, last in zip(times, times[cap.texts :], strict=False):
            if last - first < cap.window.total_seconds() - CAP_SLACK_S:
                yield f"endpoint {endpoint_id} got {cap.texts + 1} bulk texts within {last - first:.3f} s"


def _over_day(world: World) -> Iterable[str]:
    """A brand's segments between two midnights of Los Angeles, counted by the carrier, and charged to that day."""
    if not world.plan.branded or world.plan.day_cap is None or world.plan.jumps:
        return
    left: Counter[date] = Counter()
    for one in world.carrier.departures:
        at = world.plan.start + timedelta(seconds=one.at)
        if at.astimezone(LOS_ANGELES).date() == (at - AT_MIDNIGHT).astimezone(LOS_ANGELES).date():
            left[at.astimezone(LOS_ANGELES).date()] += one.cost
    for day, segments in left.items():
        charged = sum(use.used for (_, charged_to), use in world.tables.days.items() if charged_to == day)
        if segments > charged:
            yield f"{segments} segments left on {day}, of which {charged} were charged to it"
        if segments > world.plan.day_cap:
            yield f"{segments} segments left on {day}, of at most {world.plan.day_cap}"


def _undecided(world: World) -> Iterable[str]:
    """Whoever is held waits for a person, a person is asked about whoever is held, and each of them got an answer."""
    tables = world.tables
    for endpoint in tables.endpoints.values():
        if endpoint.held != bool(tables.open_reviews(endpoint.id)):
            yield f"endpoint {endpoint.id} is held: {endpoint.held}, and its open reviews say otherwise"
    yield from (f"review {one.id} was never decided" for one in tables.reviews.values() if one.decision is None)
    for row in tables.outbox.values():
        if row.state == "held":
            yield f"{row.thread_id, row.seq} is still held ({row.reason})"


def _unrested(world: World) -> Iterable[str]:
    """Nothing may be left over once the world is well again."""
    waits = {(row.thread_id, row.seq) for row in world.tables.outbox.values() if world.waits(row)}
    for key, message in world.tables.messages.items():
        if message.direction == "out" and message.state == State.QUEUED and key not in waits:
            yield f"{message.thread_id, message.seq} is still queued"
    for attempt in world.tables.attempts.values():
        if attempt.state in ("authorised", "unknown"):
            yield f"{attempt.id} is still {attempt.state}"
    yield from (f"{node.process.name} still counts texts on their way" for node in world.nodes if node.is_sending)
    if not world.rests():
        yield "the world never came to rest"


def _unexplained(world: World) -> Iterable[str]:
    left = {one.attempt_id for one in world.carrier.departures}
    for attempt in world.tables.attempts.values():
        on_wire = attempt.id in left or attempt.gen in world.lost_journals or attempt.id in world.marks
        away = len(world.hosts) > 1  # the journal of the other machine cannot be read from here
        if attempt.state != "unconfirmed":
            continue
        if not (on_wire or away):
            yield f"{attempt.id} is unconfirmed, and it never was on the wire"
        if not world.plan.jumps and attempt.rung + 1 < len(world.plan.ladder_s):
            yield f"{attempt.id} was given up on rung {attempt.rung}"
        climbed = attempt.ended_at and attempt.unknown_since and attempt.ended_at - attempt.unknown_since
        if not world.plan.jumps and climbed and climbed < timedelta(seconds=world.plan.ladder_s[-1]):
            yield f"{attempt.id} was given up after {climbed.total_seconds():.1f} s"


def _phantom(world: World) -> Iterable[str]:
    """Wired without the carrier: counted for equal texts together, since those cannot be told apart in a list."""
    taken: Counter[tuple[int, str]] = Counter()
    shown: Counter[tuple[int, str]] = Counter()
    tables = world.tables
    for one in world.carrier.accepted:
        attempt = tables.attempts[one.attempt_id]
        taken[attempt.thread_id, one.body] += 1
    for message in tables.messages.values():
        if message.direction == "out" and message.state in WIRED:
            shown[message.thread_id, message.body] += 1
    yield from (
        f"{key[0]}: {n} texts are shown as wired, {taken[key]} are" for key, n in shown.items() if n > taken[key]
    )


def _states(world: World) -> Iterable[str]:
    """A text stands at least where the receipts that we took put it, and nowhere where the carrier never was."""
    bound = {provider_id: attempt_id for (_, provider_id), attempt_id in world.tables.bound.items()}
    for one in world.carrier.accepted:
        attempt = world.tables.attempts[bound.get(one.sid, one.attempt_id)]
        message = world.tables.messages[attempt.thread_id, attempt.seq]
        if not (world.plan.callback_token or one.sid in bound):
            continue  # nothing says whose it is: an equal text may stand for it
        told = [state for status in one.told if (state := reported(status))]
        least = max((RANK[state] for state in told), default=0)
        most = max(RANK[state] for status in one.statuses if (state := reported(status)))
        if message.rank < least:
            yield f"{attempt.thread_id, attempt.seq} is {message.state}, but receipts said {one.told}"
        if message.state in WIRED and message.rank > most:
            yield f"{attempt.thread_id, attempt.seq} is {message.state}, but the carrier only said {one.statuses}"
        if message.state in (State.BLOCKED, State.CANCELLED, State.EXPIRED, State.HELD, State.QUEUED, State.REJECTED):
            yield f"{attempt.thread_id, attempt.seq} is {message.state}, but the carrier took it"


def _confirmations(world: World) -> Iterable[str]:
    """Once for each STOP, START and HELP that is owed an answer, within five minutes."""
    tables, within = world.tables, timedelta(minutes=5)
    left = {one.attempt_id: one.at for one in world.carrier.departures}
    for event in tables.consent_events:
        if event.answer_by is None:
            continue
        key = (event.endpoint_id, event.epoch, event.kind, event.id if event.kind == "help_asked" else 0)
        if key not in tables.keyword_answers:
            yield f"the answer to {event.kind} of endpoint {event.endpoint_id} was never queued"
            continue
        answer = tables.keyword_answers[key]
        for attempt in tables.attempts.values():
            mine = (attempt.thread_id, attempt.seq) == (answer.thread_id, answer.seq)
            at = left.get(attempt.id)
            if mine and at is not None and world.plan.start + timedelta(seconds=at) > event.at + within:
                yield f"the answer to {event.kind} of endpoint {event.endpoint_id} left too late"
    answers = Counter((a.thread_id, a.seq) for a in tables.keyword_answers.values() if a.seq is not None)
    queued = [m for m in tables.messages.values() if m.klass == MessageClass.KEYWORD_ANSWER.value]
    yield from (f"{m.thread_id, m.seq} answers nothing" for m in queued if (m.thread_id, m.seq) not in answers)


def _inbound(world: World) -> Iterable[str]:
    tables = world.tables
    for one in world.carrier.inbound:
        if (ACCOUNT, one.sid) not in tables.texts:
            yield f"{one.sid} was written and is not stored" + (", though we said 2xx" if one.taken else "")
    stored = sum(m.direction == "in" for m in tables.messages.values())
    written = len(world.carrier.inbound) + len(world.plan.contacts)
    if stored > written:
        yield f"{written} texts were written, {stored} are stored"


def _seqs(world: World) -> Iterable[str]:
    for thread in world.tables.threads.values():
        numbers = [seq for thread_id, seq in world.tables.messages if thread_id == thread.id]
        if max(numbers) > thread.last_seq:
            yield f"thread {thread.id} counts {thread.last_seq} and has a text {max(numbers)}"
