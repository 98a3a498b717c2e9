"""What failed, told once more at the very end of `./test`: of a log that is cut off the end is what is left."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BEGINNING: Final = 3  # lines of an assertion
_END: Final = 40  # lines of a report
_MOST: Final = 20  # of a part; of the others only the names are told


@dataclass(frozen=True)
class Fault:
    """A test, or a whole program, that failed: its name, its assertion and its report."""

    name: str
    said: str
    report: str

    def told(self) -> str:
        """The name, the first lines of the assertion, and the end of the report."""
        beginning = [f"    {line}" for line in self.said.strip().splitlines()[:_BEGINNING]]
        return "\n".join([f"FAILED {self.name}", *beginning, *self.report.rstrip().splitlines()[-_END:]])


def faults_of(report: Path) -> tuple[Fault, ...]:
    """The tests that failed in what pytest wrote with --junitxml."""
    cases = ElementTree.parse(report).getroot().iter("testcase")  # noqa: S314  -- pytest wrote it a moment ago
    return tuple(
        Fault(_name_of(case), fault.get("message", ""), fault.text or "")
        for case in cases
        for fault in case
        if fault.tag in {"failure", "error"}
    )


def told_again(part: str, faults: Sequence[Fault]) -> str:
    """All that failed in *part*: in whole as far as a person reads, the others by name."""
    told = [f"--- {part}: {one.told()}" for one in faults[:_MOST]]
    return "\n".join([*told, *(f"--- {part}: FAILED {one.name}" for one in faults[_MOST:])])


def _name_of(case: ElementTree.Element) -> str:
    """As pytest takes it; a doctest is named by its module."""
    place, name = case.get("classname", ""), case.get("name", "")
    return f"{place.replace('.', '/')}.py::{name}" if place.startswith("tests.") else name
