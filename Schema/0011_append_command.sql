-- The rows that an append takes. The program has one struct for each of them.
begin;

insert into ledger.migration (number, name) values (11, 'append_command');

-- An event, as ledger.event will hold it; what all events of a command share stands in the command.
create type ledger.append_event as (
    event_id uuid,
    subject uuid,
    subject_version bigint,
    type text,
    record bytea,
    mac bytea
);

-- A fingerprint that must not be taken yet, as vault.lookup will hold it.
create type ledger.append_claim as (
    kind text,
    fingerprint bytea,
    reference uuid,
    -- Of its reservation in its home, where that is another log.
    reservation uuid
);

-- A sealed value, as vault.value will hold it.
create type ledger.append_value as (
    kind text,
    version bigint,
    sealed bytea
);

-- A value that is needed no longer.
create type ledger.append_drop as (
    kind text,
    version bigint
);

-- Everything that one command writes: all of it, or nothing.
create type ledger.append_command as (
    app_id uuid,
    subject uuid,
    -- The version the decision was made at. Null: the command is not counted, its events carry no
    -- subject version and no user's state is written (administration, access log).
    expected_version bigint,
    recorded_at timestamptz,
    -- The user's state after the events.
    status text,
    access_token_version bigint,
    public_token_version bigint,
    settle_at timestamptz,
    state json,
    state_mac bytea,
    -- What a user's first command brings: the fingerprint under which the user is found, which must not
    -- be taken yet, and the key. An app's first command brings a key too.
    fingerprint bytea,
    root_key_id text,
    wrapped_key bytea,
    -- The user's new values, sealed; null where the user keeps what there is.
    client_user_id bytea,
    human_id bytea,
    access_token bytea,
    public_token bytea,
    events ledger.append_event[],
    claims ledger.append_claim[],
    values ledger.append_value[],
    drops ledger.append_drop[]
);

-- A command of one event that changes nothing but the user's state, or makes a user; or one event of a command
-- that is not counted. Its columns are those of append_command and append_event; `subject` is the event's.
create type ledger.append_single as (
    app_id uuid,
    subject uuid,
    expected_version bigint,
    recorded_at timestamptz,
    status text,
    access_token_version bigint,
    public_token_version bigint,
    settle_at timestamptz,
    state json,
    state_mac bytea,
    fingerprint bytea,
    root_key_id text,
    wrapped_key bytea,
    client_user_id bytea,
    event_id uuid,
    type text,
    record bytea,
    mac bytea
);

-- A type in somebody's table could not be changed any more.
revoke all on type ledger.append_event, ledger.append_claim, ledger.append_value, ledger.append_drop,
    ledger.append_command, ledger.append_single from public;

commit;
