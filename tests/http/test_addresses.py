"""Only a trusted proxy's word counts, and only about the hop before it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from server.http.addresses import client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        pytest.param("198.51.100.7", [], "198.51.100.7", id="a direct visitor"),
        pytest.param("198.51.100.7", ["203.0.113.9"], "198.51.100.7", id="a direct visitor who lies"),
        pytest.param("10.0.0.2", ["203.0.113.9"], "203.0.113.9", id="through a proxy"),
        pytest.param("10.0.0.2", ["8.8.8.8, 203.0.113.9"], "203.0.113.9", id="a liar through a proxy"),
        pytest.param("127.0.0.1", ["203.0.113.9, 10.0.0.3"], "203.0.113.9", id="through two proxies"),
        pytest.param("127.0.0.1", ["203.0.113.9", "10.0.0.3"], "203.0.113.9", id="the header twice"),
        pytest.param("10.0.0.2", [], "10.0.0.2", id="a proxy that says nothing"),
        pytest.param("10.0.0.2", ["unknown"], "10.0.0.2", id="a proxy that says nonsense"),
        pytest.param("10.0.0.2", ["10.0.0.9"], "10.0.0.9", id="from inside"),
        pytest.param("::ffff:10.0.0.2", ["203.0.113.9"], "203.0.113.9", id="an IPv4 proxy on a dual-stack listener"),
    ],
)
def test_who_asks(peer: str, forwarded: list[str], client: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == ip_address(client)


def test_a_unix_socket_has_no_address() -> None:
    assert client_address("<local>", ["203.0.113.9"], PROXIES) is None
