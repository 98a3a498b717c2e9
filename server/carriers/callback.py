"""Where a carrier reports on an attempt, whose id stands in the address, and where it fetches our pictures."""

from urllib.parse import quote
from uuid import UUID

from server.domain.carrier import Form


def callback_prefix(public_url: str, carrier: str, account: str) -> str:
    """The address of reports, up to the attempt's id."""
    return f"{public_url.rstrip('/')}/webhooks/{carrier}/{quote(account)}/status?attempt="


def absolute(public_url: str, url: str) -> str:
    """Where a carrier fetches a picture: what has no host of its own is ours."""
    return f"{public_url.rstrip('/')}{url}" if url.startswith("/") else url


def attempt_in(query: Form) -> UUID | None:
    """The id that we put there; None where there is none, or it is not ours."""
    try:
        return UUID(dict(query).get(b"attempt", b"").decode("ascii"))
    except ValueError:
        return None
