"""Makes text storable: PostgreSQL takes neither U+0000 nor half a surrogate pair.

For storage only. Signatures are checked over the raw bytes, long before.
"""

import json
import re
from typing import Any

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """*text* without U+0000, and with U+FFFD for what no UTF-8 can hold.

    >>> storable("a\\x00b\\ud83d")
    'ab\\ufffd'
    """
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def storable_json(value: Any) -> str:
    """*value* as JSON text that jsonb takes: every text in it made storable first, an escape would hide it."""
    return json.dumps(_cleaned(value), ensure_ascii=False)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, (list, tuple)) else value
