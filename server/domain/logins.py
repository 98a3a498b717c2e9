"""How often somebody may try to log in, counted twice: an address may not try many people, nor many one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tries:
    """`burst` at once, then one each `every_s` seconds."""

    burst: int
    every_s: float


# Enough for thick fingers, and who guesses at one person gets through 3,000 passwords a day at most.
BY_ADDRESS: Final = Tries(10, 6.0)
BY_EMAIL: Final = Tries(10, 30.0)
