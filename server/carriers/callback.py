"""Where a carrier reports on an attempt: the attempt's id stands in the address, and comes back in its query."""

from urllib.parse import quote
from uuid import UUID

from server.domain.carrier import Form


def callback_prefix(public_url: str, carrier: str, account: str) -> str:
    """The address of reports, up to the attempt's id."""
    return f"{public_url.rstrip('/')}/webhooks/{carrier}/{quote(account)}/status?attempt="


def attempt_in(query: Form) -> UUID | None:
    """The id that we put there; None where there is none, or it is not ours."""
    try:
        return UUID(dict(query).get(b"attempt", b"").decode("ascii"))
    except ValueError:
        return None
