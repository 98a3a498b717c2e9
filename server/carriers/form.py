"""Forms as carriers post them: decoded once, kept as bytes, since signatures are computed over what was really sent."""

from typing import Final
from urllib.parse import unquote_to_bytes

from server.domain.carrier import Form

MAX_FIELDS: Final = 200
"""Twilio's longest webhook has about 50 fields; more is somebody making us work."""

_SPLIT, _EQUALS = b"\x00", b"\x01"


class TooManyFields(ValueError):
    """The form has more than `MAX_FIELDS` fields."""


def parse_form(raw: bytes) -> Form:
    """Names and values of an `application/x-www-form-urlencoded` body; like urllib's parse_qsl with blank values kept.

    The body is decoded in one go, with the separators swapped for two bytes that it does not contain: three times as
    fast as decoding each name and value.

    >>> parse_form(b"To=%2B15555550100&Body=a+b&Body=")
    [(b'To', b'+15555550100'), (b'Body', b'a b'), (b'Body', b'')]
    """
    if raw.count(b"&") >= MAX_FIELDS:
        raise TooManyFields(f"a form may have {MAX_FIELDS} fields")
    if _has_control_bytes(raw):
        return [
            (_decode(name), _decode(value))
            for part in raw.split(b"&")
            if part
            for name, _, value in (part.partition(b"="),)
        ]
    plain = raw.replace(b"&", _SPLIT).replace(b"=", _EQUALS)
    fields: Form = []
    for part in _decode(plain).split(_SPLIT):
        if part:
            name, _, value = part.partition(_EQUALS)
            fields.append((name, value.replace(_EQUALS, b"=")))
    return fields


def _has_control_bytes(raw: bytes) -> bool:
    if b"%0" in raw and (b"%00" in raw or b"%01" in raw):
        return True
    return _SPLIT in raw or _EQUALS in raw


def _decode(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))
