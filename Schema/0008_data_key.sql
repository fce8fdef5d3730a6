-- The keys under which the apps' secrets are sealed.
begin;

insert into ledger.migration (number, name) values (8, 'data_key');

-- One random key per app, wrapped by the root key; `subject` is the app's id. A user's key stands in the
-- user's row.
create table vault.data_key (
    log_id integer not null,
    subject uuid not null,
    root_key_id text not null,
    wrapped bytea not null,
    primary key (log_id, subject)
);

grant select on vault.data_key to token_ledger_service;

commit;
