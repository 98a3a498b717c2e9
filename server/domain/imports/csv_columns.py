"""Decides what the columns of a list may become, guesses it from names and cells, and says where a mapping is wrong.

A column goes to a place: a text of the contact (`first_name`), `name`, `phone`, `tags`, `owner`, `do_not_text`,
`custom:budget`, `new:budget` (a custom field that does not exist yet), `stage:3` (of a pipeline), or nowhere (`skip`).
Columns are known by their position. Their names are never keys of anything, so none of them can be a reserved one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from server.domain.contact import LONGEST
from server.domain.fields import Field, name_fault
from server.domain.phone import normalise

SKIP: Final = "skip"
PHONE: Final = "phone"
PHONE_LABEL: Final = "phone_label"  # what kind the first number is
NAME: Final = "name"
TAGS: Final = "tags"
OWNER: Final = "owner"
DO_NOT_TEXT: Final = "do_not_text"
CUSTOM: Final = "custom:"
NEW: Final = "new:"
STAGE: Final = "stage:"

_SEVERAL: Final = frozenset({SKIP, PHONE, TAGS})  # more than one column may go there
_PLACES: Final = frozenset({SKIP, PHONE, PHONE_LABEL, NAME, TAGS, OWNER, DO_NOT_TEXT, *LONGEST})
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ZIP: Final = re.compile(r"\d{5}(-\d{4})?", re.ASCII)
_MOST: Final = 0.6  # of a column's cells that are filled: so many must look like it

_ALIASES: Final[Mapping[str, str]] = {
    alias: place
    for place, aliases in {
        "first_name": "first name|first|fname|given name|forename|nombre|vorname|prenom",
        "last_name": "last name|last|lname|surname|family name|apellido|nachname|nom",
        NAME: "name|full name|contact|contact name|client|client name|lead|lead name|display name",
        "email": "email|e mail|email address|e mail address|mail|primary email|email 1|correo",
        PHONE: (
            "phone|phone number|phones|mobile|mobile phone|mobile number|cell|cell phone|cell number|cellphone|"
            "telephone|tel|number|primary phone|home phone|work phone|home|work|other phone|phone1|phone2|phone3|"
            "secondary phone|other phones|sms|text number|contact number|telefono|telefon|celular"
        ),
        PHONE_LABEL: "phone type|phone label",
        "street": "street|street address|address|address 1|address line 1|mailing address|home address",
        "city": "city|town",
        "state": "state|province|region|st",
        "zip": "zip|zip code|zipcode|postal code|postcode|postal|zip postal code",
        "zone": "time zone|timezone|zone|tz",
        "property_address": "property address|property|listing|listing address|property of interest",
        OWNER: "owner|agent|assigned to|assigned agent|assignee|lead owner|owner email|agent email",
        TAGS: "tags|tag|labels|label|groups|group",
        DO_NOT_TEXT: "do not text|do not contact|do not sms|dnc|opted out|opt out|optout|unsubscribed|dont text|no sms",
    }.items()
    for alias in aliases.split("|")
}
OWN_NAMES: Final = frozenset({
    "first name", "last name", "email", "phone", "phone type", "other phones", "street", "city", "state", "zip",
    "time zone", "property address", "owner", "tags", "do not text",
})  # fmt: skip
"""What we call these columns in the lists that we write: no custom field's label outranks them."""
_LABELS: Final = (("mobile", ("mobile", "cell", "sms", "text")), ("home", ("home",)), ("work", ("work", "office")))


@dataclass(frozen=True, slots=True)
class Stages:
    """A pipeline with its stages' ids by their names in small letters."""

    name: str
    stages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a workspace has: custom fields by name, pipelines by id, members' ids by e-mail and name (small letters)."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    pipelines: Mapping[int, Stages] = field(default_factory=dict)
    members: Mapping[str, int] = field(default_factory=dict)


def plain(name: str) -> str:
    """A column's *name* for comparing: small letters, no accents, nothing but letters and digits.

    >>> plain(" E-Mail_Address: ")
    'e mail address'
    """
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", letters))


def guess(
    names: Sequence[str], samples: Sequence[Sequence[str]], known: Vocabulary, *, header: bool
) -> tuple[str, ...]:
    """A place for each column. *samples* are the first rows' cells; without a *header* they alone tell."""
    taken: set[str] = set()
    places = []
    for at, name in enumerate(names):
        cells = [row[at].strip() for row in samples if at < len(row) and row[at].strip()]
        place = (_by_name(name, known) if header else None) or _by_cells(cells) or SKIP
        if place in taken and place not in _SEVERAL:
            place = SKIP
        taken.add(place)
        places.append(place)
    return _names_by_place(places, samples) if not header else tuple(places)


def _by_name(name: str, known: Vocabulary) -> str | None:
    asked = plain(name)
    if asked in OWN_NAMES:
        return _ALIASES[asked]
    for own in known.fields.values():
        if asked in {plain(own.name), plain(own.label)}:
            return CUSTOM + own.name
    for pipeline_id, pipeline in known.pipelines.items():
        if asked in {f"stage {plain(pipeline.name)}", f"{plain(pipeline.name)} stage", plain(pipeline.name)}:
            return f"{STAGE}{pipeline_id}"
    if asked == "stage" and len(known.pipelines) == 1:
        return f"{STAGE}{next(iter(known.pipelines))}"
    return _ALIASES.get(asked) or _ALIASES.get(re.sub(r" \d+$", "", asked))


def _by_cells(cells: Sequence[str]) -> str | None:
    if not cells:
        return None
    for place, fits in ((PHONE, _is_phone), ("email", _EMAIL.fullmatch), ("zip", _ZIP.fullmatch)):
        if sum(1 for cell in cells if fits(cell)) >= _MOST * len(cells):
            return place
    return None


def _is_phone(cell: str) -> bool:
    return normalise(cell) is not None


def _names_by_place(places: list[str], samples: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Columns of words that stand alone or in twos are people's names, where nothing names them."""
    words = [at for at, place in enumerate(places) if place == SKIP and _all_words(at, samples)]
    if len(words) == 1:
        places[words[0]] = NAME
    elif len(words) >= 2 and words[1] == words[0] + 1:
        places[words[0]], places[words[1]] = "first_name", "last_name"
    return tuple(places)


def _all_words(at: int, samples: Sequence[Sequence[str]]) -> bool:
    cells = [row[at].strip() for row in samples if at < len(row) and row[at].strip()]
    return bool(cells) and not any(character.isdigit() for cell in cells for character in cell)


@cache
def phone_label(name: str) -> str:
    """What kind of phone a column of that *name* holds.

    >>> phone_label("Cell phone"), phone_label("Phone 2")
    ('mobile', '')
    """
    words = set(plain(name).replace("cellphone", "cell").split())
    return next((label for label, signs in _LABELS if words & set(signs)), "")


@dataclass(frozen=True, slots=True)
class MappingFault:
    """Why a mapping cannot be: a sentence, and the column at fault where it is one."""

    sentence: str
    column: int | None = None


def mapping_fault(places: Sequence[str], names: Sequence[str], known: Vocabulary) -> MappingFault | None:
    """What is wrong with the mapping of the columns called *names*, None where it can be used."""
    if PHONE not in places:
        return MappingFault("Say which column holds the phone numbers: a contact is known by its number.")
    seen: dict[str, int] = {}
    for at, place in enumerate(places):
        if sentence := _place_fault(place, known):
            return MappingFault(f"{names[at]}: {sentence}", at)
        key = CUSTOM + place.removeprefix(NEW) if place.startswith(NEW) else place
        if key not in _SEVERAL and key in seen:
            return MappingFault(f"{names[seen[key]]} and {names[at]} cannot both become the same.", at)
        seen[key] = at
    return None


def _place_fault(place: str, known: Vocabulary) -> str | None:
    if place in _PLACES:
        return None
    if place.startswith(CUSTOM):
        return None if place.removeprefix(CUSTOM) in known.fields else "There is no such custom field."
    if place.startswith(STAGE):
        digits = place.removeprefix(STAGE)
        return None if digits.isdecimal() and int(digits) in known.pipelines else "There is no such pipeline."
    if place.startswith(NEW):
        name = place.removeprefix(NEW)
        return "There is a custom field of that name already." if name in known.fields else name_fault(name)
    return "There is no such place for a column."
