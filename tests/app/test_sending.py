"""The pace of sending as a workspace sees it: its own numbers, limits and brands, and who sends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from server.app.sending import sending_out
from server.domain.limits import Allowance
from server.ports import BrandDay, CampaignPace, DueRow, LimitBook, LivingNode, Number, Registration
from server.rate.pacer import Pacer

NOW = datetime(2026, 3, 10, 16, tzinfo=UTC)
NODES = [LivingNode(3, "one", 100, NOW, holds=True), LivingNode(4, "two", 200, NOW, holds=False)]
BOOK = LimitBook(
    numbers=[
        Number(1, 1, 1, "+16175550100", 10.0, 1, 5),
        Number(2, 2, 2, "+14045550100", 10.0, 1, 6),
    ],
    accounts={1: Allowance(50.0, 5), 2: Allowance(50.0, 5)},
    registrations={
        5: Registration("CMP5", 8, {"att": Allowance(2.0, 1)}),
        6: Registration("CMP6", 9, {"att": Allowance(2.0, 1)}),
    },
    campaigns={7: CampaignPace(4.0, "Spring", 1), 8: CampaignPace(4.0, "Theirs", 2)},
    brands={
        8: BrandDay("Harbor & Pine", 2000, frozenset({"att"}), used=400),
        9: BrandDay("Other Side", 2000, frozenset({"att"})),
    },
    day=date(2026, 3, 10),
)


def pacer() -> Pacer:
    made = Pacer(epoch=12)
    made.configure(BOOK, 0.0, 3600.0)
    made.offer([DueRow(n, 1, 2, 2, 7, "att") for n in range(5)], 0.0)
    for day in made.wants(0.0):
        made.credit(day, 100, 0.0, spent=False)
    return made


def test_a_workspace_sees_its_own_limits_and_no_others() -> None:
    told = sending_out(pacer().stats(0.0), BOOK, 1, NODES, own_gen=3)
    assert (told["holds"], told["epoch"]) == (True, 12)
    assert [one["number"] for one in told["numbers"]] == ["+16175550100"]
    assert [(one["kind"], one["name"], one["carrier"]) for one in told["limits"]] == [
        ("account", "Carrier account", ""),
        ("campaign", "Spring", ""),
        ("number", "+16175550100", ""),
        ("registration", "CMP5", "att"),
    ]
    assert [one["brand"] for one in told["days"]] == ["Harbor & Pine"]


def test_it_tells_what_holds_up_whom_and_for_how_long() -> None:
    told = sending_out(pacer().stats(0.0), BOOK, 1, NODES, own_gen=3)
    (number,) = told["numbers"]
    assert (number["queued"], number["segments"], number["next_in_s"]) == ([0, 0, 5], 10, 1.0)
    assert number["eta_s"] == 1.0 + 10 / 2.0
    assert {one["kind"]: one["held_up"] for one in told["limits"]} == {
        "account": 0, "campaign": 0, "number": 0, "registration": 5,
    }  # fmt: skip
    (day,) = told["days"]
    assert (day["cap"], day["used"], day["left"], day["spent"], day["resets_in_s"]) == (2000, 400, 1600, False, 3600.0)


def test_what_does_not_fit_into_the_day_is_done_after_it() -> None:
    made = pacer()
    made.configure(replace(BOOK, brands={8: BrandDay("Harbor & Pine", 405, frozenset({"att"}), used=500)}), 0.0, 3600.0)
    made.shelf.days[8].spend()
    (number,) = sending_out(made.stats(0.0), BOOK, 1, NODES, own_gen=3)["numbers"]
    assert number["eta_s"] == 3600.0
    assert number["next_in_s"] is None


def test_a_server_that_does_not_send_says_who_does() -> None:
    told = sending_out(None, BOOK, 1, NODES, own_gen=4)
    assert (told["holds"], told["numbers"], told["limits"]) == (False, [], [])
    assert [(one["gen"], one["sends"], one["here"]) for one in told["servers"]] == [(3, True, False), (4, False, True)]
