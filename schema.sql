-- Threadline's canonical schema, PostgreSQL 18. Constraints carry idempotency; functions carry the transactions whose
-- statements must each have a snapshot of their own (VOLATILE, READ COMMITTED).
--
-- Lock order, everywhere: outbox < advisory (limiter, then campaigns ascending) < node < attempt < contact < endpoint < review <
-- link_target < link < link_stat < thread < message < campaign_recipient; rows of one table by ascending id, threads by endpoint id. Fresh inserts that nobody
-- else can name are exempt. A message is written under its thread's lock only, a campaign's
-- recipient under that of its text's thread, or of the campaign's row where it has none. Advisory keys: -1 is the limiter, a
-- campaign's is its id; -1 - a workspace's id, which nobody waits for, is whoever begins a snapshot there. Whoever writes under
-- the term of a shard shares the key (1, hash of its name) before anything else.
-- A member's own number is locked after its endpoint, and nothing is after it. Tries to log in are locked with nothing else, by
-- ascending key.

-- One history of this database -------------------------------------------------------------------------------------

CREATE TABLE history (
    one            boolean PRIMARY KEY DEFAULT true CHECK (one),
    schema_version integer NOT NULL,
    stream_epoch   uuid NOT NULL DEFAULT gen_random_uuid(),   -- renewed by restore and reset: every client position is void then
    created_at     timestamptz NOT NULL DEFAULT now()
);
INSERT INTO history (schema_version) VALUES (11);

-- Who runs, and who may grant departures ---------------------------------------------------------------------------

CREATE TABLE node (
    gen        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host       text NOT NULL,
    boot_id    text NOT NULL,
    pid        integer NOT NULL,
    journal_id uuid NOT NULL,             -- the wire journal of exactly this generation
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,      -- may authorise nothing once passed, but may come back: an outage is no death
    left_at    timestamptz,               -- gone for certain: it said so, or its pid died on this host
    fenced_at  timestamptz,               -- expired, and its open attempts were taken over: it must stop
    keeper     text                       -- the keeper of leases that it reaches and believes; null: none
);

CREATE UNLOGGED TABLE node_tree (        -- of actors, where several servers run; told every two seconds, and shown only
    gen     bigint PRIMARY KEY REFERENCES node,
    tree    jsonb NOT NULL,
    told_at timestamptz NOT NULL
);

CREATE TABLE shard_lease (                -- what one server at a time should do; a term rises with each change of hands
    shard      text PRIMARY KEY,          -- domain.shards.SHARDS
    gen        bigint NOT NULL REFERENCES node,
    term       bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE limiter_authority (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch      bigint NOT NULL DEFAULT 0, -- T3 checks it under the shared advisory lock; a hand-over takes it exclusively
    gen        bigint REFERENCES node,    -- who grants alone
    keeper     text,                      -- or: the one process whose leases all who reach it grant by
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    not_before timestamptz NOT NULL DEFAULT '-infinity',
    alone_till timestamptz NOT NULL DEFAULT '-infinity',   -- they were shared, and could not be: not again before this
    CHECK (gen IS NULL OR keeper IS NULL)
);
INSERT INTO limiter_authority DEFAULT VALUES;

-- Workspaces, members, numbers -------------------------------------------------------------------------------------

CREATE TABLE workspace (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    simulated  boolean NOT NULL,
    brand      text NOT NULL,             -- named in the answers to STOP, START and HELP
    contact    text NOT NULL,             -- how to reach people, named in the answer to HELP
    bulk_cap_texts  integer CHECK (bulk_cap_texts >= 1),           -- at most so many bulk texts to one endpoint
    bulk_cap_window interval CHECK (bulk_cap_window > '0'),        -- in any such window; both null: no cap of its own
    opt_in_required boolean NOT NULL DEFAULT false,                -- no bulk to an endpoint without a consent on record
    sending_hours jsonb CHECK (jsonb_array_length(sending_hours) = 7),  -- from Monday, "09:00-18:00" or null; null: the law's alone
    settings_version bigint NOT NULL DEFAULT 1,                    -- rises with every change of what people set here
    hands        bigint NOT NULL DEFAULT 0,                        -- rises whenever one of its numbers changes hands
    segment_price numeric(10, 6) NOT NULL DEFAULT 0.0079 CHECK (segment_price >= 0),  -- for estimates, in price_currency
    price_currency text NOT NULL DEFAULT 'USD' CHECK (price_currency ~ '^[A-Z]{3}$'),
    link_base    text,                    -- of short links, such as https://go.acme.com/l; null: this server's own
    ai_mode      text NOT NULL DEFAULT 'model' CHECK (ai_mode IN ('off', 'offline', 'model')),  -- of suggested replies
    ai_tone      text NOT NULL DEFAULT '' CHECK (length(ai_tone) <= 400),
    ai_day_requests integer NOT NULL DEFAULT 1000 CHECK (ai_day_requests >= 0),  -- to the model, all servers together
    ai_day_tokens   bigint NOT NULL DEFAULT 2000000 CHECK (ai_day_tokens >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, simulated),
    CHECK ((bulk_cap_texts IS NULL) = (bulk_cap_window IS NULL))
);

CREATE TABLE member (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id  bigint NOT NULL REFERENCES workspace,
    email         text NOT NULL CHECK (email = lower(email)),
    name          text NOT NULL,
    role          text NOT NULL CHECK (role IN ('owner', 'manager', 'agent')),
    password_hash text NOT NULL,          -- argon2id
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz,
    UNIQUE (email),
    UNIQUE (workspace_id, id)
);

CREATE TABLE session (
    token_hash   bytea PRIMARY KEY,       -- SHA-256 of the cookie; the cookie itself is nowhere
    workspace_id bigint NOT NULL,
    member_id    bigint NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    ip           text NOT NULL,
    agent        text NOT NULL,
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id)
);
CREATE INDEX ON session (member_id);
CREATE INDEX ON session (expires_at);

CREATE UNLOGGED TABLE login_try (         -- how many tries are used up, for all servers together; a crash of the database forgets it
    key     bytea PRIMARY KEY,            -- SHA-256 of what kind of key it is and its value, which is nowhere: people type passwords there
    full_at timestamptz NOT NULL          -- when all tries are there again; prune() takes what is full
);

CREATE TABLE api_token (                  -- acts for the member who made it, within its scopes, and as long as that member may log in
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    member_id    bigint NOT NULL,
    name         text NOT NULL CHECK (name <> ''),
    token_hash   bytea NOT NULL UNIQUE,   -- SHA-256 of the token, which is nowhere
    hint         text NOT NULL,           -- its last characters, so that people can tell tokens apart
    scopes       text[] NOT NULL CHECK (scopes <> '{}'),         -- domain.scopes.Scope
    per_minute   integer NOT NULL CHECK (per_minute >= 1),       -- requests
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,             -- to the minute
    revoked_at   timestamptz,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id)
);
CREATE INDEX ON api_token (workspace_id, id);

CREATE TABLE socket_ticket (              -- opens one socket for the holder of a token, within seconds
    ticket_hash bytea PRIMARY KEY,
    token_id    bigint NOT NULL REFERENCES api_token,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX ON socket_ticket (expires_at);

CREATE TABLE audit (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    member_id    bigint REFERENCES member,
    action       text NOT NULL,
    detail       jsonb NOT NULL DEFAULT '{}',
    at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON audit (workspace_id, id);
CREATE INDEX audit_newest ON audit (workspace_id, at DESC, id DESC);
CREATE INDEX audit_of_member ON audit (workspace_id, member_id, at DESC, id DESC);
CREATE INDEX audit_of_kind ON audit (workspace_id, action, at DESC, id DESC);

CREATE TABLE carrier_account (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    simulated    boolean NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('simulator', 'twilio', 'telnyx')),
    sid          text NOT NULL,           -- the carrier's name for the account; part of the webhook URL
    secret       text NOT NULL,
    base_url     text NOT NULL,
    verify_key   text,                    -- the public key of a carrier that signs its webhooks with another key than the secret
    rate         double precision CHECK (rate >= 0),            -- segments per second over all its numbers; null: no limit
    burst        integer NOT NULL DEFAULT 1 CHECK (burst >= 1),
    swept_until  timestamptz,             -- inbound texts created before it have been seen, by webhook or by sweep
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, sid),
    UNIQUE (workspace_id, id),
    -- a demo workspace reaches the simulator only, and only on this machine; a real one never does
    FOREIGN KEY (workspace_id, simulated) REFERENCES workspace (id, simulated),
    CONSTRAINT simulations_use_simulators CHECK (simulated = (kind = 'simulator')),
    CONSTRAINT telnyx_has_a_key CHECK ((kind = 'telnyx') = (verify_key IS NOT NULL)),
    CONSTRAINT simulators_are_here
    CHECK (kind <> 'simulator' OR base_url ~ '^http://(127\.[0-9]+\.[0-9]+\.[0-9]+|localhost|\[::1\])(:[0-9]+)?$')
);

CREATE TABLE brand (                      -- registered with the carriers; T-Mobile caps its day over all its campaigns
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    name         text NOT NULL,
    daily_cap    integer CHECK (daily_cap >= 100),              -- segments; null: none. 100 are charged at a time
    capped       text[] NOT NULL DEFAULT '{tmobile,unknown}',   -- destination carriers that count towards it
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, name),
    UNIQUE (workspace_id, id)
);

CREATE TABLE daily_use (                  -- charged in blocks by whoever has the limiter's authority, before they are used
    brand_id bigint NOT NULL REFERENCES brand,
    day      date NOT NULL,               -- America/Los_Angeles
    used     integer NOT NULL DEFAULT 0 CHECK (used >= 0),
    spent_at timestamptz,                 -- the carrier said that the day is used up
    PRIMARY KEY (brand_id, day)
);

CREATE TABLE registration (               -- a brand's registered 10DLC campaign
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    brand_id     bigint NOT NULL,
    name         text NOT NULL,           -- the registry's or the carrier's name for it
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, name),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, brand_id) REFERENCES brand (workspace_id, id)
);

CREATE TABLE registration_rate (
    registration_id bigint NOT NULL REFERENCES registration,
    dest_carrier    text NOT NULL CHECK (dest_carrier ~ '^[a-z0-9_-]+$' AND dest_carrier <> 'unknown'),  -- other: all others
    rate            double precision NOT NULL CHECK (rate >= 0),
    burst           integer NOT NULL DEFAULT 1 CHECK (burst >= 1),
    PRIMARY KEY (registration_id, dest_carrier)
);

CREATE TABLE number (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    account_id   bigint NOT NULL,
    address      text NOT NULL CHECK (address ~ '^\+[1-9][0-9]{6,14}$'),
    label        text NOT NULL DEFAULT '',
    rate         double precision NOT NULL CHECK (rate >= 0),   -- segments per second; 0 pauses
    burst        integer NOT NULL DEFAULT 1 CHECK (burst >= 1), -- segments
    registration_id bigint,               -- null: it belongs to no registered campaign
    owner_id     bigint,                  -- the one agent whose it is; null: everybody's
    owned_xid    xid8 NOT NULL DEFAULT '0',                     -- renewed when it changes hands: positions from before are void
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, address),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES carrier_account (workspace_id, id),
    FOREIGN KEY (workspace_id, registration_id) REFERENCES registration (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES member (workspace_id, id)
);
CREATE INDEX number_owned ON number (workspace_id) WHERE owner_id IS NOT NULL;

-- The numbers that a member may neither use nor see anything of: domain.sight. A thread is seen by whom none of the numbers that it
-- ever went over is hidden from: NOT thread.numbers && hidden_from(member). Null: what not everybody sees.
CREATE FUNCTION hidden_from(p_member bigint) RETURNS bigint[] LANGUAGE sql STABLE
RETURN (
    SELECT coalesce(array_agg(n.id), '{}') FROM number n LEFT JOIN member m ON m.id = p_member
    WHERE n.owner_id IS NOT NULL AND (m.id IS NULL OR n.workspace_id = m.workspace_id)
      AND n.owner_id IS DISTINCT FROM p_member AND m.role IS DISTINCT FROM 'manager' AND m.role IS DISTINCT FROM 'owner');

-- Who sees what went over these numbers; null: every member of their workspace.
CREATE FUNCTION seen_by(p_numbers bigint[]) RETURNS bigint[] LANGUAGE sql STABLE
RETURN CASE WHEN EXISTS (SELECT FROM number n WHERE n.id = ANY (p_numbers) AND n.owner_id IS NOT NULL) THEN ARRAY(
    SELECT m.id FROM member m WHERE m.workspace_id = (SELECT n.workspace_id FROM number n WHERE n.id = p_numbers[1])
      AND NOT p_numbers && hidden_from(m.id)) END;

-- How often a number changed hands, of any workspace: what was counted for a member before holds no more.
CREATE FUNCTION hands_changed() RETURNS text LANGUAGE sql STABLE RETURN (SELECT coalesce(sum(w.hands), 0)::text FROM workspace w);

-- People -----------------------------------------------------------------------------------------------------------

-- How names are compared and sorted, whatever the database's own locale: small letters without accents. Most names are
-- ASCII, which needs no decomposing.
CREATE FUNCTION folded(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN octet_length(given) = length(given) THEN lower(given COLLATE pg_c_utf8)
            ELSE lower(regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]', '', 'g') COLLATE pg_c_utf8) END;

-- The words of *given* as the search has them; PostgreSQL takes none of more than 2,046 bytes.
CREATE FUNCTION search_words(given text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_remove(regexp_split_to_array(left(folded(given), 500), '[^[:alnum:]]+' COLLATE pg_c_utf8), '');

-- Finds whatever has words that begin with each of these.
CREATE FUNCTION beginning_with(words text[]) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT string_agg(quote_literal(w) || ':*', ' & ') FROM unnest(words) AS w)::tsquery;

CREATE TABLE contact (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    first_name   text NOT NULL DEFAULT '',
    last_name    text NOT NULL DEFAULT '',
    email        text NOT NULL DEFAULT '',
    owner_id     bigint,                  -- the member who looks after this contact
    street       text NOT NULL DEFAULT '',
    city         text NOT NULL DEFAULT '',
    state        text NOT NULL DEFAULT '',            -- USPS, two letters, where it is in the USA
    zip          text NOT NULL DEFAULT '',            -- as text: 02134 is not 2134
    zone         text,                                -- IANA, where a person said so; it joins the places of all phones
    property_address text NOT NULL DEFAULT '',        -- the property that the contact is interested in
    custom       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(custom) = 'object'),  -- by custom_field.name
    source       text NOT NULL DEFAULT 'member' CHECK (source IN ('member', 'inbound', 'import', 'api', 'demo')),
    version      bigint NOT NULL DEFAULT 1,           -- rises with every write
    created_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,             -- hidden from people; its numbers, threads and consent stay
    merged_into  bigint,                  -- what it became part of
    changed_xid  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- people without a name come last
    sort_name    text COLLATE "C" GENERATED ALWAYS AS (
                     CASE WHEN first_name = '' AND last_name = '' THEN U&'\FFFF'
                          ELSE left(folded(btrim(first_name || ' ' || last_name)), 100) END) STORED,
    search       tsvector GENERATED ALWAYS AS (
                     array_to_tsvector(search_words(first_name || ' ' || last_name || ' ' || email))) STORED,
    -- what filters ask of a contact's own columns is answered by this index alone: a fifth of the table
    CONSTRAINT contact_face UNIQUE (workspace_id, id)
        INCLUDE (deleted_at, created_at, owner_id, source, city, state, zip, zone),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES member (workspace_id, id),
    FOREIGN KEY (workspace_id, merged_into) REFERENCES contact (workspace_id, id),
    CHECK (merged_into IS NULL OR deleted_at IS NOT NULL)
) WITH (fillfactor = 85);
CREATE INDEX contact_by_name ON contact (workspace_id, sort_name, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_by_creation ON contact (workspace_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX contact_search ON contact USING gin (search);
CREATE INDEX contact_hidden ON contact (workspace_id, id) WHERE deleted_at IS NOT NULL;   -- mostly few

-- How many contacts people see is the sum of these: counting a million takes a third of the time that a filter has. Rows are
-- only added, by contact's triggers and nobody else, so that no two writers wait for each other; prune() adds them up.
CREATE TABLE contact_tally (
    workspace_id bigint NOT NULL,
    n            bigint NOT NULL
);
CREATE INDEX ON contact_tally (workspace_id);

CREATE FUNCTION keep_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO contact_tally (workspace_id, n)
        SELECT w.workspace_id, count(*) FROM written w WHERE w.deleted_at IS NULL GROUP BY 1;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO contact_tally (workspace_id, n)
        SELECT w.workspace_id, -count(*) FROM written w WHERE w.deleted_at IS NULL GROUP BY 1;
    ELSE
        INSERT INTO contact_tally (workspace_id, n) VALUES (NEW.workspace_id, CASE WHEN NEW.deleted_at IS NULL THEN 1 ELSE -1 END);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_tally_made AFTER INSERT ON contact REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION keep_tally();
CREATE TRIGGER contact_tally_gone AFTER DELETE ON contact REFERENCING OLD TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION keep_tally();
CREATE TRIGGER contact_tally_changed AFTER UPDATE OF deleted_at ON contact FOR EACH ROW
WHEN ((OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL)) EXECUTE FUNCTION keep_tally();

CREATE TABLE tag (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    name         text NOT NULL CHECK (btrim(name) = name AND name <> ''),
    created_at   timestamptz NOT NULL DEFAULT now(),
    search       tsvector GENERATED ALWAYS AS (array_to_tsvector(search_words(name))) STORED,
    UNIQUE (workspace_id, id)
);
CREATE UNIQUE INDEX tag_name ON tag (workspace_id, lower(name));

CREATE TABLE contact_tag (
    workspace_id bigint NOT NULL,
    contact_id   bigint NOT NULL,
    tag_id       bigint NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contact_id, tag_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contact (workspace_id, id),
    FOREIGN KEY (workspace_id, tag_id) REFERENCES tag (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX ON contact_tag (tag_id, contact_id);

CREATE TABLE pipeline (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    name         text NOT NULL CHECK (btrim(name) = name AND name <> ''),
    position     integer NOT NULL DEFAULT 0,
    UNIQUE (workspace_id, id)
);
CREATE UNIQUE INDEX pipeline_name ON pipeline (workspace_id, lower(name));

CREATE TABLE stage (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    pipeline_id  bigint NOT NULL,
    name         text NOT NULL CHECK (btrim(name) = name AND name <> ''),
    position     integer NOT NULL DEFAULT 0,
    UNIQUE (workspace_id, id),
    UNIQUE (pipeline_id, id),
    FOREIGN KEY (workspace_id, pipeline_id) REFERENCES pipeline (workspace_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX stage_name ON stage (pipeline_id, lower(name));

CREATE TABLE contact_stage (              -- a contact stands in one stage of each pipeline at most
    workspace_id bigint NOT NULL,
    contact_id   bigint NOT NULL,
    pipeline_id  bigint NOT NULL,
    stage_id     bigint NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contact_id, pipeline_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contact (workspace_id, id),
    FOREIGN KEY (pipeline_id, stage_id) REFERENCES stage (pipeline_id, id) ON DELETE CASCADE
);
CREATE INDEX ON contact_stage (stage_id, contact_id);

CREATE TABLE custom_field (               -- its name is its token, and never changes; its label may
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    name         text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    label        text NOT NULL CHECK (btrim(label) = label AND label <> ''),
    kind         text NOT NULL CHECK (kind IN ('text', 'number', 'date', 'boolean', 'choice')),
    choices      text[] NOT NULL DEFAULT '{}',
    position     integer NOT NULL DEFAULT 0,
    UNIQUE (workspace_id, name)
);

-- What filters ask of custom fields is answered from here, by an index alone: the table of contacts would be read for it whole.
-- Written by contact's triggers and nobody else, under the contact's lock.
CREATE TABLE contact_value (
    workspace_id bigint NOT NULL,
    name         text NOT NULL,           -- custom_field.name
    value        jsonb NOT NULL,          -- numbers sort as such; of a text its beginning, longer than a choice can be
    contact_id   bigint NOT NULL,
    PRIMARY KEY (workspace_id, name, value, contact_id)
);

CREATE FUNCTION values_of(custom jsonb) RETURNS TABLE (name text, value jsonb) LANGUAGE sql STABLE AS $$
    SELECT g.key, CASE jsonb_typeof(g.value) WHEN 'string' THEN to_jsonb(left(g.value #>> '{}', 200)) ELSE g.value END
    FROM jsonb_each(custom) AS g WHERE jsonb_typeof(g.value) IN ('string', 'number', 'boolean')
$$;

CREATE FUNCTION keep_values() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM contact_value v USING values_of(OLD.custom) o
        WHERE v.workspace_id = OLD.workspace_id AND v.name = o.name AND v.value = o.value AND v.contact_id = OLD.id
          AND NOT EXISTS (SELECT FROM values_of(NEW.custom) n WHERE n.name = o.name AND n.value = o.value);
    END IF;
    INSERT INTO contact_value (workspace_id, name, value, contact_id)
    SELECT NEW.workspace_id, n.name, n.value, NEW.id FROM values_of(NEW.custom) n ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_values_made AFTER INSERT ON contact FOR EACH ROW WHEN (NEW.custom <> '{}')
EXECUTE FUNCTION keep_values();
CREATE TRIGGER contact_values_changed AFTER UPDATE OF custom ON contact FOR EACH ROW WHEN (NEW.custom <> OLD.custom)
EXECUTE FUNCTION keep_values();

CREATE TABLE showing (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    contact_id   bigint NOT NULL,
    property_address text NOT NULL DEFAULT '',
    at           timestamptz NOT NULL,
    note         text NOT NULL DEFAULT '',
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contact (workspace_id, id)
);
CREATE INDEX ON showing (contact_id, at);

CREATE TABLE saved_filter (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    name         text NOT NULL CHECK (btrim(name) = name AND name <> ''),
    definition   jsonb NOT NULL,          -- domain.filters
    created_by   bigint,
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES member (workspace_id, id)
);
CREATE UNIQUE INDEX saved_filter_name ON saved_filter (workspace_id, lower(name));

CREATE TABLE endpoint (                   -- the gate's row: one for each recipient number of a workspace; never deleted
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id    bigint NOT NULL REFERENCES workspace,
    address         text COLLATE "C" NOT NULL,       -- so that its key finds numbers by their first digits
    opted_out       boolean NOT NULL DEFAULT false,
    held            boolean NOT NULL DEFAULT false,  -- a text may have asked to stop: no bulk until a person decides
    carrier_blocked boolean NOT NULL DEFAULT false,  -- the carrier's own opt-out list; only the contact's START lifts it
    consent_epoch   integer NOT NULL DEFAULT 0,      -- rises each time opted_out flips, and only then
    consented_at    timestamptz,                     -- when an opt-in on record was given; null: none, or it was taken back
    invalid_reason  text,
    places          text[] NOT NULL DEFAULT '{}',    -- zones, and states by ZIP code as US-FL, that its digits do not tell
    dest_carrier    text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, address),
    UNIQUE (workspace_id, id),
    CONSTRAINT an_opt_out_ends_consent CHECK (NOT opted_out OR consented_at IS NULL),
    CONSTRAINT only_a_start_lifts_the_carriers_block CHECK (NOT carrier_blocked OR opted_out)
) WITH (fillfactor = 80);
CREATE INDEX endpoint_by_end ON endpoint (workspace_id, reverse(address));   -- by its last digits
CREATE INDEX endpoint_opted_out ON endpoint (workspace_id, id) WHERE opted_out;

CREATE TABLE contact_phone (
    workspace_id bigint NOT NULL,
    contact_id   bigint NOT NULL,
    endpoint_id  bigint NOT NULL,
    priority     smallint NOT NULL DEFAULT 0,        -- the lowest first
    label        text NOT NULL DEFAULT '',            -- mobile, home, work
    PRIMARY KEY (contact_id, endpoint_id),
    UNIQUE (endpoint_id) INCLUDE (contact_id),        -- one number, one contact, one thread, in whatever spelling
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contact (workspace_id, id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id)
);

CREATE TABLE proof (                      -- a file that shows a consent: a form, a screenshot, the imported list's first lines
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    sha256       bytea NOT NULL,
    name         text NOT NULL,
    content_type text NOT NULL,
    bytes        bytea NOT NULL,
    added_by     bigint,
    at           timestamptz NOT NULL DEFAULT now(),
    wanted_at    timestamptz NOT NULL DEFAULT now(),  -- last sent to us; one that no entry names goes after a while
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, sha256)         -- the same file is one proof
);
CREATE INDEX ON proof (wanted_at);

CREATE TABLE consent_event (              -- append only, kept for ever
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id     bigint NOT NULL,
    endpoint_id      bigint NOT NULL,
    kind             text NOT NULL,       -- domain.consent.ConsentKind
    consent_epoch    integer NOT NULL,    -- the epoch after the event
    source           text NOT NULL,       -- text, carrier, member, import, api
    member_id        bigint,              -- who decided or knew, where the source is a member or an import
    text             text,                -- the exact words: theirs, or those that they agreed to
    evidence         jsonb,               -- domain.consent: channel, statement, url, ip, agent, zone, import
    proof_id         bigint,
    thread_id        bigint,
    seq              bigint,
    at               timestamptz NOT NULL,
    recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    answer_by        timestamptz,         -- by this clock, domain.consent.ANSWER_WITHIN after the text; null: none is owed
    cmd_id           uuid,                -- of the request that wrote it: the same one again writes nothing
    fingerprint      bytea,               -- of that request
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id),
    FOREIGN KEY (workspace_id, proof_id) REFERENCES proof (workspace_id, id)
);
CREATE INDEX ON consent_event (endpoint_id, id);
CREATE INDEX consent_event_proof ON consent_event (proof_id) WHERE proof_id IS NOT NULL;
CREATE UNIQUE INDEX consent_event_command ON consent_event (workspace_id, cmd_id) WHERE cmd_id IS NOT NULL;
CREATE INDEX consent_event_owed ON consent_event (answer_by) WHERE answer_by IS NOT NULL;

CREATE TABLE keyword_answer (             -- one answer for each (endpoint, epoch, kind); HELP is keyed by its event too
    endpoint_id   bigint NOT NULL REFERENCES endpoint,
    consent_epoch integer NOT NULL,
    kind          text NOT NULL,
    event_id      bigint NOT NULL DEFAULT 0,
    workspace_id  bigint NOT NULL REFERENCES workspace,
    thread_id     bigint,
    seq           bigint,                 -- null: nothing was to be sent (too late, or the carrier had answered)
    at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (endpoint_id, consent_epoch, kind, event_id)
);

-- Threads ----------------------------------------------------------------------------------------------------------

CREATE TABLE thread (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id   bigint NOT NULL,
    endpoint_id    bigint NOT NULL,
    number_id      bigint NOT NULL,       -- replies leave from the number last written to
    numbers        bigint[] NOT NULL DEFAULT '{}',                 -- all that it ever went over: they say who sees it
    last_seq       bigint NOT NULL DEFAULT 0,
    in_total       bigint NOT NULL DEFAULT 0,
    last_at        timestamptz NOT NULL,
    last_preview   text NOT NULL DEFAULT '',
    last_direction text NOT NULL DEFAULT 'in' CHECK (last_direction IN ('in', 'out')),
    last_in_at     timestamptz,           -- the newest text from the contact, and to it; a member's test to itself is none
    last_out_at    timestamptz,
    reply_cancels  boolean NOT NULL DEFAULT false,                 -- a text may wait that a reply cancels; seen by T1 alone
    campaign_id    bigint,                -- whose text was wired last, at which place of its snapshot, and when: a reply is its
    campaign_ord   integer,
    campaign_at    timestamptz,
    listed         boolean NOT NULL DEFAULT true,                  -- false: nothing but a campaign's texts; the inbox waits for a reply
    assignee_id    bigint,                -- the member whose conversation it is; null: nobody's yet
    closed_at      timestamptz,           -- done with; a text from the contact opens it again
    snoozed_until  timestamptz,           -- out of sight until then, or until the contact writes
    snoozed_by     bigint,
    waiting_since  timestamptz,           -- the contact's first text that nobody has answered; keywords wait for nobody
    claimed_by     bigint,                -- only this member may answer, until claimed_until
    claimed_until  timestamptz,
    version        bigint NOT NULL DEFAULT 1,                      -- rises with every write that people see
    changed_xid    xid8 NOT NULL DEFAULT pg_current_xact_id(),     -- renewed by each such write; resume reads changed_xid >= p
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, endpoint_id),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id),
    FOREIGN KEY (workspace_id, number_id) REFERENCES number (workspace_id, id),
    FOREIGN KEY (workspace_id, assignee_id) REFERENCES member (workspace_id, id),
    CHECK ((snoozed_until IS NULL) = (snoozed_by IS NULL)),
    CHECK ((claimed_until IS NULL) = (claimed_by IS NULL)),
    CONSTRAINT closed_or_snoozed CHECK (closed_at IS NULL OR snoozed_until IS NULL)
) WITH (fillfactor = 70);
CREATE INDEX thread_newest ON thread (workspace_id, last_at DESC, id DESC);
-- what the inbox asks: a campaign that wrote to a million people does not stand before it
CREATE INDEX thread_listed ON thread (workspace_id, last_at DESC, id DESC) WHERE listed;
CREATE INDEX thread_changed ON thread (workspace_id, changed_xid) WHERE listed;
CREATE INDEX thread_mine ON thread (workspace_id, assignee_id, last_at DESC, id DESC) WHERE listed AND assignee_id IS NOT NULL;
CREATE INDEX thread_waiting ON thread (workspace_id, waiting_since, id) WHERE listed AND waiting_since IS NOT NULL AND closed_at IS NULL;
CREATE INDEX thread_closed ON thread (workspace_id, last_at DESC, id DESC) WHERE listed AND closed_at IS NOT NULL;
CREATE INDEX thread_snoozed ON thread (snoozed_until, id) WHERE snoozed_until IS NOT NULL;
CREATE INDEX thread_of_campaign ON thread (campaign_id, last_at DESC, id DESC) WHERE listed AND campaign_id IS NOT NULL;

CREATE FUNCTION keep_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR OLD.last_seq = 0 THEN
        NEW.numbers := ARRAY[NEW.number_id];
    ELSE
        NEW.numbers := OLD.numbers || NEW.number_id;
    END IF;
    IF NEW.numbers && hidden_from(NEW.assignee_id) THEN
        NEW.assignee_id := NULL;
    END IF;
    IF NEW.numbers && hidden_from(NEW.claimed_by) THEN
        NEW.claimed_by := NULL;
        NEW.claimed_until := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER thread_numbers BEFORE INSERT OR UPDATE OF number_id ON thread FOR EACH ROW
WHEN (NEW.number_id <> ALL (NEW.numbers)) EXECUTE FUNCTION keep_numbers();

CREATE TABLE message (
    thread_id    bigint NOT NULL,
    seq          bigint NOT NULL,         -- the number of the event that created it
    workspace_id bigint NOT NULL,
    direction    text NOT NULL CHECK (direction IN ('in', 'out')),
    in_ord       bigint,                  -- inbound only, from 1
    number_id    bigint NOT NULL,
    klass        text NOT NULL,           -- of the gate; inbound texts: 'inbound'
    body         text NOT NULL,
    media        jsonb,
    segments     smallint NOT NULL DEFAULT 1,
    state        text NOT NULL,
    rank         smallint NOT NULL DEFAULT 0,   -- the delivery lattice: only rises
    error_class  text,
    error_code   text,
    keyword      text,
    campaign_id  bigint,
    author_id    bigint,
    cmd_id       uuid,
    resend_of    bigint,                  -- "Send again" makes a new MT linked to the old
    call         bigint,                  -- the call during or after which the dialer sent it
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (thread_id, seq),
    CHECK ((direction = 'in') = (in_ord IS NOT NULL))
) PARTITION BY HASH (thread_id);
DO $$ BEGIN FOR i IN 0..7 LOOP
    EXECUTE format('CREATE TABLE message_%s PARTITION OF message FOR VALUES WITH (MODULUS 8, REMAINDER %s) WITH (fillfactor = 85)', i, i);
END LOOP; END $$;

CREATE TABLE thread_event (               -- what the socket replays. A text's or a note's event bears no data: the row is joined
    thread_id bigint NOT NULL,
    seq       bigint NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('message', 'status', 'note', 'activity')),
    ref       bigint,                     -- status: the message's seq
    state     text,
    error_class text,
    error_code  text,
    data      jsonb,                      -- activity: what, by and to whom, until when
    at        timestamptz NOT NULL,
    PRIMARY KEY (thread_id, seq),
    CHECK ((kind = 'activity') = (data IS NOT NULL))
) PARTITION BY HASH (thread_id);
DO $$ BEGIN FOR i IN 0..7 LOOP
    EXECUTE format('CREATE TABLE thread_event_%s PARTITION OF thread_event FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
END LOOP; END $$;

CREATE TABLE thread_read (                -- unread = thread.in_total - in_ord; no row = nothing read
    member_id    bigint NOT NULL,
    thread_id    bigint NOT NULL,
    workspace_id bigint NOT NULL,
    in_ord       bigint NOT NULL DEFAULT 0,
    version      bigint NOT NULL DEFAULT 1,
    changed_xid  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (member_id, thread_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES thread (workspace_id, id)
) WITH (fillfactor = 80);
CREATE INDEX thread_read_changed ON thread_read (member_id, changed_xid);

CREATE TABLE note (                       -- what members write to each other beside the texts; no contact ever sees it
    thread_id    bigint NOT NULL,
    seq          bigint NOT NULL,         -- the number of the event that created it
    workspace_id bigint NOT NULL,
    author_id    bigint NOT NULL,
    body         text NOT NULL CHECK (body <> ''),
    at           timestamptz NOT NULL,
    PRIMARY KEY (thread_id, seq),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES thread (workspace_id, id),
    FOREIGN KEY (workspace_id, author_id) REFERENCES member (workspace_id, id)
);

CREATE TABLE mention (                    -- who a note asks to look, until they have
    member_id    bigint NOT NULL,
    thread_id    bigint NOT NULL,
    seq          bigint NOT NULL,
    workspace_id bigint NOT NULL,
    seen_at      timestamptz,
    PRIMARY KEY (member_id, thread_id, seq),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id),
    FOREIGN KEY (thread_id, seq) REFERENCES note (thread_id, seq)
);
CREATE INDEX mention_unseen ON mention (member_id, thread_id) WHERE seen_at IS NULL;
CREATE INDEX ON mention (thread_id, seq);

CREATE TABLE review (                     -- a text that a person must judge; open exactly where endpoint.held is true
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    endpoint_id  bigint NOT NULL,
    thread_id    bigint NOT NULL,
    seq          bigint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('ambiguous', 'wrong_number')),
    text         text NOT NULL,
    at           timestamptz NOT NULL,    -- when the text was written
    answer_by    timestamptz NOT NULL,    -- by this clock: an opt-out that is decided later is not confirmed
    decided_at   timestamptz,
    decided_by   bigint,                  -- null: the contact's own next text decided
    decision     text CHECK (decision IN ('opted_out', 'not_a_revocation', 'wrong_number', 'superseded')),
    CHECK ((decided_at IS NULL) = (decision IS NULL)),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES thread (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES member (workspace_id, id)
);
CREATE UNIQUE INDEX review_open ON review (endpoint_id) WHERE decided_at IS NULL;
CREATE INDEX review_thread ON review (thread_id);
CREATE INDEX review_shown ON review (workspace_id, (coalesce(decided_at, 'infinity')) DESC, id DESC);

-- A member's own number ----------------------------------------------------------------------------------------------

-- The telephone of a member, proven by a text from it with the code that its member was shown: where tests of campaigns may go.
-- One that is proven changes or goes under the lock of its endpoint, which T3 holds: what T3 reads of it stays true until it commits.
CREATE TABLE member_number (
    workspace_id bigint NOT NULL,
    member_id    bigint NOT NULL,
    address      text NOT NULL CHECK (address ~ '^\+[1-9][0-9]{6,14}$'),
    salt         bytea,                   -- of the code that is waited for; the code itself is nowhere
    code_hash    bytea,
    asked_at     timestamptz NOT NULL,
    tries_left   smallint NOT NULL CHECK (tries_left >= 0),
    seen_seq     bigint NOT NULL,         -- of the thread with it: up to here all texts were looked at, or are older than the code
    verified_at  timestamptz,
    PRIMARY KEY (workspace_id, member_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id),
    CHECK ((salt IS NULL) = (code_hash IS NULL)),
    CONSTRAINT proven_numbers_wait_for_no_code CHECK (verified_at IS NULL OR code_hash IS NULL)
);
CREATE UNIQUE INDEX member_number_proven ON member_number (workspace_id, address) WHERE verified_at IS NOT NULL;
CREATE INDEX member_number_open ON member_number (asked_at) WHERE code_hash IS NOT NULL;

-- History: every text of a workspace, by time and by its words ----------------------------------------------------------------

-- What of a text is taken for words: without accents, and with a space where the parser of text would join words (and/or,
-- end.Begin, 617-555); writings that put none between words are taken sign by sign. Most texts are ASCII, which costs least.
CREATE FUNCTION spelt(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN octet_length(given) = length(given) THEN
    replace(replace(replace(replace(replace(replace(replace(replace(
        given, '/', ' '), '.', ' '), '-', ' '), '@', ' '), '_', ' '), '&', ' '), '<', ' '), '+', ' ')
ELSE regexp_replace(regexp_replace(folded(given),
        '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])' COLLATE pg_c_utf8, ' \1 ', 'g'),
        '[^[:alnum:]]+' COLLATE pg_c_utf8, ' ', 'g') END;

-- A text's words, as the search has them. Telephones write other quotation marks than keyboards do.
CREATE FUNCTION history_words(given text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_tsvector('simple', spelt(replace(replace(replace(given, '’', ' '), '“', ' '), '”', ' ')));

-- What else a text is found by: three spans of time of its workspace, of 68 minutes, 36 hours and 48 days, so that a look at
-- any time back is a look at few of them; its number, its author, its campaign. domain.history makes the same keys.
CREATE FUNCTION history_keys(p_workspace bigint, p_at timestamptz, p_number bigint, p_author bigint, p_campaign bigint)
RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
    (p_workspace << 24) | (date_part('epoch', p_at - timestamptz '1970-01-01 00:00+00')::bigint >> 12),
    (p_workspace << 24) | (1 << 22) | (date_part('epoch', p_at - timestamptz '1970-01-01 00:00+00')::bigint >> 17),
    (p_workspace << 24) | (2 << 22) | (date_part('epoch', p_at - timestamptz '1970-01-01 00:00+00')::bigint >> 22),
    -4 * p_number - 1, -4 * p_author - 2, -4 * p_campaign - 3];

CREATE INDEX message_by_time ON message (workspace_id, created_at, thread_id, seq);
-- Writers only add to its list of what is pending, which the tidier merges beside them; readers look at both.
CREATE INDEX message_found ON message USING gin (
    history_keys(workspace_id, created_at, number_id, author_id, campaign_id), history_words(body));

-- Notes as the search of texts reads them: what a note has none of is null, and so are its keys.
CREATE VIEW note_as_text AS
SELECT thread_id, seq, workspace_id, at AS created_at, body, author_id, NULL::bigint AS number_id, NULL::bigint AS campaign_id,
       NULL::text AS direction, NULL::text AS state, NULL::text AS error_class, NULL::text AS error_code,
       0::smallint AS segments, NULL::jsonb AS media
FROM note;
CREATE VIEW text_or_note AS
SELECT thread_id, seq, workspace_id, created_at, body, author_id, number_id, campaign_id, direction, state, error_class, error_code,
       segments, media FROM message
UNION ALL SELECT * FROM note_as_text;
CREATE INDEX note_by_time ON note (workspace_id, at, thread_id, seq);
-- They are few: whoever writes one puts its words into the index.
CREATE INDEX note_found ON note USING gin (history_keys(workspace_id, at, NULL, author_id, NULL), history_words(body))
WITH (fastupdate = off);

-- What somebody types, in pieces (p_whole: given in quotes), as a query that an index answers, and as the one that is meant:
-- the words of a piece stand side by side, and its last may go on where it was not in quotes and is no mere letter or two.
CREATE FUNCTION history_query(p_pieces text[], p_whole boolean[], OUT among tsquery, OUT meant tsquery)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(q.among, ' & ')::tsquery, string_agg('(' || q.meant || ')', ' & ')::tsquery
    FROM unnest(p_pieces, p_whole) AS given (piece, whole),
    LATERAL (
        SELECT string_agg(quote_literal(w.word) || w.on, ' & ') AS among,
               string_agg(quote_literal(w.word) || w.on, ' <-> ' ORDER BY w.at) AS meant
        FROM (SELECT u.lexeme AS word, place AS at,
                     CASE WHEN NOT given.whole AND length(u.lexeme) > 2 AND place = max(place) OVER () THEN ':*' ELSE '' END AS on
              FROM unnest(history_words(given.piece)) u, unnest(u.positions) place) w
    ) q
    WHERE q.among IS NOT NULL;
END;

-- Which threads hold texts that a member has not seen: of those that changed, or whose mark moved, since a position of each
-- member's; at most p_most that changed and as many marks, and one row without a thread for the position of this very look.
CREATE FUNCTION unread_since(p_members bigint[], p_since text[], p_most integer)
RETURNS TABLE (p bigint, epoch text, member_id bigint, thread_id bigint, unread boolean) LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
BEGIN ATOMIC
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, h.stream_epoch || '/' || hands_changed(), q.member_id, q.thread_id, q.unread
    FROM history h LEFT JOIN (
        SELECT a.member_id, t.id AS thread_id, t.in_total > coalesce(r.in_ord, 0) AND NOT t.numbers && m.hidden AS unread
        FROM unnest(p_members, p_since) AS a (member_id, since)
        JOIN (SELECT k.id, k.workspace_id, hidden_from(k.id) AS hidden FROM member k WHERE k.id = ANY (p_members) OFFSET 0) m
          ON m.id = a.member_id
        CROSS JOIN LATERAL (
            -- in the order of their index: else one that reads all, and is soon done where a third is thought to have changed
            (SELECT x.id FROM thread x WHERE x.workspace_id = m.workspace_id AND x.listed AND x.changed_xid >= a.since::xid8
             ORDER BY x.changed_xid LIMIT p_most)
            UNION
            (SELECT y.thread_id FROM thread_read y WHERE y.member_id = a.member_id AND y.changed_xid >= a.since::xid8
             ORDER BY y.changed_xid LIMIT p_most)
        ) c
        JOIN thread t ON t.id = c.id LEFT JOIN thread_read r ON r.member_id = a.member_id AND r.thread_id = t.id
    ) q ON true;
END;

-- Suggested replies -------------------------------------------------------------------------------------------------------

CREATE TABLE suggestion (                 -- what was proposed for one text of a contact, and what became of it; sends nothing
    thread_id    bigint NOT NULL,
    based_on_seq bigint NOT NULL,         -- the text that they answer
    workspace_id bigint NOT NULL,
    source       text NOT NULL CHECK (source IN ('model', 'offline')),
    label        text NOT NULL,           -- the model's name
    items        jsonb NOT NULL,          -- the texts, the best first
    made_at      timestamptz NOT NULL,
    picked       smallint,                -- which was put into a reply last, and by whom
    picked_by    bigint,
    picked_at    timestamptz,
    verdict      text CHECK (verdict IN ('accepted', 'edited', 'ignored')),  -- by the first text after it: domain.suggest.verdict
    verdict_item smallint,
    answer_seq   bigint,                  -- that text
    PRIMARY KEY (thread_id, based_on_seq),
    CHECK ((verdict IS NULL) = (answer_seq IS NULL)),
    CHECK (num_nulls(picked, picked_by, picked_at) IN (0, 3)),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES thread (workspace_id, id),
    FOREIGN KEY (workspace_id, picked_by) REFERENCES member (workspace_id, id)
);
CREATE INDEX suggestion_made ON suggestion (workspace_id, made_at);
CREATE INDEX suggestion_open ON suggestion (thread_id) WHERE verdict IS NULL;

CREATE TABLE ai_use (                     -- what a workspace's requests to a model cost on a day (UTC)
    workspace_id bigint NOT NULL REFERENCES workspace,
    day          date NOT NULL,
    requests     integer NOT NULL,
    tokens       bigint NOT NULL,         -- charged before a request as dear as it may become, and then set right
    PRIMARY KEY (workspace_id, day)
);

-- What is written before it is sent ---------------------------------------------------------------------------------

CREATE TABLE template_folder (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    owner_id     bigint,                  -- null: everybody's
    name         text NOT NULL CHECK (btrim(name) = name AND name <> ''),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES member (workspace_id, id)
);
CREATE UNIQUE INDEX template_folder_name ON template_folder (workspace_id, coalesce(owner_id, 0), lower(name));

CREATE TABLE template (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    owner_id     bigint,                  -- null: everybody's
    folder_id    bigint,
    name         text NOT NULL CHECK (btrim(name) = name AND name <> ''),
    body         text NOT NULL,           -- domain.tokens; stored only without faults
    version      bigint NOT NULL DEFAULT 1,
    used         bigint NOT NULL DEFAULT 0,
    used_at      timestamptz,
    created_by   bigint,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES member (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES member (workspace_id, id),
    FOREIGN KEY (workspace_id, folder_id) REFERENCES template_folder (workspace_id, id)
);
CREATE UNIQUE INDEX template_name ON template (workspace_id, coalesce(owner_id, 0), lower(name));

CREATE TABLE draft (                      -- what a member has typed and not sent, by thread; thread 0 is New Message
    workspace_id bigint NOT NULL,
    member_id    bigint NOT NULL,
    thread_id    bigint NOT NULL,
    body         text NOT NULL,
    recipient    text NOT NULL DEFAULT '',            -- New Message: what stood in its To
    media        uuid[] NOT NULL DEFAULT '{}',
    changed_at   timestamptz NOT NULL,
    PRIMARY KEY (member_id, thread_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id)
);

CREATE TABLE media (                      -- a picture to send; the carrier fetches it by its token
    id           uuid PRIMARY KEY,
    token        text NOT NULL UNIQUE,    -- 128 random bits: whoever has the link may read it
    workspace_id bigint NOT NULL REFERENCES workspace,
    content_type text NOT NULL CHECK (content_type IN ('image/jpeg', 'image/png', 'image/gif')),
    name         text NOT NULL,
    bytes        bytea NOT NULL,
    added_by     bigint NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    used         boolean NOT NULL DEFAULT false,      -- in a text; one that is not, nor in a draft, goes after a while
    FOREIGN KEY (workspace_id, added_by) REFERENCES member (workspace_id, id)
);
CREATE INDEX media_unused ON media (at) WHERE NOT used;

CREATE TABLE call (                       -- what the dialer told of calls, for the contact's timeline
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    endpoint_id  bigint NOT NULL,
    member_id    bigint,
    call_id      text NOT NULL,           -- the dialer's own name for it
    direction    text NOT NULL CHECK (direction IN ('in', 'out')),
    outcome      text NOT NULL DEFAULT '',
    duration_s   integer CHECK (duration_s >= 0),
    note         text NOT NULL DEFAULT '',
    at           timestamptz NOT NULL,
    UNIQUE (workspace_id, call_id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id)
);
CREATE INDEX ON call (endpoint_id, at);

-- Imports ------------------------------------------------------------------------------------------------------------

CREATE TABLE import (                     -- a file of contacts: nothing of it is a contact before it is confirmed
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    member_id    bigint NOT NULL,
    name         text NOT NULL,           -- the file's
    size         bigint NOT NULL DEFAULT 0,           -- bytes
    sha256       bytea,
    state        text NOT NULL
                 CHECK (state IN ('uploading', 'uploaded', 'running', 'done', 'failed', 'undoing', 'undone', 'dropped')),
    dialect      jsonb NOT NULL DEFAULT '{}',         -- encoding, separator, header, as they were found
    mapping      jsonb NOT NULL DEFAULT '{}',         -- names and places of the columns, and tags that all of them get
    consent      jsonb,                   -- who, when, which wording; required to run
    confirmed_by bigint,
    rows_total   integer NOT NULL DEFAULT 0,          -- without the header and empty ones
    rows_done    integer NOT NULL DEFAULT 0,          -- the cursor: a crash goes on after it
    created      integer NOT NULL DEFAULT 0,
    updated      integer NOT NULL DEFAULT 0,
    refused      integer NOT NULL DEFAULT 0,
    taken_back   integer NOT NULL DEFAULT 0,          -- by the undo
    kept         integer NOT NULL DEFAULT 0,          -- not taken back: somebody has worked with them since
    sentence     text,                    -- failed: why
    runner       uuid,                    -- the server that works on it, until
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    at           timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    ended_at     timestamptz,
    UNIQUE (workspace_id, id),
    CHECK (state NOT IN ('running', 'done', 'undoing', 'undone') OR consent IS NOT NULL),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id),
    FOREIGN KEY (workspace_id, confirmed_by) REFERENCES member (workspace_id, id)
);
CREATE INDEX ON import (workspace_id, id DESC);
CREATE INDEX import_open ON import (id) WHERE state IN ('uploading', 'uploaded', 'running', 'undoing');

CREATE TABLE import_chunk (               -- the file itself, in pieces, while it is needed
    import_id bigint NOT NULL REFERENCES import,
    nth       integer NOT NULL,
    bytes     bytea NOT NULL,
    PRIMARY KEY (import_id, nth)
);

CREATE TABLE import_refusal (             -- a row that was not taken, or not all of it, and why
    import_id bigint NOT NULL REFERENCES import,
    line      integer NOT NULL,           -- of the sheet, from 1, the header included
    sentence  text NOT NULL,
    taken     boolean NOT NULL DEFAULT false,         -- the person was; the sentence tells what was left out
    cells     text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (import_id, line)
);

CREATE TABLE import_change (              -- what undo takes back: what was new, and what stood there before
    import_id  bigint NOT NULL REFERENCES import,
    contact_id bigint NOT NULL REFERENCES contact,
    kind       text NOT NULL CHECK (kind IN ('created', 'updated')),
    line       integer NOT NULL,          -- the last row that spoke of it
    version    bigint NOT NULL,           -- the contact's after the import: another one is left as it is
    texts      bigint NOT NULL DEFAULT 0, -- of its threads then: a created contact that has more now is left as it is
    before     jsonb,                     -- updated: fields, phones, tags, stages
    undone     text CHECK (undone IN ('taken_back', 'kept')),
    PRIMARY KEY (import_id, contact_id)
);
CREATE INDEX ON import_change (contact_id);
CREATE INDEX import_change_left ON import_change (import_id, contact_id) WHERE undone IS NULL;

-- Dedupe for ever --------------------------------------------------------------------------------------------------

CREATE TABLE provider_ref (               -- not partitioned: T1 writes 'mo', T4 and T5 write 'mt'
    account_id  bigint NOT NULL,          -- no foreign key: its check would lock one hot row for every text
    kind        text NOT NULL CHECK (kind IN ('mo', 'mt')),
    provider_id text NOT NULL,
    attempt_id  uuid,                     -- 'mt' only; bound to one attempt for ever
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, kind, provider_id)
);
CREATE UNIQUE INDEX ON provider_ref (attempt_id) WHERE attempt_id IS NOT NULL;

CREATE TABLE unassigned_mo (              -- validly signed, but to a number that is not configured
    account_id  bigint NOT NULL REFERENCES carrier_account,
    provider_id text NOT NULL,
    from_       text NOT NULL,
    to_         text NOT NULL,
    body        text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (account_id, provider_id)
);

CREATE TABLE command (                    -- outlives the outbox row: the same cmd_id always gets the same answer
    workspace_id bigint NOT NULL,          -- the thread's; a foreign key would lock one hot row for every text
    cmd_id       uuid NOT NULL,
    fingerprint  bytea NOT NULL,
    thread_id    bigint NOT NULL,
    seq          bigint NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, cmd_id)
);

-- Sending ----------------------------------------------------------------------------------------------------------

CREATE TABLE campaign (                   -- a text to many: a campaign, or a bulk text from People
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    kind         text NOT NULL DEFAULT 'campaign' CHECK (kind IN ('campaign', 'bulk')),
    name         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('draft', 'scheduled', 'active', 'paused', 'completed', 'cancelled')),
    rate         double precision CHECK (rate >= 0),  -- its own, segments per second; null: as fast as the other limits let
    version      bigint NOT NULL DEFAULT 1,
    cmd_id       uuid,                    -- of the click that launched it: the same click answers alike
    fingerprint  bytea,
    launched_by  bigint,                  -- {{agent_name}} is this member's
    number_id    bigint,                  -- what new threads are written from; threads that exist keep their own
    template     text NOT NULL DEFAULT '',
    media        jsonb,
    answers      jsonb NOT NULL DEFAULT '{}',          -- values that were asked for, by token
    description  text NOT NULL DEFAULT '',
    plan         jsonb,                   -- kind campaign: what its wizard keeps, and the engine goes by (ports.campaigns.Plan)
    author_id    bigint,                  -- who made the draft
    draft_cmd_id uuid,                    -- of the click that made the draft: the same click makes one
    is_template  boolean NOT NULL DEFAULT false,       -- kept to be duplicated, never launched, and in a list of its own
    expected     integer,                 -- recipients that were confirmed at the launch; of one that came to nothing: those it found
    build_after  bigint,                  -- the snapshot is being taken: the contact after which it goes on; null: it is not
    to_look_at   integer,                 -- a snapshot of more than a piece: how many the audience had when it was begun
    refused      text,                    -- the sentence of why the last launch came to nothing
    audience     integer NOT NULL DEFAULT 0,          -- rows of the snapshot, counted at its launch
    due_at       timestamptz,             -- scheduled: when it begins
    places       integer,                 -- of a drip: so many places of the snapshot may be queued by now; null: all
    last_batch_at timestamptz,
    next_batch_at timestamptz,
    looked_to    integer NOT NULL DEFAULT 0,           -- the turn of all places up to it has come; who is still pending was asleep
    asleep_to    integer NOT NULL DEFAULT 0,           -- of them, up to this place all sleep until asleep_until at least; nothing
    asleep_until timestamptz,                          -- is written down about each
    paused_why   text CHECK (paused_why IN ('member', 'failures', 'opt_outs', 'missed')),
    resumed_at   timestamptz,             -- what left before then counts against no limit any more, see campaign_tally
    made_after   bigint NOT NULL DEFAULT 0,            -- bulk in the outbox up to this id is from before a stop or a change: it
                                          -- does not leave, and is taken back to be made anew
    skip_as      text,                    -- whoever is still pending is skipped for this reason: it is at its end
    archived_at  timestamptz,
    launched_at  timestamptz,             -- the snapshot is whole and was confirmed; before that it is a draft
    built_at     timestamptz,             -- every recipient of the snapshot is decided or queued
    ended_at     timestamptz,             -- nothing of it is pending or in flight any more
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_xid  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (workspace_id, id),
    CHECK (kind = 'campaign' OR plan IS NULL),
    CHECK (state <> 'scheduled' OR due_at IS NOT NULL),
    CHECK (paused_why IS NULL OR state = 'paused'),
    CONSTRAINT a_template_is_never_launched CHECK (NOT is_template OR (state = 'draft' AND build_after IS NULL)),
    FOREIGN KEY (workspace_id, author_id) REFERENCES member (workspace_id, id),
    FOREIGN KEY (workspace_id, launched_by) REFERENCES member (workspace_id, id),
    FOREIGN KEY (workspace_id, number_id) REFERENCES number (workspace_id, id)
);
-- The number that its texts leave from, as far as that is decided.
CREATE FUNCTION number_of(p_number bigint, p_plan jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN coalesce(p_number, (p_plan ->> 'number_id')::bigint);
CREATE UNIQUE INDEX campaign_command ON campaign (workspace_id, cmd_id) WHERE cmd_id IS NOT NULL;
CREATE UNIQUE INDEX campaign_drafted ON campaign (workspace_id, draft_cmd_id) WHERE draft_cmd_id IS NOT NULL;
CREATE INDEX campaign_listed ON campaign (workspace_id, kind, id DESC);
CREATE INDEX campaign_open ON campaign (id) WHERE launched_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX campaign_abandoned ON campaign (created_at) WHERE cmd_id IS NOT NULL AND launched_at IS NULL;

-- The snapshot taken at launch: who, in which order, with what became of it. What has no text yet is written under the lock of
-- the campaign's row, and what has one under its thread's, by note_status.
CREATE TABLE campaign_recipient (
    campaign_id  bigint NOT NULL,
    ord          integer NOT NULL,        -- from 1
    workspace_id bigint NOT NULL,
    contact_id   bigint,                  -- null: a bare number
    endpoint_id  bigint,                  -- null: excluded, having no number of its own in this campaign
    given        text NOT NULL DEFAULT '',-- what stood in the audience in place of a number
    variant      smallint NOT NULL DEFAULT 0,         -- which of its texts
    round        smallint NOT NULL DEFAULT 0,         -- rises when a text that waits is taken back to be made anew
    state        text NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('excluded', 'pending', 'in_flight', 'wired', 'rejected', 'unconfirmed', 'skipped')),
    delivery     text,                    -- wired: sent, delivered, undelivered
    reason       text,                    -- excluded and skipped: why
    body         text,                    -- kind bulk, while it is pending: what it is going to get, as it was confirmed
    segments     smallint,
    due_at       timestamptz,             -- pending: its text was taken back, and is made anew from this instant on; null: in its place
    thread_id    bigint,                  -- in_flight and later: the text that it got
    seq          bigint,
    left_at      timestamptz,             -- wired and rejected: when that text left
    replied_at   timestamptz,             -- the first time each: a figure counts people
    opted_out_at timestamptz,
    clicked_at   timestamptz,
    PRIMARY KEY (campaign_id, ord),
    UNIQUE (campaign_id, endpoint_id),    -- each recipient once, however often it stands in the audience
    CONSTRAINT pending_has_neither_text_nor_reason CHECK ((state = 'pending') = (thread_id IS NULL AND reason IS NULL)),
    CONSTRAINT only_the_excluded_have_no_number CHECK (state = 'excluded' OR endpoint_id IS NOT NULL)
) WITH (fillfactor = 85);
-- neither names the state: what becomes of a text is written in place, without a new entry in any index
CREATE INDEX campaign_recipient_text ON campaign_recipient (thread_id, seq) WHERE thread_id IS NOT NULL;
CREATE INDEX campaign_recipient_contact ON campaign_recipient (campaign_id, contact_id);  -- of who is looked for by name
CREATE INDEX campaign_recipient_given ON campaign_recipient (campaign_id, lower(given)) WHERE given <> '';
CREATE INDEX campaign_recipient_pending ON campaign_recipient (campaign_id, ord)
    WHERE thread_id IS NULL AND reason IS NULL AND due_at IS NULL;
CREATE INDEX campaign_recipient_due ON campaign_recipient (campaign_id, due_at, ord)
    WHERE thread_id IS NULL AND reason IS NULL AND due_at IS NOT NULL;
-- who stands in another campaign that has not come to them yet. Said in other words than above: where hardly anybody waited when
-- PostgreSQL last counted, it took such an index whole for each number, which was the square of a snapshot
CREATE INDEX campaign_recipient_waiting ON campaign_recipient (endpoint_id) WHERE num_nonnulls(thread_id, reason) = 0;

-- What recipients of a campaign add up to: differences, one row for each transaction that moved some, which the engine folds
-- into one row of sums and one of each minute. A figure is the folded row and what is not folded yet, in one statement.
CREATE TABLE campaign_stat (
    campaign_id bigint PRIMARY KEY REFERENCES campaign,
    excluded integer NOT NULL DEFAULT 0, pending integer NOT NULL DEFAULT 0, in_flight integer NOT NULL DEFAULT 0,
    wired integer NOT NULL DEFAULT 0, rejected integer NOT NULL DEFAULT 0, unconfirmed integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0, delivered integer NOT NULL DEFAULT 0, undelivered integer NOT NULL DEFAULT 0,
    replied integer NOT NULL DEFAULT 0, opted_out integer NOT NULL DEFAULT 0, clicked integer NOT NULL DEFAULT 0,
    segments bigint NOT NULL DEFAULT 0,
    moved_at timestamptz,
    since_wired integer NOT NULL DEFAULT 0, since_rejected integer NOT NULL DEFAULT 0,  -- of texts that left since a person
    since_undelivered integer NOT NULL DEFAULT 0, since_opted_out integer NOT NULL DEFAULT 0  -- resumed it last, or of all
) WITH (fillfactor = 50);
CREATE TABLE campaign_stat_delta (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL,          -- no foreign key: its check would lock one hot row
    at          timestamptz NOT NULL,
    excluded integer NOT NULL DEFAULT 0, pending integer NOT NULL DEFAULT 0, in_flight integer NOT NULL DEFAULT 0,
    wired integer NOT NULL DEFAULT 0, rejected integer NOT NULL DEFAULT 0, unconfirmed integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0, delivered integer NOT NULL DEFAULT 0, undelivered integer NOT NULL DEFAULT 0,
    replied integer NOT NULL DEFAULT 0, opted_out integer NOT NULL DEFAULT 0, clicked integer NOT NULL DEFAULT 0,
    segments bigint NOT NULL DEFAULT 0,
    since       boolean NOT NULL DEFAULT true  -- of texts that left since a person resumed it last
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
CREATE INDEX ON campaign_stat_delta (campaign_id, id);
CREATE TABLE campaign_minute (              -- all minutes of a campaign add up to its sums
    campaign_id bigint NOT NULL REFERENCES campaign,
    at          timestamptz NOT NULL,     -- its beginning
    wired integer NOT NULL DEFAULT 0, delivered integer NOT NULL DEFAULT 0, failed integer NOT NULL DEFAULT 0,
    replied integer NOT NULL DEFAULT 0, opted_out integer NOT NULL DEFAULT 0, clicked integer NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, at)
) WITH (fillfactor = 70);

-- How a campaign stands: what is folded and what is not, by the snapshot of the statement that asks.
CREATE FUNCTION campaign_sums(p_campaign bigint) RETURNS TABLE (
    excluded integer, pending integer, in_flight integer, wired integer, rejected integer, unconfirmed integer, skipped integer,
    delivered integer, undelivered integer, replied integer, opted_out integer, clicked integer, segments bigint,
    moved_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(x.excluded), 0)::integer, coalesce(sum(x.pending), 0)::integer, coalesce(sum(x.in_flight), 0)::integer,
           coalesce(sum(x.wired), 0)::integer, coalesce(sum(x.rejected), 0)::integer, coalesce(sum(x.unconfirmed), 0)::integer,
           coalesce(sum(x.skipped), 0)::integer, coalesce(sum(x.delivered), 0)::integer,
           coalesce(sum(x.undelivered), 0)::integer, coalesce(sum(x.replied), 0)::integer,
           coalesce(sum(x.opted_out), 0)::integer, coalesce(sum(x.clicked), 0)::integer, coalesce(sum(x.segments), 0)::bigint,
           max(x.moved_at)
    FROM (SELECT s.excluded, s.pending, s.in_flight, s.wired, s.rejected, s.unconfirmed, s.skipped, s.delivered, s.undelivered,
                 s.replied, s.opted_out, s.clicked, s.segments, s.moved_at
          FROM campaign_stat s WHERE s.campaign_id = p_campaign
          UNION ALL
          SELECT d.excluded, d.pending, d.in_flight, d.wired, d.rejected, d.unconfirmed, d.skipped, d.delivered, d.undelivered,
                 d.replied, d.opted_out, d.clicked, d.segments, d.at
          FROM campaign_stat_delta d WHERE d.campaign_id = p_campaign) x
$$;

-- What became of its texts that left since a person resumed it last, or of all where nobody has: domain.health.counts. Read from
-- sums, too, which the resuming sets back.
CREATE FUNCTION campaign_tally(p_campaign bigint) RETURNS TABLE (
    wired integer, rejected integer, undelivered integer, opted_out integer
) LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(x.wired), 0)::integer, coalesce(sum(x.rejected), 0)::integer, coalesce(sum(x.undelivered), 0)::integer,
           coalesce(sum(x.opted_out), 0)::integer
    FROM (SELECT s.since_wired AS wired, s.since_rejected AS rejected, s.since_undelivered AS undelivered,
                 s.since_opted_out AS opted_out
          FROM campaign_stat s WHERE s.campaign_id = p_campaign
          UNION ALL
          SELECT d.wired, d.rejected, d.undelivered, d.opted_out
          FROM campaign_stat_delta d WHERE d.campaign_id = p_campaign AND d.since) x
$$;

-- The sums from the recipients themselves: what they are held to.
CREATE FUNCTION campaign_recount(p_campaign bigint) RETURNS TABLE (
    excluded integer, pending integer, in_flight integer, wired integer, rejected integer, unconfirmed integer, skipped integer,
    delivered integer, undelivered integer, replied integer, opted_out integer, clicked integer, segments bigint
) LANGUAGE sql STABLE AS $$
    SELECT (count(*) FILTER (WHERE r.state = 'excluded'))::integer, (count(*) FILTER (WHERE r.state = 'pending'))::integer,
           (count(*) FILTER (WHERE r.state = 'in_flight'))::integer, (count(*) FILTER (WHERE r.state = 'wired'))::integer,
           (count(*) FILTER (WHERE r.state = 'rejected'))::integer, (count(*) FILTER (WHERE r.state = 'unconfirmed'))::integer,
           (count(*) FILTER (WHERE r.state = 'skipped'))::integer,
           (count(*) FILTER (WHERE r.delivery = 'delivered'))::integer,
           (count(*) FILTER (WHERE r.delivery = 'undelivered'))::integer, count(r.replied_at)::integer,
           count(r.opted_out_at)::integer, count(r.clicked_at)::integer,
           coalesce(sum(r.segments) FILTER (WHERE r.state = 'wired'), 0)::bigint
    FROM campaign_recipient r WHERE r.campaign_id = p_campaign
$$;

-- Whoever moves recipients that have no text on the wire says so here, in the same transaction: so many from one state to
-- another. From null: they are new; to null: they are gone.
CREATE FUNCTION note_moved(p_campaign bigint, p_at timestamptz, p_from text, p_to text, p_count bigint)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO campaign_stat_delta (campaign_id, at, excluded, pending, in_flight, unconfirmed, skipped)
    SELECT p_campaign, p_at, q.n[1], q.n[2], q.n[3], q.n[4], q.n[5]
    FROM (SELECT array_agg(p_count * (coalesce(p_to = s.state, false)::integer - coalesce(p_from = s.state, false)::integer)
                           ORDER BY s.nth) AS n
          FROM unnest('{excluded,pending,in_flight,unconfirmed,skipped}'::text[]) WITH ORDINALITY AS s (state, nth)) q
    WHERE p_count <> 0
$$;

-- Add what has moved to the sums of a launched campaign, at most p_limit rows; how many there were. Of several servers one does it,
-- under the lock of the campaign's row. Below p_least nothing is done: reading some rows costs less than folding them.
CREATE FUNCTION fold_stats(p_campaign bigint, p_least integer, p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    folded integer;
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM campaign_stat_delta d WHERE d.campaign_id = p_campaign LIMIT p_least) q) < p_least THEN
        RETURN 0;
    END IF;
    PERFORM 1 FROM campaign c WHERE c.id = p_campaign AND c.launched_at IS NOT NULL FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM campaign_stat_delta x WHERE x.id = ANY (ARRAY(
            SELECT d.id FROM campaign_stat_delta d WHERE d.campaign_id = p_campaign ORDER BY d.id LIMIT p_limit))
        RETURNING x.*
    ), minutes AS (
        INSERT INTO campaign_minute AS m (campaign_id, at, wired, delivered, failed, replied, opted_out, clicked)
        SELECT p_campaign, g.minute, g.wired, g.delivered, g.failed, g.replied, g.opted_out, g.clicked
        FROM (SELECT date_trunc('minute', g.at, 'UTC') AS minute, sum(g.wired) AS wired, sum(g.delivered) AS delivered,
                     sum(g.undelivered + g.rejected) AS failed, sum(g.replied) AS replied, sum(g.opted_out) AS opted_out,
                     sum(g.clicked) AS clicked FROM gone g GROUP BY 1 ORDER BY 1) g
        WHERE (g.wired, g.delivered, g.failed, g.replied, g.opted_out, g.clicked) <> (0, 0, 0, 0, 0, 0)
        ON CONFLICT (campaign_id, at) DO UPDATE SET
            wired = m.wired + EXCLUDED.wired, delivered = m.delivered + EXCLUDED.delivered, failed = m.failed + EXCLUDED.failed,
            replied = m.replied + EXCLUDED.replied, opted_out = m.opted_out + EXCLUDED.opted_out,
            clicked = m.clicked + EXCLUDED.clicked
    ), sums AS (
        INSERT INTO campaign_stat AS s (campaign_id, excluded, pending, in_flight, wired, rejected, unconfirmed, skipped, delivered,
                                        undelivered, replied, opted_out, clicked, segments, moved_at,
                                        since_wired, since_rejected, since_undelivered, since_opted_out)
        SELECT p_campaign, sum(g.excluded), sum(g.pending), sum(g.in_flight), sum(g.wired), sum(g.rejected), sum(g.unconfirmed),
               sum(g.skipped), sum(g.delivered), sum(g.undelivered), sum(g.replied), sum(g.opted_out), sum(g.clicked),
               sum(g.segments), max(g.at), coalesce(sum(g.wired) FILTER (WHERE g.since), 0),
               coalesce(sum(g.rejected) FILTER (WHERE g.since), 0), coalesce(sum(g.undelivered) FILTER (WHERE g.since), 0),
               coalesce(sum(g.opted_out) FILTER (WHERE g.since), 0)
        FROM gone g HAVING count(*) > 0
        ON CONFLICT (campaign_id) DO UPDATE SET
            excluded = s.excluded + EXCLUDED.excluded, pending = s.pending + EXCLUDED.pending,
            in_flight = s.in_flight + EXCLUDED.in_flight, wired = s.wired + EXCLUDED.wired,
            rejected = s.rejected + EXCLUDED.rejected, unconfirmed = s.unconfirmed + EXCLUDED.unconfirmed,
            skipped = s.skipped + EXCLUDED.skipped, delivered = s.delivered + EXCLUDED.delivered,
            undelivered = s.undelivered + EXCLUDED.undelivered, replied = s.replied + EXCLUDED.replied,
            opted_out = s.opted_out + EXCLUDED.opted_out, clicked = s.clicked + EXCLUDED.clicked,
            segments = s.segments + EXCLUDED.segments, moved_at = greatest(s.moved_at, EXCLUDED.moved_at),
            since_wired = s.since_wired + EXCLUDED.since_wired, since_rejected = s.since_rejected + EXCLUDED.since_rejected,
            since_undelivered = s.since_undelivered + EXCLUDED.since_undelivered,
            since_opted_out = s.since_opted_out + EXCLUDED.since_opted_out
    )
    SELECT count(*) INTO folded FROM gone;
    RETURN folded;
END $$;

-- Forget the sums of a snapshot whose rows go, too; under the lock of the campaign's row.
CREATE FUNCTION forget_stats(p_campaign bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM campaign_stat_delta WHERE campaign_id = p_campaign;
    DELETE FROM campaign_minute WHERE campaign_id = p_campaign;
    DELETE FROM campaign_stat WHERE campaign_id = p_campaign;
$$;

-- Short links, one for each recipient and target, and every visit with what was thought of it. Visits are forgotten after a
-- while, see prune; what they come to is kept beside them, and by whoever writes them.
CREATE TABLE link_target (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    url          text NOT NULL
);
CREATE UNIQUE INDEX link_target_url ON link_target (workspace_id, md5(url));
CREATE TABLE link (
    token        text PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    target_id    bigint NOT NULL REFERENCES link_target,
    campaign_id  bigint NOT NULL,
    ord          integer NOT NULL,        -- of the recipient
    visited_at   timestamptz,             -- the first visit of a person; null: none
    UNIQUE (campaign_id, ord, target_id)
) WITH (fillfactor = 90);
CREATE TABLE link_made (                  -- how many links of a campaign lead there; written by its turns, one at a time
    campaign_id  bigint NOT NULL,
    target_id    bigint NOT NULL REFERENCES link_target,
    links        integer NOT NULL,
    PRIMARY KEY (campaign_id, target_id)
);
CREATE INDEX link_made_most ON link_made (campaign_id, links DESC, target_id);
CREATE TABLE link_stat (                  -- what visits come to; written with them
    campaign_id  bigint NOT NULL,
    target_id    bigint NOT NULL REFERENCES link_target,
    bot          text NOT NULL DEFAULT '',            -- as of link_click; empty: people's
    people       integer NOT NULL DEFAULT 0,          -- links that a person has followed
    visits       integer NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, target_id, bot)
);
CREATE INDEX link_stat_followed ON link_stat (campaign_id, people DESC, visits DESC, target_id) WHERE bot = '';
CREATE TABLE link_click (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token   text NOT NULL REFERENCES link,
    at      timestamptz NOT NULL,
    bot     text,                         -- domain.clicks.Bot: why it counts for nobody; null: a person's
    agent   text NOT NULL DEFAULT ''
);
CREATE INDEX ON link_click (token, at);

CREATE TABLE test_link (                  -- in texts that members sent to their own telephones: followed like any, and counted for nobody
    token        text PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    target_id    bigint NOT NULL REFERENCES link_target,
    campaign_id  bigint NOT NULL
);

CREATE TABLE outbox (                     -- gone once the outcome is known
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id  bigint NOT NULL,
    endpoint_id   bigint NOT NULL,
    number_id     bigint NOT NULL,
    thread_id     bigint NOT NULL,
    seq           bigint NOT NULL,
    klass         text NOT NULL,
    lane          smallint NOT NULL,      -- 0 answers to keywords, 1 people's, 2 bulk
    campaign_id   bigint REFERENCES campaign,
    dest_carrier  text NOT NULL DEFAULT '',   -- the recipient's, as known at T2: rates differ by it; empty: unknown
    consent_epoch integer NOT NULL,       -- at T2; another one at T3 means: opted out meanwhile
    acknowledged_opt_out boolean NOT NULL DEFAULT false,
    cancel_after_in bigint,               -- a reply cancels it: leaves only while the thread's in_total is this; null: always
    cost          smallint NOT NULL CHECK (cost >= 1),   -- segments
    due_at        timestamptz NOT NULL,
    expires_at    timestamptz,
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'held')),
    reason        text,                   -- the gate's last answer
    tries         smallint NOT NULL DEFAULT 0,
    key           uuid,                   -- of idempotency: the first attempt's id, the same in every try
    resends       smallint NOT NULL DEFAULT 0,    -- tries of which nobody knows what became; the text may have left
    UNIQUE (thread_id, seq)
    -- no foreign keys: number and endpoint are the thread's, which has them; here they were a fifth of T2's cost
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
-- the limiter's streams, each in its order: the first rows of every stream are found without reading the others
CREATE INDEX outbox_due ON outbox (number_id, lane, coalesce(campaign_id, 0), dest_carrier, due_at, id)
    WHERE state = 'queued';
CREATE INDEX outbox_campaign ON outbox (campaign_id) WHERE campaign_id IS NOT NULL AND state IN ('queued', 'held');
CREATE INDEX outbox_until_reply ON outbox (thread_id) WHERE cancel_after_in IS NOT NULL;
CREATE INDEX outbox_expiring ON outbox (expires_at) WHERE expires_at IS NOT NULL AND state = 'queued';

CREATE TABLE attempt (                    -- write-ahead: exists before the first byte leaves
    id            uuid PRIMARY KEY,       -- UUIDv7, also in the callback's URL
    workspace_id  bigint NOT NULL,
    outbox_id     bigint NOT NULL,
    account_id    bigint NOT NULL,
    number_id     bigint NOT NULL,
    endpoint_id   bigint NOT NULL,
    thread_id     bigint NOT NULL,
    seq           bigint NOT NULL,
    klass         text NOT NULL,
    cost          smallint NOT NULL,
    gen           bigint NOT NULL,        -- the node's, locked FOR SHARE in the same transaction
    limiter_epoch bigint NOT NULL,
    consent_epoch integer NOT NULL,       -- the endpoint's at T3: orders the attempt and a STOP without any clock
    authorised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    slot_at       timestamptz NOT NULL,
    state         text NOT NULL DEFAULT 'authorised'
                  CHECK (state IN ('authorised', 'void', 'not_sent', 'throttled', 'accepted', 'rejected', 'unknown', 'resent',
                                   'unconfirmed')),   -- resent: unknown, and another try under the same key follows
    provider_id   text,
    error_class   text,
    error_code    text,
    reason        text,
    unknown_since timestamptz,
    rung          smallint NOT NULL DEFAULT 0,
    next_check_at timestamptz,
    ended_at      timestamptz
) WITH (fillfactor = 70);
CREATE INDEX attempt_authorised ON attempt (gen) WHERE state = 'authorised';
CREATE INDEX attempt_unknown ON attempt (next_check_at) WHERE state = 'unknown';
CREATE INDEX attempt_message ON attempt (thread_id, seq);
CREATE INDEX attempt_capped ON attempt (endpoint_id, slot_at)    -- bulk that may have left: what caps count
    WHERE klass = 'bulk' AND state IN ('authorised', 'accepted', 'unknown', 'resent', 'unconfirmed');

CREATE TABLE early_receipt (              -- came before the answer to our request was stored
    account_id  bigint NOT NULL REFERENCES carrier_account,
    provider_id text NOT NULL,
    state       text NOT NULL,            -- what it proves, in our words and rank
    rank        smallint NOT NULL,
    error_class text,
    error_code  text,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, provider_id, state)
);

-- What crashed an actor three times ----------------------------------------------------------------------------------

CREATE TABLE quarantine (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor     text NOT NULL,
    message   text NOT NULL,              -- type and ids, never a body
    traceback text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);

-- What other programs hear --------------------------------------------------------------------------------------------

-- Facts of a commit wait here, written by triggers in the transaction of their cause, until number_events gives each its place
-- in its workspace's stream. Nothing is passed by: who commits late is taken late. Nobody's row is locked by the cause, and a
-- workspace without a stream, to which no program listens, pays for one look at a small table.
CREATE TABLE integration_stream (         -- the workspaces that somebody listens to, from the moment on that they first did
    workspace_id bigint PRIMARY KEY REFERENCES workspace,
    last_seq     bigint NOT NULL DEFAULT 0
);

CREATE TABLE integration_pending (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    kind         text NOT NULL,
    thread_id    bigint,
    seq          bigint,                  -- the text's
    ref          bigint,                  -- endpoint, campaign or click
    told         jsonb NOT NULL DEFAULT '{}',
    at           timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE integration_event (          -- kept for a week
    workspace_id bigint NOT NULL REFERENCES workspace,
    seq          bigint NOT NULL,         -- without a gap
    kind         text NOT NULL,           -- domain.webhooks.Kind
    data         jsonb NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, seq)
);
CREATE INDEX ON integration_event (at);

CREATE TABLE webhook_endpoint (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id     bigint NOT NULL,
    member_id        bigint NOT NULL,     -- who made it
    url              text NOT NULL,
    kinds            text[] NOT NULL CHECK (kinds <> '{}'),
    secret           text NOT NULL,       -- whsec_…
    old_secret       text,                -- signs too, until then
    old_secret_until timestamptz,
    disabled_at      timestamptz,
    disabled_why     text,                -- a sentence
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    FOREIGN KEY (workspace_id, member_id) REFERENCES member (workspace_id, id)
);

CREATE TABLE webhook_delivery (           -- the queue, and the log of it; the same id however often it is tried
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    endpoint_id  bigint NOT NULL,
    event_seq    bigint NOT NULL,
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    tries        integer NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL DEFAULT clock_timestamp(),   -- while a try is under way: when it counts as lost
    tried_at     timestamptz,
    status       integer,                 -- of the last answer
    error        text,                    -- what went wrong in the last try, in a sentence
    UNIQUE (endpoint_id, event_seq),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoint (workspace_id, id),
    FOREIGN KEY (workspace_id, event_seq) REFERENCES integration_event (workspace_id, seq)
);
CREATE INDEX webhook_due ON webhook_delivery (due_at) WHERE state = 'pending';
CREATE INDEX ON webhook_delivery (workspace_id, event_seq);

CREATE FUNCTION tell_of_thread_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM integration_stream) THEN RETURN NULL; END IF;
    INSERT INTO integration_pending (workspace_id, kind, thread_id, seq, told)
    SELECT m.workspace_id, CASE f.kind WHEN 'message' THEN 'message.received' ELSE 'message.status' END, m.thread_id, m.seq,
           CASE f.kind WHEN 'message' THEN '{}' ELSE jsonb_build_object(
               'state', f.state, 'error_class', f.error_class, 'error_code', f.error_code) END
    FROM fresh f JOIN message m ON m.thread_id = f.thread_id AND m.seq = coalesce(f.ref, f.seq)
    JOIN integration_stream s ON s.workspace_id = m.workspace_id
    WHERE (f.kind = 'message' AND m.direction = 'in') OR f.kind = 'status' ORDER BY f.thread_id, f.seq;
    INSERT INTO integration_pending (workspace_id, kind, thread_id, seq, told)
    SELECT t.workspace_id, 'thread.assigned', f.thread_id, f.seq, jsonb_build_object(
               'assignee_id', f.data -> 'to', 'assignee', f.data -> 'to_name', 'by_id', f.data -> 'by', 'by', f.data -> 'by_name')
    FROM fresh f JOIN thread t ON t.id = f.thread_id JOIN integration_stream s ON s.workspace_id = t.workspace_id
    WHERE f.kind = 'activity' AND f.data ->> 'what' IN ('assigned', 'unassigned') ORDER BY f.thread_id, f.seq;
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT ON thread_event REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_thread_events();

CREATE FUNCTION tell_of_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO integration_pending (workspace_id, kind, ref, told)
    SELECT s.workspace_id, CASE WHEN NEW.opted_out THEN 'contact.opted_out' ELSE 'contact.opted_in' END, NEW.id,
           jsonb_build_object('epoch', NEW.consent_epoch)
    FROM integration_stream s WHERE s.workspace_id = NEW.workspace_id;
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER UPDATE ON endpoint FOR EACH ROW
WHEN (OLD.opted_out IS DISTINCT FROM NEW.opted_out) EXECUTE FUNCTION tell_of_consent();

CREATE FUNCTION tell_of_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO integration_pending (workspace_id, kind, ref, told)
    SELECT s.workspace_id, 'campaign.status', NEW.id, jsonb_build_object('state', NEW.state, 'was', OLD.state)
    FROM integration_stream s WHERE s.workspace_id = NEW.workspace_id;
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER UPDATE ON campaign FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION tell_of_campaign();

CREATE FUNCTION tell_of_click() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO integration_pending (workspace_id, kind, ref, told)
    SELECT l.workspace_id, 'link.clicked', l.campaign_id,
           jsonb_build_object('url', g.url, 'ord', l.ord, 'clicked_at', NEW.at)
    FROM link l JOIN integration_stream s ON s.workspace_id = l.workspace_id JOIN link_target g ON g.id = l.target_id
    WHERE l.token = NEW.token;
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT ON link_click FOR EACH ROW
WHEN (NEW.bot IS NULL) EXECUTE FUNCTION tell_of_click();

CREATE FUNCTION person_data(p_endpoint bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('address', e.address, 'contact_id', k.id, 'owner_id', k.owner_id,
           'name', nullif(btrim(k.first_name || ' ' || k.last_name), ''))
    FROM endpoint e LEFT JOIN contact_phone p ON p.endpoint_id = e.id LEFT JOIN contact k ON k.id = p.contact_id
    WHERE e.id = p_endpoint
$$;

-- What an event says: whom it is about, and what happened. A text's words are in it, so that who hears need not ask.
CREATE FUNCTION event_data(p_kind text, p_workspace bigint, p_thread bigint, p_seq bigint, p_ref bigint, p_told jsonb)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_kind IN ('message.received', 'message.status') THEN (
            SELECT person_data(t.endpoint_id) || jsonb_build_object('thread_id', m.thread_id, 'seq', m.seq, 'number', n.address)
                   || CASE p_kind WHEN 'message.received' THEN jsonb_build_object('body', m.body, 'keyword', m.keyword,
                          'media', coalesce(jsonb_array_length(m.media), 0), 'sent_at', m.created_at)
                      ELSE jsonb_build_object('cmd_id', m.cmd_id, 'campaign_id', m.campaign_id, 'call_id', (
                          SELECT l.call_id FROM call l WHERE l.id = m.call)) || p_told END
            FROM message m JOIN thread t ON t.id = m.thread_id JOIN number n ON n.id = m.number_id
            WHERE m.thread_id = p_thread AND m.seq = p_seq)
        WHEN p_kind = 'thread.assigned' THEN (
            SELECT person_data(t.endpoint_id) || jsonb_build_object('thread_id', t.id, 'number', n.address) || p_told
            FROM thread t JOIN number n ON n.id = t.number_id WHERE t.id = p_thread)
        WHEN p_kind IN ('contact.opted_out', 'contact.opted_in') THEN (
            SELECT person_data(p_ref) || jsonb_build_object('source', c.source, 'why', c.kind, 'text', c.text,
                   'thread_id', t.id)
            FROM (VALUES (1)) o
            LEFT JOIN thread t ON t.workspace_id = p_workspace AND t.endpoint_id = p_ref
            LEFT JOIN LATERAL (
                SELECT x.source, x.kind, x.text FROM consent_event x
                WHERE x.endpoint_id = p_ref AND x.consent_epoch = (p_told ->> 'epoch')::integer
                ORDER BY x.id LIMIT 1) c ON true)
        WHEN p_kind = 'link.clicked' THEN (
            SELECT coalesce(person_data(r.endpoint_id), '{}')
                   || jsonb_build_object('campaign_id', p_ref, 'url', p_told -> 'url', 'clicked_at', p_told -> 'clicked_at')
            FROM (VALUES (1)) o
            LEFT JOIN campaign_recipient r ON r.campaign_id = p_ref AND r.ord = (p_told ->> 'ord')::integer)
        ELSE (SELECT jsonb_build_object('campaign_id', g.id, 'name', g.name) || p_told FROM campaign g WHERE g.id = p_ref)
    END
$$;

-- What an event is about went over these numbers: those of its thread (a click names the contact's address alone), or its campaign's.
CREATE FUNCTION numbers_of(p_workspace bigint, p_data jsonb) RETURNS bigint[] LANGUAGE sql STABLE
RETURN coalesce(CASE WHEN p_data ? 'thread_id' THEN
               (SELECT t.numbers FROM thread t WHERE t.workspace_id = p_workspace AND t.id = (p_data ->> 'thread_id')::bigint)
           ELSE (SELECT t.numbers FROM endpoint e JOIN thread t ON t.workspace_id = e.workspace_id AND t.endpoint_id = e.id
                 WHERE e.workspace_id = p_workspace AND e.address = p_data ->> 'address') END, '{}')
    || coalesce((SELECT array_remove(ARRAY[number_of(g.number_id, g.plan)], NULL) FROM campaign g
                 WHERE g.workspace_id = p_workspace AND g.id = (p_data ->> 'campaign_id')::bigint), '{}');

-- Give what waits its place in the streams, the oldest p_limit, and queue a delivery for every endpoint that wants it. Two servers
-- wait for each other, stream by stream. Texts of one thread keep their order: they were written under its lock.
CREATE FUNCTION number_events(p_limit integer) RETURNS SETOF integration_event LANGUAGE plpgsql AS $$
DECLARE
    streams bigint[];
BEGIN
    SELECT array_agg(q.workspace_id) INTO streams FROM (
        SELECT s.workspace_id FROM integration_stream s WHERE s.workspace_id IN (
            SELECT p.workspace_id FROM (SELECT w.workspace_id FROM integration_pending w ORDER BY w.id LIMIT p_limit) p)
        ORDER BY s.workspace_id FOR UPDATE) q;
    IF streams IS NULL THEN RETURN; END IF;
    RETURN QUERY
    WITH taken AS (
        DELETE FROM integration_pending p WHERE p.id IN (
            SELECT w.id FROM integration_pending w WHERE w.workspace_id = ANY (streams) ORDER BY w.id LIMIT p_limit)
        RETURNING p.*
    ), numbered AS (
        SELECT t.*, s.last_seq + row_number() OVER (PARTITION BY t.workspace_id ORDER BY t.id) AS place
        FROM taken t JOIN integration_stream s ON s.workspace_id = t.workspace_id
    ), moved AS (
        UPDATE integration_stream s SET last_seq = n.top
        FROM (SELECT workspace_id, max(place) AS top FROM numbered GROUP BY 1) n WHERE s.workspace_id = n.workspace_id
    ), told AS (
        INSERT INTO integration_event (workspace_id, seq, kind, data, at)
        SELECT n.workspace_id, n.place, n.kind,
               coalesce(event_data(n.kind, n.workspace_id, n.thread_id, n.seq, n.ref, n.told), '{}'), n.at
        FROM numbered n ORDER BY n.workspace_id, n.place
        RETURNING *
    ), queued AS (
        INSERT INTO webhook_delivery (workspace_id, endpoint_id, event_seq)
        SELECT e.workspace_id, w.id, e.seq FROM told e
        JOIN webhook_endpoint w ON w.workspace_id = e.workspace_id AND w.disabled_at IS NULL AND e.kind = ANY (w.kinds)
         AND NOT numbers_of(e.workspace_id, e.data) && hidden_from(w.member_id)
        ORDER BY e.workspace_id, e.seq
    )
    SELECT * FROM told e ORDER BY e.workspace_id, e.seq;
END $$;

-- What the transactions tell ---------------------------------------------------------------------------------------------

-- The functions below are planned once for a session, perhaps while a table is nearly empty: they are held to their indexes,
-- since a plan that reads a whole table was seen to stay until it had become slow. Those that each text goes through are held
-- to that one plan, too: planning them anew for each text, as the planner likes to, costs more than running them. The outbox is
-- empty most of the time, and was read as a whole then, each row compared with each of the batch: it is asked for
-- `id = ANY (array)`, which has one plan.

CREATE TYPE told AS (                     -- one row of what a transaction did; `what` says which columns count
    what         text,                    -- status: an event of a thread. consent: an endpoint flipped. queued: work is due
    ord          integer,                 -- again. done: the verdict (in state) on the item of this position. campaign: the
                                          -- recipients of one (in ref) have moved
    workspace_id bigint,
    thread_id    bigint,
    seq          bigint,
    ref          bigint,
    state        text,
    error_class  text,
    error_code   text,
    at           timestamptz,
    endpoint_id  bigint,
    epoch        integer,
    opted_out    boolean,
    number_id    bigint
);

-- Where a recipient of a campaign stands whose text is in this state; domain.audience has the same table.
CREATE FUNCTION recipient_state(p_state text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_state IN ('queued', 'held') THEN 'in_flight'
                WHEN p_state IN ('sent', 'delivered', 'undelivered') THEN 'wired'
                WHEN p_state IN ('rejected', 'unconfirmed') THEN p_state
                ELSE 'skipped' END
$$;

-- How long after a campaign's text left a reply or a STOP is its: domain.credit.WITHIN.
CREATE FUNCTION credit_window() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '168 hours';

-- Give the replies and STOPs in these threads to whom they belong, by all that their texts say now: domain.credit.recount. The
-- caller has the threads locked. For whenever the latest text alone does not say whose an answer is: it was stored before its
-- text was known to have left, it was written before a later campaign's text, or a person has decided what it says.
CREATE FUNCTION credit_anew(p_thread bigint[], p_at timestamptz) RETURNS SETOF told LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    RETURN QUERY
    WITH texts AS MATERIALIZED (
        SELECT r.thread_id, r.seq, r.campaign_id, r.ord, r.left_at
        FROM campaign_recipient r JOIN campaign c ON c.id = r.campaign_id
        WHERE r.thread_id = ANY (p_thread) AND c.kind = 'campaign' AND r.state = 'wired'
    ), said AS (  -- who answers a text has a later place in the thread
        SELECT m.thread_id, m.created_at AS at, m.keyword IS NOT DISTINCT FROM 'STOP' OR EXISTS (
                   SELECT FROM review v WHERE v.thread_id = m.thread_id AND v.seq = m.seq AND v.decision = 'opted_out') AS stop
        FROM (SELECT t.thread_id, min(t.seq) AS seq FROM texts t GROUP BY t.thread_id) f
        JOIN message m ON m.thread_id = f.thread_id AND m.seq > f.seq
        WHERE m.direction = 'in' AND m.keyword IS DISTINCT FROM 'START'
    ), truth AS (
        SELECT x.campaign_id, x.ord, min(d.at) FILTER (WHERE NOT d.stop) AS replied_at,
               min(d.at) FILTER (WHERE d.stop) AS opted_out_at
        FROM said d CROSS JOIN LATERAL (
            SELECT t.* FROM texts t WHERE t.thread_id = d.thread_id AND t.left_at <= d.at
            ORDER BY t.left_at DESC, t.campaign_id DESC LIMIT 1) x
        WHERE d.at <= x.left_at + credit_window() GROUP BY x.campaign_id, x.ord
    ), credited AS (
        UPDATE campaign_recipient r SET replied_at = u.replied_at, opted_out_at = u.opted_out_at
        FROM texts t LEFT JOIN truth u ON u.campaign_id = t.campaign_id AND u.ord = t.ord
        WHERE r.campaign_id = t.campaign_id AND r.ord = t.ord
          AND (r.replied_at IS DISTINCT FROM u.replied_at OR r.opted_out_at IS DISTINCT FROM u.opted_out_at)
        RETURNING r.workspace_id, r.campaign_id, r.left_at,
                  (new.replied_at IS NOT NULL)::integer - (old.replied_at IS NOT NULL)::integer AS replied,
                  (new.opted_out_at IS NOT NULL)::integer - (old.opted_out_at IS NOT NULL)::integer AS opted_out
    ), counted AS (
        INSERT INTO campaign_stat_delta (campaign_id, at, since, replied, opted_out)
        SELECT x.campaign_id, p_at, coalesce(x.left_at >= c.resumed_at, true), sum(x.replied), sum(x.opted_out)
        FROM credited x JOIN campaign c ON c.id = x.campaign_id
        WHERE (x.replied, x.opted_out) <> (0, 0) GROUP BY 1, 3
    )
    SELECT DISTINCT 'campaign', NULL::integer, x.workspace_id, NULL::bigint, NULL::bigint, x.campaign_id, NULL, NULL, NULL,
           NULL::timestamptz, NULL::bigint, NULL::integer, NULL::boolean, NULL::bigint
    FROM credited x;
END $$;

-- What texts of campaigns that have moved do to their recipients, and those to the sums: one row of differences for each
-- campaign, or two where some left before it was resumed. A thread keeps the campaign's text that left last. p_moved: rows of note_status, which holds the threads' locks.
CREATE FUNCTION move_recipients(p_moved told[]) RETURNS SETOF told LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    campaigns bigint[];
    wired     campaign_recipient[];
    answered  bigint[];
BEGIN
    WITH followed AS (
        UPDATE campaign_recipient r SET state = recipient_state(v.state),
               delivery = CASE recipient_state(v.state) WHEN 'wired' THEN v.state END,
               reason = CASE recipient_state(v.state) WHEN 'skipped' THEN coalesce(v.error_code, v.state) END,
               left_at = CASE WHEN r.left_at IS NULL AND recipient_state(v.state) IN ('wired', 'rejected')
                              THEN coalesce((SELECT min(a.slot_at) FROM attempt a WHERE a.thread_id = r.thread_id AND a.seq = r.seq
                                             AND a.state IN ('accepted', 'rejected', 'resent', 'unknown')), v.at)
                              ELSE r.left_at END
        FROM unnest(p_moved) v WHERE r.thread_id = v.thread_id AND r.seq = v.ref
        RETURNING v.at, r.campaign_id, r.segments, old.state AS was, new.state, old.delivery AS had, new.delivery, new AS it
    ), counted AS (
        INSERT INTO campaign_stat_delta (campaign_id, at, since, in_flight, wired, rejected, unconfirmed, skipped, delivered,
                                         undelivered, segments)
        SELECT f.campaign_id, max(f.at), coalesce((f.it).left_at >= c.resumed_at, true),
               sum((f.state = 'in_flight')::integer - (f.was = 'in_flight')::integer),
               sum((f.state = 'wired')::integer - (f.was = 'wired')::integer),
               sum((f.state = 'rejected')::integer - (f.was = 'rejected')::integer),
               sum((f.state = 'unconfirmed')::integer - (f.was = 'unconfirmed')::integer),
               sum((f.state = 'skipped')::integer - (f.was = 'skipped')::integer),
               sum((f.delivery IS NOT DISTINCT FROM 'delivered')::integer - (f.had IS NOT DISTINCT FROM 'delivered')::integer),
               sum((f.delivery IS NOT DISTINCT FROM 'undelivered')::integer
                   - (f.had IS NOT DISTINCT FROM 'undelivered')::integer),
               sum(coalesce(f.segments, 0) * ((f.state = 'wired')::integer - (f.was = 'wired')::integer))
        FROM followed f JOIN campaign c ON c.id = f.campaign_id
        WHERE f.was <> f.state OR f.had IS DISTINCT FROM f.delivery GROUP BY 1, 3
    )
    SELECT array_agg(DISTINCT f.campaign_id),
           array_agg(f.it) FILTER (WHERE c.kind = 'campaign' AND f.state = 'wired' AND f.was <> 'wired')
    INTO campaigns, wired
    FROM followed f JOIN campaign c ON c.id = f.campaign_id;
    RETURN QUERY
    SELECT 'campaign', NULL::integer, c.workspace_id, NULL::bigint, NULL::bigint, c.id, NULL, NULL, NULL, NULL::timestamptz,
           NULL::bigint, NULL::integer, NULL::boolean, NULL::bigint
    FROM campaign c WHERE c.id = ANY (campaigns);
    IF wired IS NULL THEN
        RETURN;
    END IF;
    UPDATE thread t SET campaign_id = w.campaign_id, campaign_ord = w.ord, campaign_at = w.left_at
    FROM (SELECT DISTINCT ON (w.thread_id) w.* FROM unnest(wired) w ORDER BY w.thread_id, w.left_at DESC, w.campaign_id DESC) w
    WHERE t.id = w.thread_id AND (t.campaign_at IS NULL OR (t.campaign_at, t.campaign_id) < (w.left_at, w.campaign_id));
    SELECT array_agg(DISTINCT t.id) INTO answered
    FROM unnest(wired) w JOIN thread t ON t.id = w.thread_id AND t.last_in_at >= w.left_at;
    IF answered IS NOT NULL THEN  -- people answer before the carrier has answered us
        RETURN QUERY SELECT * FROM credit_anew(answered, (SELECT max(v.at) FROM unnest(p_moved) v));
    END IF;
END $$;

-- Whether a text never was, for people: domain.messages.taken_back.
CREATE FUNCTION taken_back(p_state text, p_class text, p_code text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_state = 'cancelled' AND coalesce(p_class = 'gate' AND p_code IN ('campaign_changed', 'campaign_cancelled'), false);

-- Which campaign wrote a text, and with which of its wordings, where it has several.
CREATE FUNCTION text_of_campaign(p_campaign bigint, p_thread bigint, p_seq bigint)
RETURNS TABLE (id bigint, kind text, name text, variant smallint) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.id, c.kind, c.name,
           (SELECT r.variant FROM campaign_recipient r
            WHERE r.thread_id = p_thread AND r.seq = p_seq AND r.campaign_id = p_campaign AND jsonb_array_length(c.plan->'variants') > 1)
    FROM campaign c WHERE c.id = p_campaign;
END;

-- Threads show what stands in them: the newest text but for those that were taken back, and nothing at all where there is none.
-- The caller has them locked, by note_status.
CREATE FUNCTION show_newest(p_thread bigint[]) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    UPDATE thread t SET last_at = coalesce(q.created_at, t.last_at), last_preview = coalesce(left(q.body, 140), ''),
           last_direction = coalesce(q.direction, 'out'), last_out_at = o.created_at, listed = t.listed AND q.created_at IS NOT NULL
    FROM (SELECT DISTINCT g.id FROM unnest(p_thread) g (id)) g
    LEFT JOIN LATERAL (
        SELECT m.created_at, m.body, m.direction FROM message m
        WHERE m.thread_id = g.id AND NOT taken_back(m.state, m.error_class, m.error_code) ORDER BY m.seq DESC LIMIT 1) q ON true
    LEFT JOIN LATERAL (
        SELECT m.created_at FROM message m
        WHERE m.thread_id = g.id AND m.direction = 'out' AND m.klass <> 'test' AND NOT taken_back(m.state, m.error_class, m.error_code)
        ORDER BY m.seq DESC LIMIT 1) o ON true
    WHERE t.id = g.id;
END $$;

-- Move messages to a state of higher rank, each with its event, and bump their threads; of several news of one message the
-- highest counts. A campaign's recipient moves with its text. What was wired cannot have been refused before. p_decided: a person's decision may lower the rank.
-- The locked threads' last numbers are read by the statement that follows the locks, and so are current.
CREATE FUNCTION note_status(
    p_thread bigint[], p_seq bigint[], p_state text[], p_rank smallint[], p_class text[], p_code text[], p_at timestamptz[],
    p_decided boolean DEFAULT false
) RETURNS SETOF told LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    changed  told[];
    campaign told[];  -- of these, those of campaigns: only they pay for what follows
BEGIN
    PERFORM 1 FROM thread t WHERE t.id = ANY (p_thread) ORDER BY t.endpoint_id FOR NO KEY UPDATE;
    WITH news AS (
        SELECT DISTINCT ON (n.thread_id, n.seq) n.*
        FROM unnest(p_thread, p_seq, p_state, p_rank, p_class, p_code, p_at) WITH ORDINALITY
             AS n (thread_id, seq, state, rank, error_class, error_code, at, ord)
        WHERE n.thread_id IS NOT NULL AND n.state IS NOT NULL
        ORDER BY n.thread_id, n.seq, n.rank DESC, n.ord
    ), moved AS (
        UPDATE message m SET state = n.state, rank = n.rank, error_class = n.error_class, error_code = n.error_code
        FROM news n  -- and no thread beside it: the message was then looked up by its thread alone, among all of them
        WHERE m.thread_id = n.thread_id AND m.seq = n.seq
          AND (p_decided OR (m.rank < n.rank AND NOT (m.rank BETWEEN 20 AND 40 AND n.rank >= 50)))
        RETURNING m.workspace_id, m.thread_id, m.seq, n.state, n.error_class, n.error_code, n.at, m.campaign_id
    ), numbered AS (
        SELECT v.*, t.last_seq + row_number() OVER w AS event, lead(v.seq) OVER w IS NULL AS newest
        FROM moved v JOIN thread t ON t.id = v.thread_id WINDOW w AS (PARTITION BY v.thread_id ORDER BY v.seq)
    ), bumped AS (
        UPDATE thread t SET last_seq = v.event, version = t.version + 1, changed_xid = pg_current_xact_id()
        FROM numbered v WHERE v.newest AND t.id = v.thread_id
    ), events AS (
        INSERT INTO thread_event (thread_id, seq, kind, ref, state, error_class, error_code, at)
        SELECT v.thread_id, v.event, 'status', v.seq, v.state, v.error_class, v.error_code, v.at FROM numbered v
    )
    SELECT array_agg(q.row), array_agg(q.row) FILTER (WHERE q.campaign_id IS NOT NULL) INTO changed, campaign
    FROM (SELECT ROW('status', NULL, v.workspace_id, v.thread_id, v.event, v.seq, v.state, v.error_class, v.error_code, v.at,
                     NULL, NULL, NULL, NULL)::told AS row, v.campaign_id FROM numbered v ORDER BY v.thread_id, v.event) q;
    RETURN QUERY SELECT * FROM unnest(changed);
    IF campaign IS NOT NULL THEN
        RETURN QUERY SELECT * FROM move_recipients(campaign);
    END IF;
END $$;

-- The carrier refused for the recipient's sake: its own opt-out list outranks ours; an unusable number is marked.
CREATE FUNCTION mark_endpoints(p_endpoint bigint[], p_class text[], p_code text[], p_at timestamptz[])
RETURNS SETOF told LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF NOT ('opted_out' = ANY (p_class) OR 'invalid' = ANY (p_class)) THEN
        RETURN;
    END IF;
    PERFORM 1 FROM endpoint e
    WHERE e.id IN (SELECT g.id FROM unnest(p_endpoint, p_class) AS g (id, class) WHERE g.class IN ('opted_out', 'invalid'))
    ORDER BY e.id FOR NO KEY UPDATE;
    UPDATE endpoint e SET invalid_reason = coalesce(g.code, 'invalid_number')
    FROM unnest(p_endpoint, p_class, p_code) AS g (id, class, code)
    WHERE e.id = g.id AND g.class = 'invalid' AND e.invalid_reason IS NULL;
    RETURN QUERY
    WITH refused AS (
        SELECT DISTINCT ON (g.id) g.* FROM unnest(p_endpoint, p_class, p_code, p_at) AS g (id, class, code, at)
        WHERE g.class = 'opted_out' ORDER BY g.id
    ), before AS (
        SELECT e.id, e.opted_out FROM endpoint e JOIN refused r ON r.id = e.id WHERE NOT e.carrier_blocked
    ), marked AS (
        UPDATE endpoint e SET carrier_blocked = true, opted_out = true, consented_at = NULL,
               consent_epoch = e.consent_epoch + CASE WHEN b.opted_out THEN 0 ELSE 1 END
        FROM before b WHERE e.id = b.id
        RETURNING e.id, e.workspace_id, e.consent_epoch, b.opted_out AS already
    ), recorded AS (
        INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, text, at)
        SELECT m.workspace_id, m.id, 'carrier_blocked', m.consent_epoch, 'carrier', r.code, r.at
        FROM marked m JOIN refused r ON r.id = m.id
    )
    SELECT 'consent', NULL::integer, m.workspace_id, NULL::bigint, NULL::bigint, NULL::bigint, NULL, NULL, NULL,
           NULL::timestamptz, m.id, m.consent_epoch, true, NULL::bigint
    FROM marked m WHERE NOT m.already;
END $$;

-- T1: inbound ------------------------------------------------------------------------------------------------------------

CREATE TYPE mo_work AS (
    ord bigint, account_id bigint, provider_id text, from_ text, to_ text, body text, keyword text, answered boolean,
    media jsonb, at timestamptz, late interval, workspace_id bigint, number_id bigint, endpoint_id bigint,
    kind text, epoch integer, held boolean, decision text
);

-- Numbers that belong to nobody, or to a contact that was deleted, become contacts, to be named later. Who names one at the
-- same time has it.
CREATE FUNCTION meet(p_endpoint bigint[], p_source text) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    late bigint[];
BEGIN
    WITH lonely AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('contact', 'id')) AS contact_id, e.workspace_id, e.id AS endpoint_id
        FROM endpoint e WHERE e.id = ANY (p_endpoint)
        AND NOT EXISTS (SELECT FROM contact_phone p JOIN contact k ON k.id = p.contact_id
                        WHERE p.endpoint_id = e.id AND k.deleted_at IS NULL)
    ), made AS (
        INSERT INTO contact (id, workspace_id, source) OVERRIDING SYSTEM VALUE
        SELECT l.contact_id, l.workspace_id, p_source FROM lonely l
    ), given AS (
        INSERT INTO contact_phone AS p (workspace_id, contact_id, endpoint_id)
        SELECT l.workspace_id, l.contact_id, l.endpoint_id FROM lonely l ORDER BY l.endpoint_id
        ON CONFLICT (endpoint_id) DO UPDATE SET contact_id = EXCLUDED.contact_id, label = '', priority = 0
        WHERE EXISTS (SELECT FROM contact k WHERE k.id = p.contact_id AND k.deleted_at IS NOT NULL)
        RETURNING p.contact_id
    )
    SELECT array_agg(l.contact_id) INTO late FROM lonely l
    WHERE NOT EXISTS (SELECT FROM given g WHERE g.contact_id = l.contact_id);
    IF late IS NOT NULL THEN  -- somebody has named the number meanwhile
        DELETE FROM contact k WHERE k.id = ANY (late);
    END IF;
END $$;

-- Credit texts that were just stored to the campaigns that wrote to their threads. Most people answer more than once, and are
-- counted already.
CREATE FUNCTION credit_inbound(p_work mo_work[], p_now timestamptz) RETURNS SETOF told LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    talks bigint[];
BEGIN
    SELECT array_agg(DISTINCT t.id) INTO talks
    FROM unnest(p_work) w
    JOIN thread t ON t.workspace_id = w.workspace_id AND t.endpoint_id = w.endpoint_id
    JOIN campaign_recipient r ON r.campaign_id = t.campaign_id AND r.ord = t.campaign_ord
    WHERE w.keyword IS DISTINCT FROM 'START' AND w.at <= t.campaign_at + credit_window()
      AND coalesce(CASE w.keyword WHEN 'STOP' THEN r.opted_out_at ELSE r.replied_at END, 'infinity') > w.at;
    IF talks IS NOT NULL THEN
        RETURN QUERY SELECT * FROM credit_anew(talks, coalesce(p_now, clock_timestamp()));
    END IF;
END $$;

-- Store a batch of inbound texts, each provider id once for ever. Items that give no row here are duplicates. Never touches
-- outbox or attempt; cancels: a text may wait in the thread that a reply cancels. p_keyword is domain.optout.Heard: STOP, START, YES, HELP, AMBIGUOUS or WRONG_NUMBER. START and YES opt in
-- again only where the contact is opted out at that moment; START also ends a review, and is a consent where none is on
-- record, YES is neither. AMBIGUOUS and WRONG_NUMBER hold
-- the endpoint, which is no flip and raises no epoch, and open a review in place of an older one. p_within: how long after the
-- text its answer is still owed. A reply or a STOP is credited to the campaign whose text left last; a row without ord names one
-- whose figures have moved by that, or none.
CREATE FUNCTION record_mo(
    p_account bigint[], p_provider text[], p_from text[], p_to text[], p_body text[], p_keyword text[], p_answered boolean[],
    p_media text[], p_at timestamptz[], p_now timestamptz[], p_within interval
) RETURNS TABLE (
    ord bigint, workspace_id bigint, thread_id bigint, seq bigint, in_ord bigint, at timestamptz, keyword text,
    endpoint_id bigint, flipped boolean, epoch integer, owed boolean, held boolean, cancels boolean, campaign_id bigint, seen_by bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    fresh mo_work[];
    work  mo_work[];
    one   endpoint;
    ended text;
    given integer;
BEGIN
    -- the receipt's unique key decides; it waits for a twin that another writer has not committed yet
    WITH given AS (
        SELECT g.* FROM unnest(p_account, p_provider, p_from, p_to, p_body, p_keyword, p_answered, p_media, p_at, p_now)
             WITH ORDINALITY
             AS g (account_id, provider_id, from_, to_, body, keyword, answered, media, at, now_, ord)
    ), receipt AS (
        INSERT INTO provider_ref AS r (account_id, kind, provider_id)
        SELECT DISTINCT g.account_id, 'mo', g.provider_id FROM given g ORDER BY 1, 3
        ON CONFLICT DO NOTHING RETURNING r.account_id, r.provider_id
    ), first AS (
        SELECT DISTINCT ON (g.account_id, g.provider_id) g.*, coalesce(g.now_, clock_timestamp()) AS arrived
        FROM given g JOIN receipt r ON r.account_id = g.account_id AND r.provider_id = g.provider_id
        ORDER BY g.account_id, g.provider_id, g.ord
    )
    SELECT array_agg(ROW(f.ord, f.account_id, f.provider_id, f.from_, f.to_, f.body, f.keyword, f.answered, f.media::jsonb,
                         coalesce(f.at, f.arrived), greatest(f.arrived - f.at, '0'), n.workspace_id, n.id,
                         NULL, NULL, NULL, NULL, NULL)::mo_work ORDER BY f.ord)
    INTO fresh
    FROM first f LEFT JOIN number n ON n.account_id = f.account_id AND n.address = f.to_;
    IF fresh IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO unassigned_mo (account_id, provider_id, from_, to_, body, at)
    SELECT f.account_id, f.provider_id, f.from_, f.to_, f.body, f.at FROM unnest(fresh) f WHERE f.number_id IS NULL
    ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT f.ord, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::timestamptz, NULL::text,
                        NULL::bigint, NULL::boolean, NULL::integer, NULL::boolean, NULL::boolean, NULL::boolean, NULL::bigint,
                        NULL::bigint[]
                 FROM unnest(fresh) f WHERE f.number_id IS NULL;

    INSERT INTO endpoint (workspace_id, address)
    SELECT DISTINCT f.workspace_id, f.from_ FROM unnest(fresh) f
    WHERE f.number_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM endpoint e WHERE e.workspace_id = f.workspace_id AND e.address = f.from_)
    ORDER BY 1, 2 ON CONFLICT DO NOTHING;
    SELECT array_agg(ROW(f.ord, f.account_id, f.provider_id, f.from_, f.to_, f.body, f.keyword, f.answered, f.media, f.at,
                         f.late, f.workspace_id, f.number_id, e.id, NULL, e.consent_epoch, NULL, NULL)::mo_work ORDER BY f.ord)
    INTO work
    FROM unnest(fresh) f JOIN endpoint e ON e.workspace_id = f.workspace_id AND e.address = f.from_;
    IF work IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM unnest(work) w  -- mostly none: looking costs a tenth of meeting nobody
               WHERE NOT EXISTS (SELECT FROM contact_phone p JOIN contact k ON k.id = p.contact_id
                                 WHERE p.endpoint_id = w.endpoint_id AND k.deleted_at IS NULL)) THEN
        PERFORM meet(ARRAY(SELECT DISTINCT w.endpoint_id FROM unnest(work) w), 'inbound');
    END IF;

    -- who texts us has a number that works, whatever a carrier said of it
    IF EXISTS (SELECT FROM unnest(work) w JOIN endpoint e ON e.id = w.endpoint_id WHERE e.invalid_reason IS NOT NULL) THEN
        PERFORM 1 FROM endpoint e WHERE e.id IN (SELECT w.endpoint_id FROM unnest(work) w) ORDER BY e.id FOR NO KEY UPDATE;
        UPDATE endpoint e SET invalid_reason = NULL
        FROM unnest(work) w WHERE e.id = w.endpoint_id AND e.invalid_reason IS NOT NULL;
    END IF;

    -- keywords change their endpoint in the order of arrival, under locks taken in the order of ids
    IF EXISTS (SELECT FROM unnest(work) w WHERE w.keyword IS NOT NULL) THEN
        PERFORM 1 FROM endpoint e
        WHERE e.id IN (SELECT w.endpoint_id FROM unnest(work) w WHERE w.keyword IS NOT NULL)
        ORDER BY e.id FOR NO KEY UPDATE;
        PERFORM 1 FROM review r
        WHERE r.endpoint_id IN (SELECT w.endpoint_id FROM unnest(work) w WHERE w.keyword IS NOT NULL)
          AND r.decided_at IS NULL
        ORDER BY r.id FOR NO KEY UPDATE;
        FOR i IN 1 .. cardinality(work) LOOP
            CONTINUE WHEN work[i].keyword IS NULL;
            SELECT e.* INTO one FROM endpoint e WHERE e.id = work[i].endpoint_id;
            CASE
            WHEN work[i].keyword = 'STOP' THEN
                work[i].kind := CASE WHEN one.opted_out THEN 'stop_repeated' ELSE 'opted_out' END;
                ended := 'opted_out';
            WHEN work[i].keyword IN ('START', 'YES') AND one.opted_out THEN
                work[i].keyword := 'START';
                work[i].kind := 'opted_in';
                ended := 'not_a_revocation';
            WHEN work[i].keyword = 'START' AND one.held THEN
                work[i].kind := 'released';
                ended := 'not_a_revocation';
            WHEN work[i].keyword = 'START' AND one.consented_at IS NULL THEN
                work[i].kind := 'consent_given';
                work[i].keyword := NULL;
                ended := NULL;
            WHEN work[i].keyword = 'HELP' THEN
                work[i].kind := 'help_asked';
                ended := NULL;
            WHEN work[i].keyword IN ('AMBIGUOUS', 'WRONG_NUMBER') AND NOT one.opted_out THEN
                work[i].kind := lower(work[i].keyword);
                work[i].keyword := NULL;
                ended := 'superseded';
            ELSE
                work[i].keyword := NULL;
                ended := NULL;
            END CASE;
            IF one.held AND ended IS NOT NULL THEN
                UPDATE review r SET decided_at = work[i].at, decision = ended
                WHERE r.endpoint_id = one.id AND r.decided_at IS NULL;
                FOR j IN 1 .. i - 1 LOOP  -- what was opened by a neighbour in this very batch is not in the table yet
                    IF work[j].endpoint_id = one.id AND work[j].kind IN ('ambiguous', 'wrong_number') THEN
                        work[j].decision := coalesce(work[j].decision, ended);
                    END IF;
                END LOOP;
                work[i].held := false;
            END IF;
            IF work[i].kind IN ('opted_out', 'opted_in') THEN
                UPDATE endpoint e SET opted_out = NOT e.opted_out, consent_epoch = e.consent_epoch + 1, held = false,
                       carrier_blocked = e.carrier_blocked AND work[i].kind = 'opted_out',
                       consented_at = CASE work[i].kind WHEN 'opted_in' THEN work[i].at END
                WHERE e.id = one.id RETURNING * INTO one;
            ELSIF work[i].kind IN ('ambiguous', 'wrong_number') THEN
                work[i].held := true;
                UPDATE endpoint e SET held = true WHERE e.id = one.id AND NOT e.held;
            ELSIF work[i].kind IN ('released', 'consent_given') THEN
                UPDATE endpoint e SET held = false, consented_at = coalesce(e.consented_at, work[i].at) WHERE e.id = one.id;
            ELSIF work[i].held IS NOT NULL THEN
                UPDATE endpoint e SET held = false WHERE e.id = one.id;
            END IF;
            work[i].epoch := one.consent_epoch;
        END LOOP;
    END IF;

    -- the thread's row lock gives the numbers
    RETURN QUERY
    WITH numbered AS (
        SELECT w.*, row_number() OVER (PARTITION BY w.endpoint_id ORDER BY w.ord) AS nth,
               count(*) OVER (PARTITION BY w.endpoint_id) AS total,
               max(w.at) OVER (PARTITION BY w.endpoint_id) AS newest,
               min(w.at) FILTER (WHERE w.keyword IS NULL) OVER (PARTITION BY w.endpoint_id) AS asks_since
        FROM unnest(work) w
    ), bumped AS (
        INSERT INTO thread AS t (workspace_id, endpoint_id, number_id, last_seq, in_total, last_at, last_preview,
                                 last_direction, last_in_at, waiting_since)
        SELECT w.workspace_id, w.endpoint_id, w.number_id, w.total, w.total, w.newest, left(w.body, 140), 'in', w.newest,
               w.asks_since
        FROM numbered w WHERE w.nth = w.total ORDER BY w.endpoint_id
        ON CONFLICT (workspace_id, endpoint_id) DO UPDATE SET
            number_id = EXCLUDED.number_id, last_seq = t.last_seq + EXCLUDED.last_seq,
            in_total = t.in_total + EXCLUDED.in_total, last_at = greatest(t.last_at, EXCLUDED.last_at),
            last_in_at = greatest(t.last_in_at, EXCLUDED.last_in_at),
            waiting_since = coalesce(t.waiting_since, EXCLUDED.waiting_since), closed_at = NULL, snoozed_until = NULL,
            snoozed_by = NULL,
            last_preview = EXCLUDED.last_preview, last_direction = 'in', listed = true, version = t.version + 1,
            changed_xid = pg_current_xact_id()
        RETURNING t.id, t.endpoint_id, t.last_seq, t.in_total, t.reply_cancels, t.campaign_at,
                  CASE WHEN old.numbers <> new.numbers THEN seen_by(new.numbers) END AS seen_by  -- another number: others may see it now
    ), placed AS (
        SELECT w.*, b.reply_cancels, b.campaign_at, b.seen_by, b.id AS thread_id, b.last_seq - w.total + w.nth AS seq, b.in_total - w.total + w.nth AS in_ord,
               w.kind IN ('opted_out', 'opted_in', 'help_asked') AND NOT w.answered AND w.late < p_within AS owed
        FROM numbered w JOIN bumped b ON b.endpoint_id = w.endpoint_id
    ), messages AS (
        INSERT INTO message (thread_id, seq, workspace_id, direction, in_ord, number_id, klass, body, media, state, keyword,
                             created_at)
        SELECT p.thread_id, p.seq, p.workspace_id, 'in', p.in_ord, p.number_id, 'inbound', p.body, p.media, 'received',
               p.keyword, p.at FROM placed p
    ), events AS (
        INSERT INTO thread_event (thread_id, seq, kind, at) SELECT p.thread_id, p.seq, 'message', p.at FROM placed p
    ), consents AS (
        INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, text, thread_id, seq, at, answer_by)
        SELECT p.workspace_id, p.endpoint_id, p.kind, p.epoch, 'text', p.body, p.thread_id, p.seq, p.at,
               CASE WHEN p.owed THEN clock_timestamp() + p_within - p.late END
        FROM placed p WHERE p.kind IS NOT NULL ORDER BY p.ord
    ), reviews AS (
        INSERT INTO review (workspace_id, endpoint_id, thread_id, seq, kind, text, at, answer_by, decided_at, decision)
        SELECT p.workspace_id, p.endpoint_id, p.thread_id, p.seq, p.kind, p.body, p.at,
               clock_timestamp() + p_within - p.late, CASE WHEN p.decision IS NOT NULL THEN p.at END, p.decision
        FROM placed p WHERE p.kind IN ('ambiguous', 'wrong_number') ORDER BY p.ord
    )
    SELECT p.ord, p.workspace_id, p.thread_id, p.seq, p.in_ord, p.at, p.keyword, p.endpoint_id,
           CASE p.kind WHEN 'opted_out' THEN true WHEN 'opted_in' THEN false END, p.epoch, coalesce(p.owed, false),
           p.held, p.reply_cancels, NULL::bigint, p.seen_by
    FROM placed p
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    WHERE EXISTS (SELECT FROM placed p WHERE p.at <= p.campaign_at + credit_window())
    ORDER BY 1;
    GET DIAGNOSTICS given = ROW_COUNT;
    IF given > cardinality(work) THEN
        RETURN QUERY
        SELECT NULL::bigint, c.workspace_id, NULL::bigint, NULL::bigint, NULL::bigint, NULL::timestamptz, NULL::text, NULL::bigint,
               NULL::boolean, NULL::integer, NULL::boolean, NULL::boolean, NULL::boolean, c.ref, NULL::bigint[]
        FROM credit_inbound(work, (SELECT max(n) FROM unnest(p_now) n)) c;
    END IF;
END $$;

-- A person decides on a text that may have asked to stop: 'opted_out' (as a STOP, by the member's word, confirmed only while the
-- text is young enough), 'not_a_revocation' or 'wrong_number' (opted out, and no confirmation to a stranger). No row: no such
-- review here. Verdicts: decided, again (the same decision stood already), conflict (another one stood).
CREATE FUNCTION decide_review(p_workspace bigint, p_review bigint, p_decision text, p_member bigint, p_now timestamptz)
RETURNS TABLE (
    verdict text, endpoint_id bigint, thread_id bigint, flipped boolean, epoch integer, owed boolean, campaigns bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    asked      review;
    one        endpoint;
    written_to boolean;
BEGIN
    SELECT r.* INTO asked FROM review r WHERE r.workspace_id = p_workspace AND r.id = p_review;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- the endpoint's lock makes two members, and a member and the contact's own STOP, come one after the other
    SELECT e.* INTO one FROM endpoint e WHERE e.id = asked.endpoint_id FOR NO KEY UPDATE;
    SELECT r.* INTO asked FROM review r WHERE r.id = p_review;
    IF asked.decided_at IS NOT NULL THEN
        RETURN QUERY SELECT CASE asked.decision WHEN p_decision THEN 'again' ELSE 'conflict' END, one.id, asked.thread_id,
                            NULL::boolean, one.consent_epoch, false, NULL::bigint[];
        RETURN;
    END IF;
    flipped := p_decision <> 'not_a_revocation' AND NOT one.opted_out;
    owed := flipped AND p_decision = 'opted_out' AND asked.answer_by > clock_timestamp();
    UPDATE endpoint e SET held = false, opted_out = e.opted_out OR flipped, consent_epoch = e.consent_epoch + flipped::integer,
           consented_at = CASE WHEN NOT flipped THEN e.consented_at END
    WHERE e.id = one.id RETURNING e.* INTO one;
    UPDATE review r SET decided_at = p_now, decided_by = p_member, decision = p_decision WHERE r.id = p_review;
    UPDATE thread t SET version = t.version + 1, changed_xid = pg_current_xact_id() WHERE t.id = asked.thread_id
    RETURNING t.campaign_at IS NOT NULL INTO written_to;
    IF written_to AND p_decision = 'opted_out' THEN  -- it was a reply until now
        SELECT array_agg(c.ref) INTO campaigns FROM credit_anew(ARRAY[asked.thread_id], p_now) c;
    END IF;
    INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, member_id, text, thread_id, seq, at,
                               answer_by)
    VALUES (p_workspace, one.id,
            CASE p_decision WHEN 'wrong_number' THEN 'consent_invalid' WHEN 'not_a_revocation' THEN 'released'
                            ELSE CASE WHEN flipped THEN 'opted_out' ELSE 'stop_repeated' END END,
            one.consent_epoch, 'member', p_member, asked.text, asked.thread_id, asked.seq, p_now,
            CASE WHEN owed THEN asked.answer_by END);
    INSERT INTO audit (workspace_id, member_id, action, detail)
    VALUES (p_workspace, p_member, 'review_decided',
            jsonb_build_object('review', p_review, 'thread', asked.thread_id, 'seq', asked.seq, 'decision', p_decision));
    RETURN QUERY SELECT 'decided', one.id, asked.thread_id, CASE WHEN flipped THEN true END, one.consent_epoch, owed, campaigns;
END $$;

-- Compose ----------------------------------------------------------------------------------------------------------------

-- Where texts to numbers and contacts go: the thread of each, made where there is none. A number that nobody has becomes a
-- contact to be named later; a contact is reached at its first phone, by priority, that can receive texts. A command that was
-- taken before keeps its thread, whatever became of the contact's phones since. p_number, or else the workspace's first
-- number that is everybody's, is what new threads are written from. Safe to repeat: a thread without a text is shown to nobody.
CREATE FUNCTION open_threads(
    p_workspace bigint, p_cmd uuid[], p_address text[], p_contact bigint[], p_number bigint, p_now timestamptz
) RETURNS TABLE (ord bigint, verdict text, thread_id bigint) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    line   bigint;
    known  bigint[];
    spots  bigint[];
    lonely bigint[];
    fresh  bigint[];
BEGIN
    SELECT n.id INTO line FROM number n
    WHERE n.workspace_id = p_workspace AND (p_number IS NULL OR n.id = p_number) ORDER BY n.owner_id IS NOT NULL, n.id LIMIT 1;
    SELECT array_agg(c.thread_id ORDER BY g.ord) INTO known
    FROM unnest(p_cmd) WITH ORDINALITY AS g (cmd_id, ord)
    LEFT JOIN command c ON c.workspace_id = p_workspace AND c.cmd_id = g.cmd_id;
    IF line IS NOT NULL THEN
        INSERT INTO endpoint (workspace_id, address)
        SELECT DISTINCT p_workspace, g.address FROM unnest(p_address, known) AS g (address, known)
        WHERE g.address IS NOT NULL AND g.known IS NULL
          AND NOT EXISTS (SELECT FROM endpoint e WHERE e.workspace_id = p_workspace AND e.address = g.address)
        ORDER BY 2 ON CONFLICT DO NOTHING;
    END IF;
    SELECT array_agg(coalesce(e.id, f.endpoint_id) ORDER BY g.ord) INTO spots
    FROM unnest(p_address, p_contact, known) WITH ORDINALITY AS g (address, contact_id, known, ord)
    LEFT JOIN endpoint e ON e.workspace_id = p_workspace AND e.address = g.address AND g.known IS NULL
    LEFT JOIN LATERAL (
        SELECT p.endpoint_id FROM contact k
        JOIN contact_phone p ON p.contact_id = coalesce(k.merged_into, k.id)
        JOIN endpoint x ON x.id = p.endpoint_id
        WHERE k.workspace_id = p_workspace AND k.id = g.contact_id AND g.known IS NULL
          AND (k.deleted_at IS NULL OR k.merged_into IS NOT NULL)
        ORDER BY x.invalid_reason IS NOT NULL, p.priority, p.endpoint_id LIMIT 1
    ) f ON true;

    IF EXISTS (SELECT FROM unnest(spots) s (id) WHERE s.id IS NOT NULL
               AND NOT EXISTS (SELECT FROM contact_phone p WHERE p.endpoint_id = s.id)) THEN
        PERFORM 1 FROM endpoint e WHERE e.id = ANY (spots)
        AND NOT EXISTS (SELECT FROM contact_phone p WHERE p.endpoint_id = e.id) ORDER BY e.id FOR NO KEY UPDATE;
        SELECT array_agg(q.id) INTO lonely FROM (
            SELECT DISTINCT s.id FROM unnest(spots) s (id) WHERE s.id IS NOT NULL
            AND NOT EXISTS (SELECT FROM contact_phone p WHERE p.endpoint_id = s.id) ORDER BY s.id) q;
    END IF;
    IF EXISTS (SELECT FROM unnest(spots) s (id) WHERE s.id IS NOT NULL AND NOT EXISTS (
               SELECT FROM thread t WHERE t.workspace_id = p_workspace AND t.endpoint_id = s.id AND t.last_seq > 0)) THEN
        INSERT INTO thread AS t (workspace_id, endpoint_id, number_id, last_at, last_direction)
        SELECT DISTINCT p_workspace, s.id, line, p_now, 'out' FROM unnest(spots) s (id)
        WHERE s.id IS NOT NULL AND line IS NOT NULL ORDER BY 2
        ON CONFLICT (workspace_id, endpoint_id) DO UPDATE SET number_id = EXCLUDED.number_id
        WHERE t.last_seq = 0 AND t.number_id <> EXCLUDED.number_id;
    END IF;
    IF lonely IS NOT NULL THEN
        WITH made AS (
            INSERT INTO contact (workspace_id, source) SELECT p_workspace, 'member' FROM unnest(lonely) RETURNING id
        )
        SELECT array_agg(m.id) INTO fresh FROM made m;
        INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
        SELECT p_workspace, f.contact_id, f.endpoint_id FROM unnest(fresh, lonely) AS f (contact_id, endpoint_id)
        ON CONFLICT DO NOTHING;
        DELETE FROM contact k WHERE k.id = ANY (fresh)
        AND NOT EXISTS (SELECT FROM contact_phone p WHERE p.contact_id = k.id);
    END IF;
    RETURN QUERY
    SELECT g.ord,
           CASE WHEN g.known IS NOT NULL OR t.id IS NOT NULL THEN 'open'
                WHEN g.contact_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM contact k WHERE k.workspace_id = p_workspace AND k.id = g.contact_id
                    AND (k.deleted_at IS NULL OR k.merged_into IS NOT NULL)) THEN 'no_contact'
                WHEN g.contact_id IS NOT NULL AND g.spot IS NULL THEN 'no_phone'
                WHEN line IS NOT NULL THEN 'anothers_number'  -- there is one that this connection does not see
                ELSE 'no_number' END,
           coalesce(g.known, t.id)
    FROM unnest(p_contact, known, spots) WITH ORDINALITY AS g (contact_id, known, spot, ord)
    LEFT JOIN thread t ON t.workspace_id = p_workspace AND t.endpoint_id = g.spot
    ORDER BY 1;
END $$;

-- Imports --------------------------------------------------------------------------------------------------------------

-- Take the rows from p_from to p_to of a running import: people in, refusals noted, and the cursor moved, in one. Nothing where
-- another server has it, or has done these rows. p_rows: [{line, phones: [[address, label, places]], texts, custom, tags, stages,
-- owner_id, consents}], no number twice; p_refusals: [{line, sentence, taken, cells}]. Gives what domain.import_row puts
-- into words: rows whose number was in an earlier row of the file, numbers that belong to somebody else, renamed threads; and
-- who was known: where their numbers may be is for the caller to write, in this transaction. It holds all of their rows.
CREATE FUNCTION import_people(
    p_import bigint, p_runner uuid, p_from integer, p_to integer, p_rows jsonb, p_refusals jsonb, p_lease interval
) RETURNS TABLE (what text, line integer, address text, ref bigint) LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    job   import;
    moved integer;
    known bigint[];
    ids   regclass := pg_get_serial_sequence('contact', 'id');
    said  jsonb;
BEGIN
    UPDATE import i SET rows_done = p_to, leased_until = clock_timestamp() + p_lease
    WHERE i.id = p_import AND i.state = 'running' AND i.rows_done = p_from AND i.runner = p_runner RETURNING i.* INTO job;
    IF job.id IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT 'taken', p_to, NULL::text, job.workspace_id;

    CREATE TEMP TABLE import_row ON COMMIT DROP AS
    SELECT g.ord::integer, (g.r->>'line')::integer AS line, g.r->'texts' AS texts, coalesce(g.r->'custom', '{}') AS custom,
           coalesce(g.r->'tags', '[]') AS tags, coalesce(g.r->'stages', '{}') AS stages,
           (g.r->>'owner_id')::bigint AS owner_id, (g.r->>'consents')::boolean AS consents,
           NULL::bigint AS contact_id, false AS fresh, 1 AS pass
    FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS g (r, ord);
    CREATE TEMP TABLE import_phone ON COMMIT DROP AS
    SELECT g.ord::integer, p.nth::integer, p.v->>0 AS address, p.v->>1 AS label,
           ARRAY(SELECT jsonb_array_elements_text(p.v->2)) AS places, NULL::bigint AS endpoint_id,
           NULL::bigint AS owner, false AS met
    FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS g (r, ord),
         jsonb_array_elements(g.r->'phones') WITH ORDINALITY AS p (v, nth);
    CREATE INDEX ON import_row (ord);
    CREATE INDEX ON import_phone (ord);
    ANALYZE import_row, import_phone;

    -- people before their numbers, as an edit of a contact locks them; then numbers: nobody else names them meanwhile
    PERFORM 1 FROM contact k WHERE k.id IN (
        SELECT c.contact_id FROM import_phone p
        JOIN endpoint e ON e.workspace_id = job.workspace_id AND e.address = p.address
        JOIN contact_phone c ON c.endpoint_id = e.id)
    ORDER BY k.id FOR NO KEY UPDATE;
    -- a number that nobody knew is written once, with what the list says of it: most are of this kind
    WITH made AS (
        INSERT INTO endpoint (workspace_id, address, places, consented_at)
        SELECT job.workspace_id, p.address, p.places,
               CASE WHEN r.consents THEN (job.consent->>'at')::timestamptz END
        FROM import_phone p JOIN import_row r ON r.ord = p.ord
        WHERE NOT EXISTS (SELECT FROM endpoint e WHERE e.workspace_id = job.workspace_id AND e.address = p.address)
        ORDER BY p.address ON CONFLICT DO NOTHING RETURNING id, address
    )
    UPDATE import_phone p SET endpoint_id = m.id, met = true FROM made m WHERE m.address = p.address;
    UPDATE import_phone p SET endpoint_id = e.id
    FROM endpoint e WHERE e.workspace_id = job.workspace_id AND e.address = p.address AND p.endpoint_id IS NULL;
    PERFORM 1 FROM endpoint e WHERE e.id IN (
        SELECT p.endpoint_id FROM import_phone p WHERE NOT p.met
        UNION  -- the others of who has them, since what the list says of people counts for all of their numbers
        SELECT s.endpoint_id FROM import_phone p JOIN contact_phone c ON c.endpoint_id = p.endpoint_id
        JOIN contact_phone s ON s.contact_id = c.contact_id WHERE NOT p.met)
    ORDER BY e.id FOR NO KEY UPDATE;

    -- whose they are: the first of a row's numbers that somebody has decides
    DELETE FROM contact_phone c USING import_phone p, contact k
    WHERE NOT p.met AND c.endpoint_id = p.endpoint_id AND k.id = c.contact_id AND k.deleted_at IS NOT NULL;
    UPDATE import_phone p SET owner = c.contact_id FROM contact_phone c WHERE NOT p.met AND c.endpoint_id = p.endpoint_id;
    UPDATE import_row r SET contact_id = q.owner
    FROM (SELECT DISTINCT ON (p.ord) p.ord, p.owner FROM import_phone p WHERE p.owner IS NOT NULL ORDER BY p.ord, p.nth) q
    WHERE r.ord = q.ord;
    UPDATE import_row r SET pass = q.pass
    FROM (SELECT x.ord, row_number() OVER (PARTITION BY x.contact_id ORDER BY x.ord) AS pass
          FROM import_row x WHERE x.contact_id IS NOT NULL) q
    WHERE r.ord = q.ord AND q.pass > 1;
    -- what the import has changed already is looked up one by one: nothing is known yet of how much that is, and a plan
    -- that reads all of it for each slice was seen
    RETURN QUERY
    SELECT 'repeated', q.line, NULL::text, q.before FROM (
        SELECT r.line, (SELECT c.line::bigint FROM import_change c
                        WHERE c.import_id = p_import AND c.contact_id = r.contact_id) AS before
        FROM import_row r WHERE r.contact_id IS NOT NULL) q
    WHERE q.before IS NOT NULL
    UNION ALL
    SELECT 'repeated', r.line, NULL::text, x.line::bigint FROM import_row r
    JOIN import_row x ON x.contact_id = r.contact_id AND x.pass = r.pass - 1
    UNION ALL
    SELECT 'elsewhere', r.line, p.address, p.owner FROM import_phone p JOIN import_row r ON r.ord = p.ord
    WHERE p.owner <> r.contact_id;

    -- the inbox shows these threads by another name from now on
    RETURN QUERY
    WITH named AS (
        SELECT t.id FROM thread t
        WHERE t.workspace_id = job.workspace_id AND t.endpoint_id IN (
            SELECT p.endpoint_id FROM import_phone p JOIN import_row r ON r.ord = p.ord
            WHERE r.texts ? 'first_name' OR r.texts ? 'last_name')
        ORDER BY t.endpoint_id FOR NO KEY UPDATE
    )
    UPDATE thread t SET version = t.version + 1, changed_xid = pg_current_xact_id()
    FROM named n WHERE t.id = n.id RETURNING 'renamed', NULL::integer, NULL::text, t.id;

    -- who is there already: what stood there before, then the new values, the last row last
    PERFORM 1 FROM contact k WHERE k.id IN (SELECT r.contact_id FROM import_row r) ORDER BY k.id FOR NO KEY UPDATE;
    SELECT count(*) INTO moved FROM import_row r WHERE r.contact_id IS NOT NULL AND r.pass = 1
    AND (SELECT c.line FROM import_change c WHERE c.import_id = p_import AND c.contact_id = r.contact_id) IS NULL;
    known := ARRAY(SELECT DISTINCT r.contact_id FROM import_row r WHERE r.contact_id IS NOT NULL);
    INSERT INTO import_change AS c (import_id, contact_id, kind, line, version, before)
    SELECT p_import, k.id, 'updated', r.line, k.version, jsonb_build_object(
               'contact', jsonb_build_object(
                   'first_name', k.first_name, 'last_name', k.last_name, 'email', k.email, 'owner_id', k.owner_id,
                   'street', k.street, 'city', k.city, 'state', k.state, 'zip', k.zip, 'zone', k.zone,
                   'property_address', k.property_address, 'custom', k.custom),
               'phones', coalesce((SELECT jsonb_agg(jsonb_build_array(p.endpoint_id, p.label, p.priority, e.places))
                                   FROM contact_phone p JOIN endpoint e ON e.id = p.endpoint_id
                                   WHERE p.contact_id = k.id), '[]'),
               'tags', coalesce((SELECT jsonb_agg(t.tag_id) FROM contact_tag t WHERE t.contact_id = k.id), '[]'),
               'stages', coalesce((SELECT jsonb_agg(jsonb_build_array(s.pipeline_id, s.stage_id, s.at))
                                   FROM contact_stage s WHERE s.contact_id = k.id), '[]'))
    FROM import_row r JOIN contact k ON k.id = r.contact_id WHERE r.pass = 1
    ON CONFLICT (import_id, contact_id) DO UPDATE SET line = EXCLUDED.line;
    UPDATE endpoint e SET places = ARRAY(SELECT DISTINCT z FROM unnest(e.places || p.places) AS z ORDER BY 1)
    FROM import_phone p WHERE e.id = p.endpoint_id AND NOT p.met AND NOT e.places @> p.places;
    FOR nth IN 1 .. coalesce((SELECT max(r.pass) FROM import_row r WHERE r.contact_id IS NOT NULL), 0) LOOP
        UPDATE contact k SET
               (first_name, last_name, email, street, city, state, zip, zone, property_address) = (
                   SELECT n.first_name, n.last_name, n.email, n.street, n.city, n.state, n.zip, n.zone, n.property_address
                   FROM jsonb_populate_record(k, r.texts) n),
               owner_id = coalesce(r.owner_id, k.owner_id), custom = k.custom || r.custom,
               version = k.version + 1, changed_xid = pg_current_xact_id()
        FROM import_row r WHERE k.id = r.contact_id AND r.pass = nth;
    END LOOP;

    -- who is new
    UPDATE import_row r SET fresh = true, contact_id = nextval(ids) WHERE r.contact_id IS NULL;
    INSERT INTO contact (id, workspace_id, first_name, last_name, email, owner_id, street, city, state, zip, zone,
                         property_address, custom, source)
    OVERRIDING SYSTEM VALUE
    SELECT r.contact_id, job.workspace_id, coalesce(n.first_name, ''), coalesce(n.last_name, ''), coalesce(n.email, ''),
           r.owner_id, coalesce(n.street, ''), coalesce(n.city, ''), coalesce(n.state, ''), coalesce(n.zip, ''), n.zone,
           coalesce(n.property_address, ''), r.custom, 'import'
    FROM import_row r, jsonb_populate_record(NULL::contact, r.texts) n WHERE r.fresh ORDER BY r.ord;

    -- what hangs on them
    INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id, label, priority)
    SELECT job.workspace_id, r.contact_id, p.endpoint_id, p.label,
           CASE WHEN r.fresh THEN 0
                ELSE coalesce((SELECT max(x.priority) + 1 FROM contact_phone x WHERE x.contact_id = r.contact_id), 0) END
           + row_number() OVER (PARTITION BY r.contact_id ORDER BY r.ord, p.nth) - 1
    FROM import_phone p JOIN import_row r ON r.ord = p.ord WHERE p.owner IS NULL;
    UPDATE contact_phone c SET label = p.label
    FROM import_phone p JOIN import_row r ON r.ord = p.ord
    WHERE p.owner = r.contact_id AND c.endpoint_id = p.endpoint_id AND p.label NOT IN ('', c.label);
    INSERT INTO tag (workspace_id, name)
    SELECT job.workspace_id, q.name
    FROM (SELECT DISTINCT ON (lower(t.name)) t.name FROM import_row r, jsonb_array_elements_text(r.tags) AS t (name)
          ORDER BY lower(t.name), t.name) q
    WHERE NOT EXISTS (SELECT FROM tag t WHERE t.workspace_id = job.workspace_id AND lower(t.name) = lower(q.name))
    ON CONFLICT DO NOTHING;
    INSERT INTO contact_tag (workspace_id, contact_id, tag_id)
    SELECT DISTINCT job.workspace_id, r.contact_id, t.id
    FROM import_row r, jsonb_array_elements_text(r.tags) AS n (name), tag t
    WHERE t.workspace_id = job.workspace_id AND lower(t.name) = lower(n.name)
    ON CONFLICT DO NOTHING;
    INSERT INTO contact_stage AS c (workspace_id, contact_id, pipeline_id, stage_id)
    SELECT DISTINCT ON (r.contact_id, s.pipeline_id) job.workspace_id, r.contact_id, s.pipeline_id, s.id
    FROM import_row r, jsonb_each_text(r.stages) AS g (pipeline_id, stage_id)
    JOIN stage s ON s.id = g.stage_id::bigint AND s.pipeline_id = g.pipeline_id::bigint AND s.workspace_id = job.workspace_id
    ORDER BY r.contact_id, s.pipeline_id, r.ord DESC
    ON CONFLICT (contact_id, pipeline_id) DO UPDATE SET stage_id = EXCLUDED.stage_id, at = EXCLUDED.at
    WHERE c.stage_id <> EXCLUDED.stage_id;

    -- the file's statement, for each number once; it lifts no opt-out. Those met above have it already
    said := job.consent || jsonb_build_object('import', p_import, 'file', job.name);
    INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, member_id, text, evidence, at)
    SELECT job.workspace_id, p.endpoint_id, 'consent_given', 0, 'import', job.confirmed_by, job.consent->>'wording', said,
           (job.consent->>'at')::timestamptz
    FROM import_phone p JOIN import_row r ON r.ord = p.ord WHERE p.met AND r.consents ORDER BY p.endpoint_id;
    PERFORM record_opt_ins(
        job.workspace_id,
        ARRAY(SELECT p.endpoint_id FROM import_phone p JOIN import_row r ON r.ord = p.ord
              WHERE r.consents AND NOT p.met AND (p.owner IS NULL OR p.owner = r.contact_id)
                AND (SELECT c.id FROM consent_event c WHERE c.endpoint_id = p.endpoint_id AND c.source = 'import'
                     AND c.evidence->>'import' = p_import::text LIMIT 1) IS NULL),
        'import', job.confirmed_by, job.consent->>'wording', said, NULL, (job.consent->>'at')::timestamptz);

    INSERT INTO import_change (import_id, contact_id, kind, line, version, texts)
    SELECT p_import, r.contact_id, 'created', r.line, 1, (
               SELECT coalesce(sum(t.last_seq), 0) FROM import_phone p
               JOIN thread t ON t.workspace_id = job.workspace_id AND t.endpoint_id = p.endpoint_id
               WHERE p.ord = r.ord AND NOT p.met)
    FROM import_row r WHERE r.fresh;
    IF known <> '{}' THEN
        RETURN QUERY SELECT 'known', NULL::integer, NULL::text, k.id FROM unnest(known) AS k (id);
        UPDATE import_change c SET version = k.version, line = greatest(c.line, q.line), texts = (
                   SELECT coalesce(sum(t.last_seq), 0) FROM contact_phone p
                   JOIN thread t ON t.workspace_id = p.workspace_id AND t.endpoint_id = p.endpoint_id
                   WHERE p.contact_id = k.id)
        FROM (SELECT r.contact_id, max(r.line) AS line FROM import_row r GROUP BY 1) q JOIN contact k ON k.id = q.contact_id
        WHERE c.import_id = p_import AND c.contact_id = ANY (known) AND c.contact_id = q.contact_id;
    END IF;
    INSERT INTO import_refusal AS f (import_id, line, sentence, taken, cells)
    SELECT p_import, (g.r->>'line')::integer, g.r->>'sentence', (g.r->>'taken')::boolean,
           ARRAY(SELECT jsonb_array_elements_text(g.r->'cells'))
    FROM jsonb_array_elements(p_refusals) AS g (r)
    ON CONFLICT (import_id, line) DO UPDATE SET sentence = f.sentence || ' ' || EXCLUDED.sentence;
    UPDATE import i SET created = i.created + (SELECT count(*) FROM import_row r WHERE r.fresh), updated = i.updated + moved,
           refused = i.refused + (SELECT count(*) FROM jsonb_array_elements(p_refusals) AS g (r) WHERE NOT (g.r->>'taken')::boolean)
    WHERE i.id = p_import;
    DROP TABLE import_row, import_phone;
END $$;

-- Take back at most p_limit contacts of an import: those that it made and nobody has worked with since, and what it changed in
-- those whose version did not move. Its opt-ins are taken back for all of them: its statement is what was undone. The number
-- of contacts that were looked at: 0 is the end, null: another server has it.
CREATE FUNCTION undo_import(p_import bigint, p_runner uuid, p_limit integer, p_lease interval, p_said_no text[], p_now timestamptz)
RETURNS integer LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    job    import;
    picked bigint[];
    back   bigint[];
BEGIN
    UPDATE import i SET leased_until = clock_timestamp() + p_lease
    WHERE i.id = p_import AND i.state = 'undoing' AND i.runner = p_runner RETURNING i.* INTO job;
    IF job.id IS NULL THEN
        RETURN NULL;
    END IF;
    picked := ARRAY(SELECT c.contact_id FROM import_change c WHERE c.import_id = p_import AND c.undone IS NULL
                    ORDER BY c.contact_id LIMIT p_limit);

    PERFORM 1 FROM contact k WHERE k.id = ANY (picked) ORDER BY k.id FOR NO KEY UPDATE;
    PERFORM 1 FROM endpoint e
    WHERE e.id IN (SELECT p.endpoint_id FROM contact_phone p WHERE p.contact_id = ANY (picked)) ORDER BY e.id FOR NO KEY UPDATE;
    WITH said AS (
        INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, member_id, text, evidence, at)
        SELECT e.workspace_id, e.id, 'import_undone', e.consent_epoch, 'import', job.confirmed_by, NULL,
               jsonb_build_object('import', p_import, 'file', job.name), p_now
        FROM contact_phone p JOIN endpoint e ON e.id = p.endpoint_id
        WHERE p.contact_id = ANY (picked) AND EXISTS (
            SELECT FROM consent_event c WHERE c.endpoint_id = e.id AND c.source = 'import' AND c.kind = 'consent_given'
            AND c.evidence->>'import' = p_import::text)
        ORDER BY e.id RETURNING endpoint_id
    )
    UPDATE endpoint e SET consented_at = (
        SELECT max(c.at) FROM consent_event c
        WHERE c.endpoint_id = e.id
          AND (c.kind IN ('consent_given', 'opted_in', 'undone') OR (c.kind = 'released' AND c.source = 'text'))  -- their START
          AND c.id > coalesce((SELECT max(n.id) FROM consent_event n WHERE n.endpoint_id = e.id AND n.kind = ANY (p_said_no)), 0)
          AND NOT (c.source = 'import' AND EXISTS (
              SELECT FROM import i WHERE i.id::text = c.evidence->>'import' AND i.state IN ('undoing', 'undone'))))
    FROM said s WHERE e.id = s.endpoint_id AND e.consented_at IS NOT NULL;

    back := ARRAY(
        SELECT k.id FROM import_change c JOIN contact k ON k.id = c.contact_id
        WHERE c.import_id = p_import AND k.id = ANY (picked) AND k.version = c.version AND k.deleted_at IS NULL
          AND (c.kind = 'updated' OR (
              NOT EXISTS (SELECT FROM showing w WHERE w.contact_id = k.id) AND c.texts = (
                  SELECT coalesce(sum(t.last_seq), 0) FROM contact_phone p
                  JOIN thread t ON t.workspace_id = p.workspace_id AND t.endpoint_id = p.endpoint_id WHERE p.contact_id = k.id))));

    UPDATE endpoint e SET places = ARRAY(SELECT jsonb_array_elements_text(g.v->3))
    FROM import_change c, jsonb_array_elements(c.before->'phones') AS g (v)
    WHERE c.import_id = p_import AND c.contact_id = ANY (back) AND e.id = (g.v->>0)::bigint
      AND to_jsonb(e.places) <> g.v->3;
    DELETE FROM contact_phone p USING import_change c
    WHERE c.import_id = p_import AND c.contact_id = ANY (back) AND p.contact_id = c.contact_id
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(c.before->'phones') AS g (v) WHERE (g.v->>0)::bigint = p.endpoint_id);
    UPDATE contact_phone p SET label = g.v->>1, priority = (g.v->>2)::smallint
    FROM import_change c, jsonb_array_elements(c.before->'phones') AS g (v)
    WHERE c.import_id = p_import AND c.contact_id = ANY (back) AND p.contact_id = c.contact_id
      AND p.endpoint_id = (g.v->>0)::bigint AND (p.label, p.priority) <> (g.v->>1, (g.v->>2)::smallint);
    DELETE FROM contact_tag t USING import_change c
    WHERE c.import_id = p_import AND c.contact_id = ANY (back) AND t.contact_id = c.contact_id
      AND NOT coalesce(c.before->'tags' @> to_jsonb(t.tag_id), false);
    DELETE FROM contact_stage s USING import_change c
    WHERE c.import_id = p_import AND c.contact_id = ANY (back) AND s.contact_id = c.contact_id;
    INSERT INTO contact_stage (workspace_id, contact_id, pipeline_id, stage_id, at)
    SELECT job.workspace_id, c.contact_id, s.pipeline_id, s.id, (g.v->>2)::timestamptz
    FROM import_change c, jsonb_array_elements(c.before->'stages') AS g (v), stage s
    WHERE c.import_id = p_import AND c.contact_id = ANY (back) AND s.id = (g.v->>1)::bigint
      AND s.workspace_id = job.workspace_id;
    UPDATE contact k SET
           (first_name, last_name, email, owner_id, street, city, state, zip, zone, property_address, custom) = (
               SELECT n.first_name, n.last_name, n.email, n.owner_id, n.street, n.city, n.state, n.zip, n.zone,
                      n.property_address, n.custom
               FROM jsonb_populate_record(k, coalesce(c.before->'contact', '{}')) n),
           deleted_at = CASE c.kind WHEN 'created' THEN now() END,
           version = k.version + 1, changed_xid = pg_current_xact_id()
    FROM import_change c WHERE c.import_id = p_import AND c.contact_id = k.id AND k.id = ANY (back);
    UPDATE import_change c SET undone = CASE WHEN c.contact_id = ANY (back) THEN 'taken_back' ELSE 'kept' END
    WHERE c.import_id = p_import AND c.contact_id = ANY (picked);
    UPDATE import i SET taken_back = i.taken_back + cardinality(back), kept = i.kept + cardinality(picked) - cardinality(back),
           state = CASE WHEN cardinality(picked) < p_limit THEN 'undone' ELSE i.state END,
           ended_at = CASE WHEN cardinality(picked) < p_limit THEN p_now ELSE i.ended_at END
    WHERE i.id = p_import;
    RETURN CASE WHEN cardinality(picked) < p_limit THEN 0 ELSE cardinality(picked) END;
END $$;

-- What nobody needs any more -----------------------------------------------------------------------------------------------

-- Forget some pictures that no text and no draft holds, proofs that no entry names, and sessions that have ended, all since
-- before p_before, and the oldest visits to short links; at most p_limit of each, and none that somebody is at. How many of each
-- went. What the tally of contacts has
-- in many rows becomes one; whoever counts meanwhile sees the ones or the other. Of tries to log in go those that are all there
-- again, whatever p_before.
CREATE FUNCTION prune(p_before timestamptz, p_limit integer)
RETURNS TABLE (pictures integer, proofs integer, sessions integer, visits integer, events integer, tries integer)
LANGUAGE plpgsql AS $$
DECLARE
    picked bigint[];
BEGIN
    WITH old AS (
        SELECT m.id FROM media m WHERE NOT m.used AND m.at < p_before
        AND NOT EXISTS (SELECT FROM draft d WHERE d.media @> ARRAY[m.id])
        ORDER BY m.at LIMIT p_limit FOR UPDATE OF m SKIP LOCKED
    )
    DELETE FROM media m USING old WHERE m.id = old.id;
    GET DIAGNOSTICS pictures = ROW_COUNT;
    SELECT array_agg(o.id) INTO picked FROM (
        SELECT f.id FROM proof f WHERE f.wanted_at < p_before
        AND NOT EXISTS (SELECT FROM consent_event c WHERE c.proof_id = f.id)
        ORDER BY f.wanted_at LIMIT p_limit FOR UPDATE OF f SKIP LOCKED) o;
    DELETE FROM proof f WHERE f.id = ANY (picked)  -- looked at anew: an entry may have named it before it was locked
    AND NOT EXISTS (SELECT FROM consent_event c WHERE c.proof_id = f.id);
    GET DIAGNOSTICS proofs = ROW_COUNT;
    WITH old AS (
        SELECT x.token_hash FROM session x WHERE x.expires_at < p_before
        ORDER BY x.expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    )
    DELETE FROM session x USING old WHERE x.token_hash = old.token_hash;
    GET DIAGNOSTICS sessions = ROW_COUNT;
    WITH oldest AS (  -- by their ids: an index on the time would be paid for by every visit
        SELECT k.id FROM link_click k ORDER BY k.id LIMIT p_limit FOR UPDATE SKIP LOCKED
    )
    DELETE FROM link_click k USING oldest o WHERE k.id = o.id AND k.at < p_before;
    GET DIAGNOSTICS visits = ROW_COUNT;
    DELETE FROM webhook_delivery d USING (
        SELECT e.workspace_id, e.seq FROM integration_event e WHERE e.at < p_before ORDER BY e.at LIMIT p_limit) o
    WHERE d.workspace_id = o.workspace_id AND d.event_seq = o.seq;
    DELETE FROM integration_event e USING (
        SELECT x.workspace_id, x.seq FROM integration_event x WHERE x.at < p_before ORDER BY x.at LIMIT p_limit) o
    WHERE e.workspace_id = o.workspace_id AND e.seq = o.seq;
    GET DIAGNOSTICS events = ROW_COUNT;
    WITH many AS (
        DELETE FROM contact_tally t WHERE t.workspace_id IN (
            SELECT c.workspace_id FROM contact_tally c GROUP BY 1 HAVING count(*) > 100)
        RETURNING t.workspace_id, t.n
    )
    INSERT INTO contact_tally (workspace_id, n) SELECT m.workspace_id, sum(m.n) FROM many m GROUP BY 1;
    WITH full_ AS (  -- the last of all, since whoever logs in waits for what is deleted
        SELECT t.key FROM login_try t WHERE t.full_at <= clock_timestamp() LIMIT p_limit FOR UPDATE SKIP LOCKED
    )
    DELETE FROM login_try t USING full_ f WHERE t.key = f.key;
    GET DIAGNOSTICS tries = ROW_COUNT;
    RETURN NEXT;
END $$;

-- Logging in ---------------------------------------------------------------------------------------------------------------

-- Whole seconds until the next try under all of p_key; null: now. What is further ahead than tries can bring it was written before
-- the clock was set back, and counts for nothing: else nobody could log in until then.
CREATE FUNCTION wait_for_try(p_key bytea[], p_burst integer[], p_every interval[], p_now timestamptz) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT max(ceil(extract(epoch FROM t.full_at - (w.burst - 1) * w.every_ - p_now)))::integer
    FROM unnest(p_key, p_burst, p_every) w (key, burst, every_) JOIN login_try t ON t.key = w.key
    WHERE t.full_at - (w.burst - 1) * w.every_ > p_now AND t.full_at < p_now + 2 * w.burst * w.every_
$$;

-- Take a try under all of p_key, or under none: p_burst tries at once, then one each p_every. Null, or the seconds to wait. The
-- first look is without locks, so that who is refused holds nobody up and writes nothing; the second one is what counts.
CREATE FUNCTION take_try(p_key bytea[], p_burst integer[], p_every interval[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    one    bytea;
    now_   timestamptz;
    wait_s integer := wait_for_try(p_key, p_burst, p_every, clock_timestamp());
BEGIN
    IF wait_s IS NOT NULL THEN
        RETURN wait_s;
    END IF;
    FOREACH one IN ARRAY (SELECT array_agg(k ORDER BY k) FROM unnest(p_key) k) LOOP
        INSERT INTO login_try AS t (key, full_at) VALUES (one, '-infinity')
        ON CONFLICT (key) DO UPDATE SET full_at = t.full_at WHERE false;  -- locks it all the same
    END LOOP;
    now_ := clock_timestamp();
    wait_s := wait_for_try(p_key, p_burst, p_every, now_);
    IF wait_s IS NULL THEN
        UPDATE login_try t SET full_at = w.every_ +
            CASE WHEN t.full_at < now_ + 2 * w.burst * w.every_ THEN greatest(t.full_at, now_) ELSE now_ END
        FROM unnest(p_key, p_burst, p_every) w (key, burst, every_) WHERE t.key = w.key;
    END IF;
    RETURN wait_s;
END $$;

-- Give one try back under each of p_key: it was right.
CREATE FUNCTION give_back_try(p_key bytea[], p_every interval[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM login_try t WHERE t.key = ANY (p_key) ORDER BY t.key FOR NO KEY UPDATE;
    UPDATE login_try t SET full_at = t.full_at - w.every_ FROM unnest(p_key, p_every) w (key, every_) WHERE t.key = w.key;
END $$;

-- Consent by a member's word -------------------------------------------------------------------------------------------

-- Lock an endpoint and read how its consent stands. domain.testimony judges what is to be written down; write_consent ends
-- the same transaction. p_said_no: the kinds of events by which a contact says no. No row: no such endpoint here.
CREATE FUNCTION consent_standing(p_workspace bigint, p_endpoint bigint, p_said_no text[])
RETURNS TABLE (opted_out boolean, carrier_blocked boolean, epoch integer, said_no_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM 1 FROM endpoint e WHERE e.workspace_id = p_workspace AND e.id = p_endpoint FOR NO KEY UPDATE;
    RETURN QUERY
    SELECT e.opted_out, e.carrier_blocked, e.consent_epoch,
           (SELECT max(c.at) FROM consent_event c WHERE c.endpoint_id = e.id AND c.kind = ANY (p_said_no))
    FROM endpoint e WHERE e.workspace_id = p_workspace AND e.id = p_endpoint;
END $$;

-- Write down what was judged under the lock of consent_standing. p_kind: 'consent_given' (changes no opt-out), 'revoked' (as a
-- STOP: the epoch rises, a review ends; where the contact has opted out already it is a repetition) or 'undone'.
CREATE FUNCTION write_consent(
    p_workspace bigint, p_endpoint bigint, p_kind text, p_source text, p_member bigint, p_text text, p_evidence jsonb,
    p_proof bigint, p_at timestamptz, p_now timestamptz, p_cmd uuid, p_fingerprint bytea
) RETURNS TABLE (event_id bigint, flipped boolean, epoch integer, thread_id bigint, settled boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one endpoint;
BEGIN
    SELECT e.* INTO one FROM endpoint e WHERE e.workspace_id = p_workspace AND e.id = p_endpoint FOR NO KEY UPDATE;
    flipped := p_kind <> 'consent_given' AND one.opted_out = (p_kind = 'undone');
    settled := one.held AND p_kind = 'revoked';
    UPDATE endpoint e SET opted_out = e.opted_out <> flipped, consent_epoch = e.consent_epoch + flipped::integer,
           held = e.held AND p_kind <> 'revoked',
           consented_at = CASE p_kind WHEN 'consent_given' THEN greatest(e.consented_at, p_at) WHEN 'undone' THEN p_at END
    WHERE e.id = one.id RETURNING e.consent_epoch INTO epoch;
    IF settled THEN
        UPDATE review r SET decided_at = p_now, decided_by = p_member, decision = 'opted_out'
        WHERE r.endpoint_id = one.id AND r.decided_at IS NULL;
    END IF;
    UPDATE thread t SET version = t.version + 1, changed_xid = pg_current_xact_id()
    WHERE t.workspace_id = p_workspace AND t.endpoint_id = one.id RETURNING t.id INTO thread_id;
    INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, member_id, text, evidence, proof_id, at,
                               cmd_id, fingerprint)
    VALUES (p_workspace, one.id, CASE WHEN p_kind = 'revoked' AND NOT flipped THEN 'stop_repeated' ELSE p_kind END, epoch,
            p_source, p_member, p_text, p_evidence, p_proof, p_at, p_cmd, p_fingerprint)
    RETURNING id INTO event_id;
    INSERT INTO audit (workspace_id, member_id, action, detail)
    VALUES (p_workspace, p_member, 'consent_' || p_kind,
            jsonb_build_object('endpoint', one.id, 'event', event_id, 'flipped', flipped));
    RETURN NEXT;
END $$;

-- Opt-ins of many numbers in one statement, as an import has them; the caller's transaction goes on. Where the contact has
-- opted out nothing is written: no list outlives a STOP. Gives the endpoints that it was written down for.
CREATE FUNCTION record_opt_ins(
    p_workspace bigint, p_endpoint bigint[], p_source text, p_member bigint, p_text text, p_evidence jsonb, p_proof bigint,
    p_at timestamptz
) RETURNS TABLE (endpoint_id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM 1 FROM endpoint e WHERE e.workspace_id = p_workspace AND e.id = ANY (p_endpoint) ORDER BY e.id FOR NO KEY UPDATE;
    RETURN QUERY
    WITH given AS (
        UPDATE endpoint e SET consented_at = greatest(e.consented_at, p_at)
        WHERE e.workspace_id = p_workspace AND e.id = ANY (p_endpoint) AND NOT e.opted_out
        RETURNING e.id, e.consent_epoch
    )
    INSERT INTO consent_event AS c (workspace_id, endpoint_id, kind, consent_epoch, source, member_id, text, evidence, proof_id, at)
    SELECT p_workspace, g.id, 'consent_given', g.consent_epoch, p_source, p_member, p_text, p_evidence, p_proof, p_at
    FROM given g ORDER BY g.id
    RETURNING c.endpoint_id;
END $$;

-- T2: enqueue ------------------------------------------------------------------------------------------------------------

-- Queue texts; the threads' locks make a repeated command wait for its first copy and then answer the same.
CREATE FUNCTION enqueue_mt(
    p_workspace bigint[], p_thread bigint[], p_cmd uuid[], p_fingerprint bytea[], p_klass text[], p_lane smallint[],
    p_body text[], p_segments smallint[], p_author bigint[], p_acknowledged boolean[], p_resend bigint[], p_now timestamptz[],
    p_due timestamptz[], p_expires timestamptz[], p_campaign bigint[], p_until_reply boolean[], p_media text[], p_seen bigint[],
    p_call bigint[]
) RETURNS TABLE (
    ord bigint, verdict text, workspace_id bigint, thread_id bigint, seq bigint, number_id bigint, author text,
    other text, until timestamptz, outbox_id bigint, dest_carrier text
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM 1 FROM thread t WHERE t.id = ANY (p_thread) AND t.workspace_id = ANY (p_workspace)
    ORDER BY t.endpoint_id FOR NO KEY UPDATE;
    RETURN QUERY
    WITH heard AS (
        SELECT g.*, t.endpoint_id, t.number_id, t.last_seq, t.in_total, e.consent_epoch, e.opted_out OR e.held AS silent, e.dest_carrier,
               c.seq AS known_seq, m.name AS author,
               CASE WHEN c.cmd_id IS NOT NULL AND c.fingerprint = g.fingerprint AND c.thread_id = g.thread_id THEN 'again'
                    WHEN c.cmd_id IS NOT NULL THEN 'conflict'
                    WHEN t.id IS NULL OR g.campaign_id IS NULL AND m.id IS NOT NULL AND t.numbers && hidden_from(m.id) THEN 'no_thread'
                    WHEN (e.opted_out OR e.held) AND (g.klass = 'person' AND NOT g.acknowledged OR g.klass = 'send_later')
                    THEN 'unacknowledged'
                    WHEN g.klass = 'person' AND t.claimed_by <> g.author_id AND t.claimed_until > g.now_ THEN 'claimed'
                    WHEN g.klass = 'person' AND o.seq IS NOT NULL THEN 'overtaken'
                    ELSE 'enqueued' END AS said,
               coalesce(h.name, o.name) AS other, t.claimed_until
        FROM unnest(p_workspace, p_thread, p_cmd, p_fingerprint, p_klass, p_lane, p_body, p_segments, p_author,
                    p_acknowledged, p_resend, p_now, p_due, p_expires, p_campaign, p_until_reply, p_media, p_seen, p_call) WITH ORDINALITY
             AS g (workspace_id, thread_id, cmd_id, fingerprint, klass, lane, body, segments, author_id, acknowledged,
                   resend_of, now_, due_at, expires_at, campaign_id, until_reply, media, seen, call, ord)
        LEFT JOIN command c ON c.workspace_id = g.workspace_id AND c.cmd_id = g.cmd_id
        LEFT JOIN thread t ON t.id = g.thread_id AND t.workspace_id = g.workspace_id
        LEFT JOIN endpoint e ON e.id = t.endpoint_id
        LEFT JOIN member m ON m.id = g.author_id AND m.workspace_id = g.workspace_id
        LEFT JOIN member h ON h.id = t.claimed_by AND t.claimed_by <> g.author_id AND t.claimed_until > g.now_
        LEFT JOIN LATERAL (  -- a colleague has answered what the author saw, who does not know it
            SELECT x.seq, y.name FROM message x JOIN member y ON y.id = x.author_id
            WHERE g.seen IS NOT NULL AND x.thread_id = t.id AND x.seq > g.seen AND x.direction = 'out' AND x.klass = 'person'
              AND x.author_id <> g.author_id AND NOT taken_back(x.state, x.error_class, x.error_code)
            ORDER BY x.seq DESC LIMIT 1) o ON true
    ), judged AS (  -- of colleagues whose answers share this commit the first is sent
        SELECT h.*, CASE WHEN h.said = 'enqueued' AND h.klass = 'person' AND h.seen IS NOT NULL
                          AND (min(h.author_id) FILTER (WHERE h.said = 'enqueued' AND h.klass = 'person') OVER earlier <> h.author_id
                            OR max(h.author_id) FILTER (WHERE h.said = 'enqueued' AND h.klass = 'person') OVER earlier <> h.author_id)
                         THEN 'overtaken' ELSE h.said END AS verdict
        FROM heard h
        WINDOW earlier AS (PARTITION BY h.thread_id ORDER BY h.ord ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), placed AS (
        SELECT j.*, j.last_seq + row_number() OVER w AS seq, lead(j.ord) OVER w IS NULL AS newest,
               bool_or(j.until_reply) OVER (PARTITION BY j.thread_id) AS reply_cancels,
               bool_or(j.campaign_id IS NULL) OVER (PARTITION BY j.thread_id) AS lists,  -- for campaigns, whoever makes the thread
               bool_or(j.klass IN ('person', 'send_later')) OVER (PARTITION BY j.thread_id) AS answers,
               max(j.now_) FILTER (WHERE j.klass <> 'test') OVER (PARTITION BY j.thread_id) AS texted_at
        FROM judged j WHERE j.verdict = 'enqueued' WINDOW w AS (PARTITION BY j.thread_id ORDER BY j.ord)
    ), bumped AS (
        UPDATE thread t SET last_seq = p.seq, last_at = greatest(t.last_at, p.now_), last_preview = left(p.body, 140),
               last_out_at = greatest(t.last_out_at, p.texted_at), last_direction = 'out', version = t.version + 1,
               reply_cancels = t.reply_cancels OR p.reply_cancels, listed = t.listed OR p.lists,
               waiting_since = CASE WHEN NOT p.answers THEN t.waiting_since END,
               claimed_by = nullif(t.claimed_by, p.author_id),
               claimed_until = CASE WHEN t.claimed_by IS DISTINCT FROM p.author_id THEN t.claimed_until END,
               changed_xid = pg_current_xact_id()
        FROM placed p WHERE p.newest AND t.id = p.thread_id
    ), commands AS (
        INSERT INTO command (workspace_id, cmd_id, fingerprint, thread_id, seq)
        SELECT p.workspace_id, p.cmd_id, p.fingerprint, p.thread_id, p.seq FROM placed p
    ), messages AS (
        INSERT INTO message (thread_id, seq, workspace_id, direction, number_id, klass, body, media, segments, state, author_id,
                             cmd_id, resend_of, campaign_id, call, created_at)
        SELECT p.thread_id, p.seq, p.workspace_id, 'out', p.number_id, p.klass, p.body, p.media::jsonb, p.segments, 'queued',
               p.author_id, p.cmd_id, p.resend_of, p.campaign_id, p.call, p.now_ FROM placed p
    ), events AS (
        INSERT INTO thread_event (thread_id, seq, kind, at) SELECT p.thread_id, p.seq, 'message', p.now_ FROM placed p
    ), queued AS (
        INSERT INTO outbox (workspace_id, endpoint_id, number_id, thread_id, seq, klass, lane, campaign_id, consent_epoch,
                            acknowledged_opt_out, cancel_after_in, cost, due_at, expires_at, dest_carrier)
        SELECT p.workspace_id, p.endpoint_id, p.number_id, p.thread_id, p.seq, p.klass, p.lane, p.campaign_id,
               p.consent_epoch, p.acknowledged, CASE WHEN p.until_reply THEN p.in_total END, p.segments, coalesce(p.due_at, p.now_), p.expires_at,
               coalesce(p.dest_carrier, '')
        FROM placed p ORDER BY p.ord
        RETURNING id  -- rising, as they are placed
    ), knowing AS (
        SELECT p.* FROM placed p WHERE p.silent AND p.acknowledged
    ), consents AS (
        INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, member_id, thread_id, seq, at)
        SELECT k.workspace_id, k.endpoint_id, 'acknowledged', k.consent_epoch, 'member', k.author_id, k.thread_id, k.seq, k.now_
        FROM knowing k
    ), audits AS (
        INSERT INTO audit (workspace_id, member_id, action, detail)
        SELECT k.workspace_id, k.author_id, 'text_to_opted_out', jsonb_build_object('thread', k.thread_id, 'seq', k.seq)
        FROM knowing k
    )
    SELECT p.ord, p.verdict, p.workspace_id, p.thread_id, p.seq, p.number_id, p.author, NULL::text, NULL::timestamptz,
           (ARRAY(SELECT q.id FROM queued q ORDER BY q.id))[(row_number() OVER (ORDER BY p.ord))::integer], coalesce(p.dest_carrier, '')
    FROM placed p
    UNION ALL
    SELECT j.ord, j.verdict, j.workspace_id, j.thread_id, j.known_seq, j.number_id, j.author, j.other, j.claimed_until, NULL, NULL
    FROM judged j
    WHERE j.verdict <> 'enqueued'
    ORDER BY 1;
END $$;

-- Give a number to a member, or back to everybody (p_owner null), if it is nobody else's than at p_version (null: whoever has
-- it). Who may not see its threads any more is not in charge of any: of these threads. With how often hands have changed by now,
-- and at which version the settings are.
CREATE FUNCTION give_number(p_workspace bigint, p_number bigint, p_owner bigint, p_by bigint, p_version bigint)
RETURNS TABLE (verdict text, threads bigint[], hands bigint, settings bigint, suggesting boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one number;
BEGIN
    SELECT n.* INTO one FROM number n WHERE n.workspace_id = p_workspace AND n.id = p_number FOR NO KEY UPDATE;
    verdict := CASE
        WHEN one.id IS NULL THEN 'no_number'
        WHEN one.owner_id IS NOT DISTINCT FROM p_owner THEN 'again'
        WHEN one.owned_xid::text::bigint <> p_version THEN 'stale'
        WHEN p_owner IS NOT NULL AND NOT EXISTS (
            SELECT FROM member m WHERE m.workspace_id = p_workspace AND m.id = p_owner AND m.disabled_at IS NULL) THEN 'no_member'
        ELSE 'given' END;
    IF verdict = 'given' THEN
        UPDATE number n SET owner_id = p_owner, owned_xid = pg_current_xact_id() WHERE n.id = p_number;
        PERFORM 1 FROM thread t
        WHERE t.workspace_id = p_workspace AND p_number = ANY (t.numbers) AND coalesce(t.assignee_id, t.claimed_by) IS NOT NULL
        ORDER BY t.endpoint_id FOR NO KEY UPDATE;
        WITH outside AS (
            SELECT t.id, t.numbers && hidden_from(t.assignee_id) AS assigned, t.numbers && hidden_from(t.claimed_by) AS claimed
            FROM thread t
            WHERE t.workspace_id = p_workspace AND p_number = ANY (t.numbers) AND coalesce(t.assignee_id, t.claimed_by) IS NOT NULL
        ), out_of_charge AS (
            UPDATE thread t SET assignee_id = CASE WHEN NOT o.assigned THEN t.assignee_id END,
                   claimed_by = CASE WHEN NOT o.claimed THEN t.claimed_by END,
                   claimed_until = CASE WHEN NOT o.claimed THEN t.claimed_until END,
                   version = t.version + 1, changed_xid = pg_current_xact_id()
            FROM outside o WHERE t.id = o.id
              AND (o.assigned AND t.assignee_id IS NOT NULL OR o.claimed AND t.claimed_by IS NOT NULL) RETURNING t.id
        ) SELECT array_agg(c.id) INTO threads FROM out_of_charge c;
        INSERT INTO audit (workspace_id, member_id, action, detail)
        VALUES (p_workspace, p_by, 'number_given',
                jsonb_build_object('number', one.address, 'member_id', p_owner, 'from_id', one.owner_id));
        UPDATE workspace w SET settings_version = w.settings_version + 1, hands = w.hands + 1 WHERE w.id = p_workspace;
    END IF;
    SELECT w.hands, w.settings_version, w.ai_mode <> 'off' INTO hands, settings, suggesting FROM workspace w WHERE w.id = p_workspace;
    RETURN NEXT;
END $$;

-- A team at work on a thread -----------------------------------------------------------------------------------------------

-- A row of the inbox, but for its reader's marks.
CREATE VIEW inbox_face AS
SELECT t.id AS thread_id, t.workspace_id, t.version, c.name, c.contact_id, e.address, n.address AS number, t.last_seq, t.last_at,
       t.last_preview, t.last_direction, t.in_total, e.opted_out, e.held, e.carrier_blocked, e.invalid_reason,
       g.id AS campaign_id, g.name AS campaign_name, t.campaign_at, t.assignee_id, a.name AS assignee, t.closed_at,
       t.snoozed_until, t.waiting_since, t.claimed_by, o.name AS claimant, t.claimed_until, t.listed, t.numbers
FROM thread t
JOIN endpoint e ON e.id = t.endpoint_id
JOIN number n ON n.id = t.number_id
LEFT JOIN campaign g ON g.id = t.campaign_id AND g.workspace_id = t.workspace_id
LEFT JOIN member a ON a.id = t.assignee_id
LEFT JOIN member o ON o.id = t.claimed_by
LEFT JOIN LATERAL (
    SELECT p.contact_id, nullif(btrim(k.first_name || ' ' || k.last_name), '') AS name
    FROM contact_phone p JOIN contact k ON k.id = p.contact_id WHERE p.endpoint_id = e.id
) c ON true;

-- Write what a member did with a thread into its history. The caller has it locked.
CREATE FUNCTION note_activity(p_thread bigint, p_what text, p_by bigint, p_to bigint, p_until timestamptz, p_now timestamptz)
RETURNS thread_event LANGUAGE plpgsql AS $$
DECLARE
    made thread_event;
BEGIN
    UPDATE thread t SET last_seq = t.last_seq + 1, version = t.version + 1, changed_xid = pg_current_xact_id()
    WHERE t.id = p_thread RETURNING t.id, t.last_seq INTO made.thread_id, made.seq;
    INSERT INTO thread_event (thread_id, seq, kind, data, at)
    VALUES (p_thread, made.seq, 'activity', jsonb_strip_nulls(jsonb_build_object(
        'what', p_what, 'by', p_by, 'by_name', (SELECT m.name FROM member m WHERE m.id = p_by),
        'to', p_to, 'to_name', (SELECT m.name FROM member m WHERE m.id = p_to), 'until', p_until)), p_now)
    RETURNING * INTO made;
    RETURN made;
END $$;

-- Assign, close, reopen, snooze or wake a thread. What is so already is 'same', and nothing is written.
CREATE FUNCTION turn_thread(
    p_workspace bigint, p_thread bigint, p_member bigint, p_what text, p_to bigint, p_until timestamptz, p_now timestamptz
) RETURNS TABLE (verdict text, seq bigint, data jsonb) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one   thread;
    event thread_event;
BEGIN
    SELECT t.* INTO one FROM thread t
    WHERE t.id = p_thread AND t.workspace_id = p_workspace AND NOT t.numbers && hidden_from(p_member) FOR NO KEY UPDATE;
    IF one.id IS NULL THEN
        verdict := 'no_thread';
    ELSIF p_what = 'assigned' AND p_to IS NOT NULL AND NOT EXISTS (
        SELECT FROM member m WHERE m.id = p_to AND m.workspace_id = p_workspace AND m.disabled_at IS NULL
        AND NOT one.numbers && hidden_from(m.id)) THEN
        verdict := 'no_member';
    ELSIF (CASE p_what WHEN 'assigned' THEN one.assignee_id IS NOT DISTINCT FROM p_to
                      WHEN 'closed' THEN one.closed_at IS NOT NULL
                      WHEN 'reopened' THEN one.closed_at IS NULL
                      WHEN 'snoozed' THEN one.snoozed_until IS NOT DISTINCT FROM p_until
                      WHEN 'woken' THEN one.snoozed_until IS NULL END) THEN
        verdict := 'same';
    ELSE
        verdict := 'done';
        CASE p_what
        WHEN 'assigned' THEN UPDATE thread t SET assignee_id = p_to WHERE t.id = one.id;
        WHEN 'closed' THEN
            UPDATE thread t SET closed_at = p_now, snoozed_until = NULL, snoozed_by = NULL, waiting_since = NULL WHERE t.id = one.id;
        WHEN 'reopened' THEN UPDATE thread t SET closed_at = NULL WHERE t.id = one.id;
        WHEN 'snoozed' THEN
            UPDATE thread t SET snoozed_until = p_until, snoozed_by = p_member, closed_at = NULL WHERE t.id = one.id;
        WHEN 'woken' THEN UPDATE thread t SET snoozed_until = NULL, snoozed_by = NULL WHERE t.id = one.id;
        END CASE;
        event := note_activity(one.id, CASE WHEN p_what = 'assigned' AND p_to IS NULL THEN 'unassigned' ELSE p_what END,
                               p_member, p_to, p_until, p_now);
        seq := event.seq;
        data := event.data;
    END IF;
    RETURN NEXT;
END $$;

-- Take or renew the sole right to answer in a thread until p_until, from whoever has it where p_over says so; p_until null gives
-- it back. 'claimed' names a colleague who has it. Only taking it over is told in the thread's history.
CREATE FUNCTION claim_thread(
    p_workspace bigint, p_thread bigint, p_member bigint, p_over boolean, p_until timestamptz, p_now timestamptz
) RETURNS TABLE (verdict text, seq bigint, data jsonb, other text, until timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one    thread;
    event  thread_event;
    theirs boolean;
BEGIN
    SELECT t.* INTO one FROM thread t
    WHERE t.id = p_thread AND t.workspace_id = p_workspace AND NOT t.numbers && hidden_from(p_member) FOR NO KEY UPDATE;
    theirs := coalesce(one.claimed_by <> p_member AND one.claimed_until > p_now, false);
    IF one.id IS NULL THEN
        verdict := 'no_thread';
    ELSIF p_until IS NULL THEN
        verdict := 'done';
        UPDATE thread t SET claimed_by = NULL, claimed_until = NULL, version = t.version + 1, changed_xid = pg_current_xact_id()
        WHERE t.id = one.id AND t.claimed_by = p_member;
    ELSIF theirs AND NOT p_over THEN
        verdict := 'claimed';
        SELECT m.name INTO other FROM member m WHERE m.id = one.claimed_by;
        until := one.claimed_until;
    ELSE
        verdict := 'done';
        until := p_until;
        UPDATE thread t SET claimed_by = p_member, claimed_until = p_until, version = t.version + 1,
               changed_xid = pg_current_xact_id() WHERE t.id = one.id;
        IF theirs THEN
            event := note_activity(one.id, 'taken_over', p_member, one.claimed_by, NULL, p_now);
            seq := event.seq;
            data := event.data;
        END IF;
    END IF;
    RETURN NEXT;
END $$;

-- Write a note beside the texts, once for each command; it wakes nobody but those whom it mentions.
CREATE FUNCTION write_note(
    p_workspace bigint, p_thread bigint, p_member bigint, p_cmd uuid, p_fingerprint bytea, p_body text, p_mentions bigint[],
    p_now timestamptz
) RETURNS TABLE (verdict text, thread_id bigint, seq bigint, author text, mentions bigint[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one   thread;
    known command;
BEGIN
    SELECT t.* INTO one FROM thread t
    WHERE t.id = p_thread AND t.workspace_id = p_workspace AND NOT t.numbers && hidden_from(p_member) FOR NO KEY UPDATE;
    SELECT c.* INTO known FROM command c WHERE c.workspace_id = p_workspace AND c.cmd_id = p_cmd;
    IF known.cmd_id IS NOT NULL THEN
        verdict := CASE WHEN known.fingerprint = p_fingerprint AND known.thread_id = p_thread THEN 'again' ELSE 'conflict' END;
        thread_id := known.thread_id;
        seq := known.seq;
    ELSIF one.id IS NULL THEN
        verdict := 'no_thread';
    ELSE
        verdict := 'written';
        thread_id := one.id;
        UPDATE thread t SET last_seq = t.last_seq + 1, version = t.version + 1, changed_xid = pg_current_xact_id()
        WHERE t.id = one.id RETURNING t.last_seq INTO seq;
        INSERT INTO command (workspace_id, cmd_id, fingerprint, thread_id, seq)
        VALUES (p_workspace, p_cmd, p_fingerprint, one.id, seq);
        INSERT INTO note (thread_id, seq, workspace_id, author_id, body, at) VALUES (one.id, seq, p_workspace, p_member, p_body, p_now);
        INSERT INTO thread_event (thread_id, seq, kind, at) VALUES (one.id, seq, 'note', p_now);
        WITH asked AS (
            INSERT INTO mention (member_id, thread_id, seq, workspace_id)
            SELECT m.id, one.id, seq, p_workspace FROM member m
            WHERE m.workspace_id = p_workspace AND m.id = ANY (p_mentions) AND m.id <> p_member AND m.disabled_at IS NULL
              AND NOT one.numbers && hidden_from(m.id)
            RETURNING member_id
        ) SELECT coalesce(array_agg(a.member_id ORDER BY a.member_id), '{}') INTO mentions FROM asked a;
    END IF;
    SELECT m.name INTO author FROM member m WHERE m.id = p_member;
    RETURN NEXT;
END $$;

-- Wake what was snoozed until now. Who snoozed it has something unread again.
CREATE FUNCTION wake_due(p_now timestamptz, p_limit integer)
RETURNS TABLE (workspace_id bigint, thread_id bigint, seq bigint, data jsonb, at timestamptz, member_id bigint, in_ord bigint, version bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one   thread;
    event thread_event;
BEGIN
    FOR one IN
        SELECT t.* FROM thread t
        WHERE t.id IN (SELECT s.id FROM thread s WHERE s.snoozed_until <= p_now ORDER BY s.snoozed_until LIMIT p_limit)
          AND t.snoozed_until <= p_now
        ORDER BY t.endpoint_id FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        UPDATE thread t SET snoozed_until = NULL, snoozed_by = NULL WHERE t.id = one.id;
        event := note_activity(one.id, 'woken', NULL, NULL, NULL, p_now);
        member_id := NULL;
        UPDATE thread_read r SET in_ord = one.in_total - 1, version = r.version + 1, changed_xid = pg_current_xact_id()
        WHERE r.thread_id = one.id AND r.member_id = one.snoozed_by AND r.in_ord >= one.in_total AND one.in_total > 0
        RETURNING r.member_id, r.in_ord, r.version INTO member_id, in_ord, version;
        workspace_id := one.workspace_id;
        thread_id := one.id;
        seq := event.seq;
        data := event.data;
        at := event.at;
        RETURN NEXT;
    END LOOP;
END $$;

-- T3: authorise ----------------------------------------------------------------------------------------------------------

-- Claim the granted rows, lock what the gate looks at, and read it anew: each statement has a snapshot of its own, so what
-- was committed before a lock was given is seen. The gate decides outside; settle_verdicts ends the same transaction.
-- A text of a campaign that was made before its last stop or change is left as it stands, see take_back; one that may have
-- left already goes on under its key.
-- p_cap_texts and p_cap_window: how many departures, and how far back, the states' caps look; the workspace's own cap may
-- look further. departures: those of bulk to the endpoint that may have left, by the wall clock, the newest first.
-- own_verified: of a test, whether its author has proven this number to be theirs, and is still a member.
CREATE FUNCTION claim_granted(
    p_outbox bigint[], p_gen bigint, p_epoch bigint, p_now timestamptz, p_cap_texts integer, p_cap_window interval
) RETURNS TABLE (
    outbox_id bigint, number_id bigint, endpoint_id bigint, thread_id bigint, seq bigint, klass text, cost smallint,
    campaign_id bigint, queued_epoch integer, acknowledged boolean, expires_at timestamptz, tries smallint,
    address text, opted_out boolean, held boolean, carrier_blocked boolean, invalid_reason text, consent_epoch integer,
    places text[], from_ text, account_id bigint, account_kind text, base_url text, simulated boolean,
    campaign_state text, body text, node_valid boolean, limiter_current boolean,
    bulk_cap_texts integer, bulk_cap_window interval, departures timestamptz[], key uuid, resends smallint,
    consented_at timestamptz, opt_in_required boolean, sending_hours text,
    replied boolean, media jsonb, own_verified boolean
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    claimed   bigint[];
    endpoints bigint[];
    campaigns bigint[];
    talks     bigint[];
BEGIN
    SELECT array_agg(q.id), array_agg(q.endpoint_id), array_agg(q.campaign_id),
           array_agg(q.thread_id) FILTER (WHERE q.cancel_after_in IS NOT NULL)
    INTO claimed, endpoints, campaigns, talks
    FROM (SELECT o.id, o.endpoint_id, o.campaign_id, o.thread_id, o.cancel_after_in FROM outbox o
          WHERE o.id = ANY (p_outbox) AND o.state = 'queued' AND o.due_at <= p_now
          ORDER BY o.id FOR UPDATE SKIP LOCKED) q;
    IF claimed IS NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(-1);
    PERFORM pg_advisory_xact_lock_shared(q.id)
    FROM (SELECT DISTINCT c.id FROM unnest(campaigns) c (id) WHERE c.id IS NOT NULL ORDER BY 1) q;
    PERFORM 1 FROM node n WHERE n.gen = p_gen FOR SHARE;
    PERFORM 1 FROM endpoint e WHERE e.id = ANY (endpoints) ORDER BY e.id FOR NO KEY UPDATE;
    IF talks IS NOT NULL THEN  -- what a reply cancels: none is stored between this look and the commit
        PERFORM 1 FROM thread t WHERE t.id = ANY (talks) ORDER BY t.endpoint_id FOR NO KEY UPDATE;
    END IF;
    RETURN QUERY
    SELECT o.id, o.number_id, o.endpoint_id, o.thread_id, o.seq, o.klass, o.cost, o.campaign_id, o.consent_epoch,
           o.acknowledged_opt_out, o.expires_at, o.tries, e.address, e.opted_out, e.held, e.carrier_blocked,
           e.invalid_reason, e.consent_epoch, e.places, n.address, n.account_id, a.kind, a.base_url, w.simulated,
           c.state, m.body,
           EXISTS (SELECT FROM node x WHERE x.gen = p_gen AND x.left_at IS NULL AND x.fenced_at IS NULL
                                        AND x.expires_at > clock_timestamp()),
           EXISTS (SELECT FROM limiter_authority l WHERE l.epoch = p_epoch AND (l.gen = p_gen OR l.keeper IS NOT NULL)
                                                     AND l.not_before <= clock_timestamp()),
           w.bulk_cap_texts, w.bulk_cap_window,
           CASE WHEN o.klass = 'bulk' THEN ARRAY(
               SELECT t.slot_at FROM attempt t
               WHERE t.endpoint_id = o.endpoint_id AND t.klass = 'bulk'
                 AND t.state IN ('authorised', 'accepted', 'unknown', 'resent', 'unconfirmed') AND t.outbox_id <> o.id
                 AND t.slot_at > p_now - greatest(p_cap_window, w.bulk_cap_window)
               ORDER BY t.slot_at DESC LIMIT greatest(p_cap_texts, w.bulk_cap_texts)) END,
           o.key, o.resends, e.consented_at, w.opt_in_required, w.sending_hours::text,
           CASE WHEN o.cancel_after_in IS NULL THEN false
                ELSE (SELECT t.in_total > o.cancel_after_in FROM thread t WHERE t.id = o.thread_id) END,
           m.media,
           o.klass = 'test' AND EXISTS (
               SELECT FROM member_number v JOIN member y ON y.id = v.member_id
               WHERE v.workspace_id = o.workspace_id AND v.member_id = m.author_id AND v.address = e.address
                 AND v.verified_at IS NOT NULL AND y.disabled_at IS NULL)
    FROM outbox o
    LEFT JOIN endpoint e ON e.id = o.endpoint_id AND e.workspace_id = o.workspace_id
    LEFT JOIN number n ON n.id = o.number_id AND n.workspace_id = o.workspace_id
    LEFT JOIN carrier_account a ON a.id = n.account_id
    LEFT JOIN workspace w ON w.id = o.workspace_id
    LEFT JOIN campaign c ON c.id = o.campaign_id
    LEFT JOIN message m ON m.thread_id = o.thread_id AND m.seq = o.seq
    WHERE o.id = ANY (claimed)
      AND (o.klass <> 'bulk' OR o.resends > 0 OR coalesce(c.made_after, 0) < o.id)
    ORDER BY o.id;
END $$;

-- Write down what the gate said of rows that claim_granted locked in this transaction. p_state and p_rank: the message's,
-- where the verdict changes it. What is deferred to a later time stays queued, and its thread hears why.
CREATE FUNCTION settle_verdicts(
    p_outbox bigint[], p_verdict text[], p_reason text[], p_state text[], p_rank smallint[], p_until timestamptz[],
    p_attempt uuid[], p_slot timestamptz[], p_gen bigint, p_epoch bigint, p_now timestamptz
) RETURNS SETOF told LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    threads bigint[];
    seqs    bigint[];
BEGIN
    WITH sending AS (
        UPDATE outbox o SET state = 'sending', tries = o.tries + 1, reason = p_reason[array_position(p_outbox, o.id)],
               key = coalesce(o.key, p_attempt[array_position(p_outbox, o.id)])
        WHERE o.id = ANY (ARRAY(SELECT g.id FROM unnest(p_outbox, p_verdict) AS g (id, verdict) WHERE g.verdict = 'allowed'))
        RETURNING o.*, array_position(p_outbox, o.id) AS nth
    )
    INSERT INTO attempt (id, workspace_id, outbox_id, account_id, number_id, endpoint_id, thread_id, seq, klass, cost, gen,
                         limiter_epoch, consent_epoch, slot_at, reason)
    SELECT p_attempt[s.nth], s.workspace_id, s.id, n.account_id, s.number_id, s.endpoint_id, s.thread_id, s.seq, s.klass, s.cost,
           p_gen, p_epoch, e.consent_epoch, p_slot[s.nth], s.reason
    FROM sending s JOIN number n ON n.id = s.number_id JOIN endpoint e ON e.id = s.endpoint_id;
    IF 'allowed' = ALL (p_verdict) THEN
        RETURN;
    END IF;
    UPDATE outbox o SET due_at = coalesce(g.until, o.due_at), reason = g.reason,
           state = CASE g.verdict WHEN 'held' THEN 'held' ELSE o.state END
    FROM unnest(p_outbox, p_verdict, p_reason, p_until) AS g (id, verdict, reason, until)
    WHERE o.id = g.id AND g.verdict IN ('deferred', 'held');
    SELECT array_agg(o.thread_id ORDER BY g.nth), array_agg(o.seq ORDER BY g.nth) INTO threads, seqs
    FROM unnest(p_outbox) WITH ORDINALITY AS g (id, nth) LEFT JOIN outbox o ON o.id = g.id;
    DELETE FROM outbox o USING unnest(p_outbox, p_verdict) AS g (id, verdict) WHERE o.id = g.id AND g.verdict = 'blocked';
    RETURN QUERY SELECT * FROM note_status(
        threads, seqs, p_state, p_rank, array_fill('gate'::text, ARRAY[cardinality(p_outbox)]), p_reason,
        array_fill(p_now, ARRAY[cardinality(p_outbox)]));
    IF NOT 'deferred' = ANY (p_verdict) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT s.* FROM (
        SELECT array_agg(m.thread_id) AS t, array_agg(m.seq) AS q, array_agg(m.state) AS s, array_agg(m.rank) AS r,
               array_agg('gate'::text) AS c, array_agg(g.reason) AS k, array_agg(p_now) AS a
        FROM unnest(p_verdict, p_reason, p_until, threads, seqs) AS g (verdict, reason, until, thread_id, seq)
        JOIN message m ON m.thread_id = g.thread_id AND m.seq = g.seq AND m.state = 'queued'
        WHERE g.verdict = 'deferred' AND g.until IS NOT NULL
    ) d CROSS JOIN LATERAL note_status(d.t, d.q, d.s, d.r, d.c, d.k, d.a, true) s;
END $$;

-- T4: the outcome of attempts --------------------------------------------------------------------------------------------

CREATE TYPE attempt_work AS (
    ord bigint, attempt_id uuid, outbox_id bigint, account_id bigint, number_id bigint, endpoint_id bigint, thread_id bigint,
    seq bigint, kind text, provider_id text, error_class text, error_code text, reason text, due_at timestamptz,
    check_at timestamptz, now_ timestamptz, fresh boolean
);

-- End attempts, each fenced by its generation and state. p_gen null: Lifeline's word on attempts of dead nodes, or on the
-- last rung. Kinds: accepted, rejected, throttled, not_sent, void, unknown, unconfirmed. Receipts that came early join here.
-- What the carrier calls transient is refused for good at its tenth try.
-- The ladder runs on this clock, whatever a rehearsal's wall clock shows.
CREATE FUNCTION settle_attempts(
    p_attempt uuid[], p_gen bigint[], p_kind text[], p_provider text[], p_class text[], p_code text[], p_reason text[],
    p_due timestamptz[], p_check_s double precision[], p_now timestamptz[]
) RETURNS SETOF told LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    work   attempt_work[];
    early  early_receipt[];
    queued bigint[];
BEGIN
    SELECT array_agg(a.outbox_id) INTO queued FROM attempt a WHERE a.id = ANY (p_attempt);
    PERFORM 1 FROM outbox o WHERE o.id = ANY (queued) ORDER BY o.id FOR UPDATE;
    PERFORM 1 FROM attempt a WHERE a.id = ANY (p_attempt) ORDER BY a.id FOR UPDATE;
    WITH given AS (
        SELECT DISTINCT ON (g.attempt_id) g.*
        FROM unnest(p_attempt, p_gen, p_kind, p_provider, p_class, p_code, p_reason, p_due, p_check_s, p_now)
             WITH ORDINALITY
             AS g (attempt_id, gen, kind, provider_id, error_class, error_code, reason, due_at, check_s, now_, ord)
        ORDER BY g.attempt_id, g.ord
    )
    SELECT array_agg(ROW(g.ord, a.id, a.outbox_id, a.account_id, a.number_id, a.endpoint_id, a.thread_id, a.seq,
                         CASE WHEN g.kind = 'throttled' AND g.error_class = 'transient'
                                   AND (SELECT o.tries FROM outbox o WHERE o.id = a.outbox_id) >= 10
                              THEN 'rejected' ELSE g.kind END,
                         g.provider_id, g.error_class, g.error_code, g.reason, g.due_at,
                         clock_timestamp() + make_interval(secs => g.check_s), g.now_, NULL)::attempt_work ORDER BY a.id)
    INTO work
    FROM given g JOIN attempt a ON a.id = g.attempt_id
    WHERE CASE
        WHEN g.gen IS NOT NULL THEN a.gen = g.gen AND (a.state = 'authorised' OR (a.state = 'unknown' AND g.kind <> 'unknown'))
        WHEN g.kind = 'unconfirmed' THEN a.state = 'unknown'
        ELSE a.state = 'authorised'
             AND EXISTS (SELECT FROM node n WHERE n.gen = a.gen AND (n.left_at IS NOT NULL OR n.fenced_at IS NOT NULL))
        END;
    IF work IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO provider_ref (account_id, kind, provider_id, attempt_id)
    SELECT w.account_id, 'mt', w.provider_id, w.attempt_id FROM unnest(work) w WHERE w.kind = 'accepted' ORDER BY 1, 3
    ON CONFLICT DO NOTHING;
    UPDATE attempt a SET state = w.kind, provider_id = w.provider_id, error_class = w.error_class,
           error_code = w.error_code, reason = coalesce(w.reason, a.reason),
           unknown_since = CASE w.kind WHEN 'unknown' THEN clock_timestamp() ELSE a.unknown_since END,
           next_check_at = CASE w.kind WHEN 'unknown' THEN w.check_at END,
           rung = CASE w.kind WHEN 'unknown' THEN (SELECT o.resends FROM outbox o WHERE o.id = a.outbox_id) ELSE a.rung END,
           ended_at = CASE w.kind WHEN 'unknown' THEN NULL ELSE w.now_ END
    FROM unnest(work) w WHERE a.id = w.attempt_id;
    DELETE FROM outbox o WHERE o.id = ANY (
        ARRAY(SELECT w.outbox_id FROM unnest(work) w WHERE w.kind IN ('accepted', 'rejected', 'unconfirmed')));
    IF p_kind && ARRAY['throttled', 'not_sent', 'void'] THEN
        UPDATE outbox o SET state = 'queued', reason = w.reason,
               due_at = CASE w.kind WHEN 'not_sent'
                        THEN w.now_ + make_interval(secs => least(60, 0.25 * 2 ^ least(o.tries, 10)))
                        ELSE greatest(o.due_at, w.due_at) END,
               tries = o.tries - CASE w.kind WHEN 'void' THEN 1 ELSE 0 END
        FROM unnest(work) w WHERE o.id = w.outbox_id AND w.kind IN ('throttled', 'not_sent', 'void');
    END IF;

    WITH joined AS (
        DELETE FROM early_receipt e USING unnest(work) w
        WHERE w.kind = 'accepted' AND e.account_id = w.account_id AND e.provider_id = w.provider_id RETURNING e.*
    )
    SELECT array_agg(j::early_receipt) INTO early FROM joined j;

    IF 'rejected' = ANY (p_kind) OR early IS NOT NULL THEN
        RETURN QUERY SELECT m.* FROM (
            SELECT array_agg(n.endpoint_id) AS e, array_agg(n.error_class) AS c, array_agg(n.error_code) AS k,
                   array_agg(n.now_) AS t
            FROM (SELECT w.endpoint_id, w.error_class, w.error_code, w.now_ FROM unnest(work) w WHERE w.kind = 'rejected'
                  UNION ALL
                  SELECT w.endpoint_id, r.error_class, r.error_code, w.now_ FROM unnest(early) r
                  JOIN unnest(work) w ON w.account_id = r.account_id AND w.provider_id = r.provider_id) n
        ) a CROSS JOIN LATERAL mark_endpoints(a.e, a.c, a.k, a.t) m;
    END IF;
    RETURN QUERY SELECT s.* FROM (
        SELECT array_agg(n.thread_id) AS t, array_agg(n.seq) AS q, array_agg(n.state) AS s, array_agg(n.rank) AS r,
               array_agg(n.error_class) AS c, array_agg(n.error_code) AS k, array_agg(n.now_) AS a
        FROM (SELECT w.thread_id, w.seq, CASE w.kind WHEN 'accepted' THEN 'sent' ELSE w.kind END AS state,
                     (CASE w.kind WHEN 'accepted' THEN 20 WHEN 'unconfirmed' THEN 10 ELSE 50 END)::smallint AS rank,
                     w.error_class, w.error_code, w.now_
              FROM unnest(work) w WHERE w.kind IN ('accepted', 'rejected', 'unconfirmed')
              UNION ALL
              SELECT w.thread_id, w.seq, r.state, r.rank, r.error_class, r.error_code, w.now_ FROM unnest(early) r
              JOIN unnest(work) w ON w.account_id = r.account_id AND w.provider_id = r.provider_id) n
        HAVING count(*) > 0
    ) a CROSS JOIN LATERAL note_status(a.t, a.q, a.s, a.r, a.c, a.k, a.a) s;
    RETURN QUERY
    SELECT 'done', w.ord::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, w.kind, NULL, NULL,
           NULL::timestamptz, NULL::bigint, NULL::integer, NULL::boolean, NULL::bigint FROM unnest(work) w
    UNION ALL
    SELECT DISTINCT 'queued', NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL, NULL, NULL,
           NULL::timestamptz, NULL::bigint, NULL::integer, NULL::boolean, w.number_id
    FROM unnest(work) w WHERE w.kind = 'void';
END $$;

-- T5: receipts -----------------------------------------------------------------------------------------------------------

-- Apply receipts. One that bears our attempt's id proves that the attempt was accepted, whatever we believed; without one
-- the provider id names the attempt; if nothing does, it is kept. Verdicts: applied, old, kept, other (the provider id
-- belongs to another attempt than the one named).
CREATE FUNCTION apply_receipts(
    p_account bigint[], p_provider text[], p_attempt uuid[], p_state text[], p_rank smallint[], p_class text[], p_code text[],
    p_now timestamptz[], p_keep boolean
) RETURNS SETOF told LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    work   attempt_work[];
    proven bigint[];
    others bigint[];
    moved  told[];
BEGIN
    SELECT array_agg(ROW(g.ord, a.id, a.outbox_id, g.account_id, a.number_id, a.endpoint_id, a.thread_id, a.seq, g.state,
                         g.provider_id, g.class, g.code, NULL, NULL, NULL, g.now_,
                         a.state IN ('authorised', 'unknown', 'resent', 'unconfirmed', 'void', 'not_sent',
                                     'throttled'))::attempt_work
                     ORDER BY g.ord),
           array_agg(g.ord) FILTER (WHERE r.attempt_id <> g.attempt_id)
    INTO work, others
    FROM unnest(p_account, p_provider, p_attempt, p_state, p_class, p_code, p_now) WITH ORDINALITY
         AS g (account_id, provider_id, attempt_id, state, class, code, now_, ord)
    LEFT JOIN provider_ref r ON r.account_id = g.account_id AND r.kind = 'mt' AND r.provider_id = g.provider_id
    LEFT JOIN attempt a ON a.id = coalesce(r.attempt_id, g.attempt_id) AND a.account_id = g.account_id;

    IF EXISTS (SELECT FROM unnest(work) w WHERE w.fresh) THEN
        PERFORM 1 FROM outbox o WHERE o.id IN (SELECT w.outbox_id FROM unnest(work) w WHERE w.fresh) ORDER BY o.id FOR UPDATE;
        PERFORM 1 FROM attempt a WHERE a.id IN (SELECT w.attempt_id FROM unnest(work) w WHERE w.fresh)
        ORDER BY a.id FOR UPDATE;
        INSERT INTO provider_ref (account_id, kind, provider_id, attempt_id)
        SELECT DISTINCT ON (w.account_id, w.provider_id) w.account_id, 'mt', w.provider_id, w.attempt_id
        FROM unnest(work) w JOIN attempt a ON a.id = w.attempt_id AND a.state <> 'rejected'
        WHERE w.fresh ORDER BY 1, 3
        ON CONFLICT DO NOTHING;
        WITH ended AS (
            UPDATE attempt a SET state = 'accepted', provider_id = w.provider_id, next_check_at = NULL, ended_at = w.now_
            FROM unnest(work) w
            WHERE a.id = w.attempt_id AND w.fresh
              AND a.state IN ('authorised', 'unknown', 'resent', 'unconfirmed', 'void', 'not_sent', 'throttled')
              AND EXISTS (SELECT FROM provider_ref r WHERE r.account_id = w.account_id AND r.kind = 'mt'
                                                       AND r.provider_id = w.provider_id AND r.attempt_id = a.id)
            RETURNING a.id, a.outbox_id, w.ord
        ), gone AS (
            DELETE FROM outbox o USING ended d WHERE o.id = d.outbox_id
            AND NOT EXISTS (SELECT FROM attempt x WHERE x.thread_id = o.thread_id AND x.seq = o.seq AND x.id <> d.id
                                                    AND x.state IN ('authorised', 'unknown'))
        )
        SELECT array_agg(d.ord) INTO proven FROM ended d;
    END IF;

    RETURN QUERY SELECT m.* FROM (
        SELECT array_agg(w.endpoint_id) AS e, array_agg(w.error_class) AS c, array_agg(w.error_code) AS k,
               array_agg(w.now_) AS t FROM unnest(work) w WHERE w.attempt_id IS NOT NULL
    ) a CROSS JOIN LATERAL mark_endpoints(a.e, a.c, a.k, a.t) m;
    SELECT array_agg(note::told) INTO moved FROM (
        SELECT array_agg(w.thread_id) AS t, array_agg(w.seq) AS q, array_agg(w.kind) AS s,
               array_agg(p_rank[w.ord]) AS r, array_agg(w.error_class) AS c, array_agg(w.error_code) AS k,
               array_agg(w.now_) AS a
        FROM unnest(work) w WHERE w.attempt_id IS NOT NULL HAVING count(*) > 0
    ) a CROSS JOIN LATERAL note_status(a.t, a.q, a.s, a.r, a.c, a.k, a.a) note;
    RETURN QUERY SELECT * FROM unnest(moved);

    IF p_keep THEN
        INSERT INTO early_receipt (account_id, provider_id, state, rank, error_class, error_code)
        SELECT w.account_id, w.provider_id, w.kind, p_rank[w.ord], w.error_class, w.error_code FROM unnest(work) w
        WHERE w.attempt_id IS NULL ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING;
    END IF;
    RETURN QUERY
    SELECT 'done', w.ord::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
           CASE WHEN w.attempt_id IS NULL THEN 'kept'
                WHEN w.ord = ANY (others) THEN 'other'
                WHEN w.ord = ANY (proven) OR EXISTS (SELECT FROM unnest(moved) v WHERE v.thread_id = w.thread_id
                                                     AND v.ref = w.seq AND v.state = w.kind) THEN 'applied'
                ELSE 'old' END,
           NULL, NULL, NULL::timestamptz, NULL::bigint, NULL::integer, NULL::boolean, NULL::bigint
    FROM unnest(work) w;
END $$;

-- Apply receipts that were kept and whose provider id is bound by now. Null arrays: all of them.
CREATE FUNCTION join_early_receipts(p_account bigint[], p_provider text[], p_limit integer)
RETURNS SETOF told LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    keys early_receipt[];
BEGIN
    SELECT array_agg(q::early_receipt) INTO keys FROM (
        SELECT e.* FROM early_receipt e
        JOIN provider_ref r ON r.account_id = e.account_id AND r.kind = 'mt' AND r.provider_id = e.provider_id
        WHERE p_provider IS NULL
           OR (e.account_id, e.provider_id) IN (SELECT * FROM unnest(p_account, p_provider))
        ORDER BY e.account_id, e.provider_id, e.state LIMIT p_limit FOR UPDATE OF e SKIP LOCKED) q;
    IF keys IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM early_receipt e USING unnest(keys) k
    WHERE e.account_id = k.account_id AND e.provider_id = k.provider_id AND e.state = k.state;
    RETURN QUERY SELECT a.* FROM (
        SELECT array_agg(k.account_id) AS c, array_agg(k.provider_id) AS p, array_agg(k.state) AS s, array_agg(k.rank) AS r,
               array_agg(k.error_class) AS e, array_agg(k.error_code) AS o, array_agg(k.received_at) AS t
        FROM unnest(keys) k
    ) q CROSS JOIN LATERAL apply_receipts(q.c, q.p, array_fill(NULL::uuid, ARRAY[cardinality(q.p)]), q.s, q.r, q.e, q.o, q.t,
                                          false) a;
END $$;

-- Lifeline ---------------------------------------------------------------------------------------------------------------

-- Queue the answer to a keyword, once; the thread's lock makes HELP's pause (p_help_every) hold between nodes. Returns what was
-- written, or no row. The text must leave while it is still owed: p_now is the wall clock that outbox rows are judged by.
CREATE FUNCTION enqueue_answer(p_event bigint, p_body text, p_segments smallint, p_now timestamptz, p_help_every interval)
RETURNS TABLE (workspace_id bigint, thread_id bigint, seq bigint, number_id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    owed    consent_event;
    spot    thread;
    keyed   bigint;
BEGIN
    SELECT c.* INTO owed FROM consent_event c WHERE c.id = p_event AND c.answer_by > clock_timestamp();
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT t.* INTO spot FROM thread t WHERE t.id = owed.thread_id FOR NO KEY UPDATE;
    keyed := CASE owed.kind WHEN 'help_asked' THEN owed.id ELSE 0 END;
    INSERT INTO keyword_answer (endpoint_id, consent_epoch, kind, event_id, workspace_id, thread_id, seq, at)
    SELECT owed.endpoint_id, owed.consent_epoch, owed.kind, keyed, owed.workspace_id, spot.id,
           CASE WHEN NOT EXISTS (
               SELECT FROM keyword_answer k WHERE owed.kind = 'help_asked' AND k.endpoint_id = owed.endpoint_id
               AND k.kind = 'help_asked' AND k.seq IS NOT NULL AND k.at > clock_timestamp() - p_help_every)
           THEN spot.last_seq + 1 END, clock_timestamp()
    ON CONFLICT DO NOTHING
    RETURNING keyword_answer.seq INTO seq;
    IF seq IS NULL THEN
        RETURN;
    END IF;
    UPDATE thread t SET last_seq = spot.last_seq + 1, last_at = greatest(t.last_at, p_now), last_preview = left(p_body, 140),
           last_out_at = greatest(t.last_out_at, p_now), last_direction = 'out', version = t.version + 1, changed_xid = pg_current_xact_id() WHERE t.id = spot.id;
    INSERT INTO message (thread_id, seq, workspace_id, direction, number_id, klass, body, segments, state, created_at)
    VALUES (spot.id, seq, spot.workspace_id, 'out', spot.number_id, 'keyword_answer', p_body, p_segments, 'queued', p_now);
    INSERT INTO thread_event (thread_id, seq, kind, at) VALUES (spot.id, seq, 'message', p_now);
    INSERT INTO outbox (workspace_id, endpoint_id, number_id, thread_id, seq, klass, lane, consent_epoch, cost, due_at,
                        expires_at, dest_carrier)
    SELECT spot.workspace_id, spot.endpoint_id, spot.number_id, spot.id, seq, 'keyword_answer', 0, owed.consent_epoch,
           p_segments, p_now, p_now + (owed.answer_by - clock_timestamp()), coalesce(e.dest_carrier, '')
    FROM endpoint e WHERE e.id = spot.endpoint_id;
    workspace_id := spot.workspace_id; thread_id := spot.id; number_id := spot.number_id;
    RETURN NEXT;
END $$;

-- Queue the text of an unknown attempt again under the same key. No row: it was resolved meanwhile.
CREATE FUNCTION resend_unknown(p_attempt uuid, p_due timestamptz, p_expires timestamptz)
RETURNS SETOF told LANGUAGE plpgsql AS $$
DECLARE
    asked attempt;
BEGIN
    PERFORM 1 FROM outbox o WHERE o.id = (SELECT a.outbox_id FROM attempt a WHERE a.id = p_attempt) FOR UPDATE;
    SELECT a.* INTO asked FROM attempt a WHERE a.id = p_attempt FOR UPDATE;
    IF asked.state IS DISTINCT FROM 'unknown' THEN
        RETURN;
    END IF;
    UPDATE attempt a SET state = 'resent', next_check_at = NULL WHERE a.id = p_attempt;
    IF EXISTS (SELECT FROM attempt x WHERE x.thread_id = asked.thread_id AND x.seq = asked.seq AND x.state = 'accepted') THEN
        DELETE FROM outbox o WHERE o.id = asked.outbox_id;  -- a callback has named an earlier try
        RETURN;
    END IF;
    RETURN QUERY
    WITH again AS (
        UPDATE outbox o SET state = 'queued', resends = o.resends + 1, reason = 'the same again, under its key',
               due_at = p_due, expires_at = least(o.expires_at, p_expires)
        WHERE o.id = asked.outbox_id AND o.state = 'sending' RETURNING o.number_id
    )
    SELECT 'queued', NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text, NULL::text,
           NULL::text, NULL::timestamptz, NULL::bigint, NULL::integer, NULL::boolean, a.number_id FROM again a;
END $$;

-- Take rows that wait, which the caller has locked, out of the outbox: their texts end in p_state. Of those that may have left
-- nobody can say that they did not.
CREATE FUNCTION end_waiting(p_rows outbox[], p_state text, p_reason text, p_now timestamptz) RETURNS SETOF told LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    DELETE FROM outbox o USING unnest(p_rows) w WHERE o.id = w.id;
    RETURN QUERY SELECT s.* FROM (
        SELECT array_agg(w.thread_id) AS t, array_agg(w.seq) AS q,
               array_agg(CASE WHEN w.resends > 0 THEN 'unconfirmed' ELSE p_state END) AS s,
               array_agg((CASE WHEN w.resends > 0 THEN 10 ELSE 50 END)::smallint) AS r, array_agg('gate'::text) AS c,
               array_agg(p_reason) AS k, array_agg(p_now) AS a FROM unnest(p_rows) w
    ) a CROSS JOIN LATERAL note_status(a.t, a.q, a.s, a.r, a.c, a.k, a.a) s;
END $$;

-- End queued rows whose validity has passed.
CREATE FUNCTION expire_due(p_now timestamptz, p_limit integer) RETURNS SETOF told LANGUAGE plpgsql AS $$
DECLARE
    late outbox[];
BEGIN
    SELECT array_agg(q::outbox) INTO late FROM (
        SELECT o.* FROM outbox o WHERE o.state = 'queued' AND o.expires_at <= p_now
        ORDER BY o.id LIMIT p_limit FOR UPDATE SKIP LOCKED) q;
    IF late IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM end_waiting(late, 'expired', 'expired', p_now);
END $$;

-- A person decides on a held text: send it anyway, for the consent as it stands now, or cancel it. No row: not held.
CREATE FUNCTION release_held(
    p_workspace bigint, p_thread bigint, p_seq bigint, p_send boolean, p_member bigint, p_now timestamptz
) RETURNS SETOF told LANGUAGE plpgsql AS $$
DECLARE
    waiting outbox;
BEGIN
    SELECT o.* INTO waiting FROM outbox o
    WHERE o.workspace_id = p_workspace AND o.thread_id = p_thread AND o.seq = p_seq AND o.state = 'held'
      AND EXISTS (SELECT FROM thread t WHERE t.id = p_thread AND NOT t.numbers && hidden_from(p_member)) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF p_send THEN
        PERFORM 1 FROM endpoint e WHERE e.id = waiting.endpoint_id FOR NO KEY UPDATE;
        UPDATE outbox o SET state = 'queued', acknowledged_opt_out = true, due_at = p_now, reason = NULL, cancel_after_in = NULL,
               consent_epoch = (SELECT e.consent_epoch FROM endpoint e WHERE e.id = o.endpoint_id)
        WHERE o.id = waiting.id;
    ELSE
        DELETE FROM outbox o WHERE o.id = waiting.id;
    END IF;
    INSERT INTO audit (workspace_id, member_id, action, detail)
    VALUES (p_workspace, p_member, CASE WHEN p_send THEN 'held_text_sent' ELSE 'held_text_cancelled' END,
            jsonb_build_object('thread', p_thread, 'seq', p_seq, 'held_for', waiting.reason));
    RETURN QUERY SELECT * FROM note_status(
        ARRAY[p_thread], ARRAY[p_seq], ARRAY[CASE WHEN p_send THEN 'queued' ELSE 'cancelled' END],
        ARRAY[CASE WHEN p_send THEN 0 ELSE 50 END::smallint], ARRAY[NULL::text], ARRAY[NULL::text], ARRAY[p_now], true);
    IF p_send THEN
        RETURN QUERY SELECT 'queued', NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text,
            NULL::text, NULL::text, NULL::timestamptz, NULL::bigint, NULL::integer, NULL::boolean, waiting.number_id;
    END IF;
END $$;

-- Take back what a cancelled campaign has queued, at most p_limit texts. What somebody else has locked at this moment is left
-- out: T3 blocks it, or the next turn finds it.
CREATE FUNCTION recall_queued(p_campaign bigint, p_now timestamptz, p_limit integer) RETURNS SETOF told LANGUAGE plpgsql AS $$
DECLARE
    waiting outbox[];
BEGIN
    IF NOT EXISTS (SELECT FROM campaign c WHERE c.id = p_campaign AND c.state = 'cancelled') THEN
        RETURN;
    END IF;
    SELECT array_agg(q::outbox) INTO waiting FROM (
        SELECT o.* FROM outbox o WHERE o.campaign_id = p_campaign AND o.state IN ('queued', 'held')
        ORDER BY o.id LIMIT p_limit FOR UPDATE SKIP LOCKED) q;
    IF waiting IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM end_waiting(waiting, 'cancelled', 'campaign_cancelled', p_now);
    PERFORM show_newest((SELECT array_agg(w.thread_id) FROM unnest(waiting) w));
END $$;

-- Take back what a campaign has queued and does not want as it is: its recipients are pending again, to be given another text.
-- They come first from now on, wherever the engine has come to. What T3 took stays; where that comes back unsent, the next turn
-- finds it. Of what may have left already nothing is made anew.
CREATE FUNCTION take_back(p_campaign bigint, p_now timestamptz, p_limit integer) RETURNS SETOF told LANGUAGE plpgsql AS $$
DECLARE
    waiting outbox[];
    old_to  bigint;
    anew    bigint;
BEGIN
    SELECT c.made_after INTO old_to FROM campaign c WHERE c.id = p_campaign AND c.kind = 'campaign' AND c.state <> 'cancelled';
    SELECT array_agg(q::outbox) INTO waiting FROM (
        SELECT o.* FROM outbox o
        WHERE o.campaign_id = p_campaign AND o.state IN ('queued', 'held') AND o.id <= old_to AND o.klass = 'bulk' AND o.resends = 0
        ORDER BY o.id LIMIT p_limit FOR UPDATE SKIP LOCKED) q;
    IF waiting IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM end_waiting(waiting, 'cancelled', 'campaign_changed', p_now);
    PERFORM show_newest((SELECT array_agg(w.thread_id) FROM unnest(waiting) w));
    WITH again AS (
        UPDATE campaign_recipient r SET state = 'pending', reason = NULL, thread_id = NULL, seq = NULL, segments = NULL,
               delivery = NULL, due_at = p_now, round = r.round + 1
        FROM unnest(waiting) w WHERE r.campaign_id = p_campaign AND r.thread_id = w.thread_id AND r.seq = w.seq
        RETURNING r.ord
    )
    SELECT count(*) INTO anew FROM again;
    PERFORM note_moved(p_campaign, p_now, 'skipped', 'pending', anew);
END $$;

-- Changing one's mind ------------------------------------------------------------------------------------------------------

-- Take a text back that waits to be sent, or for a person. The first row, `done`, says in what state the text is after this:
-- what T3 took, and what may have left already, stays as it is. No row: there is no such text of ours.
CREATE FUNCTION cancel_mt(p_workspace bigint, p_thread bigint, p_seq bigint, p_member bigint, p_now timestamptz)
RETURNS SETOF told LANGUAGE plpgsql AS $$
DECLARE
    waiting outbox;
    written message;
BEGIN
    SELECT o.* INTO waiting FROM outbox o
    WHERE o.workspace_id = p_workspace AND o.thread_id = p_thread AND o.seq = p_seq FOR UPDATE;
    SELECT m.* INTO written FROM message m
    WHERE m.workspace_id = p_workspace AND m.thread_id = p_thread AND m.seq = p_seq AND m.direction = 'out';
    IF written.seq IS NULL THEN
        RETURN;
    END IF;
    IF waiting.state IN ('queued', 'held') AND waiting.resends = 0 THEN
        DELETE FROM outbox o WHERE o.id = waiting.id;
        INSERT INTO audit (workspace_id, member_id, action, detail)
        VALUES (p_workspace, p_member, 'text_cancelled', jsonb_build_object('thread', p_thread, 'seq', p_seq));
        RETURN QUERY SELECT * FROM note_status(ARRAY[p_thread], ARRAY[p_seq], ARRAY['cancelled'], ARRAY[50::smallint],
                                               ARRAY[NULL::text], ARRAY[NULL::text], ARRAY[p_now]);
        UPDATE thread t SET last_preview = coalesce(left(q.body, 140), ''), last_direction = coalesce(q.direction, 'out')
        FROM (SELECT 1) one LEFT JOIN LATERAL (
            SELECT m.body, m.direction FROM message m
            WHERE m.thread_id = p_thread AND m.state <> 'cancelled' ORDER BY m.seq DESC LIMIT 1) q ON true
        WHERE t.id = p_thread AND t.last_direction = 'out' AND t.last_preview = left(written.body, 140);
        written.state := 'cancelled';
    ELSIF waiting.state IS NOT NULL THEN
        written.state := 'sending';
    END IF;
    RETURN QUERY SELECT 'done', 1, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, written.state, NULL::text,
        NULL::text, NULL::timestamptz, NULL::bigint, NULL::integer, NULL::boolean, NULL::bigint;
END $$;

-- Change a text that is to leave later: its words (null: as they are), its time. Rows as those of cancel_mt; it was changed
-- where the state is 'queued'. With pictures its cost stays: it is one message, whatever its words are.
CREATE FUNCTION change_mt(
    p_workspace bigint, p_thread bigint, p_seq bigint, p_member bigint, p_body text, p_segments smallint, p_due timestamptz,
    p_expires timestamptz, p_until_reply boolean, p_now timestamptz
) RETURNS SETOF told LANGUAGE plpgsql AS $$
DECLARE
    waiting outbox;
    written message;
BEGIN
    SELECT o.* INTO waiting FROM outbox o
    WHERE o.workspace_id = p_workspace AND o.thread_id = p_thread AND o.seq = p_seq FOR UPDATE;
    SELECT m.* INTO written FROM message m
    WHERE m.workspace_id = p_workspace AND m.thread_id = p_thread AND m.seq = p_seq AND m.direction = 'out';
    IF written.seq IS NULL THEN
        RETURN;
    END IF;
    IF waiting.state = 'queued' AND waiting.klass = 'send_later' AND waiting.resends = 0 THEN
        IF written.media IS NOT NULL THEN
            p_segments := NULL;
        END IF;
        PERFORM 1 FROM thread t WHERE t.id = p_thread FOR NO KEY UPDATE;
        UPDATE outbox o SET due_at = coalesce(p_due, o.due_at), expires_at = coalesce(p_expires, o.expires_at),
               cost = coalesce(p_segments, o.cost), reason = NULL,
               cancel_after_in = CASE WHEN p_until_reply IS NULL THEN o.cancel_after_in
                                      WHEN p_until_reply THEN (SELECT t.in_total FROM thread t WHERE t.id = p_thread) END
        WHERE o.id = waiting.id;
        UPDATE message m SET body = coalesce(p_body, m.body), segments = coalesce(p_segments, m.segments)
        WHERE m.thread_id = p_thread AND m.seq = p_seq;
        UPDATE thread t SET reply_cancels = true WHERE t.id = p_thread AND p_until_reply AND NOT t.reply_cancels;
        UPDATE thread t SET last_preview = left(p_body, 140)
        WHERE t.id = p_thread AND p_body IS NOT NULL AND t.last_direction = 'out' AND t.last_preview = left(written.body, 140);
        INSERT INTO audit (workspace_id, member_id, action, detail)
        VALUES (p_workspace, p_member, 'text_changed', jsonb_build_object('thread', p_thread, 'seq', p_seq));
        RETURN QUERY SELECT * FROM note_status(ARRAY[p_thread], ARRAY[p_seq], ARRAY['queued'], ARRAY[0::smallint],
                                               ARRAY[NULL::text], ARRAY[NULL::text], ARRAY[p_now], true);
        RETURN QUERY SELECT 'queued', NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text,
            NULL::text, NULL::text, NULL::timestamptz, NULL::bigint, NULL::integer, NULL::boolean, waiting.number_id
            WHERE coalesce(p_due, waiting.due_at) <= p_now;
    ELSIF waiting.state = 'sending' THEN
        written.state := 'sending';
    ELSIF waiting.state IS NOT NULL THEN
        written.state := 'not_later';
    END IF;
    RETURN QUERY SELECT 'done', 1, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, written.state, NULL::text,
        NULL::text, coalesce(p_due, waiting.due_at), NULL::bigint, NULL::integer, NULL::boolean, NULL::bigint;
END $$;

-- End what a reply cancels, in these threads (null: in all), at most p_limit texts. T1 never touches the outbox, so this is a
-- transaction of its own; what it has not reached yet the gate stops. The threads' locks come before the look that ends their
-- mark: no text comes to wait in between.
CREATE FUNCTION cancel_replied(p_thread bigint[], p_now timestamptz, p_limit integer) RETURNS SETOF told LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    late outbox[];
BEGIN
    SELECT array_agg(q::outbox) INTO late FROM (
        SELECT o.* FROM outbox o JOIN thread t ON t.id = o.thread_id
        WHERE o.cancel_after_in IS NOT NULL AND o.state IN ('queued', 'held') AND t.in_total > o.cancel_after_in
          AND (p_thread IS NULL OR o.thread_id = ANY (p_thread))
        ORDER BY o.id LIMIT p_limit FOR UPDATE OF o SKIP LOCKED) q;
    PERFORM 1 FROM thread t WHERE t.id = ANY (p_thread) ORDER BY t.endpoint_id FOR NO KEY UPDATE;
    IF late IS NOT NULL THEN
        RETURN QUERY SELECT * FROM end_waiting(late, 'cancelled', 'replied', p_now);
    END IF;
    UPDATE thread t SET reply_cancels = false
    WHERE t.id = ANY (p_thread) AND t.reply_cancels
      AND NOT EXISTS (SELECT FROM outbox o WHERE o.thread_id = t.id AND o.cancel_after_in IS NOT NULL);
END $$;

-- Take or renew the authority to grant departures. A hand-over waits for every transaction that authorises under the old
-- epoch. No row: another live node has it, or several share it and p_alone is false. Where they do, what they allowed leaves
-- within 2 s, so who takes it from them begins a second after that; and it is not shared again for six leases, whoever has it,
-- since each change costs seconds in which nothing leaves.
CREATE FUNCTION take_limiter(p_gen bigint, p_lease interval, p_alone boolean)
RETURNS TABLE (epoch bigint, wait_s double precision)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    held      limiter_authority;
    certainly boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM node n WHERE n.gen = p_gen AND n.left_at IS NULL AND n.fenced_at IS NULL) THEN
        RETURN;
    END IF;
    RETURN QUERY UPDATE limiter_authority l SET expires_at = clock_timestamp() + p_lease WHERE l.gen = p_gen
        RETURNING l.epoch, greatest(0, extract(epoch FROM l.not_before - clock_timestamp()))::double precision;
    IF FOUND THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM limiter_authority l JOIN node n ON n.gen = l.gen
               WHERE n.left_at IS NULL AND l.expires_at > clock_timestamp())
       OR NOT p_alone AND EXISTS (SELECT FROM limiter_authority l WHERE l.keeper IS NOT NULL) THEN
        RETURN;  -- whoever merely asks holds up no T3
    END IF;
    PERFORM pg_advisory_xact_lock(-1);
    SELECT l.* INTO held FROM limiter_authority l FOR UPDATE;
    SELECT n.left_at IS NOT NULL INTO certainly FROM node n WHERE n.gen = held.gen;
    certainly := coalesce(certainly, true);  -- nobody had it
    IF NOT certainly AND held.expires_at > clock_timestamp() OR NOT p_alone AND held.keeper IS NOT NULL THEN
        RETURN;
    END IF;
    RETURN QUERY UPDATE limiter_authority l SET
            epoch = l.epoch + 1, gen = p_gen, keeper = NULL, expires_at = clock_timestamp() + p_lease,
            alone_till = CASE WHEN held.keeper IS NOT NULL THEN clock_timestamp() + 6 * p_lease ELSE l.alone_till END,
            not_before = CASE WHEN held.keeper IS NOT NULL THEN greatest(held.not_before, clock_timestamp() + interval '3 s')
                              WHEN certainly THEN clock_timestamp()
                              ELSE greatest(clock_timestamp(), held.expires_at + interval '2 s') END
        RETURNING l.epoch, greatest(0, extract(epoch FROM l.not_before - clock_timestamp()))::double precision;
END $$;

-- Hand the authority over to another live node. Waits for every transaction that authorises under the old epoch; what they
-- allowed leaves within 2 s, so the successor begins a second after that. No row: that node is not there, or has it already.
CREATE FUNCTION hand_over_limiter(p_to bigint, p_lease interval) RETURNS TABLE (epoch bigint, wait_s double precision)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock(-1);
    IF NOT EXISTS (SELECT FROM node n WHERE n.gen = p_to AND n.left_at IS NULL AND n.fenced_at IS NULL
                                        AND n.expires_at > clock_timestamp()) THEN
        RETURN;
    END IF;
    RETURN QUERY UPDATE limiter_authority l SET
            epoch = l.epoch + 1, gen = p_to, keeper = NULL, expires_at = clock_timestamp() + p_lease,
            alone_till = clock_timestamp() + 6 * p_lease,
            not_before = greatest(l.not_before, clock_timestamp() + interval '3 s')
        WHERE l.gen IS DISTINCT FROM p_to
        RETURNING l.epoch, greatest(0, extract(epoch FROM l.not_before - clock_timestamp()))::double precision;
END $$;

-- Share the limits: the node that has the authority alone gives it to all who live, by leases of that keeper. Only where they
-- are two at least, and each has said that it reaches this very keeper. Waits for every transaction that authorises under the
-- old epoch, and as long as a hand-over. No row: not now.
CREATE FUNCTION share_limiter(p_gen bigint, p_epoch bigint, p_keeper text)
RETURNS TABLE (epoch bigint, wait_s double precision) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT FROM limiter_authority l WHERE l.alone_till > clock_timestamp())
       OR NOT (SELECT count(*) >= 2 AND count(*) = count(*) FILTER (WHERE n.keeper = p_keeper) FROM node n
               WHERE n.left_at IS NULL AND n.fenced_at IS NULL AND n.expires_at > clock_timestamp()) THEN
        RETURN;  -- whoever merely asks holds up no T3
    END IF;
    PERFORM pg_advisory_xact_lock(-1);
    RETURN QUERY UPDATE limiter_authority l SET
            epoch = l.epoch + 1, gen = NULL, keeper = p_keeper, expires_at = '-infinity',
            not_before = greatest(l.not_before, clock_timestamp() + interval '3 s')
        WHERE l.gen = p_gen AND l.epoch = p_epoch
        RETURNING l.epoch, greatest(0, extract(epoch FROM l.not_before - clock_timestamp()))::double precision;
END $$;

-- Say which keeper of leases a node reaches, and learn whether the limits are shared by it, and by whom. No row: they are not.
CREATE FUNCTION join_limiter(p_gen bigint, p_keeper text)
RETURNS TABLE (epoch bigint, wait_s double precision, gens bigint[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    UPDATE node n SET keeper = p_keeper WHERE n.gen = p_gen AND n.keeper IS DISTINCT FROM p_keeper;
    RETURN QUERY
    SELECT l.epoch, greatest(0, extract(epoch FROM l.not_before - clock_timestamp()))::double precision,
           ARRAY(SELECT n.gen FROM node n WHERE n.keeper = l.keeper AND n.left_at IS NULL AND n.fenced_at IS NULL
                                            AND n.expires_at > clock_timestamp() ORDER BY n.gen)
    FROM limiter_authority l
    WHERE l.keeper = p_keeper AND EXISTS (SELECT FROM node n WHERE n.gen = p_gen AND n.left_at IS NULL
                                                               AND n.fenced_at IS NULL);
END $$;

-- Shards -----------------------------------------------------------------------------------------------------------------

-- Whether a write under this term may go on: nobody has taken the shard since, and its holder was not declared dead. Until
-- the end of the transaction nobody takes it.
CREATE FUNCTION bears_term(p_shard text, p_term bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1, hashtext(p_shard));
    RETURN EXISTS (SELECT FROM shard_lease s JOIN node n ON n.gen = s.gen
                   WHERE s.shard = p_shard AND s.term = p_term AND n.left_at IS NULL AND n.fenced_at IS NULL);
END $$;

-- Whether somebody has it: a server that may come back keeps it for its lease.
CREATE FUNCTION holds_shard(s shard_lease) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT s.expires_at > clock_timestamp()
       AND EXISTS (SELECT FROM node n WHERE n.gen = s.gen AND n.left_at IS NULL AND n.fenced_at IS NULL
                                        AND n.expires_at > clock_timestamp())
$$;

-- Renew what a server has of the shards that it is wanted for, take those whose holder is gone, gave them up or let them
-- run out, and give up the others of its own. A shard changes hands once all that was begun under its last term is over.
CREATE FUNCTION keep_shards(p_gen bigint, p_wanted text[], p_lease interval) RETURNS TABLE (shard text, term bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    free text;
BEGIN
    UPDATE shard_lease s SET expires_at = '-infinity'
    WHERE s.gen = p_gen AND s.shard <> ALL (p_wanted) AND s.expires_at > '-infinity';
    IF NOT EXISTS (SELECT FROM node n WHERE n.gen = p_gen AND n.left_at IS NULL AND n.fenced_at IS NULL) THEN
        RETURN;
    END IF;
    UPDATE shard_lease s SET expires_at = clock_timestamp() + p_lease
    WHERE s.gen = p_gen AND s.shard = ANY (p_wanted) AND s.expires_at > clock_timestamp();
    FOREACH free IN ARRAY (SELECT coalesce(array_agg(w ORDER BY w), '{}') FROM unnest(p_wanted) w
                           WHERE NOT EXISTS (SELECT FROM shard_lease s WHERE s.shard = w AND holds_shard(s))) LOOP
        PERFORM pg_advisory_xact_lock(1, hashtext(free));
        INSERT INTO shard_lease AS s (shard, gen, term, expires_at) VALUES (free, p_gen, 1, clock_timestamp() + p_lease)
        ON CONFLICT (shard) DO UPDATE SET gen = p_gen, term = s.term + 1, expires_at = EXCLUDED.expires_at
        WHERE NOT holds_shard(s);
    END LOOP;
    RETURN QUERY SELECT s.shard, s.term FROM shard_lease s
        WHERE s.gen = p_gen AND s.shard = ANY (p_wanted) AND s.expires_at > clock_timestamp();
END $$;

-- Daily caps -------------------------------------------------------------------------------------------------------------

-- Charge a block to a brand's day before it is used, as far as the cap allows: what leaves is never more than what was
-- charged, whoever crashes. No row: the caller has no authority.
CREATE FUNCTION charge_day(p_brand bigint, p_day date, p_segments integer, p_gen bigint, p_epoch bigint)
RETURNS TABLE (segments integer, spent boolean) LANGUAGE plpgsql AS $$
DECLARE
    most integer;
    day_ daily_use;
BEGIN
    IF NOT EXISTS (SELECT FROM limiter_authority l
                   WHERE l.epoch = p_epoch AND (l.gen = p_gen OR l.keeper IS NOT NULL)) THEN
        RETURN;
    END IF;
    INSERT INTO daily_use (brand_id, day) VALUES (p_brand, p_day) ON CONFLICT DO NOTHING;
    SELECT d.* INTO day_ FROM daily_use d WHERE d.brand_id = p_brand AND d.day = p_day FOR UPDATE;
    SELECT b.daily_cap INTO most FROM brand b WHERE b.id = p_brand;
    segments := CASE WHEN day_.spent_at IS NOT NULL THEN 0 WHEN most IS NULL THEN p_segments
                     ELSE greatest(0, least(p_segments, most - day_.used)) END;
    UPDATE daily_use d SET used = d.used + segments WHERE d.brand_id = p_brand AND d.day = p_day;
    spent := day_.spent_at IS NOT NULL OR coalesce(day_.used + segments >= most, false);
    RETURN NEXT;
END $$;

-- What a member sees who may not see everything ----------------------------------------------------------------------------

-- The tables that tell of a number, its threads and its campaigns, as far as the member sees them whom the connection names. The
-- store reads through them, by the search path, for whoever a number is hidden from, and nobody else pays for them. Without a
-- name they show what everybody sees.
CREATE SCHEMA sight;

CREATE FUNCTION sight.hidden() RETURNS bigint[] LANGUAGE sql STABLE
RETURN public.hidden_from(nullif(current_setting('threadline.viewer', true), '')::bigint);

CREATE VIEW sight.number AS SELECT n.* FROM public.number n WHERE n.id <> ALL ((SELECT sight.hidden())::bigint[]);
CREATE VIEW sight.thread AS SELECT t.* FROM public.thread t WHERE NOT t.numbers && (SELECT sight.hidden());
CREATE VIEW sight.inbox_face AS SELECT f.* FROM public.inbox_face f WHERE NOT f.numbers && (SELECT sight.hidden());
DO $$ DECLARE one text; BEGIN
    -- by thread: asked of each row by its key, so that no plan reads all threads first
    FOREACH one IN ARRAY ARRAY['message', 'thread_event', 'thread_read', 'note', 'note_as_text', 'text_or_note', 'mention', 'review',
                               'suggestion', 'draft'] LOOP
        EXECUTE format('CREATE VIEW sight.%1$I AS SELECT x.* FROM public.%1$I x WHERE x.thread_id = 0 OR '
            '(SELECT NOT t.numbers && (SELECT sight.hidden()) FROM public.thread t WHERE t.id = x.thread_id)', one);
    END LOOP;
END $$;
CREATE VIEW sight.campaign AS SELECT c.* FROM public.campaign c
WHERE public.number_of(c.number_id, c.plan) IS NULL OR public.number_of(c.number_id, c.plan) <> ALL ((SELECT sight.hidden())::bigint[]);
-- who was written to in such a thread is left out of the list; the sums are the campaign's
CREATE VIEW sight.campaign_recipient AS SELECT r.* FROM public.campaign_recipient r WHERE r.thread_id IS NULL OR
    (SELECT NOT t.numbers && (SELECT sight.hidden()) FROM public.thread t WHERE t.id = r.thread_id);
-- that somebody said no concerns everybody; their words do not, and not that they were written to all the same
CREATE VIEW sight.consent_event AS
SELECT v.id, v.workspace_id, v.endpoint_id, v.kind, v.consent_epoch, v.source, v.member_id, CASE WHEN s.seen THEN v.text END AS text,
       v.evidence, v.proof_id, CASE WHEN s.seen THEN v.thread_id END AS thread_id, CASE WHEN s.seen THEN v.seq END AS seq, v.at,
       v.recorded_at, v.answer_by, v.cmd_id, v.fingerprint
FROM public.consent_event v CROSS JOIN LATERAL (
    SELECT v.thread_id IS NULL OR (SELECT NOT t.numbers && (SELECT sight.hidden()) FROM public.thread t WHERE t.id = v.thread_id) AS seen
) s WHERE s.seen OR v.kind <> 'acknowledged';
-- the stream keeps its numbers: what is not for the member is there without a word
CREATE VIEW sight.integration_event AS
SELECT v.workspace_id, v.seq, CASE WHEN s.seen THEN v.kind ELSE 'withheld' END AS kind,
       CASE WHEN s.seen THEN v.data ELSE '{}' END AS data, v.at
FROM public.integration_event v CROSS JOIN LATERAL (
    SELECT NOT public.numbers_of(v.workspace_id, v.data) && (SELECT sight.hidden()) AS seen
) s;
