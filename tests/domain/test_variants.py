"""Which recipient gets which variant."""

from collections import Counter
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.variants import fault, variant_of

PINNED = "1000101002210111000210120221112200220020"


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        pytest.param([100], None, id="one text"),
        pytest.param([50, 50], None, id="halves"),
        pytest.param([98, 1, 1], None, id="the smallest shares"),
        pytest.param([10] * 10, None, id="as many as can be"),
        pytest.param([], "A campaign has at least one text.", id="none"),
        pytest.param([10] * 9 + [5, 5], "A campaign has at most 10 variants.", id="too many"),
        pytest.param([50, 49], "The shares add up to 99 %; they must add up to 100 %.", id="too little"),
        pytest.param([50, 51], "The shares add up to 101 %; they must add up to 100 %.", id="too much"),
        pytest.param([100, 0], "Each variant needs a share of at least 1 %.", id="one that nobody gets"),
        pytest.param([101, -1], "Each variant needs a share of at least 1 %.", id="less than nobody"),
    ],
)
def test_fault(shares: list[int], sentence: str | None) -> None:
    assert fault(shares) == sentence


def test_shares_with_a_fault_give_nobody_a_variant() -> None:
    with pytest.raises(ValueError, match="99 %"):
        variant_of(7, 1, [50, 49])


def test_the_lot_is_the_same_in_every_version_and_on_every_machine() -> None:
    """Written down when the rule was: a server that was updated goes on with the campaign that its forerunner began."""
    assert "".join(str(variant_of(7, ord_, [50, 30, 20])) for ord_ in range(1, 41)) == PINNED


@pytest.mark.parametrize(
    ("campaign_id", "shares"),
    [
        pytest.param(7, [50, 50], id="halves"),
        pytest.param(71, [10] * 10, id="tenths"),
        pytest.param(8, [90, 9, 1], id="unlike shares"),
    ],
)
def test_each_variant_gets_its_share_of_100_000(campaign_id: int, shares: list[int]) -> None:
    """Chi-square against the bound that is passed once in a million draws; the lot is fixed, so this never wavers."""
    got = Counter(variant_of(campaign_id, ord_, shares) for ord_ in range(1, 100_001))
    wanted = [share * 1_000 for share in shares]
    chi_square = sum((got[index] - want) ** 2 / want for index, want in enumerate(wanted))
    assert chi_square < {2: 23.9, 3: 27.6, 10: 45.1}[len(shares)]


def test_two_campaigns_to_the_same_list_do_not_draw_alike() -> None:
    """Else the same people would always be the ones to try the second text on."""
    both = Counter((variant_of(7, ord_, [50, 50]), variant_of(8, ord_, [50, 50])) for ord_ in range(1, 10_001))
    assert all(2_300 < count < 2_700 for count in both.values())


def test_neighbours_do_not_draw_alike() -> None:
    drawn = [variant_of(7, ord_, [50, 50]) for ord_ in range(1, 10_001)]
    changes = sum(one != other for one, other in pairwise(drawn))
    assert 4_700 < changes < 5_300


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 2**62), st.integers(1, 10**6), st.lists(st.integers(1, 99), max_size=9, unique=True))
def test_whoever_splits_a_share_moves_nobody_else(campaign_id: int, ord_: int, cuts: list[int]) -> None:
    ends = [*sorted(cuts), 100]
    shares = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    variant = variant_of(campaign_id, ord_, shares)
    assert 0 <= variant < len(shares)
    if len(shares) > 2:
        joined = [*shares[:-2], shares[-2] + shares[-1]]
        assert variant_of(campaign_id, ord_, joined) == min(variant, len(joined) - 1)
    assert list(accumulate(shares)) == ends
