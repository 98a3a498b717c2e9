"""What people and members do while servers and PostgreSQL die: as many texts in as out, STOPs among them.

A share of everything belongs to each life of the server: most of it comes soon after the server is ready, some at any
time, and none of it minds what becomes of the server. Commands are sent again under the same `cmd_id` until they are
answered, some of them once more afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final
from uuid import UUID, uuid4

import httpx2
import trio

from server.domain.gate import MessageClass
from server.domain.segments import count
from server.ports import Enqueued, EnqueueMt, StoreUnavailable
from server.store.store import Store
from tests.crash.cast import Cast, Contact
from tests.crash.clerk import RETRY_S, Clerk
from tests.crash.processes import Carrier, RunFailed
from tests.crash.script import Deed, Offer, Reply, Script, WriteIn
from tests.crash.serving import Server

_LOOK_EVERY_S: Final = 0.01
_LIFE_S: Final = 0.6
_ANYTIME: Final = 0.15  # share that does not wait for the server
_ON_ITS_WAY_S: Final = 2.0
_AGAIN: Final = 0.2  # share of answered commands that are given once more
_TWICE: Final = 0.1  # share of webhooks that come twice


@dataclass
class Tally:
    """What was really done."""

    texts_in: int = 0
    webhooks: int = 0
    last_in: datetime | None = None  # the newest text in is no older
    stops: int = 0
    people: int = 0
    bulk: int = 0
    repeated: int = 0
    commands: dict[UUID, tuple[int, int]] = field(default_factory=dict)


class Traffic:
    """`release` lets the share of one life begin; `finish` waits until everybody was answered."""

    def __init__(
        self, cast: Cast, carrier: Carrier, server: Server, store: Store, rng: Random, lives: int, texts: int
    ) -> None:
        """*texts* go each way, spread over the server's *lives*."""
        self._carrier, self._server, self._store, self._rng = carrier, server, store, rng
        self._script = Script(cast, rng, texts)
        self.tally = Tally()
        self._open, self._last, self._all_done = 0, False, trio.Event()
        self._shares = _shares(self._script.flows(), lives)
        headers = {"Origin": server.url, "X-CSRF": "1"}
        cookies = {"threadline": cast.session}
        client = httpx2.AsyncClient(
            base_url=server.url, headers=headers, cookies=cookies, timeout=5, trust_env=False, verify=False
        )
        self._clerk = Clerk(client, rng, _opted_out)

    def release(self, nursery: trio.Nursery) -> None:
        """The share of the next life."""
        for deed in next(self._shares, []):
            self._open += 1
            nursery.start_soon(self._later, self._rng.random() > _ANYTIME, self._rng.uniform(0, _LIFE_S), deed)

    async def finish(self, nursery: trio.Nursery, within_s: float) -> None:
        """Everything that is left, to its end; a server that lived more often than planned may have left nothing."""
        self.release(nursery)
        self._last = True
        self._tell_if_done()
        with trio.move_on_after(within_s):
            await self._all_done.wait()
            return
        raise RunFailed(f"{self._open} commands and texts were not taken within {within_s:g} s.")

    async def _later(self, when_up: bool, after_s: float, deed: Deed) -> None:
        if when_up:
            await self._server.up.wait()
        await trio.sleep(after_s)
        await self._do(deed)
        self._open -= 1
        self._tell_if_done()

    def _tell_if_done(self) -> None:
        if self._last and not self._open:
            self._all_done.set()

    async def _do(self, deed: Deed) -> None:
        match deed:
            case WriteIn():
                await self._write_in(deed)
            case Reply(contact, body):
                await self._reply(contact, body)
            case Offer():
                await self._enqueue(deed)

    async def _write_in(self, text: WriteIn) -> None:
        if text.stops:
            await self._make_last_offers(text.contact)
        copies = 2 if self._rng.random() < _TWICE else 1
        contact = text.contact
        mo = {"from": contact.address, "to": contact.number, "body": text.body, "copies": copies}
        self.tally.last_in = datetime.now(UTC)
        await self._carrier.control(mo=mo)
        self.tally.texts_in += 1
        self.tally.webhooks += copies
        self.tally.stops += text.stops

    async def _make_last_offers(self, contact: Contact) -> None:
        """Until bulk is leaving for *contact* at this moment, or for some seconds."""
        seq = (await self._enqueue(self._script.last_offers(contact)))[0]
        await self._server.up.wait()
        with trio.move_on_after(_ON_ITS_WAY_S):
            while not await self._attempted(contact.thread_id, seq):  # noqa: ASYNC110  # the server sets no event of ours
                await trio.sleep(_LOOK_EVERY_S)
        await self._server.up.wait()

    async def _attempted(self, thread_id: int, seq: int) -> bool:
        sql = "SELECT EXISTS (SELECT FROM attempt WHERE thread_id = $1 AND seq = $2)"
        try:
            return bool(await self._store.call(lambda connection: connection.fetchval(sql, thread_id, seq)))
        except StoreUnavailable:
            return False

    async def _reply(self, contact: Contact, body: str) -> None:
        """A member writes through the HTTP API."""
        taken = await self._clerk.reply(contact.thread_id, body)
        self.tally.people += 1
        if taken is not None:
            self.tally.commands[taken.cmd_id] = taken.thread_id, taken.seq
            self.tally.repeated += taken.repeated

    async def _enqueue(self, offer: Offer) -> list[int]:
        """Bulk goes in through T2 on a connection of our own; the seqs that it got."""
        now = datetime.now(UTC)
        mts = [
            EnqueueMt(1, c.thread_id, uuid4(), body.encode(), MessageClass.BULK, body, count(body).count, now, 1)
            for c, body in offer.texts
        ]
        results = await self._until_taken(mts)
        if self._rng.random() < _AGAIN:
            again = await self._until_taken(mts)
            self.tally.repeated += len(mts)
            if [_place(one) for one in again] != [_place(one) for one in results]:
                raise RunFailed("Repeated bulk commands were answered in another way.")
        self.tally.commands.update({mt.cmd_id: _place(one) for mt, one in zip(mts, results, strict=True)})
        self.tally.bulk += len(mts)
        return [_place(one)[1] for one in results]

    async def _until_taken(self, mts: Sequence[EnqueueMt]) -> Sequence[object]:
        """What a lost database may have committed is told by its key the next time."""
        while True:
            try:
                return await self._store.ledger.enqueue_bulk(mts)
            except StoreUnavailable:
                await trio.sleep(RETRY_S)


def _opted_out(conflict: httpx2.Response) -> bool:
    return bool(conflict.json().get("code") == "opted_out")


def _place(result: object) -> tuple[int, int]:
    if not isinstance(result, Enqueued):
        raise RunFailed(f"Bulk was not enqueued: {result}")
    return result.thread_id, result.seq


def _shares(flows: Sequence[list[Deed]], lives: int) -> Iterator[list[Deed]]:
    """Each life's share of every flow; what division leaves over goes to the last."""
    taken = [0 for _ in flows]
    for life in range(1, lives + 1):
        share: list[Deed] = []
        for which, flow in enumerate(flows):
            end = len(flow) * life // lives
            share += flow[taken[which] : end]
            taken[which] = end
        yield share
