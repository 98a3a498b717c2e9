"""What of a model's answer is there while it comes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.suggest.answer import MOST_CHARACTERS, Malformed, Read, read


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param("", Read(), id="nothing yet"),
        pytest.param('{"rep', Read(), id="the form has begun"),
        pytest.param('{"replies": ["A", "B"]}', Read(("A", "B"), None, True), id="whole"),
        pytest.param('{"replies": ["A", "B', Read(("A",), "B"), id="one has begun"),
        pytest.param('{"replies": ["A\\u00e', Read((), "A"), id="half an escape"),
        pytest.param('```json\n{"replies": ["A"]}\n```', Read(("A",), None, True), id="fenced"),
        pytest.param('["A", "B"]', Read(("A", "B"), None, True), id="a bare list"),
        pytest.param('{"replies": []}', Read((), None, True), id="an empty list"),
    ],
)
def test_reading(answer: str, found: Read) -> None:
    assert read(answer) == found


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("Sure! Here are three replies that you could send to your customer right now: hello", id="prose"),
        pytest.param('{"replies": [1, 2]}', id="numbers"),
        pytest.param('{"replies": [{"text": "A"}]}', id="objects"),
        pytest.param('{"replies": ["A' + "x" * MOST_CHARACTERS, id="without end"),
        pytest.param('{"replies": ["A\\q, and so on"]}', id="an escape that there is not"),
        pytest.param("<html><body>Bad gateway, please come back later, the server is not there</body>", id="a page"),
    ],
)
def test_what_keeps_to_no_form(answer: str) -> None:
    with pytest.raises(Malformed):
        read(answer)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.data())
def test_at_every_cut_what_is_there_is_the_beginning_of_the_whole(replies: list[str], data: st.DataObject) -> None:
    answer = json.dumps({"replies": replies}, ensure_ascii=data.draw(st.booleans()))
    cut = data.draw(st.integers(0, len(answer)))
    found = read(answer[:cut])
    assert list(found.whole) == replies[: len(found.whole)]
    if found.begun:
        begun = found.begun.encode("utf-16", "surrogatepass")
        assert replies[len(found.whole)].encode("utf-16", "surrogatepass").startswith(begun)
