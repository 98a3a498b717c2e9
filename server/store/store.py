"""Opens the whole store over one database: checks that it fits, then composes its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from server.domain.messages import Announcement
from server.ports import Announce
from server.store.audit import PostgresAuditLog
from server.store.bridge import Bridge, open_bridge
from server.store.bulk.engine import PostgresBulkEngine
from server.store.bulk.texts import PostgresBulk
from server.store.campaigns.campaign_engine import PostgresCampaignEngine
from server.store.campaigns.course import PostgresCampaignCourse
from server.store.campaigns.drafts import PostgresCampaignDrafts
from server.store.campaigns.figures import PostgresCampaignFigures
from server.store.campaigns.rehearsal import PostgresCampaignTests
from server.store.campaigns.survey import PostgresCampaignSurvey
from server.store.campaigns.visits import PostgresLinks
from server.store.contacts.catalogue import PostgresCatalogue
from server.store.contacts.contacts import PostgresContacts
from server.store.contacts.finder import PostgresFinder
from server.store.contacts.imports import PostgresImports
from server.store.contacts.mass_edit import PostgresMassEdits
from server.store.contacts.saved_filters import PostgresSavedFilters
from server.store.contacts.timeline import PostgresTimeline
from server.store.conversations.consent import PostgresConsents
from server.store.conversations.history import PostgresHistory
from server.store.conversations.inbox import PostgresInbox
from server.store.conversations.review import PostgresReviews
from server.store.conversations.suggestions import PostgresSuggestions
from server.store.conversations.team import PostgresTeam
from server.store.directory import PostgresDirectory
from server.store.events import PostgresEvents
from server.store.fleet import PostgresFleet
from server.store.hooks import PostgresHooks
from server.store.ledger.ledger import PostgresLedger
from server.store.logins import PostgresLoginTries
from server.store.members import PostgresPeople
from server.store.named_sql import statements
from server.store.nodes import PostgresElsewhere
from server.store.numbers import PostgresNumbers
from server.store.options import StoreOptions
from server.store.own_numbers import PostgresOwnNumbers
from server.store.postgres import Postgres, Work, open_postgres
from server.store.pruning import PostgresPruning
from server.store.quarantine import PostgresQuarantine
from server.store.settings import PostgresSettings
from server.store.shards import PostgresShards
from server.store.sight import Sight
from server.store.texts.compose import PostgresCompose
from server.store.texts.drafts import PostgresDrafts
from server.store.texts.media import PostgresMedia
from server.store.texts.templates import PostgresTemplates
from server.store.texts.values import PostgresValues
from server.store.tokens import PostgresTokens

if TYPE_CHECKING:
    from server.store.postgres import Connection

T = TypeVar("T")

_SQL = statements("schema")

SCHEMA_VERSION: Final = 11
OLDEST_SERVER: Final = 18  # the one that everything here was tested with


class UnfitDatabase(Exception):
    """The database is there but cannot be used as it is; the text is a sentence for its owner."""


class Store:
    """The parts, as `ports` names them, over one pool."""

    def __init__(self, postgres: Postgres, announce: Announce, options: StoreOptions) -> None:
        self._postgres = postgres
        self.bridge: Bridge = postgres.bridge
        self.ledger = PostgresLedger(postgres, announce, options)
        self.inbox = PostgresInbox(postgres, announce, options.timetable)
        self.history = PostgresHistory(postgres)
        self.reviews = PostgresReviews(postgres, announce)
        self.team = PostgresTeam(postgres, announce)
        self.compose = PostgresCompose(postgres, announce, self.ledger.enqueue_bulk, options.timetable)
        self.drafts, self.pictures = PostgresDrafts(postgres), PostgresMedia(postgres)
        self.contacts = PostgresContacts(postgres, announce)
        self.mass_edits = PostgresMassEdits(postgres)
        self.consents = PostgresConsents(postgres, announce)
        self.timeline = PostgresTimeline(postgres)
        self.catalogue = PostgresCatalogue(postgres)
        self.values = PostgresValues(postgres)
        self.bulk_engine = PostgresBulkEngine(postgres, announce)
        self.imports = PostgresImports(postgres, announce)
        self.finder = PostgresFinder(postgres, options.wall)
        self.filters = PostgresSavedFilters(postgres)
        self.bulk = PostgresBulk(postgres, announce, self.bulk_engine, self.values, self.finder, self.filters)
        self.campaign_survey = PostgresCampaignSurvey(postgres, options.link_base)
        self.campaign_engine = PostgresCampaignEngine(postgres, announce, options.timetable, options.link_base)
        self.campaign_course = PostgresCampaignCourse(postgres, announce, self.campaign_engine, self.campaign_survey)
        self.campaign_drafts = PostgresCampaignDrafts(postgres, announce, self.campaign_survey, options.timetable)
        self.campaign_figures = PostgresCampaignFigures(postgres)
        self.campaign_tests = PostgresCampaignTests(
            postgres, announce, self.campaign_survey, self.compose, options.link_base
        )
        self.links = PostgresLinks(postgres, announce)
        self.own_numbers, self.numbers = PostgresOwnNumbers(postgres, announce), PostgresNumbers(postgres, announce)
        self.fleet, self.elsewhere = PostgresFleet(postgres), PostgresElsewhere(postgres)
        self.shards, self.directory = PostgresShards(postgres), PostgresDirectory(postgres)
        self.events, self.hooks = PostgresEvents(postgres), PostgresHooks(postgres)
        self.audit_log, self.settings = PostgresAuditLog(postgres), PostgresSettings(postgres, announce)
        self.people, self.tokens = PostgresPeople(postgres, announce), PostgresTokens(postgres, announce)
        self.login_tries = PostgresLoginTries(postgres)
        self.quarantine = PostgresQuarantine(postgres)
        self.pruning = PostgresPruning(postgres)
        self.templates = PostgresTemplates(postgres)
        self.suggestions = PostgresSuggestions(postgres)
        self.sight = Sight(postgres, announce, options, self.ledger)

    async def call(self, work: Work[T]) -> T:
        """``await work(connection)`` in one transaction on the asyncio side; for seeding. Raises StoreUnavailable."""
        return await self._postgres.call(work)


def _tell_nobody(_: Sequence[Announcement]) -> None:
    pass


@asynccontextmanager
async def open_store(
    dsn: str,
    *,
    announce: Announce = _tell_nobody,
    options: StoreOptions | None = None,
    schema: str | None = None,
) -> AsyncIterator[Store]:
    """The store at *dsn*, with its bridge and writers; open it outside of everything that uses it.

    *schema*, the text of schema.sql, is applied where the database is empty. Raises StoreUnavailable, and UnfitDatabase
    where the database is too old, empty without *schema*, or of another version of Threadline.
    """
    options = options or StoreOptions()
    async with open_bridge() as bridge, open_postgres(bridge, dsn, pool_size=options.pool_size) as postgres:
        await postgres.call(lambda connection: _fit(connection, schema))
        store, failure = Store(postgres, announce, options), None
        async with trio.open_nursery() as nursery:
            await nursery.start(store.ledger.run)
            try:
                yield store
            except BaseException as error:  # noqa: BLE001 - raised again below, outside of the nursery's group
                failure = error
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure


async def _fit(connection: Connection, schema: str | None) -> None:
    server = connection.get_server_version()
    if server.major < OLDEST_SERVER:
        raise UnfitDatabase(f"Threadline needs PostgreSQL {OLDEST_SERVER} or newer; this one is {server.major}.")
    await connection.execute(_SQL["one_at_a_time"])
    version = await _version(connection)
    if version is None and schema is not None:
        await connection.execute(schema)
        version = await _version(connection)
    if version is None:
        raise UnfitDatabase("This database has no Threadline in it; run `threadline migrate` first.")
    if version != SCHEMA_VERSION:
        raise UnfitDatabase(f"This database is of another Threadline: schema {version}, not {SCHEMA_VERSION}.")


async def _version(connection: Connection) -> int | None:
    if not await connection.fetchval(_SQL["is_there"]):
        return None
    version: int | None = await connection.fetchval(_SQL["version"])
    return version
