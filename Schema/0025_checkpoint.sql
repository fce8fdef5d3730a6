-- Evidence: the checkpoints that were signed.
begin;

insert into ledger.migration (number, name) values (25, 'checkpoint');

-- Every checkpoint that was published: the signed note (C2SP tlog-checkpoint), as served.
create table ledger.checkpoint (
    log_id integer not null,
    size bigint not null check (size >= 0),
    root bytea not null check (octet_length(root) = 32),
    note text not null,
    published_at timestamptz not null default clock_timestamp(),
    primary key (log_id, size)
);

-- Whoever publishes a checkpoint holds the row of its log, and shows the same secret as whoever appends. With
-- the password of the service's role alone nobody can publish, nor keep others from it: the row is locked only
-- after the secret was compared.
create table ledger.publisher (
    log_id integer primary key,
    -- SHA-256 of 256 bits; null until the deployment has its keys.
    secret_hash bytea check (octet_length(secret_hash) = 32)
);
insert into ledger.publisher (log_id) select log_id from ledger.log;

create trigger checkpoint_is_immutable before update or delete on ledger.checkpoint
    for each row execute function ledger.refuse_change();
create trigger checkpoint_is_not_truncated before truncate on ledger.checkpoint
    for each statement execute function ledger.refuse_change();
alter table ledger.checkpoint enable always trigger checkpoint_is_immutable;
alter table ledger.checkpoint enable always trigger checkpoint_is_not_truncated;

grant select on ledger.checkpoint to token_ledger_service, token_ledger_auditor;

commit;
