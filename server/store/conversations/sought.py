"""Puts what is asked of History into SQL: what an index finds, and what each text is then held to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from server.domain.history import STATES, Kind, author_key, campaign_key, number_key, pieces
from server.ports.history import Wanted
from server.store.named_sql import statements

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("history")
_TEXTS: Final = "FROM message m"
_FROM: Final[dict[tuple[Kind, ...], str]] = {
    ("text",): _TEXTS,
    ("note",): "FROM note_as_text m",
    ("text", "note"): "FROM text_or_note m",
}
_ASKED: Final = "/* asked */ true"
_FOUND: Final = "/* found */ true"
_KEYS: Final = "history_keys(m.workspace_id, m.created_at, m.number_id, m.author_id, m.campaign_id)"
_WORDS: Final = "history_words(m.body)"
_NOT_ASCII: Final = "octet_length({0}) <> length({0})".format(
    "replace(replace(replace(m.body, '’', ' '), '“', ' '), '”', ' ')"
)


@dataclass(frozen=True, slots=True)
class Words:
    """As tsqueries: `among` is what an index answers, `meant` is exact. `likes`: what a text in ASCII that has them is
    like, which is seen at a tenth of what reading its words costs.
    """

    among: str
    meant: str
    likes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """`kinds`: of what. `words` None: none are asked for. `threads`: those of a contact; None: of anybody."""

    kinds: tuple[Kind, ...]
    wanted: Wanted
    words: Words | None
    threads: tuple[int, ...] | None

    @property
    def has_index(self) -> bool:
        """Whether the index finds less than all texts of a time."""
        wanted = self.wanted
        return self.words is not None or bool(wanted.number_id or wanted.agent_id or wanted.campaign_id)

    def of(self, kind: Kind) -> Sought:
        """The same, of this kind alone."""
        return replace(self, kinds=(kind,))

    def statement(self, name: str, *given: Any) -> tuple[str, list[Any]]:
        """The statement of history.sql with what is asked for in it, and what it takes."""
        sql, taken = _SQL[name].replace(_TEXTS, _FROM[self.kinds]), _Taken(list(given))
        by_index = _FOUND in sql
        if by_index:
            sql = sql.replace(_FOUND, " AND ".join(self._found(taken)) or "true")
        if _ASKED in sql:
            sql = sql.replace(_ASKED, " AND ".join(self._asked(taken, by_index=by_index)))
        return sql, taken.values

    def _found(self, taken: _Taken) -> Iterator[str]:
        """What the index looks for."""
        if keys := [key(id_) for _, id_, key in self._ids() if id_ is not None]:
            yield f"{_KEYS} @> {taken.place(keys, 'bigint[]')}"
        if self.words is not None:
            yield f"{_WORDS} @@ {taken.place(self.words.among, 'text')}::tsquery"

    def _asked(self, taken: _Taken, *, by_index: bool) -> Iterator[str]:
        """What a text is held to, beside its time. *by_index*: one that the index found."""
        wanted = self.wanted
        yield "NOT taken_back(m.state, m.error_class, m.error_code)"
        for column, id_, _ in self._ids():
            if id_ is not None:
                yield f"m.{column} = {taken.place(id_, 'bigint')}"
        if wanted.direction is not None:
            yield f"m.direction = {taken.place(wanted.direction, 'text')}"
        if wanted.status is not None:
            yield f"m.state = ANY ({taken.place(list(STATES[wanted.status]), 'text[]')})"
        if self.threads is not None:
            yield f"m.thread_id = ANY ({taken.place(list(self.threads), 'bigint[]')})"
        if self.words is not None and not (by_index and self.words.among == self.words.meant):
            likes = taken.place(list(self.words.likes), "text[]")
            yield f'(lower(m.body COLLATE "C") LIKE ALL ({likes}) OR {_NOT_ASCII})'
            yield f"{_WORDS} @@ {taken.place(self.words.meant, 'text')}::tsquery"

    def _ids(self) -> Sequence[tuple[str, int | None, Callable[[int], int]]]:
        wanted = self.wanted
        return (
            ("number_id", wanted.number_id, number_key),
            ("author_id", wanted.agent_id, author_key),
            ("campaign_id", wanted.campaign_id, campaign_key),
        )


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a statement takes, in the order of its places."""

    values: list[Any]

    def place(self, value: Any, as_: str) -> str:
        self.values.append(value)
        return f"${len(self.values)}::{as_}"


async def sought(connection: Connection, workspace_id: int, wanted: Wanted) -> Sought | None:
    """None where nothing can be found: what was typed has no words in it, the contact no thread, or notes no status."""
    if not wanted.kinds:
        return None
    words: Words | None = None
    if wanted.typed.strip():
        typed = pieces(wanted.typed)
        row = await connection.fetchrow(_SQL["asked"], [one.text for one in typed], [one.whole for one in typed])
        if row is None or row["among"] is None:
            return None
        words = Words(row["among"], row["meant"], tuple(row["likes"]))
    threads: tuple[int, ...] | None = None
    if wanted.contact_id is not None:
        rows = await connection.fetch(_SQL["threads_of_contact"], workspace_id, wanted.contact_id)
        threads = tuple(row["id"] for row in rows)
        if not threads:
            return None
    return Sought(wanted.kinds, wanted, words, threads)
