"""What the demo knows of its people beside their texts: where they live, what they look for, how far they have come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from server.demo.people import MEMBERS, DemoContact, our_addresses
from server.demo.talk import STREETS
from server.demo.world import World

PIPELINES: Final = {
    "Buyers": ("New Lead", "In touch", "Showing", "Offer made", "Under contract", "Closed"),
    "Sellers": ("New Lead", "Valuation", "Listed", "Sold"),
}
_TAGS: Final = (  # with how likely somebody has it
    ("Open House Attendee", 0.3), ("First-time buyer", 0.25), ("Hot lead", 0.15), ("Investor", 0.1),
    ("Relocating", 0.15), ("Past client", 0.12), ("Referral", 0.1),
)  # fmt: skip
FIELDS: Final = (
    {"name": "budget", "label": "Budget", "kind": "number", "choices": []},
    {"name": "bedrooms", "label": "Bedrooms", "kind": "number", "choices": []},
    {"name": "moving_by", "label": "Moving by", "kind": "date", "choices": []},
    {"name": "financing", "label": "Financing", "kind": "choice", "choices": ["Pre-approved", "Cash", "Not yet"]},
    {"name": "has_pets", "label": "Has pets", "kind": "boolean", "choices": []},
)
_TOWNS: Final = {
    "617": ("Boston", "MA", "02116"), "603": ("Portsmouth", "NH", "03801"), "207": ("Portland", "ME", "04101"),
    "508": ("Worcester", "MA", "01608"), "212": ("New York", "NY", "10011"), "404": ("Atlanta", "GA", "30309"),
    "305": ("Miami", "FL", "33133"), "802": ("Burlington", "VT", "05401"), "312": ("Chicago", "IL", "60614"),
    "512": ("Austin", "TX", "78704"), "615": ("Nashville", "TN", "37206"), "303": ("Denver", "CO", "80206"),
    "602": ("Phoenix", "AZ", "85004"), "206": ("Seattle", "WA", "98103"), "415": ("San Francisco", "CA", "94110"),
    "808": ("Honolulu", "HI", "96815"),
}  # fmt: skip
_HERE: Final = ("Boston, MA", "Portsmouth, NH", "Portland, ME", "Worcester, MA")  # where the brokerage sells
_EASTERN: Final = ZoneInfo("America/New_York")
_LABELS: Final = ("work", "home")


@dataclass(frozen=True, slots=True)
class DemoShowing:
    property_address: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class DemoLife:
    """What stands in one contact's record. `second` is another number of theirs, with its label."""

    address: str
    first: str
    last: str
    email: str = ""
    owner: str | None = None
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    zone: str | None = None
    property_address: str = ""
    custom: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    stage: tuple[str, str] | None = None
    showings: tuple[DemoShowing, ...] = ()
    second: tuple[str, str] | None = None


def make_lives(world: World, wall: datetime, seed: int, elsewhere: Collection[str] = ()) -> tuple[DemoLife, ...]:
    """One for each of the world's contacts, strangers too: of those nothing is known. *elsewhere*: taken numbers."""
    rng = Random(seed)  # noqa: S311 - the same people on every machine
    taken = {person.address for person in world.contacts} | our_addresses() | set(elsewhere)
    owners = {thread.contact.address: MEMBERS[nth % len(MEMBERS)].email for nth, thread in enumerate(world.threads)}
    lives = []
    for person in world.contacts:
        life = _life(rng, person, owners.get(person.address), wall, taken)
        taken |= {life.second[0]} if life.second else set()
        lives.append(life)
    return tuple(lives)


def _life(rng: Random, person: DemoContact, owner: str | None, wall: datetime, taken: set[str]) -> DemoLife:
    if not person.known:
        return DemoLife(person.address, "", "")
    city, state, zip_code = _TOWNS[person.address[2:5]]
    told = rng.random() < 0.6
    home = f"{rng.choice(STREETS)}, {rng.choice(_HERE)}" if rng.random() < 0.7 else ""
    stage = _stage(rng) if rng.random() < 0.75 else None
    return DemoLife(
        person.address,
        person.first,
        person.last,
        email=_email(person) if rng.random() < 0.7 else "",
        owner=owner or (rng.choice(MEMBERS).email if rng.random() < 0.5 else None),
        street=rng.choice(STREETS) if told else "",
        city=city if told else "",
        state=state if told else "",
        zip=zip_code if told else "",
        zone=person.zone if rng.random() < 0.4 else None,
        property_address=home,
        custom=_custom(rng, wall.date()) if rng.random() < 0.7 else {},
        tags=tuple(name for name, share in _TAGS if rng.random() < share),
        stage=stage,
        showings=_showings(rng, home, wall) if stage and stage[1] in {"Showing", "Offer made"} else (),
        second=_second(rng, person, taken) if rng.random() < 0.08 else None,
    )


def _email(person: DemoContact) -> str:
    plain = f"{person.first}.{person.last}".lower().translate(str.maketrans("ëíö", "eio", "' "))
    return f"{plain}@mail.example"


def _custom(rng: Random, today: date) -> dict[str, Any]:
    values: dict[str, Any] = {
        "budget": rng.choice((389_000, 425_000, 462_500, 515_000, 549_900, 598_000, 640_000, 725_000)),
        "bedrooms": rng.choice((2, 2, 3, 3, 4)),
        "financing": rng.choice(("Pre-approved", "Pre-approved", "Cash", "Not yet")),
        "moving_by": (today + timedelta(days=rng.randrange(30, 240))).isoformat(),
        "has_pets": rng.random() < 0.4,
    }
    return {name: value for name, value in values.items() if rng.random() < 0.75}


def _stage(rng: Random) -> tuple[str, str]:
    """Most people stand near the beginning."""
    pipeline = "Buyers" if rng.random() < 0.8 else "Sellers"
    stages = PIPELINES[pipeline]
    return pipeline, stages[min(int(rng.expovariate(0.7)), len(stages) - 1)]


def _showings(rng: Random, home: str, wall: datetime) -> tuple[DemoShowing, ...]:
    """One in the coming days, at an hour at which people look at homes; perhaps one that has been."""
    place = home or f"{rng.choice(STREETS)}, {rng.choice(_HERE)}"
    coming = DemoShowing(
        place, _by_day(rng, wall + timedelta(days=rng.randrange(1, 9))), rng.choice(("", "Bring the keys"))
    )
    if rng.random() < 0.6:
        return (coming,)
    been = _by_day(rng, wall - timedelta(days=rng.randrange(3, 20)))
    return DemoShowing(f"{rng.choice(STREETS)}, {rng.choice(_HERE)}", been, "Liked the kitchen"), coming


def _by_day(rng: Random, day: datetime) -> datetime:
    local = day.astimezone(_EASTERN).replace(
        hour=rng.randrange(10, 18), minute=rng.choice((0, 30)), second=0, microsecond=0
    )
    return local.astimezone(day.tzinfo)


def _second(rng: Random, person: DemoContact, taken: set[str]) -> tuple[str, str] | None:
    free: Sequence[str] = [address for n in range(100) if (address := f"{person.address[:5]}55501{n:02}") not in taken]
    return (rng.choice(free), rng.choice(_LABELS)) if free else None
