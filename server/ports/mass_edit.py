"""One change to many contacts at once: tags, a stage, an owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.ports.contacts import Refused


@dataclass(frozen=True, slots=True)
class ToStage:
    """`stage_id` None: out of the pipeline."""

    pipeline_id: int
    stage_id: int | None


@dataclass(frozen=True, slots=True)
class ToOwner:
    """`member_id` None: nobody's."""

    member_id: int | None


@dataclass(frozen=True, slots=True)
class MassEdit:
    """What is empty or None stays as it is. `add_tags` are names: one that is new becomes a tag."""

    add_tags: tuple[str, ...] = ()
    remove_tag_ids: tuple[int, ...] = ()
    stage: ToStage | None = None
    owner: ToOwner | None = None


class MassEdits(Protocol):
    async def edit(
        self, workspace_id: int, member_id: int, contact_ids: Sequence[int], edit: MassEdit
    ) -> int | Refused:
        """How many of these it changed, in one transaction; contacts of another workspace are not there."""
