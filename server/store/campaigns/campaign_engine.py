"""Carries launched campaigns on, a transaction at a time: snapshot, beginning, queue, what is taken back, and the end.

The row says what is next, so whoever comes may do it, and again after any crash. One server at a time holds the row;
who finds it taken has nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from server.domain.campaigns.campaign import CampaignState, Command, PausedBy, Refused
from server.domain.campaigns.health import Breach, breach
from server.domain.campaigns.missed import Ask, Begin, Expire, MissedRule, NotYet
from server.domain.campaigns.missed import start as start_of
from server.domain.messages import Announcement, CampaignMoved
from server.domain.timetable import Timetable
from server.domain.verdict import Reason
from server.killpoints import reach
from server.ports import Announce
from server.ports.bulk import AudienceRefused
from server.ports.campaigns import Plan
from server.store.campaigns import plans, queueing, snapshot, stops
from server.store.campaigns.figures import tally
from server.store.campaigns.hours import due
from server.store.campaigns.looking import look
from server.store.campaigns.moves import Move, move
from server.store.campaigns.queue_turn import Turn
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

SKIPPED: Final = 5_000  # recipients without a text
DROPPED: Final = 10_000
_DONE: Final = "campaign_cancelled"

_SQL = statements("campaign_engine")


class PostgresCampaignEngine:
    """`ports.campaigns.CampaignEngine`. *link_base*: of workspaces that have none of their own."""

    def __init__(self, postgres: Postgres, announce: Announce, timetable: Timetable, link_base: str) -> None:
        self._postgres, self._announce, self._timetable = postgres, announce, timetable
        self._link_base = link_base

    async def open(self) -> Sequence[int]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["open"]))
        return [row["id"] for row in rows]

    async def advance(self, campaign_id: int, now: datetime) -> bool:
        sight = await self._postgres.read(lambda c: look(c, campaign_id, now))
        if sight is None:
            return False
        if sight.takes_back and await self._taken_back(campaign_id, now):
            return True
        more = sight.busy and await self._step(campaign_id, now)
        return more or (sight.folds and await queueing.fold(self._postgres, campaign_id))

    async def _step(self, campaign_id: int, now: datetime) -> bool:
        step = _Step(campaign_id, now, self._timetable, self._link_base)
        try:
            more = await self._postgres.call(step.run, idempotent=True)
        except AudienceRefused as refused:
            sentence = str(refused)
            more = await self._postgres.call(lambda c: _refused(c, campaign_id, sentence), idempotent=True)
            step.told, step.point, step.wanted = [CampaignMoved(step.workspace_id, campaign_id)], None, None
        if step.point:
            reach(step.point)
        if step.told:
            self._announce(step.told)
        if step.wanted is not None:
            await self._move(campaign_id, step.workspace_id, step.wanted, now)
            return True
        return more

    async def _move(self, campaign_id: int, workspace_id: int, wanted: Move, now: datetime) -> None:
        """In a transaction of its own: a stop waits for all who queue, and the step is one of them."""
        done = await self._postgres.call(lambda c: move(c, workspace_id, campaign_id, wanted, now), idempotent=True)
        if done is not None and not isinstance(done, Refused):
            await stops.settled(self._postgres, self._announce, done, now)
        self._announce([CampaignMoved(workspace_id, campaign_id)])

    async def drop_leftovers(self, campaign_id: int, now: datetime) -> None:
        """The rows of a launch that came to nothing, before there is another one."""
        while await self.advance(campaign_id, now):
            pass

    async def _taken_back(self, campaign_id: int, now: datetime) -> bool:
        """What a stop has left in the queue, in a transaction of its own: there the outbox is locked first."""
        told = await self._postgres.call(lambda c: queueing.recalled(c, campaign_id, now), idempotent=True)
        if told:
            self._announce(told)
            return True
        return await stops.take_back(self._postgres, self._announce, campaign_id, now)


async def _refused(connection: Connection, campaign_id: int, sentence: str, found: int | None = None) -> bool:
    await connection.execute(_SQL["refuse"], campaign_id, sentence, found)
    return True


class _Step:
    """One transaction of one campaign. `told`: what its commit has to tell; `point`: what it was, for a crash run;
    `wanted`: how the campaign is to be moved after it.
    """

    def __init__(self, campaign_id: int, now: datetime, timetable: Timetable, link_base: str) -> None:
        self._id, self._now, self._timetable, self._link_base = campaign_id, now, timetable, link_base
        self._afresh()

    def _afresh(self) -> None:
        self.told: list[Announcement] = []
        self.point: str | None = None
        self.wanted: Move | None = None
        self.workspace_id = 0

    async def run(self, connection: Connection) -> bool:
        """True where there is more to do at once."""
        self._afresh()
        await queueing.lock_shared(connection, self._id)
        row = await connection.fetchrow(_SQL["claim"], self._id)
        if row is None:
            return False
        plan, self.workspace_id = plans.read(row["plan"]), row["workspace_id"]
        if row["state"] == CampaignState.DRAFT:
            return await self._drop(connection, row)
        if row["build_after"] is not None:
            return await self._build(connection, row, plan)
        match CampaignState(row["state"]):
            case CampaignState.SCHEDULED:
                return self._when_due(row, plan)
            case CampaignState.CANCELLED:
                return await self._skip(connection, row, row["skip_as"] or _DONE) or await self._end(connection, row)
            case CampaignState.ACTIVE:
                return await self._active(connection, row, plan)
            case _:
                return False

    def _moved(self, row: Row) -> None:
        self.told.append(CampaignMoved(row["workspace_id"], self._id))

    # The snapshot

    async def _build(self, connection: Connection, row: Row, plan: Plan) -> bool:
        if not await snapshot.may_begin(connection, row, plan):
            return False
        built = await snapshot.build_chunk(connection, row, plan, self._now, limit=snapshot.CHUNK)
        self.point = "campaign_piece"
        self._moved(row)
        if not built.whole:
            return built.taken
        counted = await connection.fetchrow(_SQL["counted"], self._id)
        assert counted is not None, "an aggregate has a row"  # noqa: S101 - for the type
        found, asked = counted["recipients"], row["expected"]
        if found != asked:
            told = f"{found:,} people would get it by now, and not {asked:,}: look at the audience and launch it again."
            return await _refused(connection, self._id, told, found)
        due_at = await self._due_at(connection, row, plan)
        await connection.execute(_SQL["begin"], self._id, counted["audience"], self._now, due_at)
        self.point = "campaign_begun"
        return True

    async def _drop(self, connection: Connection, row: Row) -> bool:
        if gone := await connection.fetch(_SQL["drop"], self._id, DROPPED):
            for state, count in Counter(one["state"] for one in gone).items():
                await connection.execute(_SQL["note_gone"], self._id, self._now, state, count)
            return True
        await connection.execute(_SQL["forget"], self._id)
        await connection.execute(_SQL["dropped"], self._id)
        self._moved(row)
        return False

    # The beginning

    async def _due_at(self, connection: Connection, row: Row, plan: Plan) -> datetime | None:
        """When a scheduled campaign begins; None for one that begins at once."""
        if row["due_at"] is None:
            return None
        due_at = await due(connection, self._id, plan.start, self._timetable, self._now)
        return due_at if isinstance(due_at, datetime) else None

    def _when_due(self, row: Row, plan: Plan) -> bool:
        match start_of(row["due_at"], self._now, plan.start.zone, MissedRule(plan.start.if_missed)):
            case NotYet():
                pass
            case Begin():
                self.wanted = Move(Command.DUE)
            case Expire(sentence):
                self.wanted = Move(Command.CANCEL, skip_as=Reason.EXPIRED, told=sentence)
            case Ask(sentence):
                self.wanted = Move(Command.MISS, why=PausedBy.MISSED, told=sentence)
        return False

    # The queue

    async def _active(self, connection: Connection, row: Row, plan: Plan) -> bool:
        if row["skip_as"] is not None:
            return await self._skip(connection, row, row["skip_as"]) or await self._end(connection, row)
        if broken := await self._breach(connection, plan):
            self.wanted = Move(Command.PAUSE, why=broken.by, told=broken.sentence)
            return False
        turn = Turn(row, plan, self._now, self._timetable, self._link_base)
        more = await turn.run(connection)
        self.told += turn.told
        if turn.broken is not None:
            self.wanted = Move(Command.PAUSE, why=PausedBy.FAILURES, told=turn.broken)
            return False
        if turn.queued:
            self.point = "campaign_queued"
        return more or (not turn.queued and await self._end(connection, row))

    async def _breach(self, connection: Connection, plan: Plan) -> Breach | None:
        found = await tally(connection, self._id)
        return None if found is None else breach(found, plan.limits)

    # The end

    async def _skip(self, connection: Connection, row: Row, reason: str) -> bool:
        gone = await connection.fetch(_SQL["skip_beyond"], self._id, 0, reason, SKIPPED)
        if not gone:
            return False
        await connection.execute(_SQL["note_moved"], self._id, self._now, "skipped", len(gone))
        self._moved(row)
        return True

    async def _end(self, connection: Connection, row: Row) -> bool:
        """Never more to do: it has ended, or waits for what is pending or in flight."""
        if await connection.fetchval(_SQL["undecided"], self._id):
            return False
        if await connection.fetchval(_SQL["end"], self._id, self._now) is not None:
            reach("campaign_ending")
            self.point = "campaign_ended"
            self._moved(row)
        return False
