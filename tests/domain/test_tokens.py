"""What tokens mean, and where a template is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.tokens import KNOWN, Fault, Template, Token, escaped, nearest, parse, render

VALUES = {"first_name": "Ana", "last_name": None, "agent_name": "{{first_name}}"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("Hi {{first_name}}!", "Hi Ana!", id="a value"),
        pytest.param("Hi {{  first_name\t}}!", "Hi Ana!", id="spaces inside"),
        pytest.param("Hi {{First_Name}}!", "Hi Ana!", id="case of the name"),
        pytest.param("{{first_name}}{{first_name}}", "AnaAna", id="side by side"),
        pytest.param("Hi {{last_name|there}}!", "Hi there!", id="a fallback"),
        pytest.param("Hi {{last_name | dear friend }}!", "Hi dear friend!", id="a fallback with spaces around it"),
        pytest.param("Hi{{last_name|}}!", "Hi!", id="an empty fallback"),
        pytest.param("Hi {{first_name|there}}!", "Hi Ana!", id="a fallback that is not needed"),
        pytest.param(r"\{{first_name}}", "{{first_name}}", id="an escaped token"),
        pytest.param(r"\\{{first_name}}", "\\Ana", id="an escaped backslash before a token"),
        pytest.param(r"{{last_name|a\|b\}\}c}}", "a|b}}c", id="escapes inside a fallback"),
        pytest.param("{{last_name|a|b}}", "a|b", id="a second bar belongs to the fallback"),
        pytest.param("a { b } c }} d", "a { b } c }} d", id="single braces and a lone end"),
        pytest.param("C:\\new ¯\\_(ツ)_/¯", "C:\\new ¯\\_(ツ)_/¯", id="other backslashes"),
        pytest.param("{{agent_name}}", "{{first_name}}", id="a value is never a template"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_render(template: str, text: str) -> None:
    rendered = render(parse(template), VALUES)
    assert (rendered.text, rendered.missing) == (text, ())


@pytest.mark.parametrize(
    ("template", "faults"),
    [
        pytest.param("Hi {{first_name", [(3, 2)], id="unclosed"),
        pytest.param("Hi {{first_name} }", [(3, 2)], id="closed by halves"),
        pytest.param("{{first_name {{agent_name}}", [(0, 2)], id="unclosed before another token"),
        pytest.param("Hi {{frist_name}}!", [(3, 14)], id="unknown"),
        pytest.param("Hi {{}} {{ |x}}", [(3, 4), (8, 7)], id="without a name"),
        pytest.param("👍 {{nope}}", [(2, 8)], id="positions count code points"),
        pytest.param(r"{{first_name\}}", [(0, 2)], id="its end is escaped"),
    ],
)
def test_faults_have_positions(template: str, faults: list[tuple[int, int]]) -> None:
    assert [(fault.at, fault.length) for fault in parse(template).faults] == faults


def test_an_escaped_bar_is_part_of_the_name() -> None:
    assert parse(r"{{a\|b}}").names == {r"a\|b"}


def test_faults_are_sentences() -> None:
    assert parse("{{dog}}").faults == (Fault(0, 7, 'There is no token named "dog".'),)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("frist_name", "first_name", id="two letters changed places"),
        pytest.param("firstname", "first_name", id="written as one word"),
        pytest.param("First Name", "first_name", id="written as people say it"),
        pytest.param("property-adress", "property_address", id="a letter is missing"),
        pytest.param("showing_times", "showing_time", id="a letter too many"),
        pytest.param("fname", "first_name", id="as another product calls it"),
        pytest.param("address", "property_address", id="called by a part of its name"),
        pytest.param("lot_sise", "lot_size", id="a field of the workspace's own"),
        pytest.param("appointment", "appointment_at", id="their own field is nearer than another word for ours"),
        pytest.param("dog", None, id="nothing like it"),
        pytest.param("", None, id="nothing at all"),
    ],
)
def test_a_near_miss_names_the_token_that_was_likely_meant(name: str, meant: str | None) -> None:
    assert nearest(name, {*KNOWN, "lot_size", "appointment_at"}) == meant


@pytest.mark.parametrize(
    ("template", "mended"),
    [
        pytest.param("Hi {{frist_name}}!", "Hi {{first_name}}!", id="a name"),
        pytest.param("Hi {{ fname | there }}!", "Hi {{first_name|there}}!", id="its fallback stays"),
        pytest.param(r"Hi {{fname|a\|b}}!", r"Hi {{first_name|a\|b}}!", id="escapes in its fallback stay"),
        pytest.param("Hi {first_name}!", "Hi {{first_name}}!", id="one brace on each side"),
        pytest.param("Hi { First_Name | there}!", "Hi {{first_name|there}}!", id="one brace and a fallback"),
    ],
)
def test_what_was_likely_meant_can_stand_in_the_faults_place(template: str, mended: str) -> None:
    [fault] = parse(template).faults
    assert template[: fault.at] + (fault.instead or "") + template[fault.at + fault.length :] == mended
    assert parse(mended).faults == ()


@pytest.mark.parametrize("template", ["{{custom_field}}", "{{ Custom Field }}", "{{customfield|x}}"])
def test_any_field_of_yours_is_a_fault_of_its_own_kind(template: str) -> None:
    [fault] = parse(template, {*KNOWN, "custom_field"}).faults
    assert (fault.kind, fault.at, fault.length, fault.instead) == ("placeholder", 0, len(template), None)


def test_single_braces_around_anything_else_are_plain() -> None:
    assert parse(r"{a} {first_name\} \{first_name} {}").faults == ()


def test_a_thousand_faults_are_found_without_a_thousand_guesses() -> None:
    faults = parse("{{firstname}}" * 1000).faults
    assert len(faults) == 1000
    assert 0 < sum(fault.instead is not None for fault in faults) <= 10


def test_a_template_with_faults_is_not_rendered() -> None:
    with pytest.raises(ValueError, match="no token named"):
        render(parse("Hi {{frist_name}}"), VALUES)


def test_missing_values_are_named_once() -> None:
    assert render(parse("{{last_name}} {{last_name}}"), VALUES).missing == ("last_name",)


@pytest.mark.parametrize("value", [None, "", "  ", "\n"])
def test_a_blank_value_is_missing(value: str | None) -> None:
    assert render(parse("Hi {{first_name|you}}"), {"first_name": value}).text == "Hi you"


def test_the_names_that_a_template_asks_for() -> None:
    assert parse("{{first_name|x}} {{City}}", known={"first_name", "city"}).names == {"first_name", "city"}


@given(st.text(alphabet="{}|\\ab _\n", max_size=40))
def test_any_text_parses_and_its_faults_lie_inside(template: str) -> None:
    for fault in parse(template).faults:
        assert 0 <= fault.at < fault.at + fault.length <= len(template)


@given(st.text(alphabet="{}|\\ab 👍", max_size=40))
def test_an_escaped_text_comes_out_as_it_was(text: str) -> None:
    assert render(parse(escaped(text)), {}).text == text


@given(st.text(max_size=30).map(str.strip).filter(bool))
def test_a_value_comes_out_as_it_was(value: str) -> None:
    assert render(Template((Token("first_name", None),)), {"first_name": value}).text == value
