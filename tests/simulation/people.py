"""The people of a simulated world: contacts who write, members who answer and decide, and bulk texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import trio

from server.domain.gate import MessageClass
from server.domain.segments import count
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


@dataclass(frozen=True, slots=True)
class Written:
    """`ports.Draft`."""

    thread_id: int
    body: str
    acknowledged_opt_out: bool = False
    resend_of: int | None = None


async def live(world: World) -> None:
    """Start everybody; returns once all have been started."""
    dice = world.plan.stream("people")
    for _ in range(world.plan.texts):
        send = dice.choices((_reply, _bulk, _send_later), (4, 5, 1))[0]
        world.nursery.start_soon(_at, dice.uniform(0, TROUBLE_S * 0.8), send, world, Random(dice.random()))  # noqa: S311
    for _ in range(world.plan.arrivals):
        world.nursery.start_soon(_at, dice.uniform(0, TROUBLE_S), _write, world, Random(dice.random()))  # noqa: S311
    for _ in range(4):
        world.nursery.start_soon(_at, dice.uniform(0, TROUBLE_S), _decide, world, Random(dice.random()))  # noqa: S311


async def _at(when: float, act: object, world: World, dice: Random) -> None:
    await trio.sleep(when)
    await act(world, dice)  # type: ignore[operator]  # one of the functions below


async def _write(world: World, dice: Random) -> None:
    word = dice.choice(WORDS)
    number = dice.choice(world.tables.numbers)
    world.carrier.write(dice.choice(world.plan.contacts), number.address, word, _KEYWORDS.get(word))


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

    async def send(node: SimNode) -> EnqueueResult:
        now = node.host.clock.wall()
        mt = EnqueueMt(
            WORKSPACE, thread_id, cmd_id, body.encode(), klass, body, count(body).count, now,
            due_at=now + timedelta(seconds=after_s) if after_s else None,
            expires_at=None if valid_s is None else now + timedelta(seconds=valid_s),
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
        await node.asker.release(ANN, row.thread_id, row.seq, dice.random() < 0.5)
    except (CommandsBusy, StoreUnavailable, NodeKilled):
        return


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
