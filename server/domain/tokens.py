r"""Decides what ``{{first_name}}`` and its kin mean in a template, and where a template is wrong.

``{{name}}`` is replaced by the value; ``{{name|there}}`` by *there* where the value is missing. Spaces around names and
fallbacks do not count, nor does a name's case. A backslash before ``{``, ``}``, ``|`` or a backslash makes it plain.
Values are inserted as they are: what a contact typed as a name is never read as a template.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

KNOWN: Final = frozenset({"first_name", "last_name", "agent_name", "showing_time"})

# A token holds no other "{{": of "{{a {{b}}" the first is the one that was left open. Possessive (*+): no second try
# shall read an escape as two plain characters.
_TOKEN: Final = re.compile(r"\{\{(?P<inside>(?:\\[\\{}|]|(?!\{\{|\}\}).)*+)\}\}", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\([\\{}|])")
_MARK: Final = re.compile(r"\\[\\{}|]|\{\{")
_BAR: Final = re.compile(r"(?P<name>(?:\\[\\{}|]|[^|])*+)\|(?P<fallback>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A place for a value. `fallback` None: nothing stands in for a missing value."""

    name: str
    fallback: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, as a sentence, at index `at` (code points) of the template, `length` characters long."""

    at: int
    length: int
    sentence: str


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
    >>> parse("Hi {{frist_name}}").faults
    (Fault(at=3, length=14, sentence='There is no token named "frist_name".'),)
    """
    parts: list[str | Token] = []
    faults: list[Fault] = []
    plain_from = position = 0
    while mark := _MARK.search(template, position):
        position = mark.end()
        if mark[0] != "{{":
            continue
        if found := _TOKEN.match(template, mark.start()):
            token, position = _token(found["inside"]), found.end()
            parts += [_unescape(template[plain_from : mark.start()]), token]
            plain_from = position
            if sentence := _complaint(token, known):
                faults.append(Fault(mark.start(), len(found[0]), sentence))
        else:
            faults.append(Fault(mark.start(), 2, 'This "{{" has no "}}".'))
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


def _complaint(token: Token, known: Collection[str]) -> str | None:
    if not token.name:
        return "This token has no name."
    return None if token.name in known else f'There is no token named "{token.name}".'


def _unescape(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)
