"""Whether all who tell of a campaign that has ended tell the same: pages, channel, file, sums, rows, journals."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httpx2

from tests.bulk.people import client_of
from tests.campaign.figures import Between, Told, differences, of_export, of_minutes, of_reasons, parts_differ
from tests.campaign.handsets import Journal
from tests.campaign.people import CAMPAIGNS
from tests.crash.ground import Ground
from tools.ledger_facts import Ledger, Receipt, read_ledger

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SUMS: Final = "SELECT (to_jsonb(s) - 'moved_at')::text AS told FROM campaign_sums($1) s"
_RECOUNT: Final = "SELECT to_jsonb(s)::text AS told FROM campaign_recount($1) s"
_ROWS: Final = """
SELECT e.address, r.state, r.delivery, r.replied_at, r.opted_out_at, r.clicked_at
FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id WHERE r.campaign_id = $1
"""
_ATTEMPTS: Final = "SELECT id::text AS id FROM attempt WHERE klass = 'bulk'"
_FAILED: Final = ("undelivered", "failed")
_THROTTLED: Final = 429


@dataclass(frozen=True, slots=True)
class Pages:
    """What the API tells of one campaign. `export`: the text of the file."""

    one: dict[str, Any]
    listed: dict[str, Any]
    minutes: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    clicks: list[dict[str, Any]]
    export: str


async def pages_of(ground: Ground, campaign_id: int) -> Pages:
    async with client_of(ground) as client:
        told = partial(_told, client, f"{CAMPAIGNS}/{campaign_id}")
        listed = (await client.get(CAMPAIGNS)).json()["rows"]
        export = (await client.get(f"{CAMPAIGNS}/{campaign_id}/export.csv")).text
        minutes, reasons, clicks = [(await told(rest))["rows"] for rest in ("/minutes", "/reasons", "/clicks")]
        row = next(row for row in listed if row["id"] == campaign_id)
        return Pages(await told(""), row, minutes, reasons, clicks, export)


async def _told(client: httpx2.AsyncClient, path: str, rest: str) -> dict[str, Any]:
    told: dict[str, Any] = (await client.get(path + rest)).raise_for_status().json()
    return told


async def figures_differ(ground: Ground, campaign_id: int, pages: Pages, live: Told | None) -> list[str]:
    """Dashboard = list = channel = export = sums = a recount of rows; minutes and reasons add up to them."""
    figures = pages.one["figures"]
    places: dict[str, Told] = {"the dashboard": figures, "the list": pages.listed["figures"]}
    places |= {} if live is None else {"the channel": live}
    places["the export"] = of_export(pages.export)
    for place, query in (("the sums", _SUMS), ("the recount", _RECOUNT)):
        told = await ground.store.call(partial(_value, query, campaign_id))
        places[place] = json.loads(told) | {"audience": figures["audience"]}
    wrong = differences(places)
    wrong += parts_differ("the minutes", of_minutes(pages.minutes), figures)
    wrong += parts_differ("the reasons", of_reasons(pages.reasons), figures)
    if left := figures["pending"] + figures["in_flight"]:
        wrong.append(f"{left} recipients are open at the end.")
    return wrong


async def _value(query: str, campaign_id: int, connection: Connection) -> Any:
    return await connection.fetchval(query, campaign_id)


# What the journals say


@dataclass(frozen=True, slots=True)
class Sent:
    """By the carrier's own journal, of the campaign's texts; addresses, and the segments of each that was taken."""

    accepted: Mapping[str, int]
    delivered: Between
    undelivered: Between
    rejected: frozenset[str]
    unknown: frozenset[str]
    twice: frozenset[str]
    heard_of: frozenset[str]


def sent(ledger: Ledger, attempts: frozenset[str]) -> Sent:
    accepted = [line for line in ledger.accepted if line.attempt in attempts]
    times = Counter(line.to for line in accepted)
    receipts = defaultdict[str, list[Receipt]](list)
    for receipt in ledger.receipts:
        receipts[receipt.sid].append(receipt)
    taken = {line.to: {one.status for one in receipts[line.sid] if one.taken} for line in accepted}
    delivered = {to for to, statuses in taken.items() if "delivered" in statuses}
    undelivered = {to for to, statuses in taken.items() if statuses.intersection(_FAILED)}
    unheard = set(times) - delivered - undelivered
    last = {line.to: line for line in ledger.refused if line.attempt in attempts and line.to not in times}
    return Sent(
        accepted={line.to: line.segments for line in accepted},
        delivered=Between(delivered, unheard),
        undelivered=Between(undelivered, unheard),
        rejected=frozenset(to for to, line in last.items() if line.proven and line.told != _THROTTLED),
        unknown=frozenset(to for to, line in last.items() if not line.proven),
        twice=frozenset(to for to, number in times.items() if number > 1),
        heard_of=frozenset(to for to, statuses in taken.items() if statuses),
    )


async def journals_differ(ground: Ground, campaign_id: int, pages: Pages, handsets: Journal) -> list[str]:
    """What the carrier took, refused and told of, and what people did, is what the rows say of each address."""
    attempts = frozenset(row["id"] for row in await ground.store.call(lambda c: c.fetch(_ATTEMPTS)))
    rows = await ground.store.call(lambda c: c.fetch(_ROWS, campaign_id))
    carrier = sent(read_ledger(ground.out / "ledger.jsonl"), attempts)

    def who(condition: Callable[[Any], object]) -> set[str]:
        return {row["address"] for row in rows if condition(row)}

    wired = who(lambda row: row["state"] == "wired")
    unheard = set(carrier.accepted) - carrier.heard_of
    wrong = Between(carrier.heard_of, unheard).objections("were sent the text", wired)
    wrong += Between(carrier.rejected).objections("were refused", who(lambda row: row["state"] == "rejected"))
    unconfirmed = who(lambda row: row["state"] == "unconfirmed")
    wrong += Between(carrier.unknown, unheard).objections("are unknown", unconfirmed)
    wrong += carrier.delivered.objections("have it", who(lambda row: row["delivery"] == "delivered"))
    wrong += carrier.undelivered.objections("could not be reached", who(lambda row: row["delivery"] == "undelivered"))
    wrong += Between(handsets.replied).objections("replied", who(lambda row: row["replied_at"]))
    stops = Between(handsets.stopped, handsets.stopped_early)
    wrong += stops.objections("opted out", who(lambda row: row["opted_out_at"]))
    wrong += Between(handsets.clicked).objections("followed their link", who(lambda row: row["clicked_at"]))
    wrong += [f"{len(carrier.twice)} got it twice, such as {min(carrier.twice)}."] if carrier.twice else []
    segments = sum(carrier.accepted[to] for to in wired if to in carrier.accepted)
    if segments != pages.one["figures"]["segments"]:
        wrong.append(f"The carrier took {segments} segments, the page says {pages.one['figures']['segments']}.")
    return wrong + clicks_differ(pages, handsets)


def clicks_differ(pages: Pages, handsets: Journal) -> list[str]:
    """By where links lead: people, their visits, and what only looks."""
    bots = Counter[str]()
    for row in pages.clicks:
        bots.update({bot["reason"]: bot["visits"] for bot in row["bots"]})
    told = sum(row["people"] for row in pages.clicks), sum(row["visits"] for row in pages.clicks), bots
    known = len(handsets.clicked), handsets.visits, handsets.bots
    return [] if told == known else [f"The clicks are {told}, those that were made {known}."]
