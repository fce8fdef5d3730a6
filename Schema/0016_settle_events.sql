-- What became of an append whose answer was lost.
begin;

insert into ledger.migration (number, name) values (16, 'settle_events');

-- Which of these events the log holds, and with which bytes. Takes the log's lock first, so that an
-- append whose answer was lost has ended, one way or the other, before the answer is given.
create function ledger.settle_events(log_id integer, event_id uuid[])
returns table (settled_id uuid, settled_position bigint, settled_record bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ledger.log where log.log_id = settle_events.log_id for update;
    return query
    select event.event_id, event.position, event.record from ledger.event
    where event.event_id = any (settle_events.event_id)
        and event.log_id + 0 = settle_events.log_id;
end
$$;

revoke all on function ledger.settle_events from public;
grant execute on function ledger.settle_events to token_ledger_service;

commit;
