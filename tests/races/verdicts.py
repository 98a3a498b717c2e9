"""Who was first, read from committed rows alone, and whether both were.

The rows tell it by an attempt's consent epoch and by the times at which PostgreSQL committed the transactions that
wrote them (`track_commit_timestamp`): one that waited for the other's lock commits later. A verdict is the name of the
side that won; every other word is a fault: *leak* and *over cap* (both won), *lost* (neither, or a row is left in
between), *fell* (a status went down).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from server.domain.delivery import RANK, State
from server.store.ledger.receipts import join_early
from tests.races.acts import OnWire
from tests.races.ground import NOON, Case, Ground

FAULTS: Final = ("leak", "over cap", "lost", "fell")

_STOPPED: Final = """
SELECT CASE WHEN a.id IS NULL AND m.state IN ('blocked', 'held') THEN 'STOP'
            WHEN a.id IS NULL THEN 'lost'
            WHEN a.consent_epoch = 0 AND pg_xact_commit_timestamp(a.xmin) < pg_xact_commit_timestamp(c.xmin) THEN 'send'
            ELSE 'leak' END
FROM unnest($1::bigint[], $2::bigint[]) AS g (thread, seq)
JOIN message m ON m.thread_id = g.thread AND m.seq = g.seq
JOIN thread t ON t.id = g.thread
JOIN consent_event c ON c.endpoint_id = t.endpoint_id AND c.kind IN ('opted_out', 'carrier_blocked', 'revoked')
LEFT JOIN attempt a ON a.thread_id = g.thread AND a.seq = g.seq
"""


async def stopped(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """STOP or send."""
    return await _verdicts(ground, _STOPPED, *_places(cases))


async def revoked(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """revocation (written down by a member) or send."""
    return ["revocation" if word == "STOP" else word for word in await stopped(ground, cases)]


_OUTDATED: Final = """
SELECT CASE WHEN NOT e.opted_out OR e.consented_at IS NOT NULL THEN 'leak'
            WHEN e.consent_epoch = 1 AND k.kinds = '{opted_out,stop_repeated}' THEN 'STOP'
            WHEN e.consent_epoch = 3 AND k.kinds = '{opted_out,undone,opted_out}' THEN 'undo'
            ELSE 'lost' END
FROM endpoint e CROSS JOIN LATERAL (
    SELECT array_agg(c.kind ORDER BY c.id) AS kinds FROM consent_event c WHERE c.endpoint_id = e.id) k
WHERE e.id = ANY ($1)
"""


async def outdated(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """STOP (said once more, so that nothing is undone) or undo (then the STOP opts out anew): opted out either way."""
    return await _verdicts(ground, _OUTDATED, [case.endpoint_id for case in cases])


_REPEATED: Final = """
SELECT CASE WHEN NOT e.opted_out OR e.consent_epoch <> 1 OR count(c.id) <> 2 THEN 'leak'
            WHEN count(*) FILTER (WHERE c.kind = 'opted_out') <> 1 THEN 'lost'
            WHEN bool_or(c.kind = 'opted_out' AND c.text = 'STOP') THEN 'STOP' ELSE 'other STOP' END
FROM endpoint e JOIN consent_event c ON c.endpoint_id = e.id
WHERE e.id = ANY ($1) GROUP BY e.id
"""


async def repeated(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """STOP or other STOP (in small letters): one of them opts out, the other repeats it."""
    return await _verdicts(ground, _REPEATED, [case.endpoint_id for case in cases])


_CLOSED: Final = """
SELECT CASE WHEN a.id IS NULL AND (c.state, m.state) IN (('paused', 'held'), ('cancelled', 'cancelled')) THEN 'pause'
            WHEN a.id IS NULL THEN 'lost'
            WHEN pg_xact_commit_timestamp(a.xmin) < pg_xact_commit_timestamp(c.xmin) THEN 'send'
            ELSE 'leak' END
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS g (thread, seq, campaign)
JOIN message m ON m.thread_id = g.thread AND m.seq = g.seq
JOIN campaign c ON c.id = g.campaign
LEFT JOIN attempt a ON a.thread_id = g.thread AND a.seq = g.seq
"""


async def closed(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """pause (or cancel) or send, each text of its own campaign."""
    return await _verdicts(ground, _CLOSED, *_places(cases), [case.campaign_id for case in cases])


_CLAIMED: Final = """
SELECT CASE WHEN count(a.id) > 1 THEN 'leak' WHEN count(a.id) = 0 THEN 'lost'
            WHEN min(a.slot_at) = $3 THEN 'sender' ELSE 'other sender' END
FROM unnest($1::bigint[], $2::bigint[]) AS g (thread, seq)
LEFT JOIN attempt a ON a.thread_id = g.thread AND a.seq = g.seq
GROUP BY g.thread, g.seq
"""


async def claimed(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """sender, who grants instants at noon, or other sender: one attempt for each row."""
    return await _verdicts(ground, _CLAIMED, *_places(cases), NOON)


_CAPPED: Final = """
SELECT CASE WHEN count(a.id) > 1 THEN 'over cap'
            WHEN count(*) FILTER (WHERE o.state = 'queued' AND o.reason = 'cap_reached') <> count(*) - 1 THEN 'lost'
            WHEN count(a.id) = 0 THEN 'lost'
            WHEN bool_or(a.id IS NOT NULL AND o.campaign_id = $2) THEN 'one campaign'
            ELSE 'other campaign' END
FROM outbox o LEFT JOIN attempt a ON a.outbox_id = o.id
WHERE o.endpoint_id = ANY ($1) GROUP BY o.endpoint_id
"""


async def capped(ground: Ground, endpoints: Sequence[int], one: int) -> list[str]:
    """one campaign (its id) or other campaign: of the texts to each of *endpoints* one leaves, the rest wait."""
    return await _verdicts(ground, _CAPPED, endpoints, one)


_FENCED: Final = """
SELECT CASE WHEN a.id IS NULL AND m.state = 'queued' AND o.state = 'queued' THEN $3::text
            WHEN a.id IS NULL THEN 'lost'
            WHEN pg_xact_commit_timestamp(a.xmin) < pg_xact_commit_timestamp(f.xmin) THEN 'send'
            ELSE 'leak' END
FROM unnest($1::bigint[], $2::bigint[]) AS g (thread, seq)
JOIN message m ON m.thread_id = g.thread AND m.seq = g.seq
JOIN outbox o ON o.thread_id = g.thread AND o.seq = g.seq
LEFT JOIN attempt a ON a.thread_id = g.thread AND a.seq = g.seq
"""


async def handed_over(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """hand-over or send."""
    return await _verdicts(ground, f"{_FENCED} CROSS JOIN limiter_authority f", *_places(cases), "hand-over")


async def left(ground: Ground, cases: Sequence[Case], gen: int) -> list[str]:
    """leave (of the node *gen*) or send."""
    return await _verdicts(ground, f"{_FENCED} JOIN node f ON f.gen = {gen}", *_places(cases), "leave")


_ENDED: Final = """
SELECT g.seq, m.state, a.state AS attempt, a.reason, a.provider_id, o.id AS outbox_id, r.attempt_id AS bound,
       array(SELECT s.state FROM thread_event s WHERE s.thread_id = g.thread AND s.ref = g.seq ORDER BY s.seq) AS story
FROM unnest($1::bigint[], $2::bigint[], $3::uuid[]) WITH ORDINALITY AS g (thread, seq, attempt, nth)
JOIN message m ON m.thread_id = g.thread AND m.seq = g.seq
JOIN attempt a ON a.id = g.attempt
LEFT JOIN outbox o ON o.thread_id = g.thread AND o.seq = g.seq
LEFT JOIN provider_ref r ON r.account_id = a.account_id AND r.kind = 'mt' AND r.provider_id = a.provider_id
ORDER BY g.nth
"""


async def delivered(ground: Ground, sent: Sequence[OnWire], first: str, already: str | None = None) -> list[str]:
    """All of *sent* were delivered and are at rest. *first* won where something of it shows."""
    await join_early(ground.sides[0].postgres)
    attempts = [one.attempt.attempt_id for one in sent]
    rows = await ground.judge.fetch(_ENDED, *_places([one.case for one in sent]), attempts)
    words = []
    for one, row in zip(sent, rows, strict=True):
        ranks = [RANK[State(state)] for state in row["story"]]
        ended = (row["state"], row["attempt"], row["provider_id"], row["outbox_id"], row["bound"], row["story"][-1:])
        if ended != ("delivered", "accepted", one.provider_id, None, one.attempt.attempt_id, ["delivered"]):
            words.append("lost")
        elif ranks != sorted(set(ranks)):
            words.append("fell")
        else:
            words.append(first if len(ranks) > 1 or row["reason"] != already else "callback")
    return words


_SKIPPED: Final = """
SELECT CASE WHEN to_jsonb(s) - 'moved_at' <> to_jsonb(k) THEN 'lost'
            WHEN a.id IS NULL AND r.state = 'skipped' AND r.reason = 'opted_out_meanwhile' THEN 'STOP'
            WHEN a.id IS NULL OR r.state <> 'in_flight' THEN 'lost'
            WHEN a.consent_epoch = 0 AND pg_xact_commit_timestamp(a.xmin) < pg_xact_commit_timestamp(c.xmin) THEN 'send'
            ELSE 'leak' END
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS g (thread, seq, campaign)
JOIN campaign_recipient r ON r.campaign_id = g.campaign
CROSS JOIN LATERAL campaign_sums(g.campaign) s CROSS JOIN LATERAL campaign_recount(g.campaign) k
JOIN consent_event c ON c.endpoint_id = r.endpoint_id AND c.kind = 'opted_out'
LEFT JOIN attempt a ON a.thread_id = g.thread AND a.seq = g.seq
"""


async def skipped(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """STOP (the campaign's recipient is skipped for it) or send (its text may be on the wire by then)."""
    return await _verdicts(ground, _SKIPPED, *_places(cases), [case.campaign_id for case in cases])


_CREDITED: Final = """
SELECT CASE WHEN r.state <> 'wired' OR num_nonnulls(r.replied_at, r.opted_out_at) <> 1 THEN 'lost'
            WHEN (r.opted_out_at IS NOT NULL) <> (i.keyword IS NOT DISTINCT FROM 'STOP') THEN 'lost'
            WHEN to_jsonb(s) - 'moved_at' <> to_jsonb(k) OR s.replied + s.opted_out <> 1 OR s.wired <> 1 THEN 'leak'
            WHEN i.seq < v.seq THEN 'answer'
            ELSE 'outcome' END
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS g (thread, seq, campaign)
JOIN campaign_recipient r ON r.campaign_id = g.campaign
CROSS JOIN LATERAL campaign_sums(g.campaign) s CROSS JOIN LATERAL campaign_recount(g.campaign) k
JOIN message i ON i.thread_id = g.thread AND i.direction = 'in'
JOIN thread_event v ON v.thread_id = g.thread AND v.ref = g.seq AND v.state = 'sent'
"""


async def credited(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """answer (it was stored first, and is credited by the outcome) or outcome: counted once for the campaign."""
    return await _verdicts(ground, _CREDITED, *_places(cases), [case.campaign_id for case in cases])


_PROVEN: Final = """
SELECT CASE WHEN m.state <> 'sent' OR a.state <> 'accepted' THEN 'lost'
            WHEN x.id IS NULL AND o.id IS NULL THEN 'callback'
            WHEN x.id IS NOT NULL AND o.state = 'sending' THEN 'send'
            WHEN x.id IS NOT NULL THEN 'leak'
            ELSE 'lost' END
FROM unnest($1::bigint[], $2::bigint[], $3::uuid[]) AS g (thread, seq, attempt)
JOIN message m ON m.thread_id = g.thread AND m.seq = g.seq
JOIN attempt a ON a.id = g.attempt
LEFT JOIN outbox o ON o.thread_id = g.thread AND o.seq = g.seq
LEFT JOIN attempt x ON x.thread_id = g.thread AND x.seq = g.seq AND x.id <> g.attempt
"""


async def proven(ground: Ground, sent: Sequence[OnWire]) -> list[str]:
    """send (a second attempt of the row, authorised before the proof of the first) or callback."""
    attempts = [one.attempt.attempt_id for one in sent]
    return await _verdicts(ground, _PROVEN, *_places([one.case for one in sent]), attempts)


_DECIDED: Final = """
SELECT CASE WHEN count(d.id) <> 1 THEN 'leak'
            WHEN min(d.action) = 'held_text_sent' AND m.state = 'queued' AND o.state = 'queued' THEN 'send anyway'
            WHEN min(d.action) = 'held_text_cancelled' AND m.state = 'cancelled' AND o.id IS NULL THEN 'cancel'
            ELSE 'lost' END
FROM unnest($1::bigint[], $2::bigint[]) AS g (thread, seq)
JOIN message m ON m.thread_id = g.thread AND m.seq = g.seq
LEFT JOIN outbox o ON o.thread_id = g.thread AND o.seq = g.seq
LEFT JOIN audit d ON (d.detail ->> 'thread')::bigint = g.thread AND (d.detail ->> 'seq')::bigint = g.seq
                     AND d.action LIKE 'held_text_%'
GROUP BY g.thread, g.seq, m.state, o.state, o.id
"""


async def decided(ground: Ground, cases: Sequence[Case]) -> list[str]:
    """send anyway or cancel: one decision counts, and only that one is in the audit."""
    return await _verdicts(ground, _DECIDED, *_places(cases))


async def _verdicts(ground: Ground, query: str, *values: Any) -> list[str]:
    return [row[0] for row in await ground.judge.fetch(query, *values)]


def _places(cases: Sequence[Case]) -> tuple[list[int], list[int]]:
    return [case.thread_id for case in cases], [case.seq for case in cases]
