-- The one way into the log.
begin;

insert into ledger.migration (number, name) values (4, 'append_events');

-- Appends the events of many commands in one call, and answers one verdict per command, in order:
--   appended  its events stand from first_position on
--   repeated  one of its events is in the log already, at first_position: nothing was written
--   claimed   claimed_kind names a fingerprint that is taken: nothing was written
--   conflict  the subject is not at the expected version: nothing was written
-- A refused command does not fail its neighbours.
--
-- Arrays named command_… hold one element per command, the others one per item, with the number of
-- its command (from 1). A command whose expected version is null is not counted: its events carry no
-- subject version and no projection row is written (administration, access log).
create function ledger.append_events(
    log_id integer,
    command_app uuid[],
    command_subject uuid[],
    command_expected bigint[],
    command_event_count integer[],
    command_time timestamptz[],
    command_status text[],
    command_state text[],
    event_command integer[],
    event_id uuid[],
    event_subject uuid[],
    event_subject_version bigint[],
    event_type text[],
    event_record bytea[],
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
) returns table (verdict text, first_position bigint, claimed_kind text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Every probe below is a correlated subquery through a unique index: a plan made while the tables were
-- still empty must not scan them later, nor turn a join around.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    next_position bigint;
    appended bigint;
    verdicts text[];
    accepted boolean[];
    positions bigint[] := array_fill(null::bigint, array[cardinality(append_events.command_app)]);
    kinds text[] := array_fill(null::text, array[cardinality(append_events.command_app)]);
    found_row record;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_events needs read committed' using errcode = 'LG002';
    end if;

    if not ledger.is_well_formed(
        append_events.command_subject, append_events.command_expected,
        append_events.command_event_count, append_events.event_command, append_events.event_subject,
        append_events.event_subject_version)
    then
        raise exception 'events do not fit their commands' using errcode = 'LG005';
    end if;

    -- The log's one lock. Whoever holds it gives out positions until its commit, so positions are in
    -- commit order; a rollback gives them back.
    select log.size into next_position from ledger.log
    where log.log_id = append_events.log_id for update;
    if not found then
        raise exception 'there is no log %', append_events.log_id using errcode = 'LG003';
    end if;

    select array_agg(
        case when c.expected is null or c.expected = coalesce((
            select head.subject_version from ledger.current_token head
            where head.log_id = append_events.log_id and head.app_id = c.app and head.subject = c.subject
        ), 0) then 'appended' else 'conflict' end order by c.number)
    into verdicts
    from unnest(append_events.command_app, append_events.command_subject, append_events.command_expected)
        with ordinality as c (app, subject, expected, number);

    for found_row in
        select l.command, l.kind
        from unnest(append_events.lookup_command, append_events.lookup_kind, append_events.lookup_fingerprint)
            as l (command, kind, fingerprint)
        where (
            select true from vault.lookup taken where taken.log_id = append_events.log_id
                and taken.kind = l.kind and taken.fingerprint = l.fingerprint
        )
    loop
        -- A command that decided on an outdated state may find its own subject's claim: it is told to
        -- decide again.
        if verdicts[found_row.command] = 'appended' then
            verdicts[found_row.command] := 'claimed';
            kinds[found_row.command] := found_row.kind;
        end if;
    end loop;

    for found_row in
        select e.command, e.position
        from (
            select u.command, (
                select stored.position from ledger.event stored
                where stored.event_id = u.id and stored.log_id + 0 = append_events.log_id) as position
            from unnest(append_events.event_command, append_events.event_id) as u (command, id)
        ) as e
        where e.position is not null
        order by e.position desc
    loop
        verdicts[found_row.command] := 'repeated';
        positions[found_row.command] := found_row.position;
    end loop;

    select array_agg(v.verdict = 'appended' order by v.number) into accepted
    from unnest(verdicts) with ordinality as v (verdict, number);

    insert into ledger.event
        (log_id, position, event_id, app_id, subject, subject_version, type, recorded_at, record)
    select append_events.log_id, next_position + row_number() over (order by e.number) - 1,
        e.id, append_events.command_app[e.command], e.subject, e.subject_version, e.type,
        append_events.command_time[e.command], e.record
    from unnest(append_events.event_command, append_events.event_id, append_events.event_subject,
            append_events.event_subject_version, append_events.event_type, append_events.event_record)
        with ordinality as e (command, id, subject, subject_version, type, record, number)
    where accepted[e.command];
    get diagnostics appended = row_count;

    if appended > 0 then
        update ledger.log set size = log.size + appended where log.log_id = append_events.log_id;
        perform ledger.project_current_token(
            append_events.log_id, accepted, append_events.command_app, append_events.command_subject,
            append_events.command_expected, append_events.command_event_count,
            append_events.command_time, append_events.command_status, append_events.command_state);
        perform vault.keep(
            append_events.log_id, accepted, append_events.command_subject,
            append_events.lookup_command, append_events.lookup_kind, append_events.lookup_fingerprint,
            append_events.lookup_reference, append_events.key_command, append_events.key_root_key_id,
            append_events.key_wrapped, append_events.value_command, append_events.value_kind,
            append_events.value_version, append_events.value_sealed, append_events.drop_command,
            append_events.drop_kind, append_events.drop_version);
    end if;

    return query
    select v.verdict,
        case when v.verdict = 'appended' then next_position + coalesce(
            sum(v.event_count) filter (where v.verdict = 'appended')
                over (order by v.number rows between unbounded preceding and 1 preceding), 0)::bigint
        else v.position end,
        case when v.verdict = 'claimed' then v.kind end
    from unnest(verdicts, positions, kinds, append_events.command_event_count)
        with ordinality as v (verdict, position, kind, event_count, number)
    order by v.number;
end
$$;

revoke all on function ledger.append_events from public;
grant execute on function ledger.append_events to token_ledger_service;

commit;
