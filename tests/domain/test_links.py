"""What in a text is a link, where it may lead, and what our short one looks like."""

import re
from collections import Counter
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.campaigns.links import (
    MAX_BASE,
    MAX_URL,
    TOKEN_BYTES,
    TOKEN_LENGTH,
    NoTarget,
    Target,
    base_fault,
    find,
    short_link,
    stand_in,
    target,
    token_in,
    token_of,
)
from server.domain.campaigns.top_levels import COUNTRIES, GENERIC, PLAIN
from server.domain.segments import count

BASE = "https://go.acme.example/l"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        pytest.param("See https://acme.example/tour", ["https://acme.example/tour"], id="with a scheme"),
        pytest.param("See HTTP://ACME.example", ["HTTP://ACME.example"], id="in capitals"),
        pytest.param("www.acme.example", ["www.acme.example"], id="www"),
        pytest.param("Go to acme.com.", ["acme.com"], id="a bare name under a top level that is no word"),
        pytest.param("Acme.Homes/a or ACME.HOMES/a", ["Acme.Homes/a", "ACME.HOMES/a"], id="in capitals, bare"),
        pytest.param("acme.homes/oak-street", ["acme.homes/oak-street"], id="a bare name with a path"),
        pytest.param("bit.ly/2x", ["bit.ly/2x"], id="a country's top level with a path"),
        pytest.param("acme.co.uk/a", ["acme.co.uk/a"], id="two levels"),
        pytest.param("acme.com:8443/a", ["acme.com:8443/a"], id="a port"),
        pytest.param("acme.com?ref=sms", ["acme.com?ref=sms"], id="a query and no path"),
        pytest.param("https://münchen.example/Führung", ["https://münchen.example/Führung"], id="Unicode"),
        pytest.param("看https://acme.example/a 吧", ["https://acme.example/a"], id="after a letter without a space"),
        pytest.param("https://a.example/1,https://", ["https://a.example/1,https://"], id="a comma is no end"),
        pytest.param("One: a.com/1\nTwo: b.com/2", ["a.com/1", "b.com/2"], id="two lines"),
        pytest.param("http://localhost/x", ["http://localhost/x"], id="phones link it, whatever it is"),
        # Where it ends
        pytest.param("https://acme.example/a.", ["https://acme.example/a"], id="a full stop"),
        pytest.param("Is it https://acme.example/a?!", ["https://acme.example/a"], id="a question"),
        pytest.param("acme.com?", ["acme.com"], id="a question about a bare name"),
        pytest.param("(https://acme.example/a)", ["https://acme.example/a"], id="in parentheses"),
        pytest.param("https://acme.example/a_(b)", ["https://acme.example/a_(b)"], id="with parentheses of its own"),
        pytest.param("(https://acme.example/a_(b)).", ["https://acme.example/a_(b)"], id="both"),
        pytest.param("[https://acme.example/a]", ["https://acme.example/a"], id="in brackets"),
        pytest.param("“https://acme.example/a”", ["https://acme.example/a"], id="in quotes"),
        pytest.param("<https://acme.example/a>", ["https://acme.example/a"], id="in angles"),
        pytest.param("https://acme.example/a…", ["https://acme.example/a"], id="an ellipsis"),
        pytest.param("👉https://acme.example/a👈", ["https://acme.example/a"], id="a hand that points at it"),
        pytest.param("https://acme.example/a❤️!", ["https://acme.example/a"], id="a picture of two characters"),
        pytest.param("https://acme.example/a\u00a0b", ["https://acme.example/a"], id="a hard space"),
        # Templates
        pytest.param(
            "https://x.example/{{first_name}}!", ["https://x.example/{{first_name}}"], id="a token at the end"
        ),
        pytest.param("https://x.example/{{a|my (b)}}/c", ["https://x.example/{{a|my (b)}}/c"], id="a fallback's space"),
        pytest.param("https://{{site}}/a", ["https://{{site}}/a"], id="a token in place of the name"),
        pytest.param("{{site|https://acme.example}}", [], id="a fallback is a value's business"),
        pytest.param("https://x.example/{a}", ["https://x.example/"], id="single braces end it"),
        # What is none
        pytest.param("", [], id="nothing"),
        pytest.param("https:// www. http://", [], id="without a name"),
        pytest.param("www.acme", [], id="www without a second dot"),
        pytest.param("ana@acme.com, ana.lee@acme.com/x", [], id="addresses of e-mail"),
        pytest.param("See you at 5.Is that fine?", [], id="a forgotten space before a word"),
        pytest.param("Call me.In case/if you like", [], id="a forgotten space, and a slash later"),
        pytest.param("See it.No/yes?", [], id="a forgotten space, and a slash"),
        pytest.param("3.5/mo, 1.2.3/4, $1.200.000/yr", [], id="figures"),
        pytest.param("a.m./p.m., e.g./i.e., U.S./Canada", [], id="abbreviations"),
        pytest.param("St.Paul/Minneapolis", [], id="a place"),
        pytest.param("report.pdf, notes.docx/2", [], id="files"),
        pytest.param("javascript:alert(1) ftp://acme.example/a tel:+12025550100", [], id="other schemes"),
        pytest.param("a..com -acme.com _x_.com/1", [], id="labels that no name has"),
        pytest.param("acme.is", [], id="a word's top level without a path"),
    ],
)
def test_find(text: str, urls: list[str]) -> None:
    found = find(text)
    assert [one.url for one in found] == urls
    assert [text[one.start : one.end] for one in found] == urls


@pytest.mark.parametrize(
    ("url", "led"),
    [
        pytest.param("https://acme.example/a?b=1#c", "https://acme.example/a?b=1#c", id="as it is"),
        pytest.param("acme.com/tour", "http://acme.com/tour", id="without a scheme: http, as phones take it"),
        pytest.param("acme.com:8443/a", "http://acme.com:8443/a", id="a port is no scheme"),
        pytest.param("HTTPS://ACME.Example/Path", "https://acme.example/Path", id="capitals count in the path alone"),
        pytest.param(
            "https://münchen.example/ü?ü#ü", "https://xn--mnchen-3ya.example/%C3%BC?%C3%BC#%C3%BC", id="Unicode"
        ),
        pytest.param("https://acme.example/a%20b%2Fc", "https://acme.example/a%20b%2Fc", id="what was encoded before"),
        pytest.param("http://192.0.2.1/a", "http://192.0.2.1/a", id="a number for a name"),
        pytest.param("https://acme.example/a_(b)?x=1&y=[2]", "https://acme.example/a_(b)?x=1&y=%5B2%5D", id="signs"),
    ],
)
def test_a_target(url: str, led: str) -> None:
    assert target(url) == Target(led)


WEB, FULL = "A link must begin with http:// or https://.", "A link needs the full name of a web site, such as acme.com."
CLEAN = "A link must not have spaces, backslashes or invisible characters."


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        pytest.param("javascript:alert(1)", WEB, id="javascript"),
        pytest.param("JaVaScRiPt://acme.example/%0aalert(1)", WEB, id="javascript that looks like an address"),
        pytest.param("data:text/html,x", WEB, id="data"),
        pytest.param("ftp://acme.example", WEB, id="ftp"),
        pytest.param("mailto:ana@acme.example", WEB, id="mail"),
        pytest.param(
            "https://ana:pw@acme.example/", "A link must not hold a user's name or password.", id="credentials"
        ),
        pytest.param(
            "https://acme.com@evil.example/", "A link must not hold a user's name or password.", id="disguise"
        ),
        pytest.param("https://acme.com\\@evil.example/", CLEAN, id="a backslash"),
        pytest.param("https://acme.example/a b", CLEAN, id="a space"),
        pytest.param("https://acme.example/a\r\nSet-Cookie: x", CLEAN, id="a second header"),
        pytest.param("https://acme.example/\u202egnp.exe", CLEAN, id="letters that turn around"),
        pytest.param("https://localhost/", FULL, id="this machine"),
        pytest.param("https:///a", FULL, id="no name"),
        pytest.param("https://[::1]/", FULL, id="an IPv6 number"),
        pytest.param("https://acme.example,evil/", FULL, id="a comma in the name"),
        pytest.param("https://a%2eb.example/", FULL, id="percent signs in the name"),
        pytest.param(f"https://{'a' * 64}.example/", FULL, id="a label that is too long"),
        pytest.param("https://acme.example:99999/", "This is not an address of the web.", id="a port that is none"),
        pytest.param("https://[acme.example/", "This is not an address of the web.", id="half a bracket"),
        pytest.param(
            f"https://acme.example/{'a' * MAX_URL}", "A link can have at most 2,048 characters.", id="too long"
        ),
        pytest.param(
            f"https://acme.example/{'ü' * 1000}", "A link can have at most 2,048 characters.", id="then encoded"
        ),
        pytest.param("", FULL, id="nothing"),
    ],
)
def test_no_target(url: str, sentence: str) -> None:
    assert target(url) == NoTarget(sentence)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.text(max_size=60).map("https://acme.example/".__add__)))
@example("https://acme.example/%")
@example("HTTP://ℂ.example/")
def test_whatever_is_typed_leads_to_the_web_in_plain_characters_or_nowhere(url: str) -> None:
    led = target(url)
    if isinstance(led, Target):
        assert re.fullmatch(r"https?://[a-z0-9._-]+(:\d+)?[!-~]*", led.url)
        assert urlsplit(led.url).username is None
        assert target(led.url) == led


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("a.:/@(){}?# -wéхttps,comhli|\\"), max_size=60))
@example("www" * 20)
@example("{{" * 30)
@example("a." * 30 + "com")
def test_links_stand_where_they_say_apart_from_each_other(text: str) -> None:
    end = 0
    for found in find(text):
        assert found.start >= end
        assert text[found.start : found.end] == found.url
        assert not re.search(r"\s", re.sub(r"\{\{.*?\}\}", "", found.url))
        end = found.end


def test_finding_takes_time_in_proportion_to_the_text() -> None:
    """Each of these would cost a pattern that tries again more than a lifetime."""
    for piece in ("a", "a.", "a-", "{{", "www.", "https://", "(", ")", "a@", "{{a|", "\\{"):
        assert all(found.end <= 20_000 for found in find((piece * 20_000)[:20_000]))


# Tokens


def test_a_token_is_of_one_length_and_fit_for_an_address_and_a_segment() -> None:
    for raw in (bytes(TOKEN_BYTES), b"\xff" * TOKEN_BYTES, bytes(range(TOKEN_BYTES))):
        token = token_of(raw)
        assert len(token) == TOKEN_LENGTH
        assert token_in(token) == token
        assert token.isascii()
        assert token.isalnum()


@settings(deadline=None)
@given(st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES), st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES))
def test_two_tokens_are_alike_only_where_their_bytes_are(one: bytes, other: bytes) -> None:
    assert (token_of(one) == token_of(other)) == (one == other)


@pytest.mark.parametrize("length", [0, 7, 9, 16])
def test_fewer_bytes_make_no_token(length: int) -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        token_of(bytes(length))


@pytest.mark.parametrize(
    ("asked", "fine"),
    [
        pytest.param("0" * 11, True, id="a token"),
        pytest.param("0" * 11 + "👈", True, id="a picture that stood behind it"),
        pytest.param("0" * 11 + ").", True, id="punctuation that stood behind it"),
        pytest.param("0" * 12, False, id="too long"),
        pytest.param("0" * 10, False, id="too short"),
        pytest.param("0" * 10 + "-", False, id="a dash"),
        pytest.param("0" * 10 + "é", False, id="a letter that is no ASCII"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_token_in(asked: str, fine: bool) -> None:
    assert token_in(asked) == ("0" * 11 if fine else None)


@settings(deadline=None)
@given(st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES), st.text(alphabet="ab €{", max_size=200))
def test_segments_are_known_before_the_token_is(raw: bytes, rest: str) -> None:
    """And phones link the whole of it, whatever stands behind it."""
    link = short_link(BASE, token_of(raw))
    assert count(f"{rest} {link}") == count(f"{rest} {stand_in(BASE)}")
    for behind in ("", " ", ".", ")", ", now", "\n"):
        assert [found.url for found in find(f"({link}{behind}")] == [link]


@pytest.mark.parametrize(
    ("base", "why"),
    [
        pytest.param("https://go.acme.com/l", None, id="a path"),
        pytest.param("https://acme.com", None, id="none"),
        pytest.param("https://xn--mnchen-3ya.example/go/for-it", None, id="other letters, as browsers send them"),
        pytest.param("https://acme.com/" + "a" * (MAX_BASE - 17), None, id="as long as may be"),
        pytest.param("https://acme.com/" + "a" * (MAX_BASE - 16), "at most 60", id="too long"),
        pytest.param("http://go.acme.com", "https://", id="in clear"),
        pytest.param("HTTPS://go.acme.com", "https://", id="shouted"),
        pytest.param("go.acme.com/l", "https://", id="no scheme"),
        pytest.param("javascript:alert(1)//https://acme.com", "https://", id="no address of the web"),
        pytest.param("https://", "plain name", id="nothing"),
        pytest.param("https://localhost/l", "plain name", id="a name without a dot"),
        pytest.param("https://127.0.0.1/l", "plain name", id="a number"),
        pytest.param("https://Go.Acme.com/l", "plain name", id="capitals in the name"),
        pytest.param("https://go.acme.com:8443/l", "plain name", id="a port"),
        pytest.param("https://me@go.acme.com/l", "plain name", id="a user"),
        pytest.param("https://münchen.example/l", "plain name", id="other letters"),
        pytest.param("https://go.acme.com?x=1", "plain name", id="a query"),
        pytest.param("https://go.acme.com/l?x=1", "letters, digits", id="a query behind a path"),
        pytest.param("https://go.acme.com/l#x", "letters, digits", id="a fragment"),
        pytest.param("https://go.acme.com/", "letters, digits", id="a slash at the end"),
        pytest.param("https://go.acme.com/l/", "letters, digits", id="a slash at the end of a path"),
        pytest.param("https://go.acme.com//l", "letters, digits", id="an empty piece"),
        pytest.param("https://go.acme.com/a/b/c/d/e/f/g/h/i", "letters, digits", id="nine pieces"),
        pytest.param("https://go.acme.com/l\n", "letters, digits", id="a new line"),
        pytest.param("https://go.acme.com\n", "plain name", id="a new line behind the name"),
        pytest.param("https://go.acme.com/../l", "letters, digits", id="a path that climbs"),
        pytest.param("https://go.acme.com/media", "server's own", id="where pictures are"),
    ],
)
def test_base_fault(base: str, why: str | None) -> None:
    found = base_fault(base)
    assert found is None if why is None else why in (found or "")


def test_the_top_levels_do_not_overlap() -> None:
    assert max(Counter([*PLAIN, *GENERIC, *COUNTRIES]).values()) == 1
    assert all(len(top) == 2 for top in COUNTRIES)
    assert {"us", "uk", "eu", "ly", "gd"} <= COUNTRIES
