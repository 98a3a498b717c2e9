"""Writes server/domain/data/zip_codes.toml: in which zones and states an American ZIP code may be, by its first digits.

`zipcodes` knows the state of every ZIP and a zone, its centre's. What lies across a border, or was moved over one by
the Postal Service, is mostly in a neighbour's zone with the same three digits, so a prefix has all zones and states of
its ZIPs; it holds few places, and one too many only costs hours. `_ALSO` has what the data set lacks. Run it where
`zipcodes` is installed, with the version in the heading: ``python -m tools.zip_codes``.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tools.area_codes import STATES, is_zone

TARGET: Final = Path(__file__).resolve().parents[1] / "server" / "domain" / "data" / "zip_codes.toml"
_ALSO: Final[Mapping[str, str]] = {
    "368": "America/New_York",  # Phenix City, Lanett, Valley: Central by law, Georgia's time across the river by custom
    "588": "America/Denver",  # Cartwright, in the west of McKenzie County: 49 CFR 71.7
    "898": "America/Denver",  # West Wendover: 49 CFR 71.9; Jackpot by custom
}
_NAMES: Final[Mapping[str, str]] = {  # as they stand in a sentence
    **{code: name for name, code in STATES.items()},
    "AS": "American Samoa", "GU": "Guam", "MP": "the Northern Mariana Islands", "PR": "Puerto Rico",
    "VI": "the U.S. Virgin Islands",
}  # fmt: skip
_STATELESS: Final = frozenset({"AA", "AE", "AP", "FM", "MH", "PW"})  # military mail, and countries that the mail serves
_HEADING: Final = """\
# Where an American ZIP code may be: zones, and states by their codes of ISO 3166 and their names = first three digits.
# Written by tools/zip_codes.py on {day} from zipcodes {zipcodes} (PyPI, MIT) and what that tool adds; do not edit, run
# it again. Military mail (APO, FPO) is in no place.
version = "{day}"
"""


def main() -> None:
    zones: dict[str, set[str]] = defaultdict(set)
    states: dict[str, set[str]] = defaultdict(set)
    for zip_ in import_module("zipcodes").list_all():
        if is_zone(zip_["timezone"]):
            zones[zip_["zip_code"][:3]].add(zip_["timezone"])
        if zip_["state"] not in _STATELESS:
            states[f"US-{zip_['state']} {_NAMES[zip_['state']]}"].add(zip_["zip_code"][:3])
    for prefix, name in _ALSO.items():
        if name in zones[prefix]:
            raise SystemExit(f"The data set knows of {name} in {prefix} by now: take it out of _ALSO.")
        zones[prefix].add(name)
    prefixes: dict[str, set[str]] = defaultdict(set)
    for prefix, names in zones.items():
        prefixes[" ".join(sorted(names))].add(prefix)
    heading = _HEADING.format(day=datetime.now(UTC).date(), zipcodes=version("zipcodes"))
    TARGET.write_text(f"{heading}\n[zones]\n{_rows(prefixes)}\n[states]\n{_rows(states)}", encoding="utf-8")
    sys.stdout.write(f"{len(zones)} prefixes and {len(states)} states in {TARGET}\n")


def _rows(prefixes: Mapping[str, Iterable[str]]) -> str:
    return "".join(sorted(f'"{key}" = "{_ranges(sorted(map(int, some)))}"\n' for key, some in prefixes.items()))


def _ranges(ascending: Iterable[int]) -> str:
    """Without gaps: a prefix that nobody has yet is in none of them.

    >>> _ranges([5, 6, 7, 10])
    '005-007 010'
    """
    ranges: list[list[int]] = []
    for n in ascending:
        if ranges and ranges[-1][1] == n - 1:
            ranges[-1][1] = n
        else:
            ranges.append([n, n])
    return " ".join(f"{first:03}" if first == last else f"{first:03}-{last:03}" for first, last in ranges)


if __name__ == "__main__":
    main()
