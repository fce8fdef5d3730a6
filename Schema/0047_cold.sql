-- Cold history: the first records of a log may go once a bundle of them stands outside. In a log of accesses all of
-- them, in a log of facts launches that nothing of what is current needs any more.
begin;

insert into ledger.migration (number, name) values (47, 'cold');

-- Which stretches were moved out of the database, one after the other from position 0 on, and into which
-- bundle: its export, and the SHA-256 of its manifest. `checkpoint_size` and `checkpoint_root` are those of the
-- checkpoint outside of the database that covered them then. Who may remove events says so here first, and
-- it stays here: a stretch that was put back has the time of that. Tiles are whole, so that every proof is still
-- made of them.
create table ledger.cold (
    log_id integer not null check (log_id < 1024),
    number integer not null check (number > 0),
    first_position bigint not null check (first_position >= 0),
    before_position bigint not null check (before_position > first_position and before_position % 256 = 0),
    export_id uuid not null,
    manifest_hash bytea not null check (octet_length(manifest_hash) = 32),
    checkpoint_size bigint not null check (checkpoint_size >= before_position),
    checkpoint_root bytea not null check (octet_length(checkpoint_root) = 32),
    detached_at timestamptz not null default clock_timestamp(),
    detached_by text not null default session_user,
    attached_at timestamptz,
    primary key (log_id, number)
);

-- A stretch is noted and put back, and nothing else.
create function ledger.refuse_unless_attached() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and old.attached_at is null and new.attached_at is not null then
        new.attached_at := old.attached_at;
        if new is not distinct from old then
            new.attached_at := clock_timestamp();
            return new;
        end if;
    end if;
    raise exception 'the ledger is append-only: % on %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'LG001';
end
$$;

create trigger cold_is_immutable before update or delete on ledger.cold
    for each row execute function ledger.refuse_unless_attached();
create trigger cold_is_not_truncated before truncate on ledger.cold
    for each statement execute function ledger.refuse_change();
alter table ledger.cold enable always trigger cold_is_immutable;
alter table ledger.cold enable always trigger cold_is_not_truncated;

-- Which records of a tile of a log of facts are launches, or reports of launches, one bit each from the first on, with
-- the service's MAC of that: only they can be missing. It is stored before the tile is cold, and stays.
create table ledger.cold_launches (
    log_id integer not null check (log_id < 1024 and log_id % 2 = 0),
    tile bigint not null check (tile >= 0),
    bits bytea not null check (octet_length(bits) = 32),
    mac bytea not null check (octet_length(mac) = 16),
    primary key (log_id, tile)
);

create trigger cold_launches_is_immutable before update or delete on ledger.cold_launches
    for each row execute function ledger.refuse_change();
create trigger cold_launches_is_not_truncated before truncate on ledger.cold_launches
    for each statement execute function ledger.refuse_change();
alter table ledger.cold_launches enable always trigger cold_launches_is_immutable;
alter table ledger.cold_launches enable always trigger cold_launches_is_not_truncated;

-- An event may go where it is cold, and never otherwise; of facts only launches and the reports of them, and never
-- a user's first one.
create function ledger.refuse_unless_cold() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' and exists (
        select from ledger.cold c
        where c.log_id = old.log_id and c.before_position > old.position and c.attached_at is null
    ) and (
        old.log_id % 2 = 1
        or old.type in ('connect.launched', 'edit.launched', 'launch.closed', 'launch.failed')
            and old.subject_version > 1
    ) then
        return old;
    end if;
    raise exception 'the ledger is append-only: % on %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'LG001';
end
$$;

create or replace trigger event_is_immutable before update or delete on ledger.event
    for each row execute function ledger.refuse_unless_cold();
alter table ledger.event enable always trigger event_is_immutable;

revoke all on function ledger.refuse_unless_attached, ledger.refuse_unless_cold from public;
grant select on ledger.cold, ledger.cold_launches to token_ledger_service, token_ledger_auditor;

commit;
