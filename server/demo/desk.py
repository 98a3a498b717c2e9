"""What the demo's members have done with what came in: answers, whose it is, what is closed or put off, notes.

Without it a newcomer would meet a team that answers nobody: replies of old campaigns would still wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

import orjson

from server.demo.people import MEMBERS
from server.domain.delivery import RANK, State
from server.domain.segments import count
from server.store.named_sql import parse

if TYPE_CHECKING:
    from server.store.postgres import Connection

FRESH: Final = timedelta(hours=30)
"""What came in later than that may still wait; everybody has read what is older."""
_QUIET: Final = timedelta(days=3)
_CLOSES: Final = timedelta(days=4)
_NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://harborpine.example/desk")

_REPLIES: Final = {
    "Thanks! Not this month, maybe in spring": "Of course. I’ll check in with you in March!",
    "Already found a place, but thank you": "Congratulations! Thank you for telling me.",
    "Who is this?": "This is Harbor & Pine Realty, you were at one of our open houses. Shall I take you off the list?",
    "My sister is looking, can I pass this on?": "Please do! She can text this number any time.",
    "👍": "Great, I’ll keep you posted.",
    "Can you call me tonight?": "Gladly. I’ll call you at six.",
}
_ANY_REPLY: Final = "Thank you for asking! I’ll send you the details and a few times to see it."


@dataclass(frozen=True, slots=True)
class Conversation:
    id: int
    launched_by: int | None
    owner_id: int | None
    last_direction: str
    last_preview: str
    last_at: datetime
    last_in_at: datetime | None
    waiting_since: datetime | None
    opted_out: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Turn:
    thread_id: int
    member_id: int
    what: str
    at: datetime
    to_id: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    thread_id: int
    member_id: int
    body: str
    segments: int
    at: datetime


def answers(conversations: Sequence[Conversation], wall: datetime) -> list[Answer]:
    """Who launched a campaign has answered those who wrote back, but for the last ones."""
    found = []
    for one in conversations:
        if _is_reply(one) and one.last_at < wall - FRESH and one.launched_by is not None:
            body = _REPLIES.get(one.last_preview, _ANY_REPLY)
            at = one.last_at + timedelta(minutes=7 + one.id % 40)
            found.append(Answer(one.id, one.launched_by, body, count(body).count, at))
    return found


def waiting(conversations: Sequence[Conversation], wall: datetime) -> list[int]:
    """Conversations of members' own people whose last word is the contact's, and of these days."""
    return [one.id for one in conversations if one.launched_by is None and _asks(one) and one.last_at >= wall - _QUIET]


def turns(conversations: Sequence[Conversation], wall: datetime) -> Iterator[Turn]:
    """What is old is closed by whose it is; of what is not, most is somebody's, and some is put off."""
    put_off = 0
    for one in conversations:
        whose = one.launched_by or one.owner_id
        if one.held or whose is None:
            continue
        if one.opted_out or one.last_at < wall - _CLOSES:
            yield Turn(one.id, whose, "closed", min(one.last_at + timedelta(hours=1), wall))
            continue
        if one.launched_by is not None and one.last_direction == "out":
            if (
                one.waiting_since is not None
            ):  # the campaign that followed has overtaken what they wrote to the one before
                yield Turn(one.id, whose, "closed", one.last_at + timedelta(hours=1))
                continue
            yield Turn(one.id, whose, "assigned", one.last_at + timedelta(minutes=2), to_id=whose)
        elif one.launched_by is None:
            if one.id % 4:
                yield Turn(one.id, whose, "assigned", min(one.last_at + timedelta(minutes=2), wall), to_id=whose)
            if one.last_direction == "out" and put_off < len(_UNTIL):
                until = wall + _UNTIL[put_off]
                put_off += 1
                yield Turn(one.id, whose, "snoozed", min(one.last_at + timedelta(minutes=5), wall), until=until)


_UNTIL: Final = (timedelta(minutes=20), timedelta(hours=22), timedelta(days=3))


def _is_reply(one: Conversation) -> bool:
    return one.launched_by is not None and _asks(one)


def _asks(one: Conversation) -> bool:
    return one.last_direction == "in" and not one.opted_out and not one.held


async def work(connection: Connection, workspace_id: int, members: Mapping[str, int], wall: datetime) -> None:
    """All that by *wall*, after the conversations and the campaigns are there."""
    sql = statements()
    conversations = await _conversations(connection, workspace_id)
    said = [asdict(one) for one in answers(conversations, wall)]
    await connection.execute(sql["answered"], workspace_id, orjson.dumps(said).decode(), RANK[State.DELIVERED])
    await connection.execute(sql["waits"], workspace_id, waiting(conversations, wall))
    conversations = await _conversations(connection, workspace_id)
    done = [asdict(one) for one in turns(conversations, wall)]
    await connection.execute(sql["turns"], workspace_id, orjson.dumps(done).decode())
    await connection.execute(sql["done_with"], workspace_id)
    await _write_notes(connection, workspace_id, members, conversations, wall)


async def _write_notes(
    connection: Connection,
    workspace_id: int,
    members: Mapping[str, int],
    conversations: Sequence[Conversation],
    wall: datetime,
) -> None:
    """On the newest conversations that wait, by whose they are; one asks the owner to look, one an agent."""
    dana, marcus, priya = (members[one.email] for one in MEMBERS)
    asked = sorted(
        (one for one in conversations if _asks(one) and one.launched_by is None), key=lambda one: one.last_at
    )
    for by, to, body in (
        (marcus, dana, "@Dana Whitfield the price is your call. What may I say?"),
        (dana, priya, "@Priya Raman you know the house: can you take this one?"),
        (priya, None, "Prefers a call after six."),
    ):
        one = next((one for one in reversed(asked) if one.owner_id == by), None)
        if one is None:
            continue
        note = uuid5(_NAMESPACE, body), hashlib.sha256(body.encode()).digest(), body, [] if to is None else [to]
        await connection.fetch(statements()["note"], workspace_id, one.id, by, *note, wall - timedelta(seconds=30))


async def _conversations(connection: Connection, workspace_id: int) -> list[Conversation]:
    rows = await connection.fetch(statements()["conversations"], workspace_id)
    return [Conversation(**row) for row in rows]


@cache
def statements() -> dict[str, str]:
    return parse((files("server.demo") / "sql" / "desk.sql").read_text(encoding="utf-8"))
