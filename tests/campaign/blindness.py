"""Falsifies the figures of a campaign that has ended, each in one way, and looks whether the comparison objects."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from tests.campaign.comparing import figures_differ, journals_differ, pages_of
from tests.campaign.handsets import Journal
from tests.crash.ground import Ground

if TYPE_CHECKING:
    from server.store.postgres import Connection

_DELTA: Final = "INSERT INTO campaign_stat_delta (campaign_id, at, {0}) VALUES ($1, clock_timestamp(), {1})"
_ONE: Final = (
    "campaign_id = $1 AND ord = (SELECT min(o.ord) FROM campaign_recipient o WHERE o.campaign_id = $1 AND o.{0})"
)
_ROW: Final = "UPDATE campaign_recipient SET {0} WHERE " + _ONE.replace("{0}", "{1}")  # noqa: S608 - only what stands here
_GONE: Final = "DELETE FROM campaign_recipient WHERE " + _ONE  # noqa: S608 - the same
WAYS: Final = {
    "a difference that was not kept": [_DELTA.format("delivered", -1)],
    "a bot that counts as a person": [
        _ROW.format("clicked_at = left_at", "state = 'wired' AND o.clicked_at IS NULL"), _DELTA.format("clicked", 1)
    ],
    "a refused text that counts as sent": [
        _ROW.format("state = 'wired', delivery = 'sent'", "state = 'rejected'"),
        _DELTA.format("rejected, wired, segments", "-1, 1, 1"),
    ],
    "a receipt that was skipped": [
        _ROW.format("delivery = 'sent'", "delivery = 'delivered'"), _DELTA.format("delivered", -1)
    ],
    "a recipient who was forgotten": [_GONE.format("state = 'excluded'")],
}  # fmt: skip
"""Some are seen among the figures, some only by the journals of those who did it."""


async def blind_to(ground: Ground, campaign_id: int, journal: Journal) -> list[str]:
    """One after the other, and none is mended: the first that is not seen would be seen by what comes after it."""
    wrong, known = list[str](), set[str]()
    for way, statements in WAYS.items():
        for statement in statements:
            await ground.store.call(partial(_falsify, statement, campaign_id))
        pages = await pages_of(ground, campaign_id)
        found = await figures_differ(ground, campaign_id, pages, None)
        found += await journals_differ(ground, campaign_id, pages, journal)
        wrong += [] if set(found) - known else [f"The comparison did not see {way}."]
        known = set(found)
    return wrong


async def _falsify(statement: str, campaign_id: int, connection: Connection) -> None:
    await connection.execute(statement, campaign_id)
