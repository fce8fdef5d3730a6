-- How it is decided when an API key ends, and what takes its place.
begin;

insert into ledger.migration (number, name) values (29, 'change_api_key');

-- Writes when a key ends and, unless it is null, the key that takes its place, and the command that tells
-- of it, or nothing; false, and nothing is written, when the key is not as it was known.
-- Not granted to the service: its password must not be enough to let a key live longer.
create function ledger.change_api_key(
    known ledger.api_key, changed ledger.api_key, successor ledger.api_key, command ledger.append_command
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update ledger.api_key k
    set expires_at = (change_api_key.changed).expires_at, revoked_at = (change_api_key.changed).revoked_at
    where k.key_id = (change_api_key.known).key_id and k is not distinct from change_api_key.known;
    if not found then
        return false;
    end if;
    if (change_api_key.successor).key_id is not null then
        insert into ledger.api_key select (change_api_key.successor).*;
    end if;
    perform ledger.append_events(0, array[change_api_key.command]);
    return true;
end
$$;

revoke all on function ledger.change_api_key from public;

commit;
