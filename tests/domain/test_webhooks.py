"""When a webhook is tried again, where it may go, and how it is signed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from server.config import Config
from server.domain.messages import (
    Activity,
    Announcement,
    CampaignMoved,
    ConsentFlipped,
    Message,
    OutboxGrew,
    ReadMark,
    ReadMoved,
    RowsChanged,
    StatusChange,
    ThreadChanged,
)
from server.domain.webhooks import (
    RETRIES_S,
    Again,
    Delivered,
    GivenUp,
    Gone,
    may_be_told,
    may_reach,
    new_secret,
    signatures,
    url_fault,
    verdict,
)

AT = datetime(2026, 3, 10, 16, tzinfo=UTC)
OUT = Message(thread_id=1, seq=2, direction="out", body="Hi", state="queued", at=AT)
IN = Message(thread_id=1, seq=1, direction="in", body="Hi", state="received", at=AT, in_ord=1)
SENT = StatusChange(thread_id=1, seq=3, ref=2, state="sent", at=AT)
ASSIGNED = Activity(thread_id=1, seq=4, what="assigned", at=AT, by=1, to=2)
GREW = OutboxGrew(frozenset({1}))


@pytest.mark.parametrize(
    ("told", "may_be"),
    [
        pytest.param([ThreadChanged(1, 1, (OUT,)), GREW], False, id="a text was queued"),
        pytest.param([GREW], False, id="a text was queued where nobody looks"),
        pytest.param([ReadMoved(1, ReadMark(1, 1, 1, 1))], False, id="somebody read"),
        pytest.param([ThreadChanged(1, 1, (IN,))], True, id="a text came in"),
        pytest.param([ThreadChanged(1, 1, (OUT, SENT))], True, id="a text was sent"),
        pytest.param([ThreadChanged(1, 1, (ASSIGNED,))], True, id="a thread was assigned"),
        pytest.param([GREW, ConsentFlipped(1, 7, True, 1)], True, id="somebody opted out"),
        pytest.param([], True, id="nothing is known"),
        pytest.param([CampaignMoved(1, 1)], True, id="a campaign moved"),
        pytest.param([RowsChanged(1, (1,))], True, id="a contact was changed, perhaps with what happened to it"),
    ],
)
def test_what_may_have_left_something_for_other_programs(told: list[Announcement], may_be: bool) -> None:
    assert may_be_told(told) is may_be


def test_nine_tries_follow_the_first_each_later_than_asked_by_a_tenth_at_most() -> None:
    for tries, pause_s in enumerate(RETRIES_S, 1):
        assert verdict(500, tries, None, 0.0) == Again(pause_s)
        late = verdict(None, tries, None, 1.0)
        assert isinstance(late, Again)
        assert late.in_s == pytest.approx(pause_s * 1.1)
    assert verdict(500, len(RETRIES_S) + 1, None, 0.0) == GivenUp()


def test_the_pauses_are_the_settings_unless_somebody_sets_others() -> None:
    assert Config.model_fields["hook_retries_s"].default == RETRIES_S


@given(st.integers(100, 599), st.integers(1, 12), st.none() | st.floats(0, 1e9), st.floats(0, 1))
def test_only_2xx_succeeds_and_nothing_waits_longer_than_a_day_and_its_jitter(
    status: int, tries: int, retry_after_s: float | None, jitter: float
) -> None:
    told = verdict(status, tries, retry_after_s, jitter)
    assert isinstance(told, Delivered) == (200 <= status < 300)
    assert isinstance(told, Gone) == (status == 410)
    if isinstance(told, Again):
        assert min(RETRIES_S) <= told.in_s <= 86_400 * 1.1


@given(st.text(max_size=200))
def test_the_packages_own_check_agrees_with_our_signatures(words: str) -> None:
    old, new, at = new_secret(), new_secret(), int(datetime.now(UTC).timestamp())
    body = json.dumps(words).encode()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": signatures([new, old], "msg_1", at, body),
    }
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) == words


@pytest.mark.parametrize(
    ("ip", "real", "simulated"),
    [
        pytest.param("93.184.215.14", True, True, id="public"),
        pytest.param("2606:4700::1111", True, True, id="public, of the new world"),
        pytest.param("127.0.0.1", False, True, id="this machine"),
        pytest.param("::1", False, True, id="this machine, of the new world"),
        pytest.param("::ffff:127.0.0.1", False, True, id="this machine, mapped"),
        pytest.param("10.1.2.3", False, False, id="private"),
        pytest.param("192.168.0.1", False, False, id="home"),
        pytest.param("172.16.0.1", False, False, id="private, too"),
        pytest.param("169.254.169.254", False, False, id="a cloud's own data"),
        pytest.param("100.64.0.1", False, False, id="a carrier's own"),
        pytest.param("0.0.0.0", False, False, id="no address"),  # noqa: S104 - nothing is bound to it
        pytest.param("224.0.0.1", False, False, id="many at once"),
        pytest.param("255.255.255.255", False, False, id="all at once"),
        pytest.param("fd00::1", False, False, id="private, of the new world"),
        pytest.param("fe80::1", False, False, id="of the link"),
        pytest.param("::ffff:10.0.0.1", False, False, id="private, mapped"),
        pytest.param("64:ff9b::a00:1", False, False, id="private, translated"),
        pytest.param("2002:a00:1::", False, False, id="private, by 6to4"),
    ],
)
def test_where_a_webhook_may_go(ip: str, real: bool, simulated: bool) -> None:
    told = [may_reach(ip_address(ip), simulated=workspace) for workspace in (False, True)]
    assert told == [real, simulated]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        pytest.param("https://x.example/hook", None, id="as it should be"),
        pytest.param("http://x.example/hook", "https", id="in the clear"),
        pytest.param("https://u:p@x.example/", "passwords", id="with a password"),
        pytest.param("https://x.example/#a", "#", id="with a fragment"),
        pytest.param("https://192.168.1.1/", "private", id="into a home"),
        pytest.param("https://x.example:0/", "not an address", id="port 0"),
        pytest.param("https://x.example:99999/", "not an address", id="no port"),
        pytest.param("https://x.example/ a", "not an address", id="a space"),
        pytest.param("file:///etc/passwd", "not an address", id="a file"),
    ],
)
def test_which_addresses_are_taken(url: str, fault: str | None) -> None:
    told = url_fault(url, simulated=False)
    assert told is None if fault is None else fault in str(told)
