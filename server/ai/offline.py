"""Suggestions without a model: what the team has answered to texts like this one, and its templates. Nothing leaves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Literal

import trio

from server.domain.suggest.memory import Memory
from server.domain.suggest.situation import Situation
from server.ports import Clock
from server.ports.suggest import NoSuggestions, Show, Suggestions

LEARN_EVERY_S: Final = 300.0  # what was answered within the last minutes is proposed a little later
MOST_TEAMS: Final = 32  # some megabytes each


class OfflineSuggester:
    """`ports.suggest.Suggester` from a memory of each team, learnt when it is first asked and anew now and then."""

    source: Final[Literal["offline"]] = "offline"
    label: Final = ""

    def __init__(self, suggestions: Suggestions, clock: Clock) -> None:
        self._suggestions, self._clock = suggestions, clock
        self._learnt: OrderedDict[int, tuple[float, Memory]] = OrderedDict()
        self._learning = trio.CapacityLimiter(1)  # it costs some tenths of a second of the processor

    async def suggest(self, situation: Situation, show: Show) -> Sequence[str]:
        memory = await self._memory(situation.workspace_id)
        proposed = memory.propose(situation)
        if not proposed:
            raise NoSuggestions("nothing_like_it")
        return proposed

    async def _memory(self, workspace_id: int) -> Memory:
        async with self._learning:
            now = self._clock.monotonic()
            learnt_at, memory = self._learnt.get(workspace_id, (float("-inf"), None))
            if memory is None or now - learnt_at > LEARN_EVERY_S:
                exchanges, saved = await self._suggestions.team(workspace_id)
                memory = await trio.to_thread.run_sync(Memory, exchanges, saved)
                self._learnt[workspace_id] = now, memory
                if len(self._learnt) > MOST_TEAMS:
                    self._learnt.popitem(last=False)
            self._learnt.move_to_end(workspace_id)
            return memory
