"""The guards of several servers: a hint is never the truth, and silence is never trusted."""

from __future__ import annotations

from typing import Final

from tests.guards.guard import Edit, Guard

_HINTS: Final = "tests/nodes/test_hints.py"
_LOOKOUT: Final = "server/actors/lookout.py"
_OTHER_HISTORY: Final = "test_a_server_whose_database_goes_on_with_another_history_is_told_and_looks_at_nothing_of_it"
_HEARING: Final = "server/domain/hearing.py"
_LEASE: Final = "server/domain/lease.py"
_LEASES: Final = "tests/rate/test_leases.py"
_SHARING: Final = "tests/rate/test_sharing.py"
_NO_WINDOW: Final = f"{_LEASES}::test_however_many_share_a_limit_no_window_holds_more_and_no_instant_is_anothers"
_BOOK: Final = "tests/nodes/test_redis_leases.py"
_STAGER: Final = "tests/actors/test_stager.py"
_STORE: Final = "tests/store/test_store.py"
_FENCED: Final = "tests/store/test_ledger_authorise.py"

_PRESENCE: Final = "tests/nodes/test_presence.py"
_SHARDS: Final = "tests/nodes/test_shards.py"
_TERMS: Final = "tests/store/test_shards.py"
_LATE: Final = "tests/nodes/test_shards_processes.py"

_LOGINS: Final = "tests/store/test_logins.py"

NODE_GUARDS: Final = (
    Guard(
        "tries_to_log_in_are_counted_under_their_lock",
        (Edit("schema.sql", "    wait_s := wait_for_try(p_key, p_burst, p_every, now_);\n", ""),),
        (f"{_LOGINS}::test_who_waited_for_another_servers_try_counts_it",),
        (_LOGINS,),
        also=(f"{_LOGINS}::test_of_forty_tries_at_once_at_two_servers_ten_are_allowed",),
    ),
    Guard(
        "a_try_to_log_in_locks_its_keys_in_one_order",
        (Edit("schema.sql", "(SELECT array_agg(k ORDER BY k) FROM unnest(p_key) k)", "p_key"),),
        ("tests/store/test_lock_order.py::test_locks_are_taken_in_one_order",),
        (_LOGINS,),
    ),
    Guard(
        "an_address_with_what_the_database_leaves_out_is_no_other_one",
        (Edit("server/store/logins.py", "{storable(email)}", "{email}"),),
        (f"{_LOGINS}::test_an_address_that_is_nobodys_in_the_database_buys_no_tries_at_somebodys",),
        (_LOGINS,),
        also=(f"{_LOGINS}::test_what_no_utf8_can_hold_is_counted_as_well",),
    ),
    Guard(
        "the_term_is_checked",
        (
            Edit(
                "server/store/postgres.py",
                "                if term is not None:\n",
                "                if term is not None and not term.shard:\n",
            ),
        ),
        (
            f"{_TERMS}::test_a_write_under_an_older_term_is_refused",
            f"{_LATE}::test_a_text_to_many_goes_on_at_another_and_who_is_late_is_refused_by_its_term",
        ),
        (_TERMS,),
        also=(
            f"{_TERMS}::test_who_was_declared_dead_writes_nothing_even_before_another_has_it",
            f"{_TERMS}::test_a_server_that_stood_still_queues_nothing_of_a_campaign_that_another_carries_on",
        ),
    ),
    Guard(
        "a_webhooks_try_is_taken_under_the_newest_term_only",
        (Edit("server/store/sql/hooks.sql", "(SELECT b.borne FROM borne b) AND ", ""),),
        (f"{_TERMS}::test_a_webhooks_try_under_an_older_term_takes_nothing_and_under_the_newest_what_there_is",),
        (_TERMS,),
    ),
    Guard(
        "a_dead_server_has_no_term",
        (
            Edit(
                "schema.sql",
                "s.shard = p_shard AND s.term = p_term AND n.left_at IS NULL AND n.fenced_at IS NULL",
                "s.shard = p_shard AND s.term = p_term AND n.gen IS NOT NULL",
            ),
        ),
        (f"{_TERMS}::test_who_was_declared_dead_writes_nothing_even_before_another_has_it",),
        (_TERMS,),
    ),
    Guard(
        "who_stands_still_keeps_no_lock",
        (Edit("server/store/postgres.py", '    "transaction_timeout": "30s",\n', ""),),
        (f"{_STORE}::test_who_stands_still_in_a_transaction_keeps_its_locks_from_nobody_and_hears_so",),
        (_STORE,),
    ),
    Guard(
        "a_shard_waits_for_what_its_last_term_began",
        (Edit("schema.sql", "        PERFORM pg_advisory_xact_lock(1, hashtext(free));\n", ""),),
        (f"{_TERMS}::test_it_changes_hands_once_what_was_begun_under_the_old_term_is_over",),
        (_TERMS,),
    ),
    Guard(
        "a_lease_that_was_not_renewed_is_not_ours",
        (
            Edit(
                "server/actors/shards.py",
                "self._terms.get(shard) if trio.current_time() < self._until else None",
                "self._terms.get(shard)",
            ),
        ),
        (f"{_SHARDS}::test_what_could_not_be_renewed_in_time_is_not_ours",),
        (_SHARDS,),
        quick=True,
    ),
    Guard(
        "a_hint_ends_no_login",
        (
            Edit(
                _LOOKOUT,
                "            for ended in await self._elsewhere.ended(hashes):\n",
                "            for ended in hashes:\n",
            ),
        ),
        (f"{_PRESENCE}::test_a_hint_ends_no_login_that_the_database_knows_as_good",),
        (_PRESENCE,),
        also=(f"{_PRESENCE}::test_a_login_that_ended_at_one_server_ends_its_sockets_at_all",),
        quick=True,
    ),
    Guard(
        "who_is_silent_is_not_shown",
        (
            Edit(
                "server/domain/sightings.py",
                "            if now > until or now - self._heard[sender] > SILENCE_S\n",
                "            if now > until\n",
            ),
        ),
        (f"{_PRESENCE}::test_who_looked_at_a_server_that_is_killed_is_gone_within_seconds",),
        (_PRESENCE,),
        also=(f"{_PRESENCE}::test_what_is_known_of_other_servers",),
        quick=True,
    ),
    Guard(
        "a_hint_is_no_truth",
        (Edit(_LOOKOUT, "                if one.opted_out:\n", "                if one.epoch:\n"),),
        (f"{_HINTS}::test_a_hint_is_no_truth_it_only_says_where_to_look",),
        (_HINTS,),
        quick=True,
    ),
    Guard(
        "a_lost_hint_is_missed",
        (Edit(_HEARING, "return known is None or number != known + 1", "return known is None"),),
        (f"{_HINTS}::test_a_hint_that_is_lost_is_missed_by_the_number_of_the_next",),
        (_HINTS,),
        also=(f"{_HINTS}::test_whatever_is_dropped_repeated_and_late_the_view_is_the_database_s",),
        quick=True,
    ),
    Guard(
        "who_is_not_heard_is_not_trusted",
        (
            Edit(
                _HEARING,
                " and now - self._last[sender][1] <= SILENCE_S",
                "",
            ),
        ),
        (f"{_HINTS}::test_two_servers_at_different_redis_do_not_trust_the_silence",),
        (_HINTS,),
        also=(
            f"{_HINTS}::test_whatever_is_dropped_repeated_and_late_the_view_is_the_database_s",
            f"{_HINTS}::test_a_bus_that_is_gone_costs_a_second_and_nothing_else",
        ),
        quick=True,
    ),
    Guard(
        "who_died_before_telling_is_looked_after",
        (Edit(_LOOKOUT, "missed = missed or not self._others <= others", "missed = missed or False"),),
        (f"{_HINTS}::test_what_a_server_did_not_live_to_tell_is_found",),
        (_HINTS,),
        quick=True,
    ),
    Guard(
        "another_history_is_noticed",
        (
            Edit(
                _LOOKOUT, "                self.on_other_history()\n                return\n", "                pass\n"
            ),
        ),
        (f"{_HINTS}::{_OTHER_HISTORY}",),
        (_HINTS,),
        quick=True,
    ),
    Guard(
        "a_standby_is_no_other_history",
        (Edit(_LOOKOUT, " and None not in (standing.epoch, self.epoch)", ""),),
        (f"{_HINTS}::{_OTHER_HISTORY}",),
        (_HINTS,),
        quick=True,
    ),
    Guard(
        "a_stale_epoch_of_those_who_share_authorises_nothing",
        (
            Edit(
                "schema.sql",
                "l WHERE l.epoch = p_epoch AND (l.gen = p_gen OR l.keeper IS NOT NULL)\n"
                "                                                     AND",
                "l WHERE (l.epoch = p_epoch AND l.gen = p_gen OR l.keeper IS NOT NULL)\n"
                "                                                     AND",
            ),
        ),
        (f"{_FENCED}::test_a_fenced_node_sends_nothing_and_changes_nothing",),
        (_FENCED,),
    ),
    Guard(
        "a_lease_is_given_once_whoever_crashes",
        (Edit(_LEASE, "max(now, free, opened + used + debt)", "max(now, opened + used + debt)"),),
        (f"{_LEASES}::test_no_instant_is_given_away_twice", f"{_LEASES}::test_a_stretch_begins", _NO_WINDOW),
        (_LEASES,),
        quick=True,
    ),
    Guard(
        "a_limit_that_nobody_held_counts_as_spent",
        (Edit(_LEASE, "max(now, free, opened + used + debt)", "max(now, free)"),),
        (f"{_LEASES}::test_a_stretch_begins",),
        (_LEASES,),
        also=(_NO_WINDOW,),
        quick=True,
    ),
    Guard(
        "a_lease_begins_at_the_latest_moment_that_its_answer_allows",
        (Edit(_LEASE, "reading.answered_at + after_s", "reading.asked_at + after_s"),),
        (f"{_LEASES}::test_on_our_clock_a_stretch_is_never_earlier_and_never_longer",),
        (_LEASES,),
        also=(_NO_WINDOW,),
        quick=True,
    ),
    Guard(
        "a_keepers_clock_that_jumped_is_not_believed",
        (Edit(_LEASE, "return None if least > most else Watch", "return Watch"),),
        (
            f"{_LEASES}::test_the_keepers_clock_is_watched",
            f"{_SHARING}::test_a_book_that_is_lost_ends_the_epoch_and_one_grants_alone",
        ),
        (_LEASES, _SHARING),
        quick=True,
    ),
    Guard(
        "a_lost_book_is_not_begun_anew",
        (Edit("server/store/lua/cut.lua", "    return {'lost'}\n", "    opened, last = 0, 0\n"),),
        (f"{_BOOK}::test_a_book_that_is_not_the_one_that_was_opened_gives_nothing",),
        (_BOOK,),
    ),
    Guard(
        "what_could_not_be_shared_is_not_shared_again_at_once",
        (
            Edit(
                "schema.sql",
                "FROM limiter_authority l WHERE l.alone_till > clock_timestamp())\n",
                "FROM limiter_authority l WHERE l.alone_till > 'infinity')\n",
            ),
        ),
        (f"{_STORE}::test_whoever_has_a_limiter_that_was_shared_keeps_it_alone_for_six_leases",),
        (_STORE,),
    ),
    Guard(
        "what_is_told_overtakes_nothing_that_waits_when_a_number_changes_hands",
        (
            Edit(
                "server/actors/stager.py",
                "work.number_ids & self._shown if work.rows",
                "work.number_ids if work.rows",
            ),
        ),
        (f"{_STAGER}::test_what_a_commit_tells_of_waits_for_a_look_where_the_limiter_knows_of_nothing",),
        (_STAGER,),
        also=(f"{_STAGER}::test_nothing_is_shown_of_a_number_that_another_server_sends_for",),
        quick=True,
    ),
    Guard(
        "what_was_leased_leaves_soon_or_not_at_all",
        (
            Edit(
                "server/actors/sender.py",
                "        job.deadline = min(job.deadline, now + self._limiter.lapses_after_s)\n",
                "",
            ),
        ),
        ("tests/actors/test_sender.py::test_what_may_leave_only_soon_does_not_leave_later",),
        ("tests/actors/test_sender.py",),
        quick=True,
    ),
)
