"""Measures what tests cost, on Linux: `./test --whole ui -- -p tests.costing` writes it down in tests/costs.json.

A cost is in CPU seconds of this process and of all that it has started: the short form is drawn by it, see
`tests.short_form`. Only how costs compare matters there, so a machine that has more to do may measure, too.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from statistics import mean
from typing import Final

import pytest

from tests.short_form import COSTS, known_costs

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_DEARER_S: Final = 1.0  # than the mean of its file: such a function is written down by its own name


SEEN: Final = pytest.StashKey["Seen"]()


class Costing:
    """From the end of each test to the end of the next. The first, which starts what all of them use, is left out."""

    def __init__(self) -> None:
        self._spent_s: float | None = None
        self._costs: dict[str, list[float]] = defaultdict(list)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        before_s, self._spent_s = self._spent_s, spent_s()
        if before_s is not None:
            self._costs[nodeid.partition("[")[0]].append(max(self._spent_s - before_s, 0.0))

    def pytest_sessionfinish(self) -> None:
        measured = {function.partition("::")[0] for function in self._costs}
        others = {name: cost for name, cost in known_costs().items() if name.partition("::")[0] not in measured}
        told = others | compact(self._costs)
        told |= folders(told)
        COSTS.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Costing())


def compact(costs: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The mean of each file's functions, and by name those that are much dearer, which the mean leaves out.

    >>> compact({"a.py::test_1": [0.5, 0.1], "a.py::test_2": [0.1], "a.py::test_3": [9.0, 8.0]})
    {'a.py::test_3': 8.5, 'a.py': 0.2}
    """
    files: dict[str, list[float]] = defaultdict(list)
    told: dict[str, float] = {}
    for function in sorted(costs, key=lambda function: mean(costs[function])):
        cost = mean(costs[function])
        file = files[function.partition("::")[0]]
        if file and cost > mean(file) + _DEARER_S:
            told[function] = round(cost, 2)
        else:
            file.append(cost)
    return told | {name: round(mean(file), 2) for name, file in files.items()}


def folders(costs: Mapping[str, float]) -> dict[str, float]:
    """The mean of each folder's files, by which one is judged that nobody has measured yet.

    >>> folders({"a/b.py": 1.0, "a/c.py": 2.0, "a/c.py::test": 9.0, "a": 7.0})
    {'a': 1.5}
    """
    found: dict[str, list[float]] = defaultdict(list)
    for name, cost in costs.items():
        if name.endswith(".py"):
            found[str(PurePosixPath(name).parent)].append(cost)
    return {name: round(mean(files), 2) for name, files in found.items()}


@dataclass(frozen=True)
class _Process:
    parent: int
    began: str
    own_s: float
    ended_below_s: float  # of those that it saw end


class Seen:
    """CPU seconds of this process and of all below it, also of those whose end none of them saw: a browser's pages.

    What a process spent after the last look is not known.
    """

    def __init__(self) -> None:
        self._spent: dict[tuple[int, str], float] = {}

    def look(self) -> None:
        self._spent |= {(pid, one.began): one.own_s for pid, one in _ours().items()}

    @property
    def total_s(self) -> float:
        return sum(self._spent.values())


def spent_s() -> float:
    """CPU seconds of this process, of those below it, and of those that these saw end."""
    return sum(one.own_s + one.ended_below_s for one in _ours().values())


def _ours() -> dict[int, _Process]:
    found: dict[int, _Process] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        user, system, ended_user, ended_system = (int(field) / _TICKS_PER_S for field in fields[11:15])
        found[int(stat.parent.name)] = _Process(int(fields[1]), fields[19], user + system, ended_user + ended_system)
    return {pid: one for pid, one in found.items() if _is_ours(pid, found)}


def _is_ours(pid: int, found: Mapping[int, _Process]) -> bool:
    while pid in found:
        if pid == os.getpid():
            return True
        pid = found[pid].parent
    return False
