"""What a workspace sets for itself: read, and changed by one version at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from server.domain.sending_hours import Week
from server.domain.settings import Settings


@dataclass(frozen=True, slots=True)
class Versioned:
    """`version` rises with every change of any of them."""

    version: int
    settings: Settings


@dataclass(frozen=True, slots=True)
class Outdated:
    """Somebody has changed them since: how they are now."""

    now: Versioned


@dataclass(frozen=True, slots=True)
class NameTaken:
    """Another workspace of this server has that name."""


class WorkspaceSettings(Protocol):
    async def get(self, workspace_id: int) -> Versioned: ...

    async def hours(self, workspace_id: int) -> Week | None:
        """The workspace's own hours alone."""

    async def change(
        self, workspace_id: int, member_id: int, wanted: Mapping[str, Any], version: int | None
    ) -> Versioned | Outdated | NameTaken:
        """Set those of `domain.settings.Settings` that *wanted* names, if nobody has changed any since *version* (None:
        in any case). Each that is another one now is an entry of the audit log.
        """
