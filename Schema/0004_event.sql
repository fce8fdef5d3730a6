-- The events: immutable records, at dense positions, in commit order.
begin;

insert into ledger.migration (number, name) values (4, 'event');

-- `record` is the event: these bytes are what is hashed and exported. The columns beside it exist to
-- be indexed; `token-ledger verify` checks that they say the same. No foreign keys here: append_events
-- holds the log's row locked, and a check per row would cost a third of the append. `mac` shows that the
-- service made the record: it is made with a key that the database does not have. Records that were replayed
-- from an export have none.
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
    mac bytea check (octet_length(mac) = 16),
    primary key (log_id, position),
    -- Statements name log_id beside all that these keys have, so the primary key, of which they name the first
    -- column alone, is never the cheaper one, not even in a plan made while the table was empty.
    unique (event_id, log_id),
    unique (subject, subject_version, log_id)
);
-- Records are small and never change: keep them in the row, uncompressed.
alter table ledger.event alter column record set storage plain;

create trigger event_is_immutable before update or delete on ledger.event
    for each row execute function ledger.refuse_change();
create trigger event_is_not_truncated before truncate on ledger.event
    for each statement execute function ledger.refuse_change();
alter table ledger.event enable always trigger event_is_immutable;
alter table ledger.event enable always trigger event_is_not_truncated;

grant select on ledger.event to token_ledger_service, token_ledger_auditor;

commit;
