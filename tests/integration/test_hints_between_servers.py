"""Two servers on one database: a text comes in at one, and who looks at the other sees it; with Redis and without."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from pydantic import SecretStr

from server.app import main
from server.app.valkey import Valkey
from server.domain.scopes import Scope
from server.http.tokens import new_token
from tests.integration.server import ANN, BOB, MAYA, Live, Tab, eventually, running

REDIS = [pytest.param(True, id="by Redis"), pytest.param(False, id="without Redis")]


@pytest.fixture(autouse=True)
def _two_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both run in this process: on one machine the second would take the first, of its own pid, for a dead one."""
    machines = itertools.count()
    monkeypatch.setattr(main, "boot_id", lambda: f"machine {next(machines)}")


@asynccontextmanager
async def pair(dsn: str, folder: Path, *, redis: bool = True) -> AsyncIterator[tuple[Live, Live, Valkey]]:
    """Both know of each other. The carrier posts to the first one."""
    valkey = Valkey(folder / "v")
    if redis:
        await valkey.start()
    url = SecretStr(valkey.url) if redis else None
    try:
        async with (
            running(dsn, folder / "one", redis_url=url) as one,
            running(dsn, folder / "two", redis_url=url) as two,
        ):
            await eventually(knowing(one, two))
            if redis:
                await eventually(hearing(one, two))
            yield one, two, valkey
    finally:
        await valkey.stop()


def knowing(*servers: Live) -> Callable[[], Awaitable[bool]]:
    async def know() -> bool:
        return all(one.wiring.lookout.others for one in servers)

    return know


def hearing(*servers: Live) -> Callable[[], Awaitable[bool]]:
    gens = [one.wiring.ground.node.gen for one in servers]

    async def hear() -> bool:
        return all(one.wiring.hints.trusted(gens) for one in servers)

    return hear


async def the_text(tab: Tab, thread: int, body: str) -> dict[str, object]:
    """The event of this text; none before it was missing."""
    event = await tab.hear("event", ch=f"thread:{thread}")
    assert event["data"]["message"]["body"] == body
    return event


@pytest.mark.parametrize("redis", REDIS)
async def test_a_text_in_at_one_is_seen_at_the_other(dsn: str, tmp_path: Path, redis: bool) -> None:
    async with pair(dsn, tmp_path, redis=redis) as (one, two, _):
        thread = await one.meet()
        async with two.socket(ANN, "inbox", "user", f"thread:{thread}") as tab:
            for n in range(5):
                one.write_in(f"text {n}")
                event = await the_text(tab, thread, f"text {n}")
                assert event["seq"] == n + 2
            row = await tab.hear("state", ch="inbox", key=str(thread))
            while row["data"]["last_seq"] < 6:
                row = await tab.hear("state", ch="inbox", key=str(thread))
            assert (row["data"]["preview"], row["data"]["in_total"]) == ("text 4", 6)
            await tab.hear("state", ch="user", key="badge", data={"unread_threads": 1})


@pytest.mark.parametrize("redis", REDIS)
async def test_what_is_sent_read_and_typed_into_the_dialer_is_seen_at_the_other(
    dsn: str, tmp_path: Path, redis: bool
) -> None:
    async with pair(dsn, tmp_path, redis=redis) as (one, two, _):
        thread = await one.meet()
        async with (
            two.socket(ANN, "user", "dialer", f"thread:{thread}") as there,
            one.socket(ANN, "dialer") as here,
        ):
            await here.command("send", thread_id=thread, body="Yes, it is")
            await one.becomes(thread, "delivered")
            head = await one.value("SELECT last_seq FROM thread WHERE id = $1", thread)
            assert head > 2
            for seq in range(2, head + 1):
                assert (await there.hear("event", ch=f"thread:{thread}"))["seq"] == seq, "without a hole"
            await here.command("mark_read", thread_id=thread, up_to=1)
            mark = await there.hear("state", ch="user", key=f"read:{thread}")
            assert mark["data"]["in_ord"] == 1
            told = [await tab.hear("event", ch="dialer", seq=1) for tab in (here, there)]
            assert told[0]["data"] == told[1]["data"]


async def test_who_looks_and_types_at_one_is_seen_at_the_other(dsn: str, tmp_path: Path) -> None:
    async with pair(dsn, tmp_path) as (one, two, _):
        thread = await one.meet()
        async with two.socket(ANN, f"thread:{thread}") as there:
            async with one.socket(BOB, f"thread:{thread}") as here:
                await there.hear("state", key=f"viewer:{BOB}", data={"member_id": BOB, "name": "Bob", "here": True})
                await here.hear("state", key=f"viewer:{ANN}", data={"member_id": ANN, "name": "Ann", "here": True})
                await here.command("typing", thread_id=thread, typing=True)
                typing = {"member_id": BOB, "name": "Bob", "typing": True}
                await there.hear("state", key=f"typing:{BOB}", data=typing)
            await there.hear("state", key=f"typing:{BOB}", data=typing | {"typing": False})
            await there.hear("state", key=f"viewer:{BOB}", data={"member_id": BOB, "name": "Bob", "here": False})


@pytest.mark.parametrize("redis", REDIS)
async def test_a_claim_at_one_is_seen_and_respected_at_the_other(dsn: str, tmp_path: Path, redis: bool) -> None:
    async with pair(dsn, tmp_path, redis=redis) as (one, two, _):
        thread = await one.meet()
        async with two.socket(ANN, "inbox", f"thread:{thread}") as there, one.socket(BOB, f"thread:{thread}") as here:
            await here.command("claim", thread_id=thread)
            row = await there.hear("state", ch="inbox", key=str(thread))
            while row["data"]["claim"] is None:
                row = await there.hear("state", ch="inbox", key=str(thread))
            assert row["data"]["claim"]["by"] == {"member_id": BOB, "name": "Bob"}
            refused = await there.command("send", thread_id=thread, body="Me too")
            assert (refused["t"], refused["code"]) == ("err", "claimed")
            await here.command("unclaim", thread_id=thread)
            while row["data"]["claim"] is not None:
                row = await there.hear("state", ch="inbox", key=str(thread))


@pytest.mark.parametrize("redis", REDIS)
async def test_a_logout_at_one_closes_the_sockets_of_that_login_at_both(dsn: str, tmp_path: Path, redis: bool) -> None:
    async with pair(dsn, tmp_path, redis=redis) as (one, two, _):
        login, other = await one.log_in(ANN), await one.log_in(ANN)
        of_two = {**login, "Origin": two.url}
        async with (
            one.socket(headers=login) as here,
            two.socket(headers=of_two) as there,
            two.socket(headers={**other, "Origin": two.url}) as another,
        ):
            out = await one.http.post("/api/v1/logout", headers={**login, "X-CSRF": "1"})
            assert out.status_code == 204
            assert [(await tab.closed())[0] for tab in (here, there)] == [4501, 4501]
            assert (await another.open("inbox"))["t"] == "subscribed", "another login of the same member"


@pytest.mark.parametrize("redis", REDIS)
async def test_a_token_that_is_revoked_at_one_ends_its_sockets_at_the_other(
    dsn: str, tmp_path: Path, redis: bool
) -> None:
    async with pair(dsn, tmp_path, redis=redis) as (one, two, _):
        token, new = new_token("Dialer", frozenset({Scope.DIALER}))
        made = await one.store.tokens.add(1, ANN, new)
        bearer = {"Authorization": f"Bearer {token}"}
        ticket = (await two.http.post("/api/v1/tickets", headers=bearer)).json()["ticket"]
        async with two.socket(headers={}, path=f"/ws?ticket={ticket}") as there:
            await one.wiring.ground.store.tokens.revoke(1, made.token_id, ANN, one.wiring.ground.clock.real())
            assert (await there.closed())[0] == 4501


@pytest.mark.parametrize("redis", REDIS)
async def test_a_number_that_changes_hands_at_one_closes_sockets_at_the_other(
    dsn: str, tmp_path: Path, redis: bool
) -> None:
    """And what is written from then on is told there to those alone who may see it."""
    async with pair(dsn, tmp_path, redis=redis) as (one, two, _):
        await one.sql("UPDATE member SET role = 'manager' WHERE id = $1", BOB)
        thread = await one.meet()
        own = await one.value("SELECT number_id FROM thread WHERE id = $1", thread)
        numbers = one.wiring.ground.store.numbers
        async with two.socket(ANN, "inbox", f"thread:{thread}") as ann, two.socket(BOB, f"thread:{thread}") as bob:
            assert await numbers.give(1, own, BOB, by=BOB, version=0) == "given"
            assert (await ann.closed())[0] == 4002
            one.write_in("to you alone, Bob")
            await the_text(bob, thread, "to you alone, Bob")
        async with two.socket(ANN, "inbox") as ann:
            assert (await ann.open(f"thread:{thread}"))["code"] == "not_found"
            one.write_in("and again")
            await eventually(lambda: one.value("SELECT last_preview = 'and again' FROM thread WHERE id = $1", thread))
            assert "and again" not in str(await ann.quiet())


async def test_each_server_shows_the_trees_of_all_and_which_one_is_gone(dsn: str, tmp_path: Path) -> None:
    async with pair(dsn, tmp_path, redis=False) as (one, two, _):
        headers = await two.log_in(ANN)

        async def shown() -> dict[int, dict[str, object]]:
            servers = (await two.http.get("/api/v1/system/servers", headers=headers)).json()["servers"]
            return {server["gen"]: server for server in servers}

        async def both() -> bool:
            return all(server["tree"] for server in (await shown()).values())

        await eventually(both)
        gens = [live.wiring.ground.node.gen for live in (one, two)]
        told = await shown()
        assert [(told[gen]["here"], told[gen]["life"]) for gen in gens] == [(False, "running"), (True, "running")]
        for gen in gens:
            tree = told[gen]["tree"]
            assert isinstance(tree, dict)
            assert {"limiter", "threads", "door"} <= {child["name"] for child in tree["children"]}
        one.ending.ask()

        async def gone() -> bool:
            return (await shown())[gens[0]]["life"] == "gone"

        await eventually(gone)
        last = (await shown())[gens[0]]
        assert last["ended_at"] is not None
        assert last["sends"] is False


async def test_a_stop_at_one_voids_what_the_other_is_about_to_send(dsn: str, tmp_path: Path) -> None:
    async with pair(dsn, tmp_path) as (one, two, _):
        await one.meet()
        voided: list[int] = []
        sends, other = (one, two) if one.wiring.limiter.holds else (two, one)
        sends.wiring.announcer.on_consent = lambda flip: voided.append(flip.endpoint_id)
        other.write_in("STOP", from_=MAYA)

        async def is_voided() -> bool:
            return bool(voided)

        await eventually(is_voided)
        assert voided[0] == await one.value("SELECT id FROM endpoint WHERE opted_out")


async def test_redis_may_be_flushed_and_killed_and_come_back(dsn: str, tmp_path: Path) -> None:
    async with pair(dsn, tmp_path) as (one, two, valkey):
        thread = await one.meet()
        async with two.socket(BOB, f"thread:{thread}") as tab:
            one.write_in("with Redis")
            await the_text(tab, thread, "with Redis")
            valkey.kill()
            for n in range(3):
                one.write_in(f"without {n}")
                await the_text(tab, thread, f"without {n}")
            await valkey.stop()
            await valkey.start()
            await eventually(hearing(one, two))
            one.write_in("with Redis again")
            await the_text(tab, thread, "with Redis again")


async def test_a_server_that_was_killed_is_taken_over_and_its_last_text_shown(dsn: str, tmp_path: Path) -> None:
    """Its hint is never told: the text was stored by a server that is gone."""
    async with pair(dsn, tmp_path) as (one, two, _):
        thread = await one.meet()
        async with two.socket(ANN, f"thread:{thread}") as tab:
            one.wiring.hints.tell = lambda announcements: None  # type: ignore[method-assign]  # as one that dies before
            one.write_in("my last words")
            await eventually(lambda: one.value("SELECT last_seq = 2 FROM thread WHERE id = $1", thread))
            one.ending.ask()
            await the_text(tab, thread, "my last words")
            await trio.lowlevel.checkpoint()
