"""Decides what a request may cost before it is made, and what a request did cost.

What is asked for is charged first, as dear as it can become, and what was not used is given back: of a hundred requests
that come at once none sees a budget that the others have spent already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANSWER_TOKENS: Final = 400
"""The most that an answer may have: three texts of two segments each, and what stands around them."""

_AROUND: Final = 64  # what an endpoint puts around messages before it counts


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one workspace for one day."""

    requests: int
    tokens: int


def most_tokens(prompt: str) -> int:
    """No more than so many does a request with *prompt* cost: a token is at least a byte.

    >>> most_tokens("día")
    468
    """
    return len(prompt.encode()) + _AROUND + ANSWER_TOKENS


def unused(charged: int, told: int | None) -> int:
    """What is given back of what was *charged*, where the endpoint *told* what it took. None: it did not tell, and what
    was charged stays.

    >>> unused(900, 300), unused(900, None), unused(900, 950), unused(900, -5)
    (600, 0, -50, 900)
    """
    return 0 if told is None else charged - max(told, 0)
