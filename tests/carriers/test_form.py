"""Forms are read byte for byte as urllib reads them."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.carriers.form import MAX_FIELDS, TooManyFields, parse_form

AWKWARD = st.text(alphabet="aZ09 +%&=;é😀\x00\x01\n", max_size=12)


def urllibs(raw: bytes) -> list[tuple[bytes, bytes]]:
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


@given(st.lists(st.tuples(AWKWARD, AWKWARD), max_size=12))
@example([("a", "\x00"), ("b", "\x01")])
def test_what_was_encoded_is_decoded(fields: list[tuple[str, str]]) -> None:
    kept = [(name.encode(), value.encode()) for name, value in fields]
    assert parse_form(urlencode(fields).encode()) == kept


@given(st.text(alphabet="ab=&+%0123cCfF;\x00\x01\xff", max_size=40).map(lambda text: text.encode("latin-1")))
@example(b"a=%0")
@example(b"=&=&&a&%00=1=2")
def test_what_nobody_would_encode_is_read_as_urllib_reads_it(raw: bytes) -> None:
    assert parse_form(raw) == urllibs(raw)


def test_the_limit_on_fields_is_exact() -> None:
    assert len(parse_form(b"&".join([b"a=1"] * MAX_FIELDS))) == MAX_FIELDS
    with pytest.raises(TooManyFields):
        parse_form(b"&".join([b"a=1"] * (MAX_FIELDS + 1)))
