"""The guards of tests: they go to their author's own proven phone and no other, and it takes that phone to prove it."""

from __future__ import annotations

from typing import Final

from tests.guards.guard import Edit, Guard

_SCHEMA: Final = "schema.sql"
_SQL: Final = "server/store/sql/own_numbers.sql"
_RULES: Final = "server/domain/own_number.py"
_OWN: Final = "tests/store/test_own_numbers.py"
_JUDGED: Final = "tests/domain/test_own_number.py"
_REHEARSAL: Final = "tests/store/test_campaign_rehearsal.py"

OWN_NUMBER_GUARDS: Final = (
    Guard(
        "a_test_goes_to_its_authors_own_number_only",
        (Edit("server/store/ledger/facts.py", 'own_verified=row["own_verified"]', "own_verified=True"),),
        (
            f"{_OWN}::test_a_test_to_any_other_number_is_refused",
            f"{_OWN}::test_a_number_that_is_removed_between_the_queue_and_t3_gets_nothing",
            f"{_OWN}::test_who_is_no_member_any_more_gets_no_test",
        ),
        (_OWN,),
        also=(f"{_OWN}::test_asking_for_a_code_from_another_telephone_ends_what_was_proven",),
    ),
    Guard(
        "a_test_waits_for_its_number_to_be_proven",
        (Edit(_SCHEMA, "AND v.verified_at IS NOT NULL AND y.disabled_at IS NULL)", "AND y.disabled_at IS NULL)"),),
        (f"{_OWN}::test_a_test_to_any_other_number_is_refused",),
        (_OWN,),
    ),
    Guard(
        "a_removal_waits_for_t3",
        (
            Edit(
                _SQL,
                "WHERE v.workspace_id = $1 AND v.member_id = $2) FOR NO KEY UPDATE;",
                "WHERE v.workspace_id = $1 AND v.member_id = $2);",
            ),
        ),
        (f"{_OWN}::test_a_removal_waits_for_a_t3_that_has_read_the_number",),
        (_OWN,),
    ),
    Guard(
        "a_number_belongs_to_the_first_who_proves_it",
        (
            Edit("server/store/own_numbers.py", "                proven = proven or judged.proven\n", ""),
            Edit(_SCHEMA, "CREATE UNIQUE INDEX member_number_proven", "CREATE INDEX member_number_proven"),
        ),
        (f"{_OWN}::test_of_both_codes_that_lie_there_at_once_one_counts",),
        (_OWN,),
        also=(
            f"{_OWN}::test_the_table_itself_lets_no_number_belong_to_two",
            f"{_OWN}::test_ten_who_look_at_once_verify_one_member_once",
        ),
    ),
    Guard(
        "a_code_comes_from_exactly_that_telephone",
        (
            Edit(
                _SQL,
                "WHERE e.workspace_id = $1 AND e.address = $2 AND m.direction",
                "WHERE e.workspace_id = $1 AND $2 <> '' AND m.direction",
            ),
            Edit(
                _SQL,
                "WHERE e.workspace_id = v.workspace_id AND e.address = v.address AND m.direction",
                "WHERE e.workspace_id = v.workspace_id AND m.direction",
            ),
        ),
        (f"{_OWN}::test_from_another_telephone_it_proves_nothing",),
        (_OWN,),
        also=(f"{_OWN}::test_a_newer_code_takes_the_place_of_the_older_and_of_what_was_proven",),
    ),
    Guard(
        "wrong_codes_are_few",
        (Edit(_RULES, "        left -= 1\n", ""),),
        (
            f"{_JUDGED}::test_what_was_said_is_judged_in_its_order",
            f"{_JUDGED}::test_tries_that_were_used_before_stay_used",
        ),
        (_JUDGED,),
        quick=True,
    ),
    Guard(
        "a_code_is_good_for_minutes",
        (Edit(_RULES, "text.at >= challenge.asked_at + WITHIN or ", ""),),
        (f"{_JUDGED}::test_what_was_said_is_judged_in_its_order",),
        (_JUDGED,),
        quick=True,
    ),
    Guard(
        "clicks_of_tests_are_none_of_a_campaigns",
        (
            Edit(
                "server/store/sql/links.sql",
                "    WHERE EXISTS (SELECT FROM link k WHERE k.token = v.token)\n      AND NOT",
                "    WHERE NOT",
            ),
            Edit(_SCHEMA, "token   text NOT NULL REFERENCES link,", "token   text NOT NULL,"),
        ),
        (f"{_REHEARSAL}::test_its_links_lead_there_and_whoever_follows_them_is_counted_nowhere",),
        (_REHEARSAL,),
    ),
    Guard(
        "a_test_is_no_text_that_somebody_had_too_recently",
        (Edit(_SCHEMA, "max(j.now_) FILTER (WHERE j.klass <> 'test') OVER", "max(j.now_) OVER"),),
        (f"{_REHEARSAL}::test_nothing_of_a_campaign_moves_by_a_test_its_receipt_or_its_answer",),
        (_REHEARSAL,),
    ),
)
