"""The tree of all orders of two transactions: which of them moves next, walked leaf by leaf.

Two orders that differ only in neighbouring moves which cannot see each other end alike. Where it is told what commutes,
the tree leaves all but one of such orders out: having tried one move first, it lets it sleep while moves that commute
with it go on (sleep sets, Godefroid 1996). A move that ended in a wait or at its transaction's end commutes with none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Place = str | None
"""Where a move ended: at the stop of that name, or at none."""


def nothing_commutes(_one: Place, _other: Place) -> bool:
    """For every order there is."""
    return False


@dataclass
class _Fork:
    """A point where a choice is due: who is able, who sleeps, who went first in the orders before this one."""

    able: list[int]
    asleep: dict[int, Place]
    tried: dict[int, Place] = field(default_factory=dict)
    chosen: int | None = None
    place: Place = None

    def left(self) -> list[int]:
        return [one for one in self.able if one not in self.asleep and one not in self.tried]


class Tree:
    """Call `choose` and `moved` in turn until nobody is able or the answer is None, then `advance`, and all anew."""

    def __init__(self, commutes: Callable[[Place, Place], bool] = nothing_commutes) -> None:
        self._commutes = commutes
        self._forks: list[_Fork] = []
        self._depth = 0

    def choose(self, able: Sequence[int]) -> int | None:
        """Who moves; None: whatever follows only repeats another order."""
        if self._depth == len(self._forks):
            self._forks.append(_Fork([*able], self._asleep()))
        fork = self._forks[self._depth]
        assert fork.able == [*able], "not the same as in the order before"
        if fork.chosen is None:
            left = fork.left()
            if not left:
                self._forks.pop()
                return None
            fork.chosen = left[0]
        self._depth += 1
        return fork.chosen

    def moved(self, place: Place) -> None:
        """Where the move that was chosen has ended."""
        self._forks[self._depth - 1].place = place

    def advance(self) -> bool:
        """To the next leaf; false after the last."""
        self._depth = 0
        while self._forks:
            fork = self._forks[-1]
            if fork.chosen is not None:
                fork.tried[fork.chosen] = fork.place
                fork.chosen = None
            if fork.left():
                return True
            self._forks.pop()
        return False

    def _asleep(self) -> dict[int, Place]:
        if not self._forks:
            return {}
        before = self._forks[-1]
        sleepers = {**before.asleep, **before.tried}
        return {one: place for one, place in sleepers.items() if self._commutes(place, before.place)}
