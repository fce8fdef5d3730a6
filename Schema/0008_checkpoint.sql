-- Evidence: the tiles of each log's Merkle tree, and the checkpoints that were signed.
begin;

insert into ledger.migration (number, name) values (8, 'checkpoint');

-- Full tiles of 256 hashes (C2SP tlog-tiles), stored once. `root` is the hash the tile contributes to
-- the level above.
create table ledger.tile (
    log_id integer not null,
    level integer not null check (level between 0 and 6),
    number bigint not null check (number >= 0),
    hashes bytea not null check (octet_length(hashes) = 8192),
    root bytea not null check (octet_length(root) = 32),
    primary key (log_id, level, number)
);
-- Hashes do not compress.
alter table ledger.tile alter column hashes set storage external;

-- Every checkpoint that was published: the signed note (C2SP tlog-checkpoint), as served.
create table ledger.checkpoint (
    log_id integer not null,
    size bigint not null check (size >= 0),
    root bytea not null check (octet_length(root) = 32),
    note text not null,
    published_at timestamptz not null default clock_timestamp(),
    primary key (log_id, size)
);

create trigger tile_is_immutable before update or delete on ledger.tile
    for each row execute function ledger.refuse_change();
create trigger tile_is_not_truncated before truncate on ledger.tile
    for each statement execute function ledger.refuse_change();
alter table ledger.tile enable always trigger tile_is_immutable;
alter table ledger.tile enable always trigger tile_is_not_truncated;
create trigger checkpoint_is_immutable before update or delete on ledger.checkpoint
    for each row execute function ledger.refuse_change();
create trigger checkpoint_is_not_truncated before truncate on ledger.checkpoint
    for each statement execute function ledger.refuse_change();
alter table ledger.checkpoint enable always trigger checkpoint_is_immutable;
alter table ledger.checkpoint enable always trigger checkpoint_is_not_truncated;

-- Publishes a checkpoint after the one of `previous_size` (null: the first), with the tiles that the
-- growth completed. Answers false, and writes nothing, when another copy of the service was first.
create function ledger.publish_checkpoint(
    log_id integer, previous_size bigint, size bigint, root bytea, note text,
    tile_level integer[], tile_number bigint[], tile_hashes bytea[], tile_root bytea[]
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found_size bigint;
begin
    -- One publisher at a time; appends do not wait for this lock.
    perform pg_advisory_xact_lock(8467, publish_checkpoint.log_id);
    select max(c.size) into found_size from ledger.checkpoint c
    where c.log_id = publish_checkpoint.log_id;
    if found_size is distinct from publish_checkpoint.previous_size then
        return false;
    end if;
    if publish_checkpoint.size > (
        select l.size from ledger.log l where l.log_id = publish_checkpoint.log_id
    ) then
        raise exception 'a checkpoint cannot be larger than its log' using errcode = 'LG004';
    end if;
    insert into ledger.tile (log_id, level, number, hashes, root)
    select publish_checkpoint.log_id, t.level, t.number, t.hashes, t.root
    from unnest(tile_level, tile_number, tile_hashes, tile_root) as t (level, number, hashes, root);
    insert into ledger.checkpoint (log_id, size, root, note)
    values (publish_checkpoint.log_id, publish_checkpoint.size, publish_checkpoint.root,
        publish_checkpoint.note);
    return true;
end
$$;

revoke all on function ledger.publish_checkpoint from public;
grant select on ledger.tile, ledger.checkpoint to token_ledger_service;
grant execute on function ledger.publish_checkpoint to token_ledger_service;

commit;
