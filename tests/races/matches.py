"""The matches that are stepped through every order: T3 against whatever may say no, and T4 against T5."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Literal

from server.domain.carrier import Accepted, ErrorClass, Unknown
from server.domain.gate import MessageClass
from server.domain.testimony import Entry
from server.ports import AttemptOutcome, Voided
from tests.races import acts, verdicts
from tests.races.acts import OnWire, held, on_wire
from tests.races.ground import NOON, Act, Case, Ground
from tests.races.orders import Match

Deal = Callable[[Ground], Awaitable[Match]]


def stop(klass: MessageClass, *words: Literal["STOP", "START"]) -> Deal:
    """T3 against T1 with a keyword, and perhaps another in the same batch."""

    async def deal(ground: Ground) -> Match:
        cases = await ground.deal(1, klass)
        return _of(acts.send(ground, cases), acts.say(cases, *words), lambda: verdicts.stopped(ground, cases))

    return deal


async def stop_of_a_recipient(ground: Ground) -> Match:
    """T3 of a campaign's text against its recipient's STOP."""
    case = await acts.campaign_queued(ground)
    return _of(acts.send(ground, [case]), acts.say([case], "STOP"), lambda: verdicts.skipped(ground, [case]))


async def revocation(ground: Ground) -> Match:
    """T3 against a member who writes down that the recipient has taken it back."""
    cases = await ground.deal(1)
    revoke = acts.write_down(cases[0], Entry.REVOKED)
    return _of(acts.send(ground, cases), revoke, lambda: verdicts.revoked(ground, cases))


async def undoing(ground: Ground) -> Match:
    """A STOP that is said once more against the undoing of the first."""
    cases = await ground.deal(1)
    await acts.say(cases, "STOP")(ground.sides[0])
    since, now = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    undo = acts.write_down(cases[0], Entry.UNDO, at=since, epoch=1)
    return _of(acts.say(cases, "stop", at=now), undo, lambda: verdicts.outdated(ground, cases))


async def other_stop(ground: Ground) -> Match:
    """Two STOPs of one recipient."""
    cases = await ground.deal(1)
    return _of(acts.say(cases, "STOP"), acts.say(cases, "stop"), lambda: verdicts.repeated(ground, cases))


def close(state: Literal["paused", "cancelled"]) -> Deal:
    """T3 of one text against a pause or a cancel of its campaign."""

    async def deal(ground: Ground) -> Match:
        campaigns = await ground.campaigns(1)
        cases = await ground.deal(1, campaigns=campaigns)
        close = acts.close_campaign(campaigns[0], state)
        return _of(acts.send(ground, cases), close, lambda: verdicts.closed(ground, cases))

    return deal


async def other_sender(ground: Ground) -> Match:
    """Two T3 over the same two rows, given in another order."""
    cases = await ground.deal(2)
    other = acts.send(ground, cases[::-1], slot_at=NOON + timedelta(seconds=1))
    return _of(acts.send(ground, cases), other, lambda: verdicts.claimed(ground, cases))


async def other_campaign(ground: Ground) -> Match:
    """T3 of two campaigns' texts to one recipient under a cap of one."""
    one, other = await ground.campaigns(2)
    people = await ground.recipients(1)
    first, second = [await ground.queue(people, MessageClass.BULK, [campaign]) for campaign in (one, other)]
    left, right = (acts.send(ground, cases, cap=acts.CAP_OF_ONE) for cases in (first, second))
    return _of(left, right, lambda: verdicts.capped(ground, [people[0][0]], one))


async def hand_over(ground: Ground) -> Match:
    """T3 against another node that takes the limiter, whose lease has run out."""
    await ground.renew_office(held=False)
    cases, other = await ground.deal(1), await ground.new_node()

    async def judge() -> list[str]:
        words = await verdicts.handed_over(ground, cases)
        await ground.renew_office()
        return words

    return _of(acts.send(ground, cases), acts.take_limiter(other), judge)


async def leave(ground: Ground) -> Match:
    """T3 against the word that its node is gone."""
    cases, gen = await ground.deal(1), ground.gen

    async def judge() -> list[str]:
        await ground.renew_office()
        return await verdicts.left(ground, cases, gen)

    return _of(acts.send(ground, cases), acts.leave(gen), judge)


async def refused_before(ground: Ground) -> Match:
    """T3 against the receipt of an earlier text to the same recipient: the carrier has them on its opt-out list."""
    [earlier] = await on_wire(ground, 1)
    case = earlier.case
    cases = await ground.queue([(case.endpoint_id, case.address, case.thread_id)], MessageClass.BULK)
    refusal = acts.call_back(earlier.provider_id, "failed", earlier.attempt.attempt_id, ErrorClass.OPTED_OUT)
    return _of(acts.send(ground, cases), refusal, lambda: verdicts.stopped(ground, cases))


async def proven_before(ground: Ground) -> Match:
    """T3 against the receipt that proves an earlier attempt of the very same row, which was believed void."""
    [earlier] = await on_wire(ground, 1)
    await acts.learn(earlier.attempt.attempt_id, ground.gen, Voided("late"))(ground.sides[0])
    proof = acts.call_back(earlier.provider_id, "sent", earlier.attempt.attempt_id)
    return _of(acts.send(ground, [earlier.case]), proof, lambda: verdicts.proven(ground, [earlier]))


def outcome(kind: Literal["accepted", "unknown", "void"]) -> Deal:
    """T4 against T5 with our attempt's id. (Without it they share no lock, and their orders are too many.)"""

    async def deal(ground: Ground) -> Match:
        [one] = await on_wire(ground, 1)
        outcomes: dict[str, AttemptOutcome] = {
            "accepted": Accepted(one.provider_id, "queued", 1),
            "unknown": Unknown("reset"),
            "void": Voided("late"),
        }
        left = acts.learn(one.attempt.attempt_id, ground.gen, outcomes[kind])
        return _of(left, _reported(one), lambda: verdicts.delivered(ground, [one], "outcome"))

    return deal


def rung(climb: Callable[[OnWire], Act]) -> Deal:
    """The ladder against T5."""

    async def deal(ground: Ground) -> Match:
        [one] = await on_wire(ground, 1)
        await acts.learn(one.attempt.attempt_id, ground.gen, Unknown("reset"))(ground.sides[0])
        judge = verdicts.delivered
        return _of(climb(one), _reported(one), lambda: judge(ground, [one], "ladder", already="reset"))

    return deal


def credit(say: Callable[[Sequence[Case]], Act]) -> Deal:
    """T4 of a campaign's text against T1 of its recipient's answer: people may be faster than the carrier."""

    async def deal(ground: Ground) -> Match:
        one = await acts.campaign_on_wire(ground)
        outcome = acts.learn(one.attempt.attempt_id, ground.gen, Accepted(one.provider_id, "queued", 1))
        return _of(outcome, say([one.case]), lambda: verdicts.credited(ground, [one.case]))

    return deal


async def two_decisions(ground: Ground) -> Match:
    """Send anyway against cancel."""
    cases = await held(ground, 1)
    left, right = acts.decide(cases[0], send=True), acts.decide(cases[0], send=False)
    return _of(left, right, lambda: verdicts.decided(ground, cases))


T3_MATCHES: Final[dict[str, Deal]] = {
    "T3 x STOP": stop(MessageClass.BULK, "STOP"),
    "T3 x STOP, START": stop(MessageClass.BULK, "STOP", "START"),
    "T3 of a campaign's x STOP": stop_of_a_recipient,
    "T3 of a person's x STOP": stop(MessageClass.PERSON, "STOP"),
    "T3 x revocation": revocation,
    "T3 x pause": close("paused"),
    "T3 x cancel": close("cancelled"),
    "T3 x T3": other_sender,
    "T3 x T3 under a cap of one": other_campaign,
    "T3 x hand-over": hand_over,
    "T3 x leave": leave,
    "T3 x callback that refuses": refused_before,
    "T3 x callback that proves": proven_before,
}
OTHER_MATCHES: Final[dict[str, Deal]] = {
    "STOP x STOP": other_stop,
    "STOP x undo": undoing,
    "T4 accepted x callback": outcome("accepted"),
    "T4 unknown x callback": outcome("unknown"),
    "T4 void x callback": outcome("void"),
    "T4 of a campaign's x answer": credit(lambda cases: acts.answer(cases, at=NOON + timedelta(seconds=1))),
    "T4 of a campaign's x STOP": credit(lambda cases: acts.say(cases, "STOP", at=NOON + timedelta(seconds=1))),
    "last rung x callback": rung(lambda one: acts.give_up(one.attempt.attempt_id)),
    "list x callback": rung(lambda one: acts.bind(one.attempt.attempt_id, one.provider_id, one.case)),
    "send anyway x cancel": two_decisions,
}
MATCHES: Final = {**T3_MATCHES, **OTHER_MATCHES}
_FEW: Final = {"send anyway x cancel", "T4 of a campaign's x answer", "T4 of a campaign's x STOP"}
MANY: Final = frozenset(OTHER_MATCHES) - _FEW | {"T3 x callback that refuses"}
"""Those whose statements commute too seldom for a short form."""
WHOLE: Final = frozenset(
    f"T3 x {other}" for other in ("revocation", "pause", "cancel", "T3", "hand-over", "leave", "callback that proves")
)
"""Those that the long form steps twice, once with no order left out: it shows that what commutes changes nothing. Of
the others, T3 against STOP among them, those orders are millions that end alike."""


def _reported(one: OnWire) -> Act:
    return acts.call_back(one.provider_id, "delivered", one.attempt.attempt_id)


def _of(left: Act, right: Act, judge: Callable[[], Awaitable[list[str]]]) -> Match:
    async def verdict() -> str:
        words = await judge()
        return next((word for word in words if word in verdicts.FAULTS), words[0])

    return Match(left, right, verdict)
