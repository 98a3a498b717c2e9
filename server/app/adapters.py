"""Which adapter speaks for which carrier: a line for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from server.app.accounts import Adapter
from server.carriers.telnyx import Telnyx
from server.carriers.twilio import Twilio
from server.ports import Account


def adapter_of(account: Account, public_url: str, real: Callable[[], datetime]) -> Adapter:
    """The adapter of *account*. *real* is this machine's time, by which carriers sign; never a simulation's."""
    given = (account.sid, account.secret, account.base_url)
    if account.speaks == "telnyx":
        return Telnyx(*given, public_key=account.verify_key or "", public_url=public_url, now=real)
    return Twilio(*given, public_url=public_url)
