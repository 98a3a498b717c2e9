"""What inbound texts ask for: keywords alone, other wordings, and texts that only look like either."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.folding import fold
from server.domain.optout import KEYWORDS, Heard, _words, classify, recognised
from server.domain.wording import Meaning, may_ask, weigh
from tests.domain.wordings import ORDINARY, PLAIN, UNCLEAR, WRONG

STOP, START, YES, HELP = Heard.STOP, Heard.START, Heard.YES, Heard.HELP


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("STOP", STOP, id="bare keyword"),
        pytest.param(" stop. ", STOP, id="case, space and full stop"),
        pytest.param("ＳＴＯＰ", STOP, id="fullwidth letters"),
        pytest.param("𝐒𝐭𝐨𝐩", STOP, id="mathematical bold letters"),
        pytest.param("Stop! 🛑✋🏽", STOP, id="emoji with a skin tone"),
        pytest.param("👨‍👩‍👧 stop", STOP, id="emoji family joined by zero-width joiners"),
        pytest.param("STOP ℹ️", STOP, id="a letter-like emoji is a picture"),
        pytest.param("S\u200bT\u200bO\u200bP\ufeff", STOP, id="zero-width characters inside"),
        pytest.param("“Stop”", STOP, id="curly quotes"),
        pytest.param("'stop'", STOP, id="straight quotes"),
        pytest.param("S.T.O.P.", STOP, id="dotted letters"),
        pytest.param("st\u00f3p", STOP, id="accent"),
        pytest.param("STOP\n\n", STOP, id="line breaks"),
        pytest.param("stop\u00a0", STOP, id="no-break space"),
        pytest.param("STOPALL", STOP, id="stopall"),
        pytest.param("stop   all", STOP, id="stop all with spaces"),
        pytest.param("STOP\tALL", STOP, id="stop all with a tab"),
        pytest.param("stop-all", STOP, id="stop-all with a hyphen"),
        pytest.param("Unsubscribe", STOP, id="unsubscribe"),
        pytest.param("cancel", STOP, id="cancel"),
        pytest.param("END", STOP, id="end"),
        pytest.param("Quit.", STOP, id="quit"),
        pytest.param("revoke", STOP, id="revoke"),
        pytest.param("REMOVE", STOP, id="remove"),
        pytest.param("OPT-OUT", STOP, id="opt-out with a hyphen"),
        pytest.param("OPT–OUT", STOP, id="opt-out with a dash"),
        pytest.param("opt out", STOP, id="opt out in two words"),
        pytest.param("OptOut", STOP, id="optout in one word"),
        pytest.param("PARAR", STOP, id="Spanish parar"),
        pytest.param("¡Pare!", STOP, id="Spanish pare with its marks"),
        pytest.param("alto", STOP, id="Spanish alto"),
        pytest.param("BAJA", STOP, id="Spanish baja"),
        pytest.param("Cancelar", STOP, id="Spanish cancelar"),
        pytest.param("NO MÁS", STOP, id="Spanish no más"),
        pytest.param("no-más", STOP, id="Spanish no más with a hyphen"),
        pytest.param("help", HELP, id="help"),
        pytest.param("Help?", HELP, id="help as a question"),
        pytest.param("INFO", HELP, id="info"),
        pytest.param("¿Ayuda?", HELP, id="Spanish ayuda"),
        pytest.param("stop by at 5?", None, id="a visit"),
        pytest.param("Can you stop by at 5?", None, id="a visit as a question"),
        pytest.param("the end of the month", None, id="end in a sentence"),
        pytest.param("cancel my Tuesday appointment", None, id="an appointment"),
        pytest.param("don't stop", None, id="the opposite"),
        pytest.param("quit my job", None, id="another kind of quitting"),
        pytest.param("help me with the offer please", None, id="help in a sentence"),
        pytest.param("nonstop", None, id="keyword inside a word"),
        pytest.param("stops", None, id="keyword with an ending"),
        pytest.param("st op", None, id="a word broken by a space"),
        pytest.param("🛑", Heard.AMBIGUOUS, id="a stop sign alone"),
        pytest.param("", None, id="empty"),
        pytest.param("...", None, id="punctuation alone"),
        pytest.param("stop " + "x" * 2000, Heard.AMBIGUOUS, id="a keyword and a long word"),
        pytest.param("stop by " + "x " * 2000, None, id="a long text that begins with a keyword"),
        pytest.param("unsubscribe" + "!" * 2000, STOP, id="the longest keyword with much around it"),
        pytest.param("unsubscribea\ufe0f", STOP, id="the longest keyword and a letter that is a picture"),
        pytest.param("\ud83d stop", STOP, id="half of a surrogate pair"),
    ],
)
def test_classify(body: str, expected: Heard | None) -> None:
    assert classify(body) is expected


@pytest.mark.parametrize("body", ["Start!", "unstop", "INICIAR"])
def test_a_keyword_starts_again(body: str) -> None:
    assert classify(body) is START


@pytest.mark.parametrize("body", ["YES", "yes. 👍"])
def test_a_bare_yes_is_told_apart_since_it_answers_questions(body: str) -> None:
    assert classify(body) is YES


@pytest.mark.parametrize("body", ["please start", "start texting me again", "yes please", "Yes, that works"])
def test_no_wording_starts_again(body: str) -> None:
    assert classify(body) is None


@pytest.mark.parametrize("body", PLAIN)
def test_plain_wording_revokes_like_a_stop(body: str) -> None:
    assert classify(body) is Heard.STOP_IN_WORDS


@pytest.mark.parametrize("body", UNCLEAR)
def test_what_may_be_meant_either_way_is_left_to_a_person(body: str) -> None:
    assert classify(body) is Heard.AMBIGUOUS


@pytest.mark.parametrize("body", WRONG)
def test_a_wrong_number_is_told_apart(body: str) -> None:
    assert classify(body) is Heard.WRONG_NUMBER


@pytest.mark.parametrize("body", ORDINARY)
def test_an_ordinary_text_asks_for_nothing(body: str) -> None:
    assert classify(body) is None


def test_the_tables_are_large_and_name_no_text_twice() -> None:
    bodies = (*PLAIN, *UNCLEAR, *WRONG, *ORDINARY)
    assert len(bodies) >= 200
    assert len({body.casefold() for body in bodies}) >= len(bodies) - 2


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        pytest.param("Hello. Please stop texting me!", ["stop texting me"], id="a request"),
        pytest.param("  “Stop” ", ["“Stop”"], id="a keyword"),
        pytest.param("🙂 ＷＲＯＮＧ　number, sorry", ["ＷＲＯＮＧ　number"], id="after emoji and in full width"),
        pytest.param("Por favor, no me escriban más", ["no me escriban más"], id="with accents"),
        pytest.param("plz stooooop", ["plz stooooop"], id="misspelt"),
        pytest.param("unsuscribe. take me off your list", ["unsuscribe", "take me off your list"], id="two requests"),
        pytest.param("See you at five", [], id="an ordinary text"),
    ],
)
def test_what_was_recognised_is_found_in_the_text_as_it_was_written(body: str, marked: list[str]) -> None:
    assert [body[start:end] for start, end in recognised(body)] == marked


@given(
    st.sampled_from((*PLAIN, *UNCLEAR, *WRONG, *ORDINARY)),
    st.sampled_from(["!", "!!!", " .", " 🙂", "\u200b", "\ufeff", "  ", "\n"]),
    st.sampled_from(["", " ", "\u200b", "\n "]),
)
def test_case_width_and_punctuation_change_nothing(body: str, after: str, before: str) -> None:
    if "“" in body or '"' in body or body.startswith(">") or body in CAPITALS_MATTER:
        return
    expected = classify(body)
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalpha() else char for char in body)
    assert classify(before + body + after) is expected
    assert classify(body.upper()) is expected
    assert classify(wide) is expected


CAPITALS_MATTER = {body for body in WRONG if classify(body.upper()) is None}
"""A name is known by its capital: "This isn't Maya"."""


@given(st.sampled_from((*PLAIN, *UNCLEAR, *WRONG)), st.text(max_size=40))
def test_the_first_look_never_hides_what_the_second_would_find(body: str, more: str) -> None:
    for text in (body, f"{body}. {more}", f"{more}, {body}"):
        if weigh(text).meaning is not Meaning.NOTHING:
            assert may_ask(_words(text))


@given(st.sampled_from(PLAIN), st.sampled_from(ORDINARY))
def test_a_request_is_heard_beside_other_sentences(request: str, other: str) -> None:
    """Whether for certain or for a person to say: it is never lost."""
    if len(request) > 12 and not any(mark in request + other for mark in '“"“>'):
        assert classify(f"{other}.\n{request}") is not None


@given(st.text(max_size=1_600))
def test_no_text_is_too_strange_to_be_read_and_marked(body: str) -> None:
    assert classify(body) in (None, *Heard)
    for start, end in recognised(body):
        assert 0 <= start < end <= len(body)


@given(st.text(max_size=200))
def test_every_character_of_a_reading_knows_where_it_stood(body: str) -> None:
    read = fold(body)
    assert len(read.where) >= len(read.words)
    assert all(0 <= index < max(1, len(body)) for index in read.where)
    assert list(read.where) == sorted(read.where)


@pytest.mark.parametrize(
    "piece",
    [
        "stop ",
        "don't ",
        "s.",
        "no me ",
        "“",
        "remove my ",
        "stop sending me ",
        "a",
        "ｓ",
        "wrong ,",
        "take me off your ",
        "> ",
        "no more ",
    ],
)
def test_the_work_grows_with_the_length_and_not_faster(piece: str) -> None:
    """Ten times the text costs at most about ten times the time: nobody can hold the server up with one text."""

    def cost_s(length: int) -> float:
        body, times = (piece * length)[:length], []
        for _ in range(5):
            begun = time.thread_time()
            classify(body)
            times.append(time.thread_time() - begun)
        return min(times)

    assert cost_s(1_600) < 60 * max(cost_s(160), 20e-6)


@given(
    st.sampled_from(sorted(KEYWORDS)),
    st.text(alphabet=".,!?\"'“”’*_🙂🛑\u200b\ufeff \n\t", max_size=30),
    st.text(alphabet=".,!?\"'“”’*_🙂🛑\u200b\ufeff \n\t", max_size=30),
    st.booleans(),
)
def test_what_surrounds_a_keyword_does_not_hide_it(word: str, before: str, after: str, upper: bool) -> None:
    body = before + (word.upper() if upper else word) + after
    assert classify(body) is KEYWORDS[word]


@given(st.sampled_from(sorted(KEYWORDS)), st.text(alphabet="bdfgjkvwxz", min_size=3, max_size=12))
def test_another_word_beside_a_keyword_makes_it_a_sentence(word: str, other: str) -> None:
    if word in {"unsubscribe", "optout", "opt out"}:
        return  # hardly anything else is meant by these, wherever they stand
    for body in (f"{word} {other}", f"{other} {word}"):
        assert classify(body) in (None, Heard.AMBIGUOUS)
