"""All recipients of a campaign as of one moment, beside the figures that the same transaction sees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from server.ports.campaigns import CampaignRecipient, Export, Figures
from server.store.campaigns.campaign_rows import figures_of
from server.store.copied import Copies, Copy
from server.store.named_sql import statements
from server.store.postgres import Postgres

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("figures")

_MOMENT: Final[Callable[[str], object]] = datetime.fromisoformat
_READ: Final[Sequence[Callable[[str], object]]] = (
    int, int, str, str, int, str, str, str, str, str, _MOMENT, _MOMENT, _MOMENT, int, int, int,
)  # fmt: skip
"""How each column of `recipients` is read; what is empty is None, but for the address."""
_ADDRESS: Final = 3


Asked = Callable[["Connection"], Awaitable[Sequence[Any]]]


class Exports:
    def __init__(self, postgres: Postgres) -> None:
        self._copies = Copies(postgres)

    async def export(self, workspace_id: int, campaign_id: int, asked: Asked, as_of: datetime) -> Export | None:
        """*asked* gives what the statement `recipients` takes."""

        async def fill(connection: Connection, copy: Copy) -> Figures | None:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                row = await connection.fetchrow(_SQL["sums"], workspace_id, campaign_id)
                if row is not None:
                    await copy.take(connection, _SQL["recipients"], *await asked(connection))
            return figures_of(row) if row is not None else None

        copy, figures = await self._copies.made(fill)
        if figures is None:
            copy.close()
            return None
        return Export(as_of, figures, copy.pieces(_recipient))


def _recipient(cells: Sequence[str]) -> CampaignRecipient:
    read: list[Any] = [
        how(cell) if cell or nth == _ADDRESS else None for nth, (how, cell) in enumerate(zip(_READ, cells, strict=True))
    ]
    return CampaignRecipient(*read)
