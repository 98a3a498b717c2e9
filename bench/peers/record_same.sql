-- One text in one transaction by the very statement that Threadline's batches go through, with its keywords left to the
-- caller and none given: what a peer pays that wants the same rows, the same locks and the same refusals.
CREATE FUNCTION record_same(p_account bigint, p_provider text, p_from text, p_to text, p_body text)
RETURNS TABLE (thread_id bigint, seq bigint, in_ord bigint, at timestamptz) LANGUAGE sql AS $$
    SELECT r.thread_id, r.seq, r.in_ord, r.at
    FROM record_mo(
        p_account => ARRAY[p_account], p_provider => ARRAY[p_provider], p_from => ARRAY[p_from], p_to => ARRAY[p_to],
        p_body => ARRAY[p_body], p_keyword => ARRAY[NULL::text], p_answered => ARRAY[false], p_media => ARRAY[NULL::text],
        p_at => ARRAY[NULL::timestamptz], p_now => ARRAY[now()],
        p_within => interval '5 min'
    ) r
    WHERE r.thread_id IS NOT NULL
$$;
