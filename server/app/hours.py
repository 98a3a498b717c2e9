"""Reads the quiet hours that the settings name; without a setting, those of the package."""

from __future__ import annotations

from pathlib import Path

from server.config import ConfigError
from server.domain.places import shipped_places
from server.domain.quiet_rules import BadRules, parse_rules
from server.domain.timetable import Timetable, shipped_timetable


def read_timetable(path: Path | None) -> Timetable:
    """Raises ConfigError with the place of the first fault: nobody is texted by rules that were not understood."""
    if path is None:
        return shipped_timetable()
    try:
        return Timetable(parse_rules(path.read_text(encoding="utf-8"), str(path)), shipped_places())
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise ConfigError(f"THREADLINE_QUIET_HOURS: {path} cannot be read: {reason}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"THREADLINE_QUIET_HOURS: {path} is no UTF-8 text.") from None
    except BadRules as error:
        raise ConfigError(f"THREADLINE_QUIET_HOURS: {error}") from None
