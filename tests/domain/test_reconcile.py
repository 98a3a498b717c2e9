"""A listed message is bound to an unanswered attempt only where that cannot be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.domain.carrier import Capabilities, ListedMessage
from server.domain.reconcile import Step, Unanswered, asks_list, bind, step

T0 = datetime(2026, 3, 10, 15, 0, 0, 400_000, tzinfo=UTC)
US, LEAD = "+12025550100", "+13125550123"


def attempt(n: int, *, body: str = "See you at 3", after_s: float = 0.0) -> Unanswered:
    return Unanswered(UUID(int=n), US, LEAD, body, T0 + timedelta(seconds=after_s))


def listed(
    sid: str, *, body: str = "See you at 3", after_s: float = 1.0, to: str = LEAD, direction: str = "out"
) -> ListedMessage:
    return ListedMessage(
        provider_id=sid, from_=US, to=to, body=body, direction=direction,  # type: ignore[arg-type]  # a table of cases
        status="sent", created_at=T0 + timedelta(seconds=after_s), error_code=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("unanswered", "shown", "expected"),
    [
        pytest.param([attempt(1)], [listed("SM1")], {1: "SM1"}, id="the one message is the one attempt"),
        pytest.param([attempt(1)], [], {}, id="absence proves nothing"),
        pytest.param([attempt(1), attempt(2)], [listed("SM1")], {}, id="fewer candidates than unknowns bind none"),
        pytest.param(
            [attempt(1), attempt(2)], [listed("SM1"), listed("SM2")], {1: "SM1", 2: "SM2"}, id="as many as unknowns"
        ),
        pytest.param([attempt(1)], [listed("SM1", body="See you at 4")], {}, id="another body"),
        pytest.param([attempt(1)], [listed("SM1", to="+13125550199")], {}, id="another recipient"),
        pytest.param([attempt(1)], [listed("SM1", direction="in")], {}, id="an inbound text"),
        pytest.param([attempt(1)], [listed("SM1", after_s=-4.4)], {1: "SM1"}, id="clocks may differ by five seconds"),
        pytest.param([attempt(1)], [listed("SM1", after_s=-6.0)], {}, id="created before the attempt"),
        pytest.param(
            [attempt(1, body="It’s “open”")], [listed("SM1", body='It\'s "open"')], {1: "SM1"},
            id="compared after smart encoding",
        ),
        pytest.param(
            [attempt(1), attempt(2, after_s=60)], [listed("SM1"), listed("SM2", after_s=2)], {},
            id="two candidates, but the later attempt can be neither",
        ),
        pytest.param(
            [attempt(1), attempt(2, after_s=60)], [listed("SM1"), listed("SM2", after_s=61)], {1: "SM1", 2: "SM2"},
            id="order tells equal texts apart",
        ),
    ],
)  # fmt: skip
def test_bind(unanswered: list[Unanswered], shown: list[ListedMessage], expected: dict[int, str]) -> None:
    plain = str.maketrans("’“”", '\'""')
    found = bind(unanswered, shown, lambda body: body.translate(plain))
    assert {a.int: m.provider_id for a, m in found.items()} == expected


def offers(*, key: bool = False, list_: bool = False, callback: bool = True) -> Capabilities:
    return Capabilities(idempotency_key=key, callback_token=callback, list_query=list_)


@pytest.mark.parametrize(
    ("capabilities", "asks", "steps"),
    [
        pytest.param(offers(list_=True), True, [Step.NEXT, Step.NEXT, Step.NEXT, Step.GIVE_UP], id="a list"),
        pytest.param(offers(key=True), False, [Step.RESEND] * 3 + [Step.GIVE_UP], id="a key"),
        pytest.param(offers(key=True, list_=True), False, [Step.RESEND] * 3 + [Step.GIVE_UP], id="a key before a list"),
        pytest.param(offers(), False, [Step.LAST] + [Step.GIVE_UP] * 3, id="callbacks only"),
        pytest.param(offers(callback=False), False, [Step.LAST] + [Step.GIVE_UP] * 3, id="nothing"),
    ],
)
def test_the_ladder_is_told_by_what_the_carrier_offers(
    capabilities: Capabilities, asks: bool, steps: list[Step]
) -> None:
    assert asks_list(capabilities) is asks
    assert [step(capabilities, rung, 4) for rung in range(4)] == steps


@pytest.mark.parametrize("capabilities", [offers(list_=True), offers(key=True), offers()])
def test_a_ladder_of_one_rung_gives_up_at_once(capabilities: Capabilities) -> None:
    assert step(capabilities, 0, 1) is Step.GIVE_UP
