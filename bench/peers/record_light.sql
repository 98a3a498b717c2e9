-- One text in one transaction, as the peers write it: the facts of Threadline's T1 for a single text, in one round trip.
-- Same tables, keys and locks: the provider's id decides who is first, the thread's row lock gives the numbers. Left out,
-- in the peers' favour: keywords and consent, media, texts that the carrier dated itself.
CREATE FUNCTION record_light(p_account bigint, p_provider text, p_from text, p_to text, p_body text)
RETURNS TABLE (thread_id bigint, seq bigint, in_ord bigint, at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    line   number;
    person bigint;
    placed thread;
BEGIN
    INSERT INTO provider_ref (account_id, kind, provider_id) VALUES (p_account, 'mo', p_provider) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO line FROM number WHERE account_id = p_account AND address = p_to;
    IF NOT FOUND THEN
        INSERT INTO unassigned_mo VALUES (p_account, p_provider, p_from, p_to, p_body, now());
        RETURN;
    END IF;
    SELECT e.id INTO person FROM endpoint e WHERE e.workspace_id = line.workspace_id AND e.address = p_from;
    IF NOT FOUND THEN
        INSERT INTO endpoint AS e (workspace_id, address) VALUES (line.workspace_id, p_from)
        ON CONFLICT (workspace_id, address) DO UPDATE SET address = EXCLUDED.address RETURNING e.id INTO person;
    END IF;
    INSERT INTO thread AS t (workspace_id, endpoint_id, number_id, last_seq, in_total, last_at, last_preview)
    VALUES (line.workspace_id, person, line.id, 1, 1, now(), left(p_body, 140))
    ON CONFLICT (workspace_id, endpoint_id) DO UPDATE SET
        number_id = EXCLUDED.number_id, last_seq = t.last_seq + 1, in_total = t.in_total + 1,
        last_at = greatest(t.last_at, EXCLUDED.last_at), last_preview = EXCLUDED.last_preview, last_direction = 'in',
        version = t.version + 1, changed_xid = pg_current_xact_id()
    RETURNING t.* INTO placed;
    INSERT INTO message (thread_id, seq, workspace_id, direction, in_ord, number_id, klass, body, state, created_at)
    VALUES (placed.id, placed.last_seq, line.workspace_id, 'in', placed.in_total, line.id, 'inbound', p_body, 'received',
            now());
    INSERT INTO thread_event (thread_id, seq, kind, at) VALUES (placed.id, placed.last_seq, 'message', now());
    RETURN QUERY SELECT placed.id, placed.last_seq, placed.in_total, now();
END $$;
