-- The one way to read users: state, key and current values in one snapshot.
begin;

insert into ledger.migration (number, name) values (17, 'read_users');

-- Answers the users that exist among those asked for, by fingerprint of their clientUserId or, where
-- that is null, by subject. `number` counts the question from 1.
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
        select s.log_id, s.subject, s.access_token_version, s.public_token_version, s.state
        from ledger.user_state s
        where s.log_id = asked.log_id and s.app_id = asked.app_id
            and s.subject = coalesce(asked.subject, l.subject)
        offset 0
    ) as head on true
    left join vault.data_key k on k.log_id = head.log_id and k.subject = head.subject
    left join vault.value a on a.log_id = head.log_id and a.subject = head.subject
        and a.kind = 'access_token' and a.version = head.access_token_version
    left join vault.value p on p.log_id = head.log_id and p.subject = head.subject
        and p.kind = 'public_token' and p.version = head.public_token_version
    left join vault.value h on h.log_id = head.log_id and h.subject = head.subject
        and h.kind = 'human_id' and h.version = 1
    left join vault.value u on u.log_id = head.log_id and u.subject = head.subject
        and u.kind = 'client_user_id' and u.version = 1
    -- Left joins run in the order in which they stand; the fence keeps the condition from undoing that.
    offset 0
    ) as found where found.found_subject is not null;
end
$$;

revoke all on function vault.read_users from public;
grant execute on function vault.read_users to token_ledger_service;

commit;
