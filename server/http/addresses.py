"""Decides who a request comes from: the peer, or what a trusted proxy says about it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address


def client_address(
    peer: str, forwarded_for: Sequence[str], trusted: Sequence[IPv4Network | IPv6Network]
) -> IPv4Address | IPv6Address | None:
    """The nearest address that is not a trusted proxy; None where *peer* is none (a unix socket).

    *forwarded_for* holds the X-Forwarded-For headers in order. They are read from the right, since anything to the left
    of the nearest untrusted address was written by that client. What cannot be read as an address ends the search: the
    proxy that passed it on is then the best that is known.
    """
    nearest = _address(peer)
    hops = [hop.strip() for line in forwarded_for for hop in line.split(",")]
    while nearest is not None and hops and any(nearest in network for network in trusted):
        hop = _address(hops.pop())
        if hop is None:
            break
        nearest = hop
    return nearest


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    # a dual-stack listener sees IPv4 peers as ::ffff:…, which no IPv4 network contains
    return getattr(address, "ipv4_mapped", None) or address
