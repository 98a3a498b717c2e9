"""What a text costs on the air."""

import re

import pytest
import smsutil  # type: ignore[import-untyped]  # has no types; used as an oracle only
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.segments import GSM_7, GSM_BASIC, GSM_ESCAPED, count, smart_encode

gsm_texts = st.text(alphabet=st.sampled_from(sorted(GSM_7)), max_size=500)
long_texts = st.lists(
    st.sampled_from(["a", "é", "€", "{", "\n", "ç", "👍", "👨‍👩‍👧", "🇺🇸", "中", "\u0301"]), max_size=400
).map("".join)


@pytest.mark.parametrize(
    ("text", "segments", "encoding", "units", "left"),
    [
        pytest.param("", 0, "GSM-7", 0, 160, id="nothing costs nothing"),
        pytest.param("a", 1, "GSM-7", 1, 159, id="one letter"),
        pytest.param("a" * 160, 1, "GSM-7", 160, 0, id="a full segment"),
        pytest.param("a" * 161, 2, "GSM-7", 161, 145, id="one septet too many"),
        pytest.param("a" * 306, 2, "GSM-7", 306, 0, id="two full segments"),
        pytest.param("a" * 307, 3, "GSM-7", 307, 152, id="a third begins"),
        pytest.param("€" * 80, 1, "GSM-7", 160, 0, id="escaped characters cost two"),
        pytest.param(
            "a" * 152 + "€" + "a" * 152, 3, "GSM-7", 306, 152, id="an escape pair never straddles two segments"
        ),
        pytest.param("ç", 1, "UCS-2", 1, 69, id="small c with cedilla is no GSM-7"),
        pytest.param("Ç", 1, "GSM-7", 1, 159, id="capital C with cedilla is GSM-7"),
        pytest.param("中" * 70, 1, "UCS-2", 70, 0, id="a full UCS-2 segment"),
        pytest.param("中" * 71, 2, "UCS-2", 71, 63, id="one unit too many in UCS-2"),
        pytest.param("👍" * 35, 1, "UCS-2", 70, 0, id="an emoji costs two units"),
        pytest.param(
            "中" * 66 + "👍" + "中" * 10, 2, "UCS-2", 78, 55, id="a surrogate pair never straddles two segments"
        ),
        pytest.param("a\u001b", 1, "UCS-2", 2, 68, id="a bare escape is no character of GSM-7"),
    ],
)
def test_count(text: str, segments: int, encoding: str, units: int, left: int) -> None:
    counted = count(text)
    assert (counted.count, counted.encoding, counted.units, counted.units_left) == (segments, encoding, units, left)


def test_the_costly_characters_are_named_once_each_in_order() -> None:
    assert count("Sí, mañana `ok` sí 👍").costly == (("í", 1), ("`", 11), ("👍", 19))


def test_a_plain_text_has_no_costly_characters() -> None:
    assert count("See you at 5 @ Café €10").costly == ()


@settings(max_examples=400, deadline=None)
@given(st.one_of(gsm_texts, long_texts, st.text(max_size=300)).filter(lambda text: text and "\u001b" not in text))
@example("a" * 152 + "€" + "a" * 152)
@example("中" * 66 + "👍" * 40)
def test_the_count_is_that_of_smsutil(text: str) -> None:
    oracle, ours = smsutil.split(text), count(text)
    assert ours.count == len(oracle.parts)
    assert ours.encoding == {"gsm0338": "GSM-7", "utf_16_be": "UCS-2"}[oracle.encoding]
    assert ours.units * (1 if ours.encoding == "GSM-7" else 2) == oracle.total_bytes


any_text = st.text(st.characters(), max_size=400)  # half surrogate pairs too
pieces = st.sampled_from(["a", "中", "€", "👍", "\ud83d", "\udc4d", "\ud83d\udc4d"])
straddling = st.tuples(st.sampled_from("a中"), st.integers(60, 165), pieces, pieces, st.integers(0, 160)).map(
    lambda drawn: drawn[0] * drawn[1] + drawn[2] + drawn[3] * drawn[4]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(any_text, straddling).filter(lambda text: text and "\u001b" not in text))
def test_no_text_at_all_is_counted_otherwise_than_by_smsutil(text: str) -> None:
    oracle, ours = smsutil.split(text), count(text)
    assert (ours.count, ours.encoding == "GSM-7") == (len(oracle.parts), oracle.encoding == "gsm0338")


@given(st.one_of(any_text, straddling))
def test_what_is_stored_in_place_of_half_a_surrogate_pair_costs_the_same(text: str) -> None:
    assert count(re.sub("[\ud800-\udfff]", "\ufffd", text)).count == count(text).count


@given(st.one_of(any_text, gsm_texts), st.data())
def test_a_bare_escape_is_the_one_difference_and_never_makes_a_text_cheaper(text: str, data: st.DataObject) -> None:
    """smsutil counts it as a character of GSM-7. Alone it is none: what follows it would be read as another one."""
    place = data.draw(st.integers(0, len(text)))
    escaped = f"{text[:place]}\u001b{text[place:]}"
    assert count(escaped).encoding == "UCS-2"
    assert count(escaped).count >= len(smsutil.split(escaped).parts)


@given(st.one_of(gsm_texts, long_texts))
def test_as_many_units_as_are_left_cost_no_more_and_one_more_does(text: str) -> None:
    counted = count(text)
    filled = text + "a" * counted.units_left
    assert count(filled).count == max(counted.count, 1)
    assert count(filled + "a").count == max(counted.count, 1) + 1


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert (len(GSM_BASIC), len(GSM_ESCAPED)) == (127, 10)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        pytest.param("It’s “on”", 'It\'s "on"', id="curly quotes"),
        pytest.param("9–5 — ok…", "9-5 - ok...", id="dashes and ellipsis"),
        pytest.param("a\u00a0b\u202fc\td", "a b c d", id="hard spaces and tabs"),
        pytest.param("a\u200bb\ufeffc", "abc", id="invisible characters"),
        pytest.param("`code`", "'code'", id="backticks"),
        pytest.param("Zoë ça va", "Zoë ça va", id="letters keep their accents"),
        pytest.param("👨‍👩‍👧", "👨‍👩‍👧", id="an emoji family stays together"),
        pytest.param("{}[]€^~|\\\f", "{}[]€^~|\\\f", id="escaped characters stay"),
    ],
)
def test_smart_encode(typed: str, sent: str) -> None:
    assert smart_encode(typed) == sent


@given(gsm_texts)
def test_smart_encoding_leaves_gsm_7_alone(text: str) -> None:
    assert smart_encode(text) == text


@given(st.text())
def test_smart_encoding_twice_is_once(text: str) -> None:
    assert smart_encode(smart_encode(text)) == smart_encode(text)
