-- What everybody may do in a new database is taken away, as far as the owner may.
begin;

insert into ledger.migration (number, name) values (7, 'public');

-- Whoever connects could make temporary tables and large objects, or write into the server's log of changes:
-- room on the disk that nobody accounts for, and types and functions of a caller's own. What belongs to an
-- administrator stays as it is; `token-ledger migrate` then says what to run.
do $$
declare
    given record;
begin
    if (select pg_has_role(d.datdba, 'usage') from pg_database d where d.datname = current_database()) then
        execute format('revoke create, temporary on database %I from public', current_database());
    end if;
    if (select pg_has_role(n.nspowner, 'usage') from pg_namespace n where n.nspname = 'public') then
        revoke all on schema public from public;
    end if;
    for given in
        select p.oid::regprocedure as name from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace and pg_has_role(p.proowner, 'usage')
            and (p.proname like 'lo\_%' or p.proname in ('loread', 'lowrite', 'pg_logical_emit_message'))
    loop
        execute format('revoke execute on function %s from public', given.name);
    end loop;
end
$$;

commit;
