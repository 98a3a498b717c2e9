"""Who may do what not everybody may."""

import pytest

from server.domain.roles import LOWEST, RANKS, Deed, may

NOBODY, MANAGERS, OWNERS = {"guest", ""}, {"manager", "owner"}, {"owner"}
ALLOWED = {
    Deed.CHANGE_OTHERS_TEMPLATES: MANAGERS,
    Deed.CHANGE_FIELDS: MANAGERS,
    Deed.CHANGE_CONSENT_RULE: MANAGERS,
    Deed.HAND_OVER_SENDING: OWNERS,
}


@pytest.mark.parametrize("role", [*RANKS, *NOBODY])
@pytest.mark.parametrize("deed", list(Deed))
def test_the_table_of_roles(role: str, deed: Deed) -> None:
    assert may(role, deed) == (role in ALLOWED[deed])


def test_every_deed_has_its_lowest_role() -> None:
    assert LOWEST.keys() == set(Deed)
