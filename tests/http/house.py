"""An app over fakes of its ports, with two workspaces, and a browser that behaves like one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from argon2 import PasswordHasher
from quart.testing.utils import sentinel
from quart.wrappers import Response
from quart_trio import QuartTrio

from server.config import Config, load_config
from server.domain.logins import BY_ADDRESS, BY_EMAIL
from server.domain.messages import Message, ReadMark, ThreadEvent, ThreadRow
from server.domain.roles import Role
from server.domain.timetable import Local, shipped_timetable
from server.http.app import create_app
from server.http.deps import DemoFacts, DemoLogin, Deps
from server.http.passwords import Passwords
from server.http.throttle import Throttle, TokenPace
from server.observe import Meters
from server.ports import (
    OPEN,
    CommandConflict,
    Decided,
    DecidedOtherwise,
    Draft,
    Enqueued,
    EnqueueMt,
    EnqueueResult,
    InboxRows,
    InboxView,
    Member,
    NoSuchThread,
    OptOutUnacknowledged,
    Review,
    ReviewDecision,
    ReviewPage,
    ThreadPage,
    UserState,
    Workspace,
)
from server.ports.team import TeamDeed, TeamResult

NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

HARBOR = Workspace(1, "Harbor & Pine", True)
OTHER = Workspace(2, "Other Side Realty", True)
DANA = Member(11, 1, "dana@harbor.example", "Dana Whitfield", "owner")
RAJ = Member(12, 1, "raj@harbor.example", "Raj Patel", "agent")
EVE = Member(21, 2, "eve@other.example", "Eve Stone", "owner")


@dataclass
class FakeClock:
    time: float = 1000.0
    wall_time: datetime = NOW - timedelta(days=400)  # a simulation's; nothing of a login may hang on it
    real_time: datetime = NOW

    def monotonic(self) -> float:
        return self.time

    def wall(self) -> datetime:
        return self.wall_time

    def real(self) -> datetime:
        return self.real_time


@dataclass
class FakePeople:
    hashes: dict[str, tuple[Member, str]] = field(default_factory=dict)
    sessions: dict[bytes, tuple[Member, datetime]] = field(default_factory=dict)
    audits: list[tuple[int, int | None, str]] = field(default_factory=list)
    failure: Exception | None = None

    async def credentials(self, email: str) -> tuple[Member, str] | None:
        if self.failure:
            raise self.failure
        return self.hashes.get(email)

    async def open_session(self, member_id: int, token_hash: bytes, expires_at: datetime, ip: str, agent: str) -> None:
        self.sessions[token_hash] = (next(m for m in (DANA, RAJ, EVE) if m.member_id == member_id), expires_at)

    async def session(self, token_hash: bytes, now: datetime) -> tuple[Member, Workspace] | None:
        if self.failure:
            raise self.failure
        member, expires_at = self.sessions.get(token_hash, (None, now))
        if member is None or expires_at <= now:
            return None
        return member, HARBOR if member.workspace_id == 1 else OTHER

    async def close_session(self, token_hash: bytes) -> None:
        self.sessions.pop(token_hash, None)

    async def add_member(self, workspace_id: int, email: str, name: str, role: str, password_hash: str) -> Member:
        raise NotImplementedError

    async def workspaces(self) -> Sequence[Workspace]:
        return (HARBOR, OTHER)

    async def audit(self, workspace_id: int, member_id: int | None, action: str, detail: Mapping[str, Any]) -> None:
        self.audits.append((workspace_id, member_id, action))


class FakeTries:
    """`ports.logins.LoginTries` of one server, in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self._throttles = [Throttle(clock, one.burst, one.every_s) for one in (BY_ADDRESS, BY_EMAIL)]

    async def take(self, address: str, email: str) -> int | None:
        keys = (address, email)
        waits = [throttle.take(key) for throttle, key in zip(self._throttles, keys, strict=True)]
        refused = [wait_s for wait_s in waits if wait_s is not None]
        if not refused:
            return None
        for throttle, key, wait_s in zip(self._throttles, keys, waits, strict=True):
            if wait_s is None:
                throttle.give_back(key)
        return max(refused)

    async def give_back(self, address: str, email: str) -> None:
        for throttle, key in zip(self._throttles, (address, email), strict=True):
            throttle.give_back(key)


def row(thread_id: int, workspace_id: int) -> ThreadRow:
    return ThreadRow(
        thread_id, workspace_id, 3, "Maya Torres", 5, "+16175550142", "+16175550100", 2, NOW, "Is it still free?",
        "in", 1, False, False,
    )  # fmt: skip


def messages(thread_id: int) -> list[Message]:
    return [
        Message(thread_id, 1, "out", "Hello Maya", "undelivered", NOW, error_class="filtered", error_code="30007"),
        Message(thread_id, 2, "in", "Is it still free?", "received", NOW, in_ord=1),
    ]


@dataclass
class FakeInbox:
    """Thread 100 belongs to Harbor & Pine, thread 200 to the other workspace."""

    threads: dict[int, ThreadRow] = field(default_factory=lambda: {100: row(100, 1), 200: row(200, 2)})
    asked: list[Any] = field(default_factory=list)

    async def epoch(self) -> str:
        return "e1"

    async def seen_by(self, thread_id: int) -> frozenset[int] | None:
        return None

    async def rows(
        self,
        workspace_id: int,
        member_id: int,
        *,
        view: InboxView = OPEN,
        since: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> InboxRows:
        if cursor == "broken":
            raise ValueError(cursor)
        self.asked.append((cursor, limit))
        rows = [row for row in self.threads.values() if row.workspace_id == workspace_id]
        return InboxRows(rows, [ReadMark(member_id, row.thread_id, 0, 1) for row in rows], 700, "next")

    async def rows_by_id(self, thread_ids: Sequence[int]) -> Sequence[ThreadRow]:
        return [self.threads[thread_id] for thread_id in thread_ids]

    async def thread(
        self, workspace_id: int, member_id: int, thread_id: int, *, before: int | None = None, limit: int = 50
    ) -> ThreadPage | None:
        found = self.threads.get(thread_id)
        if found is None or found.workspace_id != workspace_id:
            return None
        self.asked.append((before, limit))
        return ThreadPage(found, messages(thread_id), 0, 2, False)

    async def hours(self, workspace_id: int, thread_id: int, now: datetime) -> Local | None:
        found = self.threads.get(thread_id)
        if found is None or found.workspace_id != workspace_id:
            return None
        return shipped_timetable().local(found.address, (), now)

    async def events_after(
        self, workspace_id: int | None, thread_id: int, after: int, limit: int = 200
    ) -> Sequence[ThreadEvent] | None:
        return None

    async def head(self, thread_ids: Sequence[int]) -> Mapping[int, int]:
        return {}

    async def user(self, workspace_id: int, member_id: int, *, since: int | None = None) -> UserState:
        return UserState(0, [], 0)

    async def unread_threads(self, member_ids: Sequence[int]) -> Mapping[int, int]:
        return {}

    async def mark_read(self, workspace_id: int, member_id: int, thread_id: int, up_to: int) -> ReadMark | None:
        return None

    async def mark_unread(self, workspace_id: int, member_id: int, thread_id: int, from_ord: int) -> ReadMark | None:
        return None


@dataclass
class FakeReviews:
    """Review 10 belongs to Harbor & Pine, review 20 to the other workspace. Decisions are kept."""

    known: dict[int, tuple[int, Review]] = field(
        default_factory=lambda: {
            10: (1, Review(10, 100, 2, "ambiguous", "Hm, please stop that", NOW, "Maya Torres", "+16175550142")),
            20: (2, Review(20, 200, 2, "wrong_number", "Wrong number", NOW, None, "+16175550143")),
        }
    )

    async def page(
        self, workspace_id: int, *, thread_id: int | None = None, cursor: str | None = None, limit: int = 50
    ) -> ReviewPage:
        if cursor == "broken":
            raise ValueError(cursor)
        mine = [review for owner, review in self.known.values() if owner == workspace_id]
        return ReviewPage([r for r in mine if thread_id in (None, r.thread_id)], len(mine), "next")

    async def decide(
        self, workspace_id: int, review_id: int, decision: ReviewDecision, member_id: int, now: datetime
    ) -> Decided | DecidedOtherwise | None:
        owner, review = self.known.get(review_id, (0, None))
        if review is None or owner != workspace_id:
            return None
        if review.decision is not None:
            return Decided(review, again=True) if review.decision == decision else DecidedOtherwise(review)
        decided = replace(review, decision=decision, decided_at=now, decided_by=f"member {member_id}")
        self.known[review_id] = (owner, decided)
        return Decided(decided, again=False)

    async def open_counts(self, workspace_ids: Sequence[int]) -> Mapping[int, tuple[int, Mapping[int, int]]]:
        return {}


@dataclass
class FakeCommands:
    inbox: FakeInbox
    opted_out: bool = False
    failure: Exception | None = None
    taken: dict[UUID, tuple[Draft, int]] = field(default_factory=dict)

    async def send(self, member: Member, cmd_id: UUID, draft: Draft) -> EnqueueResult:
        if self.failure:
            raise self.failure
        found = self.inbox.threads.get(draft.thread_id)
        if found is None or found.workspace_id != member.workspace_id:
            return NoSuchThread()
        if self.opted_out and not draft.acknowledged_opt_out:
            return OptOutUnacknowledged()
        again = cmd_id in self.taken
        text, seq = self.taken.setdefault(cmd_id, (draft, 3 + len(self.taken)))
        return Enqueued(draft.thread_id, seq, again) if text == draft else CommandConflict()

    async def enqueue(self, mt: EnqueueMt) -> EnqueueResult:
        raise NotImplementedError

    async def team(self, member: Member, deed: TeamDeed) -> TeamResult:
        raise NotImplementedError

    async def mark_read(self, member: Member, thread_id: int, up_to: int) -> ReadMark | None:
        found = self.inbox.threads.get(thread_id)
        if found is None or found.workspace_id != member.workspace_id:
            return None
        return ReadMark(member.member_id, thread_id, min(up_to, found.in_total), 2)

    async def mark_unread(self, member: Member, thread_id: int, from_ord: int) -> ReadMark | None:
        return None

    async def release(self, member: Member, thread_id: int, seq: int, send: bool) -> bool:
        return False

    async def typing(self, member: Member, thread_id: int, typing: bool) -> None:
        return None


@dataclass
class Told:
    """An answer, read."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Browser:
    """A page of this server: keeps its cookie and sends what its own scripts send."""

    def __init__(self, app: QuartTrio, origin: str, peer: str) -> None:
        self._client = app.test_client()
        self._peer = peer
        self.headers = {"Host": origin.partition("://")[2], "Origin": origin, "X-CSRF": "1"}

    async def get(self, path: str, **headers: str) -> Told:
        return await self._ask("GET", path, None, headers)

    async def post(self, path: str, body: object = None, **headers: str) -> Told:
        return await self._ask("POST", path, body, headers)

    async def put(self, path: str, body: object = None, **headers: str) -> Told:
        return await self._ask("PUT", path, body, headers)

    async def patch(self, path: str, body: object = None, **headers: str) -> Told:
        return await self._ask("PATCH", path, body, headers)

    async def delete(self, path: str, **headers: str) -> Told:
        return await self._ask("DELETE", path, None, headers)

    async def ask(self, method: str, path: str, body: object = None) -> Told:
        """By the method's name; what GET and DELETE would carry is left out."""
        return await self._ask(method, path, None if method in {"GET", "DELETE"} else body, {})

    async def raw(self, method: str, path: str, headers: dict[str, str], data: bytes = b"") -> Told:
        return await self._told(
            await self._client.open(
                path,
                method=method,
                headers=headers,
                data=data,
                json=sentinel,
                scope_base={"client": (self._peer, 5000)},
            )
        )

    async def login(self, member: Member) -> Told:
        return await self.post("/api/v1/login", {"email": member.email, "password": PASSWORD})

    async def _ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> Told:
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent = {"Content-Type": "application/json"} | sent
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return await self.raw(method, path, {name: value for name, value in sent.items() if value}, data)

    async def _told(self, response: Response) -> Told:
        body = await response.get_data(as_text=False)
        return Told(response.status_code, response.headers, body)


class Absent:
    """A part that the house lacks: whose tests stand over the real store put it in. Asked all the same, it fails."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"This house has no such part; {name} was asked of it.")


class House:
    """The app with everything that it stands on."""

    def __init__(self, files: Path) -> None:
        self.clock = FakeClock()
        self.people = FakePeople(
            {m.email: (m, QUICK.hash(PASSWORD)) for m in (DANA, RAJ, EVE)},
        )
        self.inbox = FakeInbox()
        self.reviews = FakeReviews()
        self.commands = FakeCommands(self.inbox)
        self.ended: list[bytes] = []
        self.written_in: list[tuple[str, str, str]] = []
        self.carrier_listens = True
        self.unready: str | None = None
        absent: Any = Absent()
        meters = Meters()
        meters.webhook("inbound", 200)
        self.deps = Deps(
            timetable=shipped_timetable(),
            config=load_config("demo", {}),
            clock=self.clock,
            people=self.people,
            login_tries=FakeTries(self.clock),
            tokens=absent,
            audit_log=absent,
            settings=absent,
            events=absent,
            hooks=absent,
            token_pace=TokenPace(self.clock),
            inbox=self.inbox,
            history=absent,
            reviews=self.reviews,
            team=absent,
            templates=absent,
            token_values=absent,
            contacts=absent,
            mass_edits=absent,
            bulk=absent,
            campaign_drafts=absent,
            campaign_survey=absent,
            campaign_course=absent,
            links=absent,
            campaign_figures=absent,
            campaign_tests=absent,
            own_numbers=absent,
            numbers=absent,
            imports=absent,
            catalogue=absent,
            timeline=absent,
            consents=absent,
            values=absent,
            finder=absent,
            filters=absent,
            commands=self.commands,
            compose=Absent(),
            drafts=Absent(),
            suggestions=Absent(),
            pictures=Absent(),
            passwords=Passwords(QUICK),
            metrics=meters.registry,
            client_files=files,
            actor_tree=lambda: {"name": "root", "children": []},
            servers=self._servers,
            pace=self._pace,
            hand_over=self._hand_over,
            unready=lambda: self.unready,
            session_ended=self.ended.append,
            explain=lambda error_class, code: f"Filtered by the carrier ({code})" if error_class else None,
            now=self.clock.real,
            count_login=meters.login,
            demo=DemoFacts(
                (DemoLogin("dana@harbor.example", "shown", "Dana Whitfield", "owner"),),
                "http://127.0.0.1:1",
                self._write_in,
            ),
        )
        self._app: QuartTrio | None = None

    async def _pace(self, workspace_id: int) -> dict[str, Any]:
        return {"numbers": [], "asked_for": workspace_id}

    async def _servers(self) -> list[dict[str, Any]]:
        return [{"gen": 1, "here": True}]

    async def _write_in(self, from_: str, to: str, body: str) -> bool:
        self.written_in.append((from_, to, body))
        return self.carrier_listens

    async def _hand_over(self, gen: int) -> bool:
        return gen == 7

    def configure(self, config: Config) -> None:
        self.deps = replace(self.deps, config=config)

    def replace(self, **changes: Any) -> None:
        self.deps = replace(self.deps, **changes)

    @property
    def app(self) -> QuartTrio:
        self._app = self._app or create_app(self.deps)
        return self._app

    def browser(self, peer: str = "127.0.0.1") -> Browser:
        return Browser(self.app, self.deps.config.public_url or "http://127.0.0.1:8765", peer)

    async def logged_in(self, member: Member = DANA) -> Browser:
        browser = self.browser()
        assert (await browser.login(member)).status == 200
        return browser

    def member_of_role(self, role: Role) -> Member:
        return next(m for m in (DANA, RAJ) if m.role == role)

    def later(self, **delta: float) -> None:
        self.clock.real_time += timedelta(**delta)
        self.clock.time += timedelta(**delta).total_seconds()
