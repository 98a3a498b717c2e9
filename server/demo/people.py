"""Who the demo's people are. Every number is one of NXX-555-0100 … 0199, which belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

WORKSPACE: Final = "Harbor & Pine Realty"
CONTACT_LINE: Final = "(617) 555-0100"
PASSWORD: Final = "open-house-sunday"  # noqa: S105 - everybody may know it: it opens a simulated workspace only
ACCOUNT_SID: Final = "ACde30de30de30de30de30de30de30de30"


@dataclass(frozen=True, slots=True)
class DemoMember:
    email: str
    name: str
    role: Literal["owner", "manager", "agent"]
    password: str = field(default=PASSWORD, repr=False)
    phone: str | None = None  # their own telephone, where it was proven to be theirs

    @property
    def first(self) -> str:
        return self.name.split()[0]


MEMBERS: Final = (
    DemoMember("dana@harborpine.example", "Dana Whitfield", "owner"),
    DemoMember("marcus@harborpine.example", "Marcus Bell", "manager"),
    DemoMember("priya@harborpine.example", "Priya Raman", "agent", phone="+14135550142"),
)


@dataclass(frozen=True, slots=True)
class DemoNumber:
    """`rate` in segments per second."""

    address: str
    label: str
    rate: float


NUMBERS: Final = (
    DemoNumber("+16175550100", "Main line", 10.0),
    DemoNumber("+16035550101", "New Hampshire", 3.0),
    DemoNumber("+12075550102", "Coast of Maine", 1.0),
)


@dataclass(frozen=True, slots=True)
class DemoContact:
    """Somebody the demo texts with. A stranger has a number and no name yet."""

    address: str
    first: str
    last: str
    zone: str

    @property
    def known(self) -> bool:
        return bool(self.first)


_AREAS: Final = (
    ("617", "America/New_York"), ("603", "America/New_York"), ("207", "America/New_York"), ("508", "America/New_York"),
    ("212", "America/New_York"), ("404", "America/New_York"), ("305", "America/New_York"), ("802", "America/New_York"),
    ("312", "America/Chicago"), ("512", "America/Chicago"), ("615", "America/Chicago"), ("303", "America/Denver"),
    ("602", "America/Phoenix"), ("206", "America/Los_Angeles"), ("415", "America/Los_Angeles"),
    ("808", "Pacific/Honolulu"),
)  # fmt: skip
_NEARBY: Final = 4  # most people who look for a home in New England live there
FIRST: Final = (
    "Maya", "Liam", "Sofia", "Noah", "Aisha", "Ethan", "Camila", "Owen", "Grace", "Mateo", "Hannah", "Kofi", "Ingrid",
    "Jamal", "Yuki", "Caleb", "Rosa", "Theo", "Fatima", "Miles", "Nora", "Andre", "Leila", "Patrick", "Mei", "Oscar",
    "Tessa", "Viktor", "Joy", "Desmond", "Elena", "Hugo", "Ruth", "Samir", "Beth", "Diego", "Anika", "Walter", "Zoë",
    "Femi", "Clara", "Raymond", "Lucía", "Bjorn", "Simone", "Ahmed", "Opal", "Tyler", "Nadia", "Frank",
)  # fmt: skip
LAST: Final = (
    "Torres", "Nguyen", "O'Brien", "Okafor", "Lindqvist", "Patel", "Kowalski", "Ferrara", "Haddad", "Brooks", "Silva",
    "Nakamura", "Whitaker", "Dubois", "Mensah", "Goldberg", "Ramirez", "Chen", "Sullivan", "Abdi", "Novak", "Price",
    "Castillo", "Fitzgerald", "Park", "Baptiste", "Schneider", "Iverson", "Delgado", "MacLeod", "Rossi", "Bergström",
    "Washington", "Yilmaz", "Hale", "Moreau", "Singh", "Alvarez", "Hughes", "Popescu", "Tanaka", "Murphy",
)  # fmt: skip


def our_addresses() -> set[str]:
    return {number.address for number in NUMBERS}


def contacts(seed: int, known: int = 120, strangers: int = 4) -> tuple[DemoContact, ...]:
    """*known* people with a name and *strangers* without one; no two share a number or a name."""
    rng = Random(seed)  # noqa: S311 - the same people on every machine
    ours = our_addresses()
    addresses: set[str] = set()
    names: set[tuple[str, str]] = set()
    found: list[DemoContact] = []
    while len(found) < known + strangers:
        area, zone = rng.choice(_AREAS[:_NEARBY] if rng.random() < 0.6 else _AREAS)
        address = f"+1{area}55501{rng.randrange(100):02}"
        name = (rng.choice(FIRST), rng.choice(LAST)) if len(found) < known else ("", "")
        if address in ours | addresses or name in names:
            continue
        addresses.add(address)
        if name[0]:
            names.add(name)
        found.append(DemoContact(address, *name, zone))
    return tuple(found)
