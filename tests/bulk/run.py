"""A text to many, from the launch to the last receipt, with what goes wrong in between; and whether its sums held."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx2
import trio

from tests.crash.cast import FAST
from tests.crash.ground import Ground, judge, open_ground, settled, until
from tests.crash.processes import RunFailed
from tools.ledger_facts import read_ledger

FAULT_RATE: Final = 0.02
FAULTS: Final = [
    "accept_500", "accept_cut", "accept_reset", "accept_close", "accept_garbage", "refuse_500", "refuse_reset",
    "throttle", "opted_out", "opted_out_receipt", "invalid", "receipts_twice", "receipts_reversed", "receipts_early",
]  # fmt: skip
BODY: Final = "Hi {{first_name}}, our open house is on Sunday at 2. Shall I keep a spot for you?"
STATES: Final = ("excluded", "pending", "in_flight", "wired", "rejected", "unconfirmed", "skipped")
POLL_EVERY_S: Final = 0.05
WITHIN_S: Final = 600.0
_AREAS: Final = [code for code in range(300, 1000) if code % 100 != 11 and code != 802]

_PEOPLE: Final = """
WITH given AS (SELECT a.address, a.n FROM unnest($1::text[]) WITH ORDINALITY AS a (address, n)),
numbers AS (INSERT INTO endpoint (workspace_id, address) SELECT 1, address FROM given ORDER BY n RETURNING id, address),
made AS (INSERT INTO contact (workspace_id, first_name) SELECT 1, 'Person ' || n FROM given ORDER BY n RETURNING id)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN given g USING (n) JOIN numbers e ON e.address = g.address
RETURNING contact_id
"""
# One statement is one moment: the sum, the recount by the texts, and texts that no recipient answers for.
_SUMS: Final = """
SELECT c.audience, c.state, c.launched_at IS NOT NULL AS launched,
       count(r.*) FILTER (WHERE r.state = ANY ($1)) AS rows,
       count(*) FILTER (WHERE r.thread_id IS NOT NULL AND r.state IS DISTINCT FROM recipient_state(m.state)) AS astray,
       count(*) FILTER (WHERE r.state = 'wired') AS wired, count(*) FILTER (WHERE r.state = 'pending') AS pending,
       count(*) FILTER (WHERE r.state = 'in_flight') AS in_flight
FROM campaign c LEFT JOIN campaign_recipient r ON r.campaign_id = c.id
LEFT JOIN message m ON m.thread_id = r.thread_id AND m.seq = r.seq
WHERE c.kind = 'bulk' GROUP BY c.id
"""
_LEFT: Final = """
SELECT r.state, e.address FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id WHERE r.state <> 'excluded'
"""


_ATTEMPTS: Final = "SELECT id::text AS id FROM attempt WHERE klass = 'bulk'"


@dataclass(frozen=True, slots=True)
class Wish:
    recipients: int
    stops: int
    kills: int
    rate: float
    seed: int


@dataclass
class Seen:
    """What the poll saw. `wrong` are sentences."""

    polls: int = 0
    wired: int = 0
    state: str = ""
    most_ahead: int = 0
    wrong: list[str] = field(default_factory=list)


def run(wish: Wish, out: Path) -> int:
    """Returns the exit code; the last line printed is the judge's."""
    return trio.run(_run, wish, out)


async def _run(wish: Wish, out: Path) -> int:
    rng, began = Random(wish.seed), time.monotonic()  # noqa: S311 - chance to be repeated, no secret
    async with open_ground(out, "--seed", str(wish.seed), "--fault-rate", str(FAULT_RATE)) as ground:
        await ground.carrier.control(faults={"kinds": FAULTS})
        ids = await _people(ground, wish)
        await ground.server.start()
        await ground.server.ready()
        await _launch(ground, ids)
        _say(f"launched after {time.monotonic() - began:.1f} s")
        seen = Seen()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_poll, ground, seen)
            nursery.start_soon(_interfere, ground, wish, seen, rng)
            if not await until(lambda: _ended(seen), WITHIN_S):
                raise RunFailed(f"It had not ended after {WITHIN_S:g} s: {seen}")
            _say(f"ended after {time.monotonic() - began:.1f} s, {seen.polls} polls, {seen.most_ahead} queued at most")
            if not await settled(ground, WITHIN_S):
                raise RunFailed("The carrier did not come to rest.")
            nursery.cancel_scope.cancel()
        wrong = [*seen.wrong, *await _figures_differ(ground)]
        await ground.server.stop()
        wrong += await _sent_astray(ground, out)
        return _verdict(ground, wrong)


async def _people(ground: Ground, wish: Wish) -> list[int]:
    addresses = [f"+1{area}55501{n:02}" for area in _AREAS for n in range(100)][: wish.recipients]
    rows = await ground.store.call(lambda c: c.fetch(_PEOPLE, addresses))
    await ground.store.call(lambda c: c.execute("UPDATE number SET rate = $1, burst = 5 WHERE id = 2", wish.rate))
    # some have opted out before: they are excluded
    await ground.store.call(
        lambda c: c.execute("UPDATE endpoint SET opted_out = true WHERE id % 97 = 0 AND address LIKE '+1___55501__'")
    )
    return [row["contact_id"] for row in rows]


async def _launch(ground: Ground, ids: list[int]) -> None:
    """By the API, as a browser does; the same click twice."""
    headers = {"Origin": ground.server.url, "X-CSRF": "1"}
    cookies = {"threadline": ground.cast.session}
    async with httpx2.AsyncClient(
        base_url=ground.server.url, headers=headers, cookies=cookies, timeout=60, trust_env=False
    ) as client:
        text: dict[str, Any] = {"audience": {"contact_ids": ids}, "body": BODY, "number_id": 2}
        preview = await client.post("/api/v1/bulk/preview", json=text)
        count, cmd_id = preview.json()["recipients"], str(uuid4())
        for _ in range(2):
            answer = await client.post("/api/v1/bulk", json=text | {"cmd_id": cmd_id, "expected_count": count})
            if answer.status_code != httpx2.codes.ACCEPTED:
                raise RunFailed(f"The launch was answered {answer.status_code}: {answer.text}")


async def _poll(ground: Ground, seen: Seen) -> None:
    while True:
        rows = await ground.store.call(lambda c: c.fetch(_SUMS, list(STATES)))
        for row in rows:
            seen.polls += 1
            seen.wired, seen.state = row["wired"], row["state"]
            seen.most_ahead = max(seen.most_ahead, row["in_flight"])
            if row["launched"] and row["rows"] != row["audience"]:
                seen.wrong.append(f"{row['rows']} recipients of {row['audience']}")
            if row["astray"]:
                seen.wrong.append(f"{row['astray']} recipients are elsewhere than their texts")
        await trio.sleep(POLL_EVERY_S)


async def _ended(seen: Seen) -> bool:
    return seen.state == "completed"


async def _interfere(ground: Ground, wish: Wish, seen: Seen, rng: Random) -> None:
    """STOPs in the middle, most of them of people who wait for their text; kills spread over all of it."""
    await _reached(seen, wish.recipients // 3)
    rows = await ground.store.call(lambda c: c.fetch(_LEFT))
    waiting = [row["address"] for row in rows if row["state"] in ("pending", "in_flight")]
    served = [row["address"] for row in rows if row["state"] == "wired"]
    some = min(len(served), wish.stops // 5)
    stoppers = rng.sample(served, some) + waiting[: wish.stops // 5]
    stoppers += rng.sample(waiting[wish.stops // 5 :], wish.stops - len(stoppers))
    for nth, address in enumerate(stoppers):
        await ground.carrier.control(mo={"from": address, "to": FAST, "body": "STOP"})
        if wish.kills and nth % max(1, len(stoppers) // wish.kills) == 0 and not ground.server.ended:
            await ground.server.kill()
            await ground.server.start()
            await ground.server.ready()
        await trio.sleep(0.02)


async def _reached(seen: Seen, wired: int) -> None:
    while seen.wired < wired:  # noqa: ASYNC110 - another process sends them
        await trio.sleep(POLL_EVERY_S)


# The end


async def _figures_differ(ground: Ground) -> list[str]:
    """Dashboard = list = export = a recount of rows."""
    headers, cookies = {"Origin": ground.server.url}, {"threadline": ground.cast.session}
    async with httpx2.AsyncClient(
        base_url=ground.server.url, headers=headers, cookies=cookies, timeout=60, trust_env=False
    ) as client:
        [listed] = (await client.get("/api/v1/bulk")).json()["rows"]
        one = (await client.get(f"/api/v1/bulk/{listed['id']}")).json()
        export = (await client.get(f"/api/v1/bulk/{listed['id']}/recipients.csv")).text.splitlines()[1:]
    rows = await ground.store.call(lambda c: c.fetch("SELECT state, delivery FROM campaign_recipient"))
    counted = Counter(row["state"] for row in rows)
    exported = Counter(line.split(",")[2].replace(" ", "_") for line in export)
    for delivery in ("sent", "delivered", "undelivered"):
        exported["wired"] += exported.pop(delivery, 0)
    _say(json.dumps({name: one[name] for name in ("audience", *STATES, "delivered", "undelivered", "segments")}))
    told = {state: one[state] for state in STATES if one[state]}
    wrong = [] if listed == one else ["The list and the page tell different figures."]
    if told != {state: counted[state] for state in STATES if counted[state]}:
        wrong.append(f"The page tells {told}, the rows {dict(counted)}.")
    if told != {state: exported[state] for state in STATES if exported[state]}:
        wrong.append(f"The page tells {told}, the export {dict(exported)}.")
    return wrong


async def _sent_astray(ground: Ground, out: Path) -> list[str]:
    """By the carrier's ledger: each recipient at most once, nobody who is no recipient, and all who count as wired."""
    bulk = {row["id"] for row in await ground.store.call(lambda c: c.fetch(_ATTEMPTS))}
    sent = Counter(line.to for line in read_ledger(out / "ledger.jsonl").accepted if line.attempt in bulk)
    rows = await ground.store.call(lambda c: c.fetch(_LEFT))
    wired = {row["address"] for row in rows if row["state"] == "wired"}
    unconfirmed = {row["address"] for row in rows if row["state"] == "unconfirmed"}
    wrong = [f"{address} got it {times} times." for address, times in sent.items() if times > 1]
    if lost := wired - set(sent):
        wrong.append(f"{len(lost)} count as wired, and the carrier never took them.")
    if strangers := set(sent) - wired - unconfirmed:
        wrong.append(f"{len(strangers)} got it and do not count as wired.")
    return wrong


def _verdict(ground: Ground, wrong: list[str]) -> int:
    code, line, _ = judge(ground)
    for sentence in wrong[:20]:
        _say(sentence)
    print(line, flush=True)
    return 1 if code or wrong else 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
