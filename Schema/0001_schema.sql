-- The two schemas, the list of migrations, and the service's role.
begin;

-- `ledger` holds what happened; `vault` holds the values that must be erasable.
create schema ledger;
create schema vault;

-- A migration's first insert is its own number. psql and the program leave the same trace, and a
-- second run of a file stops here.
create table ledger.migration (
    number integer primary key,
    name text not null,
    applied_at timestamptz not null default clock_timestamp()
);
insert into ledger.migration (number, name) values (1, 'schema');

-- The role under which the service works: it may call the functions and read, nothing else.
-- Roles belong to the cluster, so another database may have made it already, or an administrator where
-- the owner may not make roles.
do $$
begin
    if not exists (select from pg_roles where rolname = 'token_ledger_service') then
        create role token_ledger_service nologin;
    end if;
exception
    when duplicate_object or unique_violation then
        null;
    when insufficient_privilege then
        raise exception 'the role token_ledger_service is missing, and % may not make it', current_user
            using errcode = 'LG006',
                hint = 'Let an administrator run: create role token_ledger_service nologin';
end
$$;

revoke all on schema ledger, vault from public;
grant usage on schema ledger, vault to token_ledger_service;
grant select on ledger.migration to token_ledger_service;

commit;
