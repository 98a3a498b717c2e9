"""Opens the ports that the door listens on, with the options that every accepted socket inherits."""

from __future__ import annotations

import resource
import socket
from typing import Final

FDS_FOR_OTHERS: Final = 256  # files, the database, carriers


def open_listeners(host: str, port: int, *, write_timeout_s: float = 30.0) -> list[socket.socket]:
    """Bound, listening, non-blocking sockets for every address of *host*. Raises OSError (a taken port).

    Accepted sockets inherit the options: no Nagle, a small send buffer (a client that does not read costs little), and
    an end for data that is never acknowledged.
    """
    listeners = []
    for family, kind, proto, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        listener = socket.socket(family, kind, proto)
        listeners.append(listener)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(write_timeout_s * 1000))
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            listener.listen(1024)
            listener.setblocking(False)
        except OSError:
            for opened in listeners:
                opened.close()
            raise
    return listeners


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
