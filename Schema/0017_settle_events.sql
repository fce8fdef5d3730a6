-- What became of an append whose answer was lost.
begin;

insert into ledger.migration (number, name) values (17, 'settle_events');

-- Which of these events the log holds, and with which bytes. Takes the log's lock first, so that an
-- append whose answer was lost has ended, one way or the other, before the answer is given. To take it
-- is a change of its own: its commit stands behind that of the append and waits for the standby as that
-- one does, so what is answered here is confirmed as soon as the answer is.
create function ledger.settle_events(log_id integer, event_id uuid[], secret bytea default null)
returns table (settled_id uuid, settled_position bigint, settled_record bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not ledger.knows_secret(settle_events.secret) then
        raise exception 'only who has the deployment''s keys appends' using errcode = 'LG011';
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'settle_events needs read committed' using errcode = 'LG002';
    end if;
    if current_setting('synchronous_commit') = 'off' or current_setting('client_min_messages') = 'error' then
        raise exception 'settle_events needs synchronous_commit and warnings' using errcode = 'LG008';
    end if;
    perform ledger.hold(settle_events.log_id);
    perform from ledger.log where log.log_id = settle_events.log_id for update;
    return query
    select found.event_id, found.position, found.record
    from unnest(settle_events.event_id) as asked (event_id)
    cross join lateral (
        select event.event_id, event.position, event.record from ledger.event
        where event.event_id = asked.event_id and event.log_id = settle_events.log_id
        -- The fence keeps this from becoming a join that is planned for a small table.
        offset 0
    ) as found;
end
$$;

revoke all on function ledger.settle_events from public;
grant execute on function ledger.settle_events to token_ledger_service;

commit;
