"""What `./test` leaves to `./test --whole`, so that it stays as quick as a person waits for.

Of a slow test's forms one runs, drawn by the seed that the order is drawn by: each function runs each time, each form
sooner or later, and all of them in `--whole`. Slow is what needs PostgreSQL, a browser or processes; the quick ones run
in every form. Tests of whole runs, marked `whole`, are left out.
"""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import pytest

OPTION = "--short"
_SLOW = ("integration", "ui", "crash")


def in_short(items: Sequence[pytest.Item], seed: int) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Those of *items* that run, in their order, and those that are left to the whole."""
    forms: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if _is_slow(item):
            forms[_function_of(item)].append(item.nodeid)
    drawn = {Random(f"{seed} {function}").choice(sorted(ids)) for function, ids in forms.items()}  # noqa: S311 - no secret
    left = [item for item in items if item.get_closest_marker("whole") or (_is_slow(item) and item.nodeid not in drawn)]
    gone = {item.nodeid for item in left}
    return [item for item in items if item.nodeid not in gone], left


def _is_slow(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(mark) for mark in _SLOW)


def _function_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]
