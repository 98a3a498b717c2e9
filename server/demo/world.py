"""Makes the demo's rows: who wrote what, when, and what became of it. Pure: the same seed and time, the same world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from server.demo.people import CONTACT_LINE, MEMBERS, NUMBERS, WORKSPACE, DemoContact, DemoMember, contacts
from server.demo.talk import Said, converse
from server.domain.consent import answer_text
from server.domain.delivery import RANK, State
from server.domain.optout import Heard, Keyword, classify
from server.domain.segments import count

SEED: Final = 20
THREADS: Final = 68
_EASTERN: Final = ZoneInfo("America/New_York")
_OPENS, _CLOSES = 9, 19  # the hours in which the demo's people write, Eastern
_FAILURES: Final = (  # (state, error class, Twilio's code); what a lead's number may really bring
    (State.UNDELIVERED, "transient", "30003"),
    (State.UNDELIVERED, "invalid", "30006"),
    (State.UNDELIVERED, "filtered", "30007"),
    (State.UNDELIVERED, "invalid", "30005"),
    (State.REJECTED, "invalid", "21614"),
)

_DOUBTS: Final = (  # texts that may ask to stop, and how many minutes ago they came
    ("Thanks, but we're no longer looking. Please stop sending us condos.", 9),
    ("Sorry, I think you have the wrong number. I'm not buying anything 😅", 34),
    ("Honestly? Don't text me while I'm at work.", 71),
)


@dataclass(frozen=True, slots=True)
class DemoMessage:
    address: str
    seq: int
    direction: str
    in_ord: int | None
    klass: str
    body: str
    segments: int
    state: str
    rank: int
    at: datetime
    author: str | None = None
    error_class: str | None = None
    error_code: str | None = None
    keyword: str | None = None


@dataclass(frozen=True, slots=True)
class DemoStatus:
    """A later change of message `ref`."""

    address: str
    seq: int
    ref: int
    state: str
    at: datetime
    error_class: str | None = None
    error_code: str | None = None


@dataclass(slots=True)
class DemoThread:
    contact: DemoContact
    number: str
    messages: list[DemoMessage] = field(default_factory=list)
    statuses: list[DemoStatus] = field(default_factory=list)
    opted_out_at: datetime | None = None
    review: Heard | None = None  # what its last text may be: a person must say
    read: dict[str, int] = field(default_factory=dict)  # e-mail of the member: the in_ord displayed last

    @property
    def last_seq(self) -> int:
        return len(self.messages) + len(self.statuses)

    @property
    def in_total(self) -> int:
        return sum(message.direction == "in" for message in self.messages)


@dataclass(frozen=True, slots=True)
class World:
    contacts: tuple[DemoContact, ...]
    threads: tuple[DemoThread, ...]


def make_world(wall: datetime, seed: int = SEED) -> World:
    """The demo as it stands at *wall* (aware UTC): the newest texts are minutes old, the oldest some weeks."""
    rng = Random(seed)  # noqa: S311 - the same demo on every machine
    people = contacts(seed)
    writers = rng.sample(people[:-4], THREADS - 4) + list(people[-4:])
    rng.shuffle(writers)
    threads = [_thread(rng, person, nth, _last_at(rng, nth, wall)) for nth, person in enumerate(writers)]
    _ordeals(rng, threads, wall)
    for nth, thread in enumerate(threads):
        _read(rng, thread, nth)
    _doubts(Random(seed + 1), threads, wall)  # noqa: S311 - the same demo on every machine
    return World(people, tuple(threads))


def _last_at(rng: Random, nth: int, wall: datetime) -> datetime:
    """A third of the conversations moved today, the rest lies back up to five weeks."""
    if nth < THREADS // 4:
        return wall - timedelta(minutes=2 + nth * 6 + rng.randrange(5), seconds=rng.randrange(60))
    if nth < THREADS // 2:
        return _office_hours(rng, wall - timedelta(days=1 + rng.randrange(3)))
    return _office_hours(rng, wall - timedelta(days=4 + rng.randrange(32)))


def _office_hours(rng: Random, day: datetime) -> datetime:
    """Some time on the Eastern day of *day* at which people text."""
    local = day.astimezone(_EASTERN)
    hour, minute, second = rng.randrange(_OPENS, _CLOSES), rng.randrange(60), rng.randrange(60)
    return local.replace(hour=hour, minute=minute, second=second).astimezone(day.tzinfo)


# A conversation becomes rows


def _thread(rng: Random, person: DemoContact, nth: int, last_at: datetime) -> DemoThread:
    agent = MEMBERS[nth % len(MEMBERS)]
    texts = rng.choice((2, 3, 4, 5, 6, 7, 9, 12, 16, 22, 27))
    waits = nth < THREADS // 3 and rng.random() < 0.8
    said = converse(rng, person.first, agent.first, nth, texts, waits=waits)
    thread = DemoThread(person, NUMBERS[rng.choice((0, 0, 0, 1, 2))].address)
    for text, at in zip(said, _times(rng, said, last_at), strict=True):
        if text.inbound:
            _receive(thread, text.body, at)
        else:
            _send(thread, text.body, at, agent)
    return thread


def _times(rng: Random, said: Sequence[Said], last_at: datetime) -> list[datetime]:
    """Backwards from the last text: minutes within an act, days between acts."""
    times = [last_at]
    for earlier, later in zip(said[-2::-1], said[:0:-1], strict=True):
        gap = timedelta(seconds=rng.randrange(25, 700))
        before = times[-1] - gap
        if earlier.act != later.act:
            before = _office_hours(rng, before - timedelta(days=rng.randrange(1, 5)))
        times.append(before)
    return times[::-1]


def _receive(thread: DemoThread, body: str, at: datetime, keyword: str | None = None) -> None:
    thread.messages.append(
        DemoMessage(
            thread.contact.address, thread.last_seq + 1, "in", thread.in_total + 1, "inbound", body,
            count(body).count, "received", 0, at, keyword=keyword,
        )
    )  # fmt: skip


def _send(
    thread: DemoThread,
    body: str,
    at: datetime,
    author: DemoMember | None,
    end: State = State.DELIVERED,
    error: tuple[str | None, str | None] = (None, None),
) -> None:
    """A text that was queued, sent and ended in *end*: its event and those of its statuses."""
    address, seq = thread.contact.address, thread.last_seq + 1
    klass = "person" if author else "keyword_answer"
    email = author.email if author else None
    thread.messages.append(
        DemoMessage(address, seq, "out", None, klass, body, count(body).count, end, RANK[end], at, email, *error)
    )
    steps = [State.SENT, end] if end in {State.DELIVERED, State.UNDELIVERED} else [end]
    for step, state in enumerate(steps):
        told = error if state is end else (None, None)
        when = at + timedelta(seconds=1 + 2 * step)
        thread.statuses.append(DemoStatus(address, thread.last_seq + 1, seq, state, when, *told))


# What goes wrong, as it does


def _ordeals(rng: Random, threads: Sequence[DemoThread], wall: datetime) -> None:
    """Some texts fail, one is not confirmed, some people opt out: all of it an hour ago or longer."""
    aside = [thread for thread in threads[8:] if thread.messages[-1].at < wall - timedelta(hours=1)]
    chosen = rng.sample(aside, len(_FAILURES) + 1 + 4)
    agent = MEMBERS[2]
    for thread, (state, *error) in zip(chosen, _FAILURES, strict=False):
        body = "Just making sure my last message reached you."
        _send(thread, body, _soon(rng, thread), agent, state, (error[0], error[1]))
    lost = chosen[len(_FAILURES)]
    _send(lost, "The address is 33 Juniper Way, unit 2. See you there!", _soon(rng, lost), agent, State.UNCONFIRMED)
    for nth, thread in enumerate(chosen[len(_FAILURES) + 1 :]):
        _opt_out(rng, thread, ("STOP", "Stop", "unsubscribe", "STOP")[nth])


def _doubts(rng: Random, threads: Sequence[DemoThread], wall: datetime) -> None:
    """The last text of some people may have asked to stop."""
    quiet = [
        thread
        for thread in threads[THREADS // 4 :]
        if thread.contact.known
        and thread.messages[-1].state in {"received", State.DELIVERED}
        and not thread.opted_out_at
    ]
    for thread, (body, minutes) in zip(rng.sample(quiet, len(_DOUBTS)), _DOUBTS, strict=True):
        _receive(thread, body, wall - timedelta(minutes=minutes))
        thread.review = classify(body)


def _soon(rng: Random, thread: DemoThread) -> datetime:
    return thread.messages[-1].at + timedelta(minutes=rng.randrange(5, 40), seconds=rng.randrange(60))


def _opt_out(rng: Random, thread: DemoThread, word: str) -> None:
    at = _soon(rng, thread)
    _receive(thread, word, at, keyword=Keyword.STOP)
    thread.opted_out_at = at
    answer = answer_text(Keyword.STOP, brand=WORKSPACE, contact=CONTACT_LINE)
    _send(thread, answer, at + timedelta(seconds=3), None)


def _read(rng: Random, thread: DemoThread, nth: int) -> None:
    """Everybody has read all but what came last in the newest conversations; who is away has more to read."""
    waiting = 0
    for message in reversed(thread.messages):
        if message.direction == "out" and message.klass == "person":
            break
        waiting += message.direction == "in"
    for member, share in zip(MEMBERS, (0.75, 0.85, 0.9), strict=True):
        unread = waiting if nth < THREADS // 3 and rng.random() < share else 0
        thread.read[member.email] = thread.in_total - unread


def as_json(thing: Any) -> dict[str, Any]:
    """A row for jsonb: times as text."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(thing).items()}
