"""What a run keeps of the wire journals and takes from them: the judge must see every mark, and the server a loss."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from server.store.ledger.journal import JournalFolder, WireJournal
from tests.crash import journals
from tests.crash.journals import SEGMENT_RECORDS, JournalDisk
from tests.crash.plan import LOSSES
from tools.ledger_journals import read_journals

MARKS = SEGMENT_RECORDS + 3


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JournalDisk:
    """On an ordinary folder: a test must not mount anything."""
    monkeypatch.setattr(journals, "_mount_small", lambda folder, size: "not in a test")
    return JournalDisk(tmp_path / "journal", tmp_path / "kept")


def _write(folder: Path, marks: int = MARKS) -> tuple[UUID, set[UUID]]:
    journal_id, attempts = uuid4(), [uuid4() for _ in range(marks)]
    journal = WireJournal(folder, journal_id, records=SEGMENT_RECORDS)
    for attempt in attempts:
        journal.mark(attempt)
    journal.close()
    return journal_id, set(attempts)


def test_a_copy_holds_every_mark_of_all_segments(disk: JournalDisk, tmp_path: Path) -> None:
    journal_id, attempts = _write(tmp_path / "journal")
    assert disk.keep() == [str(journal_id)]
    kept = read_journals(tmp_path / "kept")
    assert kept.marks == {str(journal_id): {str(attempt) for attempt in attempts}}
    assert kept.losses == {}


def test_a_journal_is_kept_once(disk: JournalDisk, tmp_path: Path) -> None:
    _write(tmp_path / "journal")
    disk.keep()
    other, _ = _write(tmp_path / "journal")
    assert disk.keep() == [str(other)]
    assert disk.keep() == []


@pytest.mark.parametrize("way", LOSSES)
def test_a_lost_journal_proves_nothing_to_the_server_and_stays_known_to_the_judge(
    disk: JournalDisk, tmp_path: Path, way: str
) -> None:
    journal_id, attempts = _write(tmp_path / "journal")
    disk.keep()
    disk.lose(str(journal_id), way)
    assert JournalFolder(tmp_path / "journal", records=SEGMENT_RECORDS).marks(journal_id) is None
    kept = read_journals(tmp_path / "kept")
    assert kept.losses == {str(journal_id): way}
    assert kept.marks[str(journal_id)] == {str(attempt) for attempt in attempts}


def test_a_journal_without_a_mark_can_only_be_deleted(disk: JournalDisk, tmp_path: Path) -> None:
    journal_id, _ = _write(tmp_path / "journal", marks=0)
    disk.keep()
    disk.lose(str(journal_id), "cut_in_record")
    assert read_journals(tmp_path / "kept").losses == {str(journal_id): "deleted"}


def test_where_no_disk_can_be_filled_the_run_says_why(disk: JournalDisk, tmp_path: Path) -> None:
    assert not disk.can_be_full
    assert read_journals(tmp_path / "kept").skipped == ["full disk: not in a test"]
