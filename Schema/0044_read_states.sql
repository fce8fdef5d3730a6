-- What the map of current states is made of: users' rows of the projection, each with its newest event.
begin;

insert into ledger.migration (number, name) values (44, 'read_states');

-- Those to whom something happened between two positions, as they are now, and how long the log is now: one
-- snapshot. Where the stretch ends at the log's end, the rows are the states at exactly that position;
-- elsewhere a row may be newer than the event beside it. Row and event are null where nothing happened.
-- `before` and `last` are the records before the stretch and at its end: what somebody has read there before
-- must still be there.
create function vault.read_changed_states(log_id integer, from_position bigint, until_position bigint)
returns table (
    before bytea, last bytea, size bigint, app_id uuid, subject uuid, subject_version bigint, state json,
    state_mac bytea, wrapped_key bytea, client_user_id bytea, event_version bigint, "position" bigint,
    record bytea
)
language plpgsql stable set search_path = pg_catalog, pg_temp
-- One probe of a unique index for each event and each user, whatever the tables held when the plan was made.
set enable_seqscan = off
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
-- A look's answer stays in memory.
set work_mem = '32MB'
as $$
begin
    return query
    select (
            select e.record from ledger.event e
            where e.log_id = read_changed_states.log_id
                and e.position = read_changed_states.from_position - 1
        ), (
            select e.record from ledger.event e
            where e.log_id = read_changed_states.log_id
                and e.position = least(read_changed_states.until_position, l.size) - 1
        ), l.size, changed.app_id, changed.subject, head.subject_version, head.state, head.state_mac,
        head.wrapped_key, head.client_user_id, changed.subject_version, changed.position, changed.record
    from ledger.log l
    left join lateral (
        select e.app_id, newest.subject, e.subject_version, newest.position, e.record
        from (
            select e.subject, max(e.position) as position from ledger.event e
            where e.log_id = read_changed_states.log_id
                and e.position >= read_changed_states.from_position
                and e.position < read_changed_states.until_position
                and e.subject_version is not null
            group by e.subject
            -- The fences keep the order: each user once, then the event, then the row.
            offset 0
        ) as newest
        cross join lateral (
            select e.app_id, e.subject_version, e.record from ledger.event e
            where e.log_id = read_changed_states.log_id and e.position = newest.position
            offset 0
        ) as e
        offset 0
    ) as changed on true
    left join lateral (
        select head.app_id, head.subject, head.subject_version, head.state, head.state_mac,
            head.wrapped_key, head.client_user_id
        from vault.user_state head
        where head.log_id = read_changed_states.log_id and head.app_id = changed.app_id
            and head.subject = changed.subject
        offset 0
    ) as head on true
    where l.log_id = read_changed_states.log_id;
end
$$;

-- The rows after one user up to and with another, in order, each with the user's newest event: a row of before,
-- which somebody has set back, tells of another one.
create function vault.read_states(
    log_id integer, after_app uuid, after_subject uuid, until_app uuid, until_subject uuid
)
returns table (
    app_id uuid, subject uuid, subject_version bigint, state json, state_mac bytea, wrapped_key bytea,
    client_user_id bytea, event_version bigint, "position" bigint, record bytea
)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set work_mem = '32MB'
as $$
begin
    return query
    select head.app_id, head.subject, head.subject_version, head.state, head.state_mac, head.wrapped_key,
        head.client_user_id, newest.subject_version, newest.position, newest.record
    from (
        select head.app_id, head.subject, head.subject_version, head.state, head.state_mac,
            head.wrapped_key, head.client_user_id
        from vault.user_state head
        where head.log_id = read_states.log_id
            and (head.log_id, head.app_id, head.subject)
                > (read_states.log_id, read_states.after_app, read_states.after_subject)
            and (head.log_id, head.app_id, head.subject)
                <= (read_states.log_id, read_states.until_app, read_states.until_subject)
        order by head.log_id, head.app_id, head.subject
        offset 0
    ) as head
    left join lateral (
        -- One probe of the index of users' events, from its end.
        select e.subject_version, e.position, e.record from ledger.event e
        where e.subject = head.subject and e.log_id = read_states.log_id
            and e.subject_version is not null
        order by e.subject_version desc limit 1
    ) as newest on true;
end
$$;

revoke all on function vault.read_changed_states, vault.read_states from public;
grant execute on function vault.read_changed_states, vault.read_states
    to token_ledger_service;

commit;
