"""What a workspace sets for itself: one row, changed under its lock, and an entry of the audit log for each change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from server.domain.caps import Cap
from server.domain.messages import SettingsChanged
from server.domain.sending_hours import Week, week_of
from server.domain.settings import Settings, differences
from server.ports import Announce
from server.ports.settings import NameTaken, Outdated, Versioned
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("settings")


class PostgresSettings:
    """`ports.settings.WorkspaceSettings`."""

    def __init__(self, postgres: Postgres, announce: Announce) -> None:
        self._postgres, self._announce = postgres, announce

    async def get(self, workspace_id: int) -> Versioned:
        return _versioned(await self._postgres.read(lambda c: c.fetchrow(_SQL["settings"], workspace_id)))

    async def hours(self, workspace_id: int) -> Week | None:
        return week_of(await self._postgres.read(lambda c: c.fetchval(_SQL["hours"], workspace_id)))

    async def change(
        self, workspace_id: int, member_id: int, wanted: Mapping[str, Any], version: int | None
    ) -> Versioned | Outdated | NameTaken:
        stored = {name: storable(value) if isinstance(value, str) else value for name, value in wanted.items()}
        done = await self._postgres.call(lambda c: _change(c, workspace_id, member_id, stored, version))
        if isinstance(done, Versioned):
            suggesting = done.settings.ai_mode != "off"
            self._announce([SettingsChanged(workspace_id, done.version, suggesting)])
        return done


async def _change(
    connection: Connection, workspace_id: int, member_id: int, wanted: Mapping[str, Any], version: int | None
) -> Versioned | Outdated | NameTaken:
    if "name" in wanted:
        await connection.execute(_SQL["one_name_at_a_time"])
    before = _versioned(await connection.fetchrow(_SQL["held"], workspace_id))
    after = replace(before.settings, **wanted)
    changes = differences(before.settings, after)
    if not changes:  # a repetition whose answer was lost, too
        return before
    if version is not None and version != before.version:
        return Outdated(before)
    changed = {change.setting for change in changes}
    if "name" in changed and await connection.fetchval(_SQL["name_is_taken"], workspace_id, after.name):
        return NameTaken()
    raised = await connection.fetchval(_SQL["save"], workspace_id, *_columns(after))
    told = [storable_json({"setting": one.setting, "from": one.was, "to": one.now}) for one in changes]
    await connection.execute(_SQL["audit"], workspace_id, member_id, told)
    if "sending_hours" in changed:
        await connection.execute(_SQL["wake"], workspace_id)
    return Versioned(raised, after)


def _columns(settings: Settings) -> tuple[Any, ...]:
    hours, cap = settings.sending_hours, settings.bulk_cap
    return (
        settings.name,
        settings.brand,
        settings.contact,
        None if hours is None else json.dumps(hours),
        settings.opt_in_required,
        None if cap is None else cap.texts,
        None if cap is None else cap.window,
        settings.link_base,
        settings.ai_mode,
        settings.ai_tone,
        settings.ai_day_requests,
        settings.ai_day_tokens,
    )


def _versioned(row: Row | None) -> Versioned:
    assert row is not None, "a member's workspace is there"  # noqa: S101 - a bug of ours
    hours, texts = row["sending_hours"], row["bulk_cap_texts"]
    return Versioned(
        row["settings_version"],
        Settings(
            name=row["name"],
            brand=row["brand"],
            contact=row["contact"],
            sending_hours=None if hours is None else tuple(json.loads(hours)),
            opt_in_required=row["opt_in_required"],
            bulk_cap=None if texts is None else Cap(texts, row["bulk_cap_window"]),
            link_base=row["link_base"],
            ai_mode=row["ai_mode"],
            ai_tone=row["ai_tone"],
            ai_day_requests=row["ai_day_requests"],
            ai_day_tokens=row["ai_day_tokens"],
        ),
    )
