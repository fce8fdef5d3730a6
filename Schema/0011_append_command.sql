-- The rows that an append takes. The program has one struct for each of them.
begin;

insert into ledger.migration (number, name) values (11, 'append_command');

-- An event, as ledger.event will hold it; what all events of a command share stands in the command.
create type ledger.append_event as (
    event_id uuid,
    subject uuid,
    subject_version bigint,
    type text,
    record bytea
);

-- A fingerprint that must not be taken yet, as vault.lookup will hold it.
create type ledger.append_claim as (
    kind text,
    fingerprint bytea,
    reference uuid
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
    -- The subject's key, with its first value only.
    root_key_id text,
    wrapped_key bytea,
    events ledger.append_event[],
    claims ledger.append_claim[],
    values ledger.append_value[],
    drops ledger.append_drop[]
);

-- A type in somebody's table could not be changed any more.
revoke all on type ledger.append_event, ledger.append_claim, ledger.append_value, ledger.append_drop,
    ledger.append_command from public;

commit;
