"""What the database says of one run, all of it as of one moment and compared with nothing here."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from tools.ledger_campaign_rows import Campaigns, Place, read_campaigns

__all__ = ["Attempt", "Database", "Place", "Stored", "Thread", "read_database"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """*explained*: it became unknown at some time, and a reason was written down. *journal*: of its generation."""

    id: str
    place: Place
    klass: str
    endpoint_id: int
    consent_epoch: int
    state: str
    explained: bool
    was_unknown: bool
    reason: str
    journal: str


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
class Together:
    """An account's limit: *rate* and *burst* of all its numbers together."""

    name: str
    numbers: frozenset[str]
    rate: float
    burst: int


@dataclass(frozen=True, slots=True)
class Database:
    """*opted_out*: (endpoint, consent epoch) → whether the endpoint was opted out then. *pace*: rate and burst.

    *mo_ids*: when the transaction that stored each inbound text began, in seconds since the epoch, by the carrier's id.
    *carrier_blocks*: how often the carrier's own opt-out list was met.
    """

    outbound: Mapping[Place, str]
    attempts: Mapping[str, Attempt]
    inbound: Sequence[Stored]
    unassigned: Sequence[tuple[str, str, str]]
    mo_ids: Mapping[str, float]
    threads: Mapping[int, Thread]
    opted_out: Mapping[tuple[int, int], bool]
    carrier_blocks: int
    pace: Mapping[str, tuple[float, int]]
    accounts: Sequence[Together] = ()
    campaigns: Campaigns = field(default_factory=Campaigns)


_OUTBOUND = "SELECT thread_id, seq, state FROM message WHERE direction = 'out'"
_ATTEMPTS = """SELECT a.id::text AS id, a.thread_id, a.seq, a.klass, a.endpoint_id, a.consent_epoch, a.state,
    a.reason IS NOT NULL AND a.unknown_since IS NOT NULL AS explained, a.unknown_since IS NOT NULL AS was_unknown,
    coalesce(a.reason, '') AS reason, n.journal_id::text AS journal
    FROM attempt a JOIN node n ON n.gen = a.gen"""
_INBOUND = """SELECT m.thread_id, m.in_ord, e.address AS from_, n.address AS to_, m.body, m.keyword
    FROM message m JOIN thread t ON t.id = m.thread_id JOIN endpoint e ON e.id = t.endpoint_id
    JOIN number n ON n.id = m.number_id WHERE m.direction = 'in'"""
_UNASSIGNED = "SELECT from_, to_, body FROM unassigned_mo"
_MO_IDS = "SELECT provider_id, extract(epoch FROM at)::float8 AS at FROM provider_ref WHERE kind = 'mo'"
_THREADS = """SELECT t.id, t.last_seq, t.in_total,
    ARRAY(SELECT v.seq FROM thread_event v WHERE v.thread_id = t.id ORDER BY v.seq) AS event_seqs FROM thread t"""
_CONSENT = """SELECT endpoint_id, consent_epoch, kind NOT IN ('opted_in', 'undone') AS opted_out FROM consent_event
    WHERE kind IN ('opted_out', 'opted_in', 'carrier_blocked', 'consent_invalid', 'revoked', 'undone')"""
_BLOCKS = "SELECT count(*) FROM consent_event WHERE kind = 'carrier_blocked'"
_PACE = "SELECT address, rate, burst FROM number"
_ACCOUNTS = """SELECT a.sid, a.rate, a.burst, array_agg(n.address) AS numbers
    FROM carrier_account a JOIN number n ON n.account_id = a.id WHERE a.rate IS NOT NULL GROUP BY a.id"""


def read_database(dsn: str) -> Database:
    """Raises OSError where the database cannot be reached."""
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
        attempts={r["id"]: _attempt(r) for r in await fetch(_ATTEMPTS)},
        inbound=[Stored(r["thread_id"], r["in_ord"], _text(r), r["keyword"]) for r in await fetch(_INBOUND)],
        unassigned=[_text(r) for r in await fetch(_UNASSIGNED)],
        mo_ids={r["provider_id"]: r["at"] for r in await fetch(_MO_IDS)},
        threads={r["id"]: Thread(r["last_seq"], r["in_total"], tuple(r["event_seqs"])) for r in await fetch(_THREADS)},
        opted_out={(r["endpoint_id"], r["consent_epoch"]): r["opted_out"] for r in await fetch(_CONSENT)},
        carrier_blocks=await connection.fetchval(_BLOCKS),
        pace={r["address"]: (r["rate"], r["burst"]) for r in await fetch(_PACE)},
        accounts=[Together(r["sid"], frozenset(r["numbers"]), r["rate"], r["burst"]) for r in await fetch(_ACCOUNTS)],
        campaigns=await read_campaigns(connection),
    )


def _attempt(row: asyncpg.Record) -> Attempt:
    same = ("id", "klass", "endpoint_id", "consent_epoch", "state", "explained", "was_unknown", "reason", "journal")
    return Attempt(place=(row["thread_id"], row["seq"]), **{name: row[name] for name in same})


def _text(row: asyncpg.Record) -> tuple[str, str, str]:
    return row["from_"], row["to_"], hashlib.sha256(row["body"].encode()).hexdigest()
