-- How an API key is made.
begin;

insert into ledger.migration (number, name) values (23, 'add_api_key');

-- Writes the key, and the command that tells of it, or neither.
-- Not granted to the service: its password must not be enough to make a key that reads tokens.
create function ledger.add_api_key(api_key ledger.api_key, command ledger.append_command) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ledger.api_key select (add_api_key.api_key).*;
    perform ledger.append_events(0, array[add_api_key.command]);
end
$$;

revoke all on function ledger.add_api_key from public;

commit;
