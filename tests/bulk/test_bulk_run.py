"""A short form of `python -m tests.bulk`."""

from pathlib import Path

import pytest

from tests.bulk.run import Wish, run

pytestmark = pytest.mark.crash


def test_a_text_to_many_keeps_its_promises_with_faults_stops_and_a_kill_in_the_middle(tmp_path: Path) -> None:
    assert run(Wish(recipients=300, stops=12, kills=1, rate=60.0, seed=7), tmp_path) == 0
