"""The carrier accounts and numbers that this server works with: read from the directory, turned into adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from server.door.webhooks import CarrierWebhooks
from server.ports import Account, Carrier, Directory, Number


class Adapter(Carrier, CarrierWebhooks, Protocol):
    """Both halves of a carrier: what we ask of it and what it tells us."""

    def close(self) -> None: ...


class Accounts(Mapping[int, Adapter]):
    """Adapters by account id. An account whose row changed gets a new adapter; texts in flight keep the old one."""

    def __init__(self, directory: Directory, make: Callable[[Account], Adapter]) -> None:
        self._directory, self._make = directory, make
        self._accounts: dict[int, Account] = {}
        self._adapters: dict[int, Adapter] = {}
        self._by_name: dict[tuple[str, str], int] = {}
        self._account_of: dict[int, int] = {}
        self._replaced: list[Adapter] = []

    async def refresh(self) -> Sequence[Number]:
        """Read accounts and numbers anew. Raises StoreUnavailable, and everything stays as it was."""
        accounts, numbers = await self._directory.accounts(), await self._directory.numbers()
        for account in accounts:
            if self._accounts.get(account.account_id) != account:
                if account.account_id in self._adapters:  # somebody may be at it
                    self._replaced.append(self._adapters[account.account_id])
                self._adapters[account.account_id] = self._make(account)
        self._accounts = {account.account_id: account for account in accounts}
        self._by_name = {(account.speaks, account.sid): account.account_id for account in accounts}
        self.numbers = numbers
        self._account_of = {number.number_id: number.account_id for number in numbers}
        return numbers

    numbers: Sequence[Number] = ()

    def accounts(self) -> Sequence[Account]:
        return tuple(self._accounts.values())

    def account_of(self, number_id: int) -> int | None:
        """The account that a number belongs to, as of the last `refresh`."""
        return self._account_of.get(number_id)

    def lookup(self, carrier: str, name: str) -> tuple[int, CarrierWebhooks] | None:
        """`door.webhooks.Lookup`."""
        account_id = self._by_name.get((carrier, name))
        return None if account_id is None else (account_id, self._adapters[account_id])

    def close(self) -> None:
        for adapter in (*self._adapters.values(), *self._replaced):
            adapter.close()

    def __getitem__(self, account_id: int) -> Adapter:
        return self._adapters[account_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._adapters)

    def __len__(self) -> int:
        return len(self._adapters)
