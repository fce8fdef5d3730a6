-- The part of an append that writes the users' rows. Only append_events calls it.
begin;

insert into ledger.migration (number, name) values (13, 'project_user_state');

-- Writes the row of the user of every accepted command that is counted: the state, and what is new of key
-- and values. A token belongs to the version that stands beside it: once that changes, the old one moves to
-- vault.value. Since when it is replaced is for this server's clock to say: whoever could say that it was long
-- ago could have it dropped at once.
create function ledger.project_user_state(
    log_id integer,
    commands ledger.append_command[],
    accepted boolean[]
) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    -- A copy of the service that wraps with a root key of before would make keys that nobody opens once
    -- that one is thrown away.
    if exists (
        select from unnest(project_user_state.commands) as c
        where c.root_key_id in (select old.root_key_id from vault.retired_root_key old)
    ) then
        raise exception 'the root key was changed' using errcode = 'LG010';
    end if;

    insert into vault.value (log_id, subject, kind, version, sealed, app_id, superseded_at)
    select project_user_state.log_id, c.subject, old.kind, old.version, old.sealed, c.app_id,
        greatest(c.recorded_at, clock_timestamp())
    from unnest(project_user_state.commands) with ordinality as c
    cross join lateral (
        select token.kind, token.version, token.sealed
        from vault.user_state head
        cross join lateral (values
            ('access_token', head.access_token_version, head.access_token, c.access_token_version),
            ('public_token', head.public_token_version, head.public_token, c.public_token_version)
        ) as token (kind, version, sealed, next)
        where head.log_id = project_user_state.log_id and head.app_id = c.app_id
            and head.subject = c.subject
            and token.version is distinct from token.next and token.sealed is not null
        -- The fence keeps this from becoming a join that is planned for a small table.
        offset 0
    ) as old
    where project_user_state.accepted[c.ordinality] and c.expected_version > 0
    -- The value of a version is written once.
    on conflict on constraint value_pkey do nothing;

    insert into vault.user_state (log_id, app_id, subject, subject_version, changed_at, status,
        access_token_version, public_token_version, settle_at, state, state_mac,
        fingerprint, root_key_id, wrapped_key, client_user_id, human_id, access_token, public_token)
    select project_user_state.log_id, c.app_id, c.subject,
        c.expected_version + cardinality(c.events), c.recorded_at, c.status,
        c.access_token_version, c.public_token_version, c.settle_at, c.state, c.state_mac,
        c.fingerprint, c.root_key_id, c.wrapped_key,
        c.client_user_id, c.human_id, c.access_token, c.public_token
    from unnest(project_user_state.commands) with ordinality as c
    where project_user_state.accepted[c.ordinality] and c.expected_version is not null
    on conflict on constraint user_state_pkey do update
        set subject_version = excluded.subject_version, changed_at = excluded.changed_at,
            status = excluded.status, access_token_version = excluded.access_token_version,
            public_token_version = excluded.public_token_version, settle_at = excluded.settle_at,
            state = excluded.state, state_mac = excluded.state_mac,
            human_id = coalesce(excluded.human_id, user_state.human_id),
            -- The value of a version is written once: nobody who may append can destroy it.
            access_token = case
                when excluded.access_token_version = user_state.access_token_version
                then coalesce(user_state.access_token, excluded.access_token)
                else excluded.access_token end,
            public_token = case
                when excluded.public_token_version = user_state.public_token_version
                then coalesce(user_state.public_token, excluded.public_token)
                else excluded.public_token end;
end
$$;

revoke all on function ledger.project_user_state from public;

commit;
