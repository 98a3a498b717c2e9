"""T5: receipts move messages up the delivery lattice; one that comes before its T4 is kept and joined later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import structlog

from server.domain.cap_day import cap_day
from server.domain.carrier import ListedMessage, Receipt
from server.domain.delivery import RANK, State, reported
from server.killpoints import reach
from server.ports import StoreUnavailable
from server.store.group_commit import Written
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row, announcements, verdicts

if TYPE_CHECKING:
    from server.store.postgres import Connection

log = structlog.get_logger(__name__)

JOINED_AT_ONCE: Final = 1000

_SQL = statements("sending")


@dataclass(frozen=True, slots=True)
class News:
    """A receipt for an account, and the state that it proves."""

    account_id: int
    receipt: Receipt
    state: State
    now: datetime


def proven(receipt: Receipt) -> State | None:
    """What *receipt* proves. A word that is new to us still proves, with our attempt's id, that it was accepted."""
    return reported(receipt.status) or (State.SENT if receipt.attempt_id is not None else None)


def of_listed(listed: ListedMessage) -> State:
    """What a row of the carrier's list proves: that it took the message, at the least."""
    return reported(listed.status) or State.SENT


async def write(connection: Connection, news: Sequence[News]) -> Written[str]:
    """applied, old, kept, or other: the provider id belongs to another attempt than the receipt names.

    What is kept is looked up once more after its commit: the T4 that it waits for may have committed in between,
    without having seen it.
    """
    columns = zip(*map(_column_values, news), strict=True)
    reach("t5_before")
    rows: list[Row] = list(await connection.fetch(_SQL["apply_receipts"], *map(list, columns)))
    reach("t5_committed")
    verdict = verdicts(rows)
    results = [verdict[position] for position in range(len(news))]
    kept = [one for one, result in zip(news, results, strict=True) if result == "kept"]
    if kept:
        accounts, providers = [one.account_id for one in kept], [storable(one.receipt.provider_id) for one in kept]
        rows += await connection.fetch(_SQL["join_early_receipts"], accounts, providers, JOINED_AT_ONCE)
    return results, announcements(rows)


async def join_early(postgres: Postgres) -> tuple[int, Sequence[Row]]:
    """Apply what was kept and can be joined now: how many, and what that told."""
    rows = await postgres.call(lambda c: c.fetch(_SQL["join_early_receipts"], None, None, JOINED_AT_ONCE))
    return len(verdicts(rows)), rows


def _column_values(one: News) -> tuple[Any, ...]:
    receipt = one.receipt
    return (
        one.account_id,
        storable(receipt.provider_id),
        receipt.attempt_id,
        one.state.value,
        RANK[one.state],
        receipt.error_class and receipt.error_class.value,
        receipt.error_code,
        one.now,
    )


async def spend_day(postgres: Postgres, account_id: int, provider_id: str, now: datetime) -> None:
    """The carrier reports that the sending brand's day is used up; a hint, which the next such report gives again."""
    day = cap_day(now).day
    try:
        await postgres.call(lambda c: c.execute(_SQL["spend_day_of"], account_id, provider_id, day), idempotent=True)
    except StoreUnavailable:
        log.warning("day_not_marked_as_spent")
