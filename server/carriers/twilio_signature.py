"""Who signed this webhook: Twilio's HMAC over the address and the sorted fields, over raw bytes, in constant time.

The address is the public one that Twilio was told, never one rebuilt from the request's own headers. Twilio is
inconsistent about the port in it, so both forms count. Same verdicts as the SDK's RequestValidator.
"""

import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Mapping
from itertools import chain
from typing import Final
from urllib.parse import parse_qs, urlsplit

from server.domain.carrier import Form

SIGNATURE: Final = b"x-twilio-signature"
SETTINGS: Final = b"x-twilio-webhooks-signature-settings"
_DIGESTS: Final = {b"HMAC_SHA1": "sha1", b"HMAC_SHA256": "sha256"}
_PORTS: Final = {"https": 443, "http": 80}


def sign(token: bytes, url: bytes, form: Form, digest: str = "sha1") -> bytes:
    """The signature that Twilio puts on *form* posted to *url*: a field that is repeated with one value counts once.

    >>> sign(b"12345", b"https://example.org/x", [(b"To", b"+1"), (b"From", b"+2")])
    b'AHO84yp6sQQ6pc69VDVJIUJPPE0='
    """
    fields = dict(form)
    if len(fields) == len(form):  # as nearly always: names alone sort in a third of the time
        signed = url + b"".join([name + fields[name] for name in sorted(fields)])
    else:
        signed = url + b"".join(chain.from_iterable(sorted(set(form))))
    return b2a_base64(hmac.digest(token, signed, digest), newline=False)


class SignatureCheck:
    """Checks webhooks that were posted below *public_url* and signed with *token*."""

    def __init__(self, public_url: str, token: str) -> None:
        self._token = token.encode()
        self._bases = _with_and_without_port(public_url)

    def verify(self, target: bytes, headers: Mapping[bytes, bytes], form: Form | None, body: bytes = b"") -> bool:
        """Whether the request to *target* (raw path and query) is Twilio's.

        *headers* have lower-case names. *form* is None for a body that is not a form: its hash stands in the query.
        """
        claimed = headers.get(SIGNATURE)
        digest = _digest_of(headers.get(SETTINGS, b""))
        if claimed is None or digest is None or (form is None and not _body_matches(target, body)):
            return False
        for base in self._bases:
            if hmac.compare_digest(sign(self._token, base + target, form or [], digest), claimed):
                return True
        return False


def _with_and_without_port(public_url: str) -> tuple[bytes, ...]:
    """The address as it was configured, then the other way round."""
    url = urlsplit(public_url.rstrip("/"))
    bare = url._replace(netloc=url.netloc.removesuffix(f":{url.port}"))
    ported = bare._replace(netloc=f"{bare.netloc}:{url.port or _PORTS.get(url.scheme, 80)}")
    order = (ported, bare) if url.port else (bare, ported)
    return tuple(form.geturl().encode() for form in order)


def _digest_of(settings: bytes) -> str | None:
    """`key=…,algorithm=HMAC_SHA256` chooses; nothing said means SHA-1, an algorithm that we do not know means no."""
    for part in settings.split(b",") if settings else ():
        name, _, value = part.partition(b"=")
        if name.strip() == b"algorithm" and value.strip():
            return _DIGESTS.get(value.strip().upper())
    return "sha1"


def _body_matches(target: bytes, body: bytes) -> bool:
    claimed = parse_qs(urlsplit(target).query).get(b"bodySHA256")
    return claimed is not None and hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), claimed[0])
