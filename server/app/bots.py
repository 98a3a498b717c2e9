"""Knows the user agents of bots, by a list that others keep up to date: crawler-user-agents."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4_096)  # reading one through some 600 patterns costs 0.2 ms, and phones are much alike
def is_bot(agent: str) -> bool:
    """The list is read when it is first asked, which takes 40 ms: most servers are started for something else."""
    from crawleruseragents import is_crawler  # type: ignore[import-untyped]  # it brings no types

    return bool(is_crawler(agent))
