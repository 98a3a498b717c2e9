"""What plans come to, on a real database: figures held to texts rendered one by one, and every fault of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.domain.campaigns.audience import Exclusion
from server.domain.campaigns.drip import Drip
from server.domain.campaigns.health import Limits
from server.domain.campaigns.linked_text import Linked, cut, fill_links
from server.domain.campaigns.links import stand_in
from server.domain.filling import one_line_end
from server.domain.places import shipped_places
from server.domain.quiet_rules import Span
from server.domain.segments import count
from server.ports.bulk import AudienceRefused
from server.ports.campaigns import Leaving, Plan, Sources, Start, Variant
from server.store.campaigns import survey as survey_module
from tests.store.audiences import Judgement, Rules, Somebody, crowd, settle
from tests.store.test_campaign_snapshot import (
    FIELDS,
    STANDING,
    WORKSPACE,
    begun,
    build,
    judgements,
    people,
    plan,
)
from tests.store.world import NOON, World

LONG = "Hi {{first_name}} {{last_name|you}}, {{kind}}: " + "x" * 130


def told_to(body: str, values: Mapping[str, str | None], its: Plan, base: str = "http://localhost/l") -> Linked:
    """The text of one, rendered by itself."""
    told = {name.lower(): answer for name, answer in its.answers.items()}
    told |= {name: value for name, value in values.items() if value and value.strip()}
    return fill_links(cut(one_line_end(body), values), told, lambda target: stand_in(base))


async def told(world: World, its: Plan, settlers: Sequence[Somebody]) -> dict[int, Judgement]:
    rules = Rules.of(its, opt_in_required=False, simulated=True)
    values = await world.store.values.values(1, 1, [one.contact_id for one in settlers], NOON)
    return {one.contact_id: rules.judge(one, values[one.contact_id], set()) for one in settlers}


# Figures


@pytest.mark.parametrize(
    "its",
    [
        pytest.param(plan("Hello"), id="the same for all"),
        pytest.param(plan("Hi {{first_name}}, see https://acme.com/a_very_long_path/of_ours"), id="a name and a link"),
        pytest.param(plan(LONG, leaving=Leaving(7)), id="about as long as a segment"),
        pytest.param(plan("Hi {{first_name|}}: {{last_name}}", answers={"last_name": "friend"}), id="an answer"),
        pytest.param(plan("{{first_name|you}}", LONG, "See you {{showing_time|soon}}"), id="three variants"),
        pytest.param(plan("{{property_address|x}} {{budget|-}} {{first_time|-}}{{agent_name}}"), id="all kinds"),
        pytest.param(plan("https://acme.com/{{first_name|a}}?b={{kind|b}} {{last_name|c}}"), id="links of values"),
        pytest.param(plan("({{first_name|a}}), {{last_name|b}}: {{property_address|c}}. {{kind|d}}'s"), id="all apart"),
        pytest.param(plan("{{first_name|a}}.com {{last_name|b}}//x {{kind|c}}{{property_address|d}}"), id="not apart"),
        pytest.param(plan("{{moving_on|-}} " + "x" * 148), id="a day, told longer than it is kept"),
        pytest.param(plan("acme.{{first_name|com}} " + "x" * 130), id="a link that makes it two segments"),
        pytest.param(plan("{{first_name|a}} " + "x" * 150), id="a value that just fits, without the space behind it"),
        pytest.param(plan("acme.{{first_name|com}} {{last_name|d}}.com/x x{{kind|e}}"), id="values that make links"),
    ],
)
async def test_a_survey_tells_what_rendering_each_text_by_itself_comes_to(
    world: World, its: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey_module, "CHUNK", 250)
    await world.sql(FIELDS)
    settlers = crowd(3, 700)
    await settle(world, settlers)
    judged = await told(world, its, settlers)
    values = await world.store.values.values(1, 1, list(judged), NOON)
    lengths: dict[int, list[tuple[int, int]]] = {}
    for contact, one in judged.items():
        if one.reason is None:
            texts = [told_to(variant.body, values[contact], its).text for variant in its.variants]
            lengths[contact] = [(count(text).count, len(text)) for text in texts]
    shares = [variant.share for variant in its.variants]
    hundredths = sum(share * one[0] for each in lengths.values() for share, one in zip(shares, each, strict=True))
    found = await world.store.campaign_survey.survey(1, 1, its, NOON)
    assert (found.audience, found.recipients) == (len(settlers), len(lengths))
    assert dict(found.excluded) == Counter(Exclusion(one.reason) for one in judged.values() if one.reason)
    assert found.segments_min == min(one[0] for each in lengths.values() for one in each)
    assert found.segments_max == max(one[0] for each in lengths.values() for one in each)
    assert found.segments_total == (hundredths + 50) // 100
    assert found.cost == Decimal("0.0079") * found.segments_total
    assert found.longest is not None
    assert found.shortest is not None
    assert max(lengths[found.longest]) == max(one for each in lengths.values() for one in each)
    assert min(lengths[found.shortest]) == min(one for each in lengths.values() for one in each)
    missing = [one.contact_id for one in judged.values() if one.reason == "missing_value"]
    assert list(found.missing) == missing[:100]
    assert found.per_s == pytest.approx(10 * len(lengths) * 100 / hundredths)


async def test_who_lacks_what_is_counted_by_name(world: World) -> None:
    await world.sql(FIELDS)
    settlers = crowd(4, 400)
    await settle(world, settlers)
    its = plan("Hi {{first_name}} {{kind}}", "Dear {{last_name|you}}, {{property_address}}")
    judged = await told(world, its, settlers)
    values = await world.store.values.values(1, 1, list(judged), NOON)
    lacking: Counter[str] = Counter()
    for contact, one in judged.items():
        if one.reason == "missing_value":
            lacking.update(
                set().union(*(told_to(variant.body, values[contact], its).missing for variant in its.variants))
            )
    found = await world.store.campaign_survey.survey(1, 1, its, NOON)
    assert found.names == lacking
    assert set(lacking) == {"first_name", "kind", "property_address"}


async def test_what_a_survey_says_is_what_the_snapshot_finds(world: World) -> None:
    await world.sql(FIELDS)
    settlers = crowd(5, 500)
    await settle(world, settlers)
    its = plan("Hi {{first_name}} {{kind|}}", "{{last_name}}", leaving=Leaving(7))
    found = await world.store.campaign_survey.survey(1, 1, its, NOON)
    campaign = await begun(world, its)
    assert (await build(world, campaign, its, 120)).added == found.recipients
    reasons = Counter(one.reason for one in await judgements(world, campaign) if one.reason)
    assert {reason.value: n for reason, n in found.excluded.items()} == reasons


async def test_zones_are_those_of_the_recipients_numbers_and_of_what_is_known_of_them(world: World) -> None:
    await people(world, 2)
    await world.sql("UPDATE endpoint SET address = '+12125550101', places = '{Europe/Paris}' WHERE id = 1")
    await world.sql("UPDATE endpoint SET address = '+14155550101', opted_out = true WHERE id = 2")
    expected = shipped_places().candidates("+12125550101", ["Europe/Paris"]).zones
    assert (await world.store.campaign_survey.survey(1, 1, plan(), NOON)).zones == tuple(sorted(expected))


@pytest.mark.parametrize(
    ("change", "rate", "expected"),
    [
        pytest.param("SELECT 1", None, 10.0, id="the number's"),
        pytest.param("SELECT 1", 4.0, 4.0, id="the plan's, which is less"),
        pytest.param("SELECT 1", 40.0, 10.0, id="the plan's, which is more"),
        pytest.param("UPDATE carrier_account SET rate = 3", None, 3.0, id="the account's"),
        pytest.param("UPDATE number SET rate = 0", None, 0.0, id="a number that is paused"),
        pytest.param("DELETE FROM number", None, None, id="without a number"),
    ],
)
async def test_the_pace_is_the_slowest_of_number_account_and_plan(
    world: World, change: str, rate: float | None, expected: float | None
) -> None:
    await people(world, 1)
    await world.sql(change)
    assert (await world.store.campaign_survey.survey(1, 1, plan(rate=rate), NOON)).per_s == expected


async def test_short_links_of_a_workspace_with_its_own_domain_are_counted_at_their_length(world: World) -> None:
    [contact] = await people(world, 1)
    await world.sql("UPDATE workspace SET link_base = 'https://go.acme.example/l'")
    its = plan("See https://acme.com/tours/of/all/kinds")
    sample = await world.store.campaign_survey.sample(1, 1, its, contact, NOON)
    assert sample is not None
    assert sample.text == f"See {stand_in('https://go.acme.example/l')}"


async def test_before_there_are_words_people_are_counted_all_the_same(world: World) -> None:
    await people(world, 3)
    for its in (plan(""), plan("Hi {{frist_name}}"), plan("Hi {{first_name}}", " ")):
        found = await world.store.campaign_survey.survey(1, 1, its, NOON)
        assert (found.audience, found.recipients) == (3, 3)


# One by one


async def test_a_sample_is_the_text_of_one_also_of_one_who_gets_none(world: World) -> None:
    await world.sql(FIELDS)
    settlers = crowd(6, 60)
    await settle(world, settlers)
    its = plan("Hi {{first_name}} {{kind}}", "{{last_name|you}}, {{showing_time}}", sources=Sources())
    judged = await told(world, replace(its, sources=Sources(everybody=True)), settlers)
    values = await world.store.values.values(1, 1, list(judged), NOON)
    for contact, one in judged.items():
        for nth, variant in enumerate(its.variants):
            sample = await world.store.campaign_survey.sample(1, 1, its, contact, NOON, nth)
            expected, cost = told_to(variant.body, values[contact], its), None
            assert sample is not None
            cost = count(expected.text)
            assert (sample.text, sample.missing, sample.variant) == (expected.text, expected.missing, nth)
            assert (sample.segments, sample.encoding) == (cost.count, cost.encoding)
            assert sample.excluded == (None if one.reason is None else Exclusion(one.reason))


async def test_there_is_no_sample_of_nobody(world: World) -> None:
    await world.store.call(lambda c: c.execute(WORKSPACE))
    [gone], [theirs] = await people(world, 1), await people(world, 1, workspace=2)
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id = $1", gone)
    for contact in (gone, theirs, 999):
        assert await world.store.campaign_survey.sample(1, 1, plan(), contact, NOON) is None
    assert await world.store.campaign_survey.sample(2, 2, plan(), theirs, NOON, 1) is None, "no such variant"


async def test_people_come_by_id_and_are_found_by_what_is_typed(world: World) -> None:
    await world.store.call(lambda c: c.execute(WORKSPACE))
    await people(world, 10)
    await world.store.call(lambda c: c.execute(STANDING))
    await world.sql("UPDATE contact SET first_name = 'Maya' WHERE id IN (1, 3, 9)")
    await world.sql("UPDATE endpoint SET opted_out = true WHERE id = 3")
    survey, its = world.store.campaign_survey, plan(sources=Sources(stage_ids=(1, 2)))

    async def found(after: int, limit: int, q: str = "") -> list[tuple[int, Exclusion | None]]:
        return [(one.contact_id, one.excluded) for one in await survey.people(1, 1, its, after, limit, NOON, q)]

    opted_out = (3, Exclusion.OPTED_OUT)
    assert await found(0, 10) == [(1, None), (2, None), opted_out]
    assert await found(1, 1) == [(2, None)]
    assert await found(0, 10, "may") == [(1, None), opted_out]
    assert await found(0, 10, "zzz") == []
    [one] = await survey.people(1, 1, its, 0, 1, NOON)
    assert (one.name, one.address, one.text, one.segments) == ("Maya", "+12025550101", "", 0)


async def test_all_who_get_none_are_listed_with_their_reason(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "CHUNK", 40)
    await world.sql(FIELDS)
    settlers = crowd(7, 160)
    await settle(world, settlers)
    its = plan("Hi {{first_name}}")
    judged = await told(world, its, settlers)
    listed = [one async for piece in world.store.campaign_survey.left_out(1, 1, its, NOON) for one in piece]
    assert [(one.contact_id, one.reason.value) for one in listed] == [
        (one.contact_id, one.reason) for one in judged.values() if one.reason
    ]
    first = {one.contact_id: one.phones() for one in settlers}
    assert all(one.address == (first[one.contact_id][0].address if first[one.contact_id] else "") for one in listed)


async def test_nobody_is_listed_where_everybody_gets_it(world: World) -> None:
    await people(world, 2)
    assert [piece async for piece in world.store.campaign_survey.left_out(1, 1, plan(), NOON)] == []


# Faults

DRIP = Drip(50, 600, frozenset(range(5)), Span(9 * 3600, 17 * 3600), "America/New_York")
TOMORROW = date(2026, 3, 11)


def start(day: date | None = TOMORROW, at: time = time(9), zone: str = "America/New_York", **more: Any) -> Start:
    return Start(day, at, zone, **more)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, [], id="nothing is wrong"),
        pytest.param({"sources": Sources()}, [("audience", "Choose who gets this campaign.")], id="no audience"),
        pytest.param(
            {"sources": Sources(contact_ids=(999,))},
            [("audience", "Nobody stands in this audience.")],
            id="an empty audience",
        ),
        pytest.param(
            {"sources": Sources(contact_ids=(2,))},
            [("audience", "Nobody of this audience would get a text. Of everybody it is said: Has opted out.")],
            id="all are left out",
        ),
        pytest.param(
            {"sources": Sources(filter_ids=(9,))},
            [("audience", "A filter of this audience is not there any more.")],
            id="a filter that is gone",
        ),
        pytest.param(
            {"leaving": Leaving(0)},
            [("audience", "Who was texted within 1 to 365 days can be left out.")],
            id="no days",
        ),
        pytest.param({"variants": (Variant(" \n"),)}, [("message", "Write the text.")], id="no words"),
        pytest.param(
            {"variants": (Variant("A", 50), Variant("", 50))},
            [("message", "Variant B: Write the text.")],
            id="no words in the second",
        ),
        pytest.param(
            {"variants": (Variant("Hi {{frist_name}}"),)},
            [("message", 'There is no token named "frist_name". Did you mean "first_name"?')],
            id="a broken template",
        ),
        pytest.param(
            {"variants": (Variant("x" * 1601),)},
            [("message", "The text would be longer than 1,600 characters.")],
            id="too long",
        ),
        pytest.param({"variants": (Variant("Hi {{agent_name}}"),)}, [], id="whoever launches it has a name"),
        pytest.param(
            {"variants": (Variant("A", 50), Variant("B", 40))},
            [("message", "The shares add up to 90 %; they must add up to 100 %.")],
            id="shares",
        ),
        pytest.param({"variants": ()}, [("message", "A campaign has at least one text.")], id="no variants"),
        pytest.param({"start": start()}, [], id="tomorrow"),
        pytest.param(
            {"start": start(date(2026, 3, 10), time(11, 59))},
            [("schedule", "The start lies in the past.")],
            id="a minute ago",
        ),
        pytest.param({"start": start(date(2026, 3, 10), time(12))}, [], id="this minute"),
        pytest.param(
            {"start": start(zone="Mars/Base")}, [("schedule", 'There is no time zone named "Mars/Base".')], id="a zone"
        ),
        pytest.param(
            {"start": start(None, at_home=True)},
            [("schedule", "Choose the day on which people get it at an hour of their own.")],
            id="at home without a day",
        ),
        pytest.param({"start": start(date(2026, 3, 10), time(13), at_home=True)}, [], id="still to come at home"),
        pytest.param(
            {"start": start(date(2026, 3, 10), time(11), zone="Pacific/Honolulu", at_home=True)},
            [("schedule", "Tue, Mar 10 at 11:00 AM has passed everywhere. Choose a later day or hour.")],
            id="passed where the recipient is",
        ),
        pytest.param({"drip": DRIP}, [], id="a drip"),
        pytest.param({"drip": DRIP, "start": start(at_home=True)}, [], id="a drip at home"),
        pytest.param(
            {"drip": replace(DRIP, ends_on=date(2026, 3, 10)), "start": start(at_home=True)},
            [("schedule", "The end date lies before the start.")],
            id="a drip at home that ends before it begins",
        ),
        pytest.param(
            {"drip": replace(DRIP, batch=0, days=frozenset())},
            [
                ("schedule", "A batch must have 1 to 1,000,000 recipients."),
                ("schedule", "Choose at least one day of the week."),
            ],
            id="a drip with two faults",
        ),
        pytest.param(
            {"drip": replace(DRIP, ends_on=TOMORROW), "start": start(TOMORROW + timedelta(days=1))},
            [("schedule", "The end date lies before the start.")],
            id="a drip that ends before it begins",
        ),
        *(
            pytest.param(
                {"rate": rate}, [("schedule", "The rate must be above zero segments per second.")], id=f"rate {rate}"
            )
            for rate in (0, -1.0, float("nan"), float("inf"))
        ),
        pytest.param(
            {"limits": Limits(failed_percent=0)},
            [("schedule", "A limit is a share above 0 and up to 100 percent.")],
            id="limits",
        ),
        pytest.param(
            {"number_id": 99},
            [("numbers", "The number that it is to be sent from is not there any more. Choose another one.")],
            id="a number that is gone",
        ),
        pytest.param(
            {"number_id": 99, "rate": 0, "variants": (Variant(""),), "sources": Sources()},
            [
                ("audience", "Choose who gets this campaign."),
                ("message", "Write the text."),
                ("schedule", "The rate must be above zero segments per second."),
                ("numbers", "The number that it is to be sent from is not there any more. Choose another one."),
            ],
            id="in the order of the steps",
        ),
    ],
)
async def test_every_fault_of_a_plan_is_a_sentence_at_its_step(
    world: World, change: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    await people(world, 2)
    await world.sql("UPDATE endpoint SET opted_out = true WHERE id = 2")
    found = await world.store.campaign_survey.faults(1, replace(plan(), **change), NOON)
    assert [(fault.part, fault.sentence) for fault in found] == expected


async def test_a_workspace_without_numbers_is_told_to_add_one(world: World) -> None:
    await people(world, 1)
    await world.sql("DELETE FROM number")
    [fault] = await world.store.campaign_survey.faults(1, plan(), NOON)
    assert (fault.part, fault.sentence) == ("numbers", "There is no number to send from. Add one first.")


async def test_somebody_far_behind_those_who_are_left_out_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey_module, "FIRST_LOOK", 2)
    monkeypatch.setattr(survey_module, "CHUNK", 2)
    await people(world, 7)
    await world.sql("UPDATE endpoint SET opted_out = true WHERE id < 7")
    assert await world.store.campaign_survey.faults(1, plan(), NOON) == ()


async def test_faults_and_survey_are_those_that_each_tells_alone_by_one_look_at_the_audience(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people(world, 5)
    survey, looks = world.store.campaign_survey, list[int]()
    add_up = type(survey)._add_up

    async def counted(*given: Any, **more: Any) -> None:
        looks.append(1)
        await add_up(*given, **more)

    monkeypatch.setattr(type(survey), "_add_up", counted)
    for its in (plan(), plan(""), plan(sources=Sources(contact_ids=(99,)))):
        faults, found = await survey.faults_and_survey(1, 1, its, NOON)
        assert len(looks) == 1
        assert (list(faults), found) == (list(await survey.faults(1, its, NOON)), await survey.survey(1, 1, its, NOON))
        looks.clear()
    faults, found = await survey.faults_and_survey(1, 1, plan(sources=Sources(stage_ids=(99,))), NOON)
    assert ([fault.part for fault in faults], found) == (["audience"], None)


async def test_a_plan_that_cannot_be_read_is_refused_whatever_is_asked(world: World) -> None:
    its, survey = plan(sources=Sources(stage_ids=(99,))), world.store.campaign_survey
    with pytest.raises(AudienceRefused, match="no such stage"):
        await survey.survey(1, 1, its, NOON)
    with pytest.raises(AudienceRefused, match="no such stage"):
        await survey.people(1, 1, its, 0, 10, NOON)
    with pytest.raises(AudienceRefused, match="no such stage"):
        [piece async for piece in survey.left_out(1, 1, its, NOON)]
