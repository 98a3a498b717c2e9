"""Visits that were agreed on with a contact; the next one is a token of texts."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from server.http.call import Answer, Call
from server.http.contacts.contacts import CONTACT
from server.http.contacts.models import ShowingIn, ShowingOut, ShowingsOut
from server.http.contacts.wire import unchanged
from server.http.errors import not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.ports.contacts import Showing

_SHOWING: Final = f"{CONTACT}/showings/{part('showing_id')}"

routes: Final = Routes("contacts")


@routes.get(f"{CONTACT}/showings", MEMBER, answers={200: ShowingsOut})
async def showings(call: Call, contact_id: int) -> Answer:
    """Visits that were agreed on, past and future."""
    found = await call.deps.contacts.showings(call.member.workspace_id, contact_id)
    if found is None:
        raise not_found()
    return Answer({"showings": found})


@routes.post(f"{CONTACT}/showings", MEMBER, body=ShowingIn, answers={201: ShowingOut})
async def add_showing(call: Call, contact_id: int, body: ShowingIn) -> Answer:
    """Note a visit; the next one in the future is {{showing_time}}."""
    member, at = call.member, body.at.astimezone(UTC)
    made = await call.deps.contacts.add_showing(
        member.workspace_id, member.member_id, contact_id, body.property_address, at, body.note.strip()
    )
    if not isinstance(made, Showing):
        raise unchanged(made)
    return Answer({name: getattr(made, name) for name in ShowingOut.model_fields}, 201)


@routes.delete(_SHOWING, MEMBER, answers={204: None})
async def remove_showing(call: Call, contact_id: int, showing_id: int) -> Answer:
    """Call a visit off."""
    member = call.member
    if not await call.deps.contacts.remove_showing(member.workspace_id, member.member_id, contact_id, showing_id):
        raise not_found()
    return Answer(status=204)
