-- The vault: values that must be erasable, sealed under a key of their subject.
begin;

insert into ledger.migration (number, name) values (2, 'vault');

create schema vault;

-- The deployment's own keys (for fingerprints, for launch tokens), wrapped by the root key.
create table vault.master_key (
    purpose text primary key,
    root_key_id text not null,
    wrapped bytea not null
);

-- One random key per subject, wrapped by the root key. Without it the subject's values are noise.
create table vault.data_key (
    log_id integer not null,
    subject uuid not null,
    root_key_id text not null,
    wrapped bytea not null,
    primary key (log_id, subject)
);

-- AES-256-GCM ciphertexts. What they belong to (app, subject, kind, version, key) is authenticated
-- with them, so a ciphertext moved to another row does not open.
create table vault.value (
    log_id integer not null,
    subject uuid not null,
    kind text not null,
    version bigint not null check (version > 0),
    sealed bytea not null,
    primary key (log_id, subject, kind, version)
);

-- Who or what is found under a keyed fingerprint. The unique key also arbitrates: a session is
-- exchanged once, a launch is finished once, a person is linked to one user.
-- `reference` is the event that made the claim.
create table vault.lookup (
    log_id integer not null,
    kind text not null check (kind in ('user', 'human', 'session', 'launch')),
    fingerprint bytea not null check (octet_length(fingerprint) = 16),
    subject uuid not null,
    reference uuid not null,
    primary key (log_id, kind, fingerprint)
);

-- Keeps the first key that was offered, whoever offers, and answers nothing.
create function vault.offer_master_key(purpose text, root_key_id text, wrapped bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into vault.master_key (purpose, root_key_id, wrapped)
    values (offer_master_key.purpose, offer_master_key.root_key_id, offer_master_key.wrapped)
    on conflict do nothing
$$;

revoke all on schema vault from public;
revoke all on function vault.offer_master_key from public;
grant usage on schema vault to token_ledger_service;
grant select on all tables in schema vault to token_ledger_service;
grant execute on function vault.offer_master_key to token_ledger_service;

commit;
