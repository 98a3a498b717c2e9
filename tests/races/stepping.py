"""Makes the transactions of schema.sql steppable: the same functions, with a stop after each statement.

The stops are put into the text of schema.sql itself, so the copy cannot drift from it. A stop does nothing on a
connection that is no actor. On one that is (its setting `races.actor` is a number) it says where it stands in a NOTICE,
which leaves at once, and waits for an advisory lock on (actor, count of stops): whoever steps holds those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.races.tree import Place

HOOK: Final = """
CREATE SEQUENCE races_stop_1; CREATE SEQUENCE races_stop_2;
CREATE FUNCTION races_stop(place text) RETURNS boolean LANGUAGE plpgsql AS $hook$
DECLARE
    actor text := current_setting('races.actor', true);
    stop  bigint;
BEGIN
    IF coalesce(actor, '') = '' THEN
        RETURN true;
    END IF;
    stop := nextval('races_stop_' || actor);  -- a sequence: a deadlock's victim does not count anew
    RAISE NOTICE '% %', stop, place;
    PERFORM pg_advisory_lock_shared(actor::integer, stop::integer);
    PERFORM pg_advisory_unlock_shared(actor::integer, stop::integer);
    RETURN true;
END $hook$;
"""

_FUNCTION: Final = re.compile(
    r"CREATE FUNCTION (\w+)\((?:(?!\$\$|;).)*?LANGUAGE plpgsql\b[^$]* AS \$\$\n(.*?)\nEND \$\$;", re.DOTALL
)
_TOKEN: Final = re.compile(r"--[^\n]*|'(?:[^']|'')*'|[();]", re.DOTALL)
_OPENING: Final = re.compile(r"(IF|ELSIF|FOR|WHILE)\b(.*?)\b(?:THEN|LOOP)\b\s*|(?:ELSE|LOOP)\b\s*", re.DOTALL)
_NOT_CODE: Final = re.compile(r"--[^\n]*|'(?:[^']|'')*'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Footprint:
    """The tables that a statement reads, and those that it writes or locks rows of; *advisory* stands for its locks."""

    reads: frozenset[str]
    writes: frozenset[str]

    def commutes(self, other: Footprint) -> bool:
        """Whether neither can see, or wait for, what the other does."""
        return self.writes.isdisjoint(other.reads | other.writes) and other.writes.isdisjoint(self.reads)


class Stepping:
    """What the stops make of a *schema*. `sql` is run over a database that has it; `footprints` are those of the
    statements before each stop."""

    def __init__(self, schema: str) -> None:
        functions = list(_FUNCTION.finditer(schema))
        self._tables = frozenset(re.findall(r"CREATE TABLE (\w+)", schema))
        names = {*self._tables, *(found[1] for found in functions)}
        self._shared = re.compile(rf"\b(?:pg_advisory_\w+|{'|'.join(sorted(names))})\b")
        self.footprints: dict[str, Footprint] = {}
        self.sql = HOOK + "\n".join(self._copy(found) for found in functions)

    def commute(self, one: Place, other: Place) -> bool:
        """Whether the moves that ended there can change places; those that ended at no known stop cannot."""
        first, second = (self.footprints.get(place or "") for place in (one, other))
        return first is not None and second is not None and first.commutes(second)

    def _copy(self, function: re.Match[str]) -> str:
        whole, name, body = function[0], function[1], function[2]
        head, begin, code = f"\n{body}".partition("\nBEGIN\n")
        copy = whole.replace(body, f"{head}{begin}{''.join(self._with_stops(name, code))}".lstrip("\n"))
        return copy.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)

    def _with_stops(self, name: str, code: str) -> Iterator[str]:
        """After each statement that touches a table, takes a lock or calls another of the functions, and, where a
        condition did, in its branch and after END IF. ASSERT, since unlike PERFORM it leaves FOUND alone."""
        conditions: list[str] = []
        for nth, piece in enumerate(_statements(code), start=1):
            plain = _NOT_CODE.sub("", piece).strip()
            for word, condition in _openings(plain):
                if word == "IF":
                    conditions.append(condition)
                elif word == "ELSIF":
                    conditions[-1] += condition
            statement = conditions.pop() if plain == "END IF;" else plain
            yield piece
            if self._shared.search(statement) and not plain.endswith("RETURN;"):
                place = f"{name} {nth}"
                self.footprints[place] = self._footprint(statement)
                yield f" ASSERT races_stop('{place}');"

    def _footprint(self, statement: str) -> Footprint:
        touched = frozenset(found for found in self._shared.findall(statement) if found in self._tables)
        if "pg_advisory_" in statement:
            lock = frozenset({"advisory"})
            return Footprint(touched | lock, frozenset() if "lock_shared" in statement else lock)
        if re.search(r"\bFOR (?:NO KEY )?UPDATE\b", statement):
            return Footprint(frozenset(), touched)
        written = touched & frozenset(re.findall(r"\b(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", statement))
        return Footprint(touched - written, written)


def _openings(piece: str) -> Iterator[tuple[str, str]]:
    """The control words that *piece* begins with, each with its condition: a branch or a loop ends in no semicolon."""
    place = 0
    while found := _OPENING.match(piece, place):
        yield found[1] or "", found[2] or ""
        place = found.end()


def _statements(code: str) -> Iterator[str]:
    """*code*, cut after each semicolon that ends a statement; the pieces together are *code*."""
    start = depth = 0
    for token in _TOKEN.finditer(code):
        if token[0] in "()":
            depth += 1 if token[0] == "(" else -1
        elif token[0] == ";" and depth == 0:
            yield code[start : token.end()]
            start = token.end()
    yield code[start:]
