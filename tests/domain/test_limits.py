"""Which allowance a text is charged to, and whether it counts towards its brand's day."""

import pytest

from server.domain.limits import Allowance, counts_toward_cap, rate_for

FAST, SLOW, PAUSED = Allowance(75.0, 5), Allowance(4.0, 2), Allowance(0.0, 1)


@pytest.mark.parametrize(
    ("allowances", "to", "expected"),
    [
        pytest.param({"att": FAST, "tmobile": SLOW}, "att", "att", id="its own"),
        pytest.param({"att": FAST, "other": SLOW}, "verizon", "other", id="that of all others"),
        pytest.param({"att": FAST, "other": SLOW}, "att", "att", id="its own before that of all others"),
        pytest.param({"att": FAST}, "verizon", None, id="none for this carrier"),
        pytest.param({"att": FAST, "tmobile": SLOW}, "", "tmobile", id="unknown: the slowest"),
        pytest.param({"att": FAST, "tmobile": PAUSED}, "", "tmobile", id="unknown: a paused one could apply"),
        pytest.param({"att": SLOW, "tmobile": Allowance(4.0, 1)}, "", "tmobile", id="as slow, with the smaller burst"),
        pytest.param({}, "", None, id="none at all"),
        pytest.param({}, "att", None, id="none at all for a known one"),
    ],
)
def test_the_allowance_that_a_text_is_charged_to(
    allowances: dict[str, Allowance], to: str, expected: str | None
) -> None:
    assert rate_for(allowances, to) == expected


@pytest.mark.parametrize(
    ("carriers", "to", "counts"),
    [
        pytest.param({"tmobile", "unknown"}, "tmobile", True, id="T-Mobile"),
        pytest.param({"tmobile", "unknown"}, "", True, id="nobody knows"),
        pytest.param({"tmobile", "unknown"}, "att", False, id="another carrier"),
        pytest.param({"tmobile"}, "", False, id="nobody knows, and the brand takes the risk"),
    ],
)
def test_what_counts_towards_a_brands_day(carriers: set[str], to: str, counts: bool) -> None:
    assert counts_toward_cap(carriers, to) is counts
