"""What the author of a text in bulk is warned of."""

from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.carrier_content import shipped_content
from server.domain.campaigns.wording_warnings import Kind, WordingWarning, warnings
from server.domain.optout import Heard, classify

BRANDS = ["Acme Realty, LLC"]
FINE = "Acme Realty: hi {{first_name}}, a home came up. Reply STOP to opt out."


def kinds(text: str, brands: Collection[str] = BRANDS, segments: int = 1) -> list[Kind]:
    return [warning.kind for warning in warnings(text, brands, segments)]


def told(text: str, kind: Kind) -> list[str]:
    """The places of *text* that are meant."""
    found = [warning for warning in warnings(text, BRANDS, 1) if warning.kind is kind]
    return [text[warning.at : warning.at + warning.length] for warning in found]


def test_a_text_that_has_everything_gets_no_warning() -> None:
    assert warnings(FINE, BRANDS, 3) == ()


def test_a_text_that_has_nothing_gets_them_all_in_order() -> None:
    assert kinds("GREAT VODKA AT BIT.LY/X TODAY", segments=4) == [
        Kind.NO_BRAND, Kind.NO_OPT_OUT, Kind.PUBLIC_SHORTENER, Kind.FORBIDDEN, Kind.CAPITALS, Kind.SEGMENTS,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "brands", "named"),
    [
        pytest.param("Hi, Acme Realty here", BRANDS, True, id="as people say it"),
        pytest.param("ACME REALTY LLC: hi", BRANDS, True, id="as its register does"),
        pytest.param("Visit https://acmerealty.com/tour", BRANDS, True, id="in the address of its site"),
        pytest.param("Hi, Acme here", BRANDS, False, id="half of it"),
        pytest.param("Hi from Acme Realtyx", BRANDS, False, id="a part of a word"),
        pytest.param("Hi from Café Ñandú!", ["Cafe Nandu"], True, id="accents do not count"),
        pytest.param("Hi from Bob's", ["Acme", "Bob’s"], True, id="any of its names"),
        pytest.param("Hi from LLC", ["LLC"], True, id="a name that is nothing but its form"),
        pytest.param("Hi {{brand|Acme Realty}}", BRANDS, False, id="a token does not count"),
        pytest.param("Hi", [], True, id="no brand is known"),
        pytest.param("Hi", ["!!!"], False, id="a brand without a letter"),
    ],
)
def test_who_writes(text: str, brands: list[str], named: bool) -> None:
    assert (Kind.NO_BRAND not in kinds(text, brands)) == named


@pytest.mark.parametrize(
    "text",
    [
        "Reply STOP to opt out.",
        "reply stop",
        "Text STOP to end",
        "Txt STOP 2 end",
        'Reply "STOP" to unsubscribe',
        "Reply with STOP",
        "Text back the word STOP",
        "STOP to stop",
        "STOP=end",
        "STOP2END: stop 2 end",
        "Reply UNSUBSCRIBE anytime",
        "END to quit",
        "CANCEL to stop",
        "To opt-out, please reply STOP",
        "To opt out call us",
        "To stop receiving these messages, call us",
        "To unsubscribe: https://acme.example/u",
        "Rply? No: reply OPT OUT",
        "Responda STOP para cancelar",
        "Responde con la palabra ALTO",
        "Envíe BAJA para no recibir más mensajes",
        "PARAR para salir",
        "Txt ALTO",
        "Conteste NO MÁS",
        "Para darse de baja, llame",
    ],
)
def test_words_that_tell_how_to_end_it(text: str) -> None:
    assert Kind.NO_OPT_OUT not in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Can you stop by at 5?",
        "Stop in and say hello",
        "I want to stop by to see it",
        "Text me to cancel the appointment",
        "Reply by the end of the day",
        "The alto sax is for sale",
        "Para cancelar la cita, llame",
        "{{footer|Reply STOP to opt out}}",
        "We never stop",
        "To opt-out, reply N",
        "Responda SALIR para no recibir más mensajes",
    ],
)
def test_words_that_do_not(text: str) -> None:
    assert Kind.NO_OPT_OUT in kinds(text)


@pytest.mark.parametrize(
    "word", ["STOP", "STOPALL", "UNSUBSCRIBE", "QUIT", "REMOVE", "OPT OUT", "ALTO", "BAJA", "PARAR"]
)
def test_a_word_that_we_let_authors_offer_is_one_that_stops(word: str) -> None:
    assert any(Kind.NO_OPT_OUT not in kinds(f"{verb} {word}") for verb in ("Reply", "Responda"))
    assert classify(word) is Heard.STOP


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("See https://bit.ly/2x.", ["bit.ly"], id="with a scheme"),
        pytest.param("See bit.ly/2x", ["bit.ly"], id="without one"),
        pytest.param("See BIT.LY/2x", ["BIT.LY"], id="in capitals"),
        pytest.param("www.tinyurl.com/abc", ["www.tinyurl.com"], id="www"),
        pytest.param("http://t.co/x and ow.ly/y", ["t.co", "ow.ly"], id="two of them"),
        pytest.param("goo.gl", ["goo.gl"], id="alone"),
        pytest.param("is.gd/a buff.ly/b rebrand.ly/c", ["is.gd", "buff.ly", "rebrand.ly"], id="the others"),
        pytest.param("rabbit.ly/x", [], id="the end of another name"),
        pytest.param("bit.lying t.com t.co.uk", [], id="the beginning of another name"),
        pytest.param("my-t.co/x", [], id="a part of another name"),
        pytest.param("ana@t.co", [], id="an address of e-mail"),
        pytest.param("this.gdp", [], id="no name at all"),
    ],
)
def test_public_shorteners(text: str, found: list[str]) -> None:
    assert told(text, Kind.PUBLIC_SHORTENER) == found


def test_a_shortener_is_told_with_what_to_do() -> None:
    (warning,) = warnings(f"{FINE} BIT.LY/x", BRANDS, 1)
    sentence = "Carriers filter bit.ly: write the full address, it becomes a short link of your own."
    assert warning == WordingWarning(Kind.PUBLIC_SHORTENER, sentence, len(FINE) + 1, 6)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Free beer at the open house", ["beer"], id="alcohol"),
        pytest.param("Wine & cheese at 5", ["Wine"], id="at the beginning"),
        pytest.param("Two vodkas, three whiskies", ["vodkas", "whiskies"], id="several of them"),
        pytest.param("GUNS and ammo", ["GUNS", "ammo"], id="firearms"),
        pytest.param("An AR-15 for sale", ["AR-15"], id="a hyphen"),
        pytest.param("Vápe shop", ["Vápe"], id="an accent"),
        pytest.param("Need a payday   loan?", ["payday   loan"], id="a phrase, spaces do not count"),
        pytest.param("Debt relief today", ["Debt relief"], id="debts"),
        pytest.param("Casino night", ["Casino"], id="gambling"),
        pytest.param("CBD oil and marijuana", ["CBD oil", "marijuana"], id="cannabis"),
        pytest.param("Hot sexy singles", ["sexy"], id="sex"),
        pytest.param("Make money fast!", ["Make money fast"], id="schemes"),
        pytest.param("a wine cellar full of wine", ["wine"], id="once meant and once not"),
        # Streets, towns, houses and the law
        pytest.param("A home in Essex, Middlesex and Sussex", [], id="counties"),
        pytest.param("A great shot of the house", [], id="a photograph"),
        pytest.param("Hunter's Point, Gunnison, Winedale", [], id="places that begin like it"),
        pytest.param("Wine cellar, gun safe and nail gun stay", [], id="what houses have"),
        pytest.param("A shotgun house near Rifle, CO", [], id="a style and a town"),
        pytest.param("Near the CBD, with weed-free lawns", [], id="a district and a garden"),
        pytest.param("RV hookup, washer hookups, grass, pot lights", [], id="other things of houses"),
        pytest.param("We do not discriminate by race, color, religion, sex, age", [], id="the law"),
        pytest.param("Quick cash offer for your house; refinance your loan", [], id="an honest trade"),
        pytest.param("Sexton Ave, Weedsport, Beerman Plaza, Cockburn", [], id="longer words"),
        pytest.param("The bar, the shot, the joint venture", [], id="words with another meaning"),
        pytest.param("payday. Loan officer Ana", [], id="a phrase over two sentences"),
        pytest.param("{{beer}}", [], id="a token"),
    ],
)
def test_forbidden_content(text: str, found: list[str]) -> None:
    assert told(text, Kind.FORBIDDEN) == found


def test_forbidden_content_is_told_with_the_word() -> None:
    (warning,) = warnings(f"Free Beer! {FINE}", BRANDS, 1)
    assert (warning.at, warning.length) == (5, 4)
    assert warning.sentence == (
        '"Beer": Carriers block texts about alcohol unless the sender is approved and asks for the recipient\'s age.'
    )


@pytest.mark.parametrize(
    ("text", "shouted"),
    [
        pytest.param("OPEN HOUSE THIS SATURDAY", True, id="all of it"),
        pytest.param("OPEN HOUSE {{first_name}} SATURDAY acme.com/a", True, id="tokens and links do not count"),
        pytest.param("OPEN HOUSE this SATURDAY", False, id="a word of it is small"),
        pytest.param("JOHN SMITH?", False, id="a name"),
        pytest.param("1234 5678 9012 3456", False, id="figures"),
        pytest.param("ÄÖÜÉ ÄÖÜÉ ÄÖÜÉ", True, id="other capitals"),
        pytest.param("欢迎光临寒舍欢迎光临寒舍", False, id="letters without capitals"),
    ],
)
def test_capitals(text: str, shouted: bool) -> None:
    assert (Kind.CAPITALS in kinds(text)) == shouted


def test_segments() -> None:
    assert warnings(FINE, BRANDS, 5, most_segments=4) == (
        WordingWarning(Kind.SEGMENTS, "The longest text takes 5 segments, each of which is billed; try 4 or fewer."),
    )


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_every_warning_is_a_sentence_about_a_place_of_the_text(text: str) -> None:
    for warning in warnings(text, BRANDS, 4):
        assert warning.sentence.endswith(".")
        assert 0 <= warning.at <= warning.at + warning.length <= len(text)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([word for one in shipped_content().categories for word in one.words]), st.data())
def test_each_word_of_the_file_is_found_in_any_case_and_not_within_another_word(word: str, data: st.DataObject) -> None:
    written = "".join(data.draw(st.sampled_from([char.lower(), char.upper()])) for char in word)
    assert told(f"Look at (the) {written}!", Kind.FORBIDDEN) == [written]
    assert told(f"Look at the q{written.replace(' ', '')}q", Kind.FORBIDDEN) == []
