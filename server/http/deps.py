"""What the HTTP layer needs from the rest of the server, as ports; the composition root fills it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import trio
from prometheus_client import CollectorRegistry

from server.config import Config
from server.domain.roles import Role
from server.domain.timetable import Timetable
from server.http.passwords import Passwords
from server.http.throttle import TokenPace
from server.ports import Clock, Inbox, People, Reviews
from server.ports.audit import AuditLog
from server.ports.bulk import Bulk
from server.ports.campaigns import CampaignCourse, CampaignDrafts, CampaignFigures, CampaignSurvey, CampaignTests
from server.ports.catalogue import Catalogue
from server.ports.compose import Compose, Drafts, Pictures
from server.ports.consent import Consents
from server.ports.contacts import Contacts, Values
from server.ports.events import EventStream, Hooks
from server.ports.filters import Finder, SavedFilters
from server.ports.history import History
from server.ports.imports import Imports
from server.ports.links import Links, Visited
from server.ports.logins import LoginTries
from server.ports.mass_edit import MassEdits
from server.ports.numbers import Numbers
from server.ports.own_number import OwnNumbers
from server.ports.settings import WorkspaceSettings
from server.ports.suggest import Suggestions
from server.ports.team import AllCommands, Team
from server.ports.templates import Templates, TokenValues
from server.ports.timeline import Timeline
from server.ports.tokens import Tokens
from server.ws.encode import Explain


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A member of the demo with the password that everybody may know; never of a real workspace."""

    email: str
    password: str = field(repr=False)
    name: str
    role: Role


WriteIn = Callable[[str, str, str], Awaitable[bool]]
"""A telephone of the simulated carrier sends a text: from, to, body. False: it cannot by now."""


@dataclass(frozen=True, slots=True)
class DemoFacts:
    logins: tuple[DemoLogin, ...]
    simulator_url: str
    write_in: WriteIn


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything that the routes use.

    `unready` gives None once all parts work, else a sentence. `session_ended` hears the token's hash after a log-out,
    to close that session's sockets. `explain` puts an error's class and code into words. `demo` is None on a real
    server. `now` is the real time, by which logins end: a simulated wall clock neither ends nor prolongs them.
    `servers` gives all on this database. `pace` is told for a workspace. `hand_over` lets the server of that generation
    send; False: it is gone, or sends already. `count_login` hears right, wrong or too_often. `visited` hears of short
    links that were followed, and never waits. `suggesting_model`: None, where there is no endpoint to ask for replies.
    `event_news` gives what is set at the next event of any workspace. `narrowed`: by name, those of the ports that
    show a member from whom a number is hidden no more than they may see.
    """

    config: Config
    clock: Clock
    timetable: Timetable
    people: People
    login_tries: LoginTries
    audit_log: AuditLog
    settings: WorkspaceSettings
    events: EventStream
    hooks: Hooks
    tokens: Tokens
    token_pace: TokenPace
    inbox: Inbox
    history: History
    reviews: Reviews
    templates: Templates
    token_values: TokenValues
    contacts: Contacts
    imports: Imports
    mass_edits: MassEdits
    catalogue: Catalogue
    timeline: Timeline
    consents: Consents
    values: Values
    finder: Finder
    filters: SavedFilters
    bulk: Bulk
    campaign_drafts: CampaignDrafts
    campaign_survey: CampaignSurvey
    campaign_course: CampaignCourse
    links: Links
    campaign_figures: CampaignFigures
    campaign_tests: CampaignTests
    own_numbers: OwnNumbers
    numbers: Numbers
    commands: AllCommands
    team: Team
    compose: Compose
    drafts: Drafts
    suggestions: Suggestions
    pictures: Pictures
    passwords: Passwords
    metrics: CollectorRegistry
    client_files: Path
    actor_tree: Callable[[], Mapping[str, Any]]
    servers: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]
    pace: Callable[[int], Awaitable[Mapping[str, Any]]]
    hand_over: Callable[[int], Awaitable[bool]]
    unready: Callable[[], str | None]
    session_ended: Callable[[bytes], None]
    explain: Explain
    now: Callable[[], datetime]
    narrowed: Callable[[int], Mapping[str, Any]] = lambda member_id: {}
    demo: DemoFacts | None = None
    suggesting_model: str | None = None
    ring_importer: Callable[[], None] = lambda: None
    event_news: Callable[[], trio.Event] = trio.Event
    ring_hooks: Callable[[], None] = lambda: None
    count_login: Callable[[str], None] = lambda result: None
    visited: Callable[[Visited], None] = lambda one: None
