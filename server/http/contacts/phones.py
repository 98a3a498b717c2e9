"""The numbers of a contact, by priority: the first is written to first. A number belongs to one contact."""

from __future__ import annotations

from typing import Final

from server.http.call import Answer, Call
from server.http.contacts.contacts import CONTACT
from server.http.contacts.models import ContactOut, PhoneIn, PhonePatch
from server.http.contacts.wire import changed_out
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.ports.contacts import NewPhone

_PHONE: Final = f"{CONTACT}/phones/{part('endpoint_id')}"

routes: Final = Routes("contacts")


@routes.post(f"{CONTACT}/phones", MEMBER, body=PhoneIn, answers={200: ContactOut})
async def add_phone(call: Call, contact_id: int, body: PhoneIn) -> Answer:
    """Add a number, the last by priority. 409 where it belongs to another contact, with its `contact_id` and `name`."""
    member, phone = call.member, NewPhone(body.phone, body.label)
    changed = await call.deps.contacts.add_phone(member.workspace_id, member.member_id, contact_id, phone)
    return Answer(changed_out(changed))


@routes.patch(_PHONE, MEMBER, body=PhonePatch, answers={200: ContactOut})
async def change_phone(call: Call, contact_id: int, endpoint_id: int, body: PhonePatch) -> Answer:
    """Label a number, or move it."""
    member = call.member
    changed = await call.deps.contacts.change_phone(
        member.workspace_id, member.member_id, contact_id, endpoint_id, label=body.label, priority=body.priority
    )
    return Answer(changed_out(changed))


@routes.delete(_PHONE, MEMBER, answers={200: ContactOut})
async def remove_phone(call: Call, contact_id: int, endpoint_id: int) -> Answer:
    """Take a number from a contact; its conversation and consent stay."""
    member = call.member
    return Answer(
        changed_out(
            await call.deps.contacts.remove_phone(member.workspace_id, member.member_id, contact_id, endpoint_id)
        )
    )
