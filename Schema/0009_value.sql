-- The sealed values that stand in no user's row.
begin;

insert into ledger.migration (number, name) values (9, 'value');

-- Apps' secrets, tokens that were replaced, and what a finalize needs while it is open.
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

grant select on vault.value to token_ledger_service;

commit;
