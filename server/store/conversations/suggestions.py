"""What is suggested in threads, what became of it, and what a workspace lets it cost.

A verdict is read from the texts that followed: whoever looks next finds those that nobody has judged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final

from server.domain.suggest.memory import Exchange, Saved
from server.domain.suggest.situation import Line, Situation
from server.domain.suggest.team import exchanges_of
from server.domain.suggest.verdict import verdict
from server.ports.suggest import AiFigures, AiSettings, Suggested
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.texts.values import names_and_values
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("suggestions")

LINES: Final = 24  # of a thread that suggestions are made for
TEAM_THREADS: Final = 300  # from which the team's answers are learnt, those that moved last
TEAM_LINES: Final = 40  # of each
TEAM_TEMPLATES: Final = 100
_NOBODY: Final = 0  # no member's id: the name in a reply is that of whoever sends it


class PostgresSuggestions:
    """`ports.suggest.Suggestions` and `Budgets`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def situation(self, thread_id: int, now: datetime) -> Situation | None:
        return await self._postgres.read(lambda c: _situation(c, thread_id, now))

    # What was made

    async def stored(self, thread_id: int, based_on: int) -> Suggested | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["stored"], thread_id, based_on))
        return None if row is None else _suggested(row)

    async def keep(self, workspace_id: int, thread_id: int, made: Suggested, now: datetime) -> Suggested | None:
        items = json.dumps([storable(item) for item in made.items])
        given = made.based_on, made.source, made.label, items, now

        async def keep(connection: Connection) -> Row | None:
            await connection.execute(_SQL["keep"], workspace_id, thread_id, *given)
            return await connection.fetchrow(_SQL["newest"], workspace_id, thread_id)

        row = await self._postgres.call(keep, idempotent=True)
        return None if row is None or row["based_on_seq"] != made.based_on else _suggested(row)

    async def latest(self, workspace_id: int, thread_id: int) -> Suggested | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["newest"], workspace_id, thread_id))
        return None if row is None else _suggested(row)

    # What became of it

    async def judge(self, thread_id: int) -> int:
        async def judge(connection: Connection) -> int:
            verdicts = [_verdict(row) for row in await connection.fetch(_SQL["open"], thread_id)]
            if not verdicts:
                return 0
            columns = [list(column) for column in zip(*verdicts, strict=True)]
            return len(await connection.fetch(_SQL["judged"], thread_id, *columns))

        return await self._postgres.read(judge)

    async def pick(
        self, workspace_id: int, member_id: int, thread_id: int, based_on: int, item: int, now: datetime
    ) -> bool:
        given = workspace_id, member_id, thread_id, based_on, item, now
        return bool(await self._postgres.call(lambda c: c.fetchval(_SQL["pick"], *given), idempotent=True))

    async def figures(self, workspace_id: int, since: datetime, day: date) -> AiFigures:
        async def read(connection: Connection) -> AiFigures:
            made = await connection.fetchrow(_SQL["figures"], workspace_id, since)
            used = await connection.fetchrow(_SQL["used"], workspace_id, day)
            assert made is not None, "a row of sums is always there"  # noqa: S101 - a bug of ours
            sums = (made[name] for name in ("accepted", "edited", "ignored", "waiting"))
            return AiFigures(*sums, *((used["requests"], used["tokens"]) if used else (0, 0)))

        return await self._postgres.read(read)

    # What the team says

    async def team(self, workspace_id: int) -> tuple[Sequence[Exchange], Sequence[Saved]]:
        async def read(connection: Connection) -> tuple[Sequence[Row], Sequence[Row]]:
            said = await connection.fetch(_SQL["exchanges"], workspace_id, TEAM_THREADS, TEAM_LINES)
            return said, await connection.fetch(_SQL["saved"], workspace_id, TEAM_TEMPLATES)

        said, saved = await self._postgres.read(read)
        exchanges: list[Exchange] = []
        for thread_id, rows in groupby(said, key=lambda row: row["thread_id"]):
            of_thread = list(rows)
            exchanges += exchanges_of(thread_id, of_thread[0]["first_name"] or "", [_line(row) for row in of_thread])
        return exchanges, [Saved(row["name"], row["body"], row["used"]) for row in saved]

    # What it may cost

    async def charge(self, workspace_id: int, day: date, tokens: int) -> bool:
        return bool(await self._postgres.call(lambda c: c.fetchval(_SQL["charge"], workspace_id, day, tokens)))

    async def settle(self, workspace_id: int, day: date, unused: int) -> None:
        await self._postgres.call(lambda c: c.execute(_SQL["settle"], workspace_id, day, unused))

    async def settings(self, workspace_id: int) -> AiSettings:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["settings"], workspace_id))
        assert row is not None, "a member's workspace is there"  # noqa: S101 - a bug of ours
        return AiSettings(row["ai_mode"], row["ai_tone"], row["ai_day_requests"], row["ai_day_tokens"])


async def _situation(connection: Connection, thread_id: int, now: datetime) -> Situation | None:
    thread = await connection.fetchrow(_SQL["thread_of"], thread_id)
    if thread is None:
        return None
    rows = await connection.fetch(_SQL["lines"], thread_id, LINES)
    workspace_id, contact_id = thread["workspace_id"], thread["contact_id"]
    asked = [] if contact_id is None else [contact_id]
    known, values = await names_and_values(connection, workspace_id, _NOBODY, asked, now)
    return Situation(
        workspace_id=workspace_id,
        thread_id=thread_id,
        lines=tuple(_line(row) for row in reversed(rows)),
        mode=thread["ai_mode"],
        brand=thread["brand"],
        tone=thread["ai_tone"],
        silent=thread["silent"],
        values=values.get(contact_id, {}) if contact_id is not None else {},
        known=known,
    )


def _line(row: Row) -> Line:
    return Line(
        seq=row["seq"],
        inbound=row["direction"] == "in",
        body=row["body"],
        at=row["created_at"],
        person=row["author_id"] is not None and row["campaign_id"] is None,
        keyword=row["keyword"],
        author=row["author"],
    )


def _suggested(row: Row) -> Suggested:
    return Suggested(row["based_on_seq"], row["source"], row["label"], tuple(json.loads(row["items"])))


def _verdict(row: Row) -> tuple[int, str, int | None, int]:
    if not row["by_person"]:
        return row["based_on_seq"], "ignored", None, row["seq"]
    found = verdict(json.loads(row["items"]), row["picked"], row["body"], row["author"] or "")
    return row["based_on_seq"], found.word, found.item, row["seq"]
