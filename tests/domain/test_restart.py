"""Restart rules: intensity over a sliding window, who restarts, and with whom."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import restart
from server.domain.restart import Again, GiveUp, Intensity, Restart, Strategy, after_crash, leaning_on, starts_again

THREE_IN_TEN = Intensity(restarts=3, within_s=10.0)


def test_the_examples_in_the_docstrings_hold() -> None:
    outcome = doctest.testmod(restart)
    assert outcome.failed == 0
    assert outcome.attempted > 0


@pytest.mark.parametrize(
    ("crashes", "now", "verdict"),
    [
        pytest.param((), 5.0, Again, id="the first crash is forgiven"),
        pytest.param((1.0, 2.0), 3.0, Again, id="as many as allowed"),
        pytest.param((1.0, 2.0, 3.0), 4.0, GiveUp, id="one more than allowed"),
        pytest.param((1.0, 2.0, 3.0), 11.0, GiveUp, id="the oldest is exactly on the edge of the window"),
        pytest.param((1.0, 2.0, 3.0), 11.001, Again, id="the oldest has just left the window"),
    ],
)
def test_intensity(crashes: tuple[float, ...], now: float, verdict: type[Again | GiveUp]) -> None:
    assert isinstance(after_crash(crashes, now, THREE_IN_TEN), verdict)


def test_no_restart_is_ever_forgiven_with_an_intensity_of_zero() -> None:
    assert isinstance(after_crash((), 0.0, Intensity(restarts=0, within_s=1.0)), GiveUp)


@given(st.lists(st.floats(0.01, 20.0), min_size=1, max_size=60), st.integers(1, 6))
def test_restarts_are_granted_while_the_window_holds_no_more_than_allowed(gaps: list[float], allowed: int) -> None:
    intensity = Intensity(restarts=allowed, within_s=10.0)
    history: tuple[float, ...] = ()
    now, all_crashes = 0.0, []
    for gap in gaps:
        now += gap
        all_crashes.append(now)
        verdict = after_crash(history, now, intensity)
        within = sum(1 for at in all_crashes if now - at <= intensity.within_s)
        assert isinstance(verdict, Again) == (within <= allowed)
        assert len(verdict.crashes) == within
        history = verdict.crashes


@pytest.mark.parametrize(
    ("rule", "crashed", "again"),
    [
        pytest.param(Restart.PERMANENT, True, True, id="permanent after a crash"),
        pytest.param(Restart.PERMANENT, False, True, id="permanent after ending well"),
        pytest.param(Restart.TRANSIENT, True, True, id="transient after a crash"),
        pytest.param(Restart.TRANSIENT, False, False, id="transient after ending well"),
        pytest.param(Restart.TEMPORARY, True, False, id="temporary after a crash"),
        pytest.param(Restart.TEMPORARY, False, False, id="temporary after ending well"),
    ],
)
def test_who_is_started_again(rule: Restart, crashed: bool, again: bool) -> None:
    assert starts_again(rule, crashed=crashed) is again


def test_the_last_child_has_nobody_leaning_on_it() -> None:
    assert list(leaning_on(["a", "b"], "b", Strategy.REST_FOR_ONE)) == []
