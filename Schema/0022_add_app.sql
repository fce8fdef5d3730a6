-- How an app is registered.
begin;

insert into ledger.migration (number, name) values (22, 'add_app');

-- Writes the app, and the command that tells of it and keeps its secrets, or neither.
-- Not granted to the service: its password must not be enough to make an app.
create function ledger.add_app(app ledger.app, command ledger.append_command) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ledger.app select (add_app.app).*;
    perform ledger.append_events(0, array[add_app.command]);
end
$$;

revoke all on function ledger.add_app from public;

commit;
