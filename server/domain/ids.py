"""Makes the ids that this server chooses: UUIDv7, so that rows of one time lie together in an index.

RFC 9562, 5.7. Time and randomness are passed in.
"""

from uuid import UUID


def uuid7(unix_ms: int, random: bytes) -> UUID:
    """The id for *unix_ms* (milliseconds since 1970) with 10 *random* bytes; later milliseconds sort higher.

    >>> uuid7(0x017F22E279B0, bytes(10))
    UUID('017f22e2-79b0-7000-8000-000000000000')
    """
    if len(random) != 10:
        raise ValueError("UUIDv7 takes 10 random bytes.")
    value = int.from_bytes(unix_ms.to_bytes(6, "big") + random, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
