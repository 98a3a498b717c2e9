"""What people and members do while servers and PostgreSQL die: as many texts in as out, STOPs among them.

A share of everything belongs to each life of the server: most of it comes soon after the server is ready, some at any
time, and none of it minds what becomes of the server. Commands are sent again under the same `cmd_id` until they are
answered, some of them once more afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import trio

from server.domain.gate import MessageClass
from server.domain.segments import count
from server.ports import Enqueued, EnqueueMt, StoreUnavailable
from server.store.store import Store
from tests.crash.cast import HANGING, ODD, OTHERS, STOPPERS, Cast, Contact
from tests.crash.processes import Carrier, RunFailed
from tests.crash.serving import Server

TEXTS_AT_LEAST: Final = 240
TEXTS_FOR_EACH: Final = 5  # kill
RETRY_S: Final = 0.1
_LOOK_EVERY_S: Final = 0.01
_LIFE_S: Final = 0.6
_ANYTIME: Final = 0.15  # share that does not wait for the server
_LAST_OFFERS: Final = 3  # bulk that is on its way to somebody who says STOP
_ON_ITS_WAY_S: Final = 2.0
_AGAIN: Final = 0.2  # share of answered commands that are given once more
_TWICE: Final = 0.1  # share of webhooks that come twice
_LONG: Final = 0.1  # share of texts that cost several segments
_STARTS: Final = 10  # people who come back after their STOP
_UNBLOCKING: Final = 0.03  # share of texts in that lift what the carrier may have blocked

Act = Callable[[], Awaitable[object]]


def texts_for(kills: int) -> int:
    """How many texts go each way in a run."""
    return max(TEXTS_AT_LEAST, TEXTS_FOR_EACH * kills)


@dataclass
class Tally:
    """What was really done."""

    texts_in: int = 0
    webhooks: int = 0
    stops: int = 0
    starts: int = 0
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
        self._cast, self._carrier, self._server, self._store, self._rng = cast, carrier, server, store, rng
        self._texts = texts
        self.tally = Tally()
        self._open, self._last, self._all_done = 0, False, trio.Event()
        self._shares = _shares([list(self._inbound()), list(self._people()), list(self._bulk())], lives)
        headers = {"Origin": server.url, "X-CSRF": "1"}
        cookies = {"threadline": cast.session}
        self._client = httpx2.AsyncClient(
            base_url=server.url, headers=headers, cookies=cookies, timeout=5, trust_env=False
        )

    def release(self, nursery: trio.Nursery) -> None:
        """The share of the next life."""
        for act in next(self._shares, []):
            self._open += 1
            nursery.start_soon(self._later, self._rng.random() > _ANYTIME, self._rng.uniform(0, _LIFE_S), act)

    async def finish(self, nursery: trio.Nursery, within_s: float) -> None:
        """Everything that is left, to its end."""
        self.release(nursery)
        self._last = True
        with trio.move_on_after(within_s):
            await self._all_done.wait()
            return
        raise RunFailed(f"{self._open} commands and texts were not taken within {within_s:g} s.")

    async def _later(self, when_up: bool, after_s: float, act: Act) -> None:
        if when_up:
            await self._server.up.wait()
        await trio.sleep(after_s)
        await act()
        self._open -= 1
        if self._last and not self._open:
            self._all_done.set()

    # Who does what

    def _inbound(self) -> Iterator[Act]:
        """Each stopper's STOP comes in the middle of the run, some STARTs a good while later."""
        everybody = self._cast.of([*STOPPERS, *OTHERS, *ODD])
        unblocking = round(self._texts * _UNBLOCKING)
        plain = self._texts - len(STOPPERS) - _STARTS - unblocking
        said: list[tuple[float, Contact, str]] = [
            (self._rng.random(), self._rng.choice(everybody), f"Text {n} 🏡 for you") for n in range(plain)
        ]
        others = self._cast.of([*OTHERS, *ODD])
        said += [(self._rng.random(), self._rng.choice(others), "START") for _ in range(unblocking)]
        for nth, stopper in enumerate(self._cast.of(STOPPERS)):
            at = self._rng.uniform(0.3, 0.8)
            said.append((at, stopper, self._rng.choice(("STOP", "stop", " Stop. "))))
            if nth < _STARTS:
                said.append((at + 0.15, stopper, "START"))
        for _, contact, body in sorted(said, key=lambda one: one[0]):
            yield partial(self._write_in, contact, body)

    def _people(self) -> Iterator[Act]:
        calm, odd = self._cast.of(OTHERS), self._cast.of([*OTHERS, *ODD])
        hanging = self._cast.of(HANGING)
        for n in range(self._texts // 2):
            contact = self._rng.choice(odd)
            if n < self._texts // 4 and n % 40 == 5:
                contact = self._rng.choice(hanging)
            elif n > self._texts * 0.45:  # what is slow to resolve comes before the end
                contact = self._rng.choice(calm)
            yield partial(self._reply, contact, self._body(f"Reply {n}"))

    def _bulk(self) -> Iterator[Act]:
        everybody = self._cast.of([*STOPPERS, *OTHERS])
        left = self._texts // 2 - _LAST_OFFERS * len(STOPPERS)
        while left:
            some = min(left, self._rng.randint(1, 4))
            left -= some
            contacts = [self._rng.choice(everybody) for _ in range(some)]
            yield partial(
                self._enqueue, [(contact, self._body(f"Offer {left + n}")) for n, contact in enumerate(contacts)]
            )

    def _body(self, begin: str) -> str:
        return f"{begin}: " + ("x" * 400 if self._rng.random() < _LONG else "shall we talk tomorrow?")

    # Doing it

    async def _write_in(self, contact: Contact, body: str) -> None:
        """A handset sends a text."""
        stops = body.strip(" .").upper() == "STOP"
        if stops:
            await self._make_last_offers(contact)
        copies = 2 if self._rng.random() < _TWICE else 1
        mo = {"from": contact.address, "to": contact.number, "body": body, "copies": copies}
        await self._carrier.control(mo=mo)
        self.tally.texts_in += 1
        self.tally.webhooks += copies
        self.tally.stops += stops
        self.tally.starts += body == "START"

    async def _make_last_offers(self, contact: Contact) -> None:
        """Until bulk is leaving for *contact* at this moment, or for some seconds."""
        offers = [(contact, self._body(f"Last offer {n}")) for n in range(_LAST_OFFERS)]
        seq = (await self._enqueue(offers))[0]
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
        cmd_id, path = uuid4(), f"/api/v1/threads/{contact.thread_id}/messages"
        answer = await self._command(path, cmd_id, body)
        self.tally.people += 1
        if answer is None:
            return
        self.tally.commands[cmd_id] = answer["thread_id"], answer["seq"]
        if self._rng.random() < _AGAIN:
            again = await self._command(path, cmd_id, body)
            self.tally.repeated += 1
            if again is None or again["seq"] != answer["seq"] or not again["again"]:
                raise RunFailed(f"A repeated command was answered {again} instead of {answer}.")

    async def _command(self, path: str, cmd_id: UUID, body: str) -> dict[str, Any] | None:
        """Until there is an answer; None where the contact has opted out meanwhile."""
        while True:
            try:
                answer = await self._client.post(path, json={"cmd_id": str(cmd_id), "body": body})
            except httpx2.HTTPError:
                await trio.sleep(RETRY_S)
                continue
            if answer.status_code == httpx2.codes.ACCEPTED:
                taken: dict[str, Any] = answer.json()
                return taken
            if answer.status_code == httpx2.codes.CONFLICT and answer.json().get("code") == "opted_out":
                return None
            if answer.status_code not in (429, 503):
                raise RunFailed(f"A command was answered {answer.status_code}: {answer.text}")
            await trio.sleep(RETRY_S)

    async def _enqueue(self, texts: Sequence[tuple[Contact, str]]) -> list[int]:
        """Bulk goes in through T2 on a connection of our own; the seqs that it got."""
        now = datetime.now(UTC)
        mts = [
            EnqueueMt(1, c.thread_id, uuid4(), body.encode(), MessageClass.BULK, body, count(body).count, now, 1)
            for c, body in texts
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


def _place(result: object) -> tuple[int, int]:
    if not isinstance(result, Enqueued):
        raise RunFailed(f"Bulk was not enqueued: {result}")
    return result.thread_id, result.seq


def _shares(flows: Sequence[list[Act]], lives: int) -> Iterator[list[Act]]:
    """Each life's share of every flow; what division leaves over goes to the last."""
    taken = [0 for _ in flows]
    for life in range(1, lives + 1):
        share: list[Act] = []
        for which, flow in enumerate(flows):
            end = len(flow) * life // lives
            share += flow[taken[which] : end]
            taken[which] = end
        yield share
