"""The audit log as it is read from a real database: pages that stay whole, narrowed, with names, by indexes alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from server.domain.audit.kinds import told
from server.ports.audit import AuditEntry, AuditWish
from server.store.named_sql import statements
from tests.store.world import NOON, World, later

WRITE = (
    "INSERT INTO audit (workspace_id, member_id, action, detail, at) VALUES ($1, $2, $3, $4::jsonb, $5) RETURNING id"
)
COLLEAGUE = """
INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (1, 'priya@x', 'Priya', 'manager', 'x')
RETURNING id
"""
ALL = AuditWish()


async def write(
    world: World, action: str, at_s: float = 0, *, member: int | None = 1, workspace: int = 1, **detail: Any
) -> int:
    id_: int = await world.value(WRITE, workspace, member, action, json.dumps(detail), later(at_s))
    return id_


async def all_(world: World, wish: AuditWish = ALL, limit: int = 2) -> Sequence[AuditEntry]:
    found: list[AuditEntry] = []
    before: str | None = None
    while True:
        page = await world.store.audit_log.page(1, wish, before=before, limit=limit)
        assert len(page.entries) <= limit
        found += page.entries
        if page.next is None:
            return found
        before = page.next


async def test_pages_have_every_entry_once_the_newest_first_also_where_many_are_of_one_moment(world: World) -> None:
    ids = [await write(world, "login", at_s) for at_s in (5, 5, 5, 1, 9)]
    assert [one.entry_id for one in await all_(world)] == [ids[4], ids[2], ids[1], ids[0], ids[3]]


async def test_what_is_written_while_somebody_reads_moves_no_page(world: World) -> None:
    ids = [await write(world, "login", at_s) for at_s in range(4)]
    first = await world.store.audit_log.page(1, ALL, before=None, limit=2)
    await write(world, "login", 99)
    rest = await world.store.audit_log.page(1, ALL, before=first.next, limit=9)
    assert [one.entry_id for one in [*first.entries, *rest.entries]] == ids[::-1]


async def test_it_is_narrowed_by_who_what_and_when(world: World) -> None:
    priya = await world.value(COLLEAGUE)
    login = await write(world, "login", 0)
    hers = await write(world, "login", 10, member=priya)
    setting = await write(world, "setting_changed", 20, member=priya)
    by_itself = await write(world, "campaign_begun", 30, member=None)
    for wish, ids in (
        (AuditWish(member_id=priya), [setting, hers]),
        (AuditWish(kinds=["login", "campaign_begun"]), [by_itself, hers, login]),
        (AuditWish(kinds=["login"], member_id=priya), [hers]),
        (AuditWish(kinds=[]), []),
        (AuditWish(since=later(10), until=later(30)), [setting, hers]),
        (AuditWish(kinds=["login"], since=later(1)), [hers]),
        (AuditWish(member_id=priya, until=later(20)), [hers]),
    ):
        assert [one.entry_id for one in await all_(world, wish, limit=1)] == ids


async def test_another_workspaces_entries_and_names_are_not_there(world: World) -> None:
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'x')")
    await world.sql("INSERT INTO contact (workspace_id, first_name) VALUES (2, 'Zoe')")
    foreign = await world.value("SELECT id FROM contact WHERE workspace_id = 2")
    await write(world, "login", workspace=2, member=None)
    await write(world, "contact_deleted", contact=foreign)
    page = await world.store.audit_log.page(1, ALL, before=None, limit=9)
    assert [one.action for one in page.entries] == ["contact_deleted"]
    assert page.names.known == {}


async def test_everything_that_an_entry_names_is_called_by_its_name(world: World) -> None:
    text = await world.receive()
    await world.sql("UPDATE contact SET first_name = 'Maya', last_name = 'Torres'")
    contact = await world.value("SELECT id FROM contact")
    await world.sql("INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Sale')")
    stage = await world.value(
        "INSERT INTO stage (workspace_id, pipeline_id, name) VALUES (1, 1, 'Closing') RETURNING id"
    )
    await world.sql("INSERT INTO brand (workspace_id, name) VALUES (1, 'Acme')")
    await world.sql("INSERT INTO registration (workspace_id, brand_id, name) VALUES (1, 1, 'CX1')")
    await world.sql("INSERT INTO import (workspace_id, member_id, name, state) VALUES (1, 1, 'leads.csv', 'uploading')")
    campaign = (
        "INSERT INTO campaign (workspace_id, kind, name, state, audience) VALUES (1, 'campaign', 'Spring', 'draft', 0)"
    )
    await world.sql(campaign)
    for action, detail in (
        ("contact_tagged", {"contact": contact}),
        ("phone_changed", {"contact": contact, "endpoint": 1}),
        ("text_cancelled", {"thread": text.thread_id}),
        ("campaign_paused", {"campaign": 1}),
        ("import_undone", {"import": 1}),
        ("member_added", {"member_id": 1, "role": "owner"}),
        ("account_changed", {"account_id": 1, "rate": 2}),
        ("number_changed", {"number_id": 1, "rate": 3}),
        ("brand_set", {"brand_id": 1, "daily_cap": 2000}),
        ("rate_set", {"registration_id": 1, "carrier": "att", "rate": 4.5}),
        ("contacts_edited", {"contacts": 2, "pipeline": 1, "stage": stage}),
    ):
        await write(world, action, **detail)
    page = await world.store.audit_log.page(1, ALL, before=None, limit=50)
    member = await world.value("SELECT name FROM member WHERE id = 1")
    sid, number = await world.value("SELECT sid FROM carrier_account"), await world.value("SELECT address FROM number")
    shown = f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    assert [told(one.action, one.member, one.detail, page.names) for one in reversed(page.entries)] == [
        f"{member} changed the tags of Maya Torres.",
        f"{member} changed (202) 555-0101 of Maya Torres.",
        f"{member} took a text to Maya Torres back before it left.",
        f"{member} paused “Spring”.",
        f"{member} took the import of “leads.csv” back.",
        f"{member} added {member} as owner.",
        f"{member} set what {sid} may send: 2 segments a second.",
        f"{member} set the pace of {shown}: 3 segments a second.",
        f"{member} registered Acme: 2,000 segments a day.",
        f"{member} set the pace of CX1 at att: 4.5 segments a second.",
        f"{member} changed 2 people at once: moved them to Closing.",
    ]


async def test_who_has_no_name_is_called_by_their_number(world: World) -> None:
    text = await world.receive()
    await write(world, "text_changed", thread=text.thread_id)
    await write(world, "contact_tagged", contact=1)
    page = await world.store.audit_log.page(1, ALL, before=None, limit=9)
    assert set(page.names.known.values()) == {"+12025550101"}


async def test_what_is_no_cursor_is_refused(world: World) -> None:
    for cursor in ("", "x", "1", "9" * 60):
        with pytest.raises(ValueError, match="not a cursor"):
            await world.store.audit_log.page(1, ALL, before=cursor, limit=9)


MANY = """
INSERT INTO audit (workspace_id, member_id, action, at)
SELECT 1, CASE WHEN g % 1000 = 0 THEN $1 ELSE 1 END,
       CASE WHEN g % 5000 = 1 THEN 'import_undone' ELSE 'contact_changed' END,
       $2::timestamptz - g * interval '1 second'
FROM generate_series(1, 40000) g
"""


@pytest.mark.parametrize(
    ("name", "more"),
    [("newest", []), ("of_member", [2]), ("of_kinds", [["import_undone", "login"], None])],
)
async def test_no_page_of_a_long_log_reads_more_of_it_than_it_shows(world: World, name: str, more: list[Any]) -> None:
    priya = await world.value(COLLEAGUE)
    await world.sql(MANY, priya, NOON)
    await world.sql("ANALYZE audit")
    far = NOON + timedelta(days=1)
    given = [1, NOON - timedelta(days=9), far, far, 0, 51, *([priya] if name == "of_member" else more)]
    plan = json.loads(await world.value(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {statements('audit')[name]}", *given))
    [top] = plan
    assert "Seq Scan on audit" not in json.dumps(plan)
    assert top["Plan"]["Shared Hit Blocks"] + top["Plan"]["Shared Read Blocks"] < 400
