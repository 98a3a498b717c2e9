"""What other servers committed, as each finds it in the database where no hint, or none that it trusts, told it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from server.domain.messages import ReadMark, SettingsChanged
from server.ports.nodes import Changed, Silence, Standing
from server.store.conversations.rows import read_mark
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("nodes")
_STANDING: Final = _SQL["standing"].replace("/* epoch */ ''", f"({statements('inbox')['epoch']})")


class PostgresElsewhere:
    """`ports.nodes.Elsewhere`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def standing(self) -> Standing:
        row = await self._postgres.read(lambda c: c.fetchrow(_STANDING))
        assert row is not None, "it has no condition"  # noqa: S101 - for the type
        return Standing(row["p"], frozenset(row["living"]), row["epoch"])

    async def changed(
        self, workspace_ids: Collection[int], member_ids: Collection[int], campaign_ids: Collection[int], since: int
    ) -> Changed:
        async def read(connection: Connection) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
            where = list(workspace_ids)
            rows = await connection.fetch(_SQL["rows_changed"], where, str(since))
            marks = await connection.fetch(_SQL["marks_changed"], list(member_ids), str(since))
            moved = await connection.fetch(_SQL["campaigns_changed"], where, str(since), list(campaign_ids))
            return rows, marks, moved

        rows, marks, campaigns = await self._postgres.read(read)
        return Changed(
            [(row["workspace_id"], row["thread_id"], row["version"]) for row in rows],
            _marks(marks),
            [(row["workspace_id"], row["id"]) for row in campaigns],
        )

    async def marks(self, member_ids: Collection[int], since: int) -> Sequence[ReadMark]:
        asked = list(member_ids), str(since)
        return _marks(await self._postgres.read(lambda c: c.fetch(_SQL["marks_changed"], *asked)))

    async def silences(self, endpoint_ids: Collection[int]) -> Sequence[Silence]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["silences"], list(endpoint_ids)))
        return [Silence(r["workspace_id"], r["id"], r["opted_out"], r["held"], r["consent_epoch"]) for r in rows]

    async def stops(self, campaign_ids: Collection[int]) -> Mapping[int, int]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["stops"], list(campaign_ids)))
        return {row["id"]: row["made_after"] for row in rows}

    async def settings(self, workspace_ids: Collection[int]) -> Sequence[SettingsChanged]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["settings"], list(workspace_ids)))
        return [SettingsChanged(row["id"], row["settings_version"], row["suggesting"], row["hands"]) for row in rows]

    async def ended(self, token_hashes: Collection[bytes]) -> Collection[bytes]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["ended"], list(token_hashes)))
        return [row["token_hash"] for row in rows]


def _marks(rows: Sequence[Row]) -> list[ReadMark]:
    return [mark for row in rows if (mark := read_mark(row)) is not None]
