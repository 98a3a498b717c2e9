"""A few dozen people in a workspace, chosen by a seed, as plain Python and as rows."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from server.domain.filter_fields import custom_field
from tests.store.world import NOON, World

TAGS = ("Open House Attendee", "Buyer", "Seller", "Élan")
PIPELINES = {"Leads": ("New Lead", "Contacted"), "Closing": ("Offer", "Closed")}
CUSTOM = (
    custom_field("nickname", "Nickname", "text"),
    custom_field("budget", "Budget", "number"),
    custom_field("moving_on", "Moving on", "date"),
    custom_field("first_time", "First time", "boolean"),
    custom_field("kind", "Kind", "choice", ("House", "Flat")),
)
NAMES = ("", "Maya", "maya", "José", "ÉLODIE", "Mary-Jane", "O'Neil", "Ann", "%", "_x")
DAYS = ("2026-03-01", "2026-03-10", "2026-03-11", "2026-09-09", "1999-12-31")
NUMBERS = ("+12025550199", "+12025550198")
KINDS = ("opted_out", "held", "carrier_blocked")
LEFT = ("in_flight", "wired", "unconfirmed")
STATES = (*LEFT, "excluded", "rejected", "skipped")


@dataclass
class Phone:
    address: str
    flags: dict[str, bool]
    consented_at: datetime | None = None
    invalid_reason: str | None = None
    thread: tuple[str, datetime | None, datetime | None] | None = None  # our number, last in, last out
    campaigns: dict[int, str] = field(default_factory=dict)


@dataclass
class Person:
    texts: dict[str, str]
    created_at: datetime
    owner: str | None
    custom: dict[str, Any]
    tags: set[str]
    stages: dict[str, str]
    phones: list[Phone]
    showings: list[datetime]
    deleted: bool
    contact_id: int = 0


@dataclass
class Town:
    """One workspace: its people, and the ids of what filters name."""

    workspace_id: int
    people: list[Person]
    ids: dict[str, dict[str, int]]

    @property
    def living(self) -> list[Person]:
        return [person for person in self.people if not person.deleted]


def people(seed: int, count: int = 40) -> list[Person]:
    """Chosen by *seed*: every property is often there and often not."""
    r = random.Random(seed)  # noqa: S311 - a test's
    return [_person(r, n) for n in range(count)]


def _person(r: random.Random, n: int) -> Person:
    def maybe(value: Any) -> Any:
        return value if r.random() < 0.5 else None

    def at() -> datetime:
        return NOON + timedelta(days=r.choice((-400, -31, -30, -29, -7, -1, 0)), seconds=r.choice((-1, 0, 1)))

    def phone(k: int) -> Phone:
        thread = maybe((r.choice(NUMBERS), maybe(at()), maybe(at())))
        flags = {kind: r.random() < 0.3 for kind in KINDS}
        flags["opted_out"] |= flags["carrier_blocked"]  # the schema holds these together
        states = {k: r.choice(STATES) for k in (0, 1) if r.random() < 0.5}
        area = r.choice(("202", "617", "415"))
        consented_at = None if flags["opted_out"] else maybe(at())
        return Phone(f"+1{area}555{n * 3 + k:04}", flags, consented_at, maybe("30003"), thread, states)

    custom = {"nickname": r.choice(NAMES), "budget": r.choice((100, 250.5, 0, -1)), "moving_on": r.choice(DAYS)}
    custom |= {"first_time": r.random() < 0.5, "kind": r.choice(("House", "Flat", "Tent"))}
    texts = {name: r.choice(NAMES) for name in ("first_name", "last_name", "street", "city", "state", "zip")}
    texts |= {"property_address": r.choice(NAMES), "zone": r.choice(("", "America/New_York"))}
    texts |= {"email": r.choice(("", "maya@example.org", f"p{n}@example.org"))}
    texts |= {"source": r.choice(("member", "inbound", "import", "api", "demo"))}
    stages = {pipeline: r.choice(stages) for pipeline, stages in PIPELINES.items() if r.random() < 0.5}
    return Person(
        texts,
        at(),
        maybe(r.choice(("Dana", "Raj"))),
        {name: value for name, value in custom.items() if r.random() < 0.6},
        {tag for tag in TAGS if r.random() < 0.3},
        stages,
        [phone(k) for k in range(r.choice((0, 1, 1, 2)))],
        [NOON + timedelta(days=r.choice((-30, -3, 0, 3, 30))) for _ in range(r.choice((0, 0, 1, 2)))],
        r.random() < 0.1,
    )


async def settle(world: World, workspace_id: int, settlers: Sequence[Person]) -> Town:
    """Store *settlers* with all that filters can name. Both workspaces call their things alike."""

    async def ids(sql: str, *values: Any) -> dict[str, int]:
        return {row["name"]: row["id"] for row in await world.sql(sql, workspace_id, *values)}

    await world.sql(
        "INSERT INTO member (workspace_id, email, name, role, password_hash) "
        "SELECT $1::bigint, lower(n) || $1::bigint || '@x.org', n, 'agent', 'x' FROM unnest('{Dana,Raj}'::text[]) n "
        "WHERE NOT EXISTS (SELECT FROM member m WHERE m.workspace_id = $1 AND m.name = n)",
        workspace_id,
    )
    known = {
        "tag": await ids("INSERT INTO tag (workspace_id, name) SELECT $1, unnest($2::text[]) RETURNING id, name", TAGS),
        "member": await ids("SELECT id, name FROM member WHERE workspace_id = $1"),
        "our_number": await ids("SELECT id, address AS name FROM number WHERE workspace_id = $1"),
        "campaign": await ids(
            "INSERT INTO campaign (workspace_id, kind, name, state) "
            "SELECT $1, 'bulk', unnest('{0,1}'::text[]), 'active' RETURNING id, name"
        ),
        "pipeline": await ids(
            "INSERT INTO pipeline (workspace_id, name) SELECT $1, unnest($2::text[]) RETURNING id, name",
            list(PIPELINES),
        ),
        "stage": {},
    }
    for pipeline, stages in PIPELINES.items():
        sql = "INSERT INTO stage (workspace_id, pipeline_id, name) SELECT $1, $2, unnest($3::text[]) RETURNING id, name"
        known["stage"] |= await ids(sql, known["pipeline"][pipeline], stages)
    for own in CUSTOM:
        await world.sql(
            "INSERT INTO custom_field (workspace_id, name, label, kind, choices) VALUES ($1, $2, $3, $4, $5)",
            workspace_id, own.name.removeprefix("custom."), own.label, own.kind.removeprefix("custom_"), own.choices,
        )  # fmt: skip
    town = Town(workspace_id, list(settlers), known)
    for person in town.people:
        await _move_in(world, town, person)
    return town


async def _move_in(world: World, town: Town, person: Person) -> None:
    at, ids = town.workspace_id, town.ids
    columns = list(person.texts)
    given = ", ".join(f"${n + 6}" for n in range(len(columns)))
    person.contact_id = await world.value(
        f"INSERT INTO contact (workspace_id, owner_id, custom, created_at, deleted_at, {', '.join(columns)})"  # noqa: S608
        f" VALUES ($1, $2, $3, $4, $5, {given}) RETURNING id",
        at,
        None if person.owner is None else ids["member"][person.owner],
        json.dumps(person.custom),
        person.created_at,
        NOON if person.deleted else None,
        *(value or None if name == "zone" else value for name, value in person.texts.items()),
    )
    who = (at, person.contact_id)
    for tag in person.tags:
        await world.sql(
            "INSERT INTO contact_tag (workspace_id, contact_id, tag_id) VALUES ($1, $2, $3)", *who, ids["tag"][tag]
        )
    for pipeline, stage in person.stages.items():
        sql = "INSERT INTO contact_stage (workspace_id, contact_id, pipeline_id, stage_id) VALUES ($1, $2, $3, $4)"
        await world.sql(sql, *who, ids["pipeline"][pipeline], ids["stage"][stage])
    for moment in person.showings:
        await world.sql("INSERT INTO showing (workspace_id, contact_id, at) VALUES ($1, $2, $3)", *who, moment)
    for phone in person.phones:
        await _connect(world, town, person, phone)


async def _connect(world: World, town: Town, person: Person, phone: Phone) -> None:
    at, ids = town.workspace_id, town.ids
    endpoint = await world.value(
        "INSERT INTO endpoint (workspace_id, address, opted_out, held, carrier_blocked, consented_at, invalid_reason) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        at, phone.address, *(phone.flags[kind] for kind in KINDS), phone.consented_at, phone.invalid_reason,
    )  # fmt: skip
    sql = "INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id) VALUES ($1, $2, $3)"
    await world.sql(sql, at, person.contact_id, endpoint)
    if phone.thread is not None:
        ours, last_in, last_out = phone.thread
        await world.sql(
            "INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at, last_in_at, last_out_at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            at, endpoint, ids["our_number"][ours], max(last_in or NOON, last_out or NOON), last_in, last_out,
        )  # fmt: skip
    for campaign, state in phone.campaigns.items():
        await world.sql(
            "INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, endpoint_id, state, reason) "
            "VALUES ($1, $2, $3, $4, $5, 'told')",
            ids["campaign"][str(campaign)], endpoint, at, endpoint, state,
        )  # fmt: skip
