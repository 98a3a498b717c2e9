"""Decides what in a text is a link, where it may lead, and what our short one looks like.

A link is what phones make one: what begins with http://, https:// or www., and a bare name under a top level that
people use. A bare name without a path is one only under the few top levels that are no words: a forgotten space after a
full stop ("Call me.Is Ana there?") must not become a link of ours, while a link that is left as it is costs a figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from server.domain.campaigns.top_levels import COUNTRIES, GENERIC, PLAIN

MAX_URL: Final = 2_048
TOKEN_BYTES: Final = 8  # 64 bits: nobody finds a link by trying
TOKEN_LENGTH: Final = 11  # 62 ** 11 > 2 ** 64
MAX_BASE: Final = 60  # with the token less than half of a segment

# No "-": Android ends a link before one that ends it, and the recipient would get somebody else's page or none.
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# A token of a template is one piece, whatever its fallback holds; see domain.tokens.
_FILLED: Final = r"\{\{(?:\\[\\{}|]|(?!\{\{|\}\}).)*+\}\}"
# Pictures are no part of a link: who puts a hand behind one points at it.
_PICTURES: Final = "\u200d\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_REST: Final = rf'(?:{_FILLED}|[^\s<>"“”«»{{}}\\|^`\x00-\x1f\x7f{_PICTURES}])'
_FINDER: Final = re.compile(
    rf"(?<![A-Za-z0-9_])https?://(?P<full>{_REST}++)"
    rf"|(?<![\w@.\-/])www\.(?P<www>{_REST}++)"
    rf"|(?<![\w@.\-/])(?P<host>[\w-]++(?:\.[\w-]++)++)(?P<rest>(?::\d{{1,5}})?(?:[/?#]{_REST}*+)?)(?!@)"
    rf"|{_FILLED}",
    re.IGNORECASE | re.DOTALL,
)
_LABEL: Final = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_HOST: Final = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}|(?:\d{1,3}\.){3}\d{1,3}"
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
_BASE_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_BASE_PATH: Final = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+){0,7}")  # of eight pieces, as many as are looked for
OURS: Final = frozenset({
    "api", "assets", "bulk", "demo", "dialer", "healthz", "login", "media", "metrics", "people", "phone", "readyz",
    "settings", "sms", "system", "templates", "webhooks", "ws",
})  # fmt: skip
"""What paths of the server's own begin with: a link there would be taken for a page."""
_TRAILING: Final = ".,;:!?'…’)]"
_OPENERS: Final = {")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class Found:
    """A link at ``[start, end)`` of a text, as it is written there."""

    start: int
    end: int
    url: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where a short link leads: http or https, plain ASCII, fit for a header."""

    url: str


@dataclass(frozen=True, slots=True)
class NoTarget:
    """Why nobody is led there."""

    sentence: str


@lru_cache(maxsize=256)  # what a template says is the same for each of its recipients
def find(text: str) -> tuple[Found, ...]:
    """The links in *text*, which may be a template: what stands in a token is a value's business and no link.

    Punctuation at the end belongs to the sentence, and so does a parenthesis that was opened before the link.

    >>> [found.url for found in find("See https://acme.example/a_(b), or www.acme.example. Or (acme.com/tour)!")]
    ['https://acme.example/a_(b)', 'www.acme.example', 'acme.com/tour']
    """
    return tuple(_found(text)) if "." in text or "//" in text else ()


def _found(text: str) -> Iterator[Found]:
    for match in _FINDER.finditer(text):
        url = _without_trailing(match[0])
        if match["full"]:
            linked = len(url) > url.index("//") + 2
        elif match["www"]:
            linked = "." in url[4:] and url[4] != "."
        else:
            linked = match["host"] is not None and _is_bare_link(match["host"], url[len(match["host"]) :])
        if linked:
            yield Found(match.start(), match.start() + len(url), url)


def _is_bare_link(host: str, rest: str) -> bool:
    *labels, top = host.split(".")
    # "See it.No/yes?" is two sentences: only there does a top level begin with a capital and go on without.
    is_word = top.istitle() and not labels[0].istitle()
    named = top.lower() in GENERIC or top.lower() in COUNTRIES
    known = top.lower() in PLAIN or (named and len(rest) > 0 and not is_word)
    return known and all(map(_LABEL.fullmatch, labels))


def _without_trailing(url: str) -> str:
    while url[-1] in _TRAILING:
        opener = _OPENERS.get(url[-1])
        if opener is not None and url.count(opener) >= url.count(url[-1]):
            break
        url = url[:-1]
    return url


# Where it leads


@lru_cache(maxsize=256)  # as above
def target(url: str) -> Target | NoTarget:
    """What *url*, as somebody wrote it, leads to. Without a scheme it is http, as phones take it.

    Backslashes are refused: browsers read them as slashes, so the host would be another one than we see.

    >>> target("münchen.example/Führung?a=1"), target("javascript:alert(1)").sentence
    (Target(url='http://xn--mnchen-3ya.example/F%C3%BChrung?a=1'), 'A link must begin with http:// or https://.')
    """
    if len(url) > MAX_URL:
        return NoTarget(f"A link can have at most {MAX_URL:,} characters.")
    if "\\" in url or not url.isprintable() or any(map(str.isspace, url)):
        return NoTarget("A link must not have spaces, backslashes or invisible characters.")
    if not url.lower().startswith(("http://", "https://")):
        if _SCHEME.match(url):
            return NoTarget("A link must begin with http:// or https://.")
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return NoTarget("This is not an address of the web.")
    if "@" in parts.netloc:
        return NoTarget("A link must not hold a user's name or password.")
    host = _ascii_host(parts.hostname or "")
    if host is None:
        return NoTarget("A link needs the full name of a web site, such as acme.com.")
    led = _rebuilt(parts, host if port is None else f"{host}:{port}")
    return Target(led) if len(led) <= MAX_URL else NoTarget(f"A link can have at most {MAX_URL:,} characters.")


def _ascii_host(host: str) -> str | None:
    try:
        plain = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return plain if _HOST.fullmatch(plain) else None


def _rebuilt(parts: SplitResult, netloc: str) -> str:
    """Percent signs stay: what was encoded is not encoded again."""
    path, query, fragment = (
        quote(part, safe="/:@!$&'()*+,;=~%?-._") for part in (parts.path, parts.query, parts.fragment)
    )
    return urlunsplit((parts.scheme.lower(), netloc, path, query, fragment))


# Our own


def token_of(raw: bytes) -> str:
    """The token for 8 random bytes: letters and digits, always of one length, so that segments are known before.

    >>> token_of(bytes(8)), len(token_of(b"\\xff" * 8))
    ('00000000000', 11)
    """
    if len(raw) != TOKEN_BYTES:
        raise ValueError(f"A token is made of {TOKEN_BYTES} bytes, not of {len(raw)}.")
    number, chars = int.from_bytes(raw, "big"), ""
    for _ in range(TOKEN_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        chars = _ALPHABET[digit] + chars
    return chars


def token_in(asked: str) -> str | None:
    """The token of a request for *asked*, decoded and without the base; None: it can be none of ours.

    Some phones take what stands right behind a link, such as a picture, for a part of it.

    >>> token_in("0123456789A"), token_in("0123456789A👈"), token_in("0123456789AB")
    ('0123456789A', '0123456789A', None)
    """
    token, behind = asked[:TOKEN_LENGTH], asked[TOKEN_LENGTH : TOKEN_LENGTH + 1]
    ours = len(token) == TOKEN_LENGTH and set(token) <= set(_ALPHABET)
    return token if ours and behind not in set(_ALPHABET) else None


def base_fault(base: str) -> str | None:
    """Why short links cannot begin with *base*; None: they can.

    https, since phones warn of anything else; a name, since carriers filter addresses of numbers; no port and no more
    than some letters, since each of them is in every text.

    >>> base_fault("https://go.acme.com/l"), base_fault("http://go.acme.com")
    (None, 'The address of short links must begin with https://, such as https://go.acme.com/l.')
    """
    if not base.startswith("https://"):
        return "The address of short links must begin with https://, such as https://go.acme.com/l."
    if len(base) > MAX_BASE:
        return f"The address of short links can have at most {MAX_BASE} characters: it is in every text."
    host, slash, path = base.removeprefix("https://").partition("/")
    if not _BASE_HOST.fullmatch(host):
        return "The address of short links needs the plain name of a site, such as go.acme.com, and nothing beside it."
    if path.partition("/")[0] in OURS:
        return f"Addresses with /{path.partition('/')[0]} are this server's own: take another path, such as /l."
    if slash and not _BASE_PATH.fullmatch(path):
        return "Behind the name there can be letters, digits, - and _ between slashes, none of them at the end."
    return None


def short_link(base: str, token: str) -> str:
    """What stands in the text; *base* is such as ``https://go.acme.com/l``."""
    return f"{base}/{token}"


def stand_in(base: str) -> str:
    """A short link that leads nowhere and is as long as any: for counting segments before tokens are drawn."""
    return short_link(base, _ALPHABET[0] * TOKEN_LENGTH)
