"""Decides what a template with links becomes for one recipient: the text with short links, and where each leads.

A value that stands in a link is encoded for it: of ``https://acme.com/{{first_name}}`` "Mary Ann" becomes one link, and
a value that was typed as ``x?admin=1`` stays a piece of a path. One that is the whole address, ``https://{{site}}``, is
taken as it is. A link that is part of a value, or of a fallback, becomes a short one like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from server.domain.campaigns.links import NoTarget, find, target
from server.domain.tokens import Fault, Template, parse, render

LinkOf = Callable[[str], str]
"""The short link for a target; asked once for each target of a text."""


@dataclass(frozen=True, slots=True)
class LinkedTemplate:
    """A template, cut where its links begin and end; one with faults cannot be filled."""

    parts: tuple[tuple[Template, bool], ...]  # each with whether it is a link
    faults: tuple[Fault, ...] = ()

    @property
    def has_links(self) -> bool:
        """Whether its author wrote any; values may bring more."""
        return any(is_link for _, is_link in self.parts)


@dataclass(frozen=True, slots=True)
class Linked:
    """The text for one recipient; `targets` in the order of their links, each once.

    `missing` as in `tokens.Rendered`. `refused`: why links were left as they are, each reason once.
    """

    text: str
    targets: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def cut(template: str, known: Collection[str]) -> LinkedTemplate:
    """Read *template* once for all recipients; *known* are the names that have values."""
    parts: list[tuple[Template, bool]] = []
    plain_from = 0
    for found in find(template):
        parts += [(parse(template[plain_from : found.start], known), False), (parse(found.url, known), True)]
        plain_from = found.end
    parts.append((parse(template[plain_from:], known), False))
    return LinkedTemplate(tuple(part for part in parts if part[0].parts), parse(template, known).faults)


def fill_links(template: LinkedTemplate, values: Mapping[str, str | None], link_of: LinkOf) -> Linked:
    """Fill in *values* and put *link_of* each target in its link's place. Raises ValueError for one with faults.

    >>> one = cut("Hi {{first_name}}: acme.com/{{first_name}}", {"first_name"})
    >>> fill_links(one, {"first_name": "Mary Ann"}, lambda target: "https://go.example/1")
    Linked(text='Hi Mary Ann: https://go.example/1', targets=('http://acme.com/Mary%20Ann',), missing=(), refused=())
    """
    if template.faults:
        raise ValueError(template.faults[0].sentence)
    links: dict[str, str] = {}
    missing: dict[str, None] = {}
    refused: dict[str, None] = {}

    def shortened(url: str) -> str:
        led = target(url)
        if isinstance(led, NoTarget):
            refused[led.sentence] = None
            return url
        if led.url not in links:
            links[led.url] = link_of(led.url)
        return links[led.url]

    text: list[str] = []
    for part, is_link in template.parts:
        if is_link:
            url, lacking = _url(part, values)
            text.append(url if lacking else shortened(url))
        else:
            rendered = render(part, values)
            lacking = rendered.missing
            text.append(_with_links(rendered.text, shortened))
        missing |= dict.fromkeys(lacking)
    return Linked("".join(text), tuple(links), tuple(missing), tuple(refused))


def _with_links(text: str, shortened: Callable[[str], str]) -> str:
    pieces: list[str] = []
    plain_from = 0
    for found in find(text):
        pieces += [text[plain_from : found.start], shortened(found.url)]
        plain_from = found.end
    return "".join([*pieces, text[plain_from:]])


def _url(template: Template, values: Mapping[str, str | None]) -> tuple[str, tuple[str, ...]]:
    url, missing = "", list[str]()
    for part, following in zip(template.parts, (*template.parts[1:], "/"), strict=True):
        if isinstance(part, str):
            url += part
            continue
        value = (values.get(part.name) or "").strip() or part.fallback
        if value is None:
            missing.append(part.name)
        elif url.endswith("://") and isinstance(following, str) and following[0] in "/?#":
            url = value if value.lower().startswith(("http://", "https://")) else url + value
        else:
            url += quote(value, safe="/" if _has_path(url) else "")
    return url, tuple(missing)


def _has_path(url: str) -> bool:
    """Whether the name of the site has ended: before that, a slash in a value would make it another site's."""
    return any(mark in url.partition("://")[2] or ("://" not in url and mark in url) for mark in "/?#")
