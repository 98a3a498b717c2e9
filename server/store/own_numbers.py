"""Members' own telephones, and who proves them: a follower of what T1 has stored, and not T1 itself.

T1 stores every text in, at some thousand a second, and knows nothing of codes: a text with one is a text like all
others, and nothing of it can be lost by what is thought of it here. It is the durable fact, so the rest may follow it:
while a code is waited for, `look` reads what the thread of exactly that number was told since, and moves a cursor in
the transaction that judges it. Whoever looks again, or on another server, finds nothing left to judge. So the inbound
path pays nothing at all for the few minutes in which somebody proves a number, and a server that died between the
text and the look costs a second. (In T1 it would have cost each batch a look at a table that is empty, and locks on
rows after the endpoint's.)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from server.domain.messages import OwnNumberChanged
from server.domain.own_number import (
    DIGITS,
    LOOKED_FOR,
    SALT_BYTES,
    TRIES,
    Challenge,
    Judged,
    OwnNumber,
    Said,
    code_of,
    hashed,
    judge,
    state_of,
)
from server.domain.phone import is_test_number
from server.ports import Announce
from server.ports.own_number import Asked, CannotBeOwn
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL: Final = statements("own_numbers")


def drawn() -> str:
    return code_of(secrets.randbelow(10**DIGITS))


class PostgresOwnNumbers:
    """`ports.own_number.OwnNumbers`. *draw* gives codes."""

    def __init__(self, postgres: Postgres, announce: Announce, draw: Callable[[], str] = drawn) -> None:
        self._postgres, self._announce, self._draw = postgres, announce, draw

    async def of(self, workspace_id: int, member_id: int, now: datetime) -> OwnNumber:
        return await self._postgres.read(lambda c: _of(c, workspace_id, member_id, now))

    async def ask(self, workspace_id: int, member_id: int, address: str, now: datetime) -> Asked | CannotBeOwn:
        code = self._draw()

        async def run(connection: Connection) -> Asked | CannotBeOwn:
            if refused := await _refusal(connection, workspace_id, member_id, address):
                return refused
            salt = secrets.token_bytes(SALT_BYTES)
            await connection.fetch(_SQL["hold"], workspace_id, member_id)
            challenge = salt, hashed(code, salt), now, TRIES
            row = await connection.fetchrow(_SQL["ask"], workspace_id, member_id, address, *challenge)
            if row is not None and row["was_proven"]:
                await _audit(connection, workspace_id, member_id, "own_number_removed", row["before"])
            return Asked(await _of(connection, workspace_id, member_id, now), None if row is None else code)

        answer = await self._postgres.call(run, idempotent=True)
        if isinstance(answer, Asked) and answer.code is not None:
            self._announce([OwnNumberChanged(answer.number)])
        return answer

    async def remove(self, workspace_id: int, member_id: int, now: datetime) -> bool:
        async def run(connection: Connection) -> OwnNumber | None:
            await connection.fetch(_SQL["hold"], workspace_id, member_id)
            row = await connection.fetchrow(_SQL["remove"], workspace_id, member_id)
            if row is None:
                return None
            if row["was_proven"]:
                await _audit(connection, workspace_id, member_id, "own_number_removed", row["address"])
            return await _of(connection, workspace_id, member_id, now)

        left = await self._postgres.call(run)
        if left is not None:
            self._announce([OwnNumberChanged(left)])
        return left is not None

    async def look(self, now: datetime) -> int:
        since = now - LOOKED_FOR
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["waited_for"], since))
        open_ = len(rows)
        for row in rows:
            if row["news"]:
                open_ -= await self._look_at(row["workspace_id"], row["address"], since, now)
        return open_

    async def _look_at(self, workspace_id: int, address: str, since: datetime, now: datetime) -> bool:
        """True where nobody waits for a code from there any more."""

        async def run(connection: Connection) -> tuple[list[OwnNumber], bool]:
            waiting = await connection.fetch(_SQL["challenges"], workspace_id, address, since)
            await connection.execute(_SQL["left_behind"], workspace_id, address)
            # in statements of their own: whoever waited for the rows sees what their holder has written
            proven = await connection.fetchval(_SQL["proven"], workspace_id, address) is not None
            ended, over = [], True
            for row in waiting:
                judged = await _judged(connection, workspace_id, address, row)
                waits = await _write(connection, workspace_id, address, row, judged, now, taken=proven)
                over = over and not waits
                proven = proven or judged.proven
                if not waits or judged.tries_left < row["tries_left"]:
                    ended.append(await _of(connection, workspace_id, row["member_id"], now))
            return ended, over

        changed, over = await self._postgres.call(run, idempotent=True)
        if changed:
            self._announce([OwnNumberChanged(number) for number in changed])
        return over


async def _of(connection: Connection, workspace_id: int, member_id: int, now: datetime) -> OwnNumber:
    row = await connection.fetchrow(_SQL["of"], workspace_id, member_id)
    if row is None or row["address"] is None:
        return OwnNumber(workspace_id, member_id, text_to=None if row is None else row["text_to"])
    state = state_of(
        now,
        row["asked_at"],
        verified=row["verified_at"] is not None,
        waits=row["waits"],
        tries_left=row["tries_left"],
        taken=row["taken"],
    )
    told: tuple[Any, ...] = row["address"], row["asked_at"], row["verified_at"], row["tries_left"], row["text_to"]
    return OwnNumber(workspace_id, member_id, state, *told)


async def _refusal(connection: Connection, workspace_id: int, member_id: int, address: str) -> CannotBeOwn | None:
    row = await connection.fetchrow(_SQL["refusal"], workspace_id, address, member_id)
    if row is None or row["why"] is not None:
        return CannotBeOwn("no_number" if row is None else row["why"])
    # the gate would let no text go there
    return CannotBeOwn("not_simulated") if row["simulated"] and not is_test_number(address) else None


async def _judged(connection: Connection, workspace_id: int, address: str, row: Row) -> Judged:
    texts = await connection.fetch(_SQL["said"], workspace_id, address, row["seen_seq"])
    challenge = Challenge(row["asked_at"], row["salt"], row["code_hash"], row["tries_left"])
    return judge(challenge, [Said(text["seq"], text["body"], text["at"]) for text in texts], row["seen_seq"])


async def _write(
    connection: Connection, workspace_id: int, address: str, row: Row, judged: Judged, now: datetime, *, taken: bool
) -> bool:
    """Whether the code is still waited for. A number that is a colleague's by now is nobody else's."""
    member_id, proven = row["member_id"], judged.proven and not taken
    waits = not (judged.proven or taken) and judged.tries_left > 0
    given = judged.seen_seq, judged.tries_left, now if proven else None, waits
    await connection.execute(_SQL["judged"], workspace_id, member_id, *given)
    if proven:
        await _audit(connection, workspace_id, member_id, "own_number_verified", address)
    return waits


async def _audit(connection: Connection, workspace_id: int, member_id: int, action: str, address: str) -> None:
    await connection.execute(_SQL["audit"], workspace_id, member_id, action, storable_json({"address": address}))
