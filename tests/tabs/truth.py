"""What a member's tab must show, from the tables alone: none of the server's own readings is used."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    import asyncpg

_ROWS: Final = """
SELECT t.id, t.version AS v, t.last_at, t.last_direction AS direction, e.address, e.opted_out, t.snoozed_until,
       t.closed_at IS NOT NULL AS closed, p.contact_id, nullif(btrim(k.first_name || ' ' || k.last_name), '') AS name,
       (SELECT max(v.seq) FROM thread_event v WHERE v.thread_id = t.id) AS last_seq,
       (SELECT count(*) FROM message m WHERE m.thread_id = t.id AND m.direction = 'in') AS in_total,
       (SELECT left(m.body, 140) FROM message m WHERE m.thread_id = t.id
        AND NOT taken_back(m.state, m.error_class, m.error_code) ORDER BY m.seq DESC LIMIT 1) AS preview,
       CASE WHEN t.waiting_since IS NOT NULL THEN (
           SELECT m.created_at FROM message m
           WHERE m.thread_id = t.id AND m.direction = 'in' AND m.keyword IS NULL AND m.seq > greatest(0,
               (SELECT max(x.seq) FROM message x WHERE x.thread_id = t.id AND x.klass IN ('person', 'send_later')),
               (SELECT max(x.seq) FROM thread_event x WHERE x.thread_id = t.id AND x.data->>'what' = 'closed'))
           ORDER BY m.seq LIMIT 1)
       END AS waiting_since,
       t.assignee_id, a.name AS assignee, t.claimed_by, o.name AS claimant, t.claimed_until
FROM thread t JOIN endpoint e ON e.id = t.endpoint_id
LEFT JOIN contact_phone p ON p.endpoint_id = e.id LEFT JOIN contact k ON k.id = p.contact_id
LEFT JOIN member a ON a.id = t.assignee_id LEFT JOIN member o ON o.id = t.claimed_by
WHERE t.workspace_id = $1 AND t.listed AND t.last_seq > 0 ORDER BY t.last_at DESC, t.id DESC
"""
_MARKS: Final = "SELECT member_id, thread_id, in_ord FROM thread_read WHERE workspace_id = $1"
_MENTIONS: Final = "SELECT DISTINCT member_id, thread_id FROM mention WHERE workspace_id = $1 AND seen_at IS NULL"
_MESSAGES: Final = """
SELECT m.thread_id, m.seq, m.direction, m.body, m.state, m.in_ord, m.author_id, a.name AS author, m.cmd_id::text,
       m.error_class, m.created_at AS at
FROM message m LEFT JOIN member a ON a.id = m.author_id
WHERE m.workspace_id = $1 AND NOT taken_back(m.state, m.error_class, m.error_code) ORDER BY m.seq
"""
_NOTES: Final = """
SELECT n.thread_id, n.seq, n.body, n.author_id, a.name AS author, n.at,
       (SELECT array_agg(x.member_id ORDER BY x.member_id) FROM mention x
        WHERE x.thread_id = n.thread_id AND x.seq = n.seq) AS mentions
FROM note n JOIN member a ON a.id = n.author_id WHERE n.workspace_id = $1
"""
_DOINGS: Final = """
SELECT v.thread_id, v.seq, v.data, v.at FROM thread_event v JOIN thread t ON t.id = v.thread_id
WHERE v.kind = 'activity' AND t.workspace_id = $1
"""
_PLAIN: Final = (
    "v",
    "direction",
    "address",
    "opted_out",
    "closed",
    "contact_id",
    "name",
    "last_seq",
    "in_total",
    "preview",
)
_OF_MESSAGE: Final = (
    "seq", "direction", "body", "state", "in_ord", "author_id", "author", "cmd_id", "error_class",
)  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """The workspace's rows at one moment."""

    rows: list[Any]
    marks: dict[tuple[int, int], int]
    mentions: list[tuple[int, int]]
    messages: dict[int, list[Any]]
    asides: dict[int, list[Any]]

    @property
    def threads(self) -> list[int]:
        return [row["id"] for row in self.rows]

    def unread(self, member: int, row: Any) -> int:
        return max(0, int(row["in_total"]) - self.marks.get((member, row["id"]), 0))


async def read_truth(connection: asyncpg.Connection[asyncpg.Record], workspace: int = 1) -> Truth:
    """All of a workspace, as of one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(_ROWS, workspace)
        marks = {
            (one["member_id"], one["thread_id"]): one["in_ord"] for one in await connection.fetch(_MARKS, workspace)
        }
        mentions = [(one["member_id"], one["thread_id"]) for one in await connection.fetch(_MENTIONS, workspace)]
        messages: dict[int, list[Any]] = defaultdict(list)
        for one in await connection.fetch(_MESSAGES, workspace):
            messages[one["thread_id"]].append(one)
        asides: dict[int, list[Any]] = defaultdict(list)
        for one in await connection.fetch(_NOTES, workspace):
            asides[one["thread_id"]].append(_note(one))
        for one in await connection.fetch(_DOINGS, workspace):
            asides[one["thread_id"]].append(_doing(one))
    for some in asides.values():
        some.sort(key=lambda one: one["seq"])
    return Truth(rows, marks, mentions, messages, asides)


def _note(row: Any) -> dict[str, Any]:
    return {**{k: row[k] for k in ("seq", "body", "author_id", "author", "at")}, "mentions": row["mentions"] or []}


def _doing(row: Any) -> dict[str, Any]:
    data = orjson.loads(row["data"]) if isinstance(row["data"], str) else row["data"]
    told = {key: data.get(key) for key in ("what", "by", "by_name", "to", "to_name")}
    return {"seq": row["seq"], "at": row["at"], **told, "until": moment(data.get("until"))}


# What differs


def faults(truth: Truth, member: int, held: Any, viewers: dict[int, list[int]]) -> list[str]:
    """In what a tab of *member* that holds *held* is wrong. *viewers*: who has a thread open, where that is certain."""
    told = _inbox(truth, member, held)
    for id_, view in held["threads"].items():
        told += [f"thread {id_}: {fault}" for fault in _thread(truth, int(id_), view)]
        people = [one["member_id"] for one in held["people"][id_]]
        if people != viewers.get(int(id_), people):
            told.append(f"thread {id_}: {people} look at it, but it is {viewers[int(id_)]}")
    return told


def _inbox(truth: Truth, member: int, held: Any) -> list[str]:
    told = []
    work = [row["id"] for row in truth.rows if not row["closed"] and row["snoozed_until"] is None]
    order = held["order"]
    if order != (work if held["cursor"] is None else work[: len(order)]):
        told.append(f"the order is {order} to {held['cursor']}, in the tables {work}")
    unread = sum(1 for row in truth.rows if truth.unread(member, row))
    if held["badge"] != unread:
        told.append(f"the badge says {held['badge']}, the tables {unread}")
    mentions = sum(1 for who, _ in truth.mentions if who == member)
    if held["mentions"] != mentions:
        told.append(f"{held['mentions']} mentions, in the tables {mentions}")
    shown = {*order, *map(int, held["threads"])}
    for row in truth.rows:
        if row["id"] in shown:
            told += [f"row {row['id']}: {fault}" for fault in _row(truth, member, row, held["rows"][str(row["id"])])]
    return told


def _row(truth: Truth, member: int, row: Any, view: Any) -> list[str]:
    if view is None:
        return ["it is not known"]
    shown, expected = view["row"], {name: row[name] for name in _PLAIN}
    expected |= {
        "unread": truth.unread(member, row), "last_at": row["last_at"], "snoozed_until": row["snoozed_until"],
        "waiting_since": row["waiting_since"], "assignee": _colleague(row["assignee_id"], row["assignee"]),
        "claim": _colleague(row["claimed_by"], row["claimant"]), "claimed_until": row["claimed_until"],
    }  # fmt: skip
    claim = shown["claim"] or {"by": None, "until": None}
    told = {name: shown[name] for name in _PLAIN} | {
        "unread": view["unread"], "last_at": moment(shown["last_at"]), "snoozed_until": moment(shown["snoozed_until"]),
        "waiting_since": moment(shown["waiting_since"]), "assignee": shown["assignee"],
        "claim": claim["by"], "claimed_until": moment(claim["until"]),
    }  # fmt: skip
    return _differences(told, expected)


def _colleague(id_: int | None, name: str | None) -> dict[str, Any] | None:
    return None if id_ is None else {"member_id": id_, "name": name}


def _thread(truth: Truth, thread: int, view: Any) -> list[str]:
    if view["state"] is None:
        return ["nothing of it is known"]
    told, state = [], view["state"]
    messages, all_messages = state["messages"], truth.messages[thread]
    expected = all_messages[len(all_messages) - len(messages) :]
    told += _each("message", [_message(one) for one in messages], [_message(one) for one in expected])
    if state["hasMore"] != (len(all_messages) > len(messages)):
        told.append(f"there is more: {state['hasMore']}, of {len(all_messages)} it has {len(messages)}")
    since = messages[0]["seq"] if state["hasMore"] else 0
    asides = [_aside(one) for one in state["asides"]]
    told += _each("aside", asides, [one for one in truth.asides[thread] if one["seq"] >= since])
    pending = [one for one in view["pending"] if one["state"] != "refused"]
    return [
        *told,
        *(["texts still wait for an answer"] if pending else []),
        *(["it is missing"] if view["missing"] else []),
    ]


def _message(one: Any) -> dict[str, Any]:
    return {name: one[name] for name in _OF_MESSAGE} | {"at": moment(one["at"])}


def _aside(one: Any) -> dict[str, Any]:
    told = dict(one[one["kind"]])
    return told | {"at": moment(told["at"])} | ({"until": moment(told["until"])} if "until" in told else {})


def _each(what: str, told: list[Any], expected: list[Any]) -> list[str]:
    if [one["seq"] for one in told] != [one["seq"] for one in expected]:
        return [f"the {what}s are {[one['seq'] for one in told]}, in the tables {[one['seq'] for one in expected]}"]
    return [f"{what} {a['seq']}: {fault}" for a, b in zip(told, expected, strict=True) for fault in _differences(a, b)]


def _differences(told: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    return [f"{k} is {told.get(k)!r}, in the tables {expected[k]!r}" for k in expected if told.get(k) != expected[k]]


def moment(told: Any) -> datetime | None:
    """A time as a tab or a row has it."""
    return datetime.fromisoformat(told) if isinstance(told, str) else told
