-- The deployment's own keys.
begin;

insert into ledger.migration (number, name) values (6, 'master_key');

-- For fingerprints, launch tokens and checkpoints; wrapped by the root key. The owner makes them: with the
-- service's password alone one could put bad ones in their place before the first start.
create table vault.master_key (
    purpose text primary key,
    root_key_id text not null,
    wrapped bytea not null,
    wrapped_at timestamptz not null default now()
);

-- The root keys that wrapped them before: nothing new may be wrapped with these any more.
create table vault.retired_root_key (
    root_key_id text primary key,
    retired_at timestamptz not null
);

grant select on vault.master_key, vault.retired_root_key to token_ledger_service;

commit;
