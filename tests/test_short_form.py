"""`./test` runs what was changed, and of other slow tests as many as there is time for: in the course of seeds each."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from tests.costing import Seen, compact, spent_s
from tests.short_form import OPTION, RUNS, Short, changed_files, is_changed, known_costs
from tools import chromium
from tools.children import Children
from tools.test_parts import NOTHING_COLLECTED, PARTS, Workshop

QUICK, WHOLE = frozenset[str](), frozenset({"integration", "whole"})
ENOUGH_S = 1_000.0


@dataclass(frozen=True)
class One:
    nodeid: str
    marks: frozenset[str] = field(default=frozenset({"ui"}))

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None


@pytest.fixture
def children() -> Iterator[Children]:
    """Whose signals are given back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield Children()
    for number, handler in kept.items():
        signal.signal(number, handler)


def drawn(
    seed: int,
    *tests: One,
    budget_s: float = ENOUGH_S,
    costs: Mapping[str, float] | None = None,
    changed: Iterable[str] = (),
    runs: bool = False,
) -> list[str]:
    short = Short(seed, budget_s, costs or {}, frozenset(changed), runs)
    stay, left = short.divide(cast(list[pytest.Item], list(tests)))
    assert {item.nodeid for item in (*stay, *left)} == {test.nodeid for test in tests}
    assert len(stay) + len(left) == len(tests)
    return [item.nodeid for item in stay]


def functions(file: str, count: int) -> list[One]:
    return [One(f"tests/{file}::test_{n}") for n in range(count)]


# Forms


def test_of_a_slow_test_one_form_runs_and_all_of_a_quick_one() -> None:
    slow, quick = [One(f"a.py::slow[{n}]") for n in range(5)], [One(f"a.py::quick[{n}]", QUICK) for n in range(5)]
    names = drawn(1, *slow, One("a.py::alone"), *quick)
    assert len(names) == 1 + 1 + 5
    assert names[1:] == ["a.py::alone", *(test.nodeid for test in quick)]


def test_seeds_come_round_to_every_form() -> None:
    forms = [One(f"a.py::slow[{n}]") for n in range(5)]
    assert {name for seed in range(60) for name in drawn(seed, *forms)} == {form.nodeid for form in forms}


def test_a_seed_draws_the_same_in_any_order() -> None:
    tests = [One(f"{file}.py::slow[{n}]") for file in "abc" for n in range(5)] + functions("d.py", 20)
    assert {*drawn(7, *tests, budget_s=9)} == {*drawn(7, *reversed(tests), budget_s=9)}


def test_whole_runs_are_left_out_even_where_they_were_changed() -> None:
    tests = One("tests/a.py::run", WHOLE), One("tests/a.py::other")
    assert drawn(1, *tests, changed=["tests/a.py"]) == ["tests/a.py::other"]


def test_what_is_always_to_run_does_however_dear_it_is() -> None:
    dear = One("tests/a.py::run", frozenset({"integration", "always"}))
    costs = {dear.nodeid: 50.0, "tests": 1.0}
    for seed in range(20):
        assert dear.nodeid in drawn(seed, dear, *functions("b.py", 9), budget_s=3, costs=costs)


def test_in_the_broad_form_every_function_runs_and_every_whole_run() -> None:
    forms = [One(f"tests/a.py::slow[{n}]") for n in range(5)]
    tests = [*forms, *functions("b.py", 40), One("tests/c.py::run", WHOLE)]
    names = drawn(1, *tests, budget_s=math.inf, runs=True)
    assert len(names) == 1 + 40 + 1
    assert names[-1] == "tests/c.py::run"


# The budget


def test_what_is_drawn_costs_no_more_than_there_is() -> None:
    costs = {"tests/a.py": 2.0, "tests/b.py": 0.5, "tests/b.py::test_3": 7.0}
    for seed in range(50):
        names = drawn(seed, *functions("a.py", 40), *functions("b.py", 40), budget_s=30, costs=costs)
        spent_s = sum(costs.get(name, costs[name.partition("::")[0]]) for name in names)
        assert 29.5 <= spent_s <= 30


def test_seeds_come_round_to_every_test_also_to_one_that_costs_more_than_there_is() -> None:
    costs = {"tests/a.py": 2.0, "tests/a.py::test_5": 50.0, "tests/b.py": 0.5}
    tests = [*functions("a.py", 12), *functions("b.py", 12)]
    seen = {name for seed in range(200) for name in drawn(seed, *tests, budget_s=10, costs=costs)}
    assert seen == {test.nodeid for test in tests}


@pytest.mark.parametrize("budget_s", [4, 9, 18])
def test_the_first_of_each_file_goes_before_a_second_of_any(budget_s: float) -> None:
    tests = [test for n in range(9) for test in functions(f"{n}.py", 6)]
    for seed in range(20):
        files = Counter(name.partition("::")[0] for name in drawn(seed, *tests, budget_s=budget_s))
        assert (files.total(), len(files)) == (budget_s, min(9, budget_s))


def test_of_the_dear_ones_one_runs_and_each_by_some_seed() -> None:
    dear = [One(f"tests/{n}.py::test_run") for n in range(5)]
    costs = {test.nodeid: 2.1 for test in dear} | {"tests": 0.5}
    names = [drawn(seed, *dear, *functions("a.py", 9), budget_s=8, costs=costs) for seed in range(60)]
    runs = [[name for name in one if name.endswith("run")] for one in names]
    assert {len(one) for one in runs} == {1}
    assert {name for one in runs for name in one} == {test.nodeid for test in dear}
    assert {len(one) for one in names} == {1 + 9}, "the others have all their seconds beside it"
    assert len(drawn(1, *dear, budget_s=math.inf, costs=costs)) == len(dear)


def test_with_enough_every_function_runs_and_what_nobody_has_measured_costs_something() -> None:
    tests = functions("a.py", 50)
    assert len(drawn(1, *tests)) == 50
    assert 1 < len(drawn(1, *tests, budget_s=20)) < 50


def test_what_nobody_has_measured_costs_as_much_as_its_folder() -> None:
    tests = [test for file in ("x/a.py", "x/b.py") for test in functions(file, 30)]
    assert len(drawn(1, *tests, budget_s=10, costs={"tests/x": 0.5, "tests/x/a.py": 0.5, "tests": 9.0})) == 20


def test_quick_tests_cost_nothing() -> None:
    quick = [One(f"tests/q.py::test_{n}", QUICK) for n in range(100)]
    assert len(drawn(1, *quick, *functions("a.py", 4), budget_s=4)) == 104


# What was changed


def test_what_was_changed_runs_in_every_form_beyond_all_budgets() -> None:
    forms = [One(f"tests/a.py::slow[{n}]") for n in range(5)] + functions("a.py", 9)
    others = functions("b.py", 9)
    for seed in range(20):
        names = drawn(seed, *forms, *others, budget_s=3, changed=["tests/a.py"])
        assert names[:-1] == [test.nodeid for test in forms]
        assert names[-1].startswith("tests/b.py")


@pytest.mark.parametrize(
    ("file", "path", "told"),
    [
        pytest.param("tests/ui/test_team.py", "tests/ui/test_team.py", True, id="itself"),
        pytest.param("tests/ui/test_team.py", "tests/store/test_team.py", False, id="other tests of the name"),
        pytest.param("tests/store/test_team.py", "server/store/team.py", True, id="a module"),
        pytest.param("tests/store/test_team.py", "server/store/sql/team.sql", True, id="statements"),
        pytest.param("tests/ui/test_campaigns.py", "web/src/campaigns/wizard/Audience.tsx", True, id="a folder"),
        pytest.param("tests/ui/test_quiet_hours.py", "web/src/QuietHours.tsx", True, id="written otherwise"),
        pytest.param("tests/store/test_hours.py", "server/domain/quiet_hours.py", False, id="a part of a name"),
        pytest.param("tests/test_server.py", "server/ports/links.py", False, id="all of the server"),
    ],
)
def test_tests_are_changed_with_what_they_are_named_after(file: str, path: str, told: bool) -> None:
    assert is_changed(file, {path}) is told


def test_what_differs_from_the_last_commit_is_changed_new_files_too(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    assert changed_files(tmp_path) == frozenset(), "nothing is known where there is no repository"
    git("init", "-q")
    (tmp_path / "tests").mkdir()
    for name in ("as it was.py", "changed.py", "staged.py", "gone.py"):
        (tmp_path / "tests" / name).write_text("1")
    git("add", "-A")
    git("commit", "-qm", "Begin")
    assert changed_files(tmp_path) == frozenset()
    (tmp_path / "tests" / "changed.py").write_text("2")
    (tmp_path / "tests" / "staged.py").write_text("2")
    git("add", "tests/staged.py")
    (tmp_path / "tests" / "gone.py").unlink()
    (tmp_path / "tests" / "neü.py").write_text("1")
    assert changed_files(tmp_path) == {f"tests/{name}.py" for name in ("changed", "staged", "gone", "neü")}


# The whole


@dataclass
class Asked(Workshop):
    """A workshop that starts nothing."""

    commands: list[str] = field(default_factory=list)

    def run(self, name: str, *command: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
        self.commands.append(" ".join(map(str, command)))
        return NOTHING_COLLECTED, ""


@pytest.mark.parametrize("part", ["unit", "integration", "servers", "races", "ui", "tabs", "crash", "nodes"])
def test_the_whole_form_is_not_divided(
    part: str, children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(chromium.VARIABLE, "/bin/true")
    for name in ("ui", "crash"):
        (tmp_path / "tests" / name).mkdir(parents=True)
        (tmp_path / "tests" / name / "test_some.py").write_text("mark.crash")
    for whole, broad in ((False, False), (True, True), (True, False)):
        asked = Asked(tmp_path, children, whole=whole, broad=broad)
        PARTS[part](asked, part)
        assert asked.commands
        assert all((f" {OPTION}=" in command) is (broad or not whole) for command in asked.commands)
        assert all((RUNS in command) is broad for command in asked.commands)


def test_costs_are_of_files_that_are_there() -> None:
    root = Path(__file__).parents[1]
    assert [place for place in known_costs() if not (root / place.partition("::")[0]).exists()] == []


def test_what_is_measured_is_told_by_file_and_by_name_where_it_is_much_dearer() -> None:
    told = compact({"a.py::test_1": [0.5, 0.1], "a.py::test_2": [0.1], "a.py::test_3": [9.0, 8.0], "b.py::test": [4.0]})
    assert told == {"a.py": 0.2, "a.py::test_3": 8.5, "b.py": 4.0}


def test_what_a_program_has_spent_stays_seen_when_nobody_sees_it_end() -> None:
    seen = Seen()
    work = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout
        program.stdout.readline()
        seen.look()
        before_s = seen.total_s
        program.communicate(b"\n")
    seen.look()
    assert before_s >= 0.5
    assert seen.total_s >= before_s


def test_what_a_program_spends_that_was_started_counts_also_when_it_has_ended() -> None:
    before_s = spent_s()
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass"], check=True)
    assert spent_s() - before_s > 0.45
