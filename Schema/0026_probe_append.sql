-- Whether an append would succeed now, without appending.
begin;

insert into ledger.migration (number, name) values (26, 'probe_append');

-- Does all that append_events does, takes it back, and answers the verdict. What would make an append
-- fail makes this fail in the same way: a server that only reads, a full disk, a lock that somebody
-- holds, a right that is missing. Its own commit waits for the disk, and for a synchronous standby, too.
create function ledger.probe_append(log_id integer, commands ledger.append_command[]) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found_verdict text;
begin
    begin
        select string_agg(a.verdict, ' ') into found_verdict
        from ledger.append_events(probe_append.log_id, probe_append.commands) as a;
        raise exception 'taken back' using errcode = 'LG007';
    exception when sqlstate 'LG007' then
        return found_verdict;
    end;
end
$$;

revoke all on function ledger.probe_append from public;
grant execute on function ledger.probe_append to token_ledger_service;

commit;
