-- How what should never have been stored as evidence is taken out of the way, and kept.
begin;

insert into ledger.migration (number, name) values (35, 'set_aside');

-- What `token-ledger checkpoint repair` has removed: checkpoints that the deployment's key did not sign, and
-- tiles that are not those of the records.
create table ledger.removed_checkpoint (
    log_id integer not null,
    size bigint not null,
    root bytea not null,
    note text not null,
    published_at timestamptz not null,
    removed_at timestamptz not null default clock_timestamp()
);
create table ledger.removed_tile (
    log_id integer not null,
    level integer not null,
    number bigint not null,
    hashes bytea not null,
    root bytea not null,
    removed_at timestamptz not null default clock_timestamp()
);

create trigger removed_checkpoint_is_immutable before update or delete or truncate on ledger.removed_checkpoint
    for each statement execute function ledger.refuse_change();
create trigger removed_tile_is_immutable before update or delete or truncate on ledger.removed_tile
    for each statement execute function ledger.refuse_change();
alter table ledger.removed_checkpoint enable always trigger removed_checkpoint_is_immutable;
alter table ledger.removed_tile enable always trigger removed_tile_is_immutable;

-- A checkpoint or tile may go once it is kept among the removed ones, byte for byte, and never otherwise.
create function ledger.refuse_unless_kept() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    -- Each branch is read only for its own table.
    if tg_op = 'DELETE' and tg_table_name = 'checkpoint' then
        if exists (
            select from ledger.removed_checkpoint r
            where (r.log_id, r.size, r.root, r.note, r.published_at)
                = (old.log_id, old.size, old.root, old.note, old.published_at)
        ) then
            return old;
        end if;
    elsif tg_op = 'DELETE' and tg_table_name = 'tile' then
        if exists (
            select from ledger.removed_tile r
            where (r.log_id, r.level, r.number, r.hashes, r.root)
                = (old.log_id, old.level, old.number, old.hashes, old.root)
        ) then
            return old;
        end if;
    end if;
    raise exception 'the ledger is append-only: % on %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'LG001';
end
$$;

create or replace trigger checkpoint_is_immutable before update or delete on ledger.checkpoint
    for each row execute function ledger.refuse_unless_kept();
create or replace trigger tile_is_immutable before update or delete on ledger.tile
    for each row execute function ledger.refuse_unless_kept();
alter table ledger.checkpoint enable always trigger checkpoint_is_immutable;
alter table ledger.tile enable always trigger tile_is_immutable;

revoke all on function ledger.refuse_unless_kept from public;
grant select on ledger.removed_checkpoint, ledger.removed_tile to token_ledger_auditor;

commit;
