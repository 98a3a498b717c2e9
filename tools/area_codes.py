"""Writes server/domain/data/area_codes.toml: which zones and regions a telephone number may be in, by its first digits.

Two public data sets, each wrong alone. `phonenumbers` gives one zone for most area codes and knows of splits only by
exchange, and not of all; `zipcodes` knows the zone and the area codes of every American ZIP, but its area codes reach
over state lines, and the newest are missing. So an American code is in the state of most of its ZIPs, and in every zone
of its ZIPs there and every zone that `phonenumbers` has for any of its exchanges; one without a ZIP is in all zones of
its state. Run it where both are installed, with the versions in the heading: ``python -m tools.area_codes``.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TARGET: Final = Path(__file__).resolve().parents[1] / "server" / "domain" / "data" / "area_codes.toml"
_TERRITORIES: Final = {"787": "US-PR", "939": "US-PR", "340": "US-VI", "671": "US-GU", "670": "US-MP", "684": "US-AS"}
_TERRITORY_REGIONS: Final = frozenset({"PR", "VI", "GU", "MP", "AS"})
# Overlays cover the same ground as the code beside which they were laid; only the older one's exchanges are known.
_CANADAS_OVERLAYS: Final = (
    ("236", "250", "257", "672", "778"),  # British Columbia
    ("306", "474", "639"),  # Saskatchewan
    ("367", "418", "581"),  # eastern Quebec
    ("709", "879"),  # Newfoundland and Labrador
)
STATES: Final = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME",
    "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO",
    "Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM",
    "New York": "NY", "North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR",
    "Pennsylvania": "PA", "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN",
    "Texas": "TX", "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington State": "WA", "Washington D.C.": "DC",
    "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
}  # fmt: skip
_HEADING: Final = """\
# Where a number may be: digits = "regions zones". Written by tools/area_codes.py on {day} from zipcodes {zipcodes} and
# phonenumbers {phonenumbers} (PyPI); do not edit, run it again. Regions are ISO 3166: US-FL, CA, GB.
version = "{day}"
"""

Places = Mapping[str, tuple[set[str], set[str]]]
"""Digits → regions, zones."""


def main() -> None:
    american = _american_zips()
    nanp, countries = _nanp(american), _countries()
    versions = {name: version(name) for name in ("zipcodes", "phonenumbers")}
    text = _HEADING.format(day=datetime.now(UTC).date(), **versions)
    text += f"\n[nanp]  # area codes of +1\n{_lines(nanp)}\n[countries]  # country codes\n{_lines(countries)}"
    TARGET.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(nanp)} area codes and {len(countries)} countries in {TARGET}\n")


def _american_zips() -> Mapping[str, Mapping[str, Counter[str]]]:
    """Area code → state → how many of its ZIPs are in which zone."""
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for zip_ in import_module("zipcodes").list_all():
        if is_zone(zip_["timezone"]):
            for code in zip_["area_codes"]:
                found[code][zip_["state"]][zip_["timezone"]] += 1
    return found


def _nanp(american: Mapping[str, Mapping[str, Counter[str]]]) -> Places:
    known = _zones_by_prefix()
    of_state: dict[str, set[str]] = defaultdict(set)
    states = {code: _state(code, american) for code in _area_codes(known)}
    for code, state in states.items():
        of_state[state or ""] |= set(american.get(code, {}).get(state or "", ()))
    found: dict[str, tuple[set[str], set[str]]] = {}
    for code, state in states.items():
        zones = {zone for prefix, some in known.items() if prefix.startswith("1" + code) for zone in some}
        if state is None:
            found[code] = {_country(code)}, zones
        else:
            in_state = set(american.get(code, {}).get(state, ())) or of_state[state]
            found[code] = {f"US-{state}"}, zones | in_state
    for overlay in _CANADAS_OVERLAYS:
        union = {zone for code in overlay for zone in found[code][1]}
        found |= {code: ({"CA"}, union) for code in overlay}
    return found


def _state(code: str, american: Mapping[str, Mapping[str, Counter[str]]]) -> str | None:
    """The American state or territory; None elsewhere. What the two sources say must agree."""
    if code in _TERRITORIES:
        return _TERRITORIES[code].removeprefix("US-")
    if _country(code) != "US":
        return None
    named = _geocoder().description_for_number(_number(code), "en")
    told = named[-2:] if named[-4:-2] == ", " else STATES[named]
    zips = american.get(code)
    if zips and told != (most := max(zips, key=lambda state: zips[state].total())):
        raise SystemExit(f"{code} is in {told} by one source and in {most} by the other.")
    return told


def _area_codes(known: Mapping[str, Iterable[str]]) -> list[str]:
    return sorted({prefix[1:4] for prefix in known if prefix[0] == "1" and len(prefix) >= 4})


def _countries() -> Places:
    known = _zones_by_prefix()
    regions = import_module("phonenumbers").COUNTRY_CODE_TO_REGION_CODE
    found = {}
    for code, named in sorted(regions.items()):
        zones = {zone for prefix, some in known.items() if prefix.startswith(str(code)) for zone in some}
        if code != 1 and zones and "001" not in named:
            found[str(code)] = set(named), zones
    return found


def _zones_by_prefix() -> dict[str, list[str]]:
    data: Mapping[str, Iterable[str]] = import_module("phonenumbers.tzdata").TIMEZONE_DATA
    return {prefix: [zone for zone in zones if is_zone(zone)] for prefix, zones in data.items()}


def _country(code: str) -> str:
    region: str | None = import_module("phonenumbers").region_code_for_number(_number(code))
    return "US" if region in _TERRITORY_REGIONS or region is None else region


def _number(code: str) -> Any:
    return import_module("phonenumbers").PhoneNumber(1, int(f"{code}2345678"))


def _geocoder() -> Any:
    return import_module("phonenumbers.geocoder")


def is_zone(name: str) -> bool:
    """Both sources have names in them that are none."""
    try:
        return "/" in name and not name.startswith("Etc/") and ZoneInfo(name) is not None
    except (ZoneInfoNotFoundError, ValueError):
        return False


def _lines(places: Places) -> str:
    rows = [f'{code} = "{" ".join([*sorted(regions), *sorted(zones)])}"\n' for code, (regions, zones) in places.items()]
    return "".join(sorted(rows))


if __name__ == "__main__":
    main()
