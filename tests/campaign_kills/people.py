"""Who may get campaigns: people of some cities, some of a file, and some whose night is not over yet.

The night is a rule of the run's own: in one state texts may begin to come at a minute of this hour, or of the next.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import trio

from tests.bulk.people import client_of
from tests.crash.ground import Ground
from tests.crash.processes import RunFailed

AREAS: Final = ("302", "303", "404", "512", "602", "704")
_OF_THE_FILE: Final = "720"
_NIGHTS: Final = (
    ("US-CA", "415", "America/Los_Angeles"),
    ("US-MA", "617", "America/New_York"),
    ("US-HI", "808", "Pacific/Honolulu"),
)
CITIES: Final = ("Boston", "Austin", "Denver", "Macon", "Salem", "Tempe")
NIGHT: Final = "Nightfall"
"""The city of those whose night it is."""
_IN_THE_FILE: Final = 80
_IMPORTED_WITHIN_S: Final = 30.0

_PEOPLE: Final = """
WITH given AS (SELECT g.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS g (address, city, n)),
numbers AS (INSERT INTO endpoint (workspace_id, address) SELECT 1, address FROM given ORDER BY n RETURNING id, address),
made AS (INSERT INTO contact (workspace_id, first_name, city)
         SELECT 1, CASE WHEN n % 41 <> 0 THEN 'Person ' || n ELSE '' END, city FROM given ORDER BY n RETURNING id)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN given g USING (n) JOIN numbers e ON e.address = g.address
RETURNING contact_id
"""
_RATES: Final = "UPDATE number SET rate = CASE id WHEN 1 THEN 60 ELSE 120 END, burst = 5"


@dataclass(frozen=True, slots=True)
class Night:
    """Texts to numbers that begin with *prefix* may leave from *until_s* of CLOCK_MONOTONIC on."""

    prefix: str
    until_s: float
    rules: Path


def nightfall(out: Path, opens_in_s: float) -> Night:
    """The first full minute that is no nearer than this, on a clock where it is not the end of a day."""
    opens = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(seconds=opens_in_s + 60)
    opens = opens.replace(second=0)
    clocks = ((region, area, opens.astimezone(ZoneInfo(zone))) for region, area, zone in _NIGHTS)
    region, area, local = next(one for one in clocks if 0 < one[2].hour < 22)  # never the end of a day for all
    rules = out / "night.toml"
    rules.write_text(
        'version = "a night"\n[everywhere]\ndaily = "00:00-24:00"\nsource = "this run"\nreviewed = 2026-11-22\n'
        f'[[region]]\ncode = "{region}"\ndaily = "{local:%H:%M}-24:00"\nsource = "this run"\nreviewed = 2026-11-22\n'
    )
    until_s = time.monotonic() + (opens - datetime.now(UTC)).total_seconds()
    return Night(f"+1{area}555", until_s, rules)


@dataclass(frozen=True, slots=True)
class Population:
    """*ids* are the contacts' by city; *import_id* is the file's."""

    ids: dict[str, list[int]]
    import_id: int

    def sources(self, rng: Random, few: bool, night: bool) -> dict[str, Any]:
        """Whom a campaign is for: a filter, people by hand or the file, or several of these."""
        if few:
            return {"contact_ids": rng.sample(self.ids[rng.choice(CITIES)], 40)}
        cities = [*rng.sample(CITIES, rng.randint(1, 3)), *([NIGHT] if night else [])]
        asked = [{"field": "city", "is": "is", "value": city} for city in cities]
        sources: dict[str, Any] = {"definition": {"any": asked}}
        if rng.random() < 0.4:
            sources["import_ids"] = [self.import_id]
        if rng.random() < 0.4:
            sources["contact_ids"] = rng.sample(self.ids[rng.choice(CITIES)], 30)
        return sources


async def populate(ground: Ground, night: Night) -> Population:
    """Into an empty workspace whose server is ready."""
    places = [(f"+1{area}55501{n:02}", city) for area, city in zip(AREAS, CITIES, strict=True) for n in range(100)]
    places += [(f"{night.prefix}01{n:02}", NIGHT) for n in range(30)]
    addresses, cities = [place[0] for place in places], [place[1] for place in places]
    rows = await ground.store.call(lambda c: c.fetch(_PEOPLE, addresses, cities))
    await ground.store.call(lambda c: c.execute(_RATES))
    ids: dict[str, list[int]] = {}
    for city, contact_id in zip(cities, sorted(row["contact_id"] for row in rows), strict=True):
        ids.setdefault(city, []).append(contact_id)
    return Population(ids, await _imported(ground))


async def _imported(ground: Ground) -> int:
    """A file of more people, some of whom are here already; its id."""
    lines = [f"Guest {n},{_OF_THE_FILE}-555-01{n:02}" for n in range(_IN_THE_FILE)]
    lines += [f"Person {n},{AREAS[0]}-555-01{n:02}" for n in range(10)]
    content = "\r\n".join(["First name,Phone", *lines]).encode()
    said = {"who": "Dana, open house", "at": "2026-03-01T12:00:00Z", "wording": "I agree to get texts from Crash."}
    async with client_of(ground) as client:
        sent = await client.post("/api/v1/imports?name=guests.csv", content=content)
        at = f"/api/v1/imports/{sent.json()['import_id']}"
        confirmed = await client.post(f"{at}/confirm", json={"consent": said})
        if confirmed.status_code != 202:
            raise RunFailed(f"The file was not taken: {confirmed.text}")
        with trio.move_on_after(_IMPORTED_WITHIN_S):
            while (view := (await client.get(at)).json())["state"] != "done":  # noqa: ASYNC110 - another process does it
                await trio.sleep(0.1)
            return int(view["import_id"])
    raise RunFailed("The file was not imported in time.")
