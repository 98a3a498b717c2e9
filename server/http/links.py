"""Short links: anybody who has one is sent on to what is stored for it, and to nothing else.

A link works under every name and path that leads here, whatever its workspace's base is by now: texts stay on phones
for years. Whether a visit is kept, and what is thought of it, is nothing that the visitor waits for.
"""

from __future__ import annotations

from collections import OrderedDict
from html import escape
from typing import Final

import trio
from quart import Response, request
from werkzeug.routing import BaseConverter

from server.domain.campaigns.clicks import READ, Hit
from server.domain.campaigns.links import token_in
from server.http.call import Call
from server.http.rules import PUBLIC, Routes
from server.http.throttle import Throttle, throttle_key
from server.ports import StoreUnavailable
from server.ports.links import Links, Visited

KNOWN: Final = 4_096  # targets, of at most 2 KB each
LOOKUP_S: Final = 5.0
_LONGEST: Final = 200  # characters of a header
_NOT_FOUND: Final = "This link leads nowhere. Look whether all of it was copied, or ask whoever sent it."
_AWAY: Final = "This link cannot be looked up at the moment. Try again in a minute."
_OFTEN: Final = "Too many links were asked for from here. Try again in a moment."


class ShortLink(BaseConverter):
    """A path that ends like a short link does. Phones add what stands behind it, see `links.token_in`."""

    regex = r"(?!api/)(?:[^/]{1,64}/){0,8}[0-9A-Za-z]{11}(?:[^0-9A-Za-z/][^/]*)?"
    part_isolating = False
    weight = 1_000  # whatever is declared by name comes first


class Targets:
    """Where links lead, which never changes: those that were followed last are known while the database is away."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, str] = OrderedDict()

    async def of(self, token: str, links: Links) -> str | None:
        """Raises StoreUnavailable."""
        found = self._known.get(token) or await _looked_up(token, links)
        if found is not None:
            self._known[token] = found
            self._known.move_to_end(token)
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return found


async def _looked_up(token: str, links: Links) -> str | None:
    with trio.move_on_after(LOOKUP_S):
        return await links.target(token)
    raise StoreUnavailable("The database did not answer in time.")


def link_routes(by_address: Throttle, by_link: Throttle) -> Routes:
    """`by_address`: tries of links that are none; thousands of phones may share an address of their carrier, and
    whoever has a link is sent on. `by_link`: visits of one link from one address that are kept.
    """
    routes = Routes("links", described=False)
    targets = Targets()

    @routes.get("/<short_link:asked>", PUBLIC)
    async def follow(call: Call, asked: str) -> Response:
        """Where a short link leads."""
        address = throttle_key(str(call.address))
        wait_s = by_address.take(address)
        if wait_s is not None:
            return _page(429, _OFTEN, wait_s)
        token = token_in(asked.rpartition("/")[2])
        try:
            url = None if token is None else await targets.of(token, call.deps.links)
        except StoreUnavailable:
            return _page(503, _AWAY, 60)
        if token is None or url is None:
            return _page(404, _NOT_FOUND)
        by_address.give_back(address)
        if by_link.take(f"{request.method} {token} {address}") is None:
            call.deps.visited(_visited(call, token))
        return _sent_on(url)

    return routes


def _visited(call: Call, token: str) -> Visited:
    headers = {name: request.headers.get(name, "")[:_LONGEST] for name in READ}
    return Visited(token, call.agent, Hit(request.method, headers, call.deps.clock.wall(), None))


def _sent_on(url: str) -> Response:
    response = Response(b"", 302)
    response.headers["Location"] = url
    response.headers["Cache-Control"] = "no-store"  # else the second visit of a person is not seen
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _page(status: int, sentence: str, wait_s: int | None = None) -> Response:
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Link</title><p>{escape(sentence)}</p></html>\n"
    )
    response = Response(page, status, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    if wait_s is not None:
        response.headers["Retry-After"] = str(wait_s)
    return response
