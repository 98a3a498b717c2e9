"""Where events are posted to, and the queue of what is to be posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from server.ports.events import Answered, Delivery, DeliveryState, HookEndpoint, Post
from server.ports.terms import BORNE, TermOver
from server.store.events import event_of
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL, _EVENTS = statements("hooks"), statements("events")


class PostgresHooks:
    """`ports.events.Hooks` and `ports.events.HookQueue`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    # For people

    async def endpoints(self, workspace_id: int) -> Sequence[HookEndpoint]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["endpoints"], workspace_id, None))
        return [_endpoint(row) for row in rows]

    async def add(self, workspace_id: int, member_id: int, url: str, kinds: Sequence[str], secret: str) -> HookEndpoint:
        async def run(connection: Connection) -> HookEndpoint:
            await connection.execute(_EVENTS["listen"], workspace_id)
            row = await connection.fetchrow(_SQL["add"], workspace_id, member_id, storable(url), list(kinds), secret)
            assert row is not None, "an insert gives its row"  # noqa: S101 - for the type
            await _audit(connection, workspace_id, member_id, "webhook_added", row)
            return _endpoint(row)

        return await self._postgres.call(run)

    async def change(
        self,
        workspace_id: int,
        endpoint_id: int,
        member_id: int,
        *,
        url: str | None,
        kinds: Sequence[str] | None,
        disabled: bool | None,
        now: datetime,
    ) -> HookEndpoint | None:
        values = (None if url is None else storable(url), None if kinds is None else list(kinds), disabled, now)
        return await self._changed("change", "webhook_changed", workspace_id, endpoint_id, member_id, *values)

    async def rotate(
        self, workspace_id: int, endpoint_id: int, member_id: int, secret: str, old_until: datetime
    ) -> HookEndpoint | None:
        return await self._changed("rotate", "webhook_rotated", workspace_id, endpoint_id, member_id, secret, old_until)

    async def _changed(
        self, statement: str, action: str, workspace_id: int, endpoint_id: int, member_id: int, *values: Any
    ) -> HookEndpoint | None:
        async def run(connection: Connection) -> HookEndpoint | None:
            row = await connection.fetchrow(_SQL[statement], workspace_id, endpoint_id, *values)
            if row is None:
                return None
            await _audit(connection, workspace_id, member_id, action, row)
            return _endpoint(row)

        return await self._postgres.call(run)

    async def deliveries(
        self, workspace_id: int, endpoint_id: int, *, before: int | None, limit: int
    ) -> Sequence[Delivery] | None:
        async def run(connection: Connection) -> Sequence[Row] | None:
            if not await connection.fetch(_SQL["endpoints"], workspace_id, endpoint_id):
                return None
            rows: Sequence[Row] = await connection.fetch(_SQL["deliveries"], workspace_id, endpoint_id, before, limit)
            return rows

        rows = await self._postgres.read(run)
        return None if rows is None else [_delivery(row) for row in rows]

    async def replay(self, workspace_id: int, delivery_id: int, member_id: int) -> Delivery | None:
        async def run(connection: Connection) -> Delivery | None:
            row = await connection.fetchrow(_SQL["replay"], workspace_id, delivery_id)
            if row is None:
                return None
            told = storable_json({"delivery_id": delivery_id})
            await connection.execute(_SQL["audit"], workspace_id, member_id, "webhook_replayed", told)
            return _delivery(row)

        return await self._postgres.call(run)

    # The queue

    async def claim(self, limit: int, busy: Sequence[int], lease_s: float) -> Sequence[Post]:
        term = BORNE.get()
        given = limit, list(busy), lease_s, *((None, None) if term is None else (term.shard, term.term))
        rows = await self._postgres.by_itself(lambda c: c.fetch(_SQL["claim"], *given))
        if term is not None and not rows[0]["borne"]:
            raise TermOver(f"Another server has {term.shard} now.")
        return [_post(row) for row in rows if row["id"] is not None]

    async def settle(self, post: Post, answered: Answered, *, state: DeliveryState, again_in_s: float | None) -> None:
        values = (post.delivery_id, post.tries, state, answered.status, _said(answered), again_in_s)
        await self._postgres.alone(lambda c: c.execute(_SQL["settle"], *values), idempotent=True)

    async def gone(self, post: Post, answered: Answered, why: str) -> None:
        async def run(connection: Connection) -> None:
            values = (post.delivery_id, post.tries, "failed", answered.status, _said(answered), None)
            await connection.execute(_SQL["settle"], *values)
            await connection.execute(_SQL["disable"], post.endpoint_id, why)

        await self._postgres.call(run, idempotent=True)


def _said(answered: Answered) -> str | None:
    return None if answered.error is None else storable(answered.error)


async def _audit(connection: Connection, workspace_id: int, member_id: int, action: str, row: Row) -> None:
    detail = {"endpoint_id": row["id"], "url": row["url"], "kinds": row["kinds"], "on": row["disabled_at"] is None}
    await connection.execute(_SQL["audit"], workspace_id, member_id, action, storable_json(detail))


def _endpoint(row: Row) -> HookEndpoint:
    return HookEndpoint(
        row["id"], row["url"], row["kinds"], row["secret"], row["old_secret_until"], row["disabled_at"],
        row["disabled_why"], row["created_at"],
    )  # fmt: skip


def _delivery(row: Row) -> Delivery:
    due_at = row["due_at"] if row["state"] == "pending" else None
    return Delivery(
        row["id"], row["endpoint_id"], row["event_seq"], row["kind"], row["state"], row["tries"], due_at,
        row["tried_at"], row["status"], row["error"], row["at"],
    )  # fmt: skip


def _post(row: Row) -> Post:
    secrets = [secret for secret in (row["secret"], row["old_secret"]) if secret is not None]
    return Post(
        row["id"], row["endpoint_id"], row["tries"], row["url"], row["simulated"], secrets, event_of(row)
    )  # fmt: skip
