"""A few thousand people chosen by a seed, with all that can keep a text from them; and what the rules say of each."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from server.domain.campaigns.audience import AudienceRules, Exclusion, Phone, choose, refuse
from server.domain.campaigns.linked_text import cut, fill_links
from server.domain.campaigns.links import stand_in
from server.domain.filling import one_line_end
from server.domain.tokens import Rendered
from server.ports.campaigns import Plan
from tests.store.world import NOON, World

BLANKS = ("", " ", "\u00a0", "\u2003\t", "\u200b")  # the last one is no space to Python, and so a value
NAMES = ("Maya", "com", "io", "www", "Mary-Ann, ", " José ", "Anne-Marie", "{{x}}", "x.com", *BLANKS)
AREAS = [area for area in range(200, 1000) if area % 100 != 11]
STATES = ("draft", "scheduled", "active", "paused", "completed", "cancelled")
OPEN = ("scheduled", "active", "paused")
CAMPAIGNS = tuple(f"{state} {what}" for state in STATES for what in ("pending", "in_flight", "wired"))
COLLEAGUE = """
WITH colleague AS (
    INSERT INTO member (workspace_id, email, name, role, password_hash)
    VALUES ($1, 'lee@example.org', 'Lee', 'agent', 'x') RETURNING id
)
UPDATE number SET owner_id = colleague.id FROM colleague
WHERE number.id = (SELECT max(n.id) FROM number n WHERE n.workspace_id = $1)
"""


@dataclass
class Cell:
    """A number and what is known of it. `campaigns`: in which of CAMPAIGNS it stands. `hidden`: a text went over a
    colleague's own number.
    """

    address: str
    priority: int
    opted_out: bool
    held: bool
    carrier_blocked: bool
    invalid: bool
    consented: bool
    last_out_at: datetime | None
    campaigns: frozenset[str]
    hidden: bool = False
    endpoint_id: int = 0

    def phone(self) -> Phone:
        awaited = any(one.split()[0] in OPEN and one.split()[1] != "wired" for one in self.campaigns)
        return Phone(
            self.address, self.endpoint_id, self.opted_out, self.held, self.carrier_blocked, self.invalid,
            self.consented, self.last_out_at, awaited, self.hidden,
        )  # fmt: skip


@dataclass
class Somebody:
    cells: list[Cell]
    names: dict[str, str]
    custom: dict[str, Any]
    showings: list[tuple[datetime, str]]
    contact_id: int = 0

    def phones(self) -> list[Phone]:
        """In the order in which they are tried."""
        return [cell.phone() for cell in sorted(self.cells, key=lambda cell: (cell.priority, cell.endpoint_id))]


@dataclass
class Judgement:
    """What becomes of one: the number's id, or why there is none."""

    contact_id: int
    chosen: int | None
    reason: str | None


def crowd(seed: int, count: int) -> list[Somebody]:
    r = random.Random(seed)  # noqa: S311 - a test's
    people = [_somebody(r, n) for n in range(count)]
    for one in people:
        for cell in one.cells:
            cell.hidden = r.random() < 0.05
    return people


def _somebody(r: random.Random, n: int) -> Somebody:
    def rarely(share: float) -> bool:
        return r.random() < share

    def cell(k: int) -> Cell:
        test = not rarely(0.2)
        area, line = AREAS[n // 33], n % 33 * 3 + k
        address = (
            f"+1{area}55501{line:02}"
            if test
            else f"+1{area}{r.choice(('5550200', '5560100', '6555010'))[:-2]}{line:02}"
        )
        opted_out = rarely(0.05)
        texted = (
            NOON - timedelta(days=r.choice((0, 6, 7, 8)), microseconds=r.choice((-1, 0, 1))) if rarely(0.25) else None
        )
        campaigns = frozenset(r.sample(CAMPAIGNS, r.choice((1, 1, 2)))) if rarely(0.15) else frozenset[str]()
        return Cell(
            address, r.choice((0, 0, 1, -1, 32767, -32768)), opted_out, rarely(0.05), opted_out and rarely(0.5),
            rarely(0.2), not opted_out and rarely(0.6), texted, campaigns,
        )  # fmt: skip

    custom: dict[str, Any] = {}
    if rarely(0.8):
        custom["kind"] = r.choice(("House", *BLANKS))
    if rarely(0.8):
        custom["budget"] = r.choice((0, 250.5, 450000))
    if rarely(0.1):
        custom["first_time"] = r.choice((True, False))
    if rarely(0.5):
        custom["moving_on"] = r.choice(("2026-11-21", "2026-01-01"))
    names = {name: r.choice(NAMES) for name in ("first_name", "last_name")}
    names["property_address"] = r.choice(("12 Elm St", *BLANKS))
    showings = [
        (NOON + timedelta(days=r.choice((-1, 0, 1, 2))), r.choice(("9 Oak Ave", *BLANKS)))
        for _ in range(r.choice((0, 1, 2)))
    ]
    return Somebody([cell(k) for k in range(r.choice((0, 1, 1, 1, 2, 3)))], names, custom, showings)


async def settle(world: World, people: Sequence[Somebody], workspace: int = 1) -> None:
    """Store them; they learn their ids."""
    contacts = await world.sql(
        "INSERT INTO contact (workspace_id, first_name, last_name, property_address, custom) "
        "SELECT $1, g.* FROM unnest($2::text[], $3::text[], $4::text[], $5::jsonb[]) g RETURNING id",
        workspace,
        *([one.names[name] for one in people] for name in ("first_name", "last_name", "property_address")),
        [json.dumps(one.custom) for one in people],
    )
    for one, row in zip(people, sorted(row["id"] for row in contacts), strict=True):
        one.contact_id = row
    cells = [(one, cell) for one in people for cell in one.cells]
    rows = await world.sql(
        "INSERT INTO endpoint (workspace_id, address, opted_out, held, carrier_blocked, invalid_reason, consented_at) "
        "SELECT $1, a, o, h, b, CASE WHEN i THEN '30006' END, CASE WHEN c THEN now() END "
        "FROM unnest($2::text[], $3::bool[], $4::bool[], $5::bool[], $6::bool[], $7::bool[]) g (a, o, h, b, i, c) "
        "RETURNING id, address",
        workspace,
        *([getattr(cell, name) for _, cell in cells]
          for name in ("address", "opted_out", "held", "carrier_blocked", "invalid", "consented")),
    )  # fmt: skip
    ids = {row["address"]: row["id"] for row in rows}
    for _, cell in cells:
        cell.endpoint_id = ids[cell.address]
    await world.sql(
        "INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id, priority) "
        "SELECT $1, g.* FROM unnest($2::bigint[], $3::bigint[], $4::smallint[]) g",
        workspace,
        [one.contact_id for one, _ in cells],
        [cell.endpoint_id for _, cell in cells],
        [cell.priority for _, cell in cells],
    )
    await world.sql(COLLEAGUE, workspace)
    written = [cell for _, cell in cells if cell.hidden or cell.last_out_at is not None]
    await world.sql(
        "INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at, last_out_at) "
        "SELECT $1::bigint, g.e, (SELECT CASE WHEN g.hidden THEN max(n.id) ELSE min(n.id) END FROM number n "
        "WHERE n.workspace_id = $1), coalesce(g.at, $5), g.at "
        "FROM unnest($2::bigint[], $3::timestamptz[], $4::boolean[]) g (e, at, hidden)",
        workspace,
        [cell.endpoint_id for cell in written],
        [cell.last_out_at for cell in written],
        [cell.hidden for cell in written],
        NOON,
    )
    showings = [(one.contact_id, at, where) for one in people for at, where in one.showings]
    await world.sql(
        "INSERT INTO showing (workspace_id, contact_id, at, property_address) "
        "SELECT $1, g.* FROM unnest($2::bigint[], $3::timestamptz[], $4::text[]) g",
        workspace,
        *(list(column) for column in zip(*showings, strict=True)),
    )
    await _campaigns(world, [cell for _, cell in cells], workspace)


async def _campaigns(world: World, cells: Sequence[Cell], workspace: int) -> None:
    for name in CAMPAIGNS:
        state, what = name.split()
        campaign = await world.value(
            "INSERT INTO campaign (workspace_id, name, state, due_at) VALUES ($1, $2, $3, now()) RETURNING id",
            workspace,
            name,
            state,
        )
        its = [cell.endpoint_id for cell in cells if name in cell.campaigns]
        await world.sql(
            "INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, endpoint_id, state, thread_id, seq) "
            "SELECT $1, g.n, $2, g.e, $3, CASE WHEN $3 <> 'pending' THEN g.e END, 1 "
            "FROM unnest($4::bigint[]) WITH ORDINALITY g (e, n)",
            campaign,
            workspace,
            what,
            its,
        )
        if what == "in_flight":
            await world.sql(
                "INSERT INTO outbox (workspace_id, endpoint_id, number_id, thread_id, seq, klass, lane, campaign_id, "
                "consent_epoch, cost, due_at) "
                "SELECT $1, e, 1, e, $2, 'bulk', 2, $2, 0, 1, now() FROM unnest($3::bigint[]) e",
                workspace,
                campaign,
                its,
            )


@dataclass
class Rules:
    """What the workspace and the plan ask for, as the rules in Python take it."""

    asked: AudienceRules
    bodies: Sequence[str]
    answers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, *, opt_in_required: bool, simulated: bool) -> Rules:
        days = plan.leaving.texted_within_days
        since = None if days is None else NOON - timedelta(days=days)
        asked = AudienceRules(opt_in_required, simulated, since, plan.leaving.in_active_campaign)
        return cls(asked, [variant.body for variant in plan.variants], plan.answers)

    def judge(self, one: Somebody, values: Mapping[str, str | None], taken: set[int]) -> Judgement:
        """*taken* learns the number that was chosen."""
        chosen = choose(one.phones(), self.asked, lambda phone: phone.endpoint_id in taken)
        if isinstance(chosen, Exclusion):
            return Judgement(one.contact_id, None, chosen.value)
        if any(self._says_too_little(body, values) for body in self.bodies):
            return Judgement(one.contact_id, None, Exclusion.MISSING_VALUE.value)
        assert chosen.endpoint_id is not None
        taken.add(chosen.endpoint_id)
        return Judgement(one.contact_id, chosen.endpoint_id, None)

    def _says_too_little(self, body: str, values: Mapping[str, str | None]) -> bool:
        told = {name.lower(): answer for name, answer in self.answers.items()}
        told |= {name: value for name, value in values.items() if value and value.strip()}
        linked = fill_links(cut(one_line_end(body), values), told, lambda target: stand_in("https://go.example/l"))
        return refuse(Rendered(linked.text, linked.missing)) is Exclusion.MISSING_VALUE


def moved(people: Sequence[Somebody], givers: Sequence[int], takers: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers of some go to others; which number to whom."""
    told = []
    for giver, taker in zip(givers, takers, strict=True):
        cell = people[giver].cells.pop(0)
        people[taker].cells.append(replace(cell))
        told.append((cell.endpoint_id, people[taker].contact_id))
    return told
