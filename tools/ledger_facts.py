"""What the simulated carrier and the database each say of one run, read as they stand and compared nowhere here.

The carrier's ledger is its own truth: JSON lines, several for one text. A carrier that was killed may leave its last
line torn; any other line that cannot be read is an error.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import orjson

Place = tuple[int, int]
"""A message: its thread and its seq."""


class UnreadableLedger(Exception):
    """The ledger is no ledger; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier took a text. *attempt* is the id in its callback's address; *at_s* is CLOCK_MONOTONIC."""

    sid: str
    attempt: str | None
    from_: str
    to: str
    segments: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Webhook:
    """One attempt of the carrier to tell us something. *answered* is our status, None where there was no answer."""

    sid: str
    answered: int | None
    posted_s: float
    answered_s: float

    @property
    def taken(self) -> bool:
        return self.answered is not None and 200 <= self.answered < 300


@dataclass(frozen=True, slots=True)
class Mo(Webhook):
    from_: str
    to: str
    body_sha256: str

    @property
    def text(self) -> tuple[str, str, str]:
        return self.from_, self.to, self.body_sha256


@dataclass(frozen=True, slots=True)
class Receipt(Webhook):
    status: str


@dataclass(frozen=True, slots=True)
class Ledger:
    accepted: Sequence[Accepted]
    mos: Sequence[Mo]
    receipts: Sequence[Receipt]


@dataclass(frozen=True, slots=True)
class Attempt:
    place: Place
    klass: str
    endpoint_id: int
    consent_epoch: int
    state: str
    explained: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """An inbound text as the database has it."""

    thread_id: int
    in_ord: int
    text: tuple[str, str, str]
    keyword: str | None


@dataclass(frozen=True, slots=True)
class Thread:
    last_seq: int
    in_total: int
    event_seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Database:
    """*opted_out*: (endpoint, consent epoch) → whether the endpoint was opted out then. *pace*: rate and burst."""

    outbound: dict[Place, str]
    attempts: dict[str, Attempt]
    inbound: Sequence[Stored]
    unassigned: Sequence[tuple[str, str, str]]
    mo_ids: frozenset[str]
    threads: dict[int, Thread]
    opted_out: dict[tuple[int, int], bool]
    pace: dict[str, tuple[float, int]]


# The ledger


def read_ledger(path: Path) -> Ledger:
    """Raises UnreadableLedger, and OSError."""
    entries = list(_entries(path.read_bytes()))
    return Ledger(
        accepted=[_accepted(entry) for entry in entries if entry["t"] == "accepted"],
        mos=[
            Mo(**_webhook(entry), from_=entry["from"], to=entry["to"], body_sha256=entry["body_sha256"])
            for entry in entries
            if entry["t"] == "mo"
        ],
        receipts=[Receipt(**_webhook(entry), status=entry["status"]) for entry in entries if entry["t"] == "receipt"],
    )


def _entries(raw: bytes) -> list[dict[str, Any]]:
    *whole, torn = raw.split(b"\n")
    try:
        entries = [orjson.loads(line) for line in whole]
    except orjson.JSONDecodeError as error:
        raise UnreadableLedger("A line of the ledger, and not its last, cannot be read.") from error
    try:
        return [*entries, orjson.loads(torn)]
    except orjson.JSONDecodeError:
        return entries


def _accepted(entry: dict[str, Any]) -> Accepted:
    query = parse_qs(urlsplit(entry["status_callback"] or "").query)
    attempt = query.get("attempt", [None])[0]
    segments, at_s = entry["segments"], entry["mono_ns"] / 1e9
    return Accepted(entry["sid"], attempt, entry["from"], entry["to"], segments, at_s)


def _webhook(entry: dict[str, Any]) -> dict[str, Any]:
    times = {"posted_s": entry["posted_ns"] / 1e9, "answered_s": entry["mono_ns"] / 1e9}
    return {"sid": entry["sid"], "answered": entry["answered"], **times}


# The database

_OUTBOUND = "SELECT thread_id, seq, state FROM message WHERE direction = 'out'"
_ATTEMPTS = """SELECT id, thread_id, seq, klass, endpoint_id, consent_epoch, state,
    reason IS NOT NULL AND unknown_since IS NOT NULL AS explained FROM attempt"""
_INBOUND = """SELECT m.thread_id, m.in_ord, e.address AS from_, n.address AS to_, m.body, m.keyword
    FROM message m JOIN thread t ON t.id = m.thread_id JOIN endpoint e ON e.id = t.endpoint_id
    JOIN number n ON n.id = m.number_id WHERE m.direction = 'in'"""
_UNASSIGNED = "SELECT from_, to_, body FROM unassigned_mo"
_MO_IDS = "SELECT provider_id FROM provider_ref WHERE kind = 'mo'"
_THREADS = """SELECT t.id, t.last_seq, t.in_total,
    ARRAY(SELECT v.seq FROM thread_event v WHERE v.thread_id = t.id ORDER BY v.seq) AS event_seqs FROM thread t"""
_CONSENT = """SELECT endpoint_id, consent_epoch, kind <> 'opted_in' AS opted_out FROM consent_event
    WHERE kind IN ('opted_out', 'opted_in', 'carrier_blocked')"""
_PACE = "SELECT address, rate, burst FROM number"


def read_database(dsn: str) -> Database:
    """All of it, as of one moment."""
    return asyncio.run(_read(dsn))


async def _read(dsn: str) -> Database:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _snapshot(connection)
    finally:
        await connection.close()


async def _snapshot(connection: "asyncpg.Connection[asyncpg.Record]") -> Database:
    fetch = connection.fetch
    return Database(
        outbound={(r["thread_id"], r["seq"]): r["state"] for r in await fetch(_OUTBOUND)},
        attempts={str(r["id"]): _attempt(r) for r in await fetch(_ATTEMPTS)},
        inbound=[Stored(r["thread_id"], r["in_ord"], _text(r), r["keyword"]) for r in await fetch(_INBOUND)],
        unassigned=[_text(r) for r in await fetch(_UNASSIGNED)],
        mo_ids=frozenset(r["provider_id"] for r in await fetch(_MO_IDS)),
        threads={r["id"]: Thread(r["last_seq"], r["in_total"], tuple(r["event_seqs"])) for r in await fetch(_THREADS)},
        opted_out={(r["endpoint_id"], r["consent_epoch"]): r["opted_out"] for r in await fetch(_CONSENT)},
        pace={r["address"]: (r["rate"], r["burst"]) for r in await fetch(_PACE)},
    )


def _attempt(row: asyncpg.Record) -> Attempt:
    place = (row["thread_id"], row["seq"])
    return Attempt(place, row["klass"], row["endpoint_id"], row["consent_epoch"], row["state"], row["explained"])


def _text(row: asyncpg.Record) -> tuple[str, str, str]:
    return row["from_"], row["to_"], hashlib.sha256(row["body"].encode()).hexdigest()
