-- Who delivers to which endpoint, and what came of it.
begin;

insert into ledger.migration (number, name) values (39, 'deliver_webhooks');

-- Takes the endpoints that nobody has, for so many seconds, and keeps those that the holder has; gives all
-- that it has then, with what is to be done, and for how many milliseconds it has them. Zero seconds give all of them back.
create function ledger.lease_webhooks(holder uuid, seconds integer, secret bytea)
returns table (
    endpoint_id uuid, app_id uuid, version bigint, sealed bytea, pause_reason text, created_at timestamptz,
    fact_logs integer[], next_positions bigint[], delivered_at timestamptz, is_asked boolean, milliseconds_left bigint
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not ledger.knows_secret(lease_webhooks.secret) then
        raise exception 'only who has the deployment''s keys delivers' using errcode = 'LG011';
    end if;
    if lease_webhooks.seconds = 0 then
        update ledger.webhook_lease p set leased_until = '-infinity'
        where p.lease_holder = lease_webhooks.holder;
        return;
    end if;
    -- What somebody else takes, or records, at this moment is not waited for.
    update ledger.webhook_lease p
    set lease_holder = lease_webhooks.holder,
        leased_until = clock_timestamp() + make_interval(secs => least(lease_webhooks.seconds, 300))
    from (
        select held.endpoint_id from ledger.webhook_lease held
        where held.leased_until < clock_timestamp()
            -- Half of it is gone.
            or held.lease_holder = lease_webhooks.holder and held.leased_until
                < clock_timestamp() + make_interval(secs => lease_webhooks.seconds / 2.0)
        for no key update skip locked
    ) as free
    where p.endpoint_id = free.endpoint_id;
    return query
    select e.endpoint_id, e.app_id, e.version, e.sealed, e.pause_reason, e.created_at,
        array(select l.fact_log from ledger.webhook_progress l
            where l.endpoint_id = e.endpoint_id order by l.fact_log),
        array(select l.next_position from ledger.webhook_progress l
            where l.endpoint_id = e.endpoint_id order by l.fact_log),
        p.delivered_at,
        exists (select from ledger.webhook_replay r where r.endpoint_id = e.endpoint_id)
            or exists (
                select from ledger.webhook_delivery d
                where d.endpoint_id = e.endpoint_id and d.state = 'pending' and d.kind = 'test'),
        floor(extract(epoch from p.leased_until - clock_timestamp()) * 1000)::bigint
    from ledger.webhook_lease p join ledger.webhook_endpoint e on e.endpoint_id = p.endpoint_id
    where p.lease_holder = lease_webhooks.holder and p.leased_until > clock_timestamp()
    order by e.endpoint_id;
end
$$;

-- Writes what came of deliveries to an endpoint, and how far it was dispatched in each of these logs; false, and nothing
-- is written, when another one delivers to it meanwhile, or when it is not where the holder left it: another
-- database has taken the place of the one that the holder knew. What is known already is written over.
create function ledger.record_webhooks(
    holder uuid, endpoint_id uuid, fact_logs integer[], known_positions bigint[], next_positions bigint[],
    deliveries ledger.webhook_delivery[],
    replay_id uuid, replay_position bigint, secret bytea
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    if not ledger.knows_secret(record_webhooks.secret) then
        raise exception 'only who has the deployment''s keys delivers' using errcode = 'LG011';
    end if;
    -- Its lock, until the commit: nobody else writes the positions meanwhile.
    perform from ledger.webhook_lease l
    where l.endpoint_id = record_webhooks.endpoint_id and l.lease_holder = record_webhooks.holder
        and l.leased_until > clock_timestamp()
    for no key update;
    if not found or cardinality(record_webhooks.fact_logs) <> (
        select count(*)
        from unnest(record_webhooks.fact_logs, record_webhooks.known_positions, record_webhooks.next_positions)
            as n (fact_log, known, next)
        join ledger.webhook_progress p
            on p.endpoint_id = record_webhooks.endpoint_id and p.fact_log = n.fact_log
        -- The second when it is sent again because the answer was lost.
        where p.next_position in (n.known, n.next) and n.known <= n.next
    ) then
        return false;
    end if;
    update ledger.webhook_progress p set next_position = n.next
    from unnest(record_webhooks.fact_logs, record_webhooks.next_positions) as n (fact_log, next)
    where p.endpoint_id = record_webhooks.endpoint_id and p.fact_log = n.fact_log
        and p.next_position <> n.next;
    update ledger.webhook_lease l set delivered_at = greatest(l.delivered_at, taken.at)
    from (
        select max(d.finished_at) as at from unnest(record_webhooks.deliveries) as d
        where d.state = 'delivered' and d.kind = 'event'
    ) as taken
    where l.endpoint_id = record_webhooks.endpoint_id and taken.at is not null;
    insert into ledger.webhook_delivery as kept
    select d.* from unnest(record_webhooks.deliveries) as d
    where d.endpoint_id = record_webhooks.endpoint_id
    on conflict on constraint webhook_delivery_pkey do update set
        state = excluded.state, attempt_count = excluded.attempt_count, attempts = excluded.attempts,
        first_attempt_at = excluded.first_attempt_at, next_attempt_at = excluded.next_attempt_at,
        finished_at = excluded.finished_at
    -- What has ended stays so.
    where kept.state = 'pending';
    if record_webhooks.replay_id is not null then
        delete from ledger.webhook_replay r
        where r.replay_id = record_webhooks.replay_id and r.until_position <= record_webhooks.replay_position;
        update ledger.webhook_replay r set next_position = record_webhooks.replay_position
        where r.replay_id = record_webhooks.replay_id;
    end if;
    return true;
end
$$;

-- Drops what ended more than 30 days ago, so many rows at most, and gives how many it were.
create function ledger.drop_webhook_deliveries(rows_max bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    dropped bigint;
begin
    delete from ledger.webhook_delivery d
    where d.delivery_id in (
        select old.delivery_id from ledger.webhook_delivery old
        where old.state <> 'pending' and old.finished_at < clock_timestamp() - interval '30 days'
        order by old.finished_at limit drop_webhook_deliveries.rows_max
        for update skip locked
    );
    get diagnostics dropped = row_count;
    return dropped;
end
$$;

revoke all on function ledger.lease_webhooks, ledger.record_webhooks, ledger.drop_webhook_deliveries
    from public;
grant execute on function ledger.lease_webhooks, ledger.record_webhooks, ledger.drop_webhook_deliveries
    to token_ledger_service;

commit;
