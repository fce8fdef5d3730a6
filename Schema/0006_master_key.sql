-- The deployment's own keys.
begin;

insert into ledger.migration (number, name) values (6, 'master_key');

-- For fingerprints, launch tokens and checkpoints; wrapped by the root key.
create table vault.master_key (
    purpose text primary key,
    root_key_id text not null,
    wrapped bytea not null
);

grant select on vault.master_key to token_ledger_service;

commit;
