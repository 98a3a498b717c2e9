"""Decides how long to wait before trying again."""

from typing import Final

FIRST_S: Final = 0.1
LONGEST_S: Final = 30.0
_ENOUGH_DOUBLINGS: Final = 64  # 2.0 ** 1024 overflows; after 64 every sensible first delay is past the longest


def delay_s(failures: int, random: float, *, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> float:
    """Seconds to wait after the *failures*-th failure in a row (1 = the first); *random* is uniform in [0, 1).

    Doubles up to *longest_s*, then spreads over the upper half: never so short that a crash loop burns a core, and
    spread enough that a thousand actors which failed together do not come back together ("equal jitter").

    >>> [delay_s(n, 0.0) for n in (1, 2, 3, 100)]
    [0.05, 0.1, 0.2, 15.0]
    >>> delay_s(100, 1.0)
    30.0
    """
    longest_now = min(longest_s, first_s * 2.0 ** min(failures - 1, _ENOUGH_DOUBLINGS))
    return longest_now * (0.5 + random / 2)
