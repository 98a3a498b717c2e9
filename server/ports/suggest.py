"""What suggested replies need: who makes them, where they are kept, what they may cost, and who is shown them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal, Protocol

from server.domain.suggest.memory import Exchange, Saved
from server.domain.suggest.situation import Mode, Situation

Source = Literal["model", "offline"]

Show = Callable[[Sequence[str], int], None]
"""Hears what there is so far: replies, of which so many from the first are whole and the last may only have begun."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """Replies to the text *based_on* of a thread, the best first. `label`: the model's name; the offline one has none.

    Where a reply says `{{agent_name}}` whoever sends it puts their own name.
    """

    based_on: int
    source: Source
    label: str
    items: tuple[str, ...]


class NoSuggestions(Exception):
    """There are none from here now; `reason` is a word for logs and figures. Somebody else may have some."""

    retryable: ClassVar[bool] = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Suggester(Protocol):
    """Makes replies that a person may send. It never sends any itself."""

    @property
    def source(self) -> Source: ...

    @property
    def label(self) -> str: ...

    async def suggest(self, situation: Situation, show: Show) -> Sequence[str]:
        """At most three, each of which the guard let through. May be cancelled at any await. Raises NoSuggestions."""


class ChatFailed(Exception):
    """The endpoint did not answer as it should. `billed`: it may have done work for it, and ask for money."""

    def __init__(self, reason: str, *, billed: bool = True, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.billed, self.retry_after_s = reason, billed, retry_after_s


class Chat(Protocol):
    """An endpoint that speaks the API for chats."""

    @property
    def model(self) -> str: ...

    async def ask(self, rules: str, told: str, heard: Callable[[str], bool]) -> int | None:
        """*heard* gets each piece of the answer as it comes, and says whether more is wanted.

        Gives the tokens that it took, where the endpoint tells. Raises ChatFailed.
        """


class Budgets(Protocol):
    """What requests of a workspace cost on a day (UTC), counted by all servers together."""

    async def charge(self, workspace_id: int, day: date, tokens: int) -> bool:
        """One more request of so many tokens; False, and nothing is charged, where the day has no room for it."""

    async def settle(self, workspace_id: int, day: date, unused: int) -> None:
        """Give back what a request did not use. Tried once: a repetition would give back twice."""


@dataclass(frozen=True, slots=True)
class AiSettings:
    """What a workspace wants. A day's `requests` and `tokens` are those of the model; the offline ones cost nothing."""

    mode: Mode
    tone: str
    day_requests: int
    day_tokens: int


@dataclass(frozen=True, slots=True)
class AiFigures:
    """What became of suggestions, and what the model took today."""

    accepted: int
    edited: int
    ignored: int
    waiting: int
    requests_today: int
    tokens_today: int


class Suggestions(Protocol):
    """What is kept of suggestions. A verdict is read from the texts that followed, so none is lost with a process."""

    async def situation(self, thread_id: int, now: datetime) -> Situation | None:
        """How a thread stands, for the server itself: no workspace is asked."""

    async def stored(self, thread_id: int, based_on: int) -> Suggested | None: ...

    async def keep(self, workspace_id: int, thread_id: int, made: Suggested, now: datetime) -> Suggested | None:
        """What is stored after this: the first that was made. None where the thread has moved on meanwhile."""

    async def judge(self, thread_id: int) -> int:
        """Write down what became of those that somebody has answered since. Returns how many."""

    async def latest(self, workspace_id: int, thread_id: int) -> Suggested | None:
        """Those for the newest text; None where there are none, or where the thread has moved on."""

    async def pick(
        self, workspace_id: int, member_id: int, thread_id: int, based_on: int, item: int, now: datetime
    ) -> bool:
        """A member put one into the reply. False where there is no such suggestion."""

    async def team(self, workspace_id: int) -> tuple[Sequence[Exchange], Sequence[Saved]]:
        """What the team has answered lately, and the templates that everybody may use."""

    async def settings(self, workspace_id: int) -> AiSettings: ...

    async def figures(self, workspace_id: int, since: datetime, day: date) -> AiFigures: ...


class SuggestionPublisher(Protocol):
    """Shows those who look at a thread what is suggested there. Never waits."""

    def watched(self, thread_id: int) -> bool: ...

    def suggestions_begun(self, thread_id: int, based_on: int, step: int) -> None:
        """Somebody thinks about it."""

    def suggestions_so_far(self, thread_id: int, begun: Suggested, whole: int, step: int) -> None:
        """Of which the first *whole* are ready; *step* rises."""

    def suggestions_made(self, thread_id: int, made: Suggested) -> None:
        """They are what they stay; none of them: there are none for this text."""
