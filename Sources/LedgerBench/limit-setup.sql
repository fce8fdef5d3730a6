-- Copies of the ledger's tables, with all they hold but the last launches, and procedures that write
-- the rows of these launches again: what an append writes, without anything that it asks. The tables
-- are found by their columns: whatever has a subject belongs to users, and what has a version of the
-- subject too, other than the events, is the row that each launch changes.
drop schema if exists limits cascade;
create schema limits;

-- 32,768 of each, of whatever logs: the first half is written by statements, the second by COPY.
create table limits.launches as
select (row_number() over (order by l.position, l.log_id)) - 1 as number, l.log_id, l.subject, l.event_id
from (
    select e.position, e.log_id, e.subject, e.event_id from ledger.event e
    where e.type like '%launched' and e.subject_version > 1
    order by e.position desc, e.log_id limit 32768
) as l;
create table limits.users as
select (row_number() over (order by u.position, u.log_id)) - 1 as number, u.log_id, u.subject, u.event_id
from (
    select e.position, e.log_id, e.subject, e.event_id from ledger.event e
    where e.subject_version = 1 and not exists (
        select from ledger.event later
        where later.subject = e.subject and later.subject_version = 2 and later.log_id = e.log_id)
    order by e.position desc, e.log_id limit 32768
) as u;
create unique index on limits.users (subject);
create unique index on limits.launches (event_id);
analyze limits.users, limits.launches;

do $$
declare
    t record;
    folder text := current_setting('data_directory');
    write_launches text := '';
    write_users text := '';
    copy_launches text := '';
    copy_users text := '';
    change_once text := '';
begin
    if (select count(*) from limits.launches) < 32768 or (select count(*) from limits.users) < 32768 then
        raise exception 'too few launches to write again';
    end if;
    for t in
        select c.oid, c.relname as name, c.oid::regclass as source, c.reloptions as options,
            (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
            (select string_agg('s.' || quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as values,
            (select string_agg(format('t.%1$I = s.%1$I', a.attname), ' and ')
                from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
                where i.indrelid = c.oid and i.indisprimary) as same_key,
            c.relname = 'event' as has_events,
            exists (select from pg_attribute a
                where a.attrelid = c.oid and a.attname = 'subject_version') as has_version
        from pg_class c
        where c.relkind = 'r' and c.relnamespace::regnamespace::text in ('ledger', 'vault')
            and exists (select from pg_attribute a
                where a.attrelid = c.oid and a.attname = 'subject')
    loop
        execute format('create table limits.%I (like %s including all)', t.name, t.source);
        if t.options is not null then
            execute format('alter table limits.%I set (%s)', t.name, array_to_string(t.options, ', '));
        end if;
        execute format('insert into limits.%I select s.* from %s s
            where not exists (select from limits.users u where u.subject = s.subject)%s', t.name, t.source,
            case when t.has_events then
                ' and not exists (select from limits.launches l where l.event_id = s.event_id)' end);
        execute format('create table limits.%I as select u.number, s.* from limits.users u
            join %s s on s.subject = u.subject', 'users_' || t.name, t.source);
        execute format('create index on limits.%I (number)', 'users_' || t.name);
        write_users := write_users || format('insert into limits.%I (%s) select %s from limits.%I s
            where s.number between low and low + 63;', t.name, t.columns, t.values, 'users_' || t.name);
        execute format('copy (select %s from limits.%I s where s.number >= 16384 order by s.number)
            to %L (format binary)', t.values, 'users_' || t.name, folder || '/limit-users-' || t.name);
        copy_users := copy_users || format('copy limits.%I (%s) from %L (format binary);',
            t.name, t.columns, folder || '/limit-users-' || t.name);
        continue when not t.has_version;

        execute format('create table limits.%I as select l.number, s.* from limits.launches l
            join %s s on s.log_id = l.log_id and s.%3$I = l.%3$I', 'launches_' || t.name, t.source,
            case when t.has_events then 'event_id' else 'subject' end);
        execute format('create index on limits.%I (number)', 'launches_' || t.name);
        if t.has_events then
            write_launches := write_launches || format('insert into limits.%I (%s) select %s from
                limits.%I s where s.number between low and low + 63;',
                t.name, t.columns, t.values, 'launches_' || t.name);
            execute format('copy (select %s from limits.%I s where s.number >= 16384 order by s.number)
                to %L (format binary)', t.values, 'launches_' || t.name, folder || '/limit-' || t.name);
            copy_launches := format('copy limits.%I (%s) from %L (format binary);',
                t.name, t.columns, folder || '/limit-' || t.name);
        else
            write_launches := write_launches || format('update limits.%I t set (%s) = row (%s)
                from limits.%I s where s.number between low and low + 63 and %s;',
                t.name, t.columns, t.values, 'launches_' || t.name, t.same_key);
            change_once := change_once || format('update limits.%I t set (%s) = row (%s)
                from limits.%I s where %s;', t.name, t.columns, t.values, 'launches_' || t.name, t.same_key);
        end if;
    end loop;
    if write_launches not like '%insert into%' or write_launches not like '%update%' then
        raise exception 'a launch writes other tables than are known here';
    end if;
    -- Rows that change all the time have room for their next version beside them, and their pages stand
    -- in the write-ahead log since the last checkpoint. So these rows are changed once before.
    execute change_once;

    execute format('create procedure limits.write_launches(writer integer, writers integer)
        language plpgsql as $body$ begin
            for low in 64 * writer .. 16383 by 64 * writers loop %s commit; end loop;
        end $body$', write_launches);
    execute format('create procedure limits.write_users(writer integer, writers integer)
        language plpgsql as $body$ begin
            for low in 64 * writer .. 16383 by 64 * writers loop %s commit; end loop;
        end $body$', write_users);
    execute format('create procedure limits.copy_launches(writer integer, writers integer)
        language plpgsql as $body$ begin %s end $body$', copy_launches);
    execute format('create procedure limits.copy_users(writer integer, writers integer)
        language plpgsql as $body$ begin %s end $body$', copy_users);
end
$$;

analyze;
