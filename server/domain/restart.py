"""Decides what follows when a supervised child ends: again, with whom, or not any more.

The rules are OTP's (`supervisor`, "Maximum Restart Intensity"), as functions of the past: time is passed in, so that a
minute of crashes is a list of numbers in a test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

Child = TypeVar("Child")


class Restart(StrEnum):
    """When a child that ended by itself is started again."""

    PERMANENT = "permanent"  # always: it is not supposed to end
    TRANSIENT = "transient"  # after a crash only: ending well is its purpose
    TEMPORARY = "temporary"  # never


class Strategy(StrEnum):
    """Which siblings are restarted together with a child."""

    ONE_FOR_ONE = "one_for_one"
    REST_FOR_ONE = "rest_for_one"  # those started after it lean on it


@dataclass(frozen=True, slots=True)
class Intensity:
    """At most *restarts* within any *within_s* seconds; the next crash exceeds it."""

    restarts: int
    within_s: float


@dataclass(frozen=True, slots=True)
class Again:
    """Restart. *crashes* are the times still within the window, to be passed in at the next crash."""

    crashes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The intensity is exceeded: restarting has not helped, somebody above must decide."""

    crashes: tuple[float, ...]


def after_crash(crashes: Sequence[float], now: float, intensity: Intensity) -> Again | GiveUp:
    """Judge a crash at *now* by the earlier *crashes* (seconds on the same clock, any order).

    A crash exactly `within_s` ago still counts, as in OTP.

    >>> after_crash((10.0, 11.0), 12.0, Intensity(restarts=3, within_s=5.0))
    Again(crashes=(10.0, 11.0, 12.0))
    >>> after_crash((10.0, 11.0, 12.0), 13.0, Intensity(restarts=3, within_s=5.0))
    GiveUp(crashes=(10.0, 11.0, 12.0, 13.0))
    """
    recent = (*(at for at in crashes if now - at <= intensity.within_s), now)
    return Again(recent) if len(recent) <= intensity.restarts else GiveUp(recent)


def starts_again(restart: Restart, *, crashed: bool) -> bool:
    """Whether a child that ended by itself is started again.

    >>> starts_again(Restart.TRANSIENT, crashed=False)
    False
    """
    return restart is Restart.PERMANENT or (restart is Restart.TRANSIENT and crashed)


def leaning_on(children: Sequence[Child], ended: Child, strategy: Strategy) -> Sequence[Child]:
    """The siblings that are stopped (last first) and started again together with *ended*, in start order.

    >>> leaning_on("abcd", "b", Strategy.REST_FOR_ONE)
    'cd'
    >>> leaning_on("abcd", "b", Strategy.ONE_FOR_ONE)
    ''
    """
    return children[children.index(ended) + 1 :] if strategy is Strategy.REST_FOR_ONE else children[:0]
