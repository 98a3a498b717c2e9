"""The demo's campaigns as members would have made them: their words, when they began, how their people took them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from server.demo.guests import LETTER, NEIGHBORS, OPEN_HOUSES, PRICES, TOURS, GuestList
from server.demo.people import MEMBERS, DemoMember
from server.domain.campaigns.drip import Drip
from server.domain.campaigns.health import Limits
from server.domain.quiet_rules import Span
from server.ports.campaigns import Plan, Start, Variant

ZONE: Final = "America/New_York"
_DANA, _MARCUS, _PRIYA = MEMBERS
_HOUR_S: Final = 3600
_WEEK: Final = frozenset(range(7))
_STOP: Final = " Reply STOP to opt out."


class Standing(Enum):
    """What has become of it by the time the newcomer looks. RUNNING goes on by the server's own engine."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    BROKEN = "paused by itself"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely a text fails, and who got it replies, asks to stop, or follows its link."""

    fails: float = 0.07
    replies: float = 0.12
    stops: float = 0.012
    clicks: float = 0.28


@dataclass(frozen=True, slots=True)
class DemoCampaign:
    """`began`: of one that was launched. `rounds`: so often the engine queued texts before somebody stopped it, or
    before the newcomer comes; None: until nobody was left. `template`: it is kept under this name, too.
    """

    name: str
    description: str
    author: DemoMember
    standing: Standing
    made: datetime
    people: tuple[GuestList, ...]
    plan: Plan
    began: datetime | None = None
    rounds: int | None = None
    odds: Odds = field(default_factory=Odds)
    archived: bool = False
    template: str | None = None


def make_campaigns(wall: datetime) -> tuple[DemoCampaign, ...]:
    """In the order in which they were made. *wall* (aware UTC) is when the newcomer looks."""
    begins = {days: _noon(wall, days) for days in (41, 20, 12, 5, 2, 1)}
    running = wall - timedelta(seconds=_ROUNDS_BEFORE * _ROUND_S)
    return (
        DemoCampaign(
            "Autumn market report", "What sold on the coast since summer, and for how much.", _MARCUS,
            Standing.COMPLETED, begins[41] - timedelta(days=2), (OPEN_HOUSES,),
            _plan("Hi {{first_name|there}}, the autumn report of Harbor & Pine Realty is out:"
                  " https://harborpine.example/autumn", batch=40),
            began=begins[41], archived=True,
        ),
        DemoCampaign(
            "Are you still looking?", "Wakes up people of last winter's letter.", _DANA, Standing.CANCELLED,
            begins[20] - timedelta(hours=3), (LETTER,),
            _plan("Hi {{first_name|there}}, {{agent_name}} at Harbor & Pine Realty. Are you still looking for a home"
                  " near the water?", batch=20),
            began=begins[20], rounds=3, odds=Odds(replies=0.2),
        ),
        DemoCampaign(
            "Waterfront open house", "9 Cove Rd. Two texts, to see which brings more people.", _PRIYA,
            Standing.COMPLETED, begins[12] - timedelta(days=1), (OPEN_HOUSES,),
            _plan("Hi {{first_name}}, Harbor & Pine Realty opens the doors of 9 Cove Rd on Sunday, 12 to 3. Photos:"
                  " https://harborpine.example/cove-road",
                  "{{first_name}}, want to see the sea from the kitchen? 9 Cove Rd, Sunday 12-3:"
                  " https://harborpine.example/cove-road Harbor & Pine Realty.", batch=20),
            began=begins[12], odds=Odds(replies=0.2, clicks=0.42), template="Open house invitation",
        ),
        DemoCampaign(
            "Price drop on Juniper Way", "For those who asked to be told.", _MARCUS, Standing.COMPLETED,
            begins[5] - timedelta(hours=1), (PRICES,),
            _plan("Good news, {{first_name|neighbor}}: 33 Juniper Way is now $462,500. Shall I show it to you?"
                  " {{agent_name}}, Harbor & Pine Realty."),
            began=begins[5], odds=Odds(replies=0.25), template="Price drop",
        ),
        DemoCampaign(
            "Market letter by text", "The letter's readers, by text for the first time.", _DANA, Standing.BROKEN,
            begins[2] - timedelta(hours=2), (LETTER,),
            replace(_plan("Harbor & Pine Realty: your market letter is here. Rates fell again, and so did asking"
                          " prices: https://harborpine.example/letter", batch=20),
                    limits=Limits(opted_out_percent=5, at_least=40)),
            began=begins[2], odds=Odds(replies=0.05, stops=0.14, clicks=0.15),
        ),
        DemoCampaign(
            "Weekend tours", "Paused: 14 Maple Ave has an offer.", _PRIYA, Standing.PAUSED,
            begins[1] - timedelta(hours=4), (TOURS,),
            _plan("Hi {{first_name|there}}, {{agent_name}} here. Two homes to tour this weekend: 14 Maple Ave and"
                  " 92 Harbor View Dr. Which one? Harbor & Pine Realty.", batch=12),
            began=begins[1], rounds=3, odds=Odds(replies=0.3),
        ),
        DemoCampaign(
            "Saturday showings", "To all who came to an open house or asked about prices.", _MARCUS,
            Standing.SCHEDULED, wall - timedelta(hours=5), (OPEN_HOUSES, PRICES),
            replace(_plan("Hi {{first_name|there}}, Harbor & Pine Realty shows four homes on Saturday. Reply with"
                          " a time and {{agent_name}} keeps it for you."),
                    start=Start(_saturday(wall), time(10), ZONE)),
            began=wall - timedelta(hours=4),
        ),
        DemoCampaign(
            "New on Linden Street", "One street, a text every few seconds: look at it while it runs.", _PRIYA,
            Standing.RUNNING, running - timedelta(minutes=20), (NEIGHBORS,),
            replace(_plan("Hi {{first_name|neighbor}}, {{agent_name}} at Harbor & Pine Realty: 7 Linden St is for sale."
                          " Interested in a tour? https://harborpine.example/linden",
                          batch=RUNNING_BATCH, every_s=_ROUND_S, all_day=True),
                    rate=RUNNING_BATCH / _ROUND_S, limits=Limits(opted_out_percent=20)),
            began=running, rounds=_ROUNDS_BEFORE, odds=Odds(replies=0.2, clicks=0.3),
        ),
        DemoCampaign(
            "Year-end review", "Needs a text.", _DANA, Standing.DRAFT, wall - timedelta(hours=2),
            (OPEN_HOUSES, LETTER), Plan(start=Start(zone=ZONE)),
        ),
        DemoCampaign(
            "Sellers' valuation", "", _PRIYA, Standing.DRAFT, wall - timedelta(minutes=50), (),
            _plan("Hi {{first_name|there}}, curious what your home would sell for today? {{agent_name}} at"
                  " Harbor & Pine Realty will tell you, for free."),
        ),
    )  # fmt: skip


RUNNING_BATCH: Final = 12
"""Texts in a minute, one after the other: something happens every five seconds for some twenty minutes."""
_ROUND_S: Final = 60
_ROUNDS_BEFORE: Final = 8


def _plan(*bodies: str, batch: int | None = None, every_s: int = 600, all_day: bool = False) -> Plan:
    share = 100 // len(bodies)
    hours = Span(0, 24 * _HOUR_S) if all_day else Span(10 * _HOUR_S, 19 * _HOUR_S)
    drip = None if batch is None else Drip(batch, every_s, _WEEK, hours, ZONE)
    return Plan(variants=tuple(Variant(body + _STOP, share) for body in bodies), start=Start(zone=ZONE), drip=drip)


def _local(wall: datetime) -> datetime:
    return wall.astimezone(ZoneInfo(ZONE))


def _saturday(wall: datetime) -> date:
    """The next one but this weekend's, so that nobody misses it who comes back tomorrow."""
    today = _local(wall).date()
    return today + timedelta(days=7 + (5 - today.weekday()) % 7)


def _noon(wall: datetime, days: int) -> datetime:
    """Some days before, shortly after noon in the East: morning in the mountains, and quiet nowhere."""
    noon = datetime.combine(_local(wall).date() - timedelta(days=days), time(12, 5), ZoneInfo(ZONE))
    return noon.astimezone(wall.tzinfo)
