"""A member who replies by the HTTP API while servers die: every reply is said until it is taken, some once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import trio

from tests.crash.processes import RunFailed

RETRY_S: Final = 0.1
_AGAIN: Final = 0.2  # share of answered commands that are given once more


@dataclass(frozen=True)
class Taken:
    """Where a reply stands, and whether it was *repeated*."""

    cmd_id: UUID
    thread_id: int
    seq: int
    repeated: bool


class Clerk:
    """*refuses* tells which conflicts are an answer; any other ends the run."""

    def __init__(self, client: httpx2.AsyncClient, rng: Random, refuses: Callable[[httpx2.Response], bool]) -> None:
        self._client, self._rng, self._refuses = client, rng, refuses

    async def reply(self, thread_id: int, body: str) -> Taken | None:
        """None: it was refused. Raises RunFailed where a repeated command is not answered as before."""
        cmd_id, path = uuid4(), f"/api/v1/threads/{thread_id}/messages"
        answer = await self._command(path, cmd_id, body)
        if answer is None:
            return None
        repeated = self._rng.random() < _AGAIN
        if repeated:
            again = await self._command(path, cmd_id, body)
            if again is None or again["seq"] != answer["seq"] or not again["again"]:
                raise RunFailed(f"A repeated command was answered {again} instead of {answer}.")
        return Taken(cmd_id, answer["thread_id"], answer["seq"], repeated)

    async def _command(self, path: str, cmd_id: UUID, body: str) -> dict[str, Any] | None:
        """Until there is an answer; None: a refusal."""
        while True:
            try:
                answer = await self._client.post(path, json={"cmd_id": str(cmd_id), "body": body})
            except httpx2.HTTPError:
                await trio.sleep(RETRY_S)
                continue
            if answer.status_code == httpx2.codes.ACCEPTED:
                taken: dict[str, Any] = answer.json()
                return taken
            if answer.status_code == httpx2.codes.CONFLICT and self._refuses(answer):
                return None
            if answer.status_code not in (429, 503):
                raise RunFailed(f"A command was answered {answer.status_code}: {answer.text}")
            await trio.sleep(RETRY_S)
