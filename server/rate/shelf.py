"""Owns all limits by their key, and says which of them a stream falls under.

A limit lives as long as it stands in the book: its buckets know what has left, and a change of rate is a change of the
same limit. One that is new, or comes back, starts as if its burst had just been spent.
"""

import math
from collections.abc import Callable, Iterator

from server.domain.bucket import sensible_burst
from server.domain.limits import counts_toward_cap, rate_for
from server.ports import BrandDay, LimitBook, Number, StreamKey
from server.rate.daily import DailyCap
from server.rate.limit import Limit
from server.rate.stream import AnyLimit, LimitKey

MakeLimit = Callable[[LimitKey, float, float, float], Limit]


class Shelf:
    """`changed` collects the limits whose pace has changed since it was last emptied."""

    def __init__(self, make: MakeLimit = Limit) -> None:
        """An empty book: every number is paused. *make*: from key, rate, burst and time."""
        self._make = make
        self.book = LimitBook()
        self.limits: dict[LimitKey, Limit] = {}
        self.days: dict[int, DailyCap] = {}
        self.changed: list[AnyLimit] = []
        self._numbers: dict[int, Number] = {}
        self._campaigns: dict[int, float] = {}

    def read(self, book: LimitBook, now: float, day_ends_in_s: float) -> None:
        """Take over *book* as a whole."""
        self.book = book
        self._numbers = {number.number_id: number for number in book.numbers}
        self._campaigns = {id_: campaign.rate for id_, campaign in book.campaigns.items()}
        wanted = dict(self._paces())
        self.limits = {key: limit for key, limit in self.limits.items() if key in wanted or key.kind == "number"}
        for key, (rate, burst) in wanted.items():
            self.set(key, rate, burst, now)
        until = now + day_ends_in_s
        self.days = {id_: day for id_, brand in book.brands.items() if (day := self._day(id_, brand, until))}

    def set(self, key: LimitKey, rate: float, burst: float, now: float) -> None:
        """Set one limit's pace."""
        if key not in self.limits:
            self.limits[key] = self._make(key, rate, burst, now)
        elif self.limits[key].set_rate(rate, burst, now):
            self.changed.append(self.limits[key])

    def set_campaign(self, campaign_id: int, rate: float, now: float) -> bool:
        """A row says what its campaign may do, which may be news; True where it has no limit yet."""
        known = self._campaigns.get(campaign_id)
        if known != rate:
            self._campaigns[campaign_id] = rate
            self.set(LimitKey("campaign", campaign_id), rate, sensible_burst(rate), now)
        return known is None

    def spend_day(self, number_id: int) -> bool:
        """The carrier says that this number's brand has used up its day. False: the number has no brand."""
        brand_id = self._brand_id(number_id)
        if brand_id is None:
            return False
        if brand_id not in self.days:
            self.days[brand_id] = DailyCap(brand_id, self.book.day, math.inf)
        self.days[brand_id].spend()
        return True

    def of(self, key: StreamKey, now: float) -> tuple[AnyLimit, ...]:
        """The limits that *key* falls under, its number's first; a number that nobody knows is paused."""
        number_key = LimitKey("number", key.number_id)
        if number_key not in self.limits:
            self.limits[number_key] = self._make(number_key, 0.0, 1, now)
        found: list[AnyLimit | None] = [self.limits[number_key]]
        if number := self._numbers.get(key.number_id):
            found += [self.account(number), self.registration(number, key.dest_carrier), self._day_of(number, key)]
        if key.campaign_id is not None:
            found.append(self.limits.get(LimitKey("campaign", key.campaign_id)))
        return tuple(limit for limit in found if limit is not None)

    def number(self, number_id: int) -> Number | None:
        """What the book says of a number."""
        return self._numbers.get(number_id)

    def account(self, number: Number) -> Limit | None:
        """The limit of a number's account, where it has one."""
        return self.limits.get(LimitKey("account", number.account_id))

    def registration(self, number: Number, dest_carrier: str) -> Limit | None:
        """The limit of a number's registered campaign at a destination, where there is one."""
        registration = self.book.registrations.get(number.registration_id or 0)
        name = rate_for(registration.allowances, dest_carrier) if registration else None
        return None if name is None else self.limits.get(LimitKey("registration", number.registration_id or 0, name))

    def _paces(self) -> Iterator[tuple[LimitKey, tuple[float, float]]]:
        for number in self.book.numbers:
            yield LimitKey("number", number.number_id), (number.rate, number.burst)
        for id_, allowance in self.book.accounts.items():
            yield LimitKey("account", id_), (allowance.rate, allowance.burst)
        for id_, registration in self.book.registrations.items():
            for carrier, allowance in registration.allowances.items():
                yield LimitKey("registration", id_, carrier), (allowance.rate, allowance.burst)
        for id_, rate in self._campaigns.items():
            yield LimitKey("campaign", id_), (rate, sensible_burst(rate))

    def _day(self, brand_id: int, brand: BrandDay, until: float) -> DailyCap | None:
        day = self.days.get(brand_id)
        if day is None or day.day != self.book.day:
            day = DailyCap(brand_id, self.book.day, until)
            day.used = brand.used
        if brand.spent:
            day.spend(written=True)
        if brand.cap is None and not day.told:
            return None
        day.cap, day.until = brand.cap, until
        day.spent = day.told or (brand.cap is not None and day.used >= brand.cap)
        self.changed.append(day)
        return day

    def _brand_id(self, number_id: int) -> int | None:
        number = self._numbers.get(number_id)
        registration = self.book.registrations.get(number.registration_id or 0) if number else None
        return None if registration is None else registration.brand_id

    def _day_of(self, number: Number, key: StreamKey) -> DailyCap | None:
        brand_id = self._brand_id(number.number_id)
        if brand_id is None or brand_id not in self.book.brands:
            return None
        counts = counts_toward_cap(self.book.brands[brand_id].carriers, key.dest_carrier)
        return self.days.get(brand_id) if counts else None
