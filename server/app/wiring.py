"""Every part of a running server, put together: which adapter stands behind which port, and who starts before whom."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
import trio

from server.actors.campaign_news import CampaignNews
from server.actors.campaigns import WAITING, CampaignActor, CampaignDispatcher, CampaignPorts, Look
from server.actors.clicks import Clicks
from server.actors.commands import ThreadAsker
from server.actors.events import Chronicler
from server.actors.hints import Hints
from server.actors.imports import Importer
from server.actors.lifeline import Cadence, Lifeline
from server.actors.lookout import Here, Lookout
from server.actors.notify import Announcer
from server.actors.own_numbers import OwnNumberFollower
from server.actors.pruner import Pruner
from server.actors.relay import StreamRelay
from server.actors.runtime import ActorError, ChildSpec, MailboxFull, Node, Registry
from server.actors.sender import Sender
from server.actors.shards import Shards
from server.actors.stager import Stager
from server.actors.suggest import Consider, SuggestActors, SuggestPorts
from server.actors.thread import Heard, Looked, Published, ThreadActors, ThreadMessage, ThreadPorts
from server.actors.tidier import Tidier
from server.actors.trees import TreeTeller
from server.actors.waker import Waker
from server.actors.webhooks import Courier, Patience
from server.ai.offline import OfflineSuggester
from server.app.accounts import Accounts, Adapter
from server.app.adapters import adapter_of
from server.app.bots import is_bot
from server.app.front import Front
from server.app.hours import read_timetable
from server.app.identity import SocketIdentity
from server.app.quarantine import QuarantineBook
from server.app.sending import sending_out
from server.app.shown import MOST_TOLD, node_out, server_out
from server.app.suggesting import model_suggester
from server.app.tasks import endless, graceful
from server.app.words import explain
from server.config import Config
from server.domain.messages import (
    Announcement,
    CampaignMoved,
    CampaignStopped,
    ConsentFlipped,
    SettingsChanged,
    ThreadChanged,
    ThreadHeard,
)
from server.domain.webhooks import may_be_told
from server.door.listener import Door, DoorConfig
from server.door.webhooks import Webhooks
from server.http.app import create_app
from server.http.deps import DemoFacts, Deps
from server.http.passwords import Passwords
from server.http.throttle import TokenPace
from server.observe import Meters
from server.outgoing.posting import WebPoster
from server.ports import Account, Clock, LimitBook, StoreUnavailable
from server.ports import Node as Server
from server.ports.events import Event
from server.ports.leases import LeaseBook
from server.ports.nodes import Bus
from server.rate.authority import LimiterAuthority
from server.store.ledger.journal import SEGMENT_RECORDS, JournalFolder, WireJournal
from server.store.store import Store
from server.ws.channels import Channels
from server.ws.commands import SocketCommands
from server.ws.hub import Hub
from server.ws.presence import Presence
from server.ws.publisher import HubPublisher
from server.ws.session import Desk, SocketLimits
from server.ws.sockets import Sockets

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What stands before any part is built."""

    config: Config
    clock: Clock
    store: Store
    node: Server
    listeners: Sequence[socket.socket]
    public_url: str
    epoch: str
    meters: Meters
    demo: DemoFacts | None
    bus: Bus | None = None
    leases: LeaseBook | None = None


class Wiring:
    """Builds all parts in its constructor and names them; `children` gives them in start order."""

    def __init__(self, ground: Ground, *, on_ready: Callable[[], None], stop: Callable[[str], None]) -> None:
        self.ground, self._stop = ground, stop
        store, clock, config, node = ground.store, ground.clock, ground.config, ground.node
        journals, records = config.data_dir / "journal", config.journal_records or SEGMENT_RECORDS
        self.journal = WireJournal(journals, node.journal_id, records=records)
        self.accounts = Accounts(store.directory, self._adapter)
        self.hub = Hub()
        self.presence = Presence(self.hub, lambda: clock.real().timestamp())
        self.publisher = HubPublisher(
            self.hub, self.presence, ground.epoch, explain, self._online, lambda: clock.real().timestamp()
        )
        self.announcer = Announcer(store.inbox, store.reviews, store.team, self.publisher)
        self.limiter = LimiterAuthority(
            store.fleet,
            node.gen,
            self._limits,
            lease_s=config.node_lease_s,
            wall=clock.wall,
            on_taken=self._ring_stager,
            on_departed=self._departed,
            leases=ground.leases,
        )
        self.sender = Sender(
            store.ledger,
            self.limiter,
            self.accounts,
            self.journal,
            clock,
            node.gen,
            account_of=self.accounts.account_of,
            count=ground.meters.mt,
        )
        self.stager = Stager(store.ledger, self.limiter, clock, lambda: self.accounts.numbers)
        self.quarantine = QuarantineBook(store.quarantine, ground.meters)
        offline = OfflineSuggester(store.suggestions, clock)
        self.model = model_suggester(config, store.suggestions, clock)
        self.suggesting = SuggestActors(SuggestPorts(store.suggestions, self.publisher, clock, offline, self.model))
        self.suggest: Registry[int, Consider] = Registry(
            "suggest", self.suggesting, on_quarantine=self.quarantine.record, wall_clock=clock.wall
        )
        threads = ThreadActors(
            ThreadPorts(
                store.ledger, store.inbox, store.team, self.publisher, clock, said=self._said, looked=self._looked
            )
        )
        self.threads: Registry[int, ThreadMessage] = Registry(
            "threads", threads, on_quarantine=self.quarantine.record, wall_clock=clock.wall
        )
        self.shards = Shards(node.gen, store.shards, lambda: self.lookout.living)
        holding = self.shards.holding
        bulk = CampaignPorts(store.bulk_engine, store.campaign_engine, self.publisher, clock, holding)
        self.bulk: Registry[int, Look] = Registry(
            "bulk",
            lambda bulk_id: CampaignActor(bulk_id, bulk),
            capacity=WAITING,
            on_quarantine=self.quarantine.record,
            wall_clock=clock.wall,
        )
        self.dispatcher = CampaignDispatcher(bulk, self.bulk)
        self.campaign_news = CampaignNews(store.campaign_drafts, self.publisher)
        self.clicks = Clicks(store.links, is_bot)
        self.lifeline = Lifeline(
            store.ledger,
            self.accounts,
            self.accounts.accounts,
            JournalFolder(journals, records=records),
            clock,
            cadence=Cadence(ladder_s=config.ladder_s),
            holding=holding,
        )
        self.importer = Importer(store.imports, clock, uuid4())
        self.waker = Waker(store.team, clock)
        self.own_numbers = OwnNumberFollower(store.own_numbers, clock)
        self.tidier = Tidier(store.history)
        self.pruner = Pruner(store.pruning, clock)
        patience = Patience(config.hook_answer_s, config.hook_retries_s)
        self.courier = Courier(store.hooks, WebPoster(), clock.real, patience, holding)
        self.chronicler = Chronicler(store.events, self._events_told)
        self.relay = StreamRelay(store.events, self.publisher)
        here = Here(
            present=lambda: self.sockets.present(),
            positions=self.publisher.positions,
            streams=self.publisher.streams,
            campaigns=self.publisher.campaigns,
            bulks=self.publisher.bulks,
            stream=self._stream_grew,
            campaign=self.campaign_news.moved,
            bulk=self.dispatcher.moved,
            logins=lambda member_ids: self.sockets.logins(member_ids),
            end_login=lambda token_hash: self.sockets.end_session(token_hash),
            own_number=lambda workspace_id, member_id: store.own_numbers.of(workspace_id, member_id, clock.wall()),
        )
        self.lookout = Lookout(node.gen, store.elsewhere, store.inbox, self.announcer, here)
        self.hints = Hints(node.gen, ground.bus, self.lookout.hinted, self.lookout.missed)
        self.lookout.trusted, self.lookout.epoch = self.hints.trusted, ground.epoch
        self.lookout.on_other_history = lambda: stop("the database goes on with another history")
        self.hints.sights, self.hints.on_seen = self.presence.sights, self.presence.heard
        self.presence.tell = self.hints.tell_seen
        self.trees = TreeTeller(
            node.gen, store.fleet, lambda: node_out(self.tree(), MOST_TOLD), lambda: self.lookout.others
        )
        self.asker = ThreadAsker(self.threads)
        identity = SocketIdentity(config, store.people, store.tokens, clock)
        self.sockets = Sockets(
            Desk(
                self.hub,
                self._channels(),
                self.presence,
                SocketCommands(self.asker),
                SocketLimits(),
            ),
            authenticate=identity.authenticate,
            origin_allowed=identity.origin_allowed,
        )
        self.front = Front(self._make_door, self.sockets, ground.listeners, on_ready)
        self._connect_announcements()
        self._watch_figures()

    # Order

    def children(self, first: Sequence[ChildSpec]) -> list[ChildSpec]:
        """In start order; each leans on those before it. `first` are the embedded parts, where there are any."""
        return [
            *first,
            endless("node", self._beat),
            endless("announcer", self.announcer.run),
            endless("quarantine", self.quarantine.run),
            endless("limiter", self.limiter.run),
            graceful("sender", self.sender.run, shutdown_s=8.0),
            endless("sockets", self.sockets.run),
            self.suggest.spec(shutdown_s=0.5),  # nobody waits for a suggestion that comes after the end
            self.threads.spec(),
            endless("shards", self.shards.run),
            self.bulk.spec(),
            endless("dispatcher", self.dispatcher.run),
            endless("campaign_news", self.campaign_news.run),
            endless("clicks", self.clicks.run),
            endless("stager", self.stager.run),
            endless("lifeline", self.lifeline.run),
            endless("importer", self.importer.run),
            endless("waker", self.waker.run),
            endless("own_numbers", self.own_numbers.run),
            endless("pruner", self.pruner.run),
            endless("tidier", self.tidier.run),
            endless("courier", self.courier.run),
            endless("chronicler", self.chronicler.run),
            endless("relay", self.relay.run),
            endless("hints", self.hints.run),
            endless("lookout", self.lookout.run),
            endless("trees", self.trees.run),
            graceful("door", self.front.run, shutdown_s=8.0),
        ]

    # Parts

    def _channels(self) -> Channels:
        store, epoch = self.ground.store, self.ground.epoch
        narrowed = store.sight.parts
        return Channels(store.inbox, epoch, explain, store.bulk, store.campaign_drafts, store.events, narrowed)

    def _adapter(self, account: Account) -> Adapter:
        return adapter_of(account, self.ground.public_url, self.ground.clock.real)

    def _make_door(self) -> Door:
        ground = self.ground
        webhooks = Webhooks(
            ground.store.ledger,
            self.accounts.lookup,
            ground.clock,
            outage=self.lifeline.missed,
            count=ground.meters.webhook,
        )
        deps = Deps(
            config=ground.config,
            clock=ground.clock,
            timetable=read_timetable(ground.config.quiet_hours),
            people=ground.store.people,
            login_tries=ground.store.login_tries,
            audit_log=ground.store.audit_log,
            settings=ground.store.settings,
            tokens=ground.store.tokens,
            token_pace=TokenPace(ground.clock),
            events=ground.store.events,
            hooks=ground.store.hooks,
            event_news=self.chronicler.news,
            ring_hooks=self.courier.ring,
            inbox=ground.store.inbox,
            history=ground.store.history,
            reviews=ground.store.reviews,
            templates=ground.store.templates,
            token_values=ground.store.values,
            contacts=ground.store.contacts,
            imports=ground.store.imports,
            ring_importer=self.importer.bell.ring,
            mass_edits=ground.store.mass_edits,
            catalogue=ground.store.catalogue,
            timeline=ground.store.timeline,
            consents=ground.store.consents,
            values=ground.store.values,
            finder=ground.store.finder,
            filters=ground.store.filters,
            bulk=ground.store.bulk,
            campaign_drafts=ground.store.campaign_drafts,
            campaign_survey=ground.store.campaign_survey,
            campaign_course=ground.store.campaign_course,
            links=ground.store.links,
            visited=self.clicks.visited,
            campaign_figures=ground.store.campaign_figures,
            campaign_tests=ground.store.campaign_tests,
            own_numbers=ground.store.own_numbers,
            numbers=ground.store.numbers,
            commands=self.asker,
            team=ground.store.team,
            compose=ground.store.compose,
            drafts=ground.store.drafts,
            suggestions=ground.store.suggestions,
            suggesting_model=self.model.label if self.model else None,
            pictures=ground.store.pictures,
            passwords=Passwords(),
            metrics=ground.meters.registry,
            client_files=_client_files(),
            actor_tree=lambda: node_out(self.tree()),
            servers=self._servers,
            pace=self._pace,
            hand_over=self._hand_over,
            unready=lambda: None if self.front.ready else "The server is starting or stopping.",
            session_ended=self.sockets.end_session,
            explain=explain,
            now=ground.clock.real,
            narrowed=ground.store.sight.parts,
            demo=ground.demo,
            count_login=ground.meters.login,
        )
        # a body for the app is as large as its route takes (server/http/body.py), which says so in a sentence
        config = DoorConfig(webhook_body_limit=ground.config.webhook_limit, app_body_limit=sys.maxsize, drain_s=4.0)
        return Door(raw=webhooks, ws=self.sockets, app=create_app(deps), config=config)

    tree: Callable[[], Node]

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """`ports.Announce`: to everybody here, and to the other servers."""
        self.announcer.announce(announcements)
        self.hints.tell(announcements)

    def online(self, workspace_id: int) -> bool:
        """`ports.Online`, as far as is known here: somebody may look at another server."""
        return self.lookout.others or self.announcer.online(workspace_id)

    def _online(self, workspace_id: int) -> Sequence[int]:
        return self.sockets.online_members(workspace_id)

    # Hints

    def _connect_announcements(self) -> None:
        self.announcer.thread_news = self._thread_news
        self.announcer.on_heard = self._heard
        self.presence.on_look = self._opened
        self.announcer.on_consent = self._consent_flipped
        self.announcer.on_held = self._held
        self.announcer.on_outbox = self.stager.grew
        self.announcer.on_reply = self.lifeline.replied
        self.announcer.on_answer_owed = self.lifeline.answers.ring
        self.announcer.on_campaign = self._campaign_moved
        self.announcer.on_commit = self._committed
        self.announcer.on_own_number = self.own_numbers.asked
        self.announcer.on_settings = self._settings_changed
        self.announcer.on_stopped = self._campaign_stopped

    def _committed(self, announcements: Sequence[Announcement]) -> None:
        if may_be_told(announcements):
            self.chronicler.ring()
        self.own_numbers.ring()

    def _thread_news(self, change: ThreadChanged) -> None:
        self._tell_thread(Published(change.thread_id, change.events))

    def _heard(self, heard: ThreadHeard) -> None:
        self._tell_thread(Heard(heard.thread_id, heard.seq))

    def _tell_thread(self, news: Published | Heard) -> None:
        if not self.publisher.watched(news.thread_id):
            return
        try:
            self.threads.ref(news.thread_id).tell_nowait(news)
        except MailboxFull:
            self.publisher.thread_resync(news.thread_id)
        except ActorError:
            return  # stopping, or quarantined: its live events stop, and clients find the rows when they look

    def _opened(self, thread_id: int) -> None:
        with suppress(ActorError, MailboxFull):
            self.threads.ref(thread_id).tell_nowait(Looked(thread_id))

    def _said(self, thread_id: int) -> None:
        self._consider(self.suggesting.said(thread_id))

    def _looked(self, thread_id: int) -> None:
        self._consider(self.suggesting.looked(thread_id))

    def _settings_changed(self, change: SettingsChanged) -> None:
        if not change.suggesting:
            self.suggesting.hush(change.workspace_id)
        if change.hands is not None:
            self.sockets.hands_changed(change.workspace_id, change.hands)

    def _consider(self, one: Consider) -> None:
        with suppress(ActorError, MailboxFull):  # full: there is one before it that has not looked yet
            self.suggest.ref(one.thread_id).tell_nowait(one)

    def _events_told(self, events: Sequence[Event]) -> None:
        self.relay.numbered(events)
        for workspace_id, seq in {event.workspace_id: event.seq for event in events}.items():
            self.hints.tell_stream(workspace_id, seq)
        self.courier.ring()

    def _stream_grew(self, workspace_id: int) -> None:
        self.relay.look(workspace_id)
        self.chronicler.tell()
        self.courier.ring()

    def _campaign_moved(self, moved: CampaignMoved) -> None:
        self.dispatcher.moved(moved.campaign_id)
        self.campaign_news.moved(moved)

    def _consent_flipped(self, flip: ConsentFlipped) -> None:
        if flip.opted_out:
            self.sender.void_endpoint(flip.endpoint_id)

    def _held(self, endpoint_id: int) -> None:
        self.sender.void_endpoint(endpoint_id, "the contact may have asked to stop")

    def _campaign_stopped(self, stop: CampaignStopped) -> None:
        self.sender.stop_campaign(stop.campaign_id, stop.made_after)

    def _ring_stager(self) -> None:
        self.stager.ring_for_all()

    def _departed(self, number_id: int) -> None:
        self.stager.ring_if_low(number_id)

    def _watch_figures(self) -> None:
        meters = self.ground.meters
        meters.watch_sockets(lambda: self.sockets.count)
        meters.watch_mailboxes("threads", lambda: self.threads.node("threads").depth)
        meters.watch_restarts(lambda: sum(node.restarts for node in self.tree().walk()))

    # The end, and the node's lease

    def close(self) -> None:
        """Give files and streams back; nothing runs any more."""
        self.front.close()
        self.journal.close()
        self.accounts.close()

    async def _beat(self) -> None:
        beat, lease_s = self.ground.store.fleet.beat, self.ground.config.node_lease_s
        while True:
            try:
                lives = await beat(self.ground.node.gen, lease_s)
            except StoreUnavailable:
                # An outage is no death: nobody can take over meanwhile either, and T3 looks at the lease by itself.
                log.warning("beat_failed")
                lives = True
            if not lives:
                self._stop("another server has declared this one dead; it stops so that nothing is sent twice")
                await trio.sleep_forever()
            await trio.sleep(lease_s / 3)

    async def _limits(self) -> LimitBook:
        return await self.ground.store.directory.limits(await self.accounts.refresh(), self.ground.clock.wall())

    async def _pace(self, workspace_id: int) -> dict[str, Any]:
        stats = self.limiter.stats() if self.limiter.holds else None
        nodes = await self.ground.store.fleet.living()
        return sending_out(stats, self.limiter.book, workspace_id, nodes, self.ground.node.gen)

    async def _servers(self) -> Sequence[dict[str, Any]]:
        own = self.ground.node.gen
        return [server_out(one, own, node_out(self.tree())) for one in await self.ground.store.fleet.seen()]

    async def _hand_over(self, gen: int) -> bool:
        handed = await self.ground.store.fleet.hand_over_limiter(gen, self.ground.config.node_lease_s)
        return handed is not None


def _client_files() -> Path:
    return Path(__file__).parents[1] / "web_static"
