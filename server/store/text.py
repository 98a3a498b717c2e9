"""Makes text storable: PostgreSQL takes neither U+0000 nor half a surrogate pair.

For storage only. Signatures are checked over the raw bytes, long before.
"""

import re

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """*text* without U+0000, and with U+FFFD for what no UTF-8 can hold.

    >>> storable("a\\x00b\\ud83d")
    'ab\\ufffd'
    """
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)
