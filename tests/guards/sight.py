"""The guards of numbers that are somebody's own: nobody else sees, hears or uses them."""

from __future__ import annotations

from typing import Final

from tests.guards.guard import Edit, Guard

_STORE: Final = "tests/store/test_sight.py"
_ROUTES: Final = "tests/http/test_sight.py"
_SOCKETS: Final = "tests/integration/test_server_sight.py"
_THREADS: Final = "tests/actors/test_thread_actor.py"

SIGHT_GUARDS: Final = (
    Guard(
        "a_hidden_threads_text_is_not_published_to_others_sockets",
        (
            Edit(
                "server/store/ledger/inbound.py",
                'if row["seen_by"] is not None:',
                'if row["seen_by"] == ():',
            ),
        ),
        (f"{_SOCKETS}::test_who_has_a_thread_open_hears_nothing_of_what_makes_it_a_colleagues",),
        (_SOCKETS,),
    ),
    Guard(
        "a_hidden_threads_row_is_not_published_to_others_sockets",
        (
            Edit(
                "server/ws/publisher.py",
                "return everybody if seen_by is None else seen_by.__contains__",
                "return everybody",
            ),
        ),
        (
            f"{_SOCKETS}::test_each_channel_tells_its_owner_and_a_manager_and_no_other_agent",
            f"{_SOCKETS}::test_a_campaign_from_an_own_number_is_told_to_its_owner_and_a_manager",
        ),
        (_SOCKETS,),
        also=(f"{_SOCKETS}::test_who_has_a_thread_open_hears_nothing_of_what_makes_it_a_colleagues",),
    ),
    Guard(
        "who_sees_what_another_server_wrote_is_asked_after_it_was_read",
        (
            Edit(
                "server/actors/thread.py",
                """            missing = await self._ports.inbox.events_after(None, self._id, after)
            seen_by = await self._ports.inbox.seen_by(self._id)  # as of the last of them, or later
""",
                """            seen_by = await self._ports.inbox.seen_by(self._id)
            missing = await self._ports.inbox.events_after(None, self._id, after)
""",
            ),
        ),
        (f"{_THREADS}::test_who_may_see_what_another_server_wrote_is_asked_after_it_was_read",),
        (_THREADS,),
        quick=True,
    ),
    Guard(
        "who_was_being_let_in_while_hands_changed_comes_back_too",
        (
            Edit(
                "server/ws/sockets.py",
                "        self._renew(session)  # hands may have changed while its login was looked up\n",
                "",
            ),
        ),
        (f"{_SOCKETS}::test_whoever_was_being_let_in_while_hands_changed_comes_back_too",),
        (_SOCKETS,),
    ),
    Guard(
        "a_narrowed_members_search_reads_the_views",
        (Edit("server/store/sight.py", '"history": PostgresHistory(seen)', '"history": PostgresHistory(self._whole)'),),
        (f"{_ROUTES}::test_no_route_tells_an_agent_of_a_colleagues_own_number",),
        (_ROUTES,),
        also=(f"{_ROUTES}::test_a_token_sees_what_its_member_sees_by_now",),
    ),
    Guard(
        "a_stream_that_was_open_looks_who_sees_each_event",
        (
            Edit(
                "server/http/dialer/events.py",
                "yield _piece(_as_seen(event, call.member.member_id), epoch)",
                "yield _piece(event, epoch)",
            ),
        ),
        (f"{_ROUTES}::test_a_stream_that_was_open_when_the_number_was_given_tells_nothing_of_it",),
        (_ROUTES,),
        also=(f"{_ROUTES}::test_a_stream_ends_where_its_reader_sees_less_than_when_it_began",),
    ),
    Guard(
        "a_text_over_an_own_number_is_refused_to_who_may_not_use_it",
        (
            Edit(
                "schema.sql",
                "m.id IS NOT NULL AND t.numbers && hidden_from(m.id) THEN 'no_thread'",
                "m.id IS NOT NULL AND t.id IS NULL THEN 'no_thread'",
            ),
        ),
        (f"{_STORE}::test_a_text_over_an_own_number_is_refused_to_who_may_not_use_it",),
        (_STORE,),
        also=(f"{_STORE}::test_who_may_not_see_a_thread_can_do_nothing_in_it",),
    ),
    Guard(
        "a_webhook_is_not_told_what_its_maker_may_not_see_any_more",
        (
            Edit(
                "server/store/sql/hooks.sql",
                "state = CASE WHEN s.hidden THEN 'failed' ELSE d.state END",
                "state = d.state",
            ),
        ),
        (f"{_STORE}::test_a_webhook_is_told_what_whoever_made_it_may_see",),
        (_STORE,),
    ),
)
