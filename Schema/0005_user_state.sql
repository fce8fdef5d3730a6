-- The projection: what the fold over a user's events gives, written inside the append.
begin;

insert into ledger.migration (number, name) values (5, 'user_state');

-- One row per user; also the head that expected versions are compared with.
-- `state` is the fold's own spelling, kept byte for byte so that a rebuilt row can be compared. SQL never
-- looks into it: what a statement needs of it has a column. The token versions are null without a token;
-- settle_at is from when on somebody must look after an open finalize, and null without one.
create table ledger.user_state (
    log_id integer not null,
    app_id uuid not null,
    subject uuid not null,
    subject_version bigint not null check (subject_version > 0),
    changed_at timestamptz not null,
    status text not null,
    access_token_version bigint check (access_token_version > 0),
    public_token_version bigint check (public_token_version > 0),
    settle_at timestamptz,
    state json not null,
    primary key (log_id, app_id, subject)
)
-- Room on each page for the next version of a row, so that updates stay on the page.
with (fillfactor = 70);

-- Almost no user has an open finalize, so this is small, and whoever looks after them finds them at once.
create index user_state_settle_at on ledger.user_state (settle_at, subject) where settle_at is not null;

grant select on ledger.user_state to token_ledger_service;

commit;
