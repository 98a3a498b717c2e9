"""T3, statement by statement, against whatever may say no; and T4 against T5. In every order, but for neighbouring
statements which cannot see each other; `python -m tests.races --n 20000` leaves none out in seven of the matches.

Each match names the guards that it holds in `matches`; a fault shows the order that led to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import product
from math import comb

import asyncpg
import pytest

from server.store.schema import schema_sql
from tests.races.ground import open_ground
from tests.races.matches import MANY, MATCHES, Deal
from tests.races.orders import Orders, every_order, open_stepper
from tests.races.stepping import Stepping
from tests.races.tree import Place, Tree
from tests.races.verdicts import FAULTS

STEPPING = Stepping(schema_sql())


async def orders_of(dsn: str, deal: Deal) -> tuple[Orders, int]:
    """All that do not commute, and how many deadlocks were retried."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(STEPPING.sql)
    await connection.close()
    async with open_ground(dsn, 1) as ground, open_stepper(dsn) as stepper:
        return await every_order(ground, stepper, deal, Tree(STEPPING.commute)), stepper.conflicts


@pytest.mark.parametrize("name", sorted(MATCHES.keys() - MANY))
def test_in_no_order_of_their_statements_do_both_win(dsn: str, name: str) -> None:
    orders, conflicts = asyncio.run(orders_of(dsn, MATCHES[name]))
    print(f"{name}: {orders.count} orders, {orders.verdicts}")
    assert not {word: orders.stories[word] for word in FAULTS if word in orders.stories}
    assert len(orders.verdicts) == 2, "one side wins in every order"
    assert conflicts == 0, "the lock order keeps them from deadlocks"


# The means


def walk(tree: Tree, one: int, other: int) -> int:
    """How many orders *tree* has for two who make so many moves each and never wait."""
    count = 0
    while True:
        made = [0, 0]
        while able := [n for n, most in enumerate((one, other)) if made[n] < most]:
            if (chosen := tree.choose(able)) is None:
                break
            made[chosen] += 1
            tree.moved(f"{chosen} {made[chosen]}")
        else:
            count += 1
        if not tree.advance():
            return count


@pytest.mark.parametrize(("one", "other"), [*product((1, 2, 4), (1, 3))])
def test_the_tree_has_every_order_once(one: int, other: int) -> None:
    assert walk(Tree(), one, other) == comb(one + other, one)


def only(*dependent: tuple[str, str]) -> Callable[[Place, Place], bool]:
    pairs = {frozenset(pair) for pair in dependent}
    return lambda one, other: frozenset((str(one), str(other))) not in pairs


def test_of_orders_that_differ_in_what_commutes_one_is_left() -> None:
    assert walk(Tree(lambda _one, _other: True), 4, 3) == 1
    assert walk(Tree(only(("0 2", "1 2"))), 3, 3) == 2


def test_every_function_of_the_schema_is_stepped() -> None:
    written = schema_sql().count("LANGUAGE plpgsql")
    assert STEPPING.sql.count("CREATE OR REPLACE FUNCTION") == written
    assert {place.split()[0] for place in STEPPING.footprints} >= {"claim_granted", "settle_verdicts", "record_mo"}


def test_a_stop_is_after_each_statement_that_touches_a_table_and_nowhere_else() -> None:
    stepping = Stepping("""
CREATE TABLE a (x text);
CREATE FUNCTION f(p text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM a WHERE x = ';') THEN
        p := p || 'a';  -- a; no statement
        UPDATE a SET x = p;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(1);
    FOR i IN 1 .. 2 LOOP
        IF i = 1 THEN
            p := p || 'b';
        ELSIF EXISTS (SELECT FROM a) THEN
            p := p || 'c';
        END IF;
    END LOOP;
    RETURN;
END $$;
""")
    assert {place: (*sorted(one.reads), "|", *sorted(one.writes)) for place, one in stepping.footprints.items()} == {
        "f 1": ("a", "|"),
        "f 2": ("|", "a"),
        "f 3": ("a", "|"),
        "f 4": ("advisory", "|"),
        "f 6": ("a", "|"),
        "f 7": ("a", "|"),
    }
    assert stepping.commute("f 3", "f 4")
    assert not stepping.commute("f 2", "f 3")
    assert not stepping.commute("f 4", None)
