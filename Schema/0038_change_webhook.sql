-- How endpoints of apps are added, changed, tried and asked for a replay.
begin;

insert into ledger.migration (number, name) values (38, 'change_webhook');

-- Writes the endpoint as it shall be, and the command that tells of it. A new one is known as null, and is sent what comes
-- after the event that tells of it; of the other logs of facts what comes after these positions. Granted to the service, for apps administer their endpoints themselves:
-- its password alone is not enough, whoever calls this knows the secret. 'written'; 'conflict' when the endpoint
-- is not as it was known; 'full' when the app has so many already. But for the first, nothing is written.
create function ledger.change_webhook(
    known ledger.webhook_endpoint, changed ledger.webhook_endpoint, endpoints_max bigint,
    other_logs integer[], other_positions bigint[], command ledger.append_command, secret bytea
) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    appended record;
begin
    if not ledger.knows_secret(change_webhook.secret) then
        raise exception 'only who has the deployment''s keys appends' using errcode = 'LG011';
    end if;
    if (change_webhook.known).endpoint_id is null then
        -- The append takes the log's lock anyway. Taken before they are counted, it lets nobody count beside us.
        perform from ledger.log where log.log_id = 0 for update;
        if change_webhook.endpoints_max <= (
            select count(*) from ledger.webhook_endpoint e
            where e.app_id = (change_webhook.changed).app_id and e.removed_at is null
        ) then
            return 'full';
        end if;
        insert into ledger.webhook_endpoint select (change_webhook.changed).*;
    else
        update ledger.webhook_endpoint e set
            version = (change_webhook.changed).version,
            sealed = (change_webhook.changed).sealed,
            pause_reason = (change_webhook.changed).pause_reason,
            removed_at = (change_webhook.changed).removed_at
        where e.endpoint_id = (change_webhook.known).endpoint_id and e is not distinct from change_webhook.known;
        if not found then
            return 'conflict';
        end if;
    end if;
    select a.verdict, a.first_position into appended
    from ledger.append_events(0, array[change_webhook.command], change_webhook.secret) as a;
    if appended.verdict <> 'appended' then
        raise exception 'the change is not in the log' using errcode = 'LG005';
    end if;
    if (change_webhook.known).endpoint_id is null then
        insert into ledger.webhook_lease (endpoint_id) values ((change_webhook.changed).endpoint_id);
        insert into ledger.webhook_progress (endpoint_id, fact_log, next_position)
        select (change_webhook.changed).endpoint_id, l.fact_log, l.next_position
        from unnest(0 || change_webhook.other_logs,
            appended.first_position + 1 || change_webhook.other_positions) as l (fact_log, next_position);
    elsif (change_webhook.changed).removed_at is not null then
        -- The lease first: who records holds it.
        delete from ledger.webhook_lease l where l.endpoint_id = (change_webhook.known).endpoint_id;
        delete from ledger.webhook_progress p where p.endpoint_id = (change_webhook.known).endpoint_id;
        delete from ledger.webhook_replay r where r.endpoint_id = (change_webhook.known).endpoint_id;
        update ledger.webhook_delivery d
        set state = 'failed', next_attempt_at = null, finished_at = clock_timestamp()
        where d.endpoint_id = (change_webhook.known).endpoint_id and d.state = 'pending';
    elsif (change_webhook.known).pause_reason is not null and (change_webhook.changed).pause_reason is null then
        -- What waits is tried at once, and its days begin anew.
        update ledger.webhook_delivery d
        set first_attempt_at = null, next_attempt_at = clock_timestamp()
        where d.endpoint_id = (change_webhook.known).endpoint_id and d.state = 'pending';
    end if;
    return 'written';
end
$$;

-- Writes a message that tries an endpoint, or a stretch that is to be sent once more, and the command that
-- tells of it, or neither: 'gone' when there is no such endpoint, 'full' when so many wait already.
create function ledger.ask_webhook(
    endpoint_id uuid, test ledger.webhook_delivery, replay ledger.webhook_replay,
    waiting_max bigint, command ledger.append_command, secret bytea
) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    if not ledger.knows_secret(ask_webhook.secret) then
        raise exception 'only who has the deployment''s keys appends' using errcode = 'LG011';
    end if;
    perform from ledger.webhook_endpoint e
    where e.endpoint_id = ask_webhook.endpoint_id and e.removed_at is null for no key update;
    if not found then
        return 'gone';
    end if;
    if ask_webhook.waiting_max <= (
        select count(*) from ledger.webhook_replay r where r.endpoint_id = ask_webhook.endpoint_id
    ) + (
        select count(*) from ledger.webhook_delivery d
        where d.endpoint_id = ask_webhook.endpoint_id and d.state = 'pending' and d.kind = 'test'
    ) then
        return 'full';
    end if;
    if (ask_webhook.test).delivery_id is not null then
        insert into ledger.webhook_delivery select (ask_webhook.test).*;
    end if;
    if (ask_webhook.replay).replay_id is not null then
        insert into ledger.webhook_replay select (ask_webhook.replay).*;
    end if;
    perform ledger.append_events(0, array[ask_webhook.command], ask_webhook.secret);
    return 'asked';
end
$$;

revoke all on function ledger.change_webhook, ledger.ask_webhook from public;
grant execute on function ledger.change_webhook, ledger.ask_webhook to token_ledger_service;

commit;
