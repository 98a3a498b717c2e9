"""The append-only record of consent: what stands in it, and what members write down under the endpoint's lock."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import orjson

from server.domain.consent import TAKEN_BACK
from server.domain.messages import Announcement, ConsentFlipped, ReviewChanged, RowsChanged
from server.domain.testimony import KINDS, MOST_WORDS, Standing, objection
from server.ports import Announce, CommandConflict
from server.ports.consent import (
    ConsentEntry,
    ConsentLedger,
    ConsentState,
    NewEntry,
    NoSuchProof,
    NotWrittenDown,
    Proof,
    Told,
    WrittenDown,
)
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("consent")
_SAID_NO: Final = sorted(TAKEN_BACK)
_EVERYTHING: Final = 2**31 - 1


async def record_opt_ins(
    connection: Connection,
    workspace_id: int,
    endpoint_ids: Collection[int],
    *,
    source: str,
    member_id: int | None,
    words: str,
    at: datetime,
    evidence: Mapping[str, Any],
    proof_id: int | None = None,
) -> frozenset[int]:
    """Opt-ins of many numbers, within the caller's transaction, which has locked no contact yet: endpoints come first.

    *words*: what they agreed to. *evidence* has at least the channel. Gives those for whom it was written down: not
    who has opted out.
    """
    rows = await connection.fetch(
        _SQL["opt_ins"],
        workspace_id,
        list(endpoint_ids),
        source,
        member_id,
        storable(words),
        storable_json(evidence),
        proof_id,
        at,
    )
    return frozenset(row["endpoint_id"] for row in rows)


class PostgresConsents:
    """`ports.consent.Consents`. *writes*: the whole database, where *postgres* is as a member sees it."""

    def __init__(self, postgres: Postgres, announce: Announce, writes: Postgres | None = None) -> None:
        self._postgres, self._announce = postgres, announce
        self._writes = writes or postgres

    async def ledger(
        self, workspace_id: int, endpoint_id: int, *, below: int | None = None, limit: int = 100
    ) -> ConsentLedger | None:
        found = await self._postgres.read(lambda c: _read(c, workspace_id, endpoint_id, below, limit + 1))
        if found is None:
            return None
        state, entries = found
        return ConsentLedger(state, entries[:limit], more=len(entries) > limit)

    async def endpoint_of(self, workspace_id: int, thread_id: int) -> int | None:
        found: int | None = await self._postgres.read(
            lambda c: c.fetchval(_SQL["endpoint_of"], workspace_id, thread_id)
        )
        return found

    async def whole_ledger(
        self, workspace_id: int, member_id: int, endpoint_id: int
    ) -> tuple[ConsentState, Sequence[ConsentEntry]] | None:
        async def run(connection: Connection) -> tuple[ConsentState, Sequence[ConsentEntry]] | None:
            found = await _read(connection, workspace_id, endpoint_id, None, _EVERYTHING)
            if found is not None:
                last = found[1][0].event_id if found[1] else None
                await connection.execute(_SQL["taken_away"], workspace_id, member_id, endpoint_id, last)
            return found

        found = await self._postgres.call(run)
        return None if found is None else (found[0], found[1][::-1])

    async def tell(
        self, workspace_id: int, member_id: int, endpoint_id: int, entry: NewEntry, now: datetime
    ) -> Told | None:
        announced: list[Announcement] = []

        async def run(connection: Connection) -> Told | None:
            announced.clear()
            if entry.proof_id is not None and not await connection.fetchval(
                _SQL["has_proof"], workspace_id, entry.proof_id
            ):
                return NoSuchProof()
            row = await connection.fetchrow(_SQL["standing"], workspace_id, endpoint_id, _SAID_NO)
            if row is None:
                return None
            if entry.cmd_id is not None:  # under the endpoint's lock, so the first copy of it has committed
                before = await connection.fetchrow(_SQL["by_command"], workspace_id, entry.cmd_id)
                if before is not None:
                    same = (before["endpoint_id"], before["fingerprint"]) == (endpoint_id, entry.fingerprint)
                    return WrittenDown(before["event_id"], False, before["epoch"]) if same else CommandConflict()
            refused = objection(entry.told, Standing(*row), now)
            if refused is not None:
                return NotWrittenDown(refused)
            written = await connection.fetchrow(
                _SQL["write"], *_columns(workspace_id, member_id, endpoint_id, entry, now)
            )
            assert written is not None  # noqa: S101 - the function gives one row
            announced.extend(_announced(workspace_id, endpoint_id, entry, written))
            return WrittenDown(written["event_id"], written["flipped"], written["epoch"])

        try:
            told = await self._writes.call(run)
        except asyncpg.UniqueViolationError:  # the same command for another number, at this moment
            return CommandConflict()
        if announced:
            self._announce(announced)
        return told

    async def add_proof(self, workspace_id: int, member_id: int, name: str, content_type: str, content: bytes) -> Proof:
        digest = hashlib.sha256(content).digest()

        async def run(connection: Connection) -> Row | None:
            row: Row | None = await connection.fetchrow(
                _SQL["add_proof"], workspace_id, digest, storable(name), content_type, content, member_id
            )
            return row or await connection.fetchrow(_SQL["same_proof"], workspace_id, digest)

        row = None
        while row is None:  # an old one that nobody had named may go between the two
            row = await self._postgres.call(run, idempotent=True)
        return _proof(row)

    async def proof(self, workspace_id: int, proof_id: int) -> tuple[Proof, bytes] | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["proof"], workspace_id, proof_id))
        return None if row is None else (_proof(row), bytes(row["bytes"]))

    async def opt_in_required(self, workspace_id: int) -> bool:
        return bool(await self._postgres.read(lambda c: c.fetchval(_SQL["opt_in_required"], workspace_id)))


async def _read(
    connection: Connection, workspace_id: int, endpoint_id: int, below: int | None, most: int
) -> tuple[ConsentState, list[ConsentEntry]] | None:
    row = await connection.fetchrow(_SQL["state"], workspace_id, endpoint_id, _SAID_NO)
    if row is None:
        return None
    rows = await connection.fetch(_SQL["entries"], workspace_id, endpoint_id, below, most)
    return ConsentState(**row), [_entry(one) for one in rows]


def _columns(workspace_id: int, member_id: int, endpoint_id: int, entry: NewEntry, now: datetime) -> tuple[Any, ...]:
    told = entry.told
    words = storable(told.words.strip()[:MOST_WORDS]) or None
    evidence = storable_json({"channel": told.channel.value, **entry.evidence})
    head = (workspace_id, endpoint_id, KINDS[told.entry].value, entry.source, member_id)
    return (*head, words, evidence, entry.proof_id, told.at or now, now, entry.cmd_id, entry.fingerprint or None)


def _announced(workspace_id: int, endpoint_id: int, entry: NewEntry, row: Row) -> list[Announcement]:
    told: list[Announcement] = []
    thread_id = row["thread_id"]
    if row["flipped"]:
        opted_out = KINDS[entry.told.entry] in TAKEN_BACK
        told.append(ConsentFlipped(workspace_id, endpoint_id, opted_out, row["epoch"]))
    if row["settled"] and thread_id is not None:
        told.append(ReviewChanged(workspace_id, thread_id, endpoint_id, held=False))
    if thread_id is not None:
        told.append(RowsChanged(workspace_id, (thread_id,)))
    return told


def _entry(row: Row) -> ConsentEntry:
    return ConsentEntry(
        event_id=row["event_id"],
        kind=row["kind"],
        source=row["source"],
        epoch=row["epoch"],
        at=row["at"],
        recorded_at=row["recorded_at"],
        text=row["text"],
        evidence=orjson.loads(row["evidence"]) if row["evidence"] else {},
        member=row["member"],
        thread_id=row["thread_id"],
        seq=row["seq"],
        proof=None if row["proof_id"] is None else _proof(row),
    )


def _proof(row: Row) -> Proof:
    return Proof(
        row["proof_id"], row["proof_name"], row["content_type"], row["size"], row["sha256"].hex(), row["proof_at"]
    )
