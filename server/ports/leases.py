"""The book of leases that several servers share: who may depart when, under each limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class BookAway(Exception):
    """The keeper cannot be reached now, or did not answer in time."""


class BookLost(Exception):
    """What stands in the book is not what was written there, or it is another book: its epoch is over."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A stretch of the limit `name`, of `length` µs; `debt` µs earn the largest burst that is to depart in it."""

    name: str
    length: int
    debt: int


@dataclass(frozen=True, slots=True)
class Cuts:
    """The keeper's clock in µs, and where each stretch begins on it, as they were asked for."""

    now: int
    begins: Sequence[int]


@dataclass(frozen=True, slots=True)
class Shared:
    """The limits are shared by the servers `gens` under `epoch`, beginning in `wait_s`."""

    epoch: int
    wait_s: float
    gens: frozenset[int]


class LeaseBook(Protocol):
    """One keeper, and what it keeps is gone with it. Nothing is tried again. All raise BookAway."""

    async def look(self) -> tuple[str, int]:
        """Which keeper this is (another after each of its starts), and its clock in µs."""

    async def open(self, keeper: str, epoch: int, wait_us: int) -> None:
        """A new book for this epoch, of which nothing is given away before *wait_us* from now.

        Raises BookLost where there is one already, or the keeper is another.
        """

    async def cut(self, keeper: str, epoch: int, asks: Sequence[Ask]) -> Cuts:
        """The next stretch of each limit. Raises BookLost where the book of this epoch is not there, the keeper is
        another, or its clock went back."""
