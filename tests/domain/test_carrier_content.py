"""The file of what carriers filter: what is shipped, and what is refused."""

from datetime import date

import pytest

from server.domain.campaigns.carrier_content import BadContent, parse_content, shipped_content
from server.domain.folding import fold

HEAD = 'version = "1"\n[shorteners]\nhosts = ["bit.ly"]\nsource = "us"\nreviewed = 2026-11-22\n'
CATEGORY = """
[[category]]
code = "drink"
sentence = "No."
words = ["beer"]
but_not = []
source = "us"
reviewed = 2026-11-22
"""


def test_the_shipped_file_says_where_it_comes_from_and_when_it_was_looked_at() -> None:
    content = shipped_content()
    assert content.version
    assert {"sex", "hate", "alcohol", "firearms", "tobacco"} <= {one.code for one in content.categories}
    assert all(one.source and one.reviewed >= date(2026, 1, 1) for one in content.categories)
    assert {"bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly"} <= content.shorteners


def test_no_exception_of_the_shipped_file_is_in_vain() -> None:
    """Each would be found without being excepted, and is not."""
    content = shipped_content()
    for category in content.categories:
        for phrase in category.but_not:
            assert content.suspects(phrase) == (), phrase
            assert any(f" {word} " in fold(phrase).words for word in category.words), phrase


def test_a_small_file() -> None:
    content = parse_content(HEAD + CATEGORY, "ours.toml")
    (suspect,) = content.suspects("Two Beers, please")
    assert (suspect.start, suspect.end, suspect.category.code) == (4, 9, "drink")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("version = ", "ours.toml is no TOML", id="no TOML"),
        pytest.param('version = "1"', "[shorteners] or [[category]] is missing", id="half of it"),
        pytest.param("odd = 1\n" + HEAD + CATEGORY, "odd means nothing here", id="a strange key"),
        pytest.param((HEAD + CATEGORY).replace("bit.ly", "bitly"), "'bitly' is no name of a web site", id="no host"),
        pytest.param(HEAD + CATEGORY * 2, "a category stands there twice", id="twice"),
        pytest.param(HEAD + CATEGORY.replace("beer", "Beer"), "'Beer' is not written as it is compared", id="capital"),
        pytest.param(HEAD + CATEGORY.replace("beer", "ale-house"), "not written as it is compared", id="punctuation"),
        pytest.param(HEAD + CATEGORY.replace('["beer"]', "[]"), "words are missing", id="no words"),
        pytest.param(HEAD + CATEGORY.replace('["beer"]', '"beer"'), "words must be a list of words", id="one word"),
        pytest.param(HEAD + CATEGORY.replace('"No."', '""'), "sentence is missing", id="no sentence"),
        pytest.param(HEAD + CATEGORY.replace("2026-11-22", '"soon"'), "reviewed must be a day", id="never reviewed"),
        pytest.param(HEAD + CATEGORY.replace('"us"', '""'), "source is missing", id="no source"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadContent) as refused:
        parse_content(text, "ours.toml")
    assert told in str(refused.value)
    assert str(refused.value).endswith(".")
