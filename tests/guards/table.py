"""The guards: what each protects, the edit that takes it away, and the tests that must notice.

An edit still imports and still loads: only the guard is gone. `named` are the tests that must fail by assertion; the
rest of `near`, the suites around the guard, must go on passing, but for `also`: other tests of the same guard.
"""

from __future__ import annotations

from typing import Final

from tests.guards.campaigns import CAMPAIGN_GUARDS
from tests.guards.guard import Edit, Guard
from tests.guards.nodes import NODE_GUARDS
from tests.guards.own_numbers import OWN_NUMBER_GUARDS
from tests.guards.settings import SETTINGS_GUARDS
from tests.guards.sight import SIGHT_GUARDS

_SCHEMA: Final = "schema.sql"
_SENDER: Final = "server/actors/sender.py"
_T3: Final = "tests/store/test_ledger_authorise.py"
_T4: Final = "tests/store/test_ledger_outcomes.py"
_CONSENT: Final = "tests/store/test_consent.py"
_BULK: Final = "tests/store/test_bulk.py"
_LOOKING: Final = "tests/store/test_what_looking_costs.py"
_LIFELINE: Final = "tests/store/test_ledger_lifeline.py"
_RACES: Final = "tests/races/test_races.py"
_ORDERS: Final = "tests/races/test_all_orders.py::test_in_no_order_of_their_statements_do_both_win"


_LOCK: Final = "    PERFORM 1 FROM endpoint e WHERE e.id = ANY (endpoints) ORDER BY e.id FOR NO KEY UPDATE;\n"
_CLAIMS_READ: Final = "coalesce(c.made_after, 0) < o.id)\n    ORDER BY o.id;\n"

_QUEUE_ANEW: Final = """
    INSERT INTO outbox (workspace_id, endpoint_id, number_id, thread_id, seq, klass, lane, consent_epoch, cost, due_at)
    SELECT a.workspace_id, a.endpoint_id, a.number_id, a.thread_id, a.seq, a.klass, 1, a.consent_epoch, a.cost, w.now_
    FROM unnest(work) w JOIN attempt a ON a.id = w.attempt_id WHERE w.error_class = 'transient' ON CONFLICT DO NOTHING;
"""
_OF_THE_INBOX: Final = """
           AND EXISTS (SELECT FROM thread z WHERE z.id = y.thread_id AND z.workspace_id = $1 AND z.listed)"""
_KNOWN_FOR_A_DAY: Final = """
        ON CONFLICT (account_id, kind, provider_id) DO UPDATE SET at = now() WHERE r.at < now() - interval '1 day'
        RETURNING r.account_id, r.provider_id
    ), first AS ("""
_LAST_ONE_HELD: Final = "    SELECT l.* INTO held FROM limiter_authority l FOR UPDATE;\n"

GUARDS: Final = (
    Guard(
        "notes_are_looked_for_no_further_back_than_texts",
        (
            Edit(
                "server/store/conversations/history.py",
                ', ends[kind]["oldest"], _EPOCH if known_to is None else known_to[0])',
                ', ends[kind]["oldest"])',
            ),
        ),
        ("tests/store/test_history.py::test_notes_are_looked_for_no_further_back_than_a_full_page_of_texts_came",),
        ("tests/store/test_history.py",),
    ),
    Guard(
        "marks_where_the_inbox_does_not_look_hide_no_thread",
        (
            Edit(
                "server/store/sql/inbox.sql",
                _OF_THE_INBOX,
                "",
            ),
        ),
        (f"{_LOOKING}::test_marks_of_threads_that_the_inbox_does_not_show_hide_none_that_it_does",),
        (_LOOKING,),
    ),
    Guard(
        "t3_locks_the_recipient",
        (Edit(_SCHEMA, _LOCK, ""),),
        (f"{_T3}::test_of_hundreds_of_races_no_bulk_text_is_authorised_after_a_stop",),
        (_T3,),
        also=(f"{_T3}::test_a_t3_that_waits_for_a_stop_sees_it",),  # it finds nobody waiting
    ),
    Guard(
        "t3_reads_after_the_lock",
        (
            Edit(_SCHEMA, _LOCK, ""),
            Edit(_SCHEMA, f"{_CLAIMS_READ}END $$;", f"{_CLAIMS_READ}{_LOCK}END $$;"),
        ),
        (f"{_T3}::test_a_t3_that_waits_for_a_stop_sees_it",),
        (_T3,),
        also=(f"{_T3}::test_of_hundreds_of_races_no_bulk_text_is_authorised_after_a_stop",),
    ),
    Guard(
        "an_unknown_outcome_is_not_queued_again",
        (
            Edit(
                "server/store/ledger/outcomes.py",
                'rest = ("unknown", None, None, None, reason, None, self._first_rung_s)',
                'rest = ("not_sent", None, None, None, reason, None, None)',
            ),
        ),
        (f"{_T4}::test_an_unknown_outcome_climbs_the_ladder_and_is_not_queued",),
        (_T4,),
        also=(
            f"{_T4}::test_receipts_and_the_outcome_in_any_order_end_in_the_same_state",
            f"{_T4}::test_a_late_receipt_raises_an_unconfirmed_text",
        ),
    ),
    Guard(
        "a_time_out_is_not_sent_again",
        (
            Edit(
                _SENDER,
                "            if not (isinstance(outcome, NotSent) and outcome.voided):\n",
                "            if isinstance(outcome, Unknown):\n                continue\n"
                "            if not (isinstance(outcome, NotSent) and outcome.voided):\n",
            ),
        ),
        ("tests/actors/test_sender.py::test_what_may_have_been_accepted_is_submitted_once",),
        ("tests/actors/test_sender.py", "tests/actors/test_stager.py"),
        quick=True,
    ),
    Guard(
        "a_receipts_code_queues_nothing",
        (
            Edit(
                _SCHEMA,
                "    IF p_keep THEN\n        INSERT INTO early_receipt",
                _QUEUE_ANEW + "    IF p_keep THEN\n        INSERT INTO early_receipt",
            ),
        ),
        (f"{_T4}::test_a_receipts_error_is_stored_and_never_a_reason_to_send_again",),
        (_T4,),
        also=(f"{_T4}::test_a_receipts_code_ends_the_text_and_is_no_reason_to_send_it_again",),
    ),
    Guard(
        "the_limiter_starts_with_its_burst_spent",
        (
            Edit(
                "server/domain/bucket.py",
                "return Bucket(rate, burst, ready_at=now, floor_at=now)",
                "return Bucket(rate, burst, ready_at=-math.inf)",
            ),
        ),
        ("tests/domain/test_bucket.py::test_after_a_start_the_first_cost_waits_for_its_whole_spacing",),
        ("tests/domain/test_bucket.py", "tests/domain/test_segments.py", "tests/domain/test_backoff.py"),
        also=(
            "tests/domain/test_bucket.py::test_restarts_keep_the_promise",
            "tests/domain/test_bucket.py::test_a_resumed_bucket_has_its_burst_spent",
            "tests/domain/test_bucket.py::test_changes_of_rate_and_burst_keep_the_promise_of_the_highest",
            "tests/domain/test_bucket.py::test_what_is_owed_since_the_start_is_paid_at_the_new_rate_too",
        ),
        quick=True,
    ),
    Guard(
        "a_status_only_moves_up",
        (Edit(_SCHEMA, "(p_decided OR (m.rank < n.rank AND NOT", "(p_decided OR (m.state <> n.state AND NOT"),),
        (f"{_T4}::test_receipts_and_the_outcome_in_any_order_end_in_the_same_state",),
        (_T4,),
        also=(f"{_T4}::test_a_late_receipt_raises_an_unconfirmed_text",),
    ),
    Guard(
        "a_cap_counts_its_own_batch",
        (
            Edit(
                "server/store/ledger/authorise.py",
                'leaving.setdefault(row["endpoint_id"], []).append(self._granted[row["outbox_id"]].slot_at)',
                'leaving.setdefault(row["endpoint_id"], [])',
            ),
        ),
        ("tests/store/test_caps.py::test_a_batch_counts_its_own_rows",),
        ("tests/store/test_caps.py",),
        also=(
            "tests/store/test_caps.py::test_a_later_batch_counts_what_left_before_it",
            "tests/store/test_caps.py::test_a_rejected_text_of_the_same_batch_makes_room_again",
            "tests/store/test_caps.py::test_what_waits_for_a_cap_leaves_when_it_resets",
            "tests/store/test_caps.py::test_of_two_t3_at_once_on_one_recipient_exactly_the_cap_leaves",
        ),
    ),
    Guard(
        "a_lost_journal_proves_nothing",
        (
            Edit(
                "server/store/ledger/journal.py",
                "        except OSError:\n            return None\n",
                "        except OSError:\n            return frozenset(marked)\n",
            ),
        ),
        ("tests/store/test_journal.py::test_a_damaged_journal_proves_nothing",),
        ("tests/store/test_journal.py", "tests/actors/test_lifeline.py"),
        also=("tests/store/test_journal.py::test_a_folder_knows_its_journals_and_forgets_one_with_all_its_segments",),
        quick=True,
    ),
    Guard(
        "without_a_journal_a_crashed_claim_is_unknown",
        (
            Edit(
                "server/actors/lifeline.py",
                "    if marked is None:\n        return [], ids\n",
                "    marked = marked or frozenset()\n",
            ),
        ),
        ("tests/actors/test_lifeline.py::test_crashed_claims_are_sorted_by_the_journal",),
        ("tests/actors/test_lifeline.py", "tests/actors/test_sender.py"),
        also=("tests/actors/test_lifeline.py::test_an_outage_of_the_database_ends_no_duty",),
        quick=True,
    ),
    Guard(
        "an_inbound_id_is_known_for_ever",
        (
            Edit(
                _SCHEMA,
                "        ON CONFLICT DO NOTHING RETURNING r.account_id, r.provider_id\n    ), first AS (",
                _KNOWN_FOR_A_DAY,
            ),
        ),
        ("tests/store/test_ledger_inbound.py::test_a_text_that_comes_again_after_days_is_known",),
        ("tests/store/test_ledger_inbound.py",),
    ),
    Guard(
        "an_answer_follows_the_commit",
        (
            Edit(
                "server/door/webhooks.py",
                "        return Started.ANSWERS_LATER\n",
                "        return EMPTY_TWIML\n",
            ),
        ),
        ("tests/door/test_ack.py::test_who_does_not_wait_is_answered_by_the_commit",),
        ("tests/door/test_ack.py", "tests/door/test_head.py"),
        quick=True,
    ),
    Guard(
        "quiet_hours_are_asked_at_dispatch",
        (Edit("server/store/ledger/facts.py", "        hours_open=hours.open,\n", "        hours_open=True,\n"),),
        ("tests/store/test_quiet_hours.py::test_what_was_deferred_leaves_at_the_opening_and_not_before",),
        ("tests/store/test_quiet_hours.py",),
        also=(
            "tests/store/test_quiet_hours.py::test_the_matrix",
            "tests/store/test_quiet_hours.py::test_at_the_last_call_it_waits_for_the_next_morning",
            "tests/store/test_quiet_hours.py::test_where_the_recipient_may_be",
            "tests/store/test_quiet_hours.py::test_a_number_of_no_known_country_waits_for_a_person",
            "tests/store/test_quiet_hours.py::test_the_thread_hears_why_a_text_waits_and_until_when",
            "tests/store/test_quiet_hours.py::test_what_has_left_waits_no_more",
        ),
    ),
    Guard(
        "a_stop_is_confirmed_once",
        (
            Edit(
                _SCHEMA,
                "    keyed := CASE owed.kind WHEN 'help_asked' THEN owed.id ELSE 0 END;\n",
                "    SELECT count(*) INTO keyed FROM keyword_answer;\n",
            ),
        ),
        (f"{_LIFELINE}::test_a_stop_is_answered_once_even_by_four_lifelines_at_once",),
        (_LIFELINE,),
        also=(f"{_LIFELINE}::test_help_is_answered_at_most_once_in_five_minutes",),
    ),
    Guard(
        "an_outcome_is_fenced_by_its_generation",
        (Edit(_SCHEMA, "WHEN g.gen IS NOT NULL THEN a.gen = g.gen AND (", "WHEN g.gen IS NOT NULL THEN ("),),
        (f"{_T4}::test_an_outcome_counts_once_and_only_for_its_own_generation",),
        (_T4,),
    ),
    Guard(
        "t3_is_fenced_by_the_nodes_lease",
        (
            Edit(
                _SCHEMA,
                "EXISTS (SELECT FROM node x WHERE x.gen = p_gen AND x.left_at IS NULL AND x.fenced_at IS NULL\n"
                "                                        AND x.expires_at > clock_timestamp()),",
                "EXISTS (SELECT FROM node x WHERE x.gen = p_gen),",
            ),
        ),
        (f"{_T3}::test_a_fenced_node_sends_nothing_and_changes_nothing",),
        (_T3,),
    ),
    Guard(
        "what_was_on_the_wire_is_not_void",
        (
            Edit(
                _SENDER,
                "                if job.wrote and isinstance(outcome, Voided):\n",
                "                if not job.wrote and isinstance(outcome, Unknown):\n",
            ),
        ),
        ("tests/actors/test_sender.py::test_an_answer_that_does_not_come_before_the_end_is_unknown",),
        ("tests/actors/test_sender.py", "tests/actors/test_stager.py"),
        also=(
            "tests/actors/test_sender.py::test_a_fault_of_ours_after_the_first_byte_is_unknown_and_stops_nobody_else",
        ),
        quick=True,
    ),
    Guard(
        "what_is_told_of_overtakes_none_that_waits_longer",
        (
            Edit(
                "server/actors/stager.py",
                "        if row.stream not in cut_off and waiting < QUEUE_AHEAD:\n",
                "        if waiting < QUEUE_AHEAD:\n",
            ),
        ),
        (
            "tests/actors/test_stager.py"
            "::test_what_a_commit_tells_of_overtakes_none_that_the_limiter_has_not_been_shown",
        ),
        ("tests/actors/test_stager.py",),
        quick=True,
    ),
    Guard(
        "what_is_told_of_during_a_look_is_not_forgotten",
        (Edit("server/actors/stager.py", " | self._told)", ")"),),
        ("tests/actors/test_stager.py::test_what_is_told_during_a_look_is_not_forgotten_for_being_too_new_for_it",),
        ("tests/actors/test_stager.py",),
        quick=True,
    ),
    Guard(
        "a_late_authorisation_is_void",
        (
            Edit(
                _SENDER,
                "    return min(answered_at + BULK_MAX_AGE_S, asked_at + BULK_BOUND_S)",
                "    return answered_at + BULK_MAX_AGE_S",
            ),
        ),
        ("tests/actors/test_sender.py::test_bulk_whose_authorisation_was_answered_late_is_void",),
        ("tests/actors/test_sender.py", "tests/actors/test_stager.py"),
        quick=True,
    ),
    Guard(
        "what_was_allowed_is_looked_at_again_after_the_mark",
        (
            Edit(
                _SENDER,
                "        if self._clock.monotonic() > job.deadline:\n            raise Void(HELD_UP)\n",
                "",
            ),
        ),
        ("tests/actors/test_sender.py::test_a_text_whose_sender_stood_still_at_its_mark_does_not_leave",),
        ("tests/actors/test_sender.py", "tests/actors/test_stager.py"),
        quick=True,
    ),
    Guard(
        "rivals_are_read_after_the_list",
        (
            Edit(
                "server/actors/lifeline.py",
                "        attempts = (await self._open_by_line(now)).get(line, [])\n",
                "        await self._open_by_line(now)\n",
            ),
        ),
        (
            "tests/actors/test_lifeline.py"
            "::test_an_equal_text_that_was_authorised_while_the_list_was_read_is_a_rival_too",
        ),
        ("tests/actors/test_lifeline.py", "tests/domain/test_reconcile.py"),
        quick=True,
    ),
    Guard(
        "an_absent_row_of_the_list_proves_nothing",
        (
            Edit(
                "server/domain/reconcile.py",
                "    if len(candidates) < len(group):\n        return {}\n",
                "    group = group[: len(candidates)]\n",
            ),
        ),
        ("tests/actors/test_lifeline.py::test_a_rival_keeps_a_message_from_being_bound_and_is_left_as_it_is",),
        ("tests/actors/test_lifeline.py", "tests/actors/test_sender.py"),
        also=(
            "tests/actors/test_lifeline.py::test_an_equal_text_that_was_authorised_while_the_list_was_read_is_a_rival_too",
            "tests/actors/test_lifeline.py::test_fewer_candidates_than_unknowns_bind_none",
        ),
        quick=True,
    ),
    Guard(
        "a_hand_over_waits_for_every_t3",
        (
            Edit(
                _SCHEMA,
                "    PERFORM pg_advisory_xact_lock(-1);\n" + _LAST_ONE_HELD,
                _LAST_ONE_HELD,
            ),
        ),
        (f"{_T3}::test_a_hand_over_waits_for_a_t3_under_the_old_epoch",),
        (_T3,),
    ),
    Guard(
        "bulk_needs_a_consent_on_record_where_one_is_required",
        (
            Edit(
                "server/domain/gate.py",
                "facts.message_class is MessageClass.BULK and facts.opt_in_required and not recipient.consented",
                "False",
            ),
        ),
        (
            "tests/domain/test_gate.py::test_the_matrix",
            f"{_CONSENT}::test_where_an_opt_in_is_required_bulk_without_one_is_blocked_and_nothing_else",
        ),
        ("tests/domain/test_gate.py", _CONSENT),
        also=(
            "tests/domain/test_gate.py::test_of_several_objections_the_gravest_is_given",
            f"{_CONSENT}::test_bulk_goes_to_those_whose_opt_in_is_on_record_whether_or_not_one_is_required",
        ),
    ),
    Guard(
        "t3_reads_the_consent_on_record",
        (
            Edit(
                _SCHEMA,
                "o.key, o.resends, e.consented_at, w.opt_in_required,",
                "o.key, o.resends, e.created_at, w.opt_in_required,",
            ),
        ),
        (f"{_CONSENT}::test_where_an_opt_in_is_required_bulk_without_one_is_blocked_and_nothing_else",),
        (_CONSENT,),
        also=(f"{_CONSENT}::test_bulk_goes_to_those_whose_opt_in_is_on_record_whether_or_not_one_is_required",),
    ),
    Guard(
        "an_undo_names_the_epoch_that_it_saw",
        (Edit("server/domain/testimony.py", "    if told.epoch != standing.epoch:\n", "    if False:\n"),),
        (
            "tests/domain/test_testimony.py::test_what_is_written_down",
            f"{_CONSENT}::test_what_is_no_evidence_undoes_nothing",
        ),
        ("tests/domain/test_testimony.py", _CONSENT),
        also=(f"{_CONSENT}::test_of_two_who_undo_at_once_one_is_told_that_it_changed",),
    ),
    Guard(
        "an_undo_is_newer_than_the_last_no",
        (
            Edit(
                "server/domain/testimony.py",
                "told.at is None or (standing.said_no_at is not None and told.at <= standing.said_no_at)",
                "told.at is None",
            ),
        ),
        (f"{_CONSENT}::test_a_stop_that_is_said_once_more_outdates_the_evidence",),
        (_CONSENT,),
        also=(f"{_CONSENT}::test_what_is_no_evidence_undoes_nothing",),
    ),
    Guard(
        "a_revocation_raises_the_epoch",
        (
            Edit(
                _SCHEMA,
                "opted_out = e.opted_out <> flipped, consent_epoch = e.consent_epoch + flipped::integer,",
                "opted_out = e.opted_out <> flipped,",
            ),
        ),
        (f"{_CONSENT}::test_a_revocation_is_a_stop_but_for_the_confirmation",),
        (_CONSENT,),
        also=(
            f"{_CONSENT}::test_bulk_that_was_queued_before_a_revocation_never_leaves_and_a_persons_text_waits",
            f"{_CONSENT}::test_an_opt_out_is_undone_upon_a_newer_consent",
            f"{_CONSENT}::test_of_two_who_undo_at_once_one_is_told_that_it_changed",
        ),
    ),
    Guard(
        "a_members_word_is_judged_under_the_lock",
        (
            Edit(
                _SCHEMA,
                "    PERFORM 1 FROM endpoint e WHERE e.workspace_id = p_workspace AND e.id = p_endpoint"
                " FOR NO KEY UPDATE;\n",
                "",
            ),
        ),
        (f"{_RACES}::test_a_stop_always_wins_over_an_undo_that_did_not_see_it",),
        (_RACES,),
        also=(f"{_RACES}::test_a_revocation_that_is_written_down_and_a_send_never_both_win",),
    ),
    Guard(
        "one_server_at_a_time_carries_a_bulk_on",
        (Edit("server/store/sql/bulk.sql", "\nFOR NO KEY UPDATE SKIP LOCKED;", ";"),),
        (f"{_BULK}::test_a_server_that_stood_still_while_queueing_never_calls_back_what_another_has_sent",),
        (_BULK,),
    ),
    *CAMPAIGN_GUARDS,
    *NODE_GUARDS,
    *OWN_NUMBER_GUARDS,
    *SETTINGS_GUARDS,
    *SIGHT_GUARDS,
)
