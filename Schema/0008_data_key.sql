-- The keys under which values are sealed.
begin;

insert into ledger.migration (number, name) values (8, 'data_key');

-- One random key per subject, wrapped by the root key. Without it the subject's values are noise.
create table vault.data_key (
    log_id integer not null,
    subject uuid not null,
    root_key_id text not null,
    wrapped bytea not null,
    primary key (log_id, subject)
);

grant select on vault.data_key to token_ledger_service;

commit;
