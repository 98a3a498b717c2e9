"""The short links of a campaign's texts: made with the text, one for each recipient and target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from server.domain.campaigns.campaign import Command
from server.domain.campaigns.links import TOKEN_LENGTH
from server.ports.bulk import Addresses, BulkText, Launched
from server.ports.campaigns import Leaving, Plan, Variant
from server.store.campaigns import linking
from server.store.ledger import enqueue
from tests.store.carried import EVERYBODY, LINK_BASE, Campaigns
from tests.store.world import ALICE, NOON, World, later

TOUR = Variant("Hi {{first_name|there}}: https://acme.example/tour?a=1 or acme.com.")
TARGETS = ["http://acme.com", "https://acme.example/tour?a=1"]
_LINK = re.compile(r"(\S+)/([0-9A-Za-z]{11})\b")


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


def said(*bodies: str) -> Plan:
    return replace(EVERYBODY, variants=tuple(Variant(body) for body in bodies))


async def links(it: Campaigns) -> dict[str, str]:
    """Where each token leads."""
    rows = await it.world.sql("SELECT k.token, t.url FROM link k JOIN link_target t ON t.id = k.target_id")
    return {row["token"]: row["url"] for row in rows}


async def test_each_recipient_gets_links_of_their_own_that_lead_where_the_text_said(it: Campaigns) -> None:
    await it.advance(await it.launched(replace(EVERYBODY, variants=(TOUR,))))
    led, bodies = await links(it), await it.bodies()
    found = [_LINK.findall(body) for body in bodies]
    assert [[(base, led[token]) for base, token in one] for one in found] == [
        [(LINK_BASE, url) for url in TARGETS[::-1]]
    ] * 3
    assert len({token for one in found for _, token in one}) == len(led) == 6
    assert bodies[0] == f"Hi Person 1: {LINK_BASE}/{found[0][0][1]} or {LINK_BASE}/{found[0][1][1]}."
    rows = await it.world.sql("SELECT workspace_id, url FROM link_target ORDER BY url")
    assert [tuple(row) for row in rows] == [(1, url) for url in TARGETS]


async def test_a_link_that_stands_twice_in_a_text_is_one(it: Campaigns) -> None:
    await it.advance(await it.launched(said("acme.com, I say acme.com!"), 1))
    [body] = await it.bodies()
    [token] = await links(it)
    assert body == f"{LINK_BASE}/{token}, I say {LINK_BASE}/{token}!"


async def test_a_value_stands_in_the_target_as_a_piece_of_it(it: Campaigns) -> None:
    await it.advance(await it.launched(said("acme.com/{{first_name}}"), 1))
    assert [*(await links(it)).values()] == ["http://acme.com/Person%201"]


async def test_the_workspaces_own_address_is_before_the_servers(it: Campaigns) -> None:
    campaign_id = await it.launched(said("acme.com"), 1)
    await it.world.sql("UPDATE workspace SET link_base = 'https://go.acme.example'")
    await it.advance(campaign_id)
    [token] = await links(it)
    assert await it.bodies() == [f"https://go.acme.example/{token}"]


async def test_what_is_no_target_stays_as_it_is_written(it: Campaigns) -> None:
    await it.advance(await it.launched(said("https://me@acme.com/x and mail me@acme.com"), 1))
    assert await it.bodies() == ["https://me@acme.com/x and mail me@acme.com"]
    assert await links(it) == {}


async def test_the_segments_of_a_text_are_those_of_what_leaves(it: Campaigns) -> None:
    """A long address becomes a short one."""
    await it.advance(await it.launched(said("x" * 100 + " https://acme.com/" + "y" * 300), 1))
    [row] = await it.world.sql("SELECT r.segments, o.cost FROM campaign_recipient r, outbox o")
    assert tuple(row) == (1, 1)


async def test_a_text_that_is_made_anew_has_the_link_that_its_recipient_had(it: Campaigns) -> None:
    campaign_id = await it.launched(said("Look: acme.com/tour"))
    await it.advance(campaign_id)
    before = await links(it)
    await it.edit(campaign_id, "Please look: acme.com/tour or acme.com/new")
    await it.advance(campaign_id)
    after = await links(it)
    assert before.items() <= after.items()
    assert len(after) == 6
    found = [[token for _, token in _LINK.findall(body)] for body in await it.bodies()]
    assert [after[token] for one in found for token in one] == ["http://acme.com/tour", "http://acme.com/new"] * 3
    assert {one[0] for one in found} == before.keys()


async def test_links_and_texts_are_kept_together_or_not_at_all(it: Campaigns, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = await it.launched(said("acme.com"))

    async def fails(*_: object) -> None:
        raise RuntimeError("just before the commit")

    with monkeypatch.context() as broken:
        broken.setattr(enqueue, "write", fails)
        with pytest.raises(RuntimeError, match="just before"):
            await it.advance(campaign_id)
    assert await links(it) == {}
    await it.advance(campaign_id)
    assert len(await links(it)) == 3


async def test_who_gets_no_text_after_all_has_no_link(it: Campaigns) -> None:
    campaign_id = await it.launched(said("acme.com"))
    await it.world.sql("UPDATE endpoint SET opted_out = true, consent_epoch = 1 WHERE id = 2")
    await it.world.receive(from_="+12025550102", received_at=later(1))  # seen once its thread is locked
    await it.advance(campaign_id, later(2))
    assert await it.reasons(campaign_id) == {"opted_out": 1, "replied": 1}
    rows = await it.world.sql("SELECT ord FROM link")
    assert [row["ord"] for row in rows] == [1]


async def test_a_token_that_is_taken_is_drawn_again(it: Campaigns, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: Iterator[int] = iter([7, 7, 8, 9, 10, 11])
    monkeypatch.setattr(linking.Linking.__init__, "__defaults__", (lambda size: next(drawn).to_bytes(size, "big"),))
    await it.advance(await it.launched(said("acme.com"), 2))
    tokens = sorted(await links(it))
    assert tokens == ["0" * (TOKEN_LENGTH - 1) + one for one in "78"]
    assert sorted(await it.bodies()) == [f"{LINK_BASE}/{token}" for token in tokens]


async def test_two_addresses_of_one_checksum_are_no_fault_and_lead_nobody_astray(it: Campaigns) -> None:
    """PostgreSQL keeps the first; the other is told as it is written."""
    await it.world.sql("DROP INDEX link_target_url")
    await it.world.sql("CREATE UNIQUE INDEX link_target_url ON link_target (workspace_id, left(md5(url), 0))")
    await it.advance(await it.launched(said("acme.com/a acme.com/b"), 1))
    [(token, url)] = (await links(it)).items()
    assert url == "http://acme.com/a"
    assert await it.bodies() == [f"{LINK_BASE}/{token} http://acme.com/b"]


async def test_targets_of_another_workspace_are_not_shared(it: Campaigns) -> None:
    await it.world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'o')")
    other = await it.world.value("SELECT max(id) FROM workspace")
    await it.world.sql("INSERT INTO link_target (workspace_id, url) VALUES ($1, 'http://acme.com')", other)
    await it.advance(await it.launched(said("acme.com"), 1))
    rows = await it.world.sql("SELECT t.workspace_id FROM link k JOIN link_target t ON t.id = k.target_id")
    assert [row["workspace_id"] for row in rows] == [1]


async def test_peoples_texts_and_texts_in_bulk_keep_their_addresses(it: Campaigns) -> None:
    await it.world.send((await it.world.receive(from_=ALICE)).thread_id, body="acme.com")
    launched = await it.world.store.bulk.launch(
        BulkText(1, 1, Addresses((ALICE,)), "https://acme.com"), uuid4(), 1, NOON
    )
    assert isinstance(launched, Launched)
    await it.world.store.bulk_engine.advance(launched.bulk_id, NOON)
    assert {"acme.com", "https://acme.com"} <= set(await it.bodies())
    assert await links(it) == {}


async def test_two_campaigns_side_by_side_share_their_targets(it: Campaigns) -> None:
    plan = replace(said("acme.com"), leaving=Leaving(in_active_campaign=False))
    first, second = await it.launched(plan, 2), await it.launched(plan, 2)
    await it.advance(first)
    await it.advance(second)
    assert await it.world.value("SELECT count(*) FROM link_target") == 1
    assert await it.world.value("SELECT count(DISTINCT token) FROM link") == 4


async def test_a_paused_campaign_goes_on_with_the_same_links(it: Campaigns) -> None:
    campaign_id = await it.launched(said("acme.com"))
    await it.advance(campaign_id)
    before = await links(it)
    await it.command(campaign_id, Command.PAUSE)
    await it.advance(campaign_id)
    await it.command(campaign_id, Command.RESUME)
    await it.advance(campaign_id)
    assert await links(it) == before
    assert await it.wire() == 3
