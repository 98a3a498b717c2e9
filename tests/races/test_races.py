"""Nobody who says no can lose a race against a sender unnoticed. Short forms of `python -m tests.races`.

Each test names the guard that it holds: what in schema.sql or in the store turns it red when it is taken out.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from tests.races import contests
from tests.races.contests import SIDES, Contest
from tests.races.ground import open_ground
from tests.races.verdicts import FAULTS

RACES: Final = 240
A_FEW: Final = RACES // 20  # a race that one side always wins is none


def hold(dsn: str, contest: Contest) -> None:
    async def races() -> None:
        async with open_ground(dsn, SIDES) as ground:
            tally = await contest.hold(ground, RACES, Random())  # noqa: S311 - not a secret
        assert not {word: tally[word] for word in FAULTS if tally[word]}
        assert ground.conflicts == 0, "the lock order keeps them from deadlocks"
        assert min(tally[contest.left], tally[contest.right]) >= A_FEW, tally

    asyncio.run(races())


def test_a_stop_and_a_send_never_both_win(dsn: str) -> None:
    """Guard: claim_granted's `FOR NO KEY UPDATE` on the endpoints, and that the gate's read is a statement after it."""
    hold(dsn, contests.STOP)


def test_a_revocation_that_is_written_down_and_a_send_never_both_win(dsn: str) -> None:
    """Guard: consent_standing locks the endpoint before anything is judged, and write_consent raises its epoch."""
    hold(dsn, contests.REVOCATION)


def test_a_stop_always_wins_over_an_undo_that_did_not_see_it(dsn: str) -> None:
    """Guard: consent_standing's `FOR NO KEY UPDATE`, and that what it reads is a statement after it."""
    hold(dsn, contests.UNDO)


def test_two_stops_at_once_opt_out_once(dsn: str) -> None:
    """Guard: record_mo locks the endpoints before it reads whether they are opted out."""
    hold(dsn, contests.STOPS)


def test_two_campaigns_never_exceed_a_cap_of_one(dsn: str) -> None:
    """Guard: the endpoints' lock is exclusive, departures are read after it, and the batch's own texts count."""
    hold(dsn, contests.CAMPAIGNS)


def test_a_pause_and_a_send_never_both_win(dsn: str) -> None:
    """Guard: claim_granted's shared advisory locks on the batch's campaigns."""
    hold(dsn, contests.PAUSE)


def test_two_senders_never_authorise_one_row_twice(dsn: str) -> None:
    """Guard: claim_granted's `FOR UPDATE SKIP LOCKED` on the outbox."""
    hold(dsn, contests.SENDERS)


def test_a_hand_over_and_a_send_never_both_win(dsn: str) -> None:
    """Guard: claim_granted's shared advisory lock on the limiter, and take_limiter's exclusive one."""
    hold(dsn, contests.HAND_OVER)


def test_a_node_that_left_authorises_nothing(dsn: str) -> None:
    """Guard: claim_granted's `FOR SHARE` on the node's row."""
    hold(dsn, contests.LEAVE)


def test_an_outcome_and_a_callback_end_alike_whoever_is_first(dsn: str) -> None:
    """Guard: settle_attempts and apply_receipts lock the row and the attempt, and kept receipts are joined."""
    hold(dsn, contests.OUTCOME)


def test_the_ladder_never_overrules_a_callback(dsn: str) -> None:
    """Guard: give_up ends only what is still unknown, once it is locked; status only rises."""
    hold(dsn, contests.LADDER)


def test_of_two_decisions_on_a_held_text_one_counts(dsn: str) -> None:
    """Guard: release_held's `FOR UPDATE` on the row, and its look at the row's state."""
    hold(dsn, contests.DECISIONS)
