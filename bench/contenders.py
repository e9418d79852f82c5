"""What is compared: each sells the baskets of a round, then shows that its books are right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from bench import product, shop, textbook
from bench.baskets import NOON, Sold, card_number
from bench.databases import Books, books
from bench.product import AtOnce, Precomputed
from bench.tape import Player, StorePlayer, Tape
from bench.till import Unexpected
from loyalty_pos.storage.engine import open_store

Rounds = Sequence[Sequence[Sold]]


class Contender(Protocol):
    """One way to record a sale."""

    name: str

    @property
    def rounds(self) -> int:
        """How many rounds it can sell."""
        ...

    def run(self, number: int) -> None:
        """Sell the baskets of round ``number``."""
        ...

    def close(self) -> None:
        """Hang up; raises Unexpected unless every balance is its ledger's sum."""
        ...


def check_books(url: str, sales: int) -> None:
    """Raise Unexpected unless ``url`` holds ``sales`` sales and every balance is its ledger's sum."""
    if (found := books(url)) != Books(sales, 0):
        raise Unexpected(f"{url}: {found} after {sales} sales")


class Raw:
    """The product's writing statements through the plain driver, 16 sales a commit."""

    def __init__(self, name: str, url: str, tapes: Sequence[Tape]) -> None:
        self.name = name
        self._url = url
        self.player = Player(url)
        self._sales = sum(map(len, tapes))
        self._rounds = [self.player.prepare(tape) for tape in tapes]

    @property
    def rounds(self) -> int:
        return len(self._rounds)

    def run(self, number: int) -> None:
        self.player.play(self._rounds[number])

    def close(self) -> None:
        self.player.close()
        check_books(self._url, self._sales)


class Storage:
    """The sale's statements through the product's own store; no service.

    Its writing transaction with the queries in it; with ``reads`` also the snapshots around it.
    """

    def __init__(self, name: str, url: str, tapes: Sequence[Tape], reads: bool) -> None:
        self.name = name
        self._url, self._rounds = url, tapes
        self._store = open_store(url)
        self._player = StorePlayer(self._store, reads)
        self._tills = AtOnce(self._player.tills)

    @property
    def rounds(self) -> int:
        return len(self._rounds)

    def run(self, number: int) -> None:
        self._player.play(self._rounds[number], self._tills.run)

    def close(self) -> None:
        self._tills.close()
        self._store.close()
        check_books(self._url, sum(map(len, self._rounds)))


class ProductService:
    """The product's service function with the price known beforehand, 16 tills at once."""

    def __init__(self, name: str, url: str, rounds: Rounds, memory: Precomputed, tills: int) -> None:
        self.name = name
        self._url, self._rounds, self._memory = url, rounds, memory
        self._services = shop.services_on(url, NOON)
        self._tills = AtOnce(tills)

    @property
    def rounds(self) -> int:
        return len(self._rounds)

    def run(self, number: int) -> None:
        with self._memory.answering():
            self._tills.run(lambda sold: product.sell_one(self._services, sold), self._rounds[number])

    def close(self) -> None:
        self._tills.close()
        self._services.store.close()
        check_books(self._url, sum(map(len, self._rounds)))


class ProductWsgi:
    """The product's whole request in process; with ``memory`` without ``price()``."""

    def __init__(self, name: str, url: str, rounds: Rounds, memory: Precomputed | None, tills: int) -> None:
        self.name = name
        self._url, self._rounds, self._memory = url, rounds, memory
        self._app = product.app_on(url)
        self._tills = AtOnce(tills)

    @property
    def rounds(self) -> int:
        return len(self._rounds)

    def run(self, number: int) -> None:
        with self._memory.answering() if self._memory else nullcontext():
            self._tills.run(lambda sold: product.wsgi_call(self._app.wsgi_app, sold), self._rounds[number])

    def close(self) -> None:
        self._tills.close()
        self._app.extensions["loyalty_pos"].store.close()
        check_books(self._url, sum(map(len, self._rounds)))


class Textbook:
    """The reference stack's whole request, one after the other (so nothing of it is spent waiting)."""

    def __init__(self, name: str, url: str, rounds: Rounds, members: int) -> None:
        self.name = name
        self._rounds = rounds
        self._app = textbook.create_app(url)
        keys = [shop.till_key(till) for till in {sold.till for sold in rounds[0]}]
        textbook.fill(self._app, keys, [card_number(index) for index in range(members)], ["gold", "silver", ""])
        self._call: Callable[..., Any] = self._app.wsgi_app

    @property
    def rounds(self) -> int:
        return len(self._rounds)

    def run(self, number: int) -> None:
        for sold in self._rounds[number]:
            product.wsgi_call(self._call, sold)

    def close(self) -> None:
        if textbook.check(self._app):
            raise Unexpected("the textbook's balances are not its ledger's sums")
        textbook.stop(self._app)
