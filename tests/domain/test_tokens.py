"""What tokens mean, and where a template is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.tokens import Fault, Template, Token, parse, render

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
    assert parse("{{frist_name}}").faults == (Fault(0, 14, 'There is no token named "frist_name".'),)


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
    escaped = "".join("\\" + char if char in "\\{}|" else char for char in text)
    assert render(parse(escaped), {}).text == text


@given(st.text(max_size=30).map(str.strip).filter(bool))
def test_a_value_comes_out_as_it_was(value: str) -> None:
    assert render(Template((Token("first_name", None),)), {"first_name": value}).text == value
