"""Two tabs of each of two agents show what the tables hold, whatever they and their contacts do."""

from __future__ import annotations

from pathlib import Path

from tests.databases import Databases
from tests.tabs import scale
from tests.tabs.machine import live
from tests.tabs.scale import asked
from tests.tabs.steps import STEPS

FEW, SHORT = 6, 14


def test_every_tab_shows_what_the_tables_hold_after_every_step(
    databases: Databases, program: Path, few_to_a_page: None
) -> None:
    histories = asked(scale.HISTORIES, FEW)
    lived = live(program, databases.fresh, histories, asked(scale.LENGTH, SHORT), asked(scale.SEED, 0) or None)
    print(f"{lived.histories} histories, {lived.refused} refusals, {dict(lived.steps)}")
    assert set(lived.steps) <= set(STEPS)
    assert lived.histories == histories
