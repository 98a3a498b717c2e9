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

-- name: recipients
-- A page of recipients after a place, with the error of their texts. Who is looked for ($6: words, $7: digits) is found first.
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
  AND ($6::text = ''
       OR r.contact_id IN (SELECT k.id FROM contact k WHERE k.workspace_id = $1 AND k.search @@ beginning_with(search_words($6)))
       OR strpos(lower(r.given), lower($6)) > 0
       OR $7::text <> '' AND strpos(e.address, $7) > 0)
ORDER BY r.ord LIMIT $5;

-- name: sums
-- Its figures.
SELECT s.excluded, s.pending, s.in_flight, s.wired, s.rejected, s.unconfirmed, s.skipped, s.delivered, s.undelivered,
       s.replied, s.opted_out, s.clicked, s.segments
FROM campaign c CROSS JOIN LATERAL campaign_sums(c.id) s WHERE c.workspace_id = $1 AND c.id = $2;

-- name: tally
-- What became of its texts, all of them; what a person's resuming leaves out is another question.
SELECT c.resumed_at, s.wired, s.rejected, s.undelivered, s.opted_out
FROM campaign c CROSS JOIN LATERAL campaign_sums(c.id) s WHERE c.id = $1;

-- name: tally_since
-- The same of the texts that left since.
SELECT (count(*) FILTER (WHERE r.state = 'wired'))::integer AS wired, (count(*) FILTER (WHERE r.state = 'rejected'))::integer AS rejected,
       (count(*) FILTER (WHERE r.delivery = 'undelivered'))::integer AS undelivered, count(r.opted_out_at)::integer AS opted_out
FROM campaign_recipient r WHERE r.campaign_id = $1 AND r.left_at >= $2;
