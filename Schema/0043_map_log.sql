-- The logs of maps: which root the map of all current states had at which checkpoint of the facts.
begin;

insert into ledger.migration (number, name) values (43, 'map_log');

-- Appends a statement to a log of maps at a position; false, and nothing is written, where that is not the
-- log's next one: another copy of the service was faster. A statement is about all apps and about nobody, so it
-- has no subject, and the app that no app is. `secret` is what ledger.appender has the hash of.
create function ledger.append_map_statement(
    log_id integer, secret bytea, "position" bigint, event_id uuid, recorded_at timestamptz, record bytea, mac bytea
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not ledger.knows_secret(append_map_statement.secret) then
        raise exception 'only who has the deployment''s keys appends' using errcode = 'LG011';
    end if;
    -- As in ledger.append_events: what a checkpoint covers a moment later must be there after a crash.
    if current_setting('synchronous_commit') = 'off' or current_setting('client_min_messages') = 'error' then
        raise exception 'append_map_statement needs synchronous_commit and warnings' using errcode = 'LG008';
    end if;
    -- The log's one lock, until the commit.
    update ledger.log set size = append_map_statement.position + 1
    where log.log_id = append_map_statement.log_id and log.kind = 'map'
        and log.size = append_map_statement.position;
    if not found then
        return false;
    end if;
    insert into ledger.event (log_id, position, event_id, app_id, type, recorded_at, record, mac)
    values (append_map_statement.log_id, append_map_statement.position, append_map_statement.event_id,
        '00000000-0000-0000-0000-000000000000', 'map.rooted', append_map_statement.recorded_at,
        append_map_statement.record, append_map_statement.mac);
    return true;
end
$$;

revoke all on function ledger.append_map_statement from public;
grant execute on function ledger.append_map_statement to token_ledger_service;

commit;
