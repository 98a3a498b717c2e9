"""Telnyx's JSON, read without trust in its shape. A text must not be lost for one broken character in it."""

import json
from typing import Any, Final

_NUL: Final = "\0"


def parse_object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object in *raw*, or None where it is none.

    Broken UTF-8 becomes U+FFFD. Not read by orjson, which refuses a whole body for one lone surrogate in it.

    >>> parse_object(b'{"text": "a\\\\ud83d"}')
    {'text': 'a\\ud83d'}
    """
    try:
        value = json.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def inner(value: object, *names: str) -> Any:
    """What lies below *names*, or None where the way there breaks off."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def rows(value: object) -> list[dict[str, Any]]:
    """The objects in a list; [] where it is none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A string as it can be stored: without NUL, U+FFFD for a lone surrogate; "" where it is none."""
    if not isinstance(value, str):
        return ""
    return value.replace(_NUL, "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def code_of(errors: object) -> str:
    """The code of the first of Telnyx's *errors*, "" where there is none. A string by its reference; numbers do too."""
    for error in rows(errors):
        code = error.get("code")
        if code and isinstance(code, str | int):
            return str(code)
    return ""
