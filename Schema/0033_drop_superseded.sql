-- Values of tokens that were replaced are dropped after their app's grace.
begin;

insert into ledger.migration (number, name) values (33, 'drop_superseded');

-- What was decided about apps, and what was dropped of theirs.
-- "position + 0", here and in the statements that use this: in its order nobody reads the log's primary key.
create index event_app on ledger.event (log_id, app_id, (position + 0))
    where type in ('app.added', 'app.updated', 'values.dropped');

-- Drops the values of an app's tokens in a log that were replaced until then, and writes the event that says so, or
-- neither; false when they are not so many any more, or not all of them are due. What is due is seen by this
-- server's clock and by what the app has decided: the service's role cannot drop a value that is current, or
-- within its grace, or of another kind.
create function ledger.drop_superseded(
    log_id integer, app_id uuid, until timestamptz, value_count bigint, command ledger.append_command, secret bytea
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- A plan made while the table was still small must not scan it later.
set enable_seqscan = off
set jit = off
as $$
declare
    grace interval;
    verdict text;
begin
    -- The event, and nothing besides.
    if cardinality((drop_superseded.command).events) is distinct from 1
        or ((drop_superseded.command).events[1]).type is distinct from 'values.dropped'
        or (drop_superseded.command).app_id is distinct from drop_superseded.app_id
        or (drop_superseded.command).expected_version is not null
        or (drop_superseded.command).wrapped_key is not null
        or cardinality((drop_superseded.command).claims) > 0
        or cardinality((drop_superseded.command).values) > 0
        or cardinality((drop_superseded.command).drops) > 0
    then
        raise exception 'the command is not that of a drop' using errcode = 'LG005';
    end if;

    if not ledger.knows_secret(drop_superseded.secret) then
        raise exception 'only who has the deployment''s keys appends' using errcode = 'LG011';
    end if;
    -- Appends have ended or come later, so nothing is replaced meanwhile, and not until then.
    perform ledger.hold(drop_superseded.log_id);
    perform from ledger.log where log.log_id = drop_superseded.log_id for update;
    select make_interval(secs => app.superseded_grace_seconds) into grace
    from ledger.app where app.app_id = drop_superseded.app_id;
    if grace is null or drop_superseded.until > clock_timestamp() - grace then
        return false;
    end if;
    if drop_superseded.value_count < 1 or drop_superseded.value_count <> (
        select count(*) from vault.value v
        where v.log_id = drop_superseded.log_id and v.app_id = drop_superseded.app_id
            and v.superseded_at <= drop_superseded.until
    ) then
        return false;
    end if;
    delete from vault.value v
    where v.log_id = drop_superseded.log_id and v.app_id = drop_superseded.app_id
        and v.superseded_at <= drop_superseded.until;
    select a.verdict into verdict
    from ledger.append_events(drop_superseded.log_id, array[drop_superseded.command], drop_superseded.secret) as a;
    -- An event that was there already does not tell of this drop.
    if verdict <> 'appended' then
        raise exception 'the drop is not in the log' using errcode = 'LG005';
    end if;
    return true;
end
$$;

revoke all on function ledger.drop_superseded from public;
grant execute on function ledger.drop_superseded to token_ledger_service;

commit;
