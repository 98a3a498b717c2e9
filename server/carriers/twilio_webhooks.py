"""Twilio's webhooks: what stands in a form that it posted. New parameters appear without notice and are passed over."""

from collections.abc import Mapping
from typing import Final, Literal

from server.carriers.callback import attempt_in
from server.carriers.twilio_codes import STATUSES, explain
from server.domain.carrier import BadPayload, Form, InboundText, Receipt

_OPT_OUT_TYPES: Final[dict[bytes, Literal["STOP", "START", "HELP"]]] = {
    b"STOP": "STOP",
    b"START": "START",
    b"HELP": "HELP",
}
_MAX_MEDIA: Final = 10


def parse_inbound(form: Form) -> InboundText:
    """The MO in a form that Twilio posted; raises `BadPayload`.

    NUL is dropped and broken UTF-8 becomes U+FFFD, since neither can be stored. The signature was checked over the
    bytes.
    """
    fields = dict(form)
    provider_id, from_, to = (_text(fields, name) for name in (b"MessageSid", b"From", b"To"))
    if not (provider_id and from_ and to):
        raise BadPayload("MessageSid, From and To are required")
    return InboundText(
        provider_id,
        from_,
        to,
        _text(fields, b"Body"),
        _media(fields),
        _OPT_OUT_TYPES.get(fields.get(b"OptOutType", b"")),
    )


def parse_receipt(form: Form, query: Form) -> Receipt:
    """The DLR in a status callback; the attempt id comes back in *query* as we put it there. Raises `BadPayload`."""
    fields = dict(form)
    provider_id = _text(fields, b"MessageSid") or _text(fields, b"SmsSid")
    word = _text(fields, b"MessageStatus") or _text(fields, b"SmsStatus")
    if not (provider_id and word):
        raise BadPayload("MessageSid and MessageStatus are required")
    code = _text(fields, b"ErrorCode") or None
    error_class, sentence = explain(code) if code else (None, None)
    return Receipt(
        provider_id,
        STATUSES.get(word, "unknown"),
        code,
        attempt_in(query),
        error_class=error_class,
        sentence=sentence,
    )


def _text(fields: Mapping[bytes, bytes], name: bytes) -> str:
    return fields.get(name, b"").decode("utf-8", "replace").replace("\0", "")


def _media(fields: Mapping[bytes, bytes]) -> tuple[tuple[str, str], ...]:
    if fields.get(b"NumMedia", b"0") in {b"0", b""}:
        return ()
    numbered = ((_text(fields, b"MediaUrl%d" % n), _text(fields, b"MediaContentType%d" % n)) for n in range(_MAX_MEDIA))
    return tuple((url, kind) for url, kind in numbered if url)
