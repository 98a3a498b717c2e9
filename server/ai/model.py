"""Suggestions of a model: what it is told and may answer, how long it has, what it may cost, and when it is left
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, Literal

import structlog
import trio

from server.domain.suggest import breaker as breakers
from server.domain.suggest.answer import Malformed, read
from server.domain.suggest.breaker import Breaker
from server.domain.suggest.budget import most_tokens, unused
from server.domain.suggest.guard import MOST, Refusal, beginning, judge
from server.domain.suggest.prompt import Prompt, prompt
from server.domain.suggest.situation import Situation
from server.ports import Clock, StoreUnavailable
from server.ports.suggest import Budgets, Chat, ChatFailed, NoSuggestions, Show

AT_ONCE: Final = 4  # requests of one workspace
MARKER_BYTES: Final = 8

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds from when an answer was asked for: until it begins, and until it is whole, the wait for a turn
    included.
    """

    first_s: float = 1.5
    whole_s: float = 8.0


class ModelSuggester:
    """`ports.suggest.Suggester` over a chat."""

    source: Final[Literal["model"]] = "model"

    def __init__(
        self, chat: Chat, budgets: Budgets, clock: Clock, deadlines: Deadlines | None = None, at_once: int = AT_ONCE
    ) -> None:
        self._chat, self._budgets, self._clock = chat, budgets, clock
        self._deadlines, self._at_once = deadlines or Deadlines(), at_once
        self._turns: dict[int, trio.CapacityLimiter] = {}
        self._breaker = Breaker()

    @property
    def label(self) -> str:
        return self._chat.model

    async def suggest(self, situation: Situation, show: Show) -> Sequence[str]:
        deadline = trio.current_time() + self._deadlines.whole_s
        turn = self._turns.setdefault(situation.workspace_id, trio.CapacityLimiter(self._at_once))
        with trio.move_on_at(deadline) as waiting:
            await turn.acquire()
        if waiting.cancelled_caught:
            raise NoSuggestions("too_many_at_once")
        try:
            hearing = _Hearing(prompt(situation, token_hex(MARKER_BYTES)), show)
            await self._within_budget(situation.workspace_id, hearing, deadline)
        finally:
            turn.release()
        if not hearing.replies:
            raise NoSuggestions(hearing.failed or "refused")
        return hearing.replies

    async def _within_budget(self, workspace_id: int, hearing: _Hearing, deadline: float) -> None:
        if breakers.ask(self._breaker, self._clock.monotonic()) is None:
            raise NoSuggestions("left_alone")
        day, charged = self._clock.real().date(), most_tokens(hearing.prompt.text)
        if not await self._budgets.charge(workspace_id, day, charged):
            raise NoSuggestions("budget")
        tokens = await self._unless_left_alone(hearing, deadline)
        rest = unused(charged, tokens)
        if rest:
            try:
                await self._budgets.settle(workspace_id, day, rest)
            except StoreUnavailable:
                log.warning("ai_budget_not_settled", tokens=rest)

    async def _unless_left_alone(self, hearing: _Hearing, deadline: float) -> int | None:
        """The tokens that it took; None where nobody told."""
        asking = breakers.ask(self._breaker, self._clock.monotonic())
        if asking is None:  # the endpoint was given up while the day was charged
            hearing.failed = "left_alone"
            return 0
        self._breaker, known = asking, False
        try:
            tokens = await self._in_time(hearing, deadline)
            self._breaker, known = breakers.answered(self._breaker), True
        except ChatFailed as failure:
            now = self._clock.monotonic()
            self._breaker, known = breakers.failed(self._breaker, now, failure.retry_after_s), True
            log.warning("ai_failed", reason=failure.reason, model=self._chat.model)
            hearing.failed = failure.reason  # what is whole by then was judged by itself, and is shown
            return None if failure.billed else 0
        finally:
            if not known:  # nobody wants to know any more
                self._breaker = breakers.given_up(self._breaker)
        return tokens

    async def _in_time(self, hearing: _Hearing, deadline: float) -> int | None:
        with trio.move_on_at(deadline):
            with trio.move_on_after(self._deadlines.first_s) as begun:
                hearing.began = lambda: _never(begun)
                tokens = await self._chat.ask(hearing.prompt.rules, hearing.prompt.told, hearing.hear)
                if not hearing.heard_some:
                    raise ChatFailed("malformed")
                return tokens
            raise ChatFailed("no_first_token")
        raise ChatFailed("too_slow")


def _never(scope: trio.CancelScope) -> None:
    scope.deadline = float("inf")


class _Hearing:
    """What was heard so far, and what of it people are shown."""

    def __init__(self, asked: Prompt, show: Show) -> None:
        self.prompt, self._show = asked, show
        self.began: Callable[[], None] = lambda: None
        self.replies: list[str] = []
        self.failed: str | None = None
        self._text, self._judged = "", 0
        self._shown: tuple[str, ...] = ()

    @property
    def heard_some(self) -> bool:
        """Whether there was a reply in what was heard, shown or not."""
        return self._judged > 0

    def hear(self, piece: str) -> bool:
        """`Chat.ask`'s *heard*."""
        if not self._text:
            self.began()
        self._text += piece
        try:
            so_far = read(self._text)
        except Malformed:
            return False
        for reply in so_far.whole[self._judged :]:
            self._judged += 1
            self._take(reply)
        self._tell(so_far.begun)
        return not so_far.ended and len(self.replies) < MOST

    def _take(self, reply: str) -> None:
        judged = judge(reply, self.prompt.masks, self.prompt.known, self.replies)
        if isinstance(judged, Refusal):
            log.info("ai_reply_refused", reason=judged.value)
        elif len(self.replies) < MOST:
            self.replies.append(judged)

    def _tell(self, begun: str | None) -> None:
        text = None
        if begun is not None and len(self.replies) < MOST:
            text = beginning(begun, self.prompt.masks, self.prompt.known)
        shown = (*self.replies, text) if text else tuple(self.replies)
        if shown != self._shown:
            self._shown = shown
            self._show(shown, len(self.replies))
