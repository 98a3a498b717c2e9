"""What `./test` and `./test --broad` leave to `./test --whole`: they are as quick as a person, or CI, waits for.

Slow is what needs PostgreSQL, a browser or processes; all else runs in every form. Of a slow test one form is drawn, by
the seed that the order is drawn by, and of these tests as many as their part has seconds for: one of each file in a
drawn order, then others; of dear ones, that each take a good part of these seconds, one in all. What was changed since
the last commit runs in every form, however long it takes. So does what is marked `always`. Tests of whole runs, marked
`whole`, are left out. Of properties that say nothing else fewer examples are tried, and fewer cases of the API. The
broad form has no such bounds, and whole runs are in it: one form of everything.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from random import Random
from typing import Final

import pytest

OPTION: Final = "--short"
CASES: Final = "THREADLINE_SPEC_CASES"
"""The variable that says how many cases of each of the API's operations tests/spec tries."""
EXAMPLES: Final = 25
"""Of each property, where a form has bounds; Hypothesis itself tries a hundred."""
RUNS: Final = "--whole-runs"
COSTS: Final = Path(__file__).with_name("costs.json")
"""What a test costs at its mean, in CPU seconds of all processes: by file, of an unknown file by its folder, and by
function where it is much dearer.
"""

_SLOW: Final = ("integration", "ui", "crash")
_UNKNOWN_S: Final = 1.0
_DEAR: Final = 1 / 4  # of a part's seconds
_OF_NO_NAME: Final = frozenset({"server", "web", "src", "tools"})


@dataclass(frozen=True)
class Short:
    """How a part is shortened: by chance, to so many CPU seconds of slow tests, but for what was changed.

    `runs`: whole runs are not left out.
    """

    seed: int
    budget_s: float
    costs: Mapping[str, float] = field(default_factory=dict)
    changed: Collection[str] = ()
    runs: bool = False

    def divide(self, items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
        """Those of *items* that run, in their order, and those that are left to the whole."""
        forms: dict[str, list[str]] = defaultdict(list)
        stay: set[str] = set()
        for item in items:
            if item.get_closest_marker("whole") and not self.runs:
                continue
            if (
                not _is_slow(item)
                or item.get_closest_marker("always")
                or is_changed(_file_of(item.nodeid), self.changed)
            ):
                stay.add(item.nodeid)
            else:
                forms[_function_of(item.nodeid)].append(item.nodeid)
        spent_s = sum(self._cost_of(item.nodeid) for item in items if item.nodeid in stay and _is_slow(item))
        stay |= {self._chance(function).choice(sorted(forms[function])) for function in self._drawn([*forms], spent_s)}
        return [one for one in items if one.nodeid in stay], [one for one in items if one.nodeid not in stay]

    def _drawn(self, functions: Sequence[str], spent_s: float) -> list[str]:
        """Those that fit: the first of each file before a second of any, and of those that are dear one in all."""
        order = sorted(functions, key=lambda function: (self._chance(function).random(), function))
        dear = [function for function in order if self._cost_of(function) > self.budget_s * _DEAR]
        order = [function for function in order if function not in dear[1:]]
        first = {_file_of(function): function for function in reversed(order)}
        drawn = dear[:1]
        for function in sorted(order, key=lambda function: first[_file_of(function)] != function):
            if function not in drawn and spent_s + self._cost_of(function) <= self.budget_s:
                spent_s += self._cost_of(function)
                drawn.append(function)
        return drawn

    def _chance(self, function: str) -> Random:
        return Random(f"{self.seed} {function}")  # noqa: S311 - no secret

    def _cost_of(self, nodeid: str) -> float:
        file = PurePosixPath(_file_of(nodeid))
        names = (_function_of(nodeid), *map(str, (file, *file.parents)))
        return next((self.costs[name] for name in names if name in self.costs), _UNKNOWN_S)


def known_costs() -> dict[str, float]:
    costs: dict[str, float] = json.loads(COSTS.read_text(encoding="utf-8"))
    return costs


def changed_files(root: Path) -> frozenset[str]:
    """What differs from the last commit below *root*, new files too; nothing where git is not there to say so."""
    git = shutil.which("git")
    command = (git or "git", "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
    if git is None or not (root / ".git").exists():
        return frozenset()
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return frozenset(line[3:] for line in told.stdout.split("\0") if line)


def is_changed(file: str, changed: Collection[str]) -> bool:
    """Whether the tests of *file* are of what was *changed*: it is, or a module or a folder of its name.

    >>> is_changed("tests/ui/test_quiet_hours.py", {"web/src/quiet-hours/Page.tsx"})
    True
    >>> is_changed("tests/ui/test_quiet_hours.py", {"server/domain/hours.py", "tests/store/test_quiet_hours.py"})
    False
    """
    name = _plain(PurePosixPath(file).stem.removeprefix("test_"))
    return file in changed or any(name in _names_in(path) for path in changed if not path.startswith("tests/"))


def _names_in(path: str) -> set[str]:
    whole = PurePosixPath(path)
    return {_plain(part) for part in (*whole.parts[:-1], whole.stem) if part not in _OF_NO_NAME}


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _is_slow(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(mark) for mark in _SLOW)


def _function_of(nodeid: str) -> str:
    return nodeid.partition("[")[0]


def _file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]
