r"""Decides what ``{{first_name}}`` and its kin mean in a template, and where a template is wrong.

``{{name}}`` is replaced by the value; ``{{name|there}}`` by *there* where the value is missing. Spaces around names and
fallbacks do not count, nor does a name's case. A backslash before ``{``, ``}``, ``|`` or a backslash makes it plain.
Values are inserted as they are: what a contact typed as a name is never read as a template.

A token that nearly has a name is a fault that says which one was meant: a text with ``{{frist_name}}`` in it has cost
its sender more than the text.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

KNOWN: Final = frozenset({"first_name", "last_name", "agent_name", "property_address", "showing_time"})
"""The tokens that every workspace has; its own fields come to them."""

PLACEHOLDER: Final = "custom_field"
"""What manuals write for "any field of yours". Never a field's name: who copies it is asked which one they mean."""

FaultKind = Literal["unclosed", "nameless", "unknown", "placeholder", "single_braces"]

# A token holds no other "{{": of "{{a {{b}}" the first is the one that was left open. Possessive (*+): no second try
# shall read an escape as two plain characters.
_TOKEN: Final = re.compile(r"\{\{(?P<inside>(?:\\[\\{}|]|(?!\{\{|\}\}).)*+)\}\}", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\([\\{}|])")
_MARK: Final = re.compile(r"\\[\\{}|]|\{\{|(?<!\{)\{(?P<single>[^{}]*)\}")
_BAR: Final = re.compile(r"(?P<name>(?:\\[\\{}|]|[^|])*+)\|(?P<fallback>.*)", re.DOTALL)
_SPECIAL: Final = re.compile(r"[\\{}|]")

_CLOSE: Final = 0.75  # of difflib's ratio: "frist" is near "first", "city" is near nothing
_GUESSES: Final = 10  # for so many faults the likely name is looked for; who has more of them has another trouble
_SHOWN: Final = 40  # characters of an unknown name; no field's is longer
_CALLED: Final = {  # what other products and people call our tokens
    "name": "first_name", "first": "first_name", "fname": "first_name", "contact": "first_name",
    "contactname": "first_name", "leadname": "first_name", "customername": "first_name",
    "surname": "last_name", "last": "last_name", "lname": "last_name", "familyname": "last_name",
    "agent": "agent_name", "me": "agent_name", "myname": "agent_name", "username": "agent_name",
    "sendername": "agent_name", "realtor": "agent_name",
    "address": "property_address", "property": "property_address", "listing": "property_address",
    "listingaddress": "property_address", "home": "property_address", "street": "property_address",
    "showing": "showing_time", "time": "showing_time", "tourtime": "showing_time", "tour": "showing_time",
    "appointment": "showing_time", "appointmenttime": "showing_time", "viewing": "showing_time",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A place for a value. `fallback` None: nothing stands in for a missing value."""

    name: str
    fallback: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, as a sentence, at index `at` (code points) of the template, `length` characters long.

    `instead` is what was likely meant: it goes in the place of those characters.
    """

    at: int
    length: int
    sentence: str
    kind: FaultKind = "unknown"
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: plain text and tokens in order. One with faults cannot be rendered."""

    parts: tuple[str | Token, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names that it asks for."""
        return frozenset(part.name for part in self.parts if isinstance(part, Token))


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text for one recipient. `missing`: names without value or fallback; nothing stands in their place."""

    text: str
    missing: tuple[str, ...] = ()


def parse(template: str, known: Collection[str] = KNOWN) -> Template:
    """Read *template*; *known* are the names that have values. Never raises: faults are for the author to mend.

    >>> parse("Hi {{ first_name | there }}!").parts
    ('Hi ', Token(name='first_name', fallback='there'), '!')
    >>> parse("Hi {{frist_name}}").faults[0].sentence
    'There is no token named "frist_name". Did you mean "first_name"?'
    """
    parts: list[str | Token] = []
    faults: list[Fault] = []
    plain_from = position = 0
    while mark := _MARK.search(template, position):
        start, position = mark.span()
        if mark[0] == "{{":
            if found := _TOKEN.match(template, start):
                token, position = _token(found["inside"]), found.end()
                parts += [_unescape(template[plain_from:start]), token]
                plain_from = position
                faults += _faults(token, start, len(found[0]), known, guess=len(faults) < _GUESSES)
            else:
                faults.append(Fault(start, 2, 'This "{{" has no "}}".', "unclosed"))
        elif mark["single"] is not None:
            token, position = _token(mark["single"]), start + 1
            if token.name in known:
                sentence = f'"{token.name}" is filled in only between two braces on each side.'
                faults.append(Fault(start, len(mark[0]), sentence, "single_braces", _written(token)))
    parts.append(_unescape(template[plain_from:]))
    return Template(tuple(part for part in parts if part != ""), tuple(faults))


def render(template: Template, values: Mapping[str, str | None]) -> Rendered:
    """Fill in *values*; None and blank ones count as missing. Raises ValueError for a template with faults.

    >>> render(parse("Hi {{first_name|there}}!"), {"first_name": " "})
    Rendered(text='Hi there!', missing=())
    """
    if template.faults:
        raise ValueError(template.faults[0].sentence)
    missing: dict[str, None] = {}
    text: list[str] = []
    for part in template.parts:
        if isinstance(part, str):
            text.append(part)
        elif value := (values.get(part.name) or "").strip():
            text.append(value)
        elif part.fallback is not None:
            text.append(part.fallback)
        else:
            missing[part.name] = None
    return Rendered("".join(text), tuple(missing))


def _token(inside: str) -> Token:
    split = _BAR.fullmatch(inside)
    name = split["name"] if split else inside
    return Token(name.strip().lower(), _unescape(split["fallback"].strip()) if split else None)


def _faults(token: Token, at: int, length: int, known: Collection[str], *, guess: bool) -> list[Fault]:
    if not token.name:
        return [Fault(at, length, "This token has no name.", "nameless")]
    if _squeezed(token.name) == _squeezed(PLACEHOLDER):
        sentence = f'"{PLACEHOLDER}" stands for any field of yours. Pick the one that you mean.'
        return [Fault(at, length, sentence, "placeholder")]
    if token.name in known:
        return []
    meant = nearest(token.name, known) if guess else None
    shown = token.name if len(token.name) <= _SHOWN else f"{token.name[:_SHOWN]}…"
    sentence = f'There is no token named "{shown}".'
    if meant is None:
        return [Fault(at, length, sentence)]
    instead = _written(Token(meant, token.fallback))
    return [Fault(at, length, f'{sentence} Did you mean "{meant}"?', instead=instead)]


def nearest(name: str, known: Collection[str]) -> str | None:
    """The one of *known* that was likely meant by *name*: written otherwise, mistyped, or called by another word.

    >>> nearest("First-Name", KNOWN), nearest("agnet_name", KNOWN), nearest("surname", KNOWN), nearest("dog", KNOWN)
    ('first_name', 'agent_name', 'last_name', None)
    """
    names = {_squeezed(one): one for one in sorted(known)}
    squeezed = _squeezed(name)
    if squeezed in names:
        return names[squeezed]
    if close := get_close_matches(squeezed, names, n=1, cutoff=_CLOSE):
        return names[close[0]]
    called = _CALLED.get(squeezed)
    return called if called in known else None


def _squeezed(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _written(token: Token) -> str:
    return f"{{{{{token.name}}}}}" if token.fallback is None else f"{{{{{token.name}|{escaped(token.fallback)}}}}}"


def escaped(text: str) -> str:
    """*text* so that a template which holds it gives it back as it is.

    >>> escaped("{{first_name}}")
    '\\\\{\\\\{first_name\\\\}\\\\}'
    """
    return _SPECIAL.sub(r"\\\g<0>", text)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)
