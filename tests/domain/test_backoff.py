"""Back-off: doubling, bounded, jittered, never zero."""

import doctest

from hypothesis import given
from hypothesis import strategies as st

from server.domain import backoff
from server.domain.backoff import LONGEST_S, delay_s

uniform = st.floats(0.0, 1.0, exclude_max=True)


def test_the_examples_in_the_docstrings_hold() -> None:
    outcome = doctest.testmod(backoff)
    assert outcome.failed == 0
    assert outcome.attempted > 0


@given(st.integers(1, 10**9), uniform)
def test_a_delay_is_never_nothing_and_never_beyond_the_longest(failures: int, random: float) -> None:
    assert 0.0 < delay_s(failures, random) <= LONGEST_S


@given(st.integers(1, 100), uniform)
def test_the_spread_is_the_upper_half(failures: int, random: float) -> None:
    assert delay_s(failures, 0.0) <= delay_s(failures, random) <= 2 * delay_s(failures, 0.0)


@given(st.integers(1, 100), uniform)
def test_with_the_same_luck_a_later_failure_waits_no_shorter(failures: int, random: float) -> None:
    assert delay_s(failures + 1, random) >= delay_s(failures, random)


def test_different_luck_gives_different_delays() -> None:
    assert len({delay_s(5, step / 10) for step in range(10)}) == 10
