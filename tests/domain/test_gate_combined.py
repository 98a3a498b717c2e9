"""The gate over every combination of its facts, against a table of its own: what each fact alone does to each class.

`test_gate` has one case for each cell, with its reason. Here the cells meet: of all that stands in the way, the first
row of the table decides, and nothing that gets worse ever lets a text go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import product
from typing import Final

from server.domain.gate import Campaign, GateFacts, MessageClass, Recipient, Route, decide
from server.domain.verdict import Allowed, Blocked, Deferred, Held

LATER: Final = datetime(2026, 3, 11, 13, 0, tzinfo=UTC)
ROUTE: Final = Route(workspace_simulated=False, simulator=False, loopback=False)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is wrong; nothing, unless said. `ended`: its campaign was cancelled. `unasked`: nobody has acknowledged.

    `unconsented`: an opt-in is required, and none is on record.
    """

    node_fenced: bool = False
    limiter_gone: bool = False
    invalid: bool = False
    carrier_blocked: bool = False
    changed: bool = False
    opted_out: bool = False
    held: bool = False
    unasked: bool = False
    unconsented: bool = False
    replied: bool = False
    ended: bool = False
    expired: bool = False
    paused: bool = False
    quiet: bool = False
    capped: bool = False


WRONGS: Final = tuple(Situation.__slots__)

# What each fact alone does to an answer, a person's, a send-later, a test, bulk: - nothing, w waits by itself, p waits
# for a person, x ends it. The gravest first. A person's acknowledgement excuses "opted out" and "held", and only for
# the consent that stood when it was given: `unasked` says nothing by itself.
TABLE: Final[Mapping[str, str]] = {
    "node_fenced": "wwwww",
    "limiter_gone": "wwwww",
    "invalid": "xxxxx",
    "carrier_blocked": "xxxxx",
    "changed": "xpx-x",
    "opted_out": "-px-x",
    "held": "-px-x",
    "unconsented": "----x",
    "replied": "xxxxx",
    "ended": "----x",
    "expired": "xxxxx",
    "paused": "----p",
    "quiet": "--w-w",
    "capped": "----w",
}


def by_the_table(message_class: MessageClass, situation: Situation) -> str:
    column = list(MessageClass).index(message_class)
    excused = {"opted_out", "held"} if message_class is MessageClass.PERSON and not situation.unasked else set()
    wrong = [fact for fact in TABLE if getattr(situation, fact) and fact not in excused]
    return next((TABLE[fact][column] for fact in wrong if TABLE[fact][column] != "-"), "-")


def by_the_gate(message_class: MessageClass, situation: Situation) -> str:
    match decide(facts(message_class, situation)):
        case Allowed():
            return "-"
        case Deferred():
            return "w"
        case Held():
            return "p"
        case Blocked():
            return "x"


def facts(message_class: MessageClass, one: Situation) -> GateFacts:
    recipient = Recipient(
        "+12025550123",
        consent_epoch=4 if one.changed else 3,
        opted_out=one.opted_out,
        held=one.held,
        carrier_blocked=one.carrier_blocked,
        invalid=one.invalid,
        consented=not one.unconsented,
        own_verified=True,
    )
    return GateFacts(
        message_class,
        3,
        recipient,
        ROUTE,
        node_valid=not one.node_fenced,
        limiter_epoch_current=not one.limiter_gone,
        acknowledged_opt_out=not one.unasked,
        opt_in_required=True,
        in_campaign=True,
        campaign=Campaign(paused=one.paused, cancelled=one.ended),
        replied=one.replied,
        expired=one.expired,
        hours_open=not one.quiet,
        opens_at=LATER if one.quiet else None,
        cap_reached=one.capped,
        cap_resets_at=LATER if one.capped else None,
    )


EVERY: Final = [Situation(*wrong) for wrong in product((False, True), repeat=len(WRONGS))]
# What is wrong in a situation are the ones of its number in EVERY, the last of WRONGS the lowest.
BITS: Final = {wrong: 1 << place for place, wrong in enumerate(reversed(WRONGS))}


@cache
def answers(message_class: MessageClass) -> list[str]:
    """The gate's for EVERY situation, in their order."""
    return [by_the_gate(message_class, one) for one in EVERY]


def test_the_first_row_of_the_table_that_objects_decides_every_combination() -> None:
    assert len(EVERY) == 2 ** len(WRONGS)
    differ = [
        (one, message_class, answer)
        for message_class in MessageClass
        for one, answer in zip(EVERY, answers(message_class), strict=True)
        if answer != by_the_table(message_class, one)
    ]
    assert not differ[:3]


def test_nothing_that_gets_worse_lets_a_text_go() -> None:
    assert all(EVERY[bit] == Situation(**{wrong: True}) for wrong, bit in BITS.items())
    freed = [
        (EVERY[number], message_class, wrong)
        for message_class in MessageClass
        for wrong, bit in BITS.items()
        for number, answer in enumerate(answers(message_class))
        if answer != "-" and not number & bit and answers(message_class)[number | bit] == "-"
    ]
    assert not freed[:3]


def test_a_row_that_is_missing_blocks_whatever_else_is_right_or_wrong() -> None:
    for one, message_class in product(EVERY[:: len(EVERY) // 64], MessageClass):
        if one.node_fenced or one.limiter_gone:
            continue
        whole = facts(message_class, one)
        for gone in (replace(whole, recipient=None), replace(whole, route=None), replace(whole, campaign=None)):
            assert isinstance(decide(gone), Blocked)
