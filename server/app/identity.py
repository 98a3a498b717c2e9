"""Who opens a socket: the login behind its cookie, whose page must be one of ours, or whoever has a ticket."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from server.config import Config
from server.http.call import cookie_name, token_hash
from server.ports import Clock, People
from server.ports.tokens import Tokens
from server.ws.handshake import Upgrade
from server.ws.sockets import Login


class SocketIdentity:
    """Logins end by the real clock, also where the wall is a simulation's."""

    def __init__(self, config: Config, people: People, tokens: Tokens, clock: Clock) -> None:
        self._config, self._people, self._tokens, self._clock = config, people, tokens, clock

    async def authenticate(self, upgrade: Upgrade) -> Login | None:
        """Whoever brings a ticket is known by that alone. Raises StoreUnavailable."""
        ticket = _ticket(upgrade)
        if ticket is not None:
            redeemed = await self._tokens.redeem(token_hash(ticket), self._clock.real())
            return None if redeemed is None else Login(redeemed[0].member, redeemed[1], redeemed[0].scopes)
        token = _cookie(upgrade, cookie_name(self._config))
        if token is None:
            return None
        hashed = token_hash(token)
        found = await self._people.session(hashed, self._clock.real())
        return None if found is None else Login(found[0], hashed)

    def origin_allowed(self, upgrade: Upgrade) -> bool:
        if _ticket(upgrade) is not None:  # a page of another site has none, and its visitor's cookie is not looked at
            return True
        return self._config.allows_origin(_text(upgrade.header(b"origin")), _text(upgrade.header(b"host")))


def _ticket(upgrade: Upgrade) -> str | None:
    query = parse_qs(upgrade.target.partition(b"?")[2].decode("latin-1"), keep_blank_values=True, max_num_fields=8)
    return query.get("ticket", [None])[0]


def _cookie(upgrade: Upgrade, name: str) -> str | None:
    try:
        jar = SimpleCookie(_text(upgrade.header(b"cookie")) or "")
    except CookieError:
        return None
    return jar[name].value if name in jar else None


def _text(field: bytes | None) -> str | None:
    return None if field is None else field.decode("latin-1")
