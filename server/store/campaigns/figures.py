"""How campaigns and texts in bulk stand: by minutes, by reasons, by recipients, and whether they do badly.

Sums are those that the writers keep, see campaign_stat_delta; what is asked seldom is read from the recipients' rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from server.domain.campaigns.health import Tally
from server.ports.campaigns import CampaignRecipient, Export, FailureReason, Minute
from server.store.campaigns.export import Exports
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("figures")

MOST_FOUND: Final = (
    20_000  # people who are looked up one by one, some 50 ms; of more a page is full after a few thousand
)
_LEAST_DIGITS: Final = 3  # of a number: fewer are in everybody's
_MINUTE: Final = ("at", "wired", "delivered", "failed", "replied", "opted_out", "clicked")
_REASON: Final = ("state", "reason", "error_class", "error_code", "count")
_RECIPIENT: Final = (
    "ord", "contact_id", "name", "address", "variant", "state", "delivery", "reason", "error_class", "error_code",
    "replied_at", "opted_out_at", "clicked_at", "thread_id", "seq", "segments",
)  # fmt: skip


class PostgresCampaignFigures:
    """`ports.campaigns.CampaignFigures`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres, self._exports = postgres, Exports(postgres)

    async def minutes(self, workspace_id: int, campaign_id: int, since: datetime) -> Sequence[Minute] | None:
        rows = await self._of(workspace_id, campaign_id, lambda c: c.fetch(_SQL["minutes"], campaign_id, since))
        return None if rows is None else [Minute(*(row[name] for name in _MINUTE)) for row in rows]

    async def reasons(self, workspace_id: int, campaign_id: int) -> Sequence[FailureReason] | None:
        rows = await self._of(workspace_id, campaign_id, lambda c: c.fetch(_SQL["reasons"], campaign_id))
        return None if rows is None else [FailureReason(*(row[name] for name in _REASON)) for row in rows]

    async def recipients(
        self, workspace_id: int, campaign_id: int, states: Sequence[str], after: int, limit: int, q: str = ""
    ) -> Sequence[CampaignRecipient] | None:
        async def read(connection: Connection) -> Sequence[Row] | None:
            if await connection.fetchval(_SQL["is_there"], workspace_id, campaign_id) is None:
                return None
            await connection.execute(_SQL["page_of_few"])
            given = await asked(connection, workspace_id, campaign_id, states, after, limit, q)
            return await connection.fetch(_SQL["recipients"], *given)

        rows = await self._postgres.call(read, idempotent=True)
        return None if rows is None else [CampaignRecipient(*(row[name] for name in _RECIPIENT)) for row in rows]

    async def export(
        self, workspace_id: int, campaign_id: int, states: Sequence[str], now: datetime, q: str = ""
    ) -> Export | None:
        async def given(connection: Connection) -> Sequence[Any]:
            return await asked(connection, workspace_id, campaign_id, states, 0, None, q)

        return await self._exports.export(workspace_id, campaign_id, given, now)

    async def tally(self, campaign_id: int) -> Tally | None:
        return await self._postgres.read(lambda c: tally(c, campaign_id))

    async def _of(
        self, workspace_id: int, campaign_id: int, ask: Callable[[Connection], Awaitable[Sequence[Row]]]
    ) -> Sequence[Row] | None:
        async def read(connection: Connection) -> Sequence[Row] | None:
            if await connection.fetchval(_SQL["is_there"], workspace_id, campaign_id) is None:
                return None
            return await ask(connection)

        return await self._postgres.read(read)


async def asked(
    connection: Connection,
    workspace_id: int,
    campaign_id: int,
    states: Sequence[str],
    after: int,
    limit: int | None,
    q: str,
) -> Sequence[Any]:
    """What the statement `recipients` takes; who is looked for is found first, unless that is half of the town."""
    words, digits = storable(q).strip(), "".join(one for one in q if one.isdecimal() and one.isascii())
    digits = digits if len(digits) >= _LEAST_DIGITS else ""
    ords = None
    if words:
        ords = await connection.fetchval(_SQL["found"], workspace_id, campaign_id, words, digits, MOST_FOUND)
    return workspace_id, campaign_id, list(states), after, limit, words, digits, ords


async def tally(connection: Connection, campaign_id: int) -> Tally | None:
    """What `domain.health.breach` judges: of all texts, or of those that left since a person resumed it.

    A row and what is not folded, either way. None: there is no such campaign.
    """
    row = await connection.fetchrow(_SQL["tally"], campaign_id)
    return None if row is None else Tally(row["wired"], row["rejected"], row["undelivered"], row["opted_out"])
