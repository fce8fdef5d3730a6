-- The sealed values that stand in no user's row.
begin;

insert into ledger.migration (number, name) values (9, 'value');

-- Apps' secrets, tokens that were replaced, and what a finalize needs while it is open.
-- AES-256-GCM ciphertexts. What they belong to (app, subject, kind, version, key) is authenticated
-- with them, so a ciphertext moved to another row does not open. A token that was replaced is dropped
-- after its app's grace (ledger.drop_superseded).
create table vault.value (
    log_id integer not null,
    subject uuid not null,
    kind text not null,
    version bigint not null check (version > 0),
    sealed bytea not null,
    -- Of a token that was replaced: whose app's it was, and since when it may be waited for no longer.
    app_id uuid,
    superseded_at timestamptz,
    primary key (log_id, subject, kind, version),
    check ((app_id is null) = (superseded_at is null)),
    -- Nothing else is ever dropped for its age.
    check (superseded_at is null or kind in ('access_token', 'public_token'))
);

-- Whoever drops them asks for the oldest of an app.
create index value_superseded on vault.value (log_id, app_id, superseded_at)
    where superseded_at is not null;

grant select on vault.value to token_ledger_service;

commit;
