"""Contacts: made, read, edited in place, merged and deleted, with their tags and stages.

Another workspace's contact is not there. A number belongs to one contact, however it is written. A contact that became
part of another one answers 410 with `merged_into`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.http.call import Answer, Call
from server.http.contacts.models import (
    ContactIn,
    ContactOut,
    ContactPatch,
    MergeIn,
    PhoneIn,
    StageIn,
    TagsIn,
    ValuesOut,
)
from server.http.contacts.wire import changed_out
from server.http.errors import not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.ports.contacts import NewPhone

CONTACT: Final = f"/api/v1/contacts/{part('contact_id')}"

routes: Final = Routes("contacts")


@routes.post("/api/v1/contacts", MEMBER, body=ContactIn, answers={201: ContactOut})
async def create_contact(call: Call, body: ContactIn) -> Answer:
    """Make a contact. 409 where one of the numbers belongs to another one, with its `contact_id` and `name`."""
    member = call.member
    made = await call.deps.contacts.create(
        member.workspace_id, member.member_id, body.given(), _distinct(body.phones), tags=body.tags
    )
    return Answer(changed_out(made), 201)


def _distinct(phones: Sequence[PhoneIn]) -> list[NewPhone]:
    """The same number in another spelling is the same number; its first label counts."""
    labels: dict[str, str] = {}
    for one in phones:
        labels[one.phone] = labels.get(one.phone) or one.label
    return [NewPhone(address, label) for address, label in labels.items()]


@routes.get(CONTACT, MEMBER, answers={200: ContactOut})
async def contact(call: Call, contact_id: int) -> Answer:
    """One contact."""
    return Answer(changed_out(await call.deps.contacts.get(call.member.workspace_id, contact_id)))


@routes.patch(CONTACT, MEMBER, body=ContactPatch, answers={200: ContactOut})
async def change_contact(call: Call, contact_id: int, body: ContactPatch) -> Answer:
    """Edit in place: only the fields that are named change."""
    member = call.member
    changed = await call.deps.contacts.change(
        member.workspace_id, member.member_id, contact_id, body.given(), body.version
    )
    return Answer(changed_out(changed))


@routes.delete(CONTACT, MEMBER, answers={204: None})
async def delete_contact(call: Call, contact_id: int) -> Answer:
    """Hide a contact. Its numbers become free; their conversations, opt-outs and consent stay."""
    member = call.member
    if not await call.deps.contacts.delete(member.workspace_id, member.member_id, contact_id):
        raise not_found()
    return Answer(status=204)


@routes.post(f"{CONTACT}/merge", MEMBER, body=MergeIn, answers={200: ContactOut})
async def merge_contacts(call: Call, contact_id: int, body: MergeIn) -> Answer:
    """Make the other contact part of this one, with its numbers, conversations and opt-outs. Cannot be taken back."""
    member = call.member
    merged = await call.deps.contacts.merge(member.workspace_id, member.member_id, contact_id, body.other_id)
    return Answer(changed_out(merged))


@routes.put(f"{CONTACT}/tags", MEMBER, body=TagsIn, answers={200: ContactOut})
async def set_tags(call: Call, contact_id: int, body: TagsIn) -> Answer:
    """Give a contact exactly these tags."""
    member = call.member
    changed = await call.deps.contacts.set_tags(
        member.workspace_id, member.member_id, contact_id, tag_ids=body.tag_ids, names=body.names
    )
    return Answer(changed_out(changed))


@routes.put(f"{CONTACT}/stages", MEMBER, body=StageIn, answers={200: ContactOut})
async def set_stage(call: Call, contact_id: int, body: StageIn) -> Answer:
    """Put a contact into a stage of a pipeline, or take it out."""
    member = call.member
    changed = await call.deps.contacts.set_stage(
        member.workspace_id, member.member_id, contact_id, body.pipeline_id, body.stage_id
    )
    return Answer(changed_out(changed))


@routes.get(f"{CONTACT}/values", MEMBER, answers={200: ValuesOut})
async def values(call: Call, contact_id: int) -> Answer:
    """What the tokens of a text to this contact stand for, written by this member."""
    member = call.member
    found = await call.deps.values.token_values(
        member.workspace_id, contact_id, member.member_id, call.deps.clock.wall()
    )
    if found is None:
        raise not_found()
    return Answer(found)
