-- What a plain design would keep: an event row and a projection row, with the keys that an event
-- store needs. One transaction per event writes both.
drop schema if exists bench cascade;
create schema bench;

create table bench.event (
    position bigint generated always as identity primary key,
    event_id uuid not null unique,
    subject bigint not null,
    subject_version bigint not null,
    type text not null,
    recorded_at timestamptz not null,
    record bytea not null,
    unique (subject, subject_version)
);

create table bench.user_state (
    subject bigint primary key,
    subject_version bigint not null,
    status text not null,
    changed_at timestamptz not null,
    state json not null
) with (fillfactor = 70);

-- As many rows as the readers ask for.
insert into bench.user_state
select subject, 1, 'connected', clock_timestamp(), '{"version":1,"status":"connected"}'
from generate_series(1, 10000) as subject;
analyze bench.user_state;
