"""The words for people about consent."""

import pytest

from server.domain.consent import ConsentKind
from server.domain.consent_words import KIND_WORDS, Stand, sentence, stand


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({}, Stand.NONE),
        ({"consented": True}, Stand.CONSENTED),
        ({"consented": True, "held": True}, Stand.HELD),
        ({"opted_out": True}, Stand.OPTED_OUT),
        ({"opted_out": True, "carrier_blocked": True}, Stand.CARRIER_BLOCKED),
    ],
)
def test_the_gravest_counts(what: dict[str, bool], expected: Stand) -> None:
    nothing = {"opted_out": False, "carrier_blocked": False, "held": False, "consented": False}
    assert stand(**(nothing | what)) is expected


def test_whether_an_opt_in_is_required_matters_where_none_is_on_record_only() -> None:
    differ = {one for one in Stand if sentence(one, opt_in_required=True) != sentence(one, opt_in_required=False)}
    assert differ == {Stand.NONE}


def test_every_kind_has_words() -> None:
    assert set(KIND_WORDS) == set(ConsentKind)
