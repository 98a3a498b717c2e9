"""The guards of campaigns: what T3 lets go of one that was stopped or changed, and who gets its text."""

from __future__ import annotations

from typing import Final

from tests.guards.guard import Edit, Guard

_SCHEMA: Final = "schema.sql"
_T3: Final = "tests/store/test_ledger_authorise.py"
_GATES: Final = "tests/store/test_campaign_gates.py"
_STOPS: Final = "tests/store/test_campaign_stops.py"
_QUEUE: Final = "tests/store/test_campaign_queue.py"
_SNAPSHOT: Final = "tests/store/test_campaign_snapshot.py"
_AT_ONCE: Final = "tests/store/test_campaigns_at_once.py"

CAMPAIGN_GUARDS: Final = (
    Guard(
        "a_paused_campaigns_text_is_held_at_the_gate",
        (Edit("server/store/ledger/facts.py", 'paused=state == "paused"', "paused=False"),),
        (f"{_GATES}::test_what_stands_behind_the_mark_of_a_stop_meets_the_campaigns_state",),
        (_GATES,),
    ),
    Guard(
        "what_was_made_before_a_stop_or_a_change_is_not_claimed",
        (Edit(_SCHEMA, "\n      AND (o.klass <> 'bulk' OR o.resends > 0 OR coalesce(c.made_after, 0) < o.id)", ""),),
        (
            f"{_GATES}::test_what_was_queued_and_granted_before_a_stop_is_not_even_claimed_after_its_commit",
            f"{_GATES}::test_after_a_change_each_gets_the_words_of_after_it_once",
        ),
        (_GATES,),
    ),
    Guard(
        "quiet_hours_are_asked_of_a_campaigns_text_at_dispatch",
        (Edit("server/store/ledger/facts.py", "        hours_open=hours.open,\n", "        hours_open=True,\n"),),
        (f"{_GATES}::test_whose_quiet_hours_began_between_queue_and_t3_gets_it_in_the_morning",),
        (_GATES,),
        also=(f"{_GATES}::test_a_text_that_was_asleep_while_its_campaign_was_paused_is_made_anew",),
    ),
    Guard(
        "t3_waits_for_a_stop_of_its_campaign",
        (
            Edit(
                _SCHEMA,
                "    PERFORM pg_advisory_xact_lock_shared(q.id)\n"
                "    FROM (SELECT DISTINCT c.id FROM unnest(campaigns) c (id) WHERE c.id IS NOT NULL ORDER BY 1) q;\n",
                "",
            ),
        ),
        (f"{_T3}::test_a_pause_that_was_committed_is_seen_by_a_t3_that_waited_for_it",),
        (_T3,),
    ),
    Guard(
        "a_stop_waits_for_a_t3_that_is_under_way",
        (
            Edit(
                "server/store/campaigns/stops.py",
                '    await connection.execute(_SQL["lock_exclusive"], campaign_id)\n',
                "",
            ),
        ),
        (f"{_STOPS}::test_a_stop_waits_for_a_t3_that_is_under_way",),
        (_STOPS,),
    ),
    Guard(
        "one_server_at_a_time_carries_a_campaign_on",
        (Edit("server/store/sql/campaign_engine.sql", "\nFOR NO KEY UPDATE OF c SKIP LOCKED;", ";"),),
        (f"{_QUEUE}::test_a_server_that_stood_still_while_queueing_never_calls_back_what_another_has_sent",),
        (f"{_QUEUE}::test_a_server_that_stood_still_while_queueing_never_calls_back_what_another_has_sent", _STOPS),
    ),
    Guard(
        "one_snapshot_of_a_workspace_begins_at_a_time",
        (
            Edit(
                "server/store/sql/campaign_audience.sql",
                "SELECT pg_try_advisory_xact_lock(-1 - $1::bigint);",
                "SELECT $1::bigint IS NOT NULL;",
            ),
        ),
        (f"{_AT_ONCE}::test_one_begins_when_the_other_is_whole_and_not_in_the_midst_of_its_first_piece",),
        (_AT_ONCE,),
        also=(f"{_AT_ONCE}::test_of_two_launched_at_once_one_gets_all_and_the_other_hears_of_nobody",),  # now and then
    ),
    Guard(
        "a_snapshot_has_each_recipient_once",
        (
            Edit(
                _SCHEMA,
                "    UNIQUE (campaign_id, endpoint_id),    -- each recipient once, however often it stands in the"
                " audience\n",
                "",
            ),
        ),
        (f"{_SNAPSHOT}::test_every_reason_and_every_number_is_what_the_rules_say",),
        (
            f"{_SNAPSHOT}::test_two_who_build_at_once_write_each_place_once",
            f"{_SNAPSHOT}::test_a_whole_snapshot_stays_as_it_is_whoever_asks_again",
        ),
    ),
)
