"""The judge of texts to many: green over true evidence, red for each way in which it could have gone wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import pytest
import trio

from tests.store.campaigns import spring
from tests.store.world import NOON, World, open_world
from tools import ledger_campaigns as rules
from tools.ledger_campaign_rows import Campaign, Campaigns, CampaignText, Recipient
from tools.ledger_courses import Courses, Night, Reworded, Stopped, read_courses
from tools.ledger_database import Attempt, Database, read_database
from tools.ledger_facts import Accepted, Ledger, Refused
from tools.ledger_rules import Evidence, judge
from tools.ledger_tamper import CAMPAIGN_WAYS

AT_S: Final = 100.0
TO: Final = "+14155550101"


def attempt(attempt_id: str, thread_id: int, seq: int = 1) -> Attempt:
    return Attempt(attempt_id, (thread_id, seq), "bulk", thread_id, 0, "accepted", False, False, "", "journal")


def line(attempt_id: str, at_s: float = AT_S) -> Accepted:
    return Accepted(attempt=attempt_id, from_="+12025550198", to=TO, segments=1, at_s=at_s, sid=f"SM{attempt_id}{at_s}")


CAMPAIGN: Final = Campaign(
    id=7, state="completed", audience=4, expected=3, launched=True, ended=True, total=4, kept="{}", counted="{}",
    witnessed=[("draft", False), ("active", False), ("paused", False), ("active", False), ("completed", True)],
)  # fmt: skip
"""One recipient each is wired, skipped without a text, excluded, and refused."""
RECIPIENTS: Final = (
    Recipient(7, 1, 1, "wired", (1, 2)),
    Recipient(7, 2, 2, "skipped", None),
    Recipient(7, 3, None, "excluded", None),
    Recipient(7, 4, 4, "rejected", (4, 1)),
)
TEXTS: Final = {(1, 1): CampaignText(7, 0), (1, 2): CampaignText(7, 3), (4, 1): CampaignText(7, None)}
TRUE: Final = Evidence(
    Ledger([line("a")], [Refused(attempt="b", from_="", to="", segments=1, at_s=AT_S, told=400)], [], []),
    Database(
        outbound={(1, 1): "cancelled", (1, 2): "delivered", (4, 1): "rejected"},
        attempts={"a": attempt("a", 1, 2), "b": attempt("b", 4)},
        inbound=[], unassigned=[], mo_ids={}, threads={}, opted_out={}, carrier_blocks=0, pace={},
        campaigns=Campaigns([CAMPAIGN], RECIPIENTS, TEXTS),
    ),
)  # fmt: skip


def found(evidence: Evidence) -> dict[str, int]:
    """How many findings each rule has."""
    ledger, database, courses = evidence.ledger, evidence.database, evidence.courses
    all_of = {
        "reached": rules.reached(ledger, database),
        "sums": rules.sums(database),
        "rows": rules.rows(database),
        "course": rules.course(database),
        "stopped": rules.stopped(ledger, database, courses),
        "at_night": rules.at_night(ledger, database, courses),
    }
    return {name: count for name, one in all_of.items() if (count := len(list(one)))}


def but(**changed: Any) -> Evidence:
    """True evidence, but for what is *changed* of the database's campaigns."""
    return replace(TRUE, database=replace(TRUE.database, campaigns=replace(TRUE.database.campaigns, **changed)))


def but_campaign(**changed: Any) -> Evidence:
    return but(rows=[replace(CAMPAIGN, **changed)])


def but_recipient(nth: int, **changed: Any) -> Evidence:
    rows = list(RECIPIENTS)
    rows[nth - 1] = replace(rows[nth - 1], **changed)
    return but(recipients=rows)


def but_sent(*attempts: Attempt) -> Evidence:
    """The carrier took a text of each of these besides."""
    known = {**TRUE.database.attempts, **{one.id: one for one in attempts}}
    lines = [*TRUE.ledger.accepted, *(line(one.id) for one in attempts)]
    return replace(TRUE, ledger=replace(TRUE.ledger, accepted=lines), database=replace(TRUE.database, attempts=known))


def while_(*stopped: Stopped, reworded: tuple[Reworded, ...] = (), nights: tuple[Night, ...] = ()) -> Evidence:
    return replace(TRUE, courses=Courses(stopped, reworded, nights))


def went(*states: tuple[str, bool]) -> Evidence:
    return but_campaign(witnessed=list(states))


ACTIVE, DRAFT = ("active", False), ("draft", False)


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(TRUE, id="as it is"),
        pytest.param(but_campaign(launched=False, audience=0, state="draft", ended=False), id="one not launched"),
        pytest.param(went(DRAFT, ACTIVE, DRAFT, ACTIVE, ("completed", True)), id="a launch refused, and one"),
        pytest.param(went(ACTIVE, ("cancelled", False), ("cancelled", True)), id="a cancel, and its end"),
        pytest.param(while_(Stopped(7, AT_S - 0.29, AT_S + 1)), id="what had left already at a stop"),
        pytest.param(while_(Stopped(7, AT_S - 9, AT_S - 1)), id="what left after it went on"),
        pytest.param(while_(Stopped(8, AT_S - 9, AT_S + 9)), id="a stop of another campaign"),
        pytest.param(while_(reworded=(Reworded(7, 3, AT_S - 9),)), id="a text with the newest words"),
        pytest.param(while_(nights=(Night("+1415", AT_S - 1),)), id="a text in the morning"),
        pytest.param(while_(nights=(Night("+1617", AT_S + 1),)), id="a text to where it is day"),
    ],
)  # fmt: skip
def test_what_is_as_it_should_be_is_green(evidence: Evidence) -> None:
    assert found(evidence) == {}


@pytest.mark.parametrize(
    ("evidence", "rule"),
    [
        pytest.param(but_sent(attempt("c", 1)), "reached", id="a text that was taken back, and its successor"),
        pytest.param(but_sent(replace(attempt("c", 9), place=(1, 1))), "reached", id="somebody who is no recipient"),
        pytest.param(but_campaign(kept='{"wired": 2}'), "sums", id="sums that are not those of the rows"),
        pytest.param(but_campaign(total=5), "sums", id="one more in the sum than people"),
        pytest.param(but_campaign(expected=2), "sums", id="another count than was confirmed"),
        pytest.param(but_recipient(4, ord=5), "sums", id="a gap in the places"),
        pytest.param(but_recipient(1, state="rejected"), "rows", id="a recipient elsewhere than its text"),
        pytest.param(but_recipient(1, place=None), "rows", id="a text that was sent and is nobody's"),
        pytest.param(but_recipient(2, state="pending"), "course", id="an end with somebody left"),
        pytest.param(but_campaign(ended=False), "course", id="a completed one without an end"),
        pytest.param(went(DRAFT, ("paused", False)), "course", id="a pause of a draft"),
        pytest.param(went(ACTIVE, ("completed", True), ("completed", True)), "course", id="two ends"),
        pytest.param(went(ACTIVE, ("cancelled", True), ACTIVE), "course", id="a life after the end"),
        pytest.param(while_(Stopped(7, AT_S - 0.31, AT_S + 1)), "stopped", id="a text after a stop"),
        pytest.param(while_(reworded=(Reworded(7, 4, AT_S - 1),)), "stopped", id="a text with the words of before"),
        pytest.param(while_(nights=(Night("+1415", AT_S + 0.1),)), "at_night", id="a text at night"),
    ],
)  # fmt: skip
def test_each_broken_promise_has_its_finding(evidence: Evidence, rule: str) -> None:
    assert rule in found(evidence)


def test_a_text_that_was_refused_after_a_stop_had_left_too() -> None:
    assert found(while_(Stopped(7, AT_S - 1, AT_S + 1))) == {"stopped": 2}


# Read from a database


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A campaign that wired a text to two people."""
    async with open_world(dsn) as world:
        campaign = await spring(world)
        await campaign.wire("+12125550101", "+12125550102")
        await world.sql("UPDATE campaign SET ended_at = $1, state = 'completed'", NOON)
        yield world


def evidence_of(world: World, provider_ids: list[Any]) -> Evidence:
    lines = [replace(line(str(row["id"])), sid=row["provider_id"]) for row in provider_ids]
    return Evidence(Ledger(lines, [], [], []), read_database(world.dsn))


async def _evidence(world: World) -> Evidence:
    rows = await world.sql("SELECT id, provider_id FROM attempt ORDER BY outbox_id")
    return await trio.to_thread.run_sync(evidence_of, world, rows)


CAMPAIGN_RULES: Final = ("reached", "sums", "rows", "course", "stopped", "at_night")


def told(evidence: Evidence) -> dict[str, int]:
    verdict = judge(evidence)
    return {name: len(verdict.findings[name]) for name in CAMPAIGN_RULES if verdict.findings[name]}


async def test_a_campaign_that_went_well_is_green_and_red_once_it_is_falsified(world: World) -> None:
    evidence = await _evidence(world)
    assert len(evidence.database.campaigns.recipients) == 2
    assert told(evidence) == {}
    for way, falsify in CAMPAIGN_WAYS.items():
        assert (way if way != "reworded" else "stopped") in told(falsify(evidence)), way


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        pytest.param("UPDATE campaign_stat_delta SET wired = wired + 1 WHERE wired = 1", "sums", id="a delta twice"),
        pytest.param("UPDATE campaign SET audience = 3", "sums", id="an audience of others"),
        pytest.param("UPDATE campaign_recipient SET state = 'unconfirmed'", "rows", id="recipients astray"),
        pytest.param(
            "UPDATE campaign_recipient SET state = 'pending', thread_id = NULL, seq = NULL WHERE ord = 2",
            "course", id="one who is pending at the end",
        ),
        pytest.param("DELETE FROM campaign_recipient WHERE ord = 1", "reached", id="a recipient who is gone"),
    ],
)  # fmt: skip
async def test_what_the_rows_say_is_what_is_judged(world: World, wrong: str, rule: str) -> None:
    await world.sql(wrong)
    assert rule in told(await _evidence(world))


def test_what_was_answered_is_read_as_it_was_written(tmp_path: Any) -> None:
    path = tmp_path / "courses.jsonl"
    path.write_text(
        '{"t": "stopped", "campaign": 1, "from_s": 2.0, "until_s": null}\n'
        '{"t": "reworded", "campaign": 1, "words": 3, "from_s": 4.0}\n'
        '{"t": "night", "prefix": "+1415555", "until_s": 5.0}\n'
    )
    courses = read_courses(path)
    assert courses == Courses([Stopped(1, 2.0, float("inf"))], [Reworded(1, 3, 4.0)], [Night("+1415555", 5.0)])
    assert courses.told() == {"stopped": 1, "reworded": 1, "nights": 1}
