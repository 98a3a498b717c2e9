"""Every comparison of a campaign's run objects: to each figure in each place, and to what a journal tells."""

from __future__ import annotations

import pytest

from tests.campaign.comparing import Pages, clicks_differ, sent
from tests.campaign.figures import (
    FIELDS,
    Between,
    differences,
    faults_of,
    of_export,
    of_minutes,
    of_reasons,
    parts_differ,
)
from tests.campaign.handsets import Journal
from tools.ledger_facts import Accepted, Ledger, Receipt, Refused

TOLD = {
    "audience": 10, "excluded": 1, "pending": 0, "in_flight": 0, "wired": 5, "rejected": 2, "unconfirmed": 1,
    "skipped": 1, "delivered": 3, "undelivered": 1, "replied": 2, "opted_out": 1, "clicked": 2, "segments": 6,
}  # fmt: skip
EXPORT = """\ufeffName,Number,Text,Status,Reason,Segments,Replied,Opted out,Clicked\r
Ann,1,A,delivered,,2,2026-11-20T16:05:00+00:00,,2026-11-20T16:05:00+00:00\r
Bo,2,A,delivered,,1,,,2026-11-20T16:05:00+00:00\r
Cy,3,A,delivered,,1,2026-11-20T16:05:00+00:00,2026-11-20T16:06:00+00:00,\r
Di,4,B,undelivered,Gone,1,,,\r
Ed,5,B,sent,,1,,,\r
Fay,6,B,rejected,No,1,,,\r
Gus,7,B,rejected,No,1,,,\r
Hal,8,B,unconfirmed,,1,,,\r
Ivy,9,B,skipped,Why,,,,\r
,,B,excluded,Why,,,,\r
"""


def test_figures_of_one_moment_have_no_fault() -> None:
    assert faults_of(TOLD, 10) == []
    assert of_export(EXPORT) == TOLD
    assert differences({"a": TOLD, "b": dict(TOLD)}) == []


@pytest.mark.parametrize("field", ["audience", *FIELDS[1:8]])
def test_a_sum_that_is_one_off_is_a_fault(field: str) -> None:
    assert faults_of(TOLD | {field: TOLD[field] + 1}, 10)
    assert faults_of(TOLD | {field: TOLD[field] - 1}, 10)


def test_more_receipts_than_texts_and_fewer_than_none_are_faults() -> None:
    assert faults_of(TOLD | {"undelivered": 3}, 10) == ["More than the 5 that were wired have a receipt."]
    assert faults_of(TOLD | {"clicked": -1}, 10)


@pytest.mark.parametrize("field", FIELDS)
def test_each_figure_that_differs_in_one_place_is_named(field: str) -> None:
    other = TOLD | {field: TOLD[field] + 1}
    assert differences({"a": TOLD, "b": TOLD, "c": other}) == [f"{field}: a says {TOLD[field]}, c {TOLD[field] + 1}."]
    del other[field]
    assert len(differences({"a": TOLD, "b": other})) == 1


@pytest.mark.parametrize("line", range(1, 11))
def test_a_line_that_is_missing_in_the_file_shows(line: int) -> None:
    lines = EXPORT.splitlines()
    assert of_export("\n".join(lines[:line] + lines[line + 1 :])) != TOLD


def test_minutes_and_reasons_are_held_to_the_figures() -> None:
    minute = {"wired": 5, "delivered": 3, "failed": 3, "replied": 2, "opted_out": 1, "clicked": 2}
    assert parts_differ("minutes", of_minutes([minute]), TOLD) == []
    for field in minute:
        assert len(parts_differ("minutes", of_minutes([minute | {field: 9}]), TOLD)) == 1
    counts = {"excluded": 1, "skipped": 1, "rejected": 2, "unconfirmed": 1, "undelivered": 1}
    rows = [{"state": state, "count": count} for state, count in counts.items()]
    assert parts_differ("reasons", of_reasons(rows), TOLD) == []
    assert parts_differ("reasons", of_reasons(rows[1:]), TOLD) == ["excluded: reasons says 0, the figures 1."]


def test_who_certainly_is_must_be_and_who_cannot_be_must_not() -> None:
    some = Between({"a", "b"}, {"c"})
    assert some.objections("left", {"a", "b"}) == some.objections("left", {"a", "b", "c"}) == []
    assert some.objections("left", {"a"}) == ["1 left by the journal and not by the rows, such as b."]
    assert some.objections("left", {"a", "b", "d"}) == ["1 left by the rows and not by the journal, such as d."]


def test_the_carriers_journal_says_what_became_of_each() -> None:
    accepted = [_accepted(to) for to in ("fine", "gone", "early", "silent", "twice", "twice", "slowed")]
    answers = {"no": 400, "slowed": 429, "slow": 429, "hm": 500, "cut": None}
    refused = [_refused(to, told) for to, told in answers.items()]
    receipts = [_receipt("fine", "delivered"), _receipt("gone", "failed"), _receipt("silent", "delivered", 503)]
    told = sent(Ledger(accepted, refused, [], receipts), frozenset({"ours"}))
    assert [set(who) for who in (told.rejected, told.unknown, told.twice)] == [{"no"}, {"hm", "cut"}, {"twice"}]
    assert (set(told.delivered.certain), set(told.undelivered.certain)) == ({"fine"}, {"gone"})
    assert told.delivered.perhaps == told.undelivered.perhaps == {"early", "silent", "twice", "slowed"}
    assert told.heard_of == {"fine", "gone"}
    assert sent(Ledger(accepted, refused, [], receipts), frozenset()).accepted == {}


@pytest.mark.parametrize(
    ("people", "visits", "bots"), [(2, 3, {"method": 1}), (1, 4, {"method": 1}), (1, 3, {"method": 2}), (1, 3, {})]
)
def test_clicks_that_are_not_those_that_were_made_are_told(people: int, visits: int, bots: dict[str, int]) -> None:
    made = Journal(clicked={"a"}, visits=3)
    made.bots["method"] = 1
    assert clicks_differ(_clicked(1, 3, {"method": 1}), made) == []
    assert clicks_differ(_clicked(people, visits, bots), made)


def _clicked(people: int, visits: int, bots: dict[str, int]) -> Pages:
    told = [{"reason": reason, "visits": count} for reason, count in bots.items()]
    return Pages({}, {}, [], [], [{"people": people, "visits": visits, "bots": told}], "")


def _accepted(to: str) -> Accepted:
    return Accepted(attempt="ours", from_="us", to=to, segments=1, at_s=0.0, sid=to)


def _refused(to: str, told: int | None) -> Refused:
    return Refused(attempt="ours", from_="us", to=to, segments=1, at_s=0.0, told=told)


def _receipt(sid: str, status: str, answered: int = 204) -> Receipt:
    return Receipt(sid, answered, 0.0, 0.0, status)
