"""A plan comes back from its row as it was kept, also from the row of an older server; what is no plan is refused."""

from dataclasses import replace
from datetime import date, time

import pytest
from pydantic import ValidationError

from server.domain.campaigns.drip import Drip
from server.domain.campaigns.health import Limits
from server.domain.campaigns.missed import IfMissed
from server.domain.quiet_rules import Span
from server.ports.campaigns import Leaving, Plan, Sources, Start, Variant
from server.store.campaigns.plans import read, written

DRIP = Drip(200, 3600, frozenset({0, 2, 4}), Span(9 * 3600, 17 * 3600), "America/Chicago", date(2027, 1, 31))
FULL = Plan(
    sources=Sources(True, (3, 1), {"any": [{"field": "city", "is": ["Berlin", "Köln"]}]}, (2,), (7, 8), (9,)),
    leaving=Leaving(texted_within_days=14, in_active_campaign=False),
    variants=(Variant("Hi {{first_name}} 👋", 60), Variant("Hello", 40)),
    answers={"first_name": "there"},
    number_id=4,
    start=Start(date(2027, 1, 4), time(8, 30), "America/Denver", at_home=True, if_missed=IfMissed.EXPIRE),
    drip=DRIP,
    rate=2.5,
    until_reply=False,
    quiet=False,
    limits=Limits(None, 3.5, 50),
)


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Plan(), id="an empty plan"),
        pytest.param(FULL, id="a plan with all that one can have"),
        pytest.param(replace(FULL, drip=replace(DRIP, ends_on=None)), id="a drip without an end"),
        pytest.param(replace(FULL, variants=()), id="no text at all"),
    ],
)
def test_a_plan_comes_back_as_it_was_kept(plan: Plan) -> None:
    assert read(written(plan)) == plan


@pytest.mark.parametrize(
    ("row", "plan"),
    [
        pytest.param(None, Plan(), id="no plan"),
        pytest.param("{}", Plan(), id="nothing said"),
        pytest.param('{"variants": [{"body": "Hi"}]}', Plan(variants=(Variant("Hi", 100),)), id="a text without share"),
        pytest.param('{"start": {"day": "2027-01-04"}}', Plan(start=Start(date(2027, 1, 4))), id="a day and no hour"),
        pytest.param('{"rate": 5, "colour": "red"}', Plan(rate=5.0), id="a word that no plan has any more"),
    ],
)
def test_what_an_older_plan_does_not_say_is_as_in_an_empty_one(row: str | None, plan: Plan) -> None:
    assert read(row) == plan


@pytest.mark.parametrize(
    "row",
    [
        pytest.param('{"drip": {"batch": 10}}', id="a drip without its interval"),
        pytest.param('{"start": {"if_missed": "send"}}', id="an unknown choice"),
        pytest.param('{"rate": "fast"}', id="a pace that is no number"),
        pytest.param("[]", id="no object"),
    ],
)
def test_what_cannot_be_read_is_never_taken_for_a_default(row: str) -> None:
    with pytest.raises(ValidationError):
        read(row)


def test_a_plan_is_text_that_postgresql_takes() -> None:
    plan = Plan(variants=(Variant("a\x00b\ud83d"),), answers={"first\x00_name": "x"})

    assert read(written(plan)) == Plan(variants=(Variant("ab\ufffd"),), answers={"first_name": "x"})
