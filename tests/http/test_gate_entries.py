"""The gate's matrix through each way in: a thread, New Message, send later, the API to one and to several.

Each text is sent through the API as a client sends it, over the real store, and judged by T3 as it is in real life.
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
from tests.store.world import ALICE

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


ENTRIES: Final[dict[str, Send]] = {
    "thread": by_thread,
    "thread, knowing": lambda desk, thread: by_thread(desk, thread, acknowledged_opt_out=True),
    "New Message": lambda desk, thread: by_number(desk, thread, undo_s=5),
    "New Message, knowing": lambda desk, thread: by_number(desk, thread, acknowledged_opt_out=True),
    "send later": later,
    "send later, knowing": lambda desk, thread: later(desk, thread, acknowledged_opt_out=True),
    "API to one": by_contact,
    "API to several": several,
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
T, TK, N, NK, L, LK, ONE, MANY = ENTRIES
PASS, REFUSED = "passes", "refused"
TABLE: Final[dict[str, tuple[Any, Any, datetime, dict[str, str]]]] = {
    "nothing": (nothing, nothing, NOW, {}),
    "opted out before": (
        opted_out, nothing, NOW,
        {T: REFUSED, N: REFUSED, L: REFUSED, LK: REFUSED, ONE: REFUSED, MANY: "blocked: opted_out"},
    ),
    "opted out after it was queued": (
        nothing, opted_out, NOW,
        {**dict.fromkeys((T, TK, N, NK, ONE), "held: opted_out_meanwhile"),
         **dict.fromkeys((L, LK, MANY), "blocked: opted_out_meanwhile")},
    ),
    "held for a decision": (
        held, nothing, NOW,
        {T: REFUSED, N: REFUSED, L: REFUSED, LK: REFUSED, ONE: REFUSED, MANY: "blocked: recipient_held"},
    ),
    "held after it was queued": (
        nothing, held, NOW,
        {**dict.fromkeys((T, N, ONE), "held: recipient_held"),
         **dict.fromkeys((L, LK, MANY), "blocked: recipient_held")},
    ),
    "quiet hours": (nothing, nothing, NIGHT, dict.fromkeys((L, LK, MANY), "deferred: quiet_hours")),
    "cap reached": (capped, nothing, NOW, {MANY: "deferred: cap_reached"}),
    "no consent on record where bulk needs one": (consent_wanted, nothing, NOW, {MANY: "blocked: no_consent"}),
    "a reply": (nothing, written, NOW, dict.fromkeys((L, LK), "blocked: replied")),
    "blocked by the carrier": (
        nothing, with_endpoint("carrier_blocked = true, opted_out = true"), NOW,
        dict.fromkeys(ENTRIES, "blocked: carrier_blocked"),
    ),
    "a number that gets no texts": (
        nothing, with_endpoint("invalid_reason = '30006'"), NOW, dict.fromkeys(ENTRIES, "blocked: invalid_number"),
    ),
}  # fmt: skip


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
    due_in = timedelta(hours=1) if entry in (L, LK) else timedelta(seconds=10)
    [verdict] = await desk.world.answers(now=now + due_in)
    told = PASS if isinstance(verdict, Authorised) else f"{verdict.verdict}: {verdict.reason}"
    assert told == expected
