"""Decides whether an endpoint that failed is asked again: not for a while, then once, and longer each time it fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

FAILURES: Final = 4  # in a row, until it is left alone
FIRST_PAUSE_S: Final = 15.0
LONGEST_PAUSE_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """`until`: nobody asks before that (monotonic). `probing`: one asks, and all others wait for what comes of it."""

    failures: int = 0
    pauses: int = 0
    until: float = float("-inf")
    probing: bool = False


def ask(breaker: Breaker, now: float) -> Breaker | None:
    """The breaker while somebody asks; None where the endpoint is left alone now."""
    if breaker.failures < FAILURES:
        return breaker
    if breaker.probing or now < breaker.until:
        return None
    return replace(breaker, probing=True)


def answered(_: Breaker) -> Breaker:
    """It works."""
    return Breaker()


def failed(breaker: Breaker, now: float, retry_after_s: float | None = None) -> Breaker:
    """It did not answer, or not in a usable way. *retry_after_s*: it asked to be left alone for so long."""
    failures = breaker.failures + 1
    if retry_after_s is not None:
        failures = max(failures, FAILURES)
    if failures < FAILURES:
        return replace(breaker, failures=failures)
    pause = max(min(FIRST_PAUSE_S * 2**breaker.pauses, LONGEST_PAUSE_S), min(retry_after_s or 0.0, LONGEST_PAUSE_S))
    return Breaker(failures, breaker.pauses + 1, now + pause)


def given_up(breaker: Breaker) -> Breaker:
    """Whoever asked does not want to know any more: that says nothing of the endpoint, and another may probe it."""
    return replace(breaker, probing=False)
