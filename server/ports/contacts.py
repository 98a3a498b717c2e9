"""People whom a workspace texts with: what is known of them, and how a member changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

Source = Literal["member", "inbound", "import", "api", "demo"]
"""How a contact came to be; `inbound`: wrote to us, and waits for a name."""


@dataclass(frozen=True, slots=True)
class ContactPhone:
    """`priority`: the lowest is written to first. `invalid_code`: the carrier's word for why it gets no texts."""

    endpoint_id: int
    address: str
    label: str
    priority: int
    opted_out: bool
    held: bool
    carrier_blocked: bool
    invalid_code: str | None
    consented_at: datetime | None
    thread_id: int | None


@dataclass(frozen=True, slots=True)
class ContactTag:
    tag_id: int
    name: str


@dataclass(frozen=True, slots=True)
class ContactStage:
    pipeline_id: int
    pipeline: str
    stage_id: int
    stage: str


@dataclass(frozen=True, slots=True)
class Owner:
    member_id: int
    name: str


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A contact as lists and pages show it. `name` is empty where nobody has named them; `version` rises with a write.

    `phones` come by priority, tags by name, stages by the pipelines' order. `custom` holds what has a value.
    """

    contact_id: int
    name: str
    first_name: str
    last_name: str
    email: str
    phones: tuple[ContactPhone, ...]
    tags: tuple[ContactTag, ...]
    stages: tuple[ContactStage, ...]
    owner: Owner | None
    street: str
    city: str
    state: str
    zip: str
    zone: str | None
    property_address: str
    custom: Mapping[str, Any]
    source: Source
    last_in_at: datetime | None
    last_out_at: datetime | None
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class NewPhone:
    """`address` is E.164."""

    address: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Showing:
    showing_id: int
    property_address: str
    at: datetime
    note: str


# What may come of a change


@dataclass(frozen=True, slots=True)
class Stale:
    """Somebody has changed the contact since that version."""

    present: ContactRow


@dataclass(frozen=True, slots=True)
class MergedAway:
    """The contact became part of another one, which is still there."""

    into: int


@dataclass(frozen=True, slots=True)
class PhoneTaken:
    """The number belongs to another contact of this workspace."""

    address: str
    contact_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Refused:
    """What was asked for cannot be; `field` names what is wrong, `sentence` says why."""

    field: str
    sentence: str


Changed = ContactRow | Stale | MergedAway | PhoneTaken | Refused | None
"""None: there is no such contact (or phone, or showing) in this workspace."""


class Contacts(Protocol):
    """Contacts, one at a time. Every method checks the workspace; *member_id* stands in the audit."""

    async def rows(self, workspace_id: int, contact_ids: Sequence[int]) -> Sequence[ContactRow]:
        """The rows of these contacts, in this order; those that are gone are left out."""

    async def get(self, workspace_id: int, contact_id: int) -> ContactRow | MergedAway | None: ...

    async def create(
        self,
        workspace_id: int,
        member_id: int | None,
        values: Mapping[str, Any],
        phones: Sequence[NewPhone] = (),
        *,
        tags: Sequence[str] = (),
        source: Source = "member",
    ) -> ContactRow | PhoneTaken | Refused:
        """*values* are checked texts by domain.contact.LONGEST, `owner_id`, and `custom` by name as it was written."""

    async def change(
        self, workspace_id: int, member_id: int, contact_id: int, values: Mapping[str, Any], version: int | None
    ) -> Changed:
        """Write *values* (as for `create`); of `custom` those that are given, None to empty one."""

    async def merge(self, workspace_id: int, member_id: int, contact_id: int, other_id: int) -> Changed:
        """*other_id* becomes part of *contact_id*: its numbers move, after those that are there, with their threads and
        opt-outs; tags, stages and showings join; its words fill blanks. Safe to repeat. Refused where it is gone.
        """

    async def delete(self, workspace_id: int, member_id: int, contact_id: int) -> bool:
        """Hide the contact. Its numbers are free for others; their threads, opt-outs and consent stay."""

    async def add_phone(self, workspace_id: int, member_id: int, contact_id: int, phone: NewPhone) -> Changed:
        """The new one comes last. One that the contact has already gets the label."""

    async def change_phone(
        self,
        workspace_id: int,
        member_id: int,
        contact_id: int,
        endpoint_id: int,
        *,
        label: str | None = None,
        priority: int | None = None,
    ) -> Changed:
        """*priority*: its place among the contact's phones, from 0; the others move."""

    async def remove_phone(self, workspace_id: int, member_id: int, contact_id: int, endpoint_id: int) -> Changed: ...

    async def set_tags(
        self,
        workspace_id: int,
        member_id: int,
        contact_id: int,
        *,
        tag_ids: Sequence[int] = (),
        names: Sequence[str] = (),
    ) -> Changed:
        """Exactly these; names that are new become tags."""

    async def set_stage(
        self, workspace_id: int, member_id: int, contact_id: int, pipeline_id: int, stage_id: int | None
    ) -> Changed:
        """None takes the contact out of the pipeline."""

    async def showings(self, workspace_id: int, contact_id: int) -> Sequence[Showing] | None:
        """By time."""

    async def add_showing(
        self, workspace_id: int, member_id: int, contact_id: int, property_address: str, at: datetime, note: str
    ) -> Showing | MergedAway | None: ...

    async def remove_showing(self, workspace_id: int, member_id: int, contact_id: int, showing_id: int) -> bool: ...


NOBODY: Final = 0
"""Stands for whoever is no contact: of them only what is the member's own is known."""


class Values(Protocol):
    """What the tokens of a text stand for."""

    async def names(self, workspace_id: int) -> frozenset[str]:
        """The tokens that have a meaning in this workspace."""

    async def values(
        self, workspace_id: int, member_id: int, contact_ids: Sequence[int], now: datetime
    ) -> Mapping[int, Mapping[str, str | None]]:
        """By contact and by token; thousands at a time. Who is not there is left out; NOBODY is always there.

        `agent_name` is the member's; a showing counts where it is later than *now*.
        """

    async def token_values(
        self, workspace_id: int, contact_id: int, member_id: int, now: datetime
    ) -> Mapping[str, str | None] | None:
        """Those of one contact; None where it is not there."""
