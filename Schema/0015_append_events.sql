-- The one way into the log.
begin;

insert into ledger.migration (number, name) values (15, 'append_events');

-- Appends the events of many commands in one call, and answers one verdict per command, in order:
--   appended  its events stand from first_position on
--   repeated  one of its events is in the log already, at first_position: nothing was written
--   claimed   claimed_kind names a fingerprint that is taken: nothing was written
--   fenced    the reservation of claimed_kind was burned: nothing was written
--   conflict  the subject is not at the expected version: nothing was written. Who was erased is at none
-- A refused command does not fail its neighbours.
create function ledger.append_events(
    log_id integer, commands ledger.append_command[], secret bytea default null
)
returns table (verdict text, first_position bigint, claimed_kind text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Every probe below is a correlated subquery through a unique index, whatever the tables held when the
-- plan was made.
set enable_seqscan = off
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
-- A plan for each length of the arrays would be made anew again and again.
set plan_cache_mode = force_generic_plan
as $$
declare
    old_size bigint;
    new_size bigint;
    reaches_vault boolean;
    erases boolean;
    -- One element per command.
    event_counts integer[];
    verdicts text[];
    accepted boolean[] := array_fill(false, array[cardinality(append_events.commands)]);
    positions bigint[] := array_fill(null::bigint, array[cardinality(append_events.commands)]);
    kinds text[];
    found_row record;
begin
    if not ledger.knows_secret(append_events.secret) then
        raise exception 'only who has the deployment''s keys appends' using errcode = 'LG011';
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_events needs read committed' using errcode = 'LG002';
    end if;
    -- Nobody may be told of a commit that is not kept, or without the warning that a standby was given up.
    if current_setting('synchronous_commit') = 'off' or current_setting('client_min_messages') = 'error' then
        raise exception 'append_events needs synchronous_commit and warnings' using errcode = 'LG008';
    end if;

    if not ledger.is_well_formed(append_events.commands) then
        raise exception 'events do not fit their commands' using errcode = 'LG005';
    end if;

    -- The log's one lock, until the commit: positions are in commit order; a rollback gives them back.
    perform ledger.hold(append_events.log_id);
    select log.size into old_size from ledger.log
    where log.log_id = append_events.log_id for update;
    if not found then
        raise exception 'there is no log %', append_events.log_id using errcode = 'LG003';
    end if;

    select array_agg(h.verdict order by h.number),
        array_agg(case h.verdict when 'claimed' then 'user' end order by h.number),
        array_agg(h.event_count order by h.number),
        bool_or(h.reaches_vault), bool_or(h.erases)
    into verdicts, kinds, event_counts, reaches_vault, erases
    from (
        select c.ordinality as number, cardinality(c.events) as event_count,
            -- Many commands are launches of known users, which do not.
            (c.wrapped_key is not null and c.expected_version is null) or cardinality(c.claims) > 0
                or cardinality(c.values) > 0 or cardinality(c.drops) > 0 as reaches_vault,
            c.status = 'erased' as erases,
            case when c.expected_version is null then 'appended'
                when c.expected_version <> coalesce((
                    select case when head.status <> 'erased' then head.subject_version else -1 end
                    from vault.user_state head
                    where head.log_id = append_events.log_id and head.app_id = c.app_id
                        and head.subject = c.subject
                ), 0) then 'conflict'
                when c.fingerprint is not null and (
                    select true from vault.user_state taken
                    where taken.fingerprint = c.fingerprint
                        and taken.log_id = append_events.log_id
                ) then 'claimed'
                else 'appended' end as verdict
        from unnest(append_events.commands) with ordinality as c
    ) as h;

    -- Here and below the rows within a command are unfolded in the select list: an unnest in the from
    -- clause would fill and drop a tuple store for each command, which costs a fifth of the append.
    if reaches_vault then
        for found_row in
            select r.command, r.verdict, r.kind
            from vault.refused_claims(append_events.log_id, append_events.commands) as r
        loop
            -- Decided on an outdated state, a command may find its own subject's claim: it decides again.
            if verdicts[found_row.command] = 'appended' then
                verdicts[found_row.command] := found_row.verdict;
                kinds[found_row.command] := found_row.kind;
            end if;
        end loop;
    end if;

    for found_row in
        select e.command, e.position
        from (
            select u.command, (
                select stored.position from ledger.event stored
                where stored.event_id = (u.event).event_id
                    and stored.log_id = append_events.log_id) as position
            from (
                select c.ordinality as command, unnest(c.events) as event
                from unnest(append_events.commands) with ordinality as c
            ) as u
        ) as e
        where e.position is not null
        order by e.position desc
    loop
        verdicts[found_row.command] := 'repeated';
        positions[found_row.command] := found_row.position;
        kinds[found_row.command] := null;
    end loop;

    new_size := old_size;
    for number in 1 .. cardinality(verdicts) loop
        if verdicts[number] = 'appended' then
            accepted[number] := true;
            positions[number] := new_size;
            new_size := new_size + event_counts[number];
        end if;
    end loop;

    if new_size > old_size then
        insert into ledger.event
            (log_id, position, event_id, app_id, subject, subject_version, type, recorded_at, record, mac)
        select append_events.log_id, positions[e.command] + e.number - 1,
            (e.event).event_id, e.app_id, (e.event).subject, (e.event).subject_version,
            (e.event).type, e.recorded_at, (e.event).record, (e.event).mac
        from (
            select c.ordinality as command, c.app_id, c.recorded_at,
                generate_subscripts(c.events, 1) as number, unnest(c.events) as event
            from unnest(append_events.commands) with ordinality as c
            where accepted[c.ordinality]
        ) as e;
        update ledger.log set size = new_size where log.log_id = append_events.log_id;
        if reaches_vault then
            perform vault.keep(append_events.log_id, append_events.commands, accepted);
        end if;
        perform ledger.project_user_state(append_events.log_id, append_events.commands, accepted);
        if erases then
            perform vault.erase(append_events.log_id, c.app_id, c.subject)
            from unnest(append_events.commands) with ordinality as c
            where accepted[c.ordinality] and c.status = 'erased';
        end if;
    end if;

    return query
    select v.verdict, v.position, v.kind
    from unnest(verdicts, positions, kinds) with ordinality as v (verdict, position, kind, number)
    order by v.number;
end
$$;

revoke all on function ledger.append_events from public;
grant execute on function ledger.append_events to token_ledger_service;

commit;
