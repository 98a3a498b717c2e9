"""What is pushed as plain dicts is what the protocol's models say."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pydantic import BaseModel

from server.domain.messages import (
    Activity,
    Message,
    Note,
    OfCampaign,
    ReadMark,
    StatusChange,
    Texted,
    ThreadEvent,
    ThreadRow,
)
from server.ws import encode, protocol

AT = datetime(2026, 3, 10, 15, tzinfo=UTC)
ROW = ThreadRow(
    thread_id=7, workspace_id=1, version=3, name=None, contact_id=None, address="+13125550123", number="+12025550100",
    last_seq=9, last_at=AT, preview="Hi", direction="in", in_total=4, opted_out=False, carrier_blocked=False,
    campaign=Texted(4, "Spring", AT),
)  # fmt: skip


def explain(error_class: str | None, code: str | None) -> str | None:
    return f"{error_class} {code}" if error_class else None


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(Message(7, 9, "in", "Hi 👋", "received", AT, in_ord=4, klass="inbound", keyword="STOP"), id="in"),
        pytest.param(
            Message(7, 9, "out", "Hi", "rejected", AT, author_id=2, author="Ann", cmd_id=uuid4(), error_class="invalid",
                    error_code="21211", media=("https://example.org/a.png",), resend_of=3),
            id="outbound, failed",
        ),
        pytest.param(
            Message(7, 9, "out", "Hi", "cancelled", AT, error_class="gate", error_code="campaign_changed",
                    campaign=OfCampaign(4, "campaign", "Spring", 1)),
            id="of a campaign, taken back",
        ),
        pytest.param(StatusChange(7, 10, 9, "delivered", AT), id="status"),
        pytest.param(Note(7, 11, "@Dana, call him", 2, "Priya", (1,), AT), id="note"),
        pytest.param(Activity(7, 12, "assigned", AT, by=2, by_name="Priya", to=1, to_name="Dana"), id="activity"),
        pytest.param(StatusChange(7, 10, 9, "cancelled", AT, "gate", "campaign_changed"), id="status, taken back"),
    ],
)  # fmt: skip
def test_an_event_frame_is_what_the_protocol_says(event: ThreadEvent) -> None:
    frame = protocol.Event.model_validate_json(encode.event_frame(event, "e1", explain))
    assert (frame.ch, frame.seq, frame.epoch) == ("thread:7", event.seq, "e1")
    if isinstance(event, (Note, Activity)):
        assert isinstance(frame.data, (protocol.NoteEvent, protocol.ActivityEvent))
        return
    assert isinstance(frame.data, (protocol.StatusEvent, protocol.MessageEvent))
    told = frame.data if isinstance(frame.data, protocol.StatusEvent) else frame.data.message
    assert told.taken_back == (event.state == "cancelled")
    if isinstance(event, Message):
        assert isinstance(frame.data, protocol.MessageEvent)
        assert frame.data.message.error == explain(event.error_class, event.error_code)
        assert set(encode.message_out(event, explain)) == set(protocol.MessageOut.model_fields)


@pytest.mark.parametrize(
    ("model", "raw"),
    [
        pytest.param(
            protocol.StateInboxRow, encode.state_frame("inbox", "7", 3, encode.inbox_row(ROW, explain)), id="row"
        ),
        pytest.param(
            protocol.StateRead,
            encode.state_frame("user", "read:7", 2, encode.read_mark(ReadMark(1, 7, 4, 2))),
            id="read mark",
        ),
        pytest.param(protocol.StateBadge, encode.state_frame("user", "badge", 5, {"unread_threads": 5}), id="badge"),
        pytest.param(
            protocol.StateTyping,
            encode.state_frame("thread:7", "typing:1", 5, {"member_id": 1, "name": "Ann", "typing": True}),
            id="typing",
        ),
    ],
)
def test_a_state_frame_is_what_the_protocol_says(model: type[BaseModel], raw: bytes) -> None:
    model.model_validate_json(raw)
