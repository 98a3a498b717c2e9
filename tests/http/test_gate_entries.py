"""The gate's matrix through each way in: a thread, New Message, send later, bulk, the API to one and to several.

Each text is sent through the API as a client sends it, over the real store, and judged by T3 as it is in real life.
What is stored of it is what T3 answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final
from uuid import uuid4

import pytest

from server.ports import Authorised
from server.ports.compose import Wanted
from tests.http.house import NOW
from tests.http.test_compose import Desk
from tests.http.test_compose import desk as desk
from tests.store.world import ALICE, BOB

pytestmark = pytest.mark.integration

NIGHT: Final = NOW.replace(hour=4) + timedelta(days=1)  # 23:00 in Washington
Send = Callable[[Desk, int], Awaitable[Any]]


async def by_thread(desk: Desk, thread: int, **more: Any) -> Any:
    body = {"cmd_id": str(uuid4()), "body": "Hello", **more}
    return await desk.browser.post(f"/api/v1/threads/{thread}/messages", body)


async def by_number(desk: Desk, thread: int, **more: Any) -> Any:
    return await desk.text(to=ALICE, **more)


async def by_contact(desk: Desk, thread: int, **more: Any) -> Any:
    contact = await desk.world.value("SELECT contact_id FROM contact_phone")
    return await desk.text(contact_id=contact, **more)


async def later(desk: Desk, thread: int, **more: Any) -> Any:
    at = desk.house.clock.wall_time + timedelta(hours=1)
    return await desk.text(thread_id=thread, send_at=at.isoformat(), cancel_on_reply=True, **more)


async def several(desk: Desk, thread: int, **more: Any) -> Any:
    return await desk.batch({"to": ALICE})


async def bulk(desk: Desk, thread: int, **more: Any) -> Any:
    """To her and to Bob, whom nothing hinders, so that there is somebody to launch it for."""
    await desk.world.store.compose.open_threads(1, [Wanted(uuid4(), address=BOB)], None, NOW)
    await desk.world.sql("UPDATE endpoint SET consented_at = now() WHERE address = $1", BOB)
    ids = [row["contact_id"] for row in await desk.world.sql("SELECT contact_id FROM contact_phone")]
    text = {"audience": {"contact_ids": ids}, "body": "Hello"}
    preview = await desk.browser.post("/api/v1/bulk/preview", text)
    launch = {"cmd_id": str(uuid4()), "expected_count": preview.json["recipients"]}
    answer = await desk.browser.post("/api/v1/bulk", text | launch)
    while await desk.world.store.bulk_engine.advance(answer.json["bulk_id"], desk.house.clock.wall_time):
        pass
    return answer


ENTRIES: Final[dict[str, Send]] = {
    "thread": by_thread,
    "thread, knowing": lambda desk, thread: by_thread(desk, thread, acknowledged_opt_out=True),
    "New Message": lambda desk, thread: by_number(desk, thread, undo_s=5),
    "New Message, knowing": lambda desk, thread: by_number(desk, thread, acknowledged_opt_out=True),
    "send later": later,
    "send later, knowing": lambda desk, thread: later(desk, thread, acknowledged_opt_out=True),
    "API to one": by_contact,
    "API to several": several,
    "bulk": bulk,
}


async def nothing(desk: Desk) -> None:
    pass


async def opted_out(desk: Desk) -> None:
    await desk.world.stop()


async def held(desk: Desk) -> None:
    await desk.world.receive("Hm, enough?", keyword="AMBIGUOUS")


async def written(desk: Desk) -> None:
    await desk.world.receive("I am free at four")


def with_endpoint(change: str) -> Callable[[Desk], Awaitable[None]]:
    async def prepare(desk: Desk) -> None:
        await desk.world.sql(f"UPDATE endpoint SET {change}")  # noqa: S608 - of this table

    return prepare


async def capped(desk: Desk) -> None:
    await desk.world.sql("UPDATE workspace SET bulk_cap_texts = 1, bulk_cap_window = '1 day'")
    await desk.batch({"to": ALICE})
    assert await desk.world.authorise(now=NOW)


async def consent_wanted(desk: Desk) -> None:
    await desk.world.sql("UPDATE workspace SET opt_in_required = true")


# What stands in the way: before the text is sent, after it, and by which clock; then the answer for each way in, in the
# order of ENTRIES. refused: 409, nothing is queued.
T, TK, N, NK, L, LK, ONE, MANY, BULK = ENTRIES
PASS, REFUSED = "passes", "refused"
OVERDUE: Final = "its validity has passed"
TABLE: Final[dict[str, tuple[Any, Any, datetime, dict[str, str]]]] = {
    "nothing": (nothing, nothing, NOW, {}),
    "opted out before": (
        opted_out, nothing, NOW,
        {T: REFUSED, N: REFUSED, L: REFUSED, LK: REFUSED, ONE: REFUSED, MANY: "blocked: opted_out",
         BULK: "excluded: opted_out"},
    ),
    "opted out after it was queued": (
        nothing, opted_out, NOW,
        {**dict.fromkeys((T, TK, N, NK, ONE), "held: opted_out_meanwhile"),
         **dict.fromkeys((L, LK, MANY, BULK), "blocked: opted_out_meanwhile")},
    ),
    "held for a decision": (
        held, nothing, NOW,
        {T: REFUSED, N: REFUSED, L: REFUSED, LK: REFUSED, ONE: REFUSED, MANY: "blocked: recipient_held",
         BULK: "excluded: held"},
    ),
    "held after it was queued": (
        nothing, held, NOW,
        {**dict.fromkeys((T, N, ONE), "held: recipient_held"),
         **dict.fromkeys((L, LK, MANY, BULK), "blocked: recipient_held")},
    ),
    "quiet hours": (nothing, nothing, NIGHT, dict.fromkeys((L, LK, MANY, BULK), "deferred: quiet_hours")),
    "cap reached": (capped, nothing, NOW, dict.fromkeys((MANY, BULK), "deferred: cap_reached")),
    "no consent on record where bulk needs one": (
        consent_wanted, nothing, NOW, {MANY: "blocked: no_consent", BULK: "excluded: no_consent"},
    ),
    "a consent is wanted after it was queued": (
        nothing, consent_wanted, NOW, dict.fromkeys((MANY, BULK), "blocked: no_consent"),
    ),
    "a reply": (nothing, written, NOW, dict.fromkeys((L, LK), "blocked: replied")),
    "blocked by the carrier": (
        nothing, with_endpoint("carrier_blocked = true, opted_out = true, consented_at = NULL"), NOW,
        dict.fromkeys(ENTRIES, "blocked: carrier_blocked"),
    ),
    "a number that gets no texts": (
        nothing, with_endpoint("invalid_reason = '30006'"), NOW, dict.fromkeys(ENTRIES, "blocked: invalid_number"),
    ),
    "a number that got none before": (
        with_endpoint("invalid_reason = '30006'"), nothing, NOW,
        {**dict.fromkeys(ENTRIES, "blocked: invalid_number"), BULK: "excluded: invalid_number"},
    ),
    OVERDUE: (nothing, nothing, NOW, dict.fromkeys(ENTRIES, "blocked: expired")),
}  # fmt: skip
STORED: Final = """
SELECT m.state, m.error_code, o.state AS box, o.reason FROM message m LEFT JOIN outbox o USING (thread_id, seq)
WHERE m.thread_id = $1 AND m.direction = 'out' ORDER BY m.seq DESC LIMIT 1
"""
ENDED: Final = {"replied": "cancelled", "expired": "expired"}  # what a text that was blocked for it is called
RECIPIENT: Final = """
SELECT r.state, r.reason FROM campaign_recipient r LEFT JOIN endpoint e ON e.id = r.endpoint_id
WHERE coalesce(e.address, r.given) = $1
"""


async def stored(desk: Desk, thread: int) -> str:
    """What stands in the database of the text that was written last."""
    [row] = await desk.world.sql(STORED, thread)
    match row["box"]:
        case "sending":
            return PASS
        case "queued":
            return f"deferred: {row['reason']}"
        case "held":
            return f"{row['state']}: {row['reason']}"
    assert row["state"] == ENDED.get(row["error_code"], "blocked")
    return f"blocked: {row['error_code']}"


def in_words(verdict: Any) -> str:
    return PASS if isinstance(verdict, Authorised) else f"{verdict.verdict}: {verdict.reason}"


@pytest.mark.parametrize(
    ("situation", "entry"), [pytest.param(s, e, id=f"{s}, {e}") for s, e in product(TABLE, ENTRIES)]
)
async def test_the_gates_matrix_through_each_way_in(desk: Desk, situation: str, entry: str) -> None:
    before, after, now, objections = TABLE[situation]
    desk.house.clock.wall_time = now
    thread = (await desk.world.receive("Hello")).thread_id
    await desk.world.store.compose.open_threads(1, [Wanted(uuid4(), address=ALICE)], None, NOW)
    await before(desk)
    answer = await ENTRIES[entry](desk, thread)
    expected = objections.get(entry, PASS)
    if expected == REFUSED:
        assert (answer.status, answer.json["code"]) == (409, "opted_out")
        assert await desk.world.queued() == []
        return
    assert answer.status == 202, answer.body
    await after(desk)
    if not expected.startswith("excluded"):
        due_in = (
            timedelta(days=8) if situation == OVERDUE else timedelta(hours=1 if entry in (L, LK) else 0, seconds=10)
        )
        [row] = await desk.world.sql("SELECT id FROM outbox WHERE thread_id = $1 AND state = 'queued'", thread)
        [verdict] = await desk.world.answers(now=now + due_in, rows=[row["id"]])
        assert (in_words(verdict), await stored(desk, thread)) == (expected, expected)
    if entry == BULK:
        [recipient] = await desk.world.sql(RECIPIENT, ALICE)
        kind, _, reason = expected.partition(": ")
        standing = {"blocked": ("skipped", reason), "excluded": ("excluded", reason)}
        assert tuple(recipient) == standing.get(kind, ("in_flight", None))
