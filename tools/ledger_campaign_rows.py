"""What the database says of texts to many in one run, and compares with nothing here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncpg

Place = tuple[int, int]
"""A message: its thread and its seq."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """*expected*: recipients that were confirmed, where a click launched it and it is launched. *total*: of the seven
    sums. *kept* and *counted*: its sums, and what its rows come to. *witnessed*: each state that it has been in, and
    whether it had ended then; nothing, where nobody wrote it down.
    """

    id: int
    state: str
    audience: int
    expected: int | None
    launched: bool
    ended: bool
    total: int
    kept: str
    counted: str
    witnessed: Sequence[tuple[str, bool]] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """*place*: of the text that it got."""

    campaign_id: int
    ord: int
    endpoint_id: int | None
    state: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class CampaignText:
    """*words*: the number with which its body ends, if it does."""

    campaign_id: int
    words: int | None


@dataclass(frozen=True, slots=True)
class Campaigns:
    rows: Sequence[Campaign] = ()
    recipients: Sequence[Recipient] = ()
    texts: Mapping[Place, CampaignText] | None = None

    def text(self, place: Place) -> CampaignText | None:
        return (self.texts or {}).get(place)


_CAMPAIGNS = """SELECT c.id, c.state, c.audience, c.launched_at IS NOT NULL AS launched,
    c.ended_at IS NOT NULL AS ended,
    CASE WHEN c.kind = 'campaign' AND c.launched_at IS NOT NULL THEN c.expected END AS expected,
    s.excluded + s.pending + s.in_flight + s.wired + s.rejected + s.unconfirmed + s.skipped AS total,
    (to_jsonb(s) - 'moved_at')::text AS kept, to_jsonb(k)::text AS counted
    FROM campaign c CROSS JOIN LATERAL campaign_sums(c.id) s CROSS JOIN LATERAL campaign_recount(c.id) k
    WHERE c.kind = 'campaign' OR c.launched_at IS NOT NULL ORDER BY c.id"""
_RECIPIENTS = "SELECT campaign_id, ord, endpoint_id, state, thread_id, seq FROM campaign_recipient ORDER BY 1, 2"
_TEXTS = "SELECT thread_id, seq, campaign_id, body FROM message WHERE direction = 'out' AND campaign_id IS NOT NULL"
_WITNESS = "SELECT campaign_id, state, ended FROM campaign_witness ORDER BY id"
_WORDS = re.compile(r"\d+$")


async def read_campaigns(connection: "asyncpg.Connection[asyncpg.Record]") -> Campaigns:
    witnessed: dict[int, list[tuple[str, bool]]] = {}
    if await connection.fetchval("SELECT to_regclass('campaign_witness') IS NOT NULL"):
        for row in await connection.fetch(_WITNESS):
            witnessed.setdefault(row["campaign_id"], []).append((row["state"], row["ended"]))
    return Campaigns(
        [Campaign(**row, witnessed=witnessed.get(row["id"], [])) for row in await connection.fetch(_CAMPAIGNS)],
        [_recipient(row) for row in await connection.fetch(_RECIPIENTS)],
        {(row["thread_id"], row["seq"]): _text(row) for row in await connection.fetch(_TEXTS)},
    )


def _recipient(row: Any) -> Recipient:
    place = None if row["thread_id"] is None else (row["thread_id"], row["seq"])
    return Recipient(row["campaign_id"], row["ord"], row["endpoint_id"], row["state"], place)


def _text(row: Any) -> CampaignText:
    found = _WORDS.search(row["body"])
    return CampaignText(row["campaign_id"], int(found[0]) if found else None)
