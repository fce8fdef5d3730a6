-- The part of an append that writes the projection. Only append_events calls it.
begin;

insert into ledger.migration (number, name) values (13, 'project_user_state');

-- Writes the state of the user of every accepted command that is counted.
create function ledger.project_user_state(
    log_id integer,
    commands ledger.append_command[],
    accepted boolean[]
) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ledger.user_state (log_id, app_id, subject, subject_version, changed_at, status,
        access_token_version, public_token_version, settle_at, state)
    select project_user_state.log_id, c.app_id, c.subject,
        c.expected_version + cardinality(c.events), c.recorded_at, c.status,
        c.access_token_version, c.public_token_version, c.settle_at, c.state
    from unnest(project_user_state.commands) with ordinality as c
    where project_user_state.accepted[c.ordinality] and c.expected_version is not null
    on conflict on constraint user_state_pkey do update
        set subject_version = excluded.subject_version, changed_at = excluded.changed_at,
            status = excluded.status, access_token_version = excluded.access_token_version,
            public_token_version = excluded.public_token_version, settle_at = excluded.settle_at,
            state = excluded.state;
end
$$;

revoke all on function ledger.project_user_state from public;

commit;
