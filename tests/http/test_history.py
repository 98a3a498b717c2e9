"""History over HTTP: pages, news, a file that runs nowhere, and nothing of another workspace."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from server.domain.carrier import InboundText
from server.ports import MoArrival, MoRecorded
from tests.http.office import Office

ANA, LEE = "+16175550111", "+16175550112"
NOTED = """
INSERT INTO note (thread_id, seq, workspace_id, author_id, body, at)
SELECT t.id, 90, 1, 12, '@Dana wants the house free', now() FROM thread t JOIN endpoint e ON e.id = t.endpoint_id
WHERE t.workspace_id = 1 AND e.address = '+16175550111'
"""
CALLS = "SELECT action, detail::text FROM audit WHERE workspace_id = 1 AND action <> 'login'"


@pytest.fixture
async def talk(office: Office) -> Office:
    """Three texts of two people to us, and one to the other workspace."""
    office.house.replace(history=office.store.history, people=Audited(office))
    for account, from_, to, body in (
        (1, ANA, "+16175550100", "Is the house free?"),
        (1, LEE, "+16175550100", '=HYPERLINK("http://evil.example")'),
        (2, ANA, "+14045550100", "A house elsewhere"),
        (1, ANA, "+16175550100", "The house, I mean"),
    ):  # fmt: skip
        text = InboundText(f"SM{body}", from_, to, body)
        assert isinstance(await office.store.ledger.record_mo(MoArrival(account, text, None)), MoRecorded)
    return office


@pytest.fixture
async def noted(talk: Office) -> Office:
    """And a note beside them, by Raj to Dana."""
    await talk.sql(NOTED)
    await talk.sql(
        "INSERT INTO mention (member_id, thread_id, seq, workspace_id) SELECT 11, thread_id, seq, 1 FROM note"
    )
    return talk


class Audited:
    """The people of the house, whose doings are written down in the database."""

    def __init__(self, office: Office) -> None:
        self._people, self._store = office.house.people, office.store.people
        self.audit = self._store.audit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._people, name)


def texts(answer: Any) -> list[str]:
    assert answer.status == 200, answer.body
    return [row["message"]["body"] for row in answer.json["rows"]]


def path(of: str = "", **query: Any) -> str:
    return f"/api/v1/history{of}?{urlencode(query)}"


async def test_pages_go_back_in_time_and_say_where_they_end(talk: Office) -> None:
    browser = await talk.raj()
    first = await browser.get(path(limit=2))
    assert texts(first) == ["The house, I mean", '=HYPERLINK("http://evil.example")']
    second = await browser.get(path(limit=2, cursor=first.json["next_cursor"]))
    assert texts(second) == ["Is the house free?"]
    assert second.json["next_cursor"] is None
    [row] = second.json["rows"]
    assert (row["address"], row["number"], row["name"]) == (ANA, "+16175550100", None)
    assert row["message"]["direction"] == "in"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({"q": "house"}, ["The house, I mean", "Is the house free?"], id="a word"),
        pytest.param({"q": '"the house free"'}, ["Is the house free?"], id="side by side"),
        pytest.param({"q": "elsewhere"}, [], id="of the other workspace"),
        pytest.param({"number_id": 2}, [], id="a number of the other workspace"),
        pytest.param({"direction": "out"}, [], id="sent"),
        pytest.param({"status": "received", "q": "free"}, ["Is the house free?"], id="two filters"),
        pytest.param({"until": "2020-01-01T00:00:00Z"}, [], id="long ago"),
        pytest.param({"since": "2020-01-01T00:00:00+02:00", "q": "mean"}, ["The house, I mean"], id="since"),
    ],
)
async def test_what_is_asked_for_is_found(talk: Office, query: dict[str, Any], expected: Sequence[str]) -> None:
    assert texts(await (await talk.raj()).get(path(**query))) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({"cursor": "x"}, "cursor", id="a cursor"),
        pytest.param({"status": "lost"}, "status", id="a status"),
        pytest.param({"direction": "up"}, "direction", id="a direction"),
        pytest.param({"kind": "call"}, "kind", id="a kind"),
        pytest.param({"since": "2020-01-01T00:00:00"}, "since", id="a time of no zone"),
        pytest.param({"number_id": 0}, "number_id", id="an id"),
        pytest.param({"limit": 201}, "limit", id="a limit"),
        pytest.param({"q": "x" * 201}, "q", id="words"),
        pytest.param({"what": 1}, "what", id="what there is not"),
    ],
)
async def test_what_cannot_be_asked_for_is_named(talk: Office, query: dict[str, Any], field: str) -> None:
    answer = await (await talk.raj()).get(path(**query))
    assert answer.status == 422
    assert field in answer.body.decode()


async def test_news_are_told_and_move_nothing(talk: Office) -> None:
    browser = await talk.raj()
    head = (await browser.get(path(q="house"))).json["head"]
    text = InboundText("SMnew", LEE, "+16175550100", "Another house")
    await talk.store.ledger.record_mo(MoArrival(1, text, None))
    assert (await browser.get(path("/newer", than=head, q="house"))).json == {"count": 1, "more": False}
    assert (await browser.get(path("/newer", than=head, q="free"))).json == {"count": 0, "more": False}
    assert (await browser.get(path("/newer", than="nothing"))).status == 422
    assert (await (await talk.eve()).get(path("/newer", than=head))).json["count"] == 0


async def test_a_file_has_all_that_is_asked_for_and_nothing_in_it_is_a_formula(talk: Office) -> None:
    answer = await (await talk.raj()).get(path("/export.csv"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "history-2" in answer.headers["content-disposition"]
    heads, *rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")))
    assert [row[heads.index("Text")] for row in rows] == [
        "The house, I mean", "'=HYPERLINK(\"http://evil.example\")", "Is the house free?",
    ]  # fmt: skip
    assert {row[heads.index("Direction")] for row in rows} == {"received"}
    assert {row[heads.index("Status")] for row in rows} == {"Received"}
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
    some = await (await talk.raj()).get(path("/export.csv", q="free"))
    assert len(list(csv.reader(io.StringIO(some.body.decode("utf-8-sig"))))) == 2
    assert [row["action"] for row in await talk.sql(CALLS)] == ["history_exported"] * 2


async def test_a_note_is_found_as_a_note(noted: Office) -> None:
    browser = await noted.raj()
    [note, text] = (await browser.get(path(q="free"))).json["rows"]
    assert (note["kind"], note["message"], note["address"], note["number"]) == ("note", None, ANA, "+16175550100")
    assert {**note["note"], "at": None} == {
        "seq": 90, "body": "@Dana wants the house free", "author_id": 12, "author": "Raj Patel", "mentions": [11],
        "at": None,
    }  # fmt: skip
    assert (text["kind"], text["note"], text["message"]["body"]) == ("text", None, "Is the house free?")
    assert text["thread_id"] == note["thread_id"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({}, ["note", "text", "text", "text"], id="all"),
        pytest.param({"kind": "note"}, ["note"], id="notes"),
        pytest.param({"kind": "text", "q": "free"}, ["text"], id="texts"),
        pytest.param({"direction": "in", "q": "free"}, ["text"], id="what only a text has"),
        pytest.param({"direction": "in", "kind": "note"}, [], id="what no note has"),
        pytest.param({"agent_id": 12}, ["note"], id="by whom"),
        pytest.param({"agent_id": 11}, [], id="by somebody else"),
    ],
)
async def test_texts_and_notes_are_told_apart(noted: Office, query: dict[str, Any], expected: Sequence[str]) -> None:
    browser = await noted.raj()
    assert [row["kind"] for row in (await browser.get(path(**query))).json["rows"]] == expected
    assert (await browser.get(path("/newer", than="0.0.0", **query))).json["count"] == len(expected)


async def test_a_file_says_which_lines_are_notes(noted: Office) -> None:
    answer = await (await noted.raj()).get(path("/export.csv", q="free"))
    heads, note, text = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")))
    told = [dict(zip(heads, line, strict=True)) for line in (note, text)]
    assert [(one["Direction"], one["Status"], one["Segments"]) for one in told] == [
        ("note", "", ""),
        ("received", "Received", "1"),
    ]
    assert (told[0]["Written by"], told[0]["Text"]) == ("Raj Patel", "'@Dana wants the house free")


async def test_nobody_finds_a_note_of_another_workspace(noted: Office) -> None:
    browser = await noted.eve()
    assert (await browser.get(path(kind="note"))).json["rows"] == []
    assert b"Dana wants" not in (await browser.get(path("/export.csv"))).body


async def test_words_that_were_looked_for_are_not_written_down(talk: Office) -> None:
    await (await talk.raj()).get(path("/export.csv", q="secret", direction="in"))
    [done] = await talk.sql(CALLS)
    assert "secret" not in done["detail"]
    assert "in" in done["detail"]


async def test_another_workspace_has_a_history_of_its_own(talk: Office) -> None:
    browser = await talk.eve()
    assert texts(await browser.get(path(q="house"))) == ["A house elsewhere"]
    answer = await browser.get(path("/export.csv"))
    assert "I mean" not in answer.body.decode()


@pytest.mark.parametrize("of", ["", "/newer", "/export.csv"])
async def test_who_has_not_logged_in_gets_nothing(talk: Office, of: str) -> None:
    assert (await talk.house.browser().get(path(of, than="0.0.0"))).status == 401
