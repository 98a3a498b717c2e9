"""To which campaign a reply, a STOP or a click is credited."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.credit import WITHIN, CampaignText, Credit, Happening, Kind, credit, kind_of, recount
from server.domain.optout import Heard, classify

NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def text(campaign_id: int, days_ago: float, *, bulk: bool = False) -> CampaignText:
    return CampaignText(campaign_id, campaign_id * 10, NOON - days_ago * DAY, bulk)


@pytest.mark.parametrize(
    ("texts", "campaign_id"),
    [
        pytest.param([], None, id="nobody wrote to them"),
        pytest.param([text(1, 1)], 1, id="the day after"),
        pytest.param([text(1, 7)], 1, id="seven days after, to the moment"),
        pytest.param([text(1, 7.00001)], None, id="a moment later"),
        pytest.param([text(1, 0)], 1, id="at the very moment"),
        pytest.param([text(1, -0.001)], None, id="before it left"),
        pytest.param([text(1, 3), text(2, 1), text(3, 2)], 2, id="the latest of several"),
        pytest.param([text(1, 3), text(2, -1)], 1, id="the latest before"),
        pytest.param([text(1, 1), text(2, 1)], 2, id="of two at once the later campaign"),
        pytest.param([text(1, 1, bulk=True)], None, id="a bulk text is none"),
        pytest.param([text(1, 2), text(2, 1, bulk=True)], 1, id="and takes no credit away"),
    ],
)
def test_a_reply_is_credited_to_the_latest_campaign(texts: Sequence[CampaignText], campaign_id: int | None) -> None:
    given_ = credit(Happening(Kind.REPLIED, NOON), texts)
    assert (given_ and given_.campaign_id) == campaign_id
    assert given_ is None or given_ == Credit(given_.campaign_id, given_.campaign_id * 10, Kind.REPLIED)


def test_how_long_is_the_workspaces_setting() -> None:
    reply = Happening(Kind.REPLIED, NOON)
    assert credit(reply, [text(1, 10)], 14 * DAY) is not None
    assert credit(reply, [text(1, 2)], DAY) is None


def test_a_click_is_its_links_campaigns_even_where_another_one_wrote_since() -> None:
    texts = [text(1, 3), text(2, 1)]
    assert credit(Happening(Kind.CLICKED, NOON, link_of=1), texts) == Credit(1, 10, Kind.CLICKED)
    assert credit(Happening(Kind.CLICKED, NOON, link_of=3), texts) is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param("STOP", Kind.OPTED_OUT, id="a keyword"),
        pytest.param("please stop texting me", Kind.OPTED_OUT, id="in words"),
        pytest.param("Yes, tell me more", Kind.REPLIED, id="an answer"),
        pytest.param("Can you stop by at 5?", Kind.REPLIED, id="an ordinary sentence"),
        pytest.param("HELP", Kind.REPLIED, id="a question"),
        pytest.param("wrong number", Kind.REPLIED, id="a person is to decide"),
        pytest.param("YES", Kind.REPLIED, id="what people answer"),
        pytest.param("START", None, id="who lets texts come again"),
    ],
)
def test_a_stop_counts_as_opted_out_and_not_as_replied(body: str, kind: Kind | None) -> None:
    assert kind_of(classify(body)) is kind


def test_everything_that_can_be_heard_but_a_start_counts_as_something() -> None:
    assert [heard for heard in Heard if kind_of(heard) is None] == [Heard.START]
    assert {heard for heard in Heard if kind_of(heard) is Kind.OPTED_OUT} == {Heard.STOP, Heard.STOP_IN_WORDS}


def test_each_recipient_counts_once_per_kind() -> None:
    replies = [Happening(Kind.REPLIED, NOON + n * SECOND) for n in range(5)]
    stop = Happening(Kind.OPTED_OUT, NOON + DAY)
    assert recount([*replies, stop, stop], [text(1, 1)]) == {Credit(1, 10, Kind.REPLIED), Credit(1, 10, Kind.OPTED_OUT)}


HAPPENINGS = st.lists(
    st.builds(
        Happening, st.sampled_from(Kind), st.integers(-20, 20).map(lambda days: NOON + days * DAY),
        st.one_of(st.none(), st.integers(1, 4)),
    ),
    max_size=12,
)  # fmt: skip
TEXTS = st.lists(st.builds(text, st.integers(1, 4), st.integers(-20, 20), bulk=st.booleans()), max_size=8)


@settings(deadline=None)
@given(HAPPENINGS, TEXTS, st.randoms(use_true_random=False))
def test_figures_depend_neither_on_the_order_nor_on_repeats(
    happenings: list[Happening], texts: list[CampaignText], random: Random
) -> None:
    credits_ = recount(happenings, texts)
    shuffled, among = [*happenings, *happenings], [*texts]
    random.shuffle(shuffled)
    random.shuffle(among)
    assert recount(shuffled, among) == credits_
    assert len(credits_) <= len(happenings)


@settings(deadline=None)
@given(HAPPENINGS, TEXTS)
def test_only_a_campaigns_text_of_the_last_days_gets_credit(
    happenings: list[Happening], texts: list[CampaignText]
) -> None:
    for one in happenings:
        given_ = credit(one, texts)
        fit = [t for t in texts if not t.bulk and t.left_at <= one.at <= t.left_at + WITHIN]
        fit = [t for t in fit if one.link_of is None or one.link_of == t.campaign_id]
        assert (given_ is None) == (not fit)
        if given_ is not None:
            assert max(t.left_at for t in fit) == max(t.left_at for t in fit if t.campaign_id == given_.campaign_id)
