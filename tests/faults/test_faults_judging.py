"""The judge of a run of faults sees each promise that was broken, and none where all were kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from tests.faults.judging import Facts, differing, lost, told, wrong

ONE, TWO = UUID(int=1), UUID(int=2)
KEPT = Facts(
    answered={ONE: (7, 3)}, acks={TWO: (7, 4)}, stored={ONE: (7, 3), TWO: (7, 4)}, views=[[], []],
    living=[11, 12, 13], running=[13, 12, 11], nodes=3,
)  # fmt: skip


def test_where_all_was_kept_nothing_is_said() -> None:
    assert (wrong(KEPT), lost(KEPT), differing(KEPT)) == ([], [], 0)
    assert wrong(replace(KEPT, share=True, together=3)) == []


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        pytest.param(lambda f: replace(f, stored={TWO: (7, 4)}), "1 commands were acknowledged", id="a lost reply"),
        pytest.param(lambda f: replace(f, stored={ONE: (7, 3)}), "1 commands were acknowledged", id="a lost ack"),
        pytest.param(lambda f: replace(f, answered={ONE: (7, 9)}), "1 commands", id="another place than was said"),
        pytest.param(lambda f: replace(f, acks={TWO: (7, 5)}), "1 commands", id="another seq than a socket was told"),
        pytest.param(lambda f: replace(f, views=[[], ["the badge says 1"]]), "client 1: the badge", id="a view"),
        pytest.param(lambda f: replace(f, share=True), "No two nodes", id="nothing was shared"),
        pytest.param(lambda f: replace(f, together=3), "3 texts", id="two sent where one should"),
        pytest.param(lambda f: replace(f, views=[]), "Nobody looked on", id="no client"),
        pytest.param(lambda f: replace(f, running=[11, 12]), "2 of 3 nodes", id="a node did not come back"),
        pytest.param(lambda f: replace(f, living=[11, 12]), "the database knows 2", id="a node that is fenced"),
        pytest.param(lambda f: replace(f, living=[11, 12, 14]), "the database knows 3", id="an unknown node"),
        pytest.param(lambda f: replace(f, shortcomings=["kill came 0 times only."]), "kill came", id="too few faults"),
        pytest.param(lambda f: replace(f, unsettled=["A text waits."]), "A text waits", id="not over"),
    ],
)
def test_what_was_broken_is_seen(forge: Callable[[Facts], Facts], said: str) -> None:
    assert any(said in sentence for sentence in wrong(forge(KEPT))), wrong(forge(KEPT))


def test_the_line_counts_what_the_ledger_and_what_the_answers_say_is_lost() -> None:
    line = told({"lost": 2, "duplicate": 1, "after_stop": 0, "over_rate": 0}, replace(KEPT, stored={}), {"faults": 5})
    assert (line["lost"], line["duplicate"], line["faults"], line["clients"]) == (4, 1, 5, 2)
