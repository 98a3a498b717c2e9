"""Decides whether the hints of the other servers may be relied on, or the database must be looked at.

Every server numbers its messages and says something at least every second. So one that was lost shows by a number that
is passed over, and one that cannot be heard, be it stopped, cut off, or talking to another Redis, by its silence. Our
own are heard too: their silence is our own deafness.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

SILENCE_S: Final = 3.0
"""Of a server that beats every second: two beats may come late."""


@dataclass(slots=True)
class Hearing:
    """What was heard of each server, by its generation: the number of its last message, and when."""

    _last: dict[int, tuple[int, float]] = field(default_factory=dict)

    def heard(self, sender: int, number: int, now: float) -> bool:
        """Whether messages of *sender* were missed. One that comes twice or late is none.

        Of a server that is heard for the first time nobody knows what it said before.

        >>> ears = Hearing()
        >>> [ears.heard(2, n, 0.0) for n in (7, 8, 8, 10, 9, 11)]
        [True, False, False, True, False, False]
        """
        known, _ = self._last.get(sender, (None, 0.0))
        if known is not None and number <= known:
            return False
        self._last[sender] = (number, now)
        return known is None or number != known + 1

    def trusted(self, living: Collection[int], now: float) -> bool:
        """Whether all the *living* were heard a moment ago. Forgets the others.

        >>> ears = Hearing()
        >>> ears.heard(2, 1, now=10.0)
        True
        >>> ears.trusted({2}, now=12.0), ears.trusted({2, 3}, now=12.0), ears.trusted({2}, now=14.0)
        (True, False, False)
        """
        self._last = {sender: last for sender, last in self._last.items() if sender in living}
        return all(sender in self._last and now - self._last[sender][1] <= SILENCE_S for sender in living)

    def forget(self) -> None:
        """The connection was lost: whatever was said meanwhile is unknown."""
        self._last.clear()
