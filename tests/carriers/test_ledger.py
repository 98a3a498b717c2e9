"""The ledger: what it has confirmed is on disk, in few syncs, and an orderly end loses nothing."""

import json
import os
from pathlib import Path

import pytest
import trio

from server.carriers.simulator.ledger import Ledger


def sids(path: Path) -> list[str]:
    return [json.loads(line)["sid"] for line in path.read_text().splitlines()]


async def test_an_entry_is_synced_before_record_returns_and_neighbours_share_a_sync(
    nursery: trio.Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.jsonl"
    synced: list[list[str]] = []
    fsync = os.fsync

    def noting(fd: int) -> None:
        fsync(fd)
        synced.append(sids(path))

    monkeypatch.setattr(os, "fsync", noting)
    ledger = Ledger(path)
    nursery.start_soon(ledger.run)

    async def record(sid: str) -> None:
        await ledger.record("accepted", sid=sid)
        assert sid in synced[-1]

    async with trio.open_nursery() as writers:
        for number in range(500):
            writers.start_soon(record, str(number))
    assert sorted(sids(path), key=int) == [str(number) for number in range(500)]
    assert len(synced) < 50
    assert ledger.counts["accepted"] == 500


async def test_what_nobody_waited_for_is_written_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ledger.run)
        await trio.testing.wait_all_tasks_blocked()
        ledger.record_soon("mo", sid="1")
        nursery.cancel_scope.cancel()
    assert sids(path) == ["1"]


async def test_an_old_ledger_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    for sid in ("1", "2"):
        ledger = Ledger(path)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ledger.run)
            await ledger.record("accepted", sid=sid)
            nursery.cancel_scope.cancel()
    assert sids(path) == ["1", "2"]


async def test_without_a_file_entries_are_counted() -> None:
    ledger = Ledger(None)
    await ledger.record("accepted", sid="1")
    assert ledger.counts == {"accepted": 1}
