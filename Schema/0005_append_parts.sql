-- The parts of an append beside the event rows. Only append_events calls them.
begin;

insert into ledger.migration (number, name) values (5, 'append_parts');

-- Whether there are as many events as the commands say, and those of a counted command are its subject's
-- next ones. No two events of a subject have one version (a unique key sees to that), so versions within
-- bounds and a right sum leave no command with too few.
create function ledger.is_well_formed(
    command_subject uuid[],
    command_expected bigint[],
    command_event_count integer[],
    event_command integer[],
    event_subject uuid[],
    event_subject_version bigint[]
) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
    return cardinality(command_subject) between 1 and 1000
        and (
            select sum(c.event_count) = cardinality(event_command) and min(c.event_count) > 0
            from unnest(command_event_count) as c (event_count)
        )
        and not exists (
            select from unnest(event_command, event_subject, event_subject_version)
                as e (command, subject, version)
            where command_expected[e.command] is not null and (
                e.subject is distinct from command_subject[e.command]
                or e.version is null
                or e.version <= command_expected[e.command]
                or e.version > command_expected[e.command] + command_event_count[e.command])
        );
end
$$;

-- Writes the projection row of every accepted command that is counted.
create function ledger.project_current_token(
    log_id integer,
    accepted boolean[],
    command_app uuid[],
    command_subject uuid[],
    command_expected bigint[],
    command_event_count integer[],
    command_time timestamptz[],
    command_status text[],
    command_state text[]
) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ledger.current_token as head
        (log_id, app_id, subject, subject_version, status, changed_at, state)
    select project_current_token.log_id, c.app, c.subject, c.expected + c.event_count, c.status,
        c.time, c.state::json
    from unnest(accepted, command_app, command_subject, command_expected, command_event_count,
            command_time, command_status, command_state)
        as c (is_accepted, app, subject, expected, event_count, time, status, state)
    where c.is_accepted and c.expected is not null
    on conflict on constraint current_token_pkey do update
        set subject_version = excluded.subject_version, status = excluded.status,
            changed_at = excluded.changed_at, state = excluded.state;
end
$$;

-- Writes the vault rows of every accepted command, and drops those it no longer needs.
create function vault.keep(
    log_id integer,
    accepted boolean[],
    command_subject uuid[],
    lookup_command integer[],
    lookup_kind text[],
    lookup_fingerprint bytea[],
    lookup_reference uuid[],
    key_command integer[],
    key_root_key_id text[],
    key_wrapped bytea[],
    value_command integer[],
    value_kind text[],
    value_version bigint[],
    value_sealed bytea[],
    drop_command integer[],
    drop_kind text[],
    drop_version bigint[]
) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(lookup_command) > 0 then
        insert into vault.lookup (log_id, kind, fingerprint, subject, reference)
        select keep.log_id, l.kind, l.fingerprint, command_subject[l.command], l.reference
        from unnest(lookup_command, lookup_kind, lookup_fingerprint, lookup_reference)
            as l (command, kind, fingerprint, reference)
        where accepted[l.command];
    end if;
    if cardinality(key_command) > 0 then
        insert into vault.data_key (log_id, subject, root_key_id, wrapped)
        select keep.log_id, command_subject[k.command], k.root_key_id, k.wrapped
        from unnest(key_command, key_root_key_id, key_wrapped) as k (command, root_key_id, wrapped)
        where accepted[k.command];
    end if;
    if cardinality(value_command) > 0 then
        insert into vault.value (log_id, subject, kind, version, sealed)
        select keep.log_id, command_subject[v.command], v.kind, v.version, v.sealed
        from unnest(value_command, value_kind, value_version, value_sealed)
            as v (command, kind, version, sealed)
        where accepted[v.command];
    end if;
    if cardinality(drop_command) > 0 then
        delete from vault.value dropped
        using unnest(drop_command, drop_kind, drop_version) as d (command, kind, version)
        where accepted[d.command] and dropped.log_id = keep.log_id
            and dropped.subject = command_subject[d.command]
            and dropped.kind = d.kind and dropped.version = d.version
            -- Nothing else is ever dropped by an append.
            and d.kind = 'session_token';
    end if;
end
$$;

revoke all on function ledger.is_well_formed from public;
revoke all on function ledger.project_current_token from public;
revoke all on function vault.keep from public;

commit;
