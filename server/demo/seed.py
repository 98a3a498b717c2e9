"""Puts the demo into a database, once, and only where nothing real lives."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import orjson
import trio

from server.demo.guests import answering, guests
from server.demo.lives import FIELDS, PIPELINES, DemoLife, make_lives
from server.demo.people import ACCOUNT_SID, CONTACT_LINE, MEMBERS, NUMBERS, PASSWORD, WORKSPACE, contacts
from server.demo.play import play_campaigns
from server.demo.templates import TEMPLATES
from server.demo.world import SEED, DemoThread, World, as_json, make_world
from server.domain.clock import demo_start
from server.domain.contact import places_of
from server.store.named_sql import parse

if TYPE_CHECKING:
    from server.store.postgres import Connection

T = TypeVar("T")
_PREVIEW: Final = 160


class Database(Protocol):
    """The store's way to run one transaction."""

    async def call(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T: ...


class DemoRefused(Exception):
    """The demo does not go into this database; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class SimulatorAccount:
    """The simulated carrier as it listens now. `secret` signs its webhooks and opens its API."""

    secret: str = field(repr=False)
    base_url: str
    sid: str = ACCOUNT_SID


@dataclass(frozen=True, slots=True)
class Seeded:
    """`fresh`: the rows were made just now."""

    workspace_id: int
    account_id: int
    fresh: bool


async def seed_demo(
    database: Database,
    wall: datetime,
    account: SimulatorAccount,
    hash_password: Callable[[str], str],
    *,
    reset: bool = False,
    link_base: str = "http://localhost/l",
) -> Seeded:
    """Make the demo as of *wall*, or leave the one that is there and only tell it where its simulator listens.

    *link_base*: of the short links in its campaigns' texts.

    *reset* drops all rows first and renews the stream epoch. Raises DemoRefused where a real workspace lives in the
    database, and StoreUnavailable.
    """
    password_hash = await trio.to_thread.run_sync(hash_password, PASSWORD)
    asked = partial(_seed, wall=wall, account=account, password_hash=password_hash, reset=reset, link_base=link_base)
    return await database.call(asked)


async def demo_wall(database: Database, real: datetime) -> datetime:
    """What the demo's clock shows at its start: a weekday's 11:00 Eastern, but never before its own newest text."""

    async def newest(connection: Connection) -> datetime | None:
        found: datetime | None = await connection.fetchval(statements()["newest"])
        return found

    last_at = await database.call(newest)
    start = demo_start(real)
    return start if last_at is None else max(start, last_at + timedelta(minutes=1))


def simulated_people() -> list[dict[str, object]]:
    """Those who answer and write in, as the simulator's --contacts takes them. Who opted out stays silent."""
    silent = {thread.contact.address for thread in make_world(_ANY_TIME).threads if thread.opted_out_at}
    known: list[dict[str, object]] = [
        {"number": person.address, "name": f"{person.first} {person.last}".strip()}
        for person in contacts(SEED)
        if person.address not in silent
    ]
    return known + answering(SEED)


_ANY_TIME: Final = demo_start(datetime.fromisoformat("2026-11-20T16:00:00+00:00"))


@cache
def statements() -> dict[str, str]:
    return parse((files("server.demo") / "sql" / "demo.sql").read_text(encoding="utf-8"))


async def _seed(
    connection: Connection,
    *,
    wall: datetime,
    account: SimulatorAccount,
    password_hash: str,
    reset: bool,
    link_base: str,
) -> Seeded:
    sql = statements()
    await connection.execute(sql["take_time"])
    await connection.execute(sql["lock_workspaces"])
    real = await connection.fetchval(sql["real_workspace"])
    if real is not None:
        raise DemoRefused(f"This database holds a real workspace ({real}): no demo goes beside it or resets it.")
    if reset:
        await connection.execute(sql["forget_all"])
        await connection.execute(sql["renew_history"])
    found = await connection.fetchrow(sql["demo_workspace"], account.sid)
    if found is not None:
        await connection.execute(sql["point_account"], found["account_id"], account.secret, account.base_url)
        return Seeded(found["workspace_id"], found["account_id"], fresh=False)
    workspace_id = await connection.fetchval(sql["add_workspace"], WORKSPACE, CONTACT_LINE)
    members = _json(MEMBERS)
    await connection.execute(sql["add_members"], workspace_id, members, password_hash)
    await connection.execute(sql["add_own_numbers"], workspace_id, members, wall - timedelta(days=20))
    account_id = await connection.fetchval(
        sql["add_account"], workspace_id, account.sid, account.secret, account.base_url
    )
    await connection.execute(sql["add_numbers"], workspace_id, account_id, _json(NUMBERS))
    await _fill(connection, workspace_id, make_world(wall), wall)
    await play_campaigns(connection, workspace_id, account_id, wall, SEED + 3, link_base)
    return Seeded(workspace_id, account_id, fresh=True)


async def _fill(connection: Connection, workspace_id: int, world: World, wall: datetime) -> None:
    sql = statements()
    out = {thread.contact.address for thread in world.threads if thread.opted_out_at}
    held = {thread.contact.address for thread in world.threads if thread.review}
    listed = guests(SEED)
    lives = make_lives(world, wall, SEED + 2, [guest.contact.address for guest in listed])
    people = [*zip(world.contacts, lives, strict=True), *((guest.contact, guest.life) for guest in listed)]
    endpoints = [
        {"address": person.address, "opted_out": person.address in out, "held": person.address in held}
        | {"places": sorted({person.zone, *places_of(life.address, life.zone, life.zip)})}
        for person, life in people
    ]
    since = wall - timedelta(days=60)
    await connection.execute(sql["add_endpoints"], workspace_id, _dump(endpoints), since)
    await _people(connection, workspace_id, [life for _, life in people], since)
    await connection.execute(sql["add_threads"], workspace_id, _dump(_threads(world)))
    messages = [message for thread in world.threads for message in thread.messages]
    await connection.execute(sql["add_messages"], workspace_id, _json(messages))
    statuses = [status for thread in world.threads for status in thread.statuses]
    await connection.execute(sql["add_statuses"], workspace_id, _json(statuses))
    await connection.execute(sql["add_reads"], workspace_id, _dump(_reads(world)))
    await connection.execute(sql["add_consents"], workspace_id, _dump(_consents(world)))
    await connection.execute(sql["add_reviews"], workspace_id, _dump(_reviews(world)))
    await connection.execute(sql["add_templates"], workspace_id, _json(TEMPLATES), wall)


async def _people(connection: Connection, workspace_id: int, lives: Sequence[DemoLife], since: datetime) -> None:
    sql = statements()
    pipelines = [{"name": name, "stages": stages} for name, stages in PIPELINES.items()]
    await connection.execute(sql["add_fields"], workspace_id, _dump(FIELDS))
    await connection.execute(sql["add_pipelines"], workspace_id, _dump(pipelines))
    await connection.execute(sql["add_contacts"], workspace_id, _json(lives), since)
    seconds = [
        {"address": life.address, "phone": life.second[0], "label": life.second[1]} for life in lives if life.second
    ]
    await connection.execute(sql["add_second_phones"], workspace_id, _dump(seconds), since)
    tags = [{"address": life.address, "name": name} for life in lives for name in life.tags]
    await connection.execute(sql["add_tags"], workspace_id, _dump(tags))
    stages = [
        {"address": life.address, "pipeline": life.stage[0], "stage": life.stage[1]} for life in lives if life.stage
    ]
    await connection.execute(sql["add_standings"], workspace_id, _dump(stages))
    showings = [as_json(showing) | {"address": life.address} for life in lives for showing in life.showings]
    await connection.execute(sql["add_showings"], workspace_id, _dump(showings))


def _newest(thread: DemoThread, direction: str) -> str | None:
    return max((message.at.isoformat() for message in thread.messages if message.direction == direction), default=None)


def _threads(world: World) -> list[dict[str, Any]]:
    return [
        {
            "address": thread.contact.address,
            "number": thread.number,
            "last_seq": thread.last_seq,
            "in_total": thread.in_total,
            "last_at": thread.messages[-1].at.isoformat(),
            "preview": thread.messages[-1].body[:_PREVIEW],
            "direction": thread.messages[-1].direction,
            "last_in_at": _newest(thread, "in"),
            "last_out_at": _newest(thread, "out"),
            "created_at": thread.messages[0].at.isoformat(),
        }
        for thread in world.threads
    ]


def _reads(world: World) -> list[dict[str, Any]]:
    return [
        {"email": email, "address": thread.contact.address, "in_ord": in_ord}
        for thread in world.threads
        for email, in_ord in thread.read.items()
    ]


def _consents(world: World) -> list[dict[str, Any]]:
    return [
        {
            "address": thread.contact.address,
            "text": thread.messages[-2].body,
            "seq": thread.messages[-2].seq,
            "answer": thread.messages[-1].seq,
            "at": thread.opted_out_at.isoformat(),
        }
        for thread in world.threads
        if thread.opted_out_at
    ]


def _reviews(world: World) -> list[dict[str, Any]]:
    return [
        {
            "address": thread.contact.address,
            "kind": thread.review.value.lower(),
            "text": thread.messages[-1].body,
            "seq": thread.messages[-1].seq,
            "at": thread.messages[-1].at.isoformat(),
        }
        for thread in world.threads
        if thread.review
    ]


def _json(rows: Sequence[Any]) -> str:
    return _dump([as_json(row) for row in rows])


def _dump(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows).decode()
