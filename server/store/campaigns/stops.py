"""Stops what a campaign has queued: for good, for a while, or to make it anew with other words.

From the commit of a stop on T3 lets nothing go that was made before it: whoever queues holds the campaign's lock
shared, so that what was made before has a place in the outbox up to `made_after`, and nothing that is made after it.
What T3 had let go by then is voided where it has not left: on this server at once, on another one at the latest 250 ms
after T3 was asked for it. Whoever gave the command is answered once that is so.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import trio

from server.domain.gate import BULK_LEAVES_WITHIN_S
from server.domain.messages import CampaignMoved, CampaignStopped
from server.killpoints import reach
from server.ports import Announce
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import announcements

if TYPE_CHECKING:
    from server.store.postgres import Connection

ALLOWED_AFTER_S: Final = 0.05  # so long after the answer a first byte may still be written
TIDIED: Final = 500  # texts in one transaction, whose threads it locks
_AGAIN_S: Final = 0.01

_SQL = statements("stops")


async def requeue(connection: Connection, campaign_id: int) -> CampaignStopped:
    """What is queued of it leaves no more as it is, and is made anew by the engine where the campaign goes on.

    Call `settled` with the answer after the commit. Who has the campaign's row locked by then must have it FOR NO KEY
    UPDATE: whoever queues never waits for that, and so cannot be waited for in a circle.
    """
    await connection.execute(_SQL["lock_exclusive"], campaign_id)
    row = await connection.fetchrow(_SQL["void_queued"], campaign_id)
    assert row is not None, "the caller has read it"  # noqa: S101 - a bug of ours
    reach("campaign_stopping")
    return CampaignStopped(row["workspace_id"], campaign_id, row["made_after"])


async def settled(postgres: Postgres, announce: Announce, stop: CampaignStopped, now: datetime) -> None:
    """Returns once no first byte of what was stopped is written later than 50 ms, and what was queued is taken back."""
    stopped_at = trio.current_time()
    reach("campaign_stopped")
    announce([stop, CampaignMoved(stop.workspace_id, stop.campaign_id)])
    while await take_back(postgres, announce, stop.campaign_id, now):
        pass
    until = stopped_at + BULK_LEAVES_WITHIN_S - ALLOWED_AFTER_S
    with trio.move_on_at(until):
        await _none_may_leave(postgres, stop)


async def take_back(postgres: Postgres, announce: Announce, campaign_id: int, now: datetime) -> bool:
    """A piece of what was queued before the last stop; True where there may be more."""
    rows = await postgres.call(lambda c: c.fetch(_SQL["take_back"], campaign_id, now, TIDIED), idempotent=True)
    if rows:
        reach("campaign_taken_back")
        announce(announcements(rows))
    return bool(rows)


async def _none_may_leave(postgres: Postgres, stop: CampaignStopped) -> None:
    """Until none is between T3 and the answer of its carrier: which of those are on the wire nobody knows here."""
    while await postgres.read(lambda c: c.fetch(_SQL["may_leave"], stop.campaign_id, stop.made_after)):  # noqa: ASYNC110 - no event crosses servers
        await trio.sleep(_AGAIN_S)
