"""Decides whether a campaign has anything to be carried on at this moment, from one statement that locks nothing.

A look that sees work where there is none costs a transaction; one that sees none where there is some would let the
campaign stand still. So it tells more than there is, never less: the transaction decides anew, under its locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from server.domain.campaigns.campaign import CampaignState
from server.domain.campaigns.drip import Drip, next_batch, window
from server.domain.campaigns.health import Tally, breach
from server.store.campaigns import plans
from server.store.campaigns.queueing import FOLD_FROM, room_for
from server.store.named_sql import statements
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("campaign_engine")


@dataclass(frozen=True, slots=True)
class Sight:
    """`takes_back`: something in the outbox is not wanted as it is. `busy`: something else is to be done.

    `folds`: there are differences enough to fold.
    """

    takes_back: bool
    busy: bool
    folds: bool


async def look(connection: Connection, campaign_id: int, now: datetime) -> Sight | None:
    """None: it has ended, or is a draft of which nothing is left over."""
    row = await connection.fetchrow(_SQL["look"], campaign_id, now, FOLD_FROM)
    if row is None:
        return None
    return Sight(row["takes_back"], _is_busy(row, now), row["folds"])


def _is_busy(row: Row, now: datetime) -> bool:
    if row["build_after"] is not None:
        return True
    match CampaignState(row["state"]):
        case CampaignState.SCHEDULED:
            return bool(row["due_at"] <= now)
        case CampaignState.CANCELLED:
            return _ends(row)
        case CampaignState.ACTIVE:
            return _ends(row) if row["skip_as"] is not None else _is_active(row, now)
        case CampaignState.PAUSED:
            return False
        case _:
            return True


def _ends(row: Row) -> bool:
    """Nobody is in flight any more, or somebody is still to be skipped."""
    return bool(row["pending"] or not row["in_flight"])


def _is_active(row: Row, now: datetime) -> bool:
    if row["pending"] + row["in_flight"] <= 0:
        return True
    plan = plans.read(row["plan"])
    tally = Tally(row["wired"], row["rejected"], row["undelivered"], row["opted_out"])
    if breach(tally, plan.limits) is not None:
        return True
    if plan.drip is not None:
        moves, opened = _batches(row, plan.drip, now)
        if moves or not opened:
            return moves
    return (row["ready"] or row["again"]) and room_for(row["queued"], row["pace"], row["rate"]) > 0


def _batches(row: Row, drip: Drip, now: datetime) -> tuple[bool, bool]:
    """Whether a batch begins, or another instant is the next one's; and whether the hours are open."""
    opens = window(drip, now)
    if opens is None:
        return True, False
    at = next_batch(drip, row["last_batch_at"], now)
    opened = opens.begins <= now
    if at is not None and at <= now:
        return bool(row["beyond"] and not (row["unseen"] or row["again"])), opened
    return at != row["next_batch_at"], opened
