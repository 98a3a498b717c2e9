"""The lattice of delivery in schema.sql is the one of the domain, for every pair and any batch of news."""

from __future__ import annotations

from functools import reduce
from itertools import product
from random import Random

from server.domain.delivery import NEVER_LEFT, RANK, State, advance
from server.domain.gate import MessageClass
from tests.store.world import NOON, World

NOTE = """
SELECT count(*) FROM note_status(
    $1::bigint[], $2::bigint[], $3::text[], $4::smallint[], array_fill(NULL::text, ARRAY[cardinality($1)]),
    array_fill(NULL::text, ARRAY[cardinality($1)]), array_fill($5::timestamptz, ARRAY[cardinality($1)]))
"""


async def messages(world: World, states: list[State]) -> tuple[int, list[int]]:
    """A thread with a text in each of *states*."""
    thread = (await world.receive()).thread_id
    seqs = [(await world.send(thread, klass=MessageClass.BULK)).seq for _ in states]
    await world.sql(
        "UPDATE message m SET state = g.state, rank = g.rank FROM unnest($2::bigint[], $3::text[], $4::smallint[])"
        " AS g (seq, state, rank) WHERE m.thread_id = $1 AND m.seq = g.seq",
        thread,
        seqs,
        [state.value for state in states],
        [RANK[state] for state in states],
    )
    return thread, seqs


async def note(world: World, thread: int, seqs: list[int], news: list[State]) -> list[str]:
    """What becomes of the texts, all news given at once."""
    values = [state.value for state in news], [RANK[state] for state in news]
    await world.sql(NOTE, [thread] * len(seqs), seqs, *values, NOON)
    rows = await world.sql("SELECT seq, state FROM message WHERE thread_id = $1 ORDER BY seq", thread)
    return [row["state"] for row in rows if row["seq"] in seqs]


async def test_every_pair_of_states_ends_as_in_the_domain(world: World) -> None:
    pairs = list(product(State, repeat=2))
    thread, seqs = await messages(world, [before for before, _ in pairs])
    after = await note(world, thread, seqs, [news for _, news in pairs])
    assert after == [advance(before, news).value for before, news in pairs]


async def test_many_news_at_once_end_as_one_after_the_other_in_any_order(world: World) -> None:
    rng = Random()  # noqa: S311 - not a secret
    told = [state for state in State if state not in NEVER_LEFT]
    starts = [rng.choice(told) for _ in range(40)]
    thread, seqs = await messages(world, starts)
    news = {seq: [rng.choice(told) for _ in range(rng.randint(1, 5))] for seq in seqs}
    shuffled = [(seq, state) for seq, states in news.items() for state in states]
    rng.shuffle(shuffled)
    after = await note(world, thread, [seq for seq, _ in shuffled], [state for _, state in shuffled])
    assert after == [reduce(advance, news[seq], start).value for seq, start in zip(seqs, starts, strict=True)]
