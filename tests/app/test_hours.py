"""The file of quiet hours that the settings name, and what is said where it cannot be used."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.app.hours import read_timetable
from server.config import ConfigError
from server.domain.timetable import shipped_timetable

MIDNIGHT = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
ANY_HOUR = Path(__file__).parents[2] / "tools" / "any_hour.toml"


def test_without_a_file_those_of_the_package_hold() -> None:
    assert read_timetable(None) is shipped_timetable()


def test_a_file_replaces_them() -> None:
    assert read_timetable(ANY_HOUR).at("+12025550100", (), MIDNIGHT).open
    assert read_timetable(ANY_HOUR).caps("+13055550100") == ()
    assert not read_timetable(None).at("+12025550100", (), MIDNIGHT).open


def test_every_kind_of_fault_is_one_sentence_with_its_place(tmp_path: Path) -> None:
    absent, broken, binary = tmp_path / "absent.toml", tmp_path / "broken.toml", tmp_path / "binary.toml"
    broken.write_text('version = "1"\neverywhere = nine to five\n')
    binary.write_bytes(b"\xff\xfe")
    faults = {
        absent: f"{absent} cannot be read: no such file or directory.",
        broken: f"{broken} is no TOML: Invalid value (at line 2, column 14).",
        binary: f"{binary} is no UTF-8 text.",
    }
    for path, sentence in faults.items():
        with pytest.raises(ConfigError) as told:
            read_timetable(path)
        assert str(told.value) == f"THREADLINE_QUIET_HOURS: {sentence}"
