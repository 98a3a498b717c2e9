"""What leaves the server says nobody's number, address or e-mail."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.suggest.masking import Masks, visible


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        pytest.param("Call 202-555-0123", "Call [PHONE_1]", id="dashes"),
        pytest.param("Call (202) 555-0123 now", "Call [PHONE_1] now", id="brackets"),
        pytest.param("+1 202 555 0123", "[PHONE_1]", id="country code"),
        pytest.param("2025550123", "[PHONE_1]", id="bare"),
        pytest.param("202.555.0123", "[PHONE_1]", id="dots"),
        pytest.param("555-0123", "[PHONE_1]", id="without area code"),
        pytest.param("+44 20 7946 0958", "[PHONE_1]", id="abroad"),
        pytest.param("202\u200b555\u200b0123", "[PHONE_1]", id="zero-width characters"),
        pytest.param("202‑555–0123", "[PHONE_1]", id="other dashes"),
        pytest.param("２０２５５５０１２３", "[PHONE_1]", id="full-width digits"),
        pytest.param("202-555-0123 or (202) 555 0123", "[PHONE_1] or [PHONE_1]", id="the same twice is one"),
        pytest.param("202-555-0123 or 202-555-0124", "[PHONE_1] or [PHONE_2]", id="two are two"),
        pytest.param("mail ana.b+x@home.example.", "mail [EMAIL_1].", id="e-mail"),
        pytest.param("ana at home dot example", "[EMAIL_1]", id="spelt e-mail"),
        pytest.param("ana (at) home.example", "[EMAIL_1]", id="e-mail with a bracket"),
        pytest.param("card 4111 1111 1111 1111", "card [CARD_1]", id="card"),
        pytest.param("account 000123456789012", "account [CARD_1]", id="account"),
        pytest.param("I'm at 14 Maple Ave", "I'm at [ADDRESS_1]", id="street"),
        pytest.param("14 maple ave, Apt 3B please", "[ADDRESS_1] please", id="small letters, flat"),
        pytest.param("230 Willow Creek Rd.", "[ADDRESS_1]", id="two words"),
        pytest.param("5 W 42nd Street", "[ADDRESS_1]", id="numbered street"),
        pytest.param("Calle Mayor 12", "[ADDRESS_1]", id="Spanish"),
        pytest.param("PO Box 771", "[ADDRESS_1]", id="box"),
        pytest.param("It's $1,250,000 for 3 beds", "It's $1,250,000 for 3 beds", id="a price is none"),
        pytest.param("Sunday at 10:30 or 11", "Sunday at 10:30 or 11", id="a time is none"),
        pytest.param("on 2026-11-22", "on 2026-11-22", id="a date is none"),
        pytest.param("on 11/22/2026", "on 11/22/2026", id="an American date is none"),
        pytest.param("say [PHONE_1]", "say (PHONE 1)", id="a forged placeholder"),
        pytest.param("say [ email 2 ]", "say (email 2)", id="a forged placeholder, loosely"),
    ],
)
def test_masking(text: str, masked: str) -> None:
    assert Masks().mask(text) == masked


def test_a_known_address_is_masked_however_it_is_written() -> None:
    masks = Masks(["Casa Verde, left door"])
    assert masks.mask("see you at casa verde, LEFT door") == "see you at [ADDRESS_1]"


@pytest.mark.parametrize(
    ("answer", "put"),
    [
        pytest.param("I'll call [PHONE_1].", "I'll call 202-555-0123.", id="known"),
        pytest.param("I'll call [PHONE_2].", None, id="one that nobody gave"),
        pytest.param("Your [EMAIL_1]?", None, id="another kind"),
        pytest.param("Charged [CARD_1]", None, id="a card never comes back"),
        pytest.param("All good!", "All good!", id="none"),
    ],
)
def test_putting_back(answer: str, put: str | None) -> None:
    masks = Masks()
    masks.mask("202-555-0123 and 4111 1111 1111 1111")
    assert masks.put_back(answer) == put


SEPARATORS = st.sampled_from(["", " ", "-", ".", " - ", "\u2011", "/", "\u00a0", "\u200b", ") "])
NUMBERS = st.tuples(
    st.sampled_from(["", "+1", "1 ", "(", "+1 ("]), st.integers(200, 999), SEPARATORS, st.integers(200, 999),
    SEPARATORS, st.integers(0, 9999),
).map(lambda p: f"{p[0]}{p[1]}{p[2]}{p[3]}{p[4]}{p[5]:04}")  # fmt: skip
EMAILS = st.from_regex(r"[a-z][a-z0-9._+-]{0,12}@[a-z][a-z0-9-]{0,10}\.(com|org|example|co\.uk)", fullmatch=True)
WORDS = st.text(alphabet=st.characters(blacklist_categories=["Cs", "Nd", "No", "Nl"]), max_size=30)


@given(WORDS, st.one_of(NUMBERS, EMAILS), WORDS)
def test_no_number_and_no_e_mail_survives(before: str, secret: str, after: str) -> None:
    masked = Masks().mask(f"{before} {secret} {after}")
    assert secret not in masked
    assert not re.search(r"\d{4}", masked)
    assert visible(secret) not in masked


@given(st.text(max_size=200))
def test_what_is_put_back_is_what_was_there(text: str) -> None:
    masks = Masks()
    told = masks.mask(text)
    if "[CARD" not in told and not any(one.startswith("[CARD") for one in masks.hidden):
        assert masks.put_back(told) is not None


@pytest.mark.parametrize(
    "text", ["1" * 5000, "1 a " * 2000, "a." * 3000, "@" * 3000, "12 " + "Maple " * 1500, "(" * 3000]
)
def test_no_text_takes_long(text: str) -> None:
    Masks().mask(text)
