-- The logs: how long each one is, and the lock that gives out its positions.
begin;

insert into ledger.migration (number, name) values (3, 'log');

-- One row per log. Its row lock is the log's one lock; `size` is the next position. Logs of kind
-- `fact` hold what happened to users, by hash of the user; one of kind `access` holds who read what; one of kind
-- `map` holds which root the map of all current states had. Pair n are the logs 2n and 2n + 1, with the map's
-- 1024 + n. How many pairs there are is decided before the first event; `pairs` says it, for a database may hold
-- some of them, and others the rest.
create table ledger.log (
    log_id integer primary key check (log_id >= 0 and log_id < 1536),
    kind text not null check (kind = case
        when log_id >= 1024 then 'map' when log_id % 2 = 0 then 'fact' else 'access' end),
    size bigint not null default 0 check (size >= 0),
    pairs integer not null default 1 check (pairs between 1 and 512)
);
insert into ledger.log (log_id, kind) values (0, 'fact'), (1, 'access'), (1024, 'map');

-- Logs are never dropped and never shrink: positions are given out once.
create function ledger.refuse_shrinking() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and new.log_id = old.log_id and new.kind = old.kind and new.pairs = old.pairs
        and new.size >= old.size
    then
        return new;
    end if;
    -- Users belong to a log by a hash modulo the number of pairs.
    if not exists (select from ledger.log where log.size > 0) then
        return case tg_op when 'DELETE' then old else new end;
    end if;
    raise exception 'logs are as they were made, and never shrink: % on ledger.log is refused', tg_op
        using errcode = 'LG001';
end
$$;

create trigger log_never_shrinks before insert or update or delete on ledger.log
    for each row execute function ledger.refuse_shrinking();
create trigger log_is_not_truncated before truncate on ledger.log
    for each statement execute function ledger.refuse_change();
-- A plain trigger is skipped when session_replication_role is replica.
alter table ledger.log enable always trigger log_never_shrinks;
alter table ledger.log enable always trigger log_is_not_truncated;

-- Whoever appends shows that it knows a secret which the deployment's key leads to: with the password of the
-- service's role alone nobody can append, nor hold the log's lock. SHA-256 of 256 bits; no row until the
-- deployment has its keys.
create table ledger.appender (
    secret_hash bytea primary key check (octet_length(secret_hash) = 32)
);

-- Whether a caller may append: it knows the secret, or needs none because it has the rights of the owner,
-- who could do without these functions. Asked before anything is locked.
create function ledger.knows_secret(secret bytea) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select case when knows_secret.secret is null
        then (
            select pg_has_role(session_user, c.relowner, 'usage') from pg_class c
            where c.oid = 'ledger.appender'::regclass
        )
        else exists (
            select from ledger.appender a where a.secret_hash = sha256(knows_secret.secret)
        ) end
$$;

revoke all on function ledger.knows_secret from public;

-- What takes a log's lock, or one that stands for it, calls this first. Where logs are distributed, a lock on a
-- row does not keep the log from being moved to another server: whoever waits for the row meanwhile is given the
-- one that was left behind. A change that finds no row does. Nothing happens on one server.
create function ledger.hold(log_id integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass('pg_catalog.pg_dist_partition') is not null then
        delete from ledger.log where log.log_id = hold.log_id and log.size < 0;
    end if;
end
$$;

revoke all on function ledger.hold, ledger.refuse_shrinking from public;
grant select on ledger.log to token_ledger_service, token_ledger_auditor;

commit;
