-- The one way to read users: state, key and current values in one snapshot.
begin;

insert into ledger.migration (number, name) values (7, 'read_users');

-- Answers the users that exist among those asked for, by fingerprint of their clientUserId or, where
-- that is null, by subject. `number` counts the question from 1.
-- The versions are cut out of the state, whose spelling is fixed: PostgreSQL's own JSON operators fail
-- on the escape \u0000, and one user's text would then fail everybody's read.
create function vault.read_users(
    log_id integer[], app_id uuid[], fingerprint bytea[], subject uuid[]
) returns table (
    number bigint, user_subject uuid, state text, root_key_id text, wrapped_key bytea,
    access_token bytea, public_token bytea, human_id bytea, client_user_id bytea
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
-- Every probe goes through a unique index, in the order in which the joins stand, whatever the tables
-- held when the plan was made.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set join_collapse_limit = 1
as $$
begin
    return query
    select found.* from (
    select asked.number, head.subject as found_subject, head.state::text, k.root_key_id, k.wrapped,
        a.sealed as a, p.sealed as p, h.sealed as h, u.sealed as u
    from unnest(read_users.log_id, read_users.app_id, read_users.fingerprint, read_users.subject)
        with ordinality as asked (log_id, app_id, fingerprint, subject, number)
    left join vault.lookup l on l.log_id = asked.log_id and l.kind = 'user'
        and l.fingerprint = asked.fingerprint
    left join lateral (
        -- The fence again: beside an outer join the planner would filter by subject after reading
        -- every row of the app.
        select c.subject, c.log_id, c.state from ledger.current_token c
        where c.log_id = asked.log_id and c.app_id = asked.app_id
            and c.subject = coalesce(asked.subject, l.subject)
        offset 0
    ) as head on true
    left join vault.data_key k on k.log_id = head.log_id and k.subject = head.subject
    left join vault.value a on a.log_id = head.log_id and a.subject = head.subject
        and a.kind = 'access_token' and a.version
            = substring(head.state::text from '"access_token":\{"version":(\d+)')::bigint
    left join vault.value p on p.log_id = head.log_id and p.subject = head.subject
        and p.kind = 'public_token' and p.version
            = substring(head.state::text from '"public_token":\{"version":(\d+)')::bigint
    left join vault.value h on h.log_id = head.log_id and h.subject = head.subject
        and h.kind = 'human_id' and h.version = 1
    left join vault.value u on u.log_id = head.log_id and u.subject = head.subject
        and u.kind = 'client_user_id' and u.version = 1
    -- Left joins run in the order in which they stand; the fence keeps the condition from undoing that.
    offset 0
    ) as found where found.found_subject is not null;
end
$$;

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

revoke all on function vault.read_users from public;
revoke all on function ledger.settle_events from public;
grant execute on function vault.read_users, ledger.settle_events to token_ledger_service;

commit;
