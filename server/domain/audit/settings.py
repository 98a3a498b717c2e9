"""The words for a setting of the workspace that somebody changed: what it was, and what it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MODES: Final[Mapping[str, str]] = MappingProxyType(
    {"off": "off", "offline": "from past replies only", "model": "by a model"}
)


def cap_words(cap: Mapping[str, Any] | None) -> str:
    """How many texts in bulk one number may get.

    >>> cap_words({"texts": 1, "window_h": 24}), cap_words({"texts": 1000, "window_h": 168}), cap_words(None)
    ('1 text in 24 hours', '1,000 texts in 7 days', 'no cap')
    """
    if cap is None:
        return "no cap"
    texts, hours = cap["texts"], cap["window_h"]
    span = f"{hours // 24} days" if hours % 24 == 0 and hours > 24 else f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{texts:,} text{'' if texts == 1 else 's'} in {span}"


def week_words(week: Sequence[str | None] | None) -> str:
    """A week from Monday, each day as `09:00-18:00` or None; days that are alike stand together.

    >>> week_words(["09:00-18:00"] * 5 + ["10:00-14:00", None])
    'Mon to Fri 09:00-18:00, Sat 10:00-14:00, Sun closed'
    >>> week_words(None)
    "the law's hours"
    """
    if week is None:
        return "the law's hours"
    runs: list[tuple[int, int]] = []
    for day in range(len(week)):
        if runs and week[runs[-1][0]] == week[day]:
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return ", ".join(f"{_span(first, last)} {week[first] or 'closed'}" for first, last in runs)


def _span(first: int, last: int) -> str:
    return _DAYS[first] if first == last else f"{_DAYS[first]} to {_DAYS[last]}"


def _renamed(what: str) -> Callable[[Any, Any], str]:
    return lambda was, now: f"changed {what} from “{was}” to “{now}”"


def _counted(what: str) -> Callable[[Any, Any], str]:
    def told(was: Any, now: Any) -> str:
        return f"{'raised' if now > was else 'lowered'} {what} from {was:,} to {now:,}"

    return told


def _cap(was: Any, now: Any) -> str:
    if was is None:
        return f"set a bulk cap of {cap_words(now)} to one number"
    if now is None:
        return f"removed the bulk cap of {cap_words(was)}"
    same = was["window_h"] == now["window_h"]
    word = ("raised" if now["texts"] > was["texts"] else "lowered") if same else "changed"
    return f"{word} the bulk cap from {cap_words(was)} to {cap_words(now)}"


def _links(was: Any, now: Any) -> str:
    if now is None:
        return f"let short links begin with the server's own address, no longer with {was}"
    return f"let short links begin with {now}" + ("" if was is None else f", no longer with {was}")


def _tone(was: Any, now: Any) -> str:
    return f"told suggested replies to sound so: “{now}”" if now else "took back how suggested replies shall sound"


_OF: Final[Mapping[str, Callable[[Any, Any], str]]] = MappingProxyType(
    {
        "name": _renamed("the workspace's name"),
        "brand": _renamed("the brand"),
        "contact": _renamed("whom the answer to HELP names"),
        "sending_hours": lambda was, now: f"changed the sending hours from {week_words(was)} to {week_words(now)}",
        "opt_in_required": lambda was, now: (
            f"let texts in bulk {'need an' if now else 'go without an'} opt-in on record"
        ),
        "bulk_cap": _cap,
        "link_base": _links,
        "ai_mode": lambda was, now: f"changed suggested replies from {_MODES.get(was, was)} to {_MODES.get(now, now)}",
        "ai_tone": _tone,
        "ai_day_requests": _counted("the model's requests a day"),
        "ai_day_tokens": _counted("the model's tokens a day"),
    }
)

SETTINGS: Final = frozenset(_OF)
"""Those that have words."""


def changed(setting: str, was: Any, now: Any) -> str:
    """What somebody did, without their name.

    >>> changed("bulk_cap", {"texts": 500, "window_h": 24}, {"texts": 1000, "window_h": 24})
    'raised the bulk cap from 500 texts in 24 hours to 1,000 texts in 24 hours'
    """
    words = _OF.get(setting)
    return f"changed the setting {setting}" if words is None else words(was, now)
