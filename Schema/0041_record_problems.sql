-- What the log tells of problems is written down.
begin;

insert into ledger.migration (number, name) values (41, 'record_problems');

-- Writes all problems of the users and endpoints that are named, as they are at next_position, and that the
-- log was folded up to there; false, and nothing is written, when it was not folded up to known_position:
-- another copy of the service was faster. Rows of theirs that are not among these go.
create function ledger.record_problems(
    log_id integer, known_position bigint, next_position bigint, app_id uuid[], about uuid[],
    problems ledger.problem[], secret bytea
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- A plan made while the tables were still small must not scan them later.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
    if not ledger.knows_secret(record_problems.secret) then
        raise exception 'only who has the deployment''s keys writes problems' using errcode = 'LG011';
    end if;
    -- Its lock, until the commit: one writes at a time.
    update ledger.problem_progress p set next_position = record_problems.next_position
    where p.log_id = record_problems.log_id and p.next_position = record_problems.known_position
        and record_problems.next_position >= record_problems.known_position;
    if not found then
        return false;
    end if;
    if cardinality(record_problems.about) = 0 then
        return true;
    end if;

    insert into ledger.problem_count as kept (log_id, app_id, kind, state, count)
    select record_problems.log_id, p.app_id, p.kind, p.state, -count(*)
    from unnest(record_problems.app_id, record_problems.about) as named (app_id, about)
    cross join lateral (
        select p.app_id, p.kind, p.state from ledger.problem p
        where p.log_id = record_problems.log_id and p.about = named.about
        -- The fence keeps all problems of the log, or of the app, from being read for those who are named.
        offset 0
    ) as p
    where p.app_id = named.app_id
    group by p.app_id, p.kind, p.state
    on conflict on constraint problem_count_pkey do update set count = kept.count + excluded.count;

    delete from ledger.problem p
    where p.log_id = record_problems.log_id and p.ctid = any (array(
        select old.ctid
        from unnest(record_problems.app_id, record_problems.about) as named (app_id, about)
        cross join lateral (
            select p.ctid, p.app_id, p.about, p.kind from ledger.problem p
            where p.log_id = record_problems.log_id and p.about = named.about
            offset 0
        ) as old
        where old.app_id = named.app_id and not exists (
            select from unnest(record_problems.problems) as new
            where new.app_id = old.app_id and new.about = old.about and new.kind = old.kind)));

    insert into ledger.problem select new.* from unnest(record_problems.problems) as new
    where new.log_id = record_problems.log_id
    on conflict on constraint problem_pkey do update set
        state = excluded.state, reason = excluded.reason, occurrences = excluded.occurrences,
        openings = excluded.openings, first_position = excluded.first_position,
        first_at = excluded.first_at, opened_position = excluded.opened_position,
        opened_at = excluded.opened_at, last_position = excluded.last_position,
        last_at = excluded.last_at, changed_at = excluded.changed_at, muted_by = excluded.muted_by,
        finalizes = excluded.finalizes, positions = excluded.positions;

    insert into ledger.problem_count as kept (log_id, app_id, kind, state, count)
    select record_problems.log_id, p.app_id, p.kind, p.state, count(*)
    from unnest(record_problems.app_id, record_problems.about) as named (app_id, about)
    cross join lateral (
        select p.app_id, p.kind, p.state from ledger.problem p
        where p.log_id = record_problems.log_id and p.about = named.about
        -- The fence keeps all problems of the log, or of the app, from being read for those who are named.
        offset 0
    ) as p
    where p.app_id = named.app_id
    group by p.app_id, p.kind, p.state
    on conflict on constraint problem_count_pkey do update set count = kept.count + excluded.count;
    return true;
end
$$;

revoke all on function ledger.record_problems from public;
grant execute on function ledger.record_problems to token_ledger_service;

commit;
