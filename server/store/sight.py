"""The parts of the store as a member sees them from whom a number is hidden: `schema.sql`, the schema `sight`.

What a person asks for goes through these. What a server does by itself, and how texts leave, goes by the whole
database.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from server.ports import Announce
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
from server.store.contacts.mass_edit import PostgresMassEdits
from server.store.contacts.saved_filters import PostgresSavedFilters
from server.store.contacts.timeline import PostgresTimeline
from server.store.conversations.consent import PostgresConsents
from server.store.conversations.history import PostgresHistory
from server.store.conversations.inbox import PostgresInbox
from server.store.conversations.review import PostgresReviews
from server.store.conversations.suggestions import PostgresSuggestions
from server.store.conversations.team import PostgresTeam
from server.store.events import PostgresEvents
from server.store.ledger.ledger import PostgresLedger
from server.store.options import StoreOptions
from server.store.postgres import Postgres
from server.store.texts.compose import PostgresCompose
from server.store.texts.drafts import PostgresDrafts
from server.store.texts.templates import PostgresTemplates
from server.store.texts.values import PostgresValues

MOST_KEPT: Final = 200
"""Members whose parts are kept: they remember what is unread."""


class Sight:
    """*whole*: the database as it is. Parts are named as in `http.deps.Deps`."""

    def __init__(self, whole: Postgres, announce: Announce, options: StoreOptions, ledger: PostgresLedger) -> None:
        self._whole, self._announce, self._options, self._ledger = whole, announce, options, ledger
        self._kept: OrderedDict[int, Mapping[str, Any]] = OrderedDict()

    def parts(self, member_id: int) -> Mapping[str, Any]:
        """Ports that show what the member may see, and no more."""
        if member_id not in self._kept:
            self._kept[member_id] = self._made(self._whole.seen_by(member_id))
        self._kept.move_to_end(member_id)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[member_id]

    def _made(self, seen: Postgres) -> Mapping[str, Any]:
        announce, options = self._announce, self._options
        values, finder, filters = PostgresValues(seen), PostgresFinder(seen, options.wall), PostgresSavedFilters(seen)
        compose = PostgresCompose(seen, announce, self._ledger.enqueue_bulk, options.timetable)
        survey = PostgresCampaignSurvey(seen, options.link_base)
        # what a launch leaves behind is tidied whole
        engine = PostgresCampaignEngine(self._whole, announce, options.timetable, options.link_base)
        bulk_engine = PostgresBulkEngine(self._whole, announce)
        return {
            "inbox": PostgresInbox(seen, announce, options.timetable),
            "history": PostgresHistory(seen),
            "reviews": PostgresReviews(seen, announce, self._whole),
            "team": PostgresTeam(seen, announce),
            "compose": compose,
            "drafts": PostgresDrafts(seen),
            "contacts": PostgresContacts(seen, announce),
            "mass_edits": PostgresMassEdits(seen),
            "consents": PostgresConsents(seen, announce, self._whole),
            "timeline": PostgresTimeline(seen),
            "catalogue": PostgresCatalogue(seen),
            "values": values,
            "token_values": values,
            "finder": finder,
            "filters": filters,
            "bulk": PostgresBulk(seen, announce, bulk_engine, values, finder, filters),
            "campaign_survey": survey,
            "campaign_course": PostgresCampaignCourse(seen, announce, engine, survey),
            "campaign_drafts": PostgresCampaignDrafts(seen, announce, survey, options.timetable),
            "campaign_figures": PostgresCampaignFigures(seen),
            "campaign_tests": PostgresCampaignTests(seen, announce, survey, compose, options.link_base),
            "links": PostgresLinks(seen, announce),
            "events": PostgresEvents(seen),
            "suggestions": PostgresSuggestions(seen),
            "templates": PostgresTemplates(seen),
        }
