"""The stream that other programs hear: everything once, in order, without a gap, whoever commits late."""

from __future__ import annotations

import trio

from server.domain.carrier import Accepted
from server.ports.events import Answered, Event, Post
from server.ports.team import Assign, SetClosed
from server.store.ledger.inbound import Inbound
from tests.store.world import ALICE, BOB, NOON, World, holding, mo


async def heard(world: World) -> list[Event]:
    await world.store.events.number(100)
    return list((await world.store.events.after(1, 0, 100)).events)


async def endpoint(world: World, *kinds: str) -> int:
    made = await world.store.hooks.add(1, 1, "http://127.0.0.1:9/hook", kinds or ("message.received",), "whsec_AAAA")
    return made.endpoint_id


async def due(world: World) -> list[Post]:
    return list(await world.store.hooks.claim(10, [], 60.0))


async def test_nothing_is_kept_where_nobody_listens(world: World) -> None:
    await world.receive()
    assert await world.value("SELECT count(*) FROM integration_pending") == 0
    await world.store.events.listen(1)
    await world.receive()
    assert [event.kind for event in await heard(world)] == ["message.received"]


async def test_a_stop_is_heard_as_a_text_and_as_an_opt_out(world: World) -> None:
    await world.store.events.listen(1)
    told = await world.stop()
    flip, text = await heard(world)
    assert (flip.seq, flip.kind, text.seq, text.kind) == (1, "contact.opted_out", 2, "message.received")
    assert text.data["body"] == "STOP"
    assert (text.data["thread_id"], text.data["seq"]) == (told.thread_id, told.seq)
    assert {event.data["address"] for event in (text, flip)} == {ALICE}
    assert (flip.data["source"], flip.data["why"]) == ("text", "opted_out")
    await world.receive("START", keyword="START")
    assert [event.kind for event in await heard(world)][2:] == ["contact.opted_in", "message.received"]


async def test_what_changes_nothing_is_no_second_opt_out(world: World) -> None:
    await world.store.events.listen(1)
    for _ in range(2):
        await world.stop()
    assert [event.kind for event in await heard(world)].count("contact.opted_out") == 1


async def test_who_looks_after_a_thread_is_heard(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.store.events.listen(1)
    for _ in range(2):  # the second time nothing is changed
        await world.store.team.do(1, 1, Assign(thread, 1), NOON)
    await world.store.team.do(1, 1, SetClosed(thread, True), NOON)
    await world.store.team.do(1, 1, Assign(thread, None), NOON)
    told = [(event.kind, event.data["thread_id"], event.data["address"]) for event in await heard(world)]
    assert told == [("thread.assigned", thread, ALICE)] * 2
    given, taken = [event.data for event in await heard(world)]
    assert (given["assignee_id"], given["assignee"], given["by"]) == (1, "Dana", "Dana")
    assert (taken["assignee_id"], taken["assignee"], taken["by_id"]) == (None, None, 1)


async def test_what_becomes_of_a_text_is_heard_with_the_command_that_made_it(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.store.events.listen(1)
    await world.send(thread)
    [one] = await world.authorise()
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Accepted("SM1", "queued", 1), NOON)
    [event] = await heard(world)
    cmd_id = await world.value("SELECT cmd_id FROM message WHERE direction = 'out'")
    assert (event.kind, event.data["state"], event.data["cmd_id"]) == ("message.status", "sent", str(cmd_id))


async def test_a_campaigns_new_state_is_heard(world: World) -> None:
    await world.store.events.listen(1)
    await world.sql("INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'Spring', 'draft')")
    await world.sql("UPDATE campaign SET state = 'active'")
    await world.sql("UPDATE campaign SET rate = 2")
    [event] = await heard(world)
    assert (event.kind, event.data) == (
        "campaign.status", {"campaign_id": 1, "name": "Spring", "state": "active", "was": "draft"},
    )  # fmt: skip


async def test_a_click_of_a_person_is_heard_and_a_bots_is_not(world: World) -> None:
    await world.store.events.listen(1)
    await world.receive()
    await world.sql("INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'Spring', 'active')")
    await world.sql(
        "INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, endpoint_id) SELECT 1, 1, 1, id FROM endpoint"
    )
    await world.sql("INSERT INTO link_target (workspace_id, url) VALUES (1, 'https://acme.example/house')")
    await world.sql("INSERT INTO link (token, workspace_id, target_id, campaign_id, ord) VALUES ('t', 1, 1, 1, 1)")
    await world.sql("INSERT INTO link_click (token, at, bot) VALUES ('t', $1, NULL), ('t', $1, 'prefetch')", NOON)
    clicks = [event for event in await heard(world) if event.kind == "link.clicked"]
    assert [(event.data["url"], event.data["address"]) for event in clicks] == [("https://acme.example/house", ALICE)]


async def test_who_commits_late_is_heard_later_and_not_passed_by(world: World) -> None:
    """The late one took its number in the queue first; a cursor over that number would have gone past it."""
    await world.store.events.listen(1)
    await world.receive("before", from_=BOB)
    async with holding(world) as late:
        await world.store.bridge.call(lambda: Inbound(lambda: NOON).write(late, [mo("late")]))
        await world.receive("early", from_=BOB)
        assert [event.data["body"] for event in await heard(world)] == ["before", "early"]
        await world.store.bridge.call(lambda: late.execute("COMMIT"))
    events = await heard(world)
    assert [(event.seq, event.data["body"]) for event in events] == [(1, "before"), (2, "early"), (3, "late")]


async def test_servers_that_number_at_once_leave_no_gap_and_hear_nothing_twice(world: World) -> None:
    await world.store.events.listen(1)
    told: list[Event] = []

    async def write(person: str) -> None:
        for _ in range(20):
            await world.receive(from_=person)

    async def number() -> None:
        for _ in range(30):
            told.extend(await world.store.events.number(3))

    async with trio.open_nursery() as nursery:
        for person in (ALICE, BOB):
            nursery.start_soon(write, person)
        for _ in range(3):
            nursery.start_soon(number)
    told.extend(await world.store.events.number(100))
    assert sorted(event.seq for event in told) == list(range(1, 41))
    for person in (ALICE, BOB):
        of_one = [event.data["seq"] for event in await heard(world) if event.data["address"] == person]
        assert of_one == sorted(of_one)


async def test_an_endpoint_gets_the_kinds_that_it_asked_for_from_then_on(world: World) -> None:
    await world.receive()
    await endpoint(world, "contact.opted_out")
    await world.stop()
    await heard(world)
    [post] = await due(world)
    assert (post.event.kind, post.tries, post.simulated, post.secrets) == ("contact.opted_out", 1, True, ["whsec_AAAA"])


async def test_a_try_that_nobody_answered_for_is_made_again_under_the_same_id(world: World) -> None:
    """As after a kill: the lease ends, and whoever looks next has it."""
    await endpoint(world)
    await world.receive()
    await heard(world)
    [lost] = await due(world)
    assert await due(world) == []
    await world.sql("UPDATE webhook_delivery SET due_at = clock_timestamp()")
    [again] = await due(world)
    assert (again.delivery_id, again.tries) == (lost.delivery_id, 2)
    await world.store.hooks.settle(lost, Answered(200), state="delivered", again_in_s=None)
    assert await world.value("SELECT state FROM webhook_delivery") == "pending", "the first one's word counts no more"
    await world.store.hooks.settle(again, Answered(200), state="delivered", again_in_s=None)
    assert await world.value("SELECT state FROM webhook_delivery") == "delivered"


async def test_an_endpoint_that_is_busy_or_disabled_is_left_alone(world: World) -> None:
    one, other = await endpoint(world), await endpoint(world)
    await world.receive()
    await heard(world)
    assert [post.endpoint_id for post in await world.store.hooks.claim(10, [one], 60.0)] == [other]
    await world.store.hooks.change(1, one, 1, url=None, kinds=None, disabled=True, now=NOON)
    assert await due(world) == []
    await world.store.hooks.change(1, one, 1, url=None, kinds=None, disabled=False, now=NOON)
    assert [post.endpoint_id for post in await due(world)] == [one], "what waited is posted then"


async def test_what_is_older_than_a_week_is_forgotten(world: World) -> None:
    await endpoint(world)
    await world.receive()
    await heard(world)
    await world.sql("UPDATE integration_event SET at = at - interval '8 days'")
    await world.receive()
    await heard(world)
    before = await world.value("SELECT clock_timestamp() - interval '7 days'")
    assert (await world.store.pruning.prune(before, 10)).events == 1
    page = await world.store.events.after(1, 0, 10)
    assert (page.oldest, page.head, [event.seq for event in page.events]) == (2, 2, [2])
