"""Two tabs of each of two agents show what the tables hold, whatever they and their contacts do."""

from __future__ import annotations

from pathlib import Path

from tests.tabs import scale
from tests.tabs.hall import Hall
from tests.tabs.machine import live
from tests.tabs.scale import asked

FEW, SHORT = 8, 20


def test_every_tab_shows_what_the_tables_hold_after_every_step(
    dsn: str, tmp_path: Path, program: Path, few_to_a_page: None
) -> None:
    histories = asked(scale.HISTORIES, FEW)
    with Hall.standing(dsn, tmp_path, program) as hall:
        lived = live(hall, histories, asked(scale.LENGTH, SHORT))
    print(f"{lived.histories} histories, {lived.refused} refusals, {dict(lived.acts)}")
    assert lived.histories >= histories
