"""Decides how History is searched: what the typed words ask for, and how far back each look of a search reaches.

The texts of a workspace are many, and a page of them is few. A word that most texts have is found fastest by walking
back through the newest; one that hardly any has, by the index of words. Nobody knows beforehand which a word is, nor
whether two words ever meet in one text. So a search first walks a little, and then leaps: each look at the index
covers a span of time, wider where little was found and narrower where too much was. What a page may cost is bounded;
a search that has found no page by then says how far back it has come, and can go on from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from server.domain.delivery import State

LONGEST: Final = 200  # characters that are read
MOST_PIECES: Final = 12

Status = Literal["received", "waiting", "sent", "delivered", "failed", "not_sent", "unconfirmed"]
STATES: Final[Mapping[Status, tuple[str, ...]]] = MappingProxyType(
    {
        "received": ("received",),
        "waiting": (State.QUEUED, State.HELD),
        "sent": (State.SENT,),
        "delivered": (State.DELIVERED,),
        "failed": (State.REJECTED, State.UNDELIVERED),
        "not_sent": (State.BLOCKED, State.CANCELLED, State.EXPIRED),
        "unconfirmed": (State.UNCONFIRMED,),
    }
)
"""What people ask for, and the states that a text is in then; each state stands in one."""

Kind = Literal["text", "note"]


def kinds(asked: Kind | None, *, of_a_text: bool) -> tuple[Kind, ...]:
    """What may be found. *of_a_text*: something is asked of it that no note has, a direction for example.

    >>> kinds(None, of_a_text=False), kinds(None, of_a_text=True), kinds("note", of_a_text=True)
    (('text', 'note'), ('text',), ())
    """
    every: tuple[Kind, ...] = ("text",) if of_a_text else ("text", "note")
    return tuple(kind for kind in every if asked in (None, kind))


# What is typed


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stand side by side. `whole`: given in quotes; else its last word may go on."""

    text: str
    whole: bool


_QUOTES: Final = str.maketrans("“”„«»", '"""""')
_PIECES: Final = re.compile(r'"([^"]*)"|([^\s"]+)')


def pieces(typed: str) -> Sequence[Piece]:
    """What was typed, in pieces that must all be found.

    >>> pieces('maya "open house" 450,000')
    (Piece(text='maya', whole=False), Piece(text='open house', whole=True), Piece(text='450,000', whole=False))
    >>> pieces('“open hou')  # still being typed
    (Piece(text='open', whole=False), Piece(text='hou', whole=False))
    """
    found = _PIECES.findall(typed[:LONGEST].replace("\0", " ").translate(_QUOTES))
    told = [Piece(quoted or loose, bool(quoted)) for quoted, loose in found if quoted.strip() or loose]
    return tuple(told[:MOST_PIECES])


# Spans of time, as schema.sql's history_keys has them

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_BITS: Final = (12, 17, 22)  # of a span's seconds: 68 minutes, 36 hours, 48 days
_EACH: Final = 1 << 5  # spans in a wider one


def spans(workspace_id: int, since: datetime, until: datetime) -> list[int]:
    """The fewest keys of spans that cover *since* to *until*, and at most a narrow span more at either end."""
    # the database rounds to seconds, and we do not
    first = int((since - _SECOND - _EPOCH) / _SECOND) >> _BITS[0]
    last = int((until + _SECOND - _EPOCH) / _SECOND + 1) >> _BITS[0]
    keys: list[int] = []
    for level in range(len(_BITS)):
        widest = level == len(_BITS) - 1
        while first <= last and (widest or first % _EACH):
            keys.append(_key(workspace_id, level, first))
            first += 1
        while first <= last and (last + 1) % _EACH:
            keys.append(_key(workspace_id, level, last))
            last -= 1
        if first > last:
            break
        first, last = first // _EACH, last // _EACH
    return keys


def _key(workspace_id: int, level: int, span: int) -> int:
    return workspace_id << 24 | level << 22 | span


def number_key(number_id: int) -> int:
    return -4 * number_id - 1


def author_key(member_id: int) -> int:
    return -4 * member_id - 2


def campaign_key(campaign_id: int) -> int:
    return -4 * campaign_id - 3


# How far to look

WALK: Final = 1_000  # texts that a walk looks at
TOO_MANY: Final = 3_000  # texts that a leap may fetch
_WANTED: Final = 300  # texts that a leap is meant to fetch, and at most where few of them are what is meant
_MOST_WANTED: Final = 2_400
_WIDEN: Final = 32.0
_FIRST_LEAP: Final = 256.0
NARROWEST: Final = timedelta(hours=2)  # spans are hardly narrower than that


def first_leap(walked: timedelta, found: int) -> timedelta:
    """How far back the first look at the index reaches, after a walk over *walked* found so much.

    >>> first_leap(timedelta(hours=2), 50), first_leap(timedelta(hours=2), 0)
    (datetime.timedelta(seconds=43200), datetime.timedelta(days=21, seconds=28800))
    """
    return max(NARROWEST, min(walked * (_WANTED / max(found, 1)), walked * _FIRST_LEAP))


def worth_fetching(wants: int, fetched: int, fit: int) -> int:
    """How many texts the next look should fetch for a page that *wants* so many more, where of so many so many fit.

    A look costs what some thousand texts do: where one in a hundred is what is meant, few looks at many cost least.

    >>> worth_fetching(50, 0, 0), worth_fetching(50, 300, 150), worth_fetching(50, 300, 3)
    (300, 300, 2400)
    """
    return _WANTED if not fetched else min(_MOST_WANTED, max(_WANTED, wants * fetched // max(fit, 1)))


def next_leap(last: timedelta, fetched: int, wanted: int = _WANTED) -> timedelta:
    """How far the next one reaches that shall fetch so many, after one over *last* fetched so much.

    >>> next_leap(timedelta(days=10), 0), next_leap(timedelta(days=10), 1000)
    (datetime.timedelta(days=320), datetime.timedelta(days=3))
    """
    return max(NARROWEST, last * min(_WIDEN, wanted / max(fetched, 1)))


@dataclass(frozen=True, slots=True)
class Burst:
    """Very many texts of a short time, as a campaign writes them: some until `last`, others perhaps after.

    A look that meets it costs what all of them do. So one reaches back to shortly after it, and those in between are
    walked through.
    """

    last: datetime

    @property
    def ahead(self) -> datetime:
        return self.last + NARROWEST

    def is_next(self, key: datetime) -> bool:
        """Whether who has come back to *key* is about to meet it."""
        return self.last < key <= self.ahead


def burst_of(first: datetime, last: datetime) -> Burst | None:
    """What some of too many texts tell of the others, which lie between these two; None: they are spread.

    >>> noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    >>> burst_of(noon, noon + timedelta(days=3)) is None, burst_of(noon, noon + timedelta(minutes=5)) is None
    (True, False)
    """
    return Burst(last) if last - first < NARROWEST else None


@dataclass(frozen=True, slots=True)
class Crowd:
    """Texts that were too many for one look: at least `left` between here and `back_to`."""

    back_to: datetime
    left: int

    def without(self, fetched: int) -> Crowd | None:
        """After a look at its newer end fetched so many. None: the rest may be as few as elsewhere."""
        return Crowd(self.back_to, self.left - fetched) if fetched < self.left else None


def towards(crowd: Crowd, reach: timedelta, until: datetime, wanted: int) -> timedelta:
    """*reach*, but at most half the time back to the crowd's end: else looks would run into it again and again.

    More than half where that would be too few, were they spread evenly.

    >>> noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    >>> ahead = noon - timedelta(days=10)
    >>> towards(Crowd(ahead, 1200), timedelta(days=80), noon, 300).days
    5
    >>> towards(Crowd(ahead, 400), timedelta(days=80), noon, 300).days
    7
    """
    return max(NARROWEST, min(reach, (until - crowd.back_to) * max(0.5, wanted / crowd.left)))
