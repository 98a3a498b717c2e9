"""Every kind of entry that the code writes into the audit log has a sentence, and no sentence stands for nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import pytest

from server.domain.audit.kinds import GROUPS, KINDS, REFERENCES, Group, Names, asked, of_group, told
from server.domain.audit.settings import SETTINGS
from server.domain.settings import Settings

ROOT: Final = Path(__file__).parents[2]
_WORD: Final = re.compile(r"'([a-z]+(?:_[a-z]+)+|login)'")
_INSERT: Final = re.compile(r"INSERT INTO audit \([^)]*\)\s*(.*?);", re.DOTALL)
_STATEMENTS: Final = {"audit", "note", "note_sitting"}  # whose third or fourth parameter is the kind


def of_sql() -> Iterator[str]:
    """Kinds that stand in statements. `consent_` is joined to what a member writes down of a number."""
    for path in [ROOT / "schema.sql", *(ROOT / "server").rglob("*.sql")]:
        for values in _INSERT.findall(path.read_text(encoding="utf-8")):
            if "'consent_' || p_kind" in values:
                yield from ("consent_consent_given", "consent_revoked", "consent_undone")
            before_detail = values.split("jsonb_build_object")[0]
            yield from _WORD.findall(before_detail)


def of_code() -> Iterator[str]:
    """Kinds that are given to whatever takes an `action`, or to a statement that writes one."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "server").rglob("*.py")]
    takers: dict[str, set[int]] = {}  # several may have one name
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [one.arg for one in node.args.args if one.arg != "self"]
                if "action" in names:
                    takers.setdefault(node.name, set()).add(names.index("action"))
    for tree in trees:
        tables = _tables(tree)
        for function in (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)):
            for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
                for value in _given(call, takers, function):
                    yield from _kinds(value, function, tables)


def _tables(tree: ast.Module) -> dict[str, list[str]]:
    """The texts of each dictionary of a module, by its name."""
    found: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Dict):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            texts = [one.value for one in node.value.values if isinstance(one, ast.Constant)]
            found[getattr(target, "id", "")] = [one for one in texts if isinstance(one, str)]
    return found


def _given(call: ast.Call, takers: dict[str, set[int]], function: ast.AST) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    yield from (call.args[place] for place in takers.get(name, ()) if place < len(call.args))
    for first in call.args[:1]:
        if isinstance(first, ast.Subscript) and getattr(first.slice, "value", None) in _STATEMENTS:
            yield from call.args[1:]
            yield from (
                value
                for starred in call.args
                if isinstance(starred, ast.Starred) and isinstance(starred.value, ast.Name)
                for value in _assigned(function, starred.value.id)
            )


def _assigned(function: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            yield from node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]


def _kinds(value: ast.expr, function: ast.AST, tables: dict[str, list[str]]) -> Iterator[str]:
    if isinstance(value, ast.Name):
        for assigned in _assigned(function, value.id):
            yield from _texts(assigned)
    elif isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id in tables:
        yield from tables[value.value.id]
    else:
        yield from _texts(value)


def _texts(value: ast.expr) -> Iterator[str]:
    for one in [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def test_every_kind_that_is_written_has_a_sentence() -> None:
    written = {*of_sql(), *of_code()}
    assert sorted(written - set(KINDS)) == [], "add these in server/domain/audit/kinds.py"
    assert sorted(set(KINDS) - written) == [], "nothing writes these"


def test_every_setting_has_words() -> None:
    assert {one.name for one in fields(Settings)} == SETTINGS


def test_every_kind_is_in_a_group_that_people_can_choose() -> None:
    assert set(GROUPS) == set(Group)
    assert sorted(kind for group in Group for kind in of_group(group)) == sorted(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_sentence_stands_also_where_nothing_is_known_any_more(kind: str) -> None:
    for who in ("Priya", None):
        sentence = told(kind, who, {}, Names({}))
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert sentence.startswith("Priya " if who else (f"{KINDS[kind].nobody} "))


NAMES = Names(
    {
        ("contact", 7): "Maya Torres", ("contact", 8): "M. Torres", ("endpoint", 3): "+16175550142",
        ("thread", 5): "Maya Torres", ("campaign", 2): "Spring", ("import", 4): "leads.csv", ("member", 9): "Raj Patel",
        ("stage", 6): "Closing", ("number", 1): "+16175550100",
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "detail", "expected"),
    [
        pytest.param(
            "setting_changed",
            {"setting": "bulk_cap", "from": {"texts": 500, "window_h": 24}, "to": {"texts": 1000, "window_h": 24}},
            "Priya raised the bulk cap from 500 texts in 24 hours to 1,000 texts in 24 hours.",
            id="a cap raised",
        ),
        pytest.param(
            "setting_changed",
            {"setting": "bulk_cap", "from": None, "to": {"texts": 2, "window_h": 168}},
            "Priya set a bulk cap of 2 texts in 7 days to one number.",
            id="the first cap",
        ),
        pytest.param(
            "setting_changed",
            {"setting": "bulk_cap", "from": {"texts": 2, "window_h": 168}, "to": None},
            "Priya removed the bulk cap of 2 texts in 7 days.",
            id="no cap any more",
        ),
        pytest.param(
            "setting_changed",
            {"setting": "sending_hours", "from": None, "to": ["09:00-18:00"] * 5 + [None, None]},
            "Priya changed the sending hours from the law's hours to Mon to Fri 09:00-18:00, Sat to Sun closed.",
            id="hours",
        ),
        pytest.param(
            "setting_changed",
            {"setting": "ai_mode", "from": "model", "to": "off"},
            "Priya changed suggested replies from by a model to off.",
            id="suggestions off",
        ),
        pytest.param(
            "setting_changed",
            {"setting": "ai_tone", "from": "", "to": "Warm and short."},
            "Priya told suggested replies to sound so: “Warm and short.”",
            id="words that end a sentence",
        ),
        pytest.param(
            "setting_changed",
            {"setting": "opt_in_required", "from": False, "to": True},
            "Priya let texts in bulk need an opt-in on record.",
            id="opt-in",
        ),
        pytest.param(
            "contact_changed",
            {"contact": 7, "fields": ["first_name", "custom.budget"]},
            "Priya changed Maya Torres: first name, budget.",
            id="a contact's fields",
        ),
        pytest.param(
            "contacts_merged", {"contact": 7, "other": 8}, "Priya merged M. Torres into Maya Torres.", id="merged"
        ),
        pytest.param(
            "contacts_edited",
            {"contacts": 1200, "add_tags": ["Buyer"], "pipeline": 1, "stage": 6, "owner": 9},
            "Priya changed 1,200 people at once: tagged them Buyer, moved them to Closing, gave them to Raj Patel.",
            id="many people",
        ),
        pytest.param(
            "phone_removed",
            {"contact": 7, "endpoint": 3},
            "Priya removed (617) 555-0142 from Maya Torres.",
            id="a number by its endpoint",
        ),
        pytest.param(
            "review_decided",
            {"thread": 5, "decision": "not_a_revocation"},
            "Priya decided that Maya Torres did not ask to stop.",
            id="a review",
        ),
        pytest.param(
            "campaign_changed",
            {"campaign": 2, "parts": ["audience", "text"], "saves": 4},
            "Priya changed “Spring” (audience, text, 4 saves).",
            id="a sitting at a draft",
        ),
        pytest.param(
            "campaign_paused",
            {"campaign": 2, "why": "Too many failures."},
            "Priya paused “Spring”: Too many failures.",
            id="why it was paused",
        ),
        pytest.param(
            "import_confirmed", {"import": 4}, "Priya imported “leads.csv”.", id="an import"
        ),
        pytest.param(
            "number_changed",
            {"number_id": 1, "rate": 0},
            "Priya set the pace of (617) 555-0100: paused.",
            id="a number's pace",
        ),
        pytest.param(
            "member_added", {"member_id": 9, "role": "agent"}, "Priya added Raj Patel as agent.", id="a colleague"
        ),
    ],
)  # fmt: skip
def test_entries_read_as_sentences(kind: str, detail: dict[str, Any], expected: str) -> None:
    assert told(kind, "Priya", detail, NAMES) == expected


def test_what_no_member_did_has_somebody_all_the_same() -> None:
    assert told("campaign_begun", None, {"campaign": 2}, NAMES) == "Threadline began “Spring” at its hour."
    assert told("workspace_added", None, {}, NAMES) == "The server's administrator set up this workspace."


def test_names_are_asked_of_everything_that_a_detail_refers_to() -> None:
    assert set(asked({"bulk": 3, "owner": 9, "thread": 5, "stage": None, "contact": "7"})) == {
        ("campaign", 3),
        ("member", 9),
        ("thread", 5),
    }
    assert set(REFERENCES) >= {what for what, _ in NAMES.known}
