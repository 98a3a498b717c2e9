"""Which inbound texts are keywords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.optout import KEYWORDS, Keyword, classify

STOP, START, HELP = Keyword.STOP, Keyword.START, Keyword.HELP


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
        pytest.param("🛑", None, id="a stop sign alone"),
        pytest.param("", None, id="empty"),
        pytest.param("...", None, id="punctuation alone"),
        pytest.param("stop " + "x" * 2000, None, id="a long text that begins with a keyword"),
        pytest.param("unsubscribe" + "!" * 2000, STOP, id="the longest keyword with much around it"),
        pytest.param("unsubscribea\ufe0f", STOP, id="the longest keyword and a letter that is a picture"),
        pytest.param("\ud83d stop", STOP, id="half of a surrogate pair"),
    ],
)
def test_classify(body: str, expected: Keyword | None) -> None:
    assert classify(body, opted_out=False) is expected


@pytest.mark.parametrize("body", ["YES", "Start!", "unstop", "INICIAR", "yes. 👍"])
def test_only_who_has_opted_out_starts_again(body: str) -> None:
    assert classify(body, opted_out=True) is START
    assert classify(body, opted_out=False) is None


def test_stop_and_help_are_heard_from_who_has_opted_out() -> None:
    assert classify("stop", opted_out=True) is STOP
    assert classify("help", opted_out=True) is HELP


@given(
    st.sampled_from(sorted(KEYWORDS)),
    st.text(alphabet=".,!?\"'“”’*_🙂🛑\u200b\ufeff \n\t", max_size=30),
    st.text(alphabet=".,!?\"'“”’*_🙂🛑\u200b\ufeff \n\t", max_size=30),
    st.booleans(),
)
def test_what_surrounds_a_keyword_does_not_hide_it(word: str, before: str, after: str, upper: bool) -> None:
    body = before + (word.upper() if upper else word) + after
    assert classify(body, opted_out=True) is KEYWORDS[word]


@given(st.sampled_from(sorted(KEYWORDS)), st.text(alphabet="bdfgjkvwxz", min_size=1, max_size=12))
def test_another_word_beside_a_keyword_makes_it_a_sentence(word: str, other: str) -> None:
    assert classify(f"{word} {other}", opted_out=True) is None
    assert classify(f"{other} {word}", opted_out=True) is None


@given(st.text())
def test_no_text_is_too_strange(body: str) -> None:
    assert classify(body, opted_out=True) in (None, *Keyword)
