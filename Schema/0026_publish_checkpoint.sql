-- The one way to publish a checkpoint.
begin;

insert into ledger.migration (number, name) values (26, 'publish_checkpoint');

-- Publishes a checkpoint after the one of `previous_size` (null: the first), with the tiles that the
-- growth completed. Answers false, and writes nothing, when another copy of the service was first.
-- `secret` is what ledger.publisher has the hash of: what is stored here is served to everybody, and no
-- signature can be checked in SQL.
create function ledger.publish_checkpoint(
    secret bytea, log_id integer, previous_size bigint, size bigint, root bytea, note text,
    tile_level integer[], tile_number bigint[], tile_hashes bytea[], tile_root bytea[]
) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- The integrator has no time limits of its own; who waits here for long must be able to say so.
set lock_timeout = '5s'
as $$
declare
    found_size bigint;
begin
    -- One publisher at a time; appends do not wait for this lock.
    perform ledger.hold(publish_checkpoint.log_id);
    perform from ledger.publisher p
    where p.log_id = publish_checkpoint.log_id and p.secret_hash = sha256(publish_checkpoint.secret)
    for update;
    if not found then
        raise exception 'only who has the checkpoint key publishes' using errcode = 'LG011';
    end if;
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
    from unnest(publish_checkpoint.tile_level, publish_checkpoint.tile_number,
            publish_checkpoint.tile_hashes, publish_checkpoint.tile_root)
        as t (level, number, hashes, root);
    insert into ledger.checkpoint (log_id, size, root, note)
    values (publish_checkpoint.log_id, publish_checkpoint.size, publish_checkpoint.root,
        publish_checkpoint.note);
    return true;
end
$$;

revoke all on function ledger.publish_checkpoint from public;
grant execute on function ledger.publish_checkpoint to token_ledger_service;

commit;
