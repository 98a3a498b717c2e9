"""What the server asks the store about what nobody needs any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many went."""

    pictures: int
    proofs: int
    sessions: int
    visits: int
    events: int
    tries: int

    @property
    def most(self) -> int:
        return max(self.pictures, self.proofs, self.sessions, self.visits, self.events, self.tries)


class Pruning(Protocol):
    async def prune(self, before: datetime, limit: int) -> Pruned:
        """Forget pictures that no text and no draft holds, proofs that no entry names, and sessions that have ended,
        the oldest visits to short links, whose sums stay, and what other programs were told.

        All since before *before*, by the real time, and at most *limit* of each. Also whose tries to log in are all
        there again.
        """
        ...
