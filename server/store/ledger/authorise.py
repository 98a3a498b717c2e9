"""T3: granted rows are claimed, judged by the gate under locks, and get their write-ahead attempt: one transaction."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from server.domain.caps import Cap, resets_at
from server.domain.carrier import MtRequest
from server.domain.delivery import RANK, State
from server.domain.gate import MessageClass, decide
from server.domain.ids import uuid7
from server.domain.messages import Announcement
from server.domain.timetable import Timetable
from server.domain.verdict import Allowed, Blocked, Decision, Deferred, Held
from server.killpoints import reach
from server.ports import Announce, Authorised, DueRow, Fenced, Granted, Refused, StreamKey
from server.store.columns import columns
from server.store.ledger.facts import caps_of, gate_facts, hours_of, shut_by_own, valid_until
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Place, Row, announcements

if TYPE_CHECKING:
    from server.store.postgres import Connection

MAX_ROWS: Final = 64  # 64 rows cost 15 ms; more would outlast the 20 ms for which instants are granted ahead

_SQL = statements("sending")
_Answers = tuple[Sequence[Authorised | Refused] | Fenced, Sequence[Announcement]]


class Authorise:
    """The one way for a text to leave. *disown* hears of attempts that may be committed with nobody to send them."""

    def __init__(
        self,
        postgres: Postgres,
        announce: Announce,
        disown: Callable[[Sequence[UUID], int], None],
        timetable: Timetable,
    ) -> None:
        self._postgres, self._announce, self._disown = postgres, announce, disown
        self._timetable = timetable

    async def due(
        self, number_id: int, now: datetime, limit: int, besides: Collection[StreamKey] = ()
    ) -> Sequence[DueRow]:
        left_out = [(stream.lane, stream.campaign_id or 0, stream.dest_carrier) for stream in besides]
        columns_out = [list(column) for column in zip(*left_out, strict=True)] or [[], [], []]
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["due"], number_id, now, limit, *columns_out))
        return [
            DueRow(
                row["id"], row["number_id"], row["lane"], row["cost"], row["campaign_id"], row["dest_carrier"],
                row["campaign_rate"],
            )
            for row in rows
        ]  # fmt: skip

    async def authorise(
        self, granted: Sequence[Granted], gen: int, limiter_epoch: int, now: datetime
    ) -> Sequence[Authorised | Refused] | Fenced:
        if len(granted) > MAX_ROWS:
            raise ValueError(f"At most {MAX_ROWS} rows are authorised at once.")
        if not granted:
            return []
        batch = _Batch({g.outbox_id: g for g in granted}, gen, limiter_epoch, now, self._timetable)
        try:
            answers, told = await self._postgres.call(batch.run)
        except BaseException:
            self._disown(batch.attempts, gen)
            raise
        if answers:
            reach("t3_committed")
        if told:
            self._announce(told)
        return answers


@dataclass(frozen=True, slots=True)
class _Judged:
    row: Row
    verdict: Decision
    valid_until: datetime | None


class _Batch:
    """One run of T3. `attempts`: every id that any of its tries may have committed."""

    def __init__(
        self, granted: Mapping[int, Granted], gen: int, epoch: int, now: datetime, timetable: Timetable
    ) -> None:
        self._granted, self._gen, self._epoch, self._now = granted, gen, epoch, now
        self._timetable = timetable
        self.attempts: list[UUID] = []

    async def run(self, connection: Connection) -> _Answers:
        look = self._timetable.widest_cap or Cap(0, timedelta(0))
        given = list(self._granted), self._gen, self._epoch, self._now, look.texts, look.window
        rows = await connection.fetch(_SQL["claim_granted"], *given)
        if not rows:
            return [], ()
        if fenced := _fenced(rows[0]):
            return fenced, ()
        judged = self._judge(rows)
        attempts = [_new_attempt_id() for _ in rows]
        self.attempts += attempts
        told = await self._settle(connection, judged, attempts)
        answers = [self._answer(one, id_) for one, id_ in zip(judged, attempts, strict=True)]
        reach("t3_before")
        return answers, announcements(told, _waits(judged))

    def _judge(self, rows: Sequence[Row]) -> list[_Judged]:
        """In the order of the rows: what is allowed counts at once against the caps of those after it."""
        judged: list[_Judged] = []
        leaving: dict[int, list[datetime]] = {}
        for row in rows:
            hours = hours_of(row, self._now, self._timetable)
            caps = caps_of(row, self._timetable)
            sent = [*(row["departures"] or ()), *leaving.get(row["endpoint_id"], ())] if caps else ()
            cap_resets_at = resets_at(caps, sent, self._now) if sent else None
            own_hours = shut_by_own(row, self._now, hours, self._timetable)
            verdict = decide(gate_facts(row, self._now, hours, cap_resets_at, own_hours=own_hours))
            if isinstance(verdict, Allowed) and row["klass"] == MessageClass.BULK:
                leaving.setdefault(row["endpoint_id"], []).append(self._granted[row["outbox_id"]].slot_at)
            judged.append(_Judged(row, verdict, valid_until(row, hours)))
        return judged

    async def _settle(
        self, connection: Connection, judged: Sequence[_Judged], attempts: Sequence[UUID]
    ) -> Sequence[Row]:
        ids = [one.row["outbox_id"] for one in judged]
        given = columns(_written(one.verdict, may_have_left=one.row["resends"] > 0) for one in judged)
        slots = [self._granted[id_].slot_at for id_ in ids]
        rows: Sequence[Row] = await connection.fetch(
            _SQL["settle_verdicts"], ids, *given, attempts, slots, self._gen, self._epoch, self._now
        )
        return rows

    def _answer(self, judged: _Judged, attempt_id: UUID) -> Authorised | Refused:
        row, verdict = judged.row, judged.verdict
        if not isinstance(verdict, Allowed):
            return Refused(row["outbox_id"], type(verdict).__name__.lower(), verdict.reason.value)
        return Authorised(
            attempt_id=attempt_id,
            outbox_id=row["outbox_id"],
            account_id=row["account_id"],
            number_id=row["number_id"],
            endpoint_id=row["endpoint_id"],
            thread_id=row["thread_id"],
            klass=MessageClass(row["klass"]),
            cost=row["cost"],
            request=MtRequest(
                attempt_id,
                row["from_"],
                row["address"],
                row["body"],
                tuple(url for url, _ in json.loads(row["media"])) if row["media"] else (),
                validity_s=self._validity_s(judged),
                key=row["key"] or attempt_id,
            ),
            campaign_id=row["campaign_id"],
        )

    def _validity_s(self, judged: _Judged) -> int | None:
        """The carrier must not go on trying after we would no longer send."""
        if judged.valid_until is None:
            return None
        return max(1, int((judged.valid_until - self._now).total_seconds()))


def _waits(judged: Sequence[_Judged]) -> dict[Place, datetime]:
    return {
        (one.row["thread_id"], one.row["seq"]): one.verdict.until
        for one in judged
        if isinstance(one.verdict, Deferred) and one.verdict.until is not None
    }


def _fenced(row: Row) -> Fenced | None:
    if not row["node_valid"]:
        return Fenced("this node's generation is no longer in force")
    return None if row["limiter_current"] else Fenced("the limiter's epoch is not in force")


def _written(verdict: Decision, *, may_have_left: bool) -> tuple[Any, ...]:
    """A verdict as columns: verdict, reason, the message's new state and rank, and until when the row waits.

    Of a text that may have left already, under the same key, nobody can say that it was not sent.
    """
    match verdict:
        case Allowed(warning):
            return ("allowed", warning, None, None, None)
        case Deferred(until, reason):
            return ("deferred", reason, None, None, until)
        case Held(reason) | Blocked(reason) if may_have_left:
            return ("blocked", reason, State.UNCONFIRMED, RANK[State.UNCONFIRMED], None)
        case Held(reason):
            return ("held", reason, State.HELD, RANK[State.HELD], None)
        case Blocked(reason):
            return ("blocked", reason, verdict.state, RANK[verdict.state], None)


def _new_attempt_id() -> UUID:
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))
