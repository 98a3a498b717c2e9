"""Writes server/domain/data/zip_codes.toml: which zones an American ZIP code may be in, by its first three digits.

`zipcodes` knows a zone of every ZIP, its centre's. What lies across a border, or was moved over one by the Postal
Service, is mostly in a neighbour's zone with the same three digits, so a prefix has all zones of its ZIPs; it holds few
places, and a zone too many only costs hours. `_ALSO` has what the data set lacks. Run it where `zipcodes` is installed,
with the version in the heading: ``python -m tools.zip_codes``.
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

from tools.area_codes import is_zone

TARGET: Final = Path(__file__).resolve().parents[1] / "server" / "domain" / "data" / "zip_codes.toml"
_ALSO: Final[Mapping[str, str]] = {
    "368": "America/New_York",  # Phenix City, Lanett, Valley: Central by law, Georgia's time across the river by custom
    "588": "America/Denver",  # Cartwright, in the west of McKenzie County: 49 CFR 71.7
    "898": "America/Denver",  # West Wendover: 49 CFR 71.9; Jackpot by custom
}
_HEADING: Final = """\
# Where an American ZIP code may be: zones = first three digits. Written by tools/zip_codes.py on {day} from zipcodes
# {zipcodes} (PyPI, MIT) and what that tool adds; do not edit, run it again. Military mail (APO, FPO) is in no place.
version = "{day}"

[zones]
"""


def main() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for zip_ in import_module("zipcodes").list_all():
        if is_zone(zip_["timezone"]):
            found[zip_["zip_code"][:3]].add(zip_["timezone"])
    for prefix, name in _ALSO.items():
        if name in found[prefix]:
            raise SystemExit(f"The data set knows of {name} in {prefix} by now: take it out of _ALSO.")
        found[prefix].add(name)
    prefixes: dict[str, list[int]] = defaultdict(list)
    for prefix, zones in sorted(found.items()):
        prefixes[" ".join(sorted(zones))].append(int(prefix))
    rows = sorted(f'"{zones}" = "{_ranges(some)}"\n' for zones, some in prefixes.items())
    heading = _HEADING.format(day=datetime.now(UTC).date(), zipcodes=version("zipcodes"))
    TARGET.write_text(heading + "".join(rows), encoding="utf-8")
    sys.stdout.write(f"{len(found)} prefixes in {TARGET}\n")


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
