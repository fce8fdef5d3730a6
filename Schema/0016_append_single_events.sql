-- The short way into the log, for what most requests write.
begin;

insert into ledger.migration (number, name) values (16, 'append_single_events');

-- Appends one event for each row. Either all of them are counted, or none. Answers the position of
-- the first event, which the others follow in order, and the numbers (from 1) of the commands whose subject
-- is not at the expected version, of which nothing was written.
-- Nothing is looked for beforehand: what must not be there yet is found by the unique keys. Then nothing is
-- written of any command, and a unique violation, or LG009, says so; ledger.append_events tells which command
-- it was, and why.
create function ledger.append_single_events(
    log_id integer, commands ledger.append_single[], secret bytea default null
)
returns table (first_position bigint, conflicts bigint[])
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- No plan here depends on what the tables hold: rows are found by "on conflict".
set plan_cache_mode = force_generic_plan
as $$
declare
    command_count bigint := cardinality(append_single_events.commands);
    old_size bigint;
    fits boolean;
    written uuid[];
begin
    if not ledger.knows_secret(append_single_events.secret) then
        raise exception 'only who has the deployment''s keys appends' using errcode = 'LG011';
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_single_events needs read committed' using errcode = 'LG002';
    end if;
    -- As in ledger.append_events.
    if current_setting('synchronous_commit') = 'off' or current_setting('client_min_messages') = 'error' then
        raise exception 'append_single_events needs synchronous_commit and warnings' using errcode = 'LG008';
    end if;
    if command_count is null or command_count not between 1 and 1000 then
        raise exception 'one call takes 1 to 1000 commands' using errcode = 'LG005';
    end if;

    -- The log's one lock, as in ledger.append_events.
    perform ledger.hold(append_single_events.log_id);
    select log.size into old_size from ledger.log
    where log.log_id = append_single_events.log_id for update;
    if not found then
        raise exception 'there is no log %', append_single_events.log_id using errcode = 'LG003';
    end if;

    -- A copy of the service that wraps with a root key of before would make keys that nobody opens once
    -- that one is thrown away.
    if exists (
        select from unnest(append_single_events.commands) as c
        where c.root_key_id in (select old.root_key_id from vault.retired_root_key old)
    ) then
        raise exception 'the root key was changed' using errcode = 'LG010';
    end if;

    if (append_single_events.commands[1]).expected_version is null then
        select bool_and(c.expected_version is null), array_agg(c.subject) into fits, written
        from unnest(append_single_events.commands) as c;
    else
        with head as (
            insert into vault.user_state (log_id, app_id, subject, subject_version, changed_at, status,
                access_token_version, public_token_version, settle_at, state, state_mac,
                fingerprint, root_key_id, wrapped_key, client_user_id)
            select append_single_events.log_id, c.app_id, c.subject, c.expected_version + 1,
                c.recorded_at, c.status, c.access_token_version, c.public_token_version, c.settle_at,
                c.state, c.state_mac, c.fingerprint, c.root_key_id, c.wrapped_key, c.client_user_id
            from unnest(append_single_events.commands) as c
            on conflict on constraint user_state_pkey do update
                set subject_version = excluded.subject_version, changed_at = excluded.changed_at,
                    status = excluded.status, settle_at = excluded.settle_at, state = excluded.state,
                    state_mac = excluded.state_mac
                where user_state.subject_version = excluded.subject_version - 1
                    -- Nothing happens to who was erased, and to erase takes the long way.
                    and user_state.status <> 'erased' and excluded.status <> 'erased'
                    -- Tokens belong to their versions, and change the long way.
                    and user_state.access_token_version
                        is not distinct from excluded.access_token_version
                    and user_state.public_token_version
                        is not distinct from excluded.public_token_version
            -- Only a first command makes a row, which is one that nobody has ever locked.
            returning user_state.subject,
                (user_state.xmax = 0) = (user_state.subject_version = 1) as fits
        )
        select coalesce(bool_and(head.fits), true), coalesce(array_agg(head.subject), '{}')
        into fits, written from head;
    end if;
    if not fits then
        raise exception 'not every command fits' using errcode = 'LG009';
    end if;

    if cardinality(written) < command_count then
        select array_agg(c.ordinality) into conflicts
        from unnest(append_single_events.commands) with ordinality as c
        where c.subject <> all (written);
    end if;
    insert into ledger.event
        (log_id, position, event_id, app_id, subject, subject_version, type, recorded_at, record, mac)
    select append_single_events.log_id,
        old_size + c.ordinality - 1 - case when conflicts is null then 0 else (
            select count(*) from unnest(conflicts) as refused (number) where refused.number < c.ordinality
        ) end,
        c.event_id, c.app_id, c.subject, c.expected_version + 1, c.type, c.recorded_at, c.record, c.mac
    from unnest(append_single_events.commands) with ordinality as c
    where conflicts is null or c.ordinality <> all (conflicts);
    update ledger.log set size = old_size + cardinality(written)
    where log.log_id = append_single_events.log_id;
    first_position := old_size;
    return next;
end
$$;

revoke all on function ledger.append_single_events from public;
grant execute on function ledger.append_single_events to token_ledger_service;

commit;
