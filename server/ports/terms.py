"""Under which term a server does what one at a time should do, and how its writes bear it.

Whoever does such a duty does it within `bearing`: each transaction that it begins there is refused where another server
has taken the shard since. So whoever stood still meanwhile, and goes on, writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Protocol

from server.ports import StoreUnavailable


@dataclass(frozen=True, slots=True)
class Term:
    """One holding of a shard by one server; the next one, whoever's, has a higher number."""

    shard: str
    term: int


class TermOver(StoreUnavailable):
    """Another server has the shard now: nothing was written."""


BORNE: Final[ContextVar[Term | None]] = ContextVar("BORNE", default=None)
"""What the transactions of this task bear."""


@contextmanager
def bearing(term: Term) -> Iterator[None]:
    """Each transaction that this task begins bears *term*; so do tasks that are started here, as long as they live."""
    before = BORNE.set(term)
    try:
        yield
    finally:
        BORNE.reset(before)


Duty = Callable[[str], AbstractContextManager[bool]]
"""Whether the shard is ours; what is written within bears its term."""


def alone(shard: str) -> AbstractContextManager[bool]:
    """A `Duty` where there are no other servers, in tests and tools."""
    return nullcontext(True)


class ShardLeases(Protocol):
    async def keep(self, gen: int, shards: Collection[str], lease_s: float) -> Mapping[str, int]:
        """Renew those of *shards* that *gen* has, take those that nobody has any more, give up all others of its own.

        The term of each that it has now. None: another living server has the rest, or *gen* was declared dead.
        """
