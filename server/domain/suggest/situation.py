"""Decides whether a conversation asks for suggestions, and when those that were made are of no use any more.

Suggestions answer one text of the contact, by its `seq`. They are worth something while that text is the newest that
was said: a newer text of either side, whoever wrote it, makes them stale. Statuses and notes say nothing and change
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

OLDEST: Final = timedelta(days=30)
"""Whoever waits for longer than that is not answered as if they had just asked."""

Mode = Literal["off", "offline", "model"]
"""What a workspace wants: nothing, nothing that leaves this server, or a model's replies where there is one."""


class Silence(StrEnum):
    """Why there is nothing to suggest."""

    OFF = "off"
    NOTHING_SAID = "nothing_said"
    WE_SPOKE_LAST = "we_spoke_last"
    KEYWORD = "keyword"
    WORDLESS = "wordless"
    WANTS_NO_TEXTS = "wants_no_texts"
    LONG_AGO = "long_ago"


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a conversation. `person`: somebody wrote it, no campaign and no answer to a keyword."""

    seq: int
    inbound: bool
    body: str
    at: datetime
    person: bool = True
    keyword: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """A conversation that may want a reply, with all that is known; `lines` rise in seq and end with the newest.

    `values` are those of the contact by token (domain.values), `silent`: opted out, held, blocked or unreachable.
    """

    workspace_id: int
    thread_id: int
    lines: tuple[Line, ...]
    mode: Mode
    brand: str = ""
    tone: str = ""
    silent: bool = False
    values: Mapping[str, str | None] = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    @property
    def based_on(self) -> int:
        """The seq of the text that suggestions would answer; 0 where nothing was said."""
        return self.lines[-1].seq if self.lines else 0

    @property
    def asked(self) -> str:
        """What the contact said since somebody here last wrote, in one piece."""
        since = max((place for place, line in enumerate(self.lines) if not line.inbound), default=-1)
        return "\n".join(line.body for line in self.lines[since + 1 :])


def silence(situation: Situation, now: datetime) -> Silence | None:
    """Why nothing is to be suggested; None where something is."""
    if situation.mode == "off":
        return Silence.OFF
    if not situation.lines:
        return Silence.NOTHING_SAID
    last = situation.lines[-1]
    if not last.inbound:
        return Silence.WE_SPOKE_LAST
    if last.keyword is not None:
        return Silence.KEYWORD
    if not last.body.strip():
        return Silence.WORDLESS
    if situation.silent:
        return Silence.WANTS_NO_TEXTS
    return Silence.LONG_AGO if now - last.at > OLDEST else None


def stale(based_on: int, newest_said: int) -> bool:
    """Whether suggestions for the text *based_on* are of no use, the newest text of the thread being *newest_said*."""
    return based_on != newest_said
