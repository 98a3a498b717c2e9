"""The contests: what races what, and what is left to chance."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final, TypeVar

from server.domain.carrier import Accepted, CarrierStatus, Unknown
from server.domain.gate import MessageClass
from server.domain.testimony import Entry
from server.ports import AttemptOutcome, Voided
from tests.races import acts, verdicts
from tests.races.acts import OnWire, held, on_wire
from tests.races.ground import NOON, Act, Ground

T = TypeVar("T")

_SPREAD: Final = 4.0  # round trips by which chance moves the start of each side


@dataclass
class Chance:
    """What a round leaves to chance. `handicap`: by how many round trips the left side starts later, on average."""

    rng: Random
    handicap: float = 0.0

    def chunks(self, items: Sequence[T], most: int) -> list[list[T]]:
        """All *items*, shuffled, in pieces of at most *most*."""
        left, pieces = self.rng.sample(items, len(items)), []
        while left:
            size = self.rng.randint(1, most)
            pieces.append(left[:size])
            left = left[size:]
        return pieces

    async def race(self, ground: Ground, left: Sequence[Act], right: Sequence[Act]) -> None:
        """All at once, each on a connection of its own; how late each starts is chance."""

        async def one(act: Act, late: float) -> None:
            side = ground.side()
            for _ in range(round(late + self.rng.uniform(0, _SPREAD))):
                await side.connection.execute("SELECT")
            await act(side)

        late = [(act, max(0.0, self.handicap)) for act in left] + [(act, max(0.0, -self.handicap)) for act in right]
        await asyncio.gather(*(one(act, by) for act, by in self.rng.sample(late, len(late))))


Play = Callable[[Ground, Chance, int], Awaitable[list[str]]]
"""A round of about so many races: their verdicts."""

AT_ONCE: Final = 16  # races of a round
SIDES: Final = 36  # connections, more than a round has acts
_CORRECTION: Final = 2.0  # round trips by which the handicap moves where one side won all of a round


@dataclass(frozen=True, slots=True)
class Contest:
    """`left` and `right` are the names of the sides. `handicap`: about what makes them even."""

    left: str
    right: str
    play: Play
    handicap: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.left} against {self.right}"

    async def hold(self, ground: Ground, races: int, rng: Random) -> Counter[str]:
        """At least so many *races*: how often each verdict. After each round the handicap moves to even them out."""
        chance, tally = Chance(rng, self.handicap), Counter[str]()
        while tally.total() < races:
            words = Counter(await self.play(ground, chance, AT_ONCE))
            tally += words
            chance.handicap += _CORRECTION * (words[self.left] - words[self.right]) / words.total()
        return tally


async def _stop_against_send(ground: Ground, chance: Chance, size: int) -> list[str]:
    """Some recipients start again at once: that revives nothing. A few texts are a person's: they end as held."""
    cases = [*await ground.deal(size - size // 8), *await ground.deal(size // 8, MessageClass.PERSON)]
    await chance.race(
        ground,
        [
            acts.say(some, "STOP", "START") if chance.rng.random() < 0.2 else acts.say(some, "STOP")
            for some in chance.chunks(cases, 3)
        ],
        [acts.send(ground, some) for some in chance.chunks(cases, 6)],
    )
    return await verdicts.stopped(ground, cases)


async def _revocation_against_send(ground: Ground, chance: Chance, size: int) -> list[str]:
    """A member writes down that a recipient has taken it back. A few texts are a person's: they end as held."""
    cases = [*await ground.deal(size - size // 8), *await ground.deal(size // 8, MessageClass.PERSON)]
    await chance.race(
        ground,
        [acts.write_down(case, Entry.REVOKED) for case in cases],
        [acts.send(ground, some) for some in chance.chunks(cases, 6)],
    )
    return await verdicts.revoked(ground, cases)


async def _undo_against_stop(ground: Ground, chance: Chance, size: int) -> list[str]:
    """A member undoes an opt-out, upon a consent that is newer than it, while the contact says STOP once more."""
    cases = await ground.deal(size)
    await acts.say(cases, "STOP")(ground.sides[0])
    since, now = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    await chance.race(
        ground,
        [acts.write_down(case, Entry.UNDO, at=since, epoch=1) for case in cases],
        [acts.say(some, "stop", at=now) for some in chance.chunks(cases, 3)],
    )
    return await verdicts.outdated(ground, cases)


async def _stop_against_stop(ground: Ground, chance: Chance, size: int) -> list[str]:
    """Two texts of one person that come at once: the flag flips once."""
    cases = await ground.deal(size)
    await chance.race(
        ground,
        [acts.say(some, "STOP") for some in chance.chunks(cases, 3)],
        [acts.say(some, "stop") for some in chance.chunks(cases, 3)],
    )
    return await verdicts.repeated(ground, cases)


async def _pause_against_send(ground: Ground, chance: Chance, size: int) -> list[str]:
    """Three texts of each campaign, which is paused or cancelled."""
    campaigns = await ground.campaigns(max(1, size // 3))
    cases = await ground.deal(3 * len(campaigns), campaigns=campaigns * 3)
    await chance.race(
        ground,
        [acts.close_campaign(one, chance.rng.choice(("paused", "cancelled"))) for one in campaigns],
        [acts.send(ground, some) for some in chance.chunks(cases, 6)],
    )
    return await verdicts.closed(ground, cases)


async def _sender_against_sender(ground: Ground, chance: Chance, size: int) -> list[str]:
    """Two T3 over the same rows, cut into other batches."""
    cases = await ground.deal(size)
    later = NOON + timedelta(seconds=1)
    await chance.race(
        ground,
        [acts.send(ground, some) for some in chance.chunks(cases, 6)],
        [acts.send(ground, some, slot_at=later) for some in chance.chunks(cases, 6)],
    )
    return await verdicts.claimed(ground, cases)


async def _campaign_against_campaign(ground: Ground, chance: Chance, size: int) -> list[str]:
    """Two campaigns with a text for each recipient, and a cap of one. Some recipients have both texts in one batch."""
    one, other = await ground.campaigns(2)
    people = await ground.recipients(size)
    pairs = list(
        zip(
            await ground.queue(people, MessageClass.BULK, [one] * size),
            await ground.queue(people, MessageClass.BULK, [other] * size),
            strict=True,
        )
    )
    together, apart = pairs[: size // 4], pairs[size // 4 :]
    batches = [
        [
            *chance.chunks([texts[n] for texts in apart], 6),
            *([text for texts in half for text in texts] for half in both),
        ]
        for n, both in enumerate((chance.chunks(together[::2], 2), chance.chunks(together[1::2], 2)))
    ]
    left, right = ([acts.send(ground, some, cap=acts.CAP_OF_ONE) for some in batch] for batch in batches)
    await chance.race(ground, left, right)
    return await verdicts.capped(ground, [endpoint for endpoint, _, _ in people], one)


async def _hand_over_against_send(ground: Ground, chance: Chance, size: int) -> list[str]:
    """The authority's lease has run out; another node takes it."""
    await ground.renew_office(held=False)
    other = await ground.new_node()
    cases = await ground.deal(size)
    await chance.race(ground, [acts.take_limiter(other)], [acts.send(ground, some) for some in chance.chunks(cases, 2)])
    words = await verdicts.handed_over(ground, cases)
    await ground.renew_office()
    return words


async def _leave_against_send(ground: Ground, chance: Chance, size: int) -> list[str]:
    """The node is declared gone while it sends."""
    leaving = ground.gen
    cases = await ground.deal(size)
    await chance.race(ground, [acts.leave(leaving)], [acts.send(ground, some) for some in chance.chunks(cases, 2)])
    await ground.renew_office()
    return await verdicts.left(ground, cases, leaving)


async def _outcome_against_callback(ground: Ground, chance: Chance, size: int) -> list[str]:
    """T4 against T5. The callback proves that it was accepted, whatever we saw of it."""
    sent = await on_wire(ground, size)
    left, right = [], []
    for one in sent:
        outcome: AttemptOutcome = chance.rng.choice(
            (Accepted(one.provider_id, "queued", 1), Unknown("reset"), Voided("late"))
        )
        named = not isinstance(outcome, Accepted) or chance.rng.random() < 0.5
        left.append(acts.learn(one.attempt.attempt_id, ground.gen, outcome))
        right.append(_reported(one, named=named))
    await chance.race(ground, left, right)
    return await verdicts.delivered(ground, sent, "outcome")


async def _ladder_against_callback(ground: Ground, chance: Chance, size: int) -> list[str]:
    """The last rung, or a find in the carrier's list, against T5."""
    sent = await on_wire(ground, size)
    for one in sent:
        await acts.learn(one.attempt.attempt_id, ground.gen, Unknown("reset"))(ground.sides[0])
    rungs = [
        acts.give_up(one.attempt.attempt_id)
        if chance.rng.random() < 0.5
        else acts.bind(one.attempt.attempt_id, one.provider_id, one.case)
        for one in sent
    ]
    await chance.race(ground, rungs, [_reported(one, named=True) for one in sent])
    return await verdicts.delivered(ground, sent, "ladder", already="reset")


def _reported(one: OnWire, *, named: bool, status: CarrierStatus = "delivered") -> Act:
    return acts.call_back(one.provider_id, status, one.attempt.attempt_id if named else None)


async def _release_against_cancel(ground: Ground, chance: Chance, size: int) -> list[str]:
    """Two people decide on one held text."""
    cases = await held(ground, size)
    await chance.race(
        ground, [acts.decide(case, send=True) for case in cases], [acts.decide(case, send=False) for case in cases]
    )
    return await verdicts.decided(ground, cases)


STOP: Final = Contest("STOP", "send", _stop_against_send)
REVOCATION: Final = Contest("revocation", "send", _revocation_against_send)
UNDO: Final = Contest("undo", "STOP", _undo_against_stop)
STOPS: Final = Contest("STOP", "other STOP", _stop_against_stop)
CAMPAIGNS: Final = Contest("one campaign", "other campaign", _campaign_against_campaign)
PAUSE: Final = Contest("pause", "send", _pause_against_send)
SENDERS: Final = Contest("sender", "other sender", _sender_against_sender)
HAND_OVER: Final = Contest("hand-over", "send", _hand_over_against_send, handicap=-3.0)
LEAVE: Final = Contest("leave", "send", _leave_against_send, handicap=-5.0)
OUTCOME: Final = Contest("outcome", "callback", _outcome_against_callback)
LADDER: Final = Contest("ladder", "callback", _ladder_against_callback)
DECISIONS: Final = Contest("send anyway", "cancel", _release_against_cancel)
