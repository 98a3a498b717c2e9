"""Where short links lead, and what is kept of their visits: each for a while, their sums for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from server.domain.campaigns.clicks import Bot
from server.domain.messages import CampaignMoved
from server.ports import Announce
from server.ports.links import TargetClicks, Visit
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("links")


class PostgresLinks:
    """`ports.links.Links`."""

    def __init__(self, postgres: Postgres, announce: Announce) -> None:
        self._postgres, self._announce = postgres, announce

    async def target(self, token: str) -> str | None:
        url: str | None = await self._postgres.read(lambda c: c.fetchval(_SQL["target"], token))
        return url

    async def sent_at(self, tokens: Sequence[str]) -> Mapping[str, datetime]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["sent_at"], list(tokens)))
        return {row["token"]: row["sent_at"] for row in rows if row["sent_at"] is not None}

    async def record(self, visits: Sequence[Visit]) -> None:
        moved = await self._postgres.call(lambda c: record(c, visits), idempotent=True)
        if moved:
            self._announce(moved)

    async def clicks(self, workspace_id: int, campaign_id: int, limit: int) -> Sequence[TargetClicks] | None:
        async def read(connection: Connection) -> Sequence[TargetClicks] | None:
            if await connection.fetchval(_SQL["is_there"], workspace_id, campaign_id) is None:
                return None
            targets = await connection.fetch(_SQL["clicks"], workspace_id, campaign_id, limit)
            bots = await connection.fetch(_SQL["bots"], campaign_id, [row["id"] for row in targets])
            reasons: dict[int, dict[Bot, int]] = {row["id"]: {} for row in targets}
            for row in bots:
                reasons[row["target_id"]][Bot(row["bot"])] = row["visits"]
            return [
                TargetClicks(row["url"], row["links"], row["people"], row["visits"], reasons[row["id"]])
                for row in targets
            ]

        return await self._postgres.read(read)


async def record(connection: Connection, visits: Sequence[Visit]) -> Sequence[CampaignMoved]:
    """Keep them; which campaigns they have moved."""
    if not visits:
        return []
    columns = zip(
        *((v.token, v.at, None if v.bot is None else v.bot.value, storable(v.agent)) for v in visits), strict=True
    )
    await connection.execute(_SQL["visits"], *map(list, columns))
    people = [visit for visit in visits if visit.bot is None]
    given = [visit.token for visit in people], [visit.at for visit in people]
    # in statements of their own: whoever waited for a thread must see what its holder has written
    if not people or not await connection.fetch(_SQL["hold_threads"], given[0]):
        return []
    return [
        CampaignMoved(row["workspace_id"], row["campaign_id"]) for row in await connection.fetch(_SQL["people"], *given)
    ]
