"""What a filter means, read plainly over a population: the oracle of the SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from server.domain.filter_fields import FIELDS, Field
from server.domain.filter_values import instant
from server.domain.phone import normalise
from tests.store.population import CUSTOM, LEFT, Person, Town
from tests.store.world import NOON

Holds = Callable[[Person, str, Any, Town], bool]


def matches(person: Person, node: dict[str, Any], town: Town) -> bool:
    """Whether *node* lets *person* through at NOON."""
    if "all" in node:
        return all(matches(person, part, town) for part in node["all"])
    if "any" in node:
        return any(matches(person, part, town) for part in node["any"])
    if "not" in node:
        return not matches(person, node["not"], town)
    return _holds(person, node["field"], node["is"], node.get("value"), town)


_OPPOSITES = {
    "is_not": "is",
    "contains_not": "contains",
    "has_not": "has",
    "no": "yes",
    "never": "ever",
    "empty": "filled",
}


def _holds(person: Person, name: str, op: str, value: Any, town: Town) -> bool:
    if op in _OPPOSITES:
        return not _holds(person, name, _OPPOSITES[op], value, town)
    if name == "name":
        return _text(f"{person.texts['first_name']} {person.texts['last_name']}".strip(" "), op, value)
    if name in person.texts:
        return _text(person.texts[name], op, value)
    if name.startswith("custom."):
        return _own(person.custom.get(name.removeprefix("custom.")), name, op, value)
    return _FIELDS[name](person, op, value, town)


def _owner(person: Person, op: str, value: Any, town: Town) -> bool:
    if person.owner is None:
        return False
    return op == "filled" or town.ids["member"][person.owner] == value


def _tag(person: Person, op: str, value: Any, town: Town) -> bool:
    return bool(person.tags) if op == "filled" else value in {town.ids["tag"][tag] for tag in person.tags}


def _stage(person: Person, op: str, value: Any, town: Town) -> bool:
    return value in {town.ids["stage"][stage] for stage in person.stages.values()}


def _pipeline(person: Person, op: str, value: Any, town: Town) -> bool:
    return value in {town.ids["pipeline"][pipeline] for pipeline in person.stages}


def _phone(person: Person, op: str, value: Any, town: Town) -> bool:
    if op == "filled":
        return bool(person.phones)
    return any(_dialled(phone.address, op, value) for phone in person.phones)


def _area_code(person: Person, op: str, value: Any, town: Town) -> bool:
    return any(phone.address[2:5] == value for phone in person.phones)


def _our_number(person: Person, op: str, value: Any, town: Town) -> bool:
    return value in {town.ids["our_number"][phone.thread[0]] for phone in person.phones if phone.thread}


def _texts(person: Person) -> list[tuple[datetime | None, datetime | None]]:
    return [phone.thread[1:] for phone in person.phones if phone.thread]


def _last(*which: int) -> Holds:
    def holds(person: Person, op: str, value: Any, town: Town) -> bool:
        texts = [thread[one] for thread in _texts(person) for one in which]
        return _moment(max((at for at in texts if at), default=None), op, value)

    return holds


def _replied(person: Person, op: str, value: Any, town: Town) -> bool:
    return any(last_in and last_out for last_in, last_out in _texts(person))


def _waiting(person: Person, op: str, value: Any, town: Town) -> bool:
    return any(last_in and (last_out is None or last_in > last_out) for last_in, last_out in _texts(person))


def _showing(person: Person, op: str, value: Any, town: Town) -> bool:
    return bool(person.showings) if op == "ever" else any(_around(at, op, value) for at in person.showings)


def _campaign(person: Person, op: str, value: Any, town: Town) -> bool:
    sent = next(int(name) for name, id_ in town.ids["campaign"].items() if id_ == value)
    return any(phone.campaigns.get(sent) in LEFT for phone in person.phones)


def _flag(name: str) -> Holds:
    return lambda person, op, value, town: any(phone.flags[name] for phone in person.phones)


_FIELDS: dict[str, Holds] = {
    "owner": _owner,
    "created": lambda person, op, value, town: _moment(person.created_at, op, value),
    "tag": _tag,
    "stage": _stage,
    "pipeline": _pipeline,
    "phone": _phone,
    "area_code": _area_code,
    "our_number": _our_number,
    "last_in": _last(0),
    "last_out": _last(1),
    "last_text": _last(0, 1),
    "replied": _replied,
    "waiting": _waiting,
    "showing": _showing,
    "campaign": _campaign,
    "opted_out": _flag("opted_out"),
    "held": _flag("held"),
    "carrier_blocked": _flag("carrier_blocked"),
    "consented": lambda person, op, value, town: any(phone.consented_at for phone in person.phones),
    "invalid": lambda person, op, value, town: any(phone.invalid_reason for phone in person.phones),
}


def _text(text: str, op: str, value: Any) -> bool:
    text, value = text.lower(), str(value).lower()
    compare: dict[str, Callable[[], bool]] = {
        "is": lambda: text == value,
        "contains": lambda: value in text,
        "begins": lambda: text.startswith(value),
        "filled": lambda: text != "",
    }
    return compare[op]()


def _own(own: Any, name: str, op: str, value: Any) -> bool:
    kind = next(known.kind for known in CUSTOM if known.name == name).removeprefix("custom_")
    if kind == "text":
        return _text(own or "", op, value)
    if op == "filled":
        return own is not None
    if own is None:
        return False
    if kind == "number":
        own, value = Decimal(str(own)), Decimal(str(value))
        return {"is": own == value, "at_least": own >= value, "at_most": own <= value}[op]  # type: ignore[no-any-return]  # Decimal's comparisons
    if kind == "date":
        day, today = date.fromisoformat(own), NOON.date()
        if op in ("within_days", "next_days"):
            end = today + timedelta(days=value if op == "next_days" else -value)
            return min(today, end) <= day <= max(today, end)
        asked = date.fromisoformat(value)
        return {"is": day == asked, "after": day >= asked, "before": day < asked}[op]
    return own is True if op == "yes" else bool(own == value)


def _moment(at: datetime | None, op: str, value: Any) -> bool:
    if at is None or op == "ever":
        return at is not None
    match op:
        case "within_days":
            return at >= NOON - timedelta(days=value)
        case "older_days":
            return at < NOON - timedelta(days=value)
        case "after":
            return at >= instant(value)
    return at < instant(value)


def _around(at: datetime, op: str, value: Any) -> bool:
    if op == "next_days":
        return NOON <= at <= NOON + timedelta(days=value)
    return op == "within_days" and NOON - timedelta(days=value) <= at <= NOON


def _dialled(address: str, op: str, value: Any) -> bool:
    digits = "".join(c for c in str(value) if c.isdigit())
    match op:
        case "is":
            return address == normalise(value)
        case "begins":
            return address.startswith(("+" + digits, "+1" + digits))
        case "ends":
            return address.endswith(digits)
    return False


def every_operator() -> Iterator[tuple[Field, str]]:
    for known in (*FIELDS.values(), *CUSTOM):
        for op in known.operators:
            yield known, op
