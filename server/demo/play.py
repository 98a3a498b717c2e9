"""Plays the demo's campaigns, in the transaction that seeds it: by the store's own rules, at the hours that it names.

Plans, the snapshot, texts, sums, credit and ends are written by the code and the functions that write them for
everybody. Only the carrier and the people are the demo's: what became of each text, and who said what to it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from uuid import NAMESPACE_URL, UUID, uuid5

from server.demo import desk
from server.demo.campaigns import DemoCampaign, Standing, make_campaigns
from server.demo.fates import GOODBYES, Became, Followed, Happening, Said, Text, happenings
from server.demo.guests import LISTS
from server.demo.people import CONTACT_LINE, WORKSPACE
from server.domain.campaigns.campaign import Command, Refused
from server.domain.campaigns.health import breach
from server.domain.carrier import InboundText
from server.domain.consent import answer_text
from server.domain.delivery import RANK, State
from server.domain.optout import Keyword
from server.domain.segments import count
from server.domain.timetable import shipped_timetable
from server.ports import MoArrival
from server.ports.campaigns import Campaign, Plan, Sources
from server.ports.links import Visit
from server.store.campaigns.campaign_engine import PostgresCampaignEngine
from server.store.campaigns.course import Order, begin
from server.store.campaigns.drafts import PostgresCampaignDrafts
from server.store.campaigns.figures import tally
from server.store.campaigns.moves import Move, move
from server.store.campaigns.survey import PostgresCampaignSurvey
from server.store.campaigns.visits import record
from server.store.ledger.inbound import Inbound
from server.store.named_sql import parse

if TYPE_CHECKING:
    from server.store.postgres import Connection, Postgres

T = TypeVar("T")
_STEP: Final = timedelta(seconds=20)  # of a campaign without a drip: how often the engine fills its queue here
_MOST_ROUNDS: Final = 60
_MOST_PEOPLE: Final = 2_000
_TEXT: Final = ("thread_id", "seq", "endpoint_id", "address", "ours", "token")
_NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://harborpine.example/demo")


@cache
def statements() -> dict[str, str]:
    return parse((files("server.demo") / "sql" / "campaigns.sql").read_text(encoding="utf-8"))


async def play_campaigns(
    connection: Connection, workspace_id: int, account_id: int, wall: datetime, seed: int, link_base: str
) -> None:
    """Everything that has happened to campaigns by *wall*."""
    stage = _Stage(connection, workspace_id, account_id, Random(seed), link_base)  # noqa: S311 - the same every time
    members = await connection.fetch(statements()["members"], workspace_id)
    stage.members = {row["email"]: row["id"] for row in members}
    await connection.execute(statements()["look"])
    filters = await connection.fetch(statements()["add_filters"], workspace_id, [named.tag for named in LISTS])
    stage.filters = {row["name"]: row["id"] for row in filters}
    for campaign in make_campaigns(wall):
        await stage.play(campaign, wall)
    await connection.execute(statements()["read"], workspace_id, wall - desk.FRESH)
    await desk.work(connection, workspace_id, stage.members, wall)


class _Transaction:
    """Stands in for the store's `Postgres`: whatever it is asked runs in the one transaction that is open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def call(self, work: Callable[[Connection], Coroutine[Any, Any, T]], *, idempotent: bool = False) -> T:
        return await work(self._connection)

    read = call


class _Stage:
    def __init__(self, connection: Connection, workspace_id: int, account_id: int, rng: Random, link_base: str) -> None:
        self._connection, self._workspace_id, self._account_id = connection, workspace_id, account_id
        self._rng = rng
        postgres = cast("Postgres", _Transaction(connection))
        timetable = shipped_timetable()
        self._engine = PostgresCampaignEngine(postgres, lambda told: None, timetable, link_base)
        self._survey = PostgresCampaignSurvey(postgres, link_base)
        self._drafts = PostgresCampaignDrafts(postgres, lambda told: None, self._survey, timetable)
        self.members: Mapping[str, int] = {}
        self.filters: Mapping[str, int] = {}
        self._ahead: list[Happening] = []
        self._said = 0

    async def play(self, show: DemoCampaign, wall: datetime) -> None:
        made = await self._make(show)
        if show.began is not None:
            await self._launch(show, made)
            if show.standing is not Standing.SCHEDULED:
                await self._run(show, made.campaign_id, wall)
        if show.archived:
            await self._drafts.archive(
                self._workspace_id, made.campaign_id, self._author(show), True, wall - timedelta(days=9)
            )
        await self._connection.execute(statements()["fold"], made.campaign_id)

    def _author(self, show: DemoCampaign) -> int:
        return self.members[show.author.email]

    # As members do

    async def _make(self, show: DemoCampaign) -> Campaign:
        author = self._author(show)
        plan = replace(show.plan, sources=Sources(filter_ids=tuple(self.filters[named.tag] for named in show.people)))
        made = await self._drafts.create(self._workspace_id, author, _id(show, "make"), show.name, show.made)
        kept = await self._save(made, show, show.name, show.description, plan)
        if show.template is not None:
            copy = await self._drafts.duplicate(
                self._workspace_id, made.campaign_id, author, _id(show, "keep"), show.made, as_template=True
            )
            assert copy is not None, "it was made just now"  # noqa: S101 - for the type
            await self._save(copy, show, show.template, "", replace(plan, sources=Sources()))
        return kept

    async def _save(self, campaign: Campaign, show: DemoCampaign, name: str, description: str, plan: Plan) -> Campaign:
        saved = await self._drafts.save(
            self._workspace_id, campaign.campaign_id, campaign.version, name=name, description=description, plan=plan,
            member_id=self._author(show), now=show.made,
        )  # fmt: skip
        assert isinstance(saved, Campaign), saved  # noqa: S101 - nobody else is here
        return saved

    async def _launch(self, show: DemoCampaign, made: Campaign) -> None:
        assert show.began is not None  # noqa: S101 - for the type
        reach = await self._reach(made, show.began)
        order = Order(self._workspace_id, made.campaign_id, self._author(show), _id(show, "launch"), reach)
        begun = await begin(self._connection, order, made.version, show.began)
        if isinstance(begun, Refused) or not begun:
            raise RuntimeError(f"{show.name}: {begun}")
        while await self._connection.fetchval(statements()["building"], made.campaign_id):
            await self._engine.advance(made.campaign_id, show.began)

    async def _reach(self, made: Campaign, now: datetime) -> int:
        """How many would get it, which is what a member confirms."""
        author = next(iter(self.members.values()))
        found = await self._survey.people(self._workspace_id, author, made.plan, 0, _MOST_PEOPLE, now)
        return sum(one.excluded is None for one in found)

    # As the engine and the carrier do

    async def _run(self, show: DemoCampaign, campaign_id: int, wall: datetime) -> None:
        assert show.began is not None  # noqa: S101 - for the type
        now, drip = show.began, show.plan.drip
        step = _STEP if drip is None else timedelta(seconds=drip.interval_s)
        for _ in range(_MOST_ROUNDS if show.rounds is None else show.rounds):
            await self._happen(now)
            if show.standing is Standing.BROKEN and await self._broken(show, campaign_id, now):
                break
            await self._advance(campaign_id, now)
            await self._depart(show, campaign_id, now)
            if not await self._connection.fetchval(statements()["pending"], campaign_id):
                break
            now += step
        await self._finish(show, campaign_id, now, wall)

    async def _finish(self, show: DemoCampaign, campaign_id: int, now: datetime, wall: datetime) -> None:
        match show.standing:
            case Standing.PAUSED:
                await self._move(show, campaign_id, Command.PAUSE, now)
            case Standing.CANCELLED:
                await self._move(show, campaign_id, Command.CANCEL, now)
            case Standing.RUNNING:
                await self._happen(wall - timedelta(seconds=1))
                self._ahead.clear()
                return
        await self._happen(wall)
        if show.standing in {Standing.COMPLETED, Standing.CANCELLED}:
            await self._advance(campaign_id, now + timedelta(minutes=2))

    async def _advance(self, campaign_id: int, now: datetime) -> None:
        while await self._engine.advance(campaign_id, now):
            pass

    async def _move(self, show: DemoCampaign, campaign_id: int, command: Command, now: datetime) -> None:
        await move(self._connection, self._workspace_id, campaign_id, Move(command, self._author(show)), now)

    async def _broken(self, show: DemoCampaign, campaign_id: int, now: datetime) -> bool:
        """Whether it pauses itself now, by the rule of the engine."""
        found = await tally(self._connection, campaign_id)
        broken = None if found is None else breach(found, show.plan.limits)
        if broken is None:
            return False
        wanted = Move(Command.PAUSE, why=broken.by, told=broken.sentence)
        await move(self._connection, self._workspace_id, campaign_id, wanted, now)
        return True

    async def _depart(self, show: DemoCampaign, campaign_id: int, now: datetime) -> None:
        """What is queued leaves; what follows from that comes in its time."""
        rows = await self._connection.fetch(statements()["departing"], self._workspace_id, campaign_id)
        texts = [Text(*(row[name] for name in _TEXT)) for row in rows]
        await self._taken([text.thread_id for text in texts], [text.seq for text in texts])
        self._ahead = sorted([*self._ahead, *happenings(self._rng, texts, now, show.odds)], key=lambda one: one.at)

    async def _taken(self, threads: Sequence[int], seqs: Sequence[int]) -> None:
        await self._connection.execute(statements()["taken"], threads, seqs)

    async def _happen(self, until: datetime) -> None:
        """A minute after the other, since the charts tell them apart."""
        due = [one for one in self._ahead if one.at <= until]
        self._ahead = self._ahead[len(due) :]
        for _, minute in groupby(due, key=lambda one: one.at.replace(second=0, microsecond=0)):
            await self._minute(list(minute))

    async def _minute(self, minute: Sequence[Happening]) -> None:
        became = [(one.at, one.what) for one in minute if isinstance(one.what, Became)]
        for sent in (True, False):
            await self._note([(at, it) for at, it in became if (it.state is State.SENT) is sent])
        await record(
            self._connection,
            [Visit(it.token, it.agent, one.at, it.bot) for one in minute if isinstance(it := one.what, Followed)],
        )
        said = [(one.at, it) for one in minute if isinstance(it := one.what, Said)]
        if said:
            await Inbound(lambda: said[-1][0]).write(self._connection, [self._arrival(at, it) for at, it in said])
            if any(it.body in GOODBYES for _, it in said):
                await self._answer(said[-1][0] + timedelta(seconds=3))

    async def _note(self, became: Sequence[tuple[datetime, Became]]) -> None:
        if not became:
            return
        sql = statements()
        threads = [it.text.thread_id for _, it in became]
        seqs = [it.text.seq for _, it in became]
        errors = [it.error_class for _, it in became], [it.error_code for _, it in became]
        states = [it.state.value for _, it in became], [RANK[it.state] for _, it in became]
        times = [at for at, _ in became]
        await self._connection.execute(sql["note"], threads, seqs, *states, *errors, times)
        await self._connection.execute(sql["mark"], [it.text.endpoint_id for _, it in became], *errors, times)

    def _arrival(self, at: datetime, said: Said) -> MoArrival:
        self._said += 1
        text = InboundText(f"SMdemo{self._said:06}", said.text.address, said.text.ours, said.body, received_at=at)
        return MoArrival.of(self._account_id, text)

    async def _answer(self, at: datetime) -> None:
        """Who asked to stop is told so."""
        sql, body = statements(), answer_text(Keyword.STOP, brand=WORKSPACE, contact=CONTACT_LINE)
        for owed in await self._connection.fetch(sql["owed"], self._workspace_id):
            row = await self._connection.fetchrow(sql["answer"], owed["id"], body, count(body).count, at)
            assert row is not None, "nobody has answered it"  # noqa: S101 - for the type
            text = Text(row["thread_id"], row["seq"], owed["endpoint_id"], "", "")
            await self._taken([text.thread_id], [text.seq])
            for state in (State.SENT, State.DELIVERED):
                await self._note([(at, Became(text, state))])


def _id(show: DemoCampaign, what: str) -> UUID:
    return uuid5(_NAMESPACE, f"{what} {show.name}")
