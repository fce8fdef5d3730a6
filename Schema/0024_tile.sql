-- Evidence: the tiles of each log's Merkle tree.
begin;

insert into ledger.migration (number, name) values (24, 'tile');

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

create trigger tile_is_immutable before update or delete on ledger.tile
    for each row execute function ledger.refuse_change();
create trigger tile_is_not_truncated before truncate on ledger.tile
    for each statement execute function ledger.refuse_change();
alter table ledger.tile enable always trigger tile_is_immutable;
alter table ledger.tile enable always trigger tile_is_not_truncated;

grant select on ledger.tile to token_ledger_service, token_ledger_auditor;

commit;
