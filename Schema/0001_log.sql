-- The log: immutable records, at dense positions, in commit order.
begin;

create schema ledger;

-- A migration's first insert is its own number. psql and the program leave the same trace, and a
-- second run of a file stops here.
create table ledger.migration (
    number integer primary key,
    name text not null,
    applied_at timestamptz not null default clock_timestamp()
);
insert into ledger.migration (number, name) values (1, 'log');

-- The role under which the service works: it may call the functions and read, nothing else.
-- Roles belong to the cluster, so another database may have made it already.
do $$
begin
    create role token_ledger_service nologin;
exception when duplicate_object or unique_violation then
    null;
end
$$;

-- One row per log. Its row lock is the log's one lock; `size` is the next position. Logs of kind
-- `fact` hold what happened to users, by hash of the user; a log of kind `access` holds who read what.
create table ledger.log (
    log_id integer primary key,
    kind text not null check (kind in ('fact', 'access')),
    size bigint not null default 0 check (size >= 0)
);
insert into ledger.log (log_id, kind) values (0, 'fact'), (1, 'access');

-- `record` is the event: these bytes are what is hashed and exported. The columns beside it exist to
-- be indexed; `token-ledger verify` checks that they say the same. No foreign keys here: append_events
-- holds the log's row locked, and a check per row would cost a third of the append.
create table ledger.event (
    log_id integer not null,
    position bigint not null check (position >= 0),
    event_id uuid not null,
    app_id uuid not null,
    subject uuid,
    subject_version bigint check (subject_version > 0),
    type text not null,
    recorded_at timestamptz not null,
    record bytea not null check (octet_length(record) between 2 and 16384),
    primary key (log_id, position),
    -- log_id stands last, and the statements that use these write "log_id + 0": a plan made while the
    -- table was still small must not take the primary key for its first column alone.
    unique (event_id, log_id),
    unique (subject, subject_version, log_id)
);
-- Records are small and never change: keep them in the row, uncompressed.
alter table ledger.event alter column record set storage plain;

-- All functions name pg_temp last in their search path: unnamed it comes first, for types too, and a
-- caller's temporary type would be used with the owner's rights.
create function ledger.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the ledger is append-only: % on %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'LG001';
end
$$;

create trigger event_is_immutable before update or delete on ledger.event
    for each row execute function ledger.refuse_change();
create trigger event_is_not_truncated before truncate on ledger.event
    for each statement execute function ledger.refuse_change();
-- A plain trigger is skipped when session_replication_role is replica.
alter table ledger.event enable always trigger event_is_immutable;
alter table ledger.event enable always trigger event_is_not_truncated;

-- Logs are never dropped and never shrink: positions are given out once.
create function ledger.refuse_shrinking() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and new.log_id = old.log_id and new.kind = old.kind and new.size >= old.size then
        return new;
    end if;
    raise exception 'a log never shrinks: % on ledger.log is refused', tg_op using errcode = 'LG001';
end
$$;

create trigger log_never_shrinks before update or delete on ledger.log
    for each row execute function ledger.refuse_shrinking();
create trigger log_is_not_truncated before truncate on ledger.log
    for each statement execute function ledger.refuse_change();
alter table ledger.log enable always trigger log_never_shrinks;
alter table ledger.log enable always trigger log_is_not_truncated;

revoke all on schema ledger from public;
revoke all on function ledger.refuse_change, ledger.refuse_shrinking from public;
grant usage on schema ledger to token_ledger_service;
grant select on ledger.migration, ledger.log, ledger.event to token_ledger_service;

commit;
