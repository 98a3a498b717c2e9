"""Who signed this webhook: Telnyx's Ed25519 over its time and the raw body.

The bytes are checked as they came, never as JSON that was written again. A signed webhook holds for five minutes, so
that nobody can play it back later.
"""

from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE: Final = b"telnyx-signature-ed25519"
TIMESTAMP: Final = b"telnyx-timestamp"
TOLERANCE_S: Final = 300
"""Into the past and the future. Source: Telnyx's SDK."""

log = structlog.get_logger(__name__)


def read_key(key: str) -> Ed25519PublicKey:
    """The public key as Telnyx's portal shows it: 32 bytes in base64. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(b64decode(key, validate=True))


class SignatureCheck:
    """Checks webhooks against *key*, as the portal shows it. Where that cannot be read, none holds."""

    def __init__(self, key: str, now: Callable[[], datetime]) -> None:
        self._now = now
        self._key: Ed25519PublicKey | None = None
        try:
            self._key = read_key(key)
        except ValueError:
            # No reason to stop: texts of other accounts come and go, and this one's can still be sent.
            log.error("webhook_key_unreadable")  # noqa: TRY400 - the traceback would show the call, not the row

    def verify(self, headers: Mapping[bytes, bytes], body: bytes) -> bool:
        """Whether Telnyx signed *body*, within the tolerance of now. *headers* have lower-case names."""
        timestamp, claimed = headers.get(TIMESTAMP, b""), headers.get(SIGNATURE, b"")
        if self._key is None or not timestamp.isdigit() or len(timestamp) > 12:
            return False
        try:
            self._key.verify(b64decode(claimed, validate=True), timestamp + b"|" + body)
        except (InvalidSignature, Error):
            return False
        return abs(self._now().timestamp() - int(timestamp)) <= TOLERANCE_S
