"""A number that is one member's own: what sockets tell of it, to whom, and what a change of hands does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from server.domain.messages import CampaignMoved
from tests.integration.server import ANN, BOB, LIAM, MAYA, Live, Tab, running

OWN = "+16175550107"
DANA = 9


@asynccontextmanager
async def divided(dsn: str, tmp_path: Path) -> AsyncIterator[Live]:
    """OWN is Bob's; Ann is an agent as he is, and Dana manages."""
    async with running(dsn, tmp_path) as it:
        await it.sql(
            "INSERT INTO member (id, workspace_id, email, name, role, password_hash) OVERRIDING SYSTEM VALUE"
            " VALUES ($1, 1, 'dana@example.org', 'Dana', 'manager', 'x')",
            DANA,
        )
        await it.sql(
            "INSERT INTO number (workspace_id, account_id, address, rate, burst)"
            " SELECT 1, account_id, $1, 100, 1 FROM number LIMIT 1",
            OWN,
        )
        await it.wiring.accounts.refresh()
        await give(it, BOB)
        yield it


async def give(it: Live, member_id: int | None) -> None:
    own = await it.value("SELECT id FROM number WHERE address = $1", OWN)
    assert await it.wiring.ground.store.numbers.give(1, own, member_id, by=DANA, version=None) == "given"


async def read(tab: Tab, channel: str, **position: Any) -> Any:
    """What a channel is opened with."""
    await tab.open(channel, **position)
    return (await tab.hear("snapshot", ch=channel))["data"]


COMMANDS: dict[str, dict[str, Any]] = {
    "send": {"body": "Hello", "acknowledged_opt_out": True},
    "mark_read": {"up_to": 1},
    "mark_unread": {"from_ord": 1},
    "typing": {"typing": True},
    "release": {"seq": 1, "send": True},
    "claim": {"over": True},
    "unclaim": {},
}


async def test_each_channel_tells_its_owner_and_a_manager_and_no_other_agent(dsn: str, tmp_path: Path) -> None:
    channels = ("inbox", "user", "dialer", "campaigns")
    async with divided(dsn, tmp_path) as it:
        async with (
            it.socket(ANN, *channels) as ann,
            it.socket(BOB, *channels) as bob,
            it.socket(DANA, *channels) as dana,
        ):
            it.write_in("for Bob alone", to=OWN)
            thread = await it.thread_of(MAYA)
            for tab in (bob, dana):
                row = await tab.hear("state", ch="inbox", key=str(thread))
                assert row["data"]["preview"] == "for Bob alone"
                assert (await tab.hear("state", ch="user", key="badge"))["data"] == {"unread_threads": 1}
                assert (await tab.hear("event", ch="dialer"))["data"]["kind"] == "message.received"
            hidden = await ann.hear("event", ch="dialer")
            assert (hidden["data"]["kind"], hidden["data"]["data"]) == ("withheld", {})
            it.write_in("for everybody", from_=LIAM)
            row = await ann.hear("state", ch="inbox")
            assert row["data"]["preview"] == "for everybody", "nothing was said of the other one before"
            await ann.hear("state", ch="user", key="badge", data={"unread_threads": 1})
            assert (await ann.open(f"thread:{thread}"))["code"] == "not_found"
            for name, data in COMMANDS.items():
                refused = await ann.command(name, thread_id=thread, **data)
                assert refused.get("code") == "not_found" or refused.get("data") in ({}, {"released": False}), name
            assert "for Bob alone" not in str(await ann.quiet())
        async with it.socket(ANN) as ann:
            assert [row["address"] for row in (await read(ann, "inbox"))["rows"]] == [LIAM]
            assert (await read(ann, "user"))["badge"] == {"unread_threads": 1}
            told = (await read(ann, "dialer"))["events"]
            assert [one["data"] for one in told if one["kind"] == "withheld"] == [{}]
            assert f"'thread_id': {thread}" not in str(told)


async def test_who_has_a_thread_open_hears_nothing_of_what_makes_it_a_colleagues(dsn: str, tmp_path: Path) -> None:
    async with divided(dsn, tmp_path) as it:
        thread = await it.meet()
        channel = f"thread:{thread}"
        async with it.socket(ANN, "inbox", "user", channel) as ann, it.socket(BOB, channel) as bob:
            it.write_in("to you alone, Bob", to=OWN)
            event = await bob.hear("event", ch=channel)
            assert event["data"]["message"]["body"] == "to you alone, Bob"
            await ann.hear("resync", ch=[channel])
            await ann.hear("resync", ch=["inbox", "user"])
            assert "to you alone" not in str(await ann.quiet())
            assert (await ann.open(channel, after=1, epoch=event["epoch"]))["code"] == "not_found"
            it.write_in("and to nobody else", to=OWN)
            await bob.hear("event", ch=channel)
            assert "nobody else" not in str(await ann.quiet())


FROM_OWN = """
    INSERT INTO campaign (workspace_id, kind, name, template, state, launched_by, number_id, audience, launched_at)
    VALUES (1, $1, 'Bob''s', 'x', 'active', $2, (SELECT id FROM number WHERE address = $3), 1, now()) RETURNING id
"""


async def test_a_campaign_from_an_own_number_is_told_to_its_owner_and_a_manager(dsn: str, tmp_path: Path) -> None:
    async with divided(dsn, tmp_path) as it:
        campaign, bulk = [await it.value(FROM_OWN, kind, BOB, OWN) for kind in ("campaign", "bulk")]
        channels = "campaigns", f"campaign:{campaign}", f"bulk:{bulk}"
        async with it.socket(ANN) as ann, it.socket(BOB) as bob, it.socket(DANA) as dana:
            assert "Bob's" not in str(await read(ann, "campaigns"))
            for channel in channels[1:]:
                assert (await ann.open(channel))["code"] == "not_found"
            for tab in (bob, dana):
                for channel in channels:
                    assert (await tab.open(channel))["t"] == "subscribed", channel
            it.wiring.campaign_news.moved(CampaignMoved(1, campaign))
            for tab in (bob, dana):
                assert (await tab.hear("state", ch="campaigns", key=str(campaign)))["data"]["name"] == "Bob's"
                await tab.hear("state", ch=f"campaign:{campaign}")
            assert "Bob's" not in str(await ann.quiet())
            await give(it, ANN)
            assert (await bob.closed())[0] == 4002


async def test_whoever_was_being_let_in_while_hands_changed_comes_back_too(dsn: str, tmp_path: Path) -> None:
    """Their login was looked up before, and their socket is not among those that were closed."""
    async with divided(dsn, tmp_path) as it:
        sockets = it.wiring.sockets
        looked_up = sockets._authenticate

        async def slowly(upgrade: Any) -> Any:
            login = await looked_up(upgrade)
            await give(it, ANN)
            return login

        sockets._authenticate = slowly
        async with it.socket(BOB) as bob:
            assert (await bob.closed())[0] == 4002


async def test_settings_that_change_close_nobodys_socket(dsn: str, tmp_path: Path) -> None:
    async with divided(dsn, tmp_path) as it, it.socket(ANN, "user") as ann:
        [told] = await it.store.elsewhere.settings([1])
        it.wiring.announce([told])
        assert (await ann.hear("state", ch="user", key="settings"))["data"]["version"] == told.version
        assert (await ann.open("inbox"))["t"] == "subscribed"


async def test_a_number_that_changes_hands_changes_what_is_seen(dsn: str, tmp_path: Path) -> None:
    async with divided(dsn, tmp_path) as it:
        it.write_in("before", to=OWN)
        thread = await it.thread_of(MAYA)
        async with it.socket(BOB, "inbox", f"thread:{thread}") as bob, it.socket(DANA, "inbox") as dana:
            since = (await bob.open("inbox"))["p"]
            await bob.hear("snapshot", ch="inbox")
            await give(it, ANN)
            assert (await bob.closed())[0] == 4002
            it.write_in("after", to=OWN)
            assert (await dana.hear("state", ch="inbox", key=str(thread)))["data"]["preview"] == "after"
        async with it.socket(BOB) as bob:
            page = await read(bob, "inbox", p=since, epoch=await it.store.inbox.epoch())
            assert page["partial"] is False, "what went from sight is in no row that changed"
            assert page["rows"] == []
            assert (await read(bob, "user"))["badge"] == {"unread_threads": 0}
        async with it.socket(ANN) as ann:
            assert [row["thread_id"] for row in (await read(ann, "inbox"))["rows"]] == [thread]
            assert (await read(ann, "user"))["badge"] == {"unread_threads": 1}
