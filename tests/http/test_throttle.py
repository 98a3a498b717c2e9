"""Tries come back with time, and memory stays bounded."""

from __future__ import annotations

import pytest

from server.http.throttle import Throttle, throttle_key
from tests.http.house import FakeClock


def test_tries_come_back_one_by_one() -> None:
    clock = FakeClock()
    throttle = Throttle(clock, burst=3, every_s=10.0)
    assert [throttle.take("a") for _ in range(4)] == [None, None, None, 10]
    clock.time += 9.5
    assert throttle.take("a") == 1
    clock.time += 0.5
    assert [throttle.take("a"), throttle.take("a")] == [None, 10]
    assert throttle.take("b") is None, "each key has its own tries"


def test_a_try_given_back_can_be_used_again() -> None:
    throttle = Throttle(FakeClock(), burst=1, every_s=10.0)
    assert throttle.take("a") is None
    throttle.give_back("a")
    assert throttle.take("a") is None
    assert throttle.take("a") is not None


def test_a_flood_of_keys_does_not_fill_the_memory() -> None:
    throttle = Throttle(FakeClock(), burst=1, every_s=10.0)
    for n in range(20_500):
        throttle.take(str(n))
    assert throttle.take("20499") is not None, "the newest are remembered"
    assert throttle.take("0") is None, "the oldest are not"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        pytest.param("198.51.100.7", "198.51.100.7", id="IPv4 whole"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6 by its household"),
        pytest.param("None", "None", id="no address at all"),
    ],
)
def test_the_key_of_an_address(address: str, key: str) -> None:
    assert throttle_key(address) == key
