"""Which number is meant, however it is written."""

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from server.domain.phone import for_people, is_test_number, normalise

nanp = st.builds(
    "{}{:02d}{}{:06d}".format, st.integers(2, 9), st.integers(0, 99), st.integers(2, 9), st.integers(0, 999999)
)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        pytest.param("+12025550123", "+12025550123", id="E.164"),
        pytest.param("(202) 555-0123", "+12025550123", id="national"),
        pytest.param("1-202-555-0123", "+12025550123", id="with the trunk 1"),
        pytest.param("202.555.0123", "+12025550123", id="dots"),
        pytest.param(" 2025550123 ", "+12025550123", id="digits alone"),
        pytest.param("+1 (202) 555‑0123", "+12025550123", id="a typographic hyphen"),
        pytest.param("\u202a+1 202\u00a0555 0123\u202c", "+12025550123", id="copied from a phone"),
        pytest.param("２０２５５５０１２３", "+12025550123", id="fullwidth digits"),
        pytest.param("tel:+1-202-555-0123", "+12025550123", id="a link"),
        pytest.param("+44 (0)20 7946 0958", "+442079460958", id="a number from abroad with its inland zero"),
        pytest.param("011 44 20 7946 0958", "+442079460958", id="dialled from here"),
        pytest.param("555-0123", None, id="without an area code"),
        pytest.param("(102) 555-0123", None, id="area codes begin with 2 to 9"),
        pytest.param("(202) 155-0123", None, id="exchanges begin with 2 to 9"),
        pytest.param("(911) 555-0123", None, id="no area code ends in 11"),
        pytest.param("+1 202 555 012", None, id="too short"),
        pytest.param("202 555 01234", None, id="too long"),
        pytest.param("+1234567890123456", None, id="longer than E.164 allows"),
        pytest.param("(202) 555-0123 x4", None, id="an extension gets no texts"),
        pytest.param("262966", None, id="a short code"),
        pytest.param("ACME", None, id="a name"),
        pytest.param("202 555 0123 or 202 555 0124", None, id="two numbers"),
        pytest.param("+", None, id="a plus alone"),
        pytest.param("++12025550123", None, id="two pluses"),
        pytest.param("٢٠٢٥٥٥٠١٢٣", None, id="digits of another script"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_normalise(written: str, number: str | None) -> None:
    assert normalise(written) == number


STYLES = [getattr(PhoneNumberFormat, name) for name in ("E164", "INTERNATIONAL", "NATIONAL", "RFC3966")]


@given(nanp, st.sampled_from(STYLES))
def test_us_numbers_are_read_however_phonenumbers_writes_them(digits: str, style: int) -> None:
    parsed = phonenumbers.parse("+1" + digits, None)
    assume(phonenumbers.is_valid_number(parsed))
    assert normalise(phonenumbers.format_number(parsed, style)) == "+1" + digits


@given(st.one_of(nanp, st.text(alphabet="+0123456789()-. ", max_size=18)))
def test_what_is_read_as_north_american_phonenumbers_reads_alike(written: str) -> None:
    number = normalise(written)
    assume(number is not None and number.startswith("+1"))
    parsed = phonenumbers.parse(written, "US")
    assert phonenumbers.is_possible_number(parsed)
    assert phonenumbers.format_number(parsed, PhoneNumberFormat.E164) == number


@given(nanp)
def test_people_write_it_as_phonenumbers_does(digits: str) -> None:
    parsed = phonenumbers.parse("+1" + digits, None)
    assume(phonenumbers.is_valid_number(parsed) and phonenumbers.region_code_for_number(parsed) == "US")
    assert for_people("+1" + digits) == phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)


@given(nanp)
def test_what_is_written_for_people_is_read_again(digits: str) -> None:
    number = normalise(digits)
    assume(number is not None)
    assert number is not None
    assert normalise(for_people(number)) == number


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+12025550100", True),
        ("+17875550199", True),
        ("+12025550200", False),
        ("+12025550099", False),
        ("+12025551100", False),
        ("+12025560100", False),
        ("+442025550100", False),
        ("2025550100", False),
        ("+12025550100\n", False),
    ],
)
def test_numbers_that_belong_to_nobody(number: str, expected: bool) -> None:
    assert is_test_number(number) is expected
