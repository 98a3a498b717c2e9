"""What a guard is to the trials: an edit that takes it away, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """In *file*, *old* becomes *new*. *old* must stand there exactly once."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Guard:
    """One protection. `quick`: its tests need no database, so that it may be tried often."""

    name: str
    without: tuple[Edit, ...]
    named: tuple[str, ...]
    near: tuple[str, ...]
    also: tuple[str, ...] = ()
    quick: bool = False
