"""Decides what one server tells the others of a commit: a topic and a position, never what stands there.

A hint may be lost, come twice, late, or lie: who hears one reads the database, and acts on what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.domain.messages import (
    Announcement,
    AnswerOwed,
    CampaignMoved,
    CampaignStopped,
    ConsentFlipped,
    LoginEnded,
    Mentioned,
    OutboxGrew,
    OwnNumberChanged,
    ReadMoved,
    Replied,
    ReviewChanged,
    RowsChanged,
    SettingsChanged,
    SightNarrowed,
    ThreadChanged,
)


class About(StrEnum):
    """What a hint is about; its numbers are those that follow here."""

    THREAD = "thread"  # workspace, thread; the position is its newest seq
    ROW = "row"  # workspace, thread
    MARKS = "marks"  # workspace, member
    ENDPOINT = "endpoint"  # workspace, endpoint: its consent flipped, or it is held
    REVIEW = "review"  # workspace, thread
    OUTBOX = "outbox"  # number
    OWED = "owed"  # workspace, endpoint
    REPLIED = "replied"  # workspace, thread
    MENTIONED = "mentioned"  # workspace, member
    CAMPAIGN = "campaign"  # workspace, campaign
    STOPPED = "stopped"  # workspace, campaign
    OWN_NUMBER = "own_number"  # workspace, member
    LOGIN = "login"  # workspace, member: one of their logins or tokens ended
    SETTINGS = "settings"  # workspace; the position is its version
    STREAM = "stream"  # workspace; the position is the newest seq that other programs hear
    EVERYTHING = "everything"  # too much to tell: look at all


_NUMBERS = {About.OUTBOX: 1, About.SETTINGS: 1, About.STREAM: 1, About.EVERYTHING: 0}


@dataclass(frozen=True, slots=True)
class Topic:
    """What has changed.

    >>> str(Topic(About.THREAD, (1, 7)))
    'thread:1:7'
    """

    about: About
    ids: tuple[int, ...] = ()

    def __str__(self) -> str:
        return ":".join((self.about, *map(str, self.ids)))


@dataclass(frozen=True, slots=True)
class Hint:
    """*topic* has changed, up to *position* where it has positions."""

    topic: Topic
    position: int = 0


def parsed_topic(text: str) -> Topic | None:
    """None: not one of ours, or of a version that knows more.

    >>> parsed_topic("outbox:3")
    Topic(about=<About.OUTBOX: 'outbox'>, ids=(3,))
    >>> parsed_topic("thread:1"), parsed_topic("thread:1:x"), parsed_topic("weather:1:2")
    (None, None, None)
    """
    name, *ids = text.split(":")
    if name not in set(About) or not all(one.isascii() and one.isdecimal() and len(one) < 19 for one in ids):
        return None
    about = About(name)
    return Topic(about, tuple(map(int, ids))) if len(ids) == _NUMBERS.get(about, 2) else None


def hints_of(announcements: Iterable[Announcement]) -> Iterator[Hint]:
    """What others should look at after a commit that told this."""
    for one in announcements:
        yield from _hints(one)


def _hints(one: Announcement) -> Iterable[Hint]:  # noqa: C901 - a table
    match one:
        case ThreadChanged():
            position = one.events[-1].seq if one.events else 0
            return [_hint(About.THREAD, one.workspace_id, one.thread_id, position=position)]
        case RowsChanged():
            return [_hint(About.ROW, one.workspace_id, thread_id) for thread_id in one.thread_ids]
        case ReadMoved():
            return [_hint(About.MARKS, one.workspace_id, one.mark.member_id)]
        case ConsentFlipped():
            return [_hint(About.ENDPOINT, one.workspace_id, one.endpoint_id)]
        case ReviewChanged():
            review = _hint(About.REVIEW, one.workspace_id, one.thread_id)
            return [review, _hint(About.ENDPOINT, one.workspace_id, one.endpoint_id)] if one.held else [review]
        case OutboxGrew():
            return [_hint(About.OUTBOX, number_id) for number_id in sorted(one.number_ids)]
        case AnswerOwed():
            return [_hint(About.OWED, one.workspace_id, one.endpoint_id)]
        case Replied():
            return [_hint(About.REPLIED, one.workspace_id, one.thread_id)]
        case Mentioned():
            return [_hint(About.MENTIONED, one.workspace_id, member_id) for member_id in one.member_ids]
        case OwnNumberChanged():
            return [_hint(About.OWN_NUMBER, one.number.workspace_id, one.number.member_id)]
        case LoginEnded():
            return [_hint(About.LOGIN, one.workspace_id, one.member_id)]
        case CampaignMoved():
            return [_hint(About.CAMPAIGN, one.workspace_id, one.campaign_id)]
        case CampaignStopped():
            return [_hint(About.STOPPED, one.workspace_id, one.campaign_id)]
        case SightNarrowed():
            return []  # what its thread tells brings others to look who sees it
        case SettingsChanged():
            return [_hint(About.SETTINGS, one.workspace_id, position=one.version)]


def _hint(about: About, *ids: int, position: int = 0) -> Hint:
    return Hint(Topic(about, ids), position)


def coalesced(hints: Iterable[Hint], at_most: int) -> Sequence[Hint]:
    """One for each topic, with its highest position; of more than *at_most* topics: look at everything.

    >>> a = Topic(About.OUTBOX, (1,))
    >>> [str(one.topic) for one in coalesced([Hint(a), Hint(a)], 5)], coalesced([Hint(a)], 0)[0].topic.about
    (['outbox:1'], <About.EVERYTHING: 'everything'>)
    """
    newest: dict[Topic, int] = {}
    for one in hints:
        newest[one.topic] = max(newest.get(one.topic, 0), one.position)
        if len(newest) > at_most:
            return [Hint(Topic(About.EVERYTHING))]
    return [Hint(topic, position) for topic, position in newest.items()]
