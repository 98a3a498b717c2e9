"""Twilio's list of messages, page by page: the witness for unknown outcomes and for texts whose webhook we missed."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import httpx2
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from server.carriers.twilio_codes import STATUSES
from server.domain.carrier import ListedMessage, ListFailed

_MAX_PAGES: Final = 200
_PAGE_SIZE: Final = 200
_TIMEOUT_S: Final = 20.0


def _moment(rfc2822: object) -> datetime:
    moment = parsedate_to_datetime(str(rfc2822))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class _Row(BaseModel):
    sid: str
    from_: str | None = Field(None, alias="from")  # none where a messaging service has not chosen yet
    to: str | None
    body: str | None
    direction: str
    status: str
    date_created: Annotated[datetime, BeforeValidator(_moment)]
    error_code: int | str | None = None

    def listed(self) -> ListedMessage:
        direction: Literal["in", "out"] = "in" if self.direction == "inbound" else "out"
        return ListedMessage(
            self.sid,
            self.from_ or "",
            self.to or "",
            self.body or "",
            direction,
            STATUSES.get(self.status, "unknown"),
            self.date_created,
            None if self.error_code is None else str(self.error_code),
        )


class _Page(BaseModel):
    messages: list[_Row]
    # A path only: the address of the next page may not lead our credentials to another host.
    next_page_uri: str | None = Field(None, pattern=r"^/[^/]")


class MessageList:
    """Reads the list at *base_url* + *path* with HTTP Basic *auth*. Rare: each reading has its own connection."""

    def __init__(self, base_url: str, path: str, auth: tuple[str, str], tls: ssl.SSLContext | None) -> None:
        self._base_url = base_url
        self._path = path
        self._auth = auth
        self._tls = tls

    async def read(
        self, query: dict[str, str], since: datetime, direction: Literal["in", "out"]
    ) -> list[ListedMessage]:
        """Rows that match *query*, created in the second of *since* or later; raises `ListFailed`, never a part."""
        second = since.replace(microsecond=0)  # the list's dates have whole seconds
        return [row async for row in self._rows(query) if row.direction == direction and row.created_at >= second]

    async def _rows(self, query: dict[str, str]) -> AsyncIterator[ListedMessage]:
        url = f"{self._base_url}{self._path}?{urlencode(query | {'PageSize': str(_PAGE_SIZE)})}"
        # Plain HTTP has nothing to verify; loading the system's trust store for it would cost 20 ms each time.
        verify = self._tls or False
        async with httpx2.AsyncClient(auth=self._auth, timeout=_TIMEOUT_S, trust_env=False, verify=verify) as client:
            for _ in range(_MAX_PAGES):
                page = await _read_page(client, url)
                for row in page.messages:
                    yield row.listed()
                if page.next_page_uri is None:
                    return
                url = f"{self._base_url}{page.next_page_uri}"
        raise ListFailed(f"the carrier's list has more than {_MAX_PAGES} pages")


async def _read_page(client: httpx2.AsyncClient, url: str) -> _Page:
    try:
        answer = await client.get(url)
        answer.raise_for_status()
        return _Page.model_validate_json(answer.content)
    except httpx2.HTTPError as error:
        raise ListFailed(f"the carrier's list could not be read: {type(error).__name__}") from error
    except ValidationError as error:
        raise ListFailed("the carrier's list could not be understood") from error
