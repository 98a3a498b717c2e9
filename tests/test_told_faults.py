"""What failed is told at the very end of `./test`, by name, assertion and the end of its report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.test_faults import Fault, faults_of, told_again
from tools.test_parts import Count

TESTS = '''
import pytest

@pytest.fixture
def broken():
    raise OSError("no such place")

@pytest.mark.parametrize("count", [10004])
def test_rows(count):
    """A docstring."""
    assert count < 100, "so many rows"

def test_place(broken):
    pass

def test_good():
    pass
'''


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("told")
    (folder / "tests").mkdir()
    (folder / "tests" / "__init__.py").touch()
    (folder / "tests" / "test_some.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml", "tests"]
    subprocess.run(command, cwd=folder, check=False, capture_output=True)
    return folder / "report.xml"


def test_each_is_named_as_pytest_takes_it_with_how_its_assertion_begins(report: Path) -> None:
    told = {fault.name: fault.said.splitlines() for fault in faults_of(report)}
    assert told.keys() == {"tests/test_some.py::test_rows[10004]", "tests/test_some.py::test_place"}
    assert told["tests/test_some.py::test_rows[10004]"][:2] == ["AssertionError: so many rows", "assert 10004 < 100"]
    assert "no such place" in told["tests/test_some.py::test_place"][0]


def test_all_that_failed_is_told_with_the_end_of_its_report(report: Path) -> None:
    told = told_again("integration", faults_of(report))
    assert "--- integration: FAILED tests/test_some.py::test_rows[10004]\n    AssertionError: so many rows\n" in told
    assert "E       AssertionError: so many rows" in told
    assert "E       OSError: no such place" in told


def test_of_a_long_report_the_end_is_told_and_of_many_failures_the_names() -> None:
    report = "\n".join(f"line {n}" for n in range(100))
    faults = [Fault(f"test_{n}", "1\n2\n3\n4", report) for n in range(200)]
    told = told_again("ui", faults)
    first = told.split("--- ui: ")[1].splitlines()
    assert first == ["FAILED test_0", "    1", "    2", "    3", *(f"line {n}" for n in range(60, 100))]
    assert [line for line in told.splitlines() if "FAILED" in line] == [f"--- ui: FAILED test_{n}" for n in range(200)]
    assert len(told.splitlines()) < 1_200


def test_what_failed_is_kept_when_counts_are_added() -> None:
    one, other = (Count(failed=1, faults=(Fault(name, "", ""),)) for name in "ab")
    assert [fault.name for fault in (one + other).faults] == ["a", "b"]
