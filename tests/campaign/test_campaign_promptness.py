"""How the campaign run measures when a STOP is shown: with whose 2xx, in which frame, and what it says of many."""

from __future__ import annotations

import pytest

from tests.campaign.promptness import STOP_SHA256, Told, answered_at, summed_up, waits_ms
from tools.ledger_facts import Mo

ANN, BO = "+12025550101", "+12025550102"


def said(from_: str, at_s: float, *, sha: str = STOP_SHA256, answered: int | None = 200) -> Mo:
    return Mo("SM1", answered, at_s - 0.5, at_s, 0.0, from_, "+12025550199", sha)


def test_the_first_stop_that_was_taken_counts_of_those_whose_it_was() -> None:
    mos = [said(BO, 4), said(ANN, 3), said(ANN, 2), said(ANN, 1, answered=503), said("+1", 1), said(BO, 1, sha="other")]
    assert answered_at(mos, {ANN, BO}) == [2, 4]


@pytest.mark.parametrize(
    ("answered", "frames", "expected"),
    [
        pytest.param([1.0, 2.0], [(1.25, 1), (2.5, 2)], [250, 500], id="each in a frame of its own"),
        pytest.param([1.0, 1.5], [(0.5, 0), (2.0, 2)], [1000, 500], id="two in one frame"),
        pytest.param([1.0, 2.0], [(1.5, 1), (1.75, 1), (4.0, 2)], [500, 2000], id="frames that tell nothing new"),
        pytest.param([1.0], [(0.75, 1)], [0], id="shown before the carrier had our answer"),
        pytest.param([1.0, 2.0], [(1.5, 1)], [500], id="one that never was"),
        pytest.param([], [(1.5, 0)], [], id="nobody"),
    ],
)
def test_how_long_each_waits(answered: list[float], frames: list[Told], expected: list[float]) -> None:
    assert waits_ms(answered, frames) == expected


def test_many_are_summed_up_by_their_ranks() -> None:
    assert summed_up([float(n) for n in range(100, 0, -1)]) == {"n": 100, "p50": 50, "p95": 95, "max": 100}
    assert summed_up([7.0]) == {"n": 1, "p50": 7, "p95": 7, "max": 7}
    assert summed_up([]) == {"n": 0}
