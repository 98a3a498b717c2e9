"""Who opens a socket: the login behind its cookie, and whether its page is one of ours."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from server.config import Config
from server.http.call import cookie_name, token_hash
from server.ports import Clock, People
from server.ws.handshake import Upgrade
from server.ws.sockets import Login


class SocketIdentity:
    """Logins end by the real clock, also where the wall is a simulation's."""

    def __init__(self, config: Config, people: People, clock: Clock) -> None:
        self._config, self._people, self._clock = config, people, clock

    async def authenticate(self, upgrade: Upgrade) -> Login | None:
        """Raises StoreUnavailable."""
        token = _cookie(upgrade, cookie_name(self._config))
        if token is None:
            return None
        hashed = token_hash(token)
        found = await self._people.session(hashed, self._clock.real())
        return None if found is None else Login(found[0], hashed)

    def origin_allowed(self, upgrade: Upgrade) -> bool:
        return self._config.allows_origin(_text(upgrade.header(b"origin")), _text(upgrade.header(b"host")))


def _cookie(upgrade: Upgrade, name: str) -> str | None:
    try:
        jar = SimpleCookie(_text(upgrade.header(b"cookie")) or "")
    except CookieError:
        return None
    return jar[name].value if name in jar else None


def _text(field: bytes | None) -> str | None:
    return None if field is None else field.decode("latin-1")
