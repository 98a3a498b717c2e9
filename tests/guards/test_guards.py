"""The means of trying guards: the table fits the tree, and a trial tells an assertion from an accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guards.guard import Edit, Guard
from tests.guards.table import GUARDS
from tests.guards.trial import ROOT, Stale, copied, edited, run, try_without

NUMBERS = """
def test_adds() -> None:
    assert 1 + 1 == 2


def test_is_wrong() -> None:
    assert 1 + 1 == 3


def test_breaks() -> None:
    raise RuntimeError("an accident")


def test_also_adds() -> None:
    assert ONE + 1 == 2


ONE = 1
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a file of tests, of which one fails by assertion and one by accident."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_numbers.py").write_text(NUMBERS)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n')
    return tmp_path


def name(test: str) -> str:
    return f"tests/test_numbers.py::{test}"


def guard(new: str, *named: str, also: tuple[str, ...] = ()) -> Guard:
    edit = Edit("tests/test_numbers.py", "ONE = 1", new)
    accidents = ("test_is_wrong", "test_breaks")
    left_out = tuple(name(test) for test in (*accidents, *also))
    return Guard("one", (edit,), tuple(map(name, named)), ("tests/test_numbers.py",), also=left_out)


processes = pytest.mark.integration  # each starts a pytest of its own


@pytest.mark.parametrize("one", GUARDS, ids=lambda one: one.name)
def test_every_guard_is_still_there_to_be_taken_away(one: Guard) -> None:
    for edit in one.without:
        text = (ROOT / edit.file).read_text(encoding="utf-8")
        assert edited(edit, text) != text
    for test in (*one.named, *one.also, *one.near):
        file, _, function = test.partition("::")
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8") if function else (ROOT / file).exists()


def test_what_is_not_there_or_there_twice_cannot_be_taken_away() -> None:
    for text in ("", "lock lock"):
        with pytest.raises(Stale):
            edited(Edit("schema.sql", "lock", ""), text)


@processes
def test_a_report_tells_assertions_from_accidents(tree: Path) -> None:
    report = run(tree, ["tests/test_numbers.py"])
    assert report.passed == {name("test_adds"), name("test_also_adds")}
    assert report.asserted == {name("test_is_wrong")}
    assert report.broken == {name("test_breaks")}


@processes
def test_a_tree_that_cannot_be_imported_is_no_verdict(tree: Path) -> None:
    with pytest.raises(Stale):
        try_without(tree, guard("ONE = ", "test_also_adds"))
    assert (tree / "tests" / "test_numbers.py").read_text() == NUMBERS


@processes
def test_a_guard_is_killed_where_its_test_sees_it_and_no_other_does(tree: Path) -> None:
    assert try_without(tree, guard("ONE = 2", "test_also_adds")).faults == []


@processes
def test_a_guard_survives_where_its_test_passes_without_it(tree: Path) -> None:
    [fault] = try_without(tree, guard("ONE = 1.0", "test_also_adds")).faults
    assert fault == f"{name('test_also_adds')} passes without it"


@processes
def test_a_guard_survives_where_others_see_it_too(tree: Path) -> None:
    one, two = try_without(tree, guard("ONE = 2", "test_adds")).faults
    assert one == f"{name('test_adds')} passes without it"
    assert two.startswith(f"{name('test_also_adds')} fails too")


def test_a_copy_holds_what_the_tests_need(tmp_path: Path) -> None:
    tree = copied(tmp_path / "copy")
    assert (tree / "schema.sql").read_bytes() == (ROOT / "schema.sql").read_bytes()
    assert (tree / "server" / "ports" / "__init__.py").exists()
    assert not list(tree.rglob("__pycache__"))
