-- The users: each one's state, key and current values in one row.
begin;

insert into ledger.migration (number, name) values (5, 'user_state');

-- The first columns are the projection: what the fold over the user's events gives, written inside the
-- append; `token-ledger projection rebuild` makes them anew. They are also the head that expected versions
-- are compared with. `state` is the fold's own spelling, kept byte for byte so that it can be compared. SQL
-- never looks into it: what a statement needs of it has a column. `state_mac` shows that the service made the
-- state, and that it is this user's; nothing is served without. The token versions are null without a
-- token; settle_at is from when on somebody must look after an open finalize, and null without one.
--
-- The other columns are the vault's, and cannot be made anew: the keyed fingerprint of the clientUserId,
-- under which the user is found; the random key of the user, wrapped by the root key, without which the
-- values are noise; and the values that count now, sealed (AES-256-GCM; what they belong to is authenticated
-- with them, so a ciphertext moved to another row does not open). A token that was replaced moves to
-- vault.value. Of a user who was erased these columns are null, and the row stays.
create table vault.user_state (
    log_id integer not null,
    app_id uuid not null,
    subject uuid not null,
    subject_version bigint not null check (subject_version > 0),
    changed_at timestamptz not null,
    status text not null,
    access_token_version bigint check (access_token_version > 0),
    public_token_version bigint check (public_token_version > 0),
    settle_at timestamptz,
    state json not null,
    state_mac bytea check (octet_length(state_mac) = 16),
    fingerprint bytea check (octet_length(fingerprint) = 16),
    root_key_id text,
    wrapped_key bytea,
    client_user_id bytea,
    human_id bytea,
    access_token bytea,
    public_token bytea,
    primary key (log_id, app_id, subject),
    -- Statements name both columns, as in ledger.event.
    unique (fingerprint, log_id)
)
-- Room on each page for the next version of a row, so that updates stay on the page.
with (fillfactor = 70);

-- Almost no user has an open finalize, so this is small, and whoever looks after them finds them at once.
create index user_state_settle_at on vault.user_state (log_id, settle_at, subject)
    where settle_at is not null;

-- Whoever lists the erased users outside of the database looks for them.
create index user_state_erased on vault.user_state (log_id, subject) where status = 'erased';

grant select on vault.user_state to token_ledger_service;
-- The projection, and nothing of the vault's.
grant select (log_id, app_id, subject, subject_version, changed_at, status, access_token_version,
    public_token_version, settle_at, state, state_mac) on vault.user_state to token_ledger_auditor;

commit;
