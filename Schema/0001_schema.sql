-- The two schemas, the list of migrations, and the roles beside the owner's.
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

-- Who may do what stands in Tests/LedgerStoreTests/rights.txt, and a test compares.
-- token_ledger_service: what the service works under. It may call functions and read, nothing else.
-- token_ledger_auditor: reads what is needed to verify the history, and no key and no value.
-- Roles belong to the cluster, so another database may have made them already, or an administrator where
-- the owner may not make roles.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['token_ledger_service', 'token_ledger_auditor'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception
            when duplicate_object or unique_violation then
                null;
            when insufficient_privilege then
                raise exception 'the role % is missing, and % may not make it', wanted, current_user
                    using errcode = 'LG006',
                        hint = format('Let an administrator run: create role %I nologin', wanted);
        end;
    end loop;
end
$$;

revoke all on schema ledger, vault from public;
grant usage on schema ledger, vault to token_ledger_service, token_ledger_auditor;
grant select on ledger.migration to token_ledger_service;

commit;
