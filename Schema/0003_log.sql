-- The logs: how long each one is, and the lock that gives out its positions.
begin;

insert into ledger.migration (number, name) values (3, 'log');

-- One row per log. Its row lock is the log's one lock; `size` is the next position. Logs of kind
-- `fact` hold what happened to users, by hash of the user; one of kind `access` holds who read what; one of kind
-- `map` holds which root the map of all current states had. Pair n are the logs 2n and 2n + 1, with the map's
-- 1024 + n. How many pairs there are `pairs` says in each row, for a database may hold some of them, and others the
-- rest. Pairs may be added; then those of before are closed: `closed_pairs` says how many, and `closed_at` how long
-- each was. Their users stay, and who is new belongs to one of the others.
create table ledger.log (
    log_id integer primary key check (log_id >= 0 and log_id < 1536),
    kind text not null check (kind = case
        when log_id >= 1024 then 'map' when log_id % 2 = 0 then 'fact' else 'access' end),
    size bigint not null default 0 check (size >= 0),
    pairs integer not null default 1 check (pairs between 1 and 512),
    closed_pairs integer not null default 0 check (closed_pairs >= 0 and closed_pairs < pairs),
    closed_at bigint check (closed_at <= size)
);
insert into ledger.log (log_id, kind) values (0, 'fact'), (1, 'access'), (1024, 'map');

-- Logs are never dropped and never shrink: positions are given out once.
create function ledger.refuse_shrinking() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and new.log_id = old.log_id and new.kind = old.kind and new.size >= old.size
        and (new.pairs, new.closed_pairs) = (old.pairs, old.closed_pairs)
        and new.closed_at is not distinct from old.closed_at
    then
        return new;
    end if;
    -- Users belong to a log by a hash modulo the number of open pairs.
    if not exists (select from ledger.log where log.size > 0) then
        return case tg_op when 'DELETE' then old else new end;
    end if;
    -- Where pairs are added, all that there were are closed.
    if tg_op = 'UPDATE' and new.log_id = old.log_id and new.kind = old.kind and new.size = old.size
        and new.pairs > old.pairs and new.closed_pairs = old.pairs
        and new.closed_at = coalesce(old.closed_at, old.size)
    then
        return new;
    end if;
    if tg_op = 'INSERT' and new.size = 0 and new.closed_at is null and new.closed_pairs > 0
        and (case new.kind when 'map' then new.log_id - 1024 else new.log_id / 2 end) >= new.closed_pairs
    then
        return new;
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

-- What each session of a copy of the service, and of a command that goes over all logs, begins with: the logs are
-- those that it has read. One that knows fewer would take a user of the others for somebody new.
create function ledger.require_logs(log_id integer, pairs integer, closed_pairs integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from ledger.log
        where log.log_id = require_logs.log_id and log.pairs = require_logs.pairs
            and log.closed_pairs = require_logs.closed_pairs
    ) then
        raise exception 'the logs are others than when this program began' using errcode = 'LG013';
    end if;
end
$$;

revoke all on function ledger.hold, ledger.refuse_shrinking, ledger.require_logs from public;
grant execute on function ledger.require_logs to token_ledger_service, token_ledger_auditor;
grant select on ledger.log to token_ledger_service, token_ledger_auditor;

commit;
