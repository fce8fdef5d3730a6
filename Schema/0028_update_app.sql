-- How what is kept of an app is changed.
begin;

insert into ledger.migration (number, name) values (28, 'update_app');

-- Writes the app as it shall be, and the command that tells of it and keeps its new secrets, or neither;
-- false, and nothing is written, when the app is not as it was known. A secret whose place is taken, and an
-- app key that there shall be none of, are gone afterwards.
-- Not granted to the service: who may name another provider would be sent every client secret.
create function ledger.update_app(
    known ledger.app, changed ledger.app, command ledger.append_command
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ledger.app a
    where a.app_id = (update_app.known).app_id and a is not distinct from update_app.known
    -- Not for update: who adds a row that names the app holds the log's lock, and would be waited for.
    for no key update;
    if not found then
        return false;
    end if;
    update ledger.app set
        connect_url = (update_app.changed).connect_url,
        user_url = (update_app.changed).user_url,
        api_url = (update_app.changed).api_url,
        allowed_origins = (update_app.changed).allowed_origins,
        client_secret_version = (update_app.changed).client_secret_version,
        app_key_version = (update_app.changed).app_key_version,
        policies = (update_app.changed).policies,
        superseded_grace_seconds = (update_app.changed).superseded_grace_seconds,
        access_log = (update_app.changed).access_log
    where app.app_id = (update_app.known).app_id;
    -- Before the append, which may bring a value in their place.
    delete from vault.value v
    where v.log_id = 0 and v.subject = (update_app.known).app_id and (
        v.kind = 'client_secret' and (update_app.changed).client_secret_version
            is distinct from (update_app.known).client_secret_version
        or v.kind = 'app_key' and (update_app.changed).app_key_version
            is distinct from (update_app.known).app_key_version
    );
    perform ledger.append_events(0, array[update_app.command]);
    return true;
end
$$;

revoke all on function ledger.update_app from public;

commit;
