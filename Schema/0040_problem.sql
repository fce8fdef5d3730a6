-- Problems: what somebody should look at, as the log of facts tells it.
begin;

insert into ledger.migration (number, name) values (40, 'problem');

-- One row for each kind of trouble of a user or endpoint, from its first occurrence on. Written behind the
-- append by whoever folds the log, as far as ledger.problem_progress says; it can be made anew from the log.
-- Of a user who was erased there is no row. Positions are those of its log: `opened_position` that of the event
-- which opened it last, `positions` those of its last events.
create table ledger.problem (
    log_id integer not null,
    app_id uuid not null references ledger.app,
    -- The user's subject, or the endpoint.
    about uuid not null,
    kind text not null,
    state text not null check (state in ('open', 'muted', 'resolved')),
    reason text,
    occurrences bigint not null check (occurrences > 0),
    openings bigint not null check (openings between 1 and occurrences),
    first_position bigint not null check (first_position >= 0),
    first_at timestamptz not null,
    opened_position bigint not null check (opened_position >= first_position),
    opened_at timestamptz not null,
    last_position bigint not null check (last_position >= opened_position),
    last_at timestamptz not null,
    changed_at timestamptz not null,
    muted_by text check ((muted_by is null) = (state <> 'muted')),
    finalizes uuid[] not null,
    positions bigint[] not null,
    -- About comes first, so that who names it needs no column that the list below begins with.
    primary key (log_id, about, app_id, kind)
);
-- Lists show the one first that was opened last. An event opens one problem at most.
create index problem_list on ledger.problem (log_id, app_id, kind, state, opened_position);

-- How many there are, so that nobody counts them: written with the rows.
create table ledger.problem_count (
    log_id integer not null,
    app_id uuid not null references ledger.app,
    kind text not null,
    state text not null,
    count bigint not null,
    primary key (log_id, app_id, kind, state)
)
-- Room on each page for the next version of a row, so that updates stay on the page.
with (fillfactor = 50);

-- Every event of the log before next_position is in the rows above.
create table ledger.problem_progress (
    log_id integer primary key references ledger.log,
    next_position bigint not null check (next_position >= 0)
)
with (fillfactor = 50);
insert into ledger.problem_progress (log_id, next_position)
select log_id, 0 from ledger.log where kind = 'fact';

grant select on ledger.problem, ledger.problem_count, ledger.problem_progress
    to token_ledger_service, token_ledger_auditor;

commit;
