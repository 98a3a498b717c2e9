"""What goes of pictures, proofs, sessions and visits after a while, and what never does."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from server.domain.campaigns.clicks import Bot
from server.domain.testimony import Channel, Entry, Statement
from server.ports.compose import SavedDraft
from server.ports.consent import NewEntry, WrittenDown
from server.ports.links import TargetClicks, Visit
from server.ports.pruning import Pruned
from tests.store.world import NOON, World, holding

pytestmark = pytest.mark.integration

OLD = "now() - interval '8 days'"


async def week_old(world: World, limit: int = 100) -> Pruned:
    now = await world.value("SELECT now()")
    return await world.store.pruning.prune(now - timedelta(days=7), limit)


async def picture(world: World, *, old: bool = True) -> UUID:
    made = await world.store.pictures.add(1, 1, "image/png", "a.png", b"png")
    if old:
        await world.sql(f"UPDATE media SET at = {OLD} WHERE id = $1", made.media_id)  # noqa: S608 - a constant
    return made.media_id


async def proof(world: World, content: bytes, *, old: bool = True) -> int:
    made = await world.store.consents.add_proof(1, 1, "form.pdf", "application/pdf", content)
    if old:
        await world.sql(f"UPDATE proof SET wanted_at = {OLD} WHERE id = $1", made.proof_id)  # noqa: S608 - a constant
    return made.proof_id


async def left(world: World, table: str) -> list[object]:
    key = {"session": "token_hash"}.get(table, "id")
    return [row[key] for row in await world.sql(f"SELECT {key} FROM {table} ORDER BY {key}")]  # noqa: S608 - of ours


async def test_old_pictures_go_but_for_those_of_texts_and_drafts(world: World) -> None:
    thread = (await world.receive()).thread_id
    gone, sent, drafted = [await picture(world) for _ in range(3)]
    fresh = await picture(world, old=False)
    assert await world.store.pictures.of(1, [sent])
    await world.store.drafts.save_draft(1, 1, SavedDraft(thread, "", "", (str(drafted),), NOON))
    assert (await week_old(world)).pictures == 1
    assert set(await left(world, "media")) == {sent, drafted, fresh}
    assert await world.store.pictures.of(1, [gone]) is None


async def test_old_proofs_go_but_for_those_that_an_entry_names(world: World) -> None:
    await world.receive()
    gone, named = await proof(world, b"1"), await proof(world, b"2")
    again, fresh = await proof(world, b"3"), await proof(world, b"4", old=False)
    told = Statement(Entry.OPTED_IN, Channel.FORM, "Yes", None, True)
    assert isinstance(await world.store.consents.tell(1, 1, 1, NewEntry(told, proof_id=named), NOON), WrittenDown)
    await world.store.consents.add_proof(1, 1, "again.pdf", "application/pdf", b"3")
    assert (await week_old(world)).proofs == 1
    assert await left(world, "proof") == [named, again, fresh]
    assert gone not in {named, again, fresh}


async def test_sessions_go_a_while_after_they_have_ended(world: World) -> None:
    for nth, ends in enumerate(("- interval '8 days'", "- interval '1 day'", "+ interval '1 day'")):
        await world.sql(
            "INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)"  # noqa: S608 - constants
            f" VALUES ($1, 1, 1, now() {ends}, '127.0.0.1', 'x')",
            bytes([nth]),
        )
    assert (await week_old(world)).sessions == 1
    assert await left(world, "session") == [b"\x01", b"\x02"]


async def test_a_piece_has_at_most_what_was_asked_for_and_begins_with_the_oldest(world: World) -> None:
    ids = [await picture(world) for _ in range(5)]
    await world.sql("UPDATE media SET at = now() - interval '9 days' WHERE id = $1", ids[3])
    assert (await week_old(world, limit=1)).pictures == 1
    assert ids[3] not in await left(world, "media")
    assert [(await week_old(world, limit=3)).pictures for _ in range(3)] == [3, 1, 0]


async def test_old_visits_go_and_what_they_came_to_stays(world: World) -> None:
    """Also a person who comes back is no new one."""
    await world.sql("INSERT INTO link_target (workspace_id, url) VALUES (1, 'http://acme.com')")
    campaign = await world.value(
        "INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'A', 'active') RETURNING id"
    )
    await world.sql(
        "INSERT INTO link (token, workspace_id, target_id, campaign_id, ord)"
        " VALUES ('a', 1, 1, $1, 1), ('b', 1, 1, $1, 2)",
        campaign,
    )
    now = await world.value("SELECT now()")
    for token, days, bot in (("a", 9, None), ("a", 8, Bot.METHOD), ("b", 8, None), ("b", 1, None)):
        await world.store.links.record([Visit(token, "Mozilla", now - timedelta(days=days), bot)])
    before = await world.store.links.clicks(1, campaign, 10)
    assert before == [TargetClicks("http://acme.com", 0, 2, 3, {Bot.METHOD: 1})]
    assert [(await week_old(world, limit=2)).visits for _ in range(3)] == [2, 1, 0]
    assert await left(world, "link_click") == [4]
    assert await world.store.links.clicks(1, campaign, 10) == before
    await world.store.links.record([Visit("a", "Mozilla", now, None)])
    assert await world.store.links.clicks(1, campaign, 10) == [
        TargetClicks("http://acme.com", 0, 2, 4, {Bot.METHOD: 1})
    ]


async def test_nobody_is_waited_for(world: World) -> None:
    """A picture that is being sent, a proof that is being named and a session that is being ended are passed over."""
    await picture(world)
    await proof(world, b"1")
    await world.sql(
        "INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)"
        " VALUES ('x', 1, 1, now() - interval '8 days', '127.0.0.1', 'x')"
    )
    busy = ("UPDATE media SET used = true", "SELECT FROM proof FOR KEY SHARE", "DELETE FROM session")
    async with holding(world, *busy):
        assert await week_old(world) == Pruned(0, 0, 0, 0, 0, 0)
    assert await week_old(world) == Pruned(1, 1, 1, 0, 0, 0)
