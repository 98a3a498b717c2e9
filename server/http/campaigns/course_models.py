"""What the API takes to move campaigns: the launch with the count that was confirmed, and the commands of members."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class LaunchCampaignIn(_In):
    """`expected_count` is the number of recipients that the member was shown and confirmed."""

    cmd_id: UUID
    expected_count: int = Field(ge=0, le=2**31 - 1)


class CommandIn(_In):
    command: Literal["unschedule", "pause", "resume", "cancel"]
