-- The projection: what the fold over a user's events gives, written inside the append.
begin;

insert into ledger.migration (number, name) values (3, 'current_token');

-- One row per user; also the head that expected versions are compared with.
-- `state` is the fold's own spelling, kept byte for byte so that a rebuilt row can be compared.
create table ledger.current_token (
    log_id integer not null,
    app_id uuid not null,
    subject uuid not null,
    subject_version bigint not null check (subject_version > 0),
    status text not null,
    changed_at timestamptz not null,
    state json not null,
    primary key (log_id, app_id, subject)
)
-- Room on each page for the next version of a row, so that updates stay on the page.
with (fillfactor = 70);

grant select on ledger.current_token to token_ledger_service;

commit;
