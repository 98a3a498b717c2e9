"""What a template with links becomes for one recipient."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.linked_text import cut, fill_links
from server.domain.campaigns.links import find
from server.domain.tokens import parse, render

KNOWN = frozenset({"first_name", "site", "page"})
SHORT = "https://go.example/"


def fill(template: str, values: Mapping[str, str | None]) -> tuple[str, tuple[str, ...]]:
    filled = fill_links(cut(template, KNOWN), values, links())
    assert filled.missing == ()
    assert filled.refused == ()
    return filled.text, filled.targets


class links:  # noqa: N801 - called like the function that it stands for
    """Numbers the links that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, target: str) -> str:
        self.asked.append(target)
        return f"{SHORT}{len(self.asked)}"


@pytest.mark.parametrize(
    ("template", "values", "text", "targets"),
    [
        pytest.param("Hi {{first_name}}", {"first_name": "Ana"}, "Hi Ana", [], id="no link"),
        pytest.param("See acme.com/a!", {}, f"See {SHORT}1!", ["http://acme.com/a"], id="a link"),
        pytest.param("a.com/1 b.com/2", {}, f"{SHORT}1 {SHORT}2", ["http://a.com/1", "http://b.com/2"], id="two links"),
        pytest.param("a.com/1 a.com/1", {}, f"{SHORT}1 {SHORT}1", ["http://a.com/1"], id="the same one twice"),
        pytest.param(
            "https://x.example/{{first_name}}",
            {"first_name": "Mary Ann"},
            f"{SHORT}1",
            ["https://x.example/Mary%20Ann"],
            id="a value with a space",
        ),
        pytest.param(
            "https://x.example/?n={{first_name}}&a=1",
            {"first_name": "A&admin=1#"},
            f"{SHORT}1",
            ["https://x.example/?n=A%26admin%3D1%23&a=1"],
            id="a value stays one value",
        ),
        pytest.param(
            "https://x.example/{{page}}",
            {"page": "oak/12"},
            f"{SHORT}1",
            ["https://x.example/oak/12"],
            id="a value that is a path",
        ),
        pytest.param(
            "https://x.example/{{page|my home}}", {}, f"{SHORT}1", ["https://x.example/my%20home"], id="a fallback"
        ),
        pytest.param(
            "https://{{site}}", {"site": "acme.com/a?b=1"}, f"{SHORT}1", ["https://acme.com/a?b=1"], id="whole"
        ),
        pytest.param(
            "https://{{site}}", {"site": "https://acme.com/a"}, f"{SHORT}1", ["https://acme.com/a"], id="whole, twice"
        ),
        pytest.param(
            "See {{site}}.",
            {"site": "https://acme.com/a"},
            f"See {SHORT}1.",
            ["https://acme.com/a"],
            id="a value alone",
        ),
        pytest.param(
            "See {{site|https://acme.com/b}}.", {}, f"See {SHORT}1.", ["https://acme.com/b"], id="a fallback alone"
        ),
    ],
)
def test_fill_links(template: str, values: Mapping[str, str | None], text: str, targets: list[str]) -> None:
    assert fill(template, values) == (text, tuple(targets))


def test_a_value_cannot_make_it_another_site() -> None:
    template = cut("https://{{first_name}}.acme.com/", KNOWN)
    filled = fill_links(template, {"first_name": "evil.example/"}, links())
    assert filled.targets == ()
    assert filled.refused == ("A link needs the full name of a web site, such as acme.com.",)
    assert fill_links(template, {"first_name": "ana"}, links()).targets == ("https://ana.acme.com/",)


def test_a_link_that_leads_nowhere_is_left_and_told() -> None:
    filled = fill_links(cut("https://ana:pw@acme.example/ and a.com/1", KNOWN), {}, links())
    assert filled.text == f"https://ana:pw@acme.example/ and {SHORT}1"
    assert filled.refused == ("A link must not hold a user's name or password.",)


def test_a_link_that_lacks_a_value_is_not_drawn() -> None:
    asked = links()
    filled = fill_links(cut("{{first_name}} https://x.example/{{page}} {{first_name}}", KNOWN), {}, asked)
    assert filled.missing == ("first_name", "page")
    assert asked.asked == []


def test_a_template_with_faults_cannot_be_filled() -> None:
    template = cut("https://x.example/{{frist_name}}", KNOWN)
    assert template.faults == parse("https://x.example/{{frist_name}}", KNOWN).faults
    with pytest.raises(ValueError, match="Did you mean"):
        fill_links(template, {}, links())


def test_whether_the_author_wrote_a_link() -> None:
    assert cut("See a.com/1", KNOWN).has_links
    assert not cut("See {{site}}", KNOWN).has_links


PIECES = [
    "Hi ",
    "{{first_name}}",
    "{{site|there}}",
    " https://x.example/a",
    " a.com/{{page}}",
    ". ",
    "(",
    ")",
    "\\{",
    " €",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from([None, "Ana", "Bo", "x"]))
def test_around_its_links_the_text_is_the_one_that_is_rendered_without_them(
    pieces: list[str], value: str | None
) -> None:
    template, values = "".join(pieces), {"first_name": value or "Ana", "site": value, "page": "p"}
    rendered = render(parse(template, KNOWN), values)
    filled = fill_links(cut(template, KNOWN), values, lambda target: target)
    assert filled.missing == rendered.missing
    assert filled.text.replace("http://a.com", "a.com") == rendered.text
    assert len(find(filled.text)) == len(find(rendered.text))
