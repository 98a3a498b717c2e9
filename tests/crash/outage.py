"""The outage run: texts come while PostgreSQL is away; the carrier does not try again, and the sweep finds them all."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx2
import trio

from server.domain.gate import MessageClass
from server.ports import EnqueueMt
from server.store import embedded
from tests.crash.cast import OTHERS, SLOW, STOPPERS
from tests.crash.ground import Ground, dump, judge, open_ground, settled, until
from tests.crash.processes import RunFailed
from tools.ledger_facts import read_ledger

TEXTS: Final = 50
OFFERS: Final = 50  # at 10/s
_POSTED_WITHIN_S: Final = 90.0  # a webhook that hangs costs the carrier its 15 s, and eight are posted at once
_SWEPT_WITHIN_S: Final = 60.0


def run(seconds: float, out: Path) -> int:
    """Returns the exit code; the last line printed is the judge's."""
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)  # our own store's pool, too, misses its database
    return trio.run(_run, seconds, out)


async def _run(seconds: float, out: Path) -> int:
    async with open_ground(out) as ground:
        await ground.server.start()
        await ground.server.ready()
        await _queue_offers(ground)
        await _write_in_an_outage(ground, seconds)
        if not await until(lambda: _all_stored(ground), _SWEPT_WITHIN_S):
            _say(f"Not all texts were stored within {_SWEPT_WITHIN_S:g} s of the outage's end.")
        if not await settled(ground, _SWEPT_WITHIN_S):
            _say(f"The texts that waited had not all left within {_SWEPT_WITHIN_S:g} s.")
        await ground.server.stop()
        dump(ground)
        code, line, _ = judge(ground)
        unheard = [
            mo for mo in read_ledger(out / "ledger.jsonl").mos if mo.answered != httpx2.codes.SERVICE_UNAVAILABLE
        ]
        if unheard:
            _say(f"{len(unheard)} webhooks were not told 503: the server must stay and say so.")
        print(line, flush=True)
        return 1 if code or unheard else 0


async def _write_in_an_outage(ground: Ground, seconds: float) -> None:
    """Texts spread over the time that the database is away; it comes back once each webhook had its answer."""
    await trio.to_thread.run_sync(ground.postgres.stop)
    began = trio.current_time()
    for n in range(TEXTS):
        await trio.sleep_until(began + seconds * n / TEXTS)
        await _write_in(ground, n)
    await trio.sleep_until(began + seconds)
    if not await until(lambda: _all_posted(ground), _POSTED_WITHIN_S):
        raise RunFailed("The carrier did not post all its webhooks.")
    ground.postgres = await trio.to_thread.run_sync(embedded.start, ground.folder)


async def _queue_offers(ground: Ground) -> None:
    """More than leaves before the database goes away: the sender shall go on by itself."""
    now = datetime.now(UTC)
    slow = [contact for contact in ground.cast.of([*STOPPERS, *OTHERS]) if contact.number == SLOW]
    for nth in range(OFFERS // len(slow) + 1):
        body = f"Offer {nth}"
        mts = [EnqueueMt(1, c.thread_id, uuid4(), b"", MessageClass.BULK, body, 1, now, 1) for c in slow]
        await ground.store.ledger.enqueue_bulk(mts)


async def _write_in(ground: Ground, n: int) -> None:
    contact = list(ground.cast.contacts.values())[n]
    mo = {"from": contact.address, "to": contact.number, "body": f"Is anybody there? {n}"}
    await ground.carrier.control(mo=mo)


async def _all_posted(ground: Ground) -> bool:
    counts = (await ground.carrier.control())["ledger"]
    return bool(counts.get("mo", 0) >= TEXTS)


async def _all_stored(ground: Ground) -> bool:
    return bool(await ground.value("SELECT count(*) >= 50 FROM message WHERE direction = 'in'"))


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
