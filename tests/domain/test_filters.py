"""What a filter's JSON means, and where it means nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.filter_fields import FIELDS, custom_field
from server.domain.filter_values import FilterFault
from server.domain.filters import (
    MOST_CONDITIONS,
    MOST_DEEP,
    Asked,
    Group,
    Leaf,
    Not,
    Vocabulary,
    asked,
    bind,
    definition,
    parse,
)

NOW = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
OWN = (
    custom_field("budget", "Budget", "number"),
    custom_field("moving_on", "Moving on", "date"),
    custom_field("kind", "Kind", "choice", ("House", "Flat")),
)
TOWN = Vocabulary(
    {"tag": {7: "Open House Attendee", 8: "Buyer"}, "stage": {1: "New Lead", 2: "Won", 3: "won"}},
    {field.name: field for field in OWN},
)
TAGGED = {"field": "tag", "is": "has", "value": 7}


def nested(depth: int) -> dict[str, Any]:
    return TAGGED if depth == 1 else {"not": nested(depth - 1)}


def read(given_: Any) -> Any:
    return bind(parse(given_), TOWN)


@pytest.mark.parametrize(
    ("given_", "at", "sentence"),
    [
        pytest.param([], "", "A filter is an object with all, any, not or field.", id="a list"),
        pytest.param({}, "", "Exactly one of all, any, not and field is needed.", id="nothing"),
        pytest.param(
            {"all": [TAGGED], "any": [TAGGED]}, "", "Exactly one of all, any, not and field is needed.", id="two"
        ),
        pytest.param({"all": [TAGGED], "x": 1}, "", "Beside all nothing else may stand.", id="more beside a group"),
        pytest.param({"any": []}, "any", "A list of at least one condition is needed.", id="nobody in an empty any"),
        pytest.param(
            {"not": {"all": []}}, "not.all", "A list of at least one condition is needed.", id="an empty group"
        ),
        pytest.param({"all": {"0": TAGGED}}, "all", "A list of at least one condition is needed.", id="no list"),
        pytest.param(
            {"all": [TAGGED, 5]}, "all.1", "A filter is an object with all, any, not or field.", id="a number"
        ),
        pytest.param(
            {**TAGGED, "or": 1}, "", "A condition has field, is and value, and nothing else.", id="an unknown key"
        ),
        pytest.param({"field": "tag"}, "is", "A word is needed here.", id="no operator"),
        pytest.param({"field": 5, "is": "has"}, "field", "A word is needed here.", id="no field"),
        pytest.param({"field": "shoe", "is": "is"}, "field", "There is no field of that name.", id="an unknown field"),
        pytest.param(
            {"any": [{"field": "custom.shoe", "is": "is", "value": 1}]},
            "any.0.field",
            "There is no custom field of that name.",
            id="a custom field that is gone",
        ),
        pytest.param(
            {"field": "tag", "is": "is", "value": 7},
            "is",
            "Tag can be asked for by: has, has_not, filled, empty.",
            id="an operator of another field",
        ),
        pytest.param(
            {"field": "tag", "is": "has", "value": 9}, "value", "There is no such tag, or it is gone.", id="gone"
        ),
        pytest.param(
            {"field": "tag", "is": "has", "value": True}, "value", "The id or the name of a tag is needed.", id="1?"
        ),
        pytest.param(
            {"field": "tag", "is": "has", "value": "x"}, "value", "There is no tag of that name.", id="unnamed"
        ),
        pytest.param(
            {"field": "stage", "is": "is", "value": "WON"},
            "value",
            "More than one stage has that name: give its id.",
            id="a name of two stages",
        ),
        pytest.param({"field": "tag", "is": "filled", "value": 7}, "value", "No value is taken here.", id="needless"),
        pytest.param(
            {"field": "city", "is": "is", "value": " "}, "value", "A text is needed here.", id="an empty text"
        ),
        pytest.param(
            {"field": "city", "is": "is", "value": "x" * 201},
            "value",
            "At most 200 characters can be looked for.",
            id="long",
        ),
        pytest.param(
            {"field": "city", "is": "is", "value": "a\0"},
            "value",
            "A character that no text contains stands here.",
            id="nul",
        ),
        pytest.param(
            {"field": "phone", "is": "is", "value": "555"}, "value", "This is not one phone number.", id="phone"
        ),
        pytest.param(
            {"field": "phone", "is": "ends", "value": "x"},
            "value",
            "Between 1 and 15 digits are needed here.",
            id="no digit",
        ),
        pytest.param(
            {"field": "area_code", "is": "is", "value": "61"}, "value", "An area code has three digits.", id="area"
        ),
        pytest.param(
            {"field": "created", "is": "within_days", "value": 1.5},
            "value",
            "A whole number of days up to 36,500 is needed here.",
            id="half a day",
        ),
        pytest.param(
            {"field": "created", "is": "after", "value": "2026-02-30"},
            "value",
            "A day or an instant with its offset is needed here: 2026-11-20, 2026-11-20T09:00:00-05:00.",
            id="no such day",
        ),
        pytest.param(
            {"field": "created", "is": "after", "value": "2026-02-03T10:00:00"},
            "value",
            "A day or an instant with its offset is needed here: 2026-11-20, 2026-11-20T09:00:00-05:00.",
            id="no offset",
        ),
        pytest.param(
            {"field": "custom.moving_on", "is": "is", "value": "2026-02-03T10:00:00Z"},
            "value",
            "A day is needed here, such as 2026-11-20.",
            id="an instant for a day",
        ),
        pytest.param(
            {"field": "custom.budget", "is": "is", "value": "5"}, "value", "A number is needed here.", id="words"
        ),
        pytest.param(
            {"field": "custom.budget", "is": "is", "value": float("inf")},
            "value",
            "A number is needed here.",
            id="infinite",
        ),
        pytest.param(
            {"field": "custom.kind", "is": "is", "value": "house"},
            "value",
            "Kind is one of: House, Flat.",
            id="no choice",
        ),
        pytest.param(nested(MOST_DEEP + 1), ".".join(["not"] * MOST_DEEP), "A filter nests at most 6 deep.", id="deep"),
        pytest.param(
            {"all": [TAGGED] * (MOST_CONDITIONS + 1)},
            f"all.{MOST_CONDITIONS}",
            "A filter has at most 100 conditions.",
            id="many",
        ),
    ],
)
def test_a_fault_is_one_sentence_with_its_place(given_: Any, at: str, sentence: str) -> None:
    with pytest.raises(FilterFault) as fault:
        read(given_)
    assert (fault.value.at, fault.value.sentence) == (at, sentence)


def test_an_empty_all_alone_is_everybody() -> None:
    assert asked(read({"all": []}), NOW) == Group("all", ())


@pytest.mark.parametrize("value", [7, "Open House Attendee", " open house attendee "])
def test_a_row_is_named_by_its_id_or_its_name_and_kept_by_its_id(value: int | str) -> None:
    assert definition(read({"any": [{**TAGGED, "value": value}]})) == {"any": [TAGGED]}


def test_an_opposite_is_the_test_denied() -> None:
    assert asked(read({**TAGGED, "is": "has_not"}), NOW) == Not(Leaf(Asked("tag", "tag", "has", (7,))))


@pytest.mark.parametrize(
    ("field", "op", "values"),
    [
        pytest.param("created", "within_days", (NOW - timedelta(days=3),), id="since then"),
        pytest.param("last_in", "older_days", (NOW - timedelta(days=3),), id="before then"),
        pytest.param("showing", "next_days", (NOW, NOW + timedelta(days=3)), id="until then"),
        pytest.param("showing", "within_days", (NOW - timedelta(days=3), NOW), id="between then and now"),
        pytest.param("custom.moving_on", "next_days", ("2026-03-10", "2026-03-13"), id="whole days"),
        pytest.param("custom.moving_on", "within_days", ("2026-03-07", "2026-03-10"), id="whole days gone by"),
    ],
)
def test_days_count_from_now(field: str, op: str, values: tuple[Any, ...]) -> None:
    match asked(read({"field": field, "is": op, "value": 3}), NOW):
        case Leaf(asks=one):
            assert one.values == values
        case other:
            pytest.fail(f"{other} is no test")


def test_a_day_begins_at_midnight_utc() -> None:
    match asked(read({"field": "created", "is": "after", "value": "2026-03-01"}), NOW):
        case Leaf(asks=one):
            assert one.values == (datetime(2026, 3, 1, tzinfo=UTC),)


def test_every_field_has_a_way_to_be_asked_for_and_its_opposite_where_there_is_one() -> None:
    for field in (*FIELDS.values(), *OWN):
        assert field.operators, field.name
        denied = {one.test for one in field.operators.values() if one.denied}
        assert denied <= {one.test for one in field.operators.values() if not one.denied}, field.name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["tag", "has", "name", "is"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "field", "is", "value", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_a_filter_or_a_fault_with_a_sentence(anything: Any) -> None:
    kept, fault = outcome(anything)
    if fault is None:
        assert outcome(kept) == (kept, None)
    else:
        assert fault.sentence.endswith(".")


def outcome(anything: Any) -> tuple[dict[str, Any] | None, FilterFault | None]:
    try:
        return definition(read(anything)), None
    except FilterFault as fault:
        return None, fault
