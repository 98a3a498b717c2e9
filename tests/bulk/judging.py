"""Judges a text to many: by the judge of all runs, by the carrier's ledger, and by what members are told of it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import trio

from tests.bulk.people import client_of
from tests.crash.ground import Ground, judge
from tests.crash.killer import KillLog
from tools.ledger_facts import read_ledger

STATES: Final = ("excluded", "pending", "in_flight", "wired", "rejected", "unconfirmed", "skipped")
_POLL_EVERY_S: Final = 0.1
_SHOWN: Final = 20

# One statement is one moment: the sum, the recount by the texts, and texts that no recipient answers for.
_SUMS: Final = """
SELECT c.audience, c.state, c.launched_at IS NOT NULL AS launched,
       count(r.*) FILTER (WHERE r.state = ANY ($1)) AS rows,
       count(*) FILTER (WHERE r.thread_id IS NOT NULL AND r.state IS DISTINCT FROM recipient_state(m.state)) AS astray,
       count(*) FILTER (WHERE r.state = 'pending') AS pending,
       count(*) FILTER (WHERE r.state = 'in_flight') AS in_flight,
       count(*) FILTER (WHERE r.state = 'excluded') AS excluded,
       (SELECT to_jsonb(s) - 'moved_at' FROM campaign_sums(c.id) s)::text AS kept,
       (SELECT to_jsonb(s) FROM campaign_recount(c.id) s)::text AS counted
FROM campaign c LEFT JOIN campaign_recipient r ON r.campaign_id = c.id
LEFT JOIN message m ON m.thread_id = r.thread_id AND m.seq = r.seq
WHERE c.kind = $2 GROUP BY c.id
"""
LEFT: Final = """
SELECT r.state, e.address FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id WHERE r.state <> 'excluded'
"""
_ATTEMPTS: Final = "SELECT id::text AS id FROM attempt WHERE klass = 'bulk'"
_TEXTS: Final = """
SELECT (SELECT count(*) FROM message WHERE klass = 'bulk')
     - (SELECT count(*) FROM campaign_recipient WHERE thread_id IS NOT NULL)
"""


@dataclass
class Seen:
    """What the poll saw. `done`: recipients of whom it is decided, `tried` by a text; `wrong` are sentences."""

    polls: int = 0
    state: str = ""
    launched: bool = False
    done: int = 0
    tried: int = 0
    most_ahead: int = 0
    wrong: list[str] = field(default_factory=list)


async def poll(ground: Ground, seen: Seen, kind: str = "bulk") -> None:
    """Whether the sums of texts to many of this *kind* hold at every moment, until cancelled."""
    while True:
        rows = await ground.store.call(lambda c: c.fetch(_SUMS, list(STATES), kind))
        for row in rows:
            seen.polls += 1
            seen.state, seen.launched = row["state"], row["launched"]
            seen.done = row["rows"] - row["pending"] - row["in_flight"] if row["launched"] else 0
            seen.tried = max(seen.done - row["excluded"], 0)
            seen.most_ahead = max(seen.most_ahead, row["in_flight"])
            if row["launched"] and row["rows"] != row["audience"]:
                seen.wrong.append(f"{row['rows']} recipients of {row['audience']}")
            if row["kept"] != row["counted"]:
                seen.wrong.append(f"The sums are {row['kept']}, the rows {row['counted']}")
            if row["astray"]:
                seen.wrong.append(f"{row['astray']} recipients are elsewhere than their texts")
        await trio.sleep(_POLL_EVERY_S)


async def figures_differ(ground: Ground) -> list[str]:
    """Dashboard = list = export = a recount of rows, of which none is open."""
    async with client_of(ground) as client:
        [listed] = (await client.get("/api/v1/bulk")).json()["rows"]
        one = (await client.get(f"/api/v1/bulk/{listed['id']}")).json()
        export = (await client.get(f"/api/v1/bulk/{listed['id']}/recipients.csv")).text.splitlines()[1:]
    rows = await ground.store.call(lambda c: c.fetch("SELECT state, delivery FROM campaign_recipient"))
    counted = Counter(row["state"] for row in rows)
    exported = Counter(line.split(",")[2].replace(" ", "_") for line in export)
    for delivery in ("sent", "delivered", "undelivered"):
        exported["wired"] += exported.pop(delivery, 0)
    told = {state: one[state] for state in STATES if one[state]}
    wrong = [] if listed == one else ["The list and the page tell different figures."]
    if told != {state: counted[state] for state in STATES if counted[state]}:
        wrong.append(f"The page tells {told}, the rows {dict(counted)}.")
    if told != {state: exported[state] for state in STATES if exported[state]}:
        wrong.append(f"The page tells {told}, the export {dict(exported)}.")
    if left := counted["pending"] + counted["in_flight"]:
        wrong.append(f"{left} recipients are open at the end.")
    return wrong


async def sent_astray(ground: Ground) -> list[str]:
    """By the carrier's ledger: each recipient at most once, nobody who is no recipient, and all who count as wired."""
    bulk = {row["id"] for row in await ground.store.call(lambda c: c.fetch(_ATTEMPTS))}
    sent = Counter(line.to for line in read_ledger(ground.out / "ledger.jsonl").accepted if line.attempt in bulk)
    rows = await ground.store.call(lambda c: c.fetch(LEFT))
    wired = {row["address"] for row in rows if row["state"] == "wired"}
    unconfirmed = {row["address"] for row in rows if row["state"] == "unconfirmed"}
    wrong = [f"{address} got it {times} times." for address, times in sent.items() if times > 1]
    if lost := wired - set(sent):
        wrong.append(f"{len(lost)} count as wired, and the carrier never took them.")
    if strangers := set(sent) - wired - unconfirmed:
        wrong.append(f"{len(strangers)} got it and do not count as wired.")
    if extra := await ground.value(_TEXTS):
        wrong.append(f"{extra} texts more than recipients have one.")
    return wrong


async def verdict(ground: Ground, log: KillLog, seen: Seen, stops: int, wrong: list[str]) -> int:
    """Print the judge's line with the recipients' figures; 0 where nothing is wrong."""
    code, line, told = judge(ground, "--kills", str(log.path))
    rows = await ground.store.call(lambda c: c.fetch("SELECT state FROM campaign_recipient"))
    counted = Counter(row["state"] for row in rows)
    more: dict[str, Any] = {
        "recipients": {state: counted[state] for state in STATES}, "stops": stops, "polls": seen.polls,
        "most_ahead": seen.most_ahead, "wrong": len(wrong),
    }  # fmt: skip
    for sentence in wrong[:_SHOWN]:
        say(sentence)
    print(json.dumps(told | more) if told else line, flush=True)
    return 1 if code or wrong else 0


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
