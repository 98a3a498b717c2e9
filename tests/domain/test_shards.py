"""Which server is wanted for what: all agree, and little changes hands."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest

from server.domain.shards import SHARDS, wanted, wanted_by


@pytest.mark.parametrize(
    ("living", "shards"),
    [
        pytest.param(set(), 0, id="nobody lives"),
        pytest.param({1}, 1, id="alone"),
        pytest.param({1, 2}, 2, id="two"),
        pytest.param({7, 8, 9}, 3, id="three of higher generations"),
    ],
)
def test_each_shard_is_wanted_by_one_of_those_who_live(living: set[int], shards: int) -> None:
    owners = {wanted(shard, living) for shard in SHARDS}
    assert owners <= living | {None}
    assert len(owners - {None}) == shards
    assert sum(len(wanted_by(gen, living)) for gen in living) == (len(SHARDS) if living else 0)


def test_all_who_see_the_same_servers_agree_in_whatever_order_they_see_them() -> None:
    for order in permutations([3, 1, 2]):
        assert [wanted(shard, order) for shard in SHARDS] == [wanted(shard, {1, 2, 3}) for shard in SHARDS]


@pytest.mark.parametrize("leaver", range(1, 6))
def test_only_what_a_server_had_changes_hands_when_it_goes(leaver: int) -> None:
    living = set(range(1, 6))
    before = {shard: wanted(shard, living) for shard in SHARDS}
    after = {shard: wanted(shard, living - {leaver}) for shard in SHARDS}
    assert all(after[shard] == before[shard] for shard in SHARDS if before[shard] != leaver)
    assert leaver not in after.values()


def test_over_many_generations_each_of_two_gets_its_share() -> None:
    had = Counter(wanted(shard, {gen, gen + 1}) == gen for gen in range(1, 1000) for shard in SHARDS)
    assert 0.45 < had[True] / had.total() < 0.55
