-- Threadline's canonical schema, PostgreSQL 18. Constraints carry idempotency; functions carry the transactions whose
-- statements must each have a snapshot of their own (VOLATILE, READ COMMITTED).
--
-- Lock order, everywhere: outbox < advisory (limiter epoch, then campaigns ascending) < attempt < endpoint < thread <
-- message < campaign_recipient; rows of one table by ascending id, threads by endpoint id. Fresh inserts that nobody else
-- can name are exempt.

-- One history of this database -------------------------------------------------------------------------------------

CREATE TABLE history (
    one            boolean PRIMARY KEY DEFAULT true CHECK (one),
    schema_version integer NOT NULL,
    stream_epoch   uuid NOT NULL DEFAULT gen_random_uuid(),   -- renewed by restore and reset: every client position is void then
    created_at     timestamptz NOT NULL DEFAULT now()
);
INSERT INTO history (schema_version) VALUES (1);

-- Who runs, and who may grant departures ---------------------------------------------------------------------------

CREATE TABLE node (
    gen        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host       text NOT NULL,
    boot_id    text NOT NULL,
    pid        integer NOT NULL,
    journal_id uuid NOT NULL,             -- the wire journal of exactly this generation
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,      -- dead once passed; set back when a successor sees that the pid is gone
    left_at    timestamptz
);

CREATE TABLE limiter_authority (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch      bigint NOT NULL DEFAULT 0, -- T3 checks it under the shared advisory lock; a hand-over takes it exclusively
    kind       text NOT NULL DEFAULT 'node',
    gen        bigint REFERENCES node,
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    not_before timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO limiter_authority DEFAULT VALUES;

-- Workspaces, members, numbers -------------------------------------------------------------------------------------

CREATE TABLE workspace (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    simulated  boolean NOT NULL,
    brand      text NOT NULL,             -- named in the answers to STOP, START and HELP
    contact    text NOT NULL,             -- how to reach people, named in the answer to HELP
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, simulated)
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

CREATE TABLE audit (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    member_id    bigint REFERENCES member,
    action       text NOT NULL,
    detail       jsonb NOT NULL DEFAULT '{}',
    at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON audit (workspace_id, id);

CREATE TABLE carrier_account (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    simulated    boolean NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('simulator', 'twilio')),
    sid          text NOT NULL,           -- the carrier's name for the account; part of the webhook URL
    secret       text NOT NULL,
    base_url     text NOT NULL,
    swept_until  timestamptz,             -- inbound texts created before it have been seen, by webhook or by sweep
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, sid),
    UNIQUE (workspace_id, id),
    -- a demo workspace reaches the simulator only, and only on this machine; a real one never does
    FOREIGN KEY (workspace_id, simulated) REFERENCES workspace (id, simulated),
    CHECK (simulated = (kind = 'simulator')),
    CHECK (kind <> 'simulator' OR base_url ~ '^http://(127\.[0-9]+\.[0-9]+\.[0-9]+|localhost|\[::1\])(:[0-9]+)?$')
);

CREATE TABLE number (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    account_id   bigint NOT NULL,
    address      text NOT NULL CHECK (address ~ '^\+[1-9][0-9]{6,14}$'),
    label        text NOT NULL DEFAULT '',
    rate         double precision NOT NULL CHECK (rate >= 0),   -- segments per second; 0 pauses
    burst        integer NOT NULL DEFAULT 1 CHECK (burst >= 1), -- segments
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, address),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES carrier_account (workspace_id, id)
);

-- People -----------------------------------------------------------------------------------------------------------

CREATE TABLE contact (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    first_name   text NOT NULL DEFAULT '',
    last_name    text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_xid  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (workspace_id, id)
);

CREATE TABLE endpoint (                   -- the gate's row: one for each recipient number of a workspace; never deleted
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id    bigint NOT NULL REFERENCES workspace,
    address         text NOT NULL,
    opted_out       boolean NOT NULL DEFAULT false,
    held            boolean NOT NULL DEFAULT false,
    carrier_blocked boolean NOT NULL DEFAULT false,  -- the carrier's own opt-out list; only the contact's START lifts it
    consent_epoch   integer NOT NULL DEFAULT 0,      -- rises each time opted_out flips, and only then
    invalid_reason  text,
    zones           text[] NOT NULL DEFAULT '{}',
    dest_carrier    text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, address),
    UNIQUE (workspace_id, id)
) WITH (fillfactor = 80);

CREATE TABLE contact_phone (
    workspace_id bigint NOT NULL,
    contact_id   bigint NOT NULL,
    endpoint_id  bigint NOT NULL,
    priority     smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (contact_id, endpoint_id),
    UNIQUE (endpoint_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contact (workspace_id, id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id)
);

CREATE TABLE consent_event (              -- append only, kept for ever
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id     bigint NOT NULL,
    endpoint_id      bigint NOT NULL,
    kind             text NOT NULL,       -- STOP, START, HELP, carrier_block, ...
    consent_epoch    integer NOT NULL,    -- the epoch after the event
    source           text NOT NULL,       -- text, carrier, member
    text             text,
    thread_id        bigint,
    seq              bigint,
    carrier_answered boolean NOT NULL DEFAULT false,   -- then we send no second answer
    at               timestamptz NOT NULL,
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id)
);
CREATE INDEX ON consent_event (endpoint_id, id);

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
    last_seq       bigint NOT NULL DEFAULT 0,
    in_total       bigint NOT NULL DEFAULT 0,
    last_at        timestamptz NOT NULL,
    last_preview   text NOT NULL DEFAULT '',
    last_direction text NOT NULL DEFAULT 'in' CHECK (last_direction IN ('in', 'out')),
    version        bigint NOT NULL DEFAULT 1,                      -- rises with every write of the row
    changed_xid    xid8 NOT NULL DEFAULT pg_current_xact_id(),     -- renewed by every write; resume reads changed_xid >= p
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, endpoint_id),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id),
    FOREIGN KEY (workspace_id, number_id) REFERENCES number (workspace_id, id)
) WITH (fillfactor = 70);
CREATE INDEX thread_newest ON thread (workspace_id, last_at DESC, id DESC);
CREATE INDEX thread_changed ON thread (workspace_id, changed_xid);

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
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (thread_id, seq),
    CHECK ((direction = 'in') = (in_ord IS NOT NULL))
) PARTITION BY HASH (thread_id);
DO $$ BEGIN FOR i IN 0..7 LOOP
    EXECUTE format('CREATE TABLE message_%s PARTITION OF message FOR VALUES WITH (MODULUS 8, REMAINDER %s) WITH (fillfactor = 85)', i, i);
END LOOP; END $$;

CREATE TABLE thread_event (               -- what the socket replays. A message's event bears no data: the row is joined
    thread_id bigint NOT NULL,
    seq       bigint NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('message', 'status')),
    ref       bigint,                     -- status: the message's seq
    state     text,
    error_class text,
    error_code  text,
    at        timestamptz NOT NULL,
    PRIMARY KEY (thread_id, seq)
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

-- Dedupe for ever --------------------------------------------------------------------------------------------------

CREATE TABLE provider_ref (               -- not partitioned: T1 writes 'mo', T4 and T5 write 'mt'
    account_id  bigint NOT NULL REFERENCES carrier_account,
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
    workspace_id bigint NOT NULL REFERENCES workspace,
    cmd_id       uuid NOT NULL,
    fingerprint  bytea NOT NULL,
    thread_id    bigint NOT NULL,
    seq          bigint NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, cmd_id)
);

-- Sending ----------------------------------------------------------------------------------------------------------

CREATE TABLE campaign (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    name         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('draft', 'scheduled', 'active', 'paused', 'completed', 'cancelled'))
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
    consent_epoch integer NOT NULL,       -- at T2; another one at T3 means: opted out meanwhile
    acknowledged_opt_out boolean NOT NULL DEFAULT false,
    cost          smallint NOT NULL CHECK (cost >= 1),   -- segments
    due_at        timestamptz NOT NULL,
    expires_at    timestamptz,
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'held')),
    reason        text,                   -- the gate's last answer
    tries         smallint NOT NULL DEFAULT 0,
    UNIQUE (thread_id, seq),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES endpoint (workspace_id, id),
    FOREIGN KEY (workspace_id, number_id) REFERENCES number (workspace_id, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
CREATE INDEX outbox_due ON outbox (number_id, lane, due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_campaign ON outbox (campaign_id) WHERE campaign_id IS NOT NULL AND state IN ('queued', 'held');
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
    gen           bigint NOT NULL REFERENCES node,
    limiter_epoch bigint NOT NULL,
    consent_epoch integer NOT NULL,       -- the endpoint's at T3: orders the attempt and a STOP without any clock
    authorised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    slot_at       timestamptz NOT NULL,
    state         text NOT NULL DEFAULT 'authorised'
                  CHECK (state IN ('authorised', 'void', 'not_sent', 'throttled', 'accepted', 'rejected', 'unknown', 'unconfirmed')),
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

CREATE TABLE early_receipt (              -- came before the answer to our request was stored
    account_id  bigint NOT NULL REFERENCES carrier_account,
    provider_id text NOT NULL,
    status      text NOT NULL,
    error_code  text,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, provider_id, status)
);

-- What crashed an actor three times ----------------------------------------------------------------------------------

CREATE TABLE quarantine (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor     text NOT NULL,
    message   text NOT NULL,              -- type and ids, never a body
    traceback text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
