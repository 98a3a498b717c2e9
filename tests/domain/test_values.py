"""What tokens stand for: names, the next showing in the contact's own zone, and custom fields as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from server.domain.fields import Field, FieldKind
from server.domain.places import shipped_places
from server.domain.tokens import KNOWN, parse, render
from server.domain.values import HOME, Known, home_of, known_names, values_of

SATURDAY = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
JULY = datetime(2026, 7, 4, 16, 5, tzinfo=UTC)
BUDGET = Field("budget", "Budget", FieldKind.NUMBER)
MOVING = Field("moving_on", "Moving on", FieldKind.DATE)


def told(known: Known, fields: Any = (), home: str = HOME) -> dict[str, str | None]:
    return values_of(known, "Priya Raman", fields, shipped_places(), home)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(
            Known(zone="America/New_York", showing_at=SATURDAY),
            "Sat, Nov 21 at 3:00 PM EST",
            id="in the contact's zone",
        ),
        pytest.param(
            Known(zone="America/Phoenix", showing_at=JULY), "Sat, Jul 4 at 9:05 AM MST", id="Arizona in summer"
        ),
        pytest.param(Known(zone="Pacific/Honolulu", showing_at=SATURDAY), "Sat, Nov 21 at 10:00 AM HST", id="Hawaii"),
        pytest.param(
            Known(zone="America/Chicago", address="+16175550142", showing_at=JULY),
            "Sat, Jul 4 at 11:05 AM CDT",
            id="its own zone before the area code's",
        ),
        pytest.param(
            Known(address="+13035550142", showing_at=SATURDAY), "Sat, Nov 21 at 1:00 PM MST", id="by area code"
        ),
        pytest.param(
            Known(address="+18505550142", showing_at=SATURDAY),
            "Sat, Nov 21 at 3:00 PM EST",
            id="an area code in two zones, one of them the workspace's",
        ),
        pytest.param(Known(address="+18005550142", showing_at=SATURDAY), "Sat, Nov 21 at 3:00 PM EST", id="toll-free"),
        pytest.param(Known(showing_at=SATURDAY), "Sat, Nov 21 at 3:00 PM EST", id="no number at all"),
        pytest.param(Known(zone="Mars/Olympus", showing_at=SATURDAY), "Sat, Nov 21 at 3:00 PM EST", id="no such zone"),
        pytest.param(
            Known(zone="Asia/Dubai", showing_at=SATURDAY), "Sun, Nov 22 at 12:00 AM UTC+04", id="midnight abroad"
        ),
        pytest.param(Known(zone="America/New_York"), None, id="no showing"),
    ],
)
def test_a_showing_is_told_in_the_contacts_zone(known: Known, expected: str | None) -> None:
    assert told(known)["showing_time"] == expected


def test_an_area_code_that_is_nowhere_near_the_workspace_decides_alone() -> None:
    assert told(Known(address="+18505550142", showing_at=SATURDAY), home="Pacific/Honolulu")["showing_time"] in {
        "Sat, Nov 21 at 2:00 PM CST",
        "Sat, Nov 21 at 3:00 PM EST",
    }


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(
            Known(property_address="7 Linden St", showing_address="9 Cove Rd"), "7 Linden St", id="its own first"
        ),
        pytest.param(Known(showing_address="9 Cove Rd"), "9 Cove Rd", id="that of the next showing"),
        pytest.param(Known(property_address="  "), None, id="blank is none"),
    ],
)
def test_the_property_is_the_contacts_or_the_showings(known: Known, expected: str | None) -> None:
    assert told(known)["property_address"] == expected


def test_every_token_of_the_workspace_has_its_value_or_none() -> None:
    values = told(Known("Maya", " ", custom={"budget": 450000, "gone": "x"}), [BUDGET, MOVING])
    assert values.keys() == known_names([BUDGET, MOVING]) == KNOWN | {"budget", "moving_on"}
    assert {name: value for name, value in values.items() if value} == {
        "first_name": "Maya",
        "agent_name": "Priya Raman",
        "budget": "450,000",
    }


def test_a_template_is_filled_with_them() -> None:
    template = parse("{{first_name|there}}, {{agent_name}} here: {{budget}}", known_names([BUDGET]))
    rendered = render(template, told(Known(custom={"budget": 2.5}), [BUDGET]))
    assert rendered.text == "there, Priya Raman here: 2.5"


@pytest.mark.parametrize(
    ("address", "zone"),
    [("+16175550100", "America/New_York"), ("+13035550100", "America/Denver"), ("+18005550100", HOME), (None, HOME)],
)
def test_a_workspace_is_where_its_first_number_is(address: str | None, zone: str) -> None:
    assert home_of(address, shipped_places()) == zone
