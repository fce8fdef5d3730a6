-- Whether an append would succeed now, without appending.
begin;

insert into ledger.migration (number, name) values (27, 'probe_append');

-- Does all that append_single_events does, as for a launch, and takes it back. What would make an append
-- fail makes this fail in the same way: a server that only reads, a full disk, a lock that somebody
-- holds, a right that is missing. Its own commit waits for the disk, and for a synchronous standby, too.
create function ledger.probe_append(log_id integer, commands ledger.append_single[], secret bytea)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    begin
        perform ledger.append_single_events(probe_append.log_id, probe_append.commands, probe_append.secret);
        raise exception 'taken back' using errcode = 'LG007';
    exception when sqlstate 'LG007' then
        return;
    end;
end
$$;

revoke all on function ledger.probe_append from public;
grant execute on function ledger.probe_append to token_ledger_service;

commit;
