"""`./test` runs each function, of the slow ones one form, and in the course of its seeds every form."""

from dataclasses import dataclass, field
from typing import cast

import pytest

from tests.short_form import in_short


@dataclass(frozen=True)
class One:
    nodeid: str
    marks: frozenset[str] = field(default=frozenset({"ui"}))

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None


QUICK, WHOLE = frozenset[str](), frozenset({"integration", "whole"})


def drawn(seed: int, *tests: One) -> list[str]:
    stay, left = in_short(cast(list[pytest.Item], list(tests)), seed)
    assert {item.nodeid for item in (*stay, *left)} == {test.nodeid for test in tests}
    return [item.nodeid for item in stay]


def test_of_a_slow_test_one_form_runs_and_all_of_a_quick_one() -> None:
    slow, quick = [One(f"a.py::slow[{n}]") for n in range(5)], [One(f"a.py::quick[{n}]", QUICK) for n in range(5)]
    names = drawn(1, *slow, One("a.py::alone"), *quick)
    assert len(names) == 1 + 1 + 5
    assert names[1:] == ["a.py::alone", *(test.nodeid for test in quick)]


def test_seeds_come_round_to_every_form() -> None:
    forms = [One(f"a.py::slow[{n}]") for n in range(5)]
    assert {name for seed in range(60) for name in drawn(seed, *forms)} == {form.nodeid for form in forms}


def test_a_seed_draws_the_same_in_any_order() -> None:
    forms = [One(f"a.py::slow[{n}]") for n in range(5)]
    assert drawn(7, *forms) == drawn(7, *reversed(forms))


def test_whole_runs_are_left_out() -> None:
    assert drawn(1, One("a.py::run", WHOLE), One("a.py::other")) == ["a.py::other"]
