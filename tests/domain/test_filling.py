"""What a template becomes for one recipient."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.filling import MAX_TEXT, fill, one_line_end
from server.domain.segments import count
from server.domain.tokens import KNOWN, escaped

VALUES = {"first_name": "Ana", "property_address": None, "agent_name": "Priya Raman"}


@pytest.mark.parametrize(
    ("template", "answers", "text", "missing"),
    [
        pytest.param("Hi {{first_name}}", {}, "Hi Ana", (), id="a value"),
        pytest.param("Hi {{first_name}}", {"first_name": "Bob"}, "Hi Ana", (), id="a value outranks an answer"),
        pytest.param("At {{property_address}}", {}, "At ", ("property_address",), id="neither"),
        pytest.param("At {{property_address}}", {"property_address": "3 Elm St"}, "At 3 Elm St", (), id="an answer"),
        pytest.param("At {{property_address}}", {"Property_Address": "3 Elm"}, "At 3 Elm", (), id="in any case"),
        pytest.param("At {{property_address}}", {"property_address": " "}, "At ", ("property_address",), id="a blank"),
        pytest.param("At {{property_address|home}}", {}, "At home", (), id="a fallback needs no answer"),
        pytest.param("At {{property_address|home}}", {"property_address": "3 Elm"}, "At 3 Elm", (), id="outranks it"),
        pytest.param("{{agent_name}}", {}, "Priya Raman", (), id="the sender's name"),
        pytest.param("a\r\nb", {}, "a\nb", (), id="line ends as a text box has them"),
        pytest.param(
            "{{showing_time}} {{property_address}} {{showing_time}}", {}, "  ", ("showing_time", "property_address"),
            id="missing ones once, in their order",
        ),
    ],
)  # fmt: skip
def test_fill(template: str, answers: dict[str, str], text: str, missing: tuple[str, ...]) -> None:
    filled = fill(template, VALUES, answers, known=KNOWN)
    assert (filled.text, filled.missing, filled.faults) == (text, missing, ())
    assert filled.segments == count(text)


def test_a_template_with_faults_becomes_no_text() -> None:
    filled = fill("Hi {{frist_name}}", VALUES, known=KNOWN)
    assert (filled.text, filled.complete, filled.segments.count) == (None, False, 0)
    assert [(fault.at, fault.length) for fault in filled.faults] == [(3, 14)]


def test_an_answer_is_never_read_as_a_template() -> None:
    assert fill("{{city}}", {}, {"city": "{{first_name}}"}, known={"city", "first_name"}).text == "{{first_name}}"


@pytest.mark.parametrize(
    ("template", "complete"),
    [
        pytest.param("Hi {{first_name}}", True, id="nothing is missing"),
        pytest.param("At {{property_address}}", False, id="a value is missing"),
        pytest.param(" \n", False, id="blank"),
        pytest.param("a" * MAX_TEXT, True, id="as long as may be"),
        pytest.param("{{first_name}}" + "a" * (MAX_TEXT - 2), False, id="too long once it is filled"),
    ],
)
def test_what_can_be_sent_as_it_stands(template: str, complete: bool) -> None:
    assert fill(template, VALUES, known=KNOWN).complete is complete


@given(st.text(max_size=60))
def test_a_text_without_tokens_comes_out_as_a_box_would_hold_it(text: str) -> None:
    assert fill(escaped(text), {}, known=KNOWN).text == one_line_end(text)
