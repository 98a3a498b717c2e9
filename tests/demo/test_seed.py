"""The demo in a real database: once, only among simulations, and kept away from the world by the schema itself."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

import asyncpg
import pytest

import server.demo.seed
from server.demo.guests import guests
from server.demo.people import MEMBERS
from server.demo.seed import DemoRefused, Seeded, SimulatorAccount, demo_wall, seed_demo
from server.demo.world import SEED, World, make_world
from server.domain.contact import checked_text
from server.domain.delivery import RANK, State
from server.domain.fields import Field, checked
from server.domain.messages import ThreadRow
from server.domain.phone import is_test_number
from server.ports import InboxView, Show
from server.store import postgres
from server.store.store import Store, open_store
from tests.demo_databases import ACCOUNT, WALL, workspace_of

if TYPE_CHECKING:
    from server.store.postgres import Connection

ANSWERED = """
    SELECT count(*) FROM thread t JOIN endpoint e ON e.id = t.endpoint_id WHERE t.campaign_id IS NOT NULL AND t.listed
"""

REAL_WORKSPACE = """
    INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Real Estate Inc', false, 'Real', 'x') RETURNING id
"""


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    async with open_store(dsn) as store:
        yield store


@pytest.fixture
async def demo(demo_dsn: str) -> AsyncIterator[Store]:
    """A database that was seeded as of WALL."""
    async with open_store(demo_dsn) as store:
        yield store


def quick_hash(password: str) -> str:
    return f"hash of {password}"


async def seed(store: Store, *, reset: bool = False, account: SimulatorAccount = ACCOUNT) -> Seeded:
    return await seed_demo(store, WALL, account, quick_hash, reset=reset)


async def value(store: Store, sql: str, *values: object) -> Any:
    async def ask(connection: Connection) -> Any:
        return await connection.fetchval(sql, *values)

    return await store.call(ask)


def doing(sql: str, *values: object) -> Callable[[Connection], Coroutine[Any, Any, str]]:
    async def do(connection: Connection) -> str:
        return await connection.execute(sql, *values)

    return do


async def test_the_inbox_shows_what_was_seeded(demo: Store) -> None:
    workspace_id = await workspace_of(demo)
    member = await value(demo, "SELECT id FROM member WHERE email = $1", MEMBERS[0].email)
    page = await demo.inbox.rows(workspace_id, member, view=InboxView("all"), limit=300)
    assert len(page.rows) == 68 + await value(demo, ANSWERED)
    assert page.rows[0].last_at > WALL - timedelta(minutes=15)
    assert sum(row.name is None for row in page.rows) == 4, "strangers"
    assert sum(row.opted_out for row in page.rows) == 4 + await value(demo, f"{ANSWERED} AND e.opted_out")
    for row in page.rows[:5]:
        thread = await demo.inbox.thread(workspace_id, member, row.thread_id)
        assert thread is not None
        assert thread.head == row.last_seq
        assert thread.messages[-1].body[:40] == row.preview[:40]
        events = await demo.inbox.events_after(workspace_id, row.thread_id, 0)
        assert events is not None
        assert [event.seq for event in events] == list(range(1, min(row.last_seq, 200) + 1))


async def test_badges_agree_with_the_rows(demo: Store) -> None:
    workspace_id = await workspace_of(demo)
    member = await value(demo, "SELECT id FROM member WHERE email = $1", MEMBERS[2].email)
    user = await demo.inbox.user(workspace_id, member)
    page = await demo.inbox.rows(workspace_id, member, view=InboxView("all"), limit=300)
    marks = {mark.thread_id: mark.in_ord for mark in page.reads}
    assert user.unread_threads == sum(row.in_total > marks.get(row.thread_id, 0) for row in page.rows) > 0


async def test_the_team_is_at_work(demo: Store) -> None:
    """Nobody waits from last week, and each view of the inbox has something to show."""
    workspace_id = await workspace_of(demo)
    member = await value(demo, "SELECT id FROM member WHERE email = $1", MEMBERS[0].email)

    async def shown(show: Show) -> Sequence[ThreadRow]:
        return (await demo.inbox.rows(workspace_id, member, view=InboxView(show), limit=300)).rows

    waiting = await shown("waiting")
    assert 5 < len(waiting) < 40
    assert all(one.waiting_since is not None and one.waiting_since > WALL - timedelta(days=3) for one in waiting)
    for show in get_args(Show):
        assert show == "campaign" or len(await shown(show)) > 0, show
    assert len(await shown("open")) > 30
    assert not [one for one in await shown("unassigned") if one.assignee is not None]


async def test_seeding_takes_less_than_a_moment(store: Store) -> None:
    began = time.perf_counter()
    assert (await seed(store)).fresh
    assert time.perf_counter() - began < 30, "not a figure, only: a few statements, not a thousand"
    assert await value(store, "SELECT count(*) FROM message") > 700


async def test_a_busy_machine_may_take_its_time_to_make_the_demo_up(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For longer than a session may otherwise do nothing in its transaction, or that may last."""

    def slowly(wall: datetime) -> World:
        time.sleep(2.5)
        return make_world(wall)

    for bound in ("idle_in_transaction_session_timeout", "transaction_timeout"):
        monkeypatch.setitem(postgres._SETTINGS, bound, "2s")
    monkeypatch.setattr(server.demo.seed, "make_world", slowly)
    async with open_store(dsn) as store:
        assert (await seed(store)).fresh


async def test_a_second_start_finds_everything_and_only_learns_where_the_simulator_is(demo: Store) -> None:
    workspace_id = await workspace_of(demo)
    second = await seed(demo, account=SimulatorAccount("new-secret", "http://127.0.0.1:5020"))
    assert not second.fresh
    assert second.workspace_id == workspace_id
    (account,) = await demo.directory.accounts()
    assert (account.secret, account.base_url) == ("new-secret", "http://127.0.0.1:5020")
    assert len(await demo.directory.numbers()) == 3
    assert await value(demo, "SELECT count(*) FROM thread WHERE campaign_id IS NULL AND in_total > 0") == 68


async def test_a_reset_begins_a_new_history(demo: Store) -> None:
    workspace_id, epoch = await workspace_of(demo), await demo.inbox.epoch()
    await demo.call(doing("UPDATE thread SET last_preview = 'scribbled over'"))
    second = await seed(demo, reset=True)
    assert second.fresh
    assert second.workspace_id != workspace_id
    assert await value(demo, "SELECT count(*) FROM thread WHERE last_preview = 'scribbled over'") == 0
    assert await value(demo, "SELECT count(*) FROM message") == await value(
        demo, "SELECT count(*) FROM message m JOIN thread t ON t.id = m.thread_id"
    )
    assert await demo.inbox.epoch() != epoch


@pytest.mark.parametrize("reset", [False, True])
async def test_nothing_happens_beside_a_real_workspace(store: Store, reset: bool) -> None:
    await store.call(doing(REAL_WORKSPACE))
    epoch = await store.inbox.epoch()
    with pytest.raises(DemoRefused, match="holds a real workspace \\(Real Estate Inc\\)"):
        await seed(store, reset=reset)
    assert await value(store, "SELECT count(*) FROM workspace") == 1
    assert await store.inbox.epoch() == epoch


ADD_ACCOUNT = """
    INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
    VALUES ($1, $2, $3, 'AC9', 's', $4)
"""


@pytest.mark.parametrize(
    ("simulated", "kind", "base_url"),
    [
        pytest.param(True, "twilio", "https://api.twilio.com", id="a real account that says it is simulated"),
        pytest.param(False, "twilio", "https://api.twilio.com", id="a real account as what it is"),
        pytest.param(True, "simulator", "http://203.0.113.9:80", id="a simulator on another machine"),
        pytest.param(True, "simulator", "https://127.0.0.1.evil.example", id="a name that begins like this machine"),
    ],
)
async def test_no_way_out_can_be_added_to_a_demo(demo: Store, simulated: bool, kind: str, base_url: str) -> None:
    workspace_id = await workspace_of(demo)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await demo.call(doing(ADD_ACCOUNT, workspace_id, simulated, kind, base_url))


async def test_a_simulator_on_this_machine_can_be_added(demo: Store) -> None:
    """So that the refusals above are refusals of what they name, and not of a typing error."""
    workspace_id = await workspace_of(demo)
    await demo.call(doing(ADD_ACCOUNT, workspace_id, True, "simulator", "http://127.0.0.1:4999"))


async def test_a_demo_cannot_be_declared_real_afterwards(demo: Store) -> None:
    workspace_id = await workspace_of(demo)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await demo.call(doing("UPDATE workspace SET simulated = false WHERE id = $1", workspace_id))


async def test_the_simulators_address_cannot_be_moved_away(demo: Store) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await seed(demo, account=SimulatorAccount("s", "https://api.twilio.com"))


async def test_ranks_and_states_agree(demo: Store) -> None:
    async def ask(connection: Connection) -> list[tuple[str, int]]:
        sql = "SELECT DISTINCT state, rank FROM message WHERE direction = 'out'"
        return [(row["state"], row["rank"]) for row in await connection.fetch(sql)]

    assert all(RANK[State(state)] == rank for state, rank in await demo.call(ask))


async def test_nobody_is_owed_an_answer(demo: Store) -> None:
    assert await demo.ledger.owed_answers(10) == []


async def test_the_clock_never_runs_behind_what_was_written(store: Store, demo: Store) -> None:
    real = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    assert await demo_wall(store, real) == WALL, "an empty database: 11:00 Eastern of that day"
    assert await demo_wall(demo, real) == WALL
    written = WALL + timedelta(hours=3)
    await demo.call(doing("UPDATE thread SET last_at = $1 WHERE id = (SELECT min(id) FROM thread)", written))
    assert await demo_wall(demo, real) == written + timedelta(minutes=1)
    assert await demo_wall(demo, real + timedelta(days=3)) == WALL + timedelta(days=3), "Monday"


async def test_the_people_of_the_demo_have_lives(demo: Store) -> None:
    workspace = await workspace_of(demo)
    everybody = await demo.contacts.rows(workspace, range(1, 1000))
    rows = everybody[:124]
    assert len(everybody) == 124 + len(guests(SEED))
    assert sum(not row.name for row in rows) == 4, "strangers are contacts to be named later"
    assert {"Open House Attendee", "Hot lead"} <= {tag.name for tag in await demo.catalogue.tags(workspace)}
    assert [(one.name, one.stages[0].name) for one in await demo.catalogue.pipelines(workspace)] == [
        ("Buyers", "New Lead"),
        ("Sellers", "New Lead"),
    ]
    assert all(stage.contacts for stage in (await demo.catalogue.pipelines(workspace))[0].stages[:3])
    assert sum(len(row.phones) == 2 for row in rows) >= 3
    assert sum(row.property_address != "" for row in rows) > 60
    assert {row.owner.name for row in rows if row.owner} == {member.name for member in MEMBERS}
    priya = await value(demo, "SELECT id FROM member WHERE email = $1", MEMBERS[2].email)
    values = await demo.values.values(workspace, priya, [row.contact_id for row in rows], WALL)
    assert sum(one["showing_time"] is not None for one in values.values()) >= 5
    fields = {
        field.name: Field(field.name, field.label, field.kind, field.choices)
        for field in await demo.catalogue.fields(workspace)
    }
    for row in rows:
        assert all(checked(fields[name], value) == value for name, value in row.custom.items())
        assert all(is_test_number(phone.address) for phone in row.phones)
        assert row.email == checked_text("email", row.email)


async def test_one_member_has_shown_whose_phone_is_theirs_and_it_is_nobody_elses(demo: Store) -> None:
    """So that a newcomer sees a test go out at once, and how a phone is shown to be one's own."""
    told = await value(
        demo,
        "SELECT array_agg(m.email || ' ' || v.address) FROM member_number v JOIN member m ON m.id = v.member_id"
        " WHERE v.verified_at IS NOT NULL",
    )
    assert told == [f"{member.email} {member.phone}" for member in MEMBERS if member.phone]
    assert len(told) == 1
    for address in (member.phone for member in MEMBERS if member.phone):
        assert is_test_number(address)
        assert await value(demo, "SELECT count(*) FROM endpoint WHERE address = $1", address) == 0
