"""What members have typed and not sent."""

from __future__ import annotations

from server.ports.compose import SavedDraft
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row

_SQL = statements("drafts")


class PostgresDrafts:
    """`ports.compose.Drafts`. One that was emptied keeps its row, so that an older tab does not bring it back."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def draft(self, workspace_id: int, member_id: int, thread_id: int) -> SavedDraft | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["stored_draft"], workspace_id, member_id, thread_id))
        return None if row is None else _draft(row)

    async def save_draft(self, workspace_id: int, member_id: int, draft: SavedDraft) -> SavedDraft | None:
        key = workspace_id, member_id, draft.thread_id
        given = storable(draft.body), storable(draft.recipient), list(draft.media), draft.changed_at

        async def save(connection: object) -> Row | None:
            await connection.execute(_SQL["save_draft"], *key, *given)  # type: ignore[attr-defined]
            return await connection.fetchrow(_SQL["stored_draft"], *key)  # type: ignore[attr-defined,no-any-return]

        row = await self._postgres.call(save, idempotent=True)
        return None if row is None else _draft(row)


def _draft(row: Row) -> SavedDraft:
    media = tuple(str(one) for one in row["media"])
    return SavedDraft(row["thread_id"], row["body"], row["recipient"], media, row["changed_at"])
