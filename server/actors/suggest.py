"""Sees to suggested replies: one actor for each thread that wants some, which can be lost without losing anything.

A thread's actor says that something was said, or that somebody looks. What was said stops what is being made at once,
by itself and not by a message behind it: an answer to an older text is of no use. After a moment, in which more may be
said, the database tells how the thread stands; what is stored is shown, else it is made, by the model where the
workspace wants one and it answers, else by what the team itself has said. It is shown while it comes to those who look
at the thread, and to nobody once the thread has moved on. It never sends a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
import trio

from server.actors.runtime import Actor
from server.domain.suggest.situation import Situation, silence
from server.ports import Clock, StoreUnavailable
from server.ports.suggest import (
    NoSuggestions,
    Show,
    Suggested,
    Suggester,
    SuggestionPublisher,
    Suggestions,
)

DEBOUNCE_S: Final = 1.0  # people send a thought in two texts

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Consider:
    """Something was said in the thread (`said`), or somebody looks at it. `turn` counts what was said there."""

    thread_id: int
    turn: int
    said: bool


@dataclass(frozen=True, slots=True)
class SuggestPorts:
    """`model` None: there is no endpoint to ask."""

    suggestions: Suggestions
    publisher: SuggestionPublisher
    clock: Clock
    offline: Suggester
    model: Suggester | None = None


class SuggestActors:
    """Makes activations, and stops what one of them is at when its thread moves on."""

    def __init__(self, ports: SuggestPorts) -> None:
        self._ports = ports
        self.turns: dict[int, int] = {}
        self.at_work: dict[int, trio.CancelScope] = {}
        self.workspaces: dict[int, int] = {}  # of those that are at work, as soon as that is known

    def __call__(self, thread_id: int) -> SuggestActor:
        return SuggestActor(thread_id, self._ports, self)

    def said(self, thread_id: int) -> Consider:
        """Whatever is being made for the thread is stale. Gives what to tell its actor."""
        self.turns[thread_id] = self.turns.get(thread_id, 0) + 1
        scope = self.at_work.get(thread_id)
        if scope is not None:
            scope.cancel()
        return Consider(thread_id, self.turns[thread_id], said=True)

    def hush(self, workspace_id: int) -> None:
        """The workspace wants none any more: what is being made there is of no use."""
        for thread_id, of in self.workspaces.items():
            if of == workspace_id:
                self.at_work[thread_id].cancel()

    def looked(self, thread_id: int) -> Consider:
        """Somebody has come to look. What is being made goes on."""
        return Consider(thread_id, self.turns.get(thread_id, 0), said=False)


class SuggestActor(Actor[Consider]):
    """One activation of one thread."""

    def __init__(self, thread_id: int, ports: SuggestPorts, all_: SuggestActors) -> None:
        self._id, self._ports, self._all = thread_id, ports, all_
        self._step = 0

    async def on_stop(self) -> None:
        if self._id not in self._all.at_work:
            self._all.turns.pop(self._id, None)

    async def handle(self, message: Consider) -> None:
        if message.turn < self._all.turns.get(self._id, 0):
            return
        with trio.CancelScope() as scope:
            self._all.at_work[self._id] = scope
            try:
                if message.said:
                    await trio.sleep(DEBOUNCE_S)
                await self._consider()
            except StoreUnavailable:
                log.warning("not_suggested", thread_id=self._id)  # a hint: the next text or look tries again
            finally:
                del self._all.at_work[self._id]
                self._all.workspaces.pop(self._id, None)

    def describe(self, message: Consider) -> str:
        return f"Consider thread={self._id}"

    async def _consider(self) -> None:
        store, clock = self._ports.suggestions, self._ports.clock
        await store.judge(self._id)
        situation = await store.situation(self._id, clock.wall())
        if situation is not None:
            self._all.workspaces[self._id] = situation.workspace_id
        if situation is None or silence(situation, clock.wall()) is not None:
            return
        made = await store.stored(self._id, situation.based_on)
        if made is None and self._ports.publisher.watched(self._id):
            made = await self._make(situation)
        if made is not None:
            self._ports.publisher.suggestions_made(self._id, made)

    async def _make(self, situation: Situation) -> Suggested | None:
        self._step = 0
        self._ports.publisher.suggestions_begun(self._id, situation.based_on, self._next_step())
        for suggester in self._suggesters(situation):
            try:
                items = await suggester.suggest(situation, self._shower(situation, suggester))
            except NoSuggestions as none:
                log.info("no_suggestions", source=suggester.source, reason=none.reason)
                continue
            made = Suggested(situation.based_on, suggester.source, suggester.label, tuple(items))
            now = self._ports.clock.wall()
            return await self._ports.suggestions.keep(situation.workspace_id, self._id, made, now)
        return Suggested(situation.based_on, "offline", "", ())

    def _suggesters(self, situation: Situation) -> Sequence[Suggester]:
        wants_model = situation.mode == "model" and self._ports.model is not None
        return [self._ports.model, self._ports.offline] if wants_model and self._ports.model else [self._ports.offline]

    def _shower(self, situation: Situation, suggester: Suggester) -> Show:
        def show(items: Sequence[str], whole: int) -> None:
            begun = Suggested(situation.based_on, suggester.source, suggester.label, tuple(items))
            self._ports.publisher.suggestions_so_far(self._id, begun, whole, self._next_step())

        return show

    def _next_step(self) -> int:
        self._step += 1
        return self._step
