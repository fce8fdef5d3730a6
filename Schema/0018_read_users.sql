-- The one way to read users: state, key and current values in one snapshot.
begin;

insert into ledger.migration (number, name) values (18, 'read_users');

-- Answers the users of one log that exist among those asked for, by fingerprint of their clientUserId or,
-- where that is null, by subject. `number` counts the question from 1.
create function vault.read_users(
    log_id integer, app_id uuid[], fingerprint bytea[], subject uuid[]
) returns table (
    number bigint, user_subject uuid, subject_version bigint, state json, state_mac bytea, wrapped_key bytea,
    access_token bytea, public_token bytea, human_id bytea, client_user_id bytea
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
-- One probe of a unique index for each question, whatever the table held when the plan was made, and no
-- plan for each number of questions.
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
begin
    return query
    select asked.number, found.*
    from unnest(read_users.app_id, read_users.fingerprint)
        with ordinality as asked (app_id, fingerprint, number)
    cross join lateral (
        select head.subject, head.subject_version, head.state, head.state_mac, head.wrapped_key,
            head.access_token, head.public_token, head.human_id, head.client_user_id
        from vault.user_state head
        where head.fingerprint = asked.fingerprint and head.log_id = read_users.log_id
            and head.app_id = asked.app_id
        -- The fence keeps the order: for each question the table, never the other way round.
        offset 0
    ) as found
    union all
    select asked.number, found.*
    from unnest(read_users.app_id, read_users.subject)
        with ordinality as asked (app_id, subject, number)
    cross join lateral (
        select head.subject, head.subject_version, head.state, head.state_mac, head.wrapped_key,
            head.access_token, head.public_token, head.human_id, head.client_user_id
        from vault.user_state head
        where head.log_id = read_users.log_id and head.app_id = asked.app_id
            and head.subject = asked.subject
        offset 0
    ) as found;
end
$$;

revoke all on function vault.read_users from public;
grant execute on function vault.read_users to token_ledger_service;

commit;
