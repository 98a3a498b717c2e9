"""Two years of a busy workspace, made up: threads and their texts, COPYed in the order in which they came.

Threads begin all the time and the newer a thread the busier it is; texts grow more frequent. Words follow Zipf's law
over a vocabulary of 30,000 (the first stands in most texts, the last in one of 25,000); one text in six has an
apostrophe as telephones type it, one in forty is Spanish or Chinese. Four campaigns write to many within minutes,
batches of 64 at the same instant. The same years in every run, but for their end, which is now.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import asyncpg

TEXTS: Final = 5_000_000
THREADS: Final = 200_000
VOCABULARY: Final = 30_000
NUMBERS: Final = 8
AGENTS: Final = 12
CAMPAIGNS: Final = 4
_SPAN_S: Final = 730 * 86400.0
_BURST: Final = 0.01  # of all texts, in each campaign
_BURST_S: Final = 1800.0
_PIECE: Final = 20_000
_SAME_INSTANT: Final = 64
_COLUMNS: Final = (
    "thread_id", "seq", "workspace_id", "direction", "in_ord", "number_id", "klass", "body", "segments", "state",
    "rank", "error_class", "error_code", "campaign_id", "author_id", "created_at",
)  # fmt: skip
_NAMES: Final = ("Maya", "Liam", "Noah", "Emma", "Olivia", "José", "Ana", "James", "Sofia", "Lucas", "Mia", "Zoë")
_ABROAD: Final = (
    "Hola, ¿todavía está disponible la casa de la calle Olmo? Mañana podríamos verla",
    "你好,这套房子还在吗?我们想周六去看房",
)


def word(rank: int) -> str:
    """The word of that rank, from 0: made of syllables, each word another one.

    >>> word(0), word(1), word(29_999)
    ('ba', 'be', 'borozu')
    """
    syllables = [c + v for c in "bdfghklmnprstvwz" for v in "aeiou"]
    spelt = ""
    rank += 1
    while rank:
        rank, last = divmod(rank - 1, len(syllables))
        spelt = syllables[last] + spelt
    return spelt


@dataclass(slots=True)
class _Thread:
    number_id: int
    author_id: int
    last_seq: int = 0
    in_total: int = 0
    last_at: datetime | None = None
    preview: str = ""
    direction: str = "in"
    last_in_at: datetime | None = None
    last_out_at: datetime | None = None
    listed: bool = False


@dataclass(slots=True)
class Years:
    """What was made, and the words in it by which a bench may ask."""

    texts: int
    threads: int
    end: datetime
    made: list[_Thread] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every text in the order of time."""
        dice = random.Random(20_260_310)  # noqa: S311 - a made-up crowd
        words = [word(rank) for rank in range(VOCABULARY)]
        weights = [0.0]
        for rank in range(1, VOCABULARY + 1):
            weights.append(weights[-1] + 1 / rank)
        pool: list[str] = []
        bursts = [int(self.texts * share) for share in (0.3, 0.6, 0.9, 0.97)]
        burst, of_burst = int(self.texts * _BURST), 0
        campaign, began, at = 0, self.end, self.end
        start = self.end - timedelta(seconds=_SPAN_S)
        for n in range(self.texts):
            share = n / self.texts
            if campaign < CAMPAIGNS and n >= bursts[campaign]:
                campaign, of_burst, began = campaign + 1, burst, at
            known = len(self.made)
            if known < min(self.threads, 1 + int(self.threads * share**0.9)):
                where = known
                self.made.append(_Thread(1 + known % NUMBERS, 1 + known % AGENTS))
            else:
                where = known - 1 - int(known * dice.random() ** 3)
            thread = self.made[where]
            if of_burst:
                of_burst -= 1
                step = (burst - of_burst) // _SAME_INSTANT * _SAME_INSTANT
                at = began + timedelta(seconds=_BURST_S * step / burst)
                name = _NAMES[where % len(_NAMES)]
                body = f"Hi {name}, open house this weekend at {n % 900} Elm Street. Reply STOP to opt out"
                yield self._out(thread, where, body, at, campaign, dice.random())
                continue
            at = max(at if n else start, start + timedelta(seconds=_SPAN_S * math.sqrt(share)))
            length = 3 + int(dice.random() ** 2 * 24)
            if len(pool) < length:
                pool = dice.choices(words, cum_weights=weights[1:], k=100_000)
            body = " ".join(pool[-length:])
            del pool[-length:]
            luck = dice.random()
            if luck < 0.16:
                body += " don’t"
            elif luck > 0.975:
                body = _ABROAD[n % 2] + " " + body
            if dice.random() < 0.45:
                yield self._in(thread, where, body, at)
            else:
                yield self._out(thread, where, body, at, None, dice.random())

    @staticmethod
    def _in(thread: _Thread, where: int, body: str, at: datetime) -> tuple[Any, ...]:
        thread.last_seq, thread.in_total = thread.last_seq + 1, thread.in_total + 1
        thread.last_at, thread.last_in_at, thread.preview, thread.direction, thread.listed = at, at, body, "in", True
        return (
            where + 1, thread.last_seq, 1, "in", thread.in_total, thread.number_id, "inbound", body, 1, "received", 0,
            None, None, None, None, at,
        )  # fmt: skip

    @staticmethod
    def _out(
        thread: _Thread, where: int, body: str, at: datetime, campaign: int | None, luck: float
    ) -> tuple[Any, ...]:
        thread.last_seq += 1
        thread.last_at, thread.last_out_at, thread.preview, thread.direction = at, at, body, "out"
        thread.listed = thread.listed or campaign is None
        state, rank, error = ("delivered", 40, None) if luck < 0.97 else ("undelivered", 30, "30003")
        return (
            where + 1, thread.last_seq, 1, "out", None, thread.number_id, "bulk" if campaign else "person", body, 1,
            state, rank, error and "carrier", error, campaign, None if campaign else thread.author_id, at,
        )  # fmt: skip


_PEOPLE: Final = """
INSERT INTO member (workspace_id, email, name, role, password_hash)
SELECT 1, 'agent' || i || '@example.com', 'Agent ' || i, 'agent', '!' FROM generate_series(2, :agents) i;
INSERT INTO number (workspace_id, account_id, address, rate)
SELECT 1, 1, '+1312555' || lpad((100 + i)::text, 4, '0'), 10 FROM generate_series(2, :numbers) i;
INSERT INTO campaign (workspace_id, name, state, launched_at, ended_at)
SELECT 1, 'Open house ' || i, 'completed', now(), now() FROM generate_series(1, :campaigns) i;
DELETE FROM thread; DELETE FROM endpoint;
INSERT INTO endpoint (id, workspace_id, address) OVERRIDING SYSTEM VALUE
SELECT i, 1, '+1' || 200 + i % 700 || lpad((2000000 + i / 700 * 37)::text, 7, '0')
FROM generate_series(1::bigint, :threads) i;
INSERT INTO contact (workspace_id, first_name, last_name, source)
SELECT 1, ('{Maya,Liam,Noah,Emma,Olivia,José,Ana,James,Sofia,Lucas,Mia,Zoë}'::text[])[1 + (i - 1) % 12],
       'Person ' || i, 'import'
FROM generate_series(1::bigint, :threads) i;
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, c.id, c.n FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM contact) c;
"""
_AFTERWARDS: Final = """
SELECT setval(pg_get_serial_sequence('thread', 'id'), (SELECT max(id) FROM thread)),
       setval(pg_get_serial_sequence('endpoint', 'id'), (SELECT max(id) FROM endpoint));
INSERT INTO thread_read (member_id, thread_id, workspace_id, in_ord)
SELECT m.id, t.id, 1, t.in_total FROM thread t, member m
WHERE m.id <= 3 AND t.listed AND t.in_total > 0 AND t.id % 40 <> m.id
ON CONFLICT DO NOTHING;
INSERT INTO note (thread_id, seq, workspace_id, author_id, body, at)
SELECT t.id, t.last_seq + 1, 1, 2, 'Please call them', now() FROM thread t WHERE t.id % 400 = 1;
INSERT INTO mention (member_id, thread_id, seq, workspace_id) SELECT 1, n.thread_id, n.seq, 1 FROM note n;
"""


async def load(dsn: str, texts: int = TEXTS, threads: int = THREADS) -> Years:
    """Into a ground's fresh database, whose indexes of message the caller has put aside."""
    years = Years(texts, min(threads, texts), datetime.now(UTC))
    connection = await asyncpg.connect(dsn, command_timeout=3600)
    await connection.execute("SET synchronous_commit = off; SET session_replication_role = replica")  # rows are right
    given = {"agents": AGENTS, "numbers": NUMBERS, "campaigns": CAMPAIGNS, "threads": threads}
    people = _PEOPLE
    for name, count in given.items():
        people = people.replace(f":{name}", str(count))
    await connection.execute(people)
    rows = years.rows()
    while piece := list(islice(rows, _PIECE)):
        await connection.copy_records_to_table("message", records=piece, columns=list(_COLUMNS))
    await connection.copy_records_to_table(
        "thread",
        records=[
            (n, 1, n, one.number_id, one.last_seq, one.in_total, one.last_at, one.preview[:140], one.direction,
             one.last_in_at, one.last_out_at, one.listed, one.last_in_at if one.direction == "in" else None)
            for n, one in enumerate(years.made, 1)
        ],
        columns=["id", "workspace_id", "endpoint_id", "number_id", "last_seq", "in_total", "last_at", "last_preview",
                 "last_direction", "last_in_at", "last_out_at", "listed", "waiting_since"],
    )  # fmt: skip
    await connection.execute(_AFTERWARDS)
    await connection.close()
    return years


if __name__ == "__main__":
    import sys

    asyncio.run(load(sys.argv[1], *(int(one) for one in sys.argv[2:])))
