"""What is kept of suggestions in a real database."""

from datetime import timedelta

import pytest
import trio

from server.ports.suggest import AiFigures, AiSettings, Suggested
from tests.store.world import BOB, NOON, World, later

TODAY = NOON.date()


def made(based_on: int, *items: str) -> Suggested:
    return Suggested(based_on, "model", "tiny", items or ("Yes!", "No, sorry."))


async def asked(world: World, body: str = "Is it free?") -> tuple[int, int]:
    told = await world.receive(body)
    return told.thread_id, told.seq


async def test_a_situation_ends_with_the_newest_text_and_knows_the_contact(world: World) -> None:
    thread, seq = await asked(world)
    await world.sql("UPDATE contact SET first_name = 'Ana'")
    await world.sql("UPDATE workspace SET ai_tone = 'warm', ai_mode = 'offline'")
    found = await world.store.suggestions.situation(thread, NOON)
    assert found is not None
    assert (found.based_on, found.asked, found.mode, found.tone) == (seq, "Is it free?", "offline", "warm")
    assert (found.brand, found.values.get("first_name"), found.silent) == ("Acme Realty", "Ana", False)
    assert found.values.get("agent_name") is None


async def test_who_opted_out_is_silent_and_a_keyword_is_named(world: World) -> None:
    thread, _ = await asked(world)
    await world.stop()
    found = await world.store.suggestions.situation(thread, NOON)
    assert found is not None
    assert (found.silent, found.lines[-1].keyword) == (True, "STOP")


async def test_there_is_no_situation_of_no_thread(world: World) -> None:
    assert await world.store.suggestions.situation(404, NOON) is None


async def test_the_first_that_were_made_stay(world: World) -> None:
    thread, seq = await asked(world)
    first = await world.store.suggestions.keep(1, thread, made(seq, "One"), NOON)
    second = await world.store.suggestions.keep(1, thread, made(seq, "Two"), NOON)
    assert first == second == made(seq, "One") == await world.store.suggestions.stored(thread, seq)


@pytest.mark.parametrize("who", ["the contact", "a colleague"])
async def test_what_comes_after_the_thread_moved_on_is_not_kept(world: World, who: str) -> None:
    thread, seq = await asked(world)
    await (world.receive("Hello?") if who == "the contact" else world.send(thread))
    assert await world.store.suggestions.keep(1, thread, made(seq), NOON) is None
    assert await world.value("SELECT count(*) FROM suggestion") == 0


async def test_those_for_an_older_text_are_not_the_latest(world: World) -> None:
    thread, seq = await asked(world)
    await world.store.suggestions.keep(1, thread, made(seq), NOON)
    assert await world.store.suggestions.latest(1, thread) == made(seq)
    await world.receive("Hello?")
    assert await world.store.suggestions.latest(1, thread) is None


async def test_another_workspace_sees_and_keeps_none(world: World) -> None:
    thread, seq = await asked(world)
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('B', true, 'B', 'b')")
    assert await world.store.suggestions.keep(2, thread, made(seq), NOON) is None
    await world.store.suggestions.keep(1, thread, made(seq), NOON)
    assert await world.store.suggestions.latest(2, thread) is None
    assert not await world.store.suggestions.pick(2, 1, thread, seq, 0, NOON)
    assert await world.store.suggestions.team(2) == ([], [])
    assert (await world.store.suggestions.figures(2, NOON - timedelta(days=1), TODAY)).waiting == 0


@pytest.mark.parametrize(
    ("picked", "body", "verdict", "item"),
    [
        pytest.param(0, "Yes!", "accepted", 0, id="sent as it was"),
        pytest.param(1, "No, sorry. Next week?", "edited", 1, id="changed"),
        pytest.param(0, "We will see about that", "ignored", None, id="something else"),
        pytest.param(None, "We will see about that", "ignored", None, id="without a click"),
    ],
)
async def test_what_is_sent_says_what_became_of_them(
    world: World, picked: int | None, body: str, verdict: str, item: int | None
) -> None:
    thread, seq = await asked(world)
    await world.store.suggestions.keep(1, thread, made(seq), NOON)
    if picked is not None:
        assert await world.store.suggestions.pick(1, 1, thread, seq, picked, NOON)
    assert await world.store.suggestions.judge(thread) == 0
    sent = await world.send(thread, body=body)
    assert await world.store.suggestions.judge(thread) == 1
    assert await world.store.suggestions.judge(thread) == 0
    [row] = await world.sql("SELECT verdict, verdict_item, answer_seq FROM suggestion")
    assert tuple(row) == (verdict, item, sent.seq)


async def test_who_writes_again_before_an_answer_leaves_them_ignored(world: World) -> None:
    thread, seq = await asked(world)
    await world.store.suggestions.keep(1, thread, made(seq), NOON)
    await world.receive("Never mind")
    await world.send(thread, body="Yes!")
    await world.store.suggestions.judge(thread)
    assert await world.value("SELECT verdict FROM suggestion") == "ignored"


async def test_a_click_on_one_that_is_not_there_is_none(world: World) -> None:
    thread, seq = await asked(world)
    await world.store.suggestions.keep(1, thread, made(seq), NOON)
    assert not await world.store.suggestions.pick(1, 1, thread, seq, 2, NOON)
    assert not await world.store.suggestions.pick(1, 1, thread, seq + 1, 0, NOON)


async def test_the_team_teaches_by_what_people_answered(world: World) -> None:
    thread, _ = await asked(world)
    await world.send(thread, body="It is!")
    other = (await world.receive("Where can I park?", from_=BOB)).thread_id
    await world.send(other, body="On the street.")
    await world.sql("INSERT INTO template (workspace_id, name, body, used) VALUES (1, 'Hello', 'Hi there', 3)")
    await world.sql("INSERT INTO template (workspace_id, owner_id, name, body) VALUES (1, 1, 'Mine', 'Private')")
    exchanges, saved = await world.store.suggestions.team(1)
    assert [(one.asked, one.replied, one.author) for one in exchanges] == [
        ("Is it free?", "It is!", "Dana"),
        ("Where can I park?", "On the street.", "Dana"),
    ]
    assert [one.name for one in saved] == ["Hello"]


async def test_of_a_hundred_at_once_no_more_are_charged_than_a_day_has(world: World) -> None:
    await world.sql("UPDATE workspace SET ai_day_requests = 7, ai_day_tokens = 1000000")
    charged: list[bool] = []

    async def charge() -> None:
        charged.append(await world.store.suggestions.charge(1, TODAY, 1000))

    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(charge)
    assert (len(charged), sum(charged)) == (100, 7)
    assert tuple((await world.sql("SELECT requests, tokens FROM ai_use"))[0]) == (7, 7000)


async def test_tokens_run_out_too_and_what_is_given_back_can_be_used(world: World) -> None:
    await world.sql("UPDATE workspace SET ai_day_tokens = 2500")
    store = world.store.suggestions
    assert [await store.charge(1, TODAY, 1000) for _ in range(3)] == [True, True, False]
    await store.settle(1, TODAY, 600)
    assert await store.charge(1, TODAY, 1000)
    assert not await store.charge(1, TODAY, 200)
    assert await store.charge(1, TODAY + timedelta(days=1), 1000)


async def test_a_workspace_without_a_budget_asks_nobody(world: World) -> None:
    await world.sql("UPDATE workspace SET ai_day_requests = 0")
    assert not await world.store.suggestions.charge(1, TODAY, 1)


async def test_what_a_workspace_wants_of_them_is_read(world: World) -> None:
    wanted = {"ai_mode": "offline", "ai_tone": "warm", "ai_day_requests": 5, "ai_day_tokens": 6}
    await world.store.settings.change(1, 1, wanted, None)
    assert await world.store.suggestions.settings(1) == AiSettings("offline", "warm", 5, 6)


async def test_figures_count_verdicts_and_todays_use(world: World) -> None:
    thread, seq = await asked(world)
    await world.store.suggestions.keep(1, thread, made(seq), NOON)
    await world.send(thread, body="Yes!")
    await world.store.suggestions.judge(thread)
    await world.store.suggestions.charge(1, TODAY, 30)
    assert await world.store.suggestions.figures(1, later(-60), TODAY) == AiFigures(1, 0, 0, 0, 1, 30)
    assert await world.store.suggestions.figures(1, later(60), TODAY) == AiFigures(0, 0, 0, 0, 1, 30)
