-- name: is_there
-- Whether it is this workspace's.
SELECT c.id FROM campaign c WHERE c.workspace_id = $1 AND c.id = $2;

-- name: minutes
-- What happened in each minute from one on: what is folded and what is not, of one moment.
SELECT q.at, sum(q.wired)::integer AS wired, sum(q.delivered)::integer AS delivered, sum(q.failed)::integer AS failed,
       sum(q.replied)::integer AS replied, sum(q.opted_out)::integer AS opted_out, sum(q.clicked)::integer AS clicked
FROM (
    SELECT m.at, m.wired, m.delivered, m.failed, m.replied, m.opted_out, m.clicked FROM campaign_minute m WHERE m.campaign_id = $1
    UNION ALL
    SELECT date_trunc('minute', d.at, 'UTC'), d.wired, d.delivered, d.undelivered + d.rejected, d.replied, d.opted_out, d.clicked
    FROM campaign_stat_delta d WHERE d.campaign_id = $1
) q
WHERE q.at >= date_trunc('minute', $2::timestamptz, 'UTC') GROUP BY q.at
HAVING (sum(q.wired), sum(q.delivered), sum(q.failed), sum(q.replied), sum(q.opted_out), sum(q.clicked)) <> (0, 0, 0, 0, 0, 0)
ORDER BY q.at;

-- name: reasons
-- Why texts failed or recipients got none, the most frequent first. Of a text that left it is its own error that says so.
SELECT CASE WHEN r.delivery = 'undelivered' THEN r.delivery ELSE r.state END AS state, r.reason, m.error_class, m.error_code,
       count(*)::integer AS count
FROM campaign_recipient r
LEFT JOIN message m ON (r.state IN ('rejected', 'unconfirmed') OR r.delivery = 'undelivered')
                       AND m.thread_id = r.thread_id AND m.seq = r.seq
WHERE r.campaign_id = $1
  AND (r.state IN ('excluded', 'skipped', 'rejected', 'unconfirmed') OR r.delivery = 'undelivered')
GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC, 1, 2, 3, 4;

-- name: page_of_few
-- One plan fits neither who is looked for nor everybody; and a page is read along an index, also where hardly any rows were when
-- they were last counted.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);

-- name: found
-- The places of whom words ($3) or digits ($4) name, and nothing where they name more than so many of the workspace ($5).
WITH named AS MATERIALIZED (
    SELECT k.id FROM contact k WHERE k.workspace_id = $1 AND k.search @@ beginning_with(search_words($3)) LIMIT $5 + 1
), dialled AS MATERIALIZED (
    SELECT e.id FROM endpoint e
    WHERE e.workspace_id = $1 AND $4::text <> ''
      AND (e.address ^@ ('+' || $4) OR e.address ^@ ('+1' || $4) OR reverse(e.address) ^@ reverse($4)) LIMIT $5 + 1
), given AS MATERIALIZED (
    SELECT r.ord FROM campaign_recipient r
    WHERE r.campaign_id = $2 AND r.given <> ''
      AND (lower(r.given) ^@ lower($3) OR $4 <> '' AND (lower(r.given) ^@ ('+' || $4) OR lower(r.given) ^@ ('+1' || $4)))
    LIMIT $5 + 1
)
SELECT ARRAY(
    SELECT r.ord FROM named n JOIN campaign_recipient r ON r.campaign_id = $2 AND r.contact_id = n.id
    UNION SELECT r.ord FROM dialled d JOIN campaign_recipient r ON r.campaign_id = $2 AND r.endpoint_id = d.id
    UNION SELECT g.ord FROM given g ORDER BY 1
) AS ords
WHERE greatest((SELECT count(*) FROM named), (SELECT count(*) FROM dialled), (SELECT count(*) FROM given)) <= $5;

-- name: recipients
-- A page of recipients after a place, with the error of their texts: at these places ($8), or of whom $6 and $7 name, who are
-- so many that a page is soon full.
SELECT r.ord, r.contact_id, nullif(btrim(c.first_name || ' ' || c.last_name), '') AS name, coalesce(e.address, r.given) AS address,
       r.variant, r.state, r.delivery, r.reason, m.error_class, m.error_code, r.replied_at, r.opted_out_at, r.clicked_at,
       r.thread_id, r.seq, r.segments
FROM campaign_recipient r
LEFT JOIN contact c ON c.id = r.contact_id AND c.workspace_id = $1
LEFT JOIN endpoint e ON e.id = r.endpoint_id AND e.workspace_id = $1
LEFT JOIN message m ON m.thread_id = r.thread_id AND m.seq = r.seq
WHERE r.workspace_id = $1 AND r.campaign_id = $2 AND r.ord > $4
  AND (cardinality($3::text[]) = 0 OR r.state = ANY ($3) OR r.delivery = ANY ($3)
       OR 'replied' = ANY ($3) AND r.replied_at IS NOT NULL OR 'opted_out' = ANY ($3) AND r.opted_out_at IS NOT NULL
       OR 'clicked' = ANY ($3) AND r.clicked_at IS NOT NULL)
  AND ($8::integer[] IS NULL OR r.ord = ANY ($8))
  AND ($8 IS NOT NULL OR $6::text = '' OR c.search @@ beginning_with(search_words($6))
       OR r.given <> '' AND lower(r.given) ^@ lower($6)
       OR $7::text <> '' AND (coalesce(e.address, r.given) ^@ ('+' || $7) OR coalesce(e.address, r.given) ^@ ('+1' || $7)
                              OR reverse(e.address) ^@ reverse($7)))
ORDER BY r.ord LIMIT $5;

-- name: sums
-- Its figures.
SELECT s.excluded, s.pending, s.in_flight, s.wired, s.rejected, s.unconfirmed, s.skipped, s.delivered, s.undelivered,
       s.replied, s.opted_out, s.clicked, s.segments
FROM campaign c CROSS JOIN LATERAL campaign_sums(c.id) s WHERE c.workspace_id = $1 AND c.id = $2;

-- name: tally
-- What became of its texts that count, see campaign_tally.
SELECT t.wired, t.rejected, t.undelivered, t.opted_out FROM campaign c CROSS JOIN LATERAL campaign_tally(c.id) t WHERE c.id = $1;
