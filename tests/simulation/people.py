"""The people of a simulated world: contacts who write, members who answer and decide, and bulk texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import trio

from server.domain.gate import MessageClass
from server.domain.segments import count
from server.domain.testimony import Channel, Entry, Statement
from server.ports import CommandsBusy, EnqueueMt, EnqueueResult, Member, StoreUnavailable
from tests.simulation.machine import NodeKilled
from tests.simulation.plan import TROUBLE_S
from tests.simulation.tables import WORKSPACE

if TYPE_CHECKING:
    from tests.simulation.node import SimNode
    from tests.simulation.world import World

ANN: Final = Member(3, WORKSPACE, "ann@example.org", "Ann", "agent")
BODIES: Final = ("Hi", "“See you”", "Still on for 5?", "word " * 40, "é" * 100)
WORDS: Final = (
    "STOP",
    "STOP",
    "stop.",
    "START",
    "HELP",
    "Thanks",
    "See you at 5",
    "please stop texting me",
    "Stop it?",
)
_KEYWORDS: Final[dict[str, Literal["STOP", "START", "HELP"]]] = {
    "STOP": "STOP", "stop.": "STOP", "START": "START", "HELP": "HELP",
}  # fmt: skip
PATIENCE_S: Final = 12.0
DECISIONS: Final = ("opted_out", "not_a_revocation", "not_a_revocation", "wrong_number")


@dataclass(frozen=True, slots=True)
class Written:
    """`ports.Draft`."""

    thread_id: int
    body: str
    acknowledged_opt_out: bool = False
    resend_of: int | None = None
    seen: int | None = None


async def live(world: World) -> None:
    """Start everybody; returns once all have been started."""
    dice = world.plan.stream("people")
    for _ in range(world.plan.texts):
        send = dice.choices((_reply, _bulk, _send_later), (4, 5, 2))[0]
        world.nursery.start_soon(_at, dice.uniform(0, TROUBLE_S * 0.8), send, world, Random(dice.random()))  # noqa: S311
    for _ in range(world.plan.arrivals):
        world.nursery.start_soon(_at, dice.uniform(0, TROUBLE_S), _write, world, Random(dice.random()))  # noqa: S311
    for act in (_decide,) * 4 + (_review,) * 3 + (_tell,) * 3 + (_cancel,) * 2 + (_recall,) * world.plan.campaigns:
        world.nursery.start_soon(_at, dice.uniform(0, TROUBLE_S), act, world, Random(dice.random()))  # noqa: S311


async def settle(world: World) -> None:
    """Once all is well, members decide whatever still waits for them, however often something new comes."""
    dice = world.plan.stream("settling")
    while True:
        await trio.sleep(dice.uniform(0.5, 2))
        await _review(world, dice)
        await _decide(world, dice)


async def _at(when: float, act: object, world: World, dice: Random) -> None:
    await trio.sleep(when)
    await act(world, dice)  # type: ignore[operator]  # one of the functions below


async def _write(world: World, dice: Random) -> None:
    word = dice.choice(WORDS)
    number = dice.choice(world.tables.numbers)
    world.carrier.write(dice.choice(world.plan.contacts), number.address, word, _KEYWORDS.get(word))


async def _answer(world: World, dice: Random, thread_id: int) -> None:
    """A contact writes in their thread."""
    thread = world.tables.threads[thread_id]
    number = next(number for number in world.tables.numbers if number.number_id == thread.number_id)
    world.carrier.write(world.tables.endpoints[thread.endpoint_id].address, number.address, "Thanks", None)


async def _reply(world: World, dice: Random) -> None:
    """A member's reply; the client sends the same command again until it hears an answer."""
    draft = Written(dice.choice(list(world.tables.threads)), dice.choice(BODIES), dice.random() < 0.2)
    cmd_id = UUID(int=dice.getrandbits(128))

    async def send(node: SimNode) -> EnqueueResult:
        return await node.asker.send(ANN, cmd_id, draft)

    await _until_answered(world, send, dice)


async def _bulk(world: World, dice: Random, klass: MessageClass = MessageClass.BULK, after_s: float = 0.0) -> None:
    thread_id, body, cmd_id = (
        dice.choice(list(world.tables.threads)),
        dice.choice(BODIES),
        UUID(int=dice.getrandbits(128)),
    )
    valid_s = dice.choice((None, None, 20.0))
    campaigns = [None, *world.tables.campaigns] if klass is MessageClass.BULK else [None]
    campaign_id = dice.choice(campaigns)
    until_reply = klass is MessageClass.SEND_LATER and dice.random() < 0.6
    if until_reply and dice.random() < 0.5:  # who writes in the last moment
        write = partial(_answer, thread_id=thread_id)
        world.nursery.start_soon(_at, after_s - dice.uniform(0, 0.3), write, world, Random(dice.random()))  # noqa: S311

    async def send(node: SimNode) -> EnqueueResult:
        now = node.host.clock.wall()
        mt = EnqueueMt(
            WORKSPACE, thread_id, cmd_id, body.encode(), klass, body, count(body).count, now,
            due_at=now + timedelta(seconds=after_s) if after_s else None,
            expires_at=None if valid_s is None else now + timedelta(seconds=valid_s),
            campaign_id=campaign_id,
            cancel_on_reply=until_reply,
        )  # fmt: skip
        return await node.enqueue(mt)

    await _until_answered(world, send, dice)


async def _send_later(world: World, dice: Random) -> None:
    await _bulk(world, dice, MessageClass.SEND_LATER, dice.uniform(1, 8))


async def _decide(world: World, dice: Random) -> None:
    """A member looks at what is held, and sends it anyway or not."""
    held = [row for row in world.tables.outbox.values() if row.state == "held"]
    node = world.someone()
    if not held or node is None:
        return
    row = dice.choice(held)
    try:
        world.decided += await node.asker.release(ANN, row.thread_id, row.seq, dice.random() < 0.5)
    except (CommandsBusy, StoreUnavailable, NodeKilled):
        return


async def _review(world: World, dice: Random) -> None:
    """A member reads a text that may have asked to stop, and decides what it was. Now and then somebody else has."""
    asked = [one for one in world.tables.reviews.values() if one.decision is None or dice.random() < 0.1]
    if not asked:
        return
    review_id, decision = dice.choice(asked).id, dice.choice(DECISIONS)
    await _once(world, lambda node: node.ledger.decide_review(review_id, decision, node.host.clock.wall()))


async def _tell(world: World, dice: Random) -> None:
    """A member writes down what a contact said about their consent."""
    endpoint = dice.choice(list(world.tables.endpoints.values()))
    entry, seen = dice.choice(tuple(Entry)), endpoint.consent_epoch

    def tell(node: SimNode) -> Awaitable[object]:
        now = node.host.clock.wall()
        return node.ledger.tell(endpoint.id, Statement(entry, Channel.VERBAL, "as they said", now, epoch=seen), now)

    await _once(world, tell)


async def _cancel(world: World, dice: Random) -> None:
    """A member takes back a text that has not left."""
    waiting = [row for row in world.tables.outbox.values() if row.klass is not MessageClass.KEYWORD_ANSWER]
    if waiting:
        row = dice.choice(waiting)
        await _once(world, lambda node: node.ledger.cancel(row.thread_id, row.seq, node.host.clock.wall()))


async def _recall(world: World, dice: Random) -> None:
    """A member takes a whole campaign back."""
    campaign_id = dice.choice(list(world.tables.campaigns))
    await _once(world, lambda node: node.ledger.recall(campaign_id, node.host.clock.wall()))


async def _once(world: World, act: Callable[[SimNode], Awaitable[object]]) -> None:
    """Whatever becomes of it."""
    node = world.someone()
    if node is not None:
        with suppress(StoreUnavailable, NodeKilled):
            await act(node)


async def _until_answered(world: World, send: object, dice: Random) -> None:
    deadline = trio.current_time() + PATIENCE_S
    while trio.current_time() < deadline:
        node = world.someone()
        if node is not None:
            try:
                with trio.move_on_after(PATIENCE_S):
                    await send(node)  # type: ignore[operator]  # an async function of a node
                    return
            except (CommandsBusy, StoreUnavailable, NodeKilled):
                pass
        await trio.sleep(dice.uniform(0.05, 1.0))
