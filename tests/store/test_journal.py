"""The journal's absence of a mark is a proof only where nothing of it can have been lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.store.ledger import journal as wire_journal
from server.store.ledger.journal import JournalFolder, WireJournal, forget_journal, read_journal

RECORDS = 4  # a segment of four: the tests cross its end


def write(folder: Path, count: int) -> tuple[UUID, list[UUID]]:
    journal_id, marks = uuid4(), [uuid4() for _ in range(count)]
    journal = WireJournal(folder, journal_id, records=RECORDS)
    for mark in marks:
        journal.mark(mark)
    journal.close()
    return journal_id, marks


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9])
def test_what_was_marked_is_read_back_over_the_ends_of_segments(tmp_path: Path, count: int) -> None:
    journal_id, marks = write(tmp_path, count)
    assert read_journal(tmp_path, journal_id, records=RECORDS) == frozenset(marks)


def _cut_last(folder: Path) -> None:
    last = max(folder.iterdir())
    os.truncate(last, last.stat().st_size - 1)


def _cut_at_a_record(folder: Path) -> None:
    os.truncate(min(folder.iterdir()), 128 + 32)


def _drop_last_segment(folder: Path) -> None:
    max(folder.iterdir()).unlink()


def _drop_first_segment(folder: Path) -> None:
    min(folder.iterdir()).unlink()


def _zero_first_record(folder: Path) -> None:
    path = min(folder.iterdir())
    raw = bytearray(path.read_bytes())
    raw[128:160] = bytes(32)
    path.write_bytes(raw)


def _flip_a_bit(folder: Path) -> None:
    path = min(folder.iterdir())
    raw = bytearray(path.read_bytes())
    raw[128 + 12] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut_last, id="the last segment is a byte short"),
        pytest.param(_cut_at_a_record, id="cut exactly between two records"),
        pytest.param(_drop_last_segment, id="the last segment is gone"),
        pytest.param(_drop_first_segment, id="the first segment is gone"),
        pytest.param(_zero_first_record, id="a record was zeroed while later ones stand"),
        pytest.param(_flip_a_bit, id="one bit flipped"),
    ],
)
def test_a_damaged_journal_proves_nothing(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    journal_id, _ = write(tmp_path, 6)
    damage(tmp_path)
    assert read_journal(tmp_path, journal_id, records=RECORDS) is None


def test_a_journal_of_an_earlier_boot_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal_id, _ = write(tmp_path, 2)
    monkeypatch.setattr(wire_journal, "boot_id", lambda: str(uuid4()))
    assert read_journal(tmp_path, journal_id, records=RECORDS) is None


def test_another_journal_under_the_same_name_proves_nothing(tmp_path: Path) -> None:
    _, _ = write(tmp_path, 2)
    stranger = uuid4()
    path = next(tmp_path.iterdir())
    path.rename(tmp_path / f"{stranger}-0.wire")
    assert read_journal(tmp_path, stranger, records=RECORDS) is None


def test_a_full_disk_is_an_error_before_the_text_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = WireJournal(tmp_path, uuid4(), records=2)
    journal.mark(uuid4())
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        journal.mark(uuid4())
    journal.close()


def test_a_forgotten_journal_leaves_no_file(tmp_path: Path) -> None:
    journal_id, _ = write(tmp_path, 9)
    forget_journal(tmp_path, journal_id)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 9), cut=st.integers(0, 300))
def test_no_cut_of_the_file_ever_hides_a_mark(tmp_path_factory: pytest.TempPathFactory, count: int, cut: int) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal_id, marks = write(folder, count)
    last = max(folder.iterdir())
    os.truncate(last, min(cut, last.stat().st_size))
    assert read_journal(folder, journal_id, records=RECORDS) in (None, frozenset(marks))


def test_a_folder_knows_its_journals_and_forgets_one_with_all_its_segments(tmp_path: Path) -> None:
    (one, _), (other, _) = write(tmp_path, 9), write(tmp_path, 1)
    (tmp_path / "notes.wire").touch()
    folder = JournalFolder(tmp_path)
    assert folder.written() == {one, other}
    folder.forget(one)
    assert folder.written() == {other}
    assert folder.marks(one) is None
