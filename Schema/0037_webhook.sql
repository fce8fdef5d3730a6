-- Endpoints to which apps have their events sent.
begin;

insert into ledger.migration (number, name) values (37, 'webhook');

-- One endpoint. `sealed` is what decides about it, with its secrets: sealed under the app's key as this
-- version, so nobody without the root key can make one, or have another one's or an earlier one taken for it.
-- Of one that was removed the row stays, empty, so that what it was sent can be looked at.
create table ledger.webhook_endpoint (
    endpoint_id uuid primary key,
    app_id uuid not null references ledger.app,
    version bigint not null check (version > 0),
    sealed bytea not null,
    pause_reason text check (pause_reason in ('requested', 'failing', 'gone')),
    created_at timestamptz not null,
    removed_at timestamptz
);
create index webhook_endpoint_app on ledger.webhook_endpoint (app_id);

-- How far each endpoint was dispatched in each log of facts: every event before next_position is delivered,
-- or a row of ledger.webhook_delivery. It stands with the endpoints, whatever log it is about.
create table ledger.webhook_progress (
    endpoint_id uuid not null references ledger.webhook_endpoint,
    fact_log integer not null,
    next_position bigint not null check (next_position >= 0),
    primary key (endpoint_id, fact_log)
)
-- Room on each page for the next version of a row, so that updates stay on the page.
with (fillfactor = 50);

-- One copy of the service delivers to an endpoint at a time, the one that has the lease.
create table ledger.webhook_lease (
    endpoint_id uuid primary key references ledger.webhook_endpoint,
    -- When it took an event last: an endpoint that takes some is not paused for one that it refuses.
    delivered_at timestamptz,
    lease_holder uuid,
    leased_until timestamptz not null default '-infinity'
)
with (fillfactor = 50);

-- What was sent, and what is to be sent again. `fact_log` and `position` are those of the event, null for a message
-- that only tries the endpoint. `attempts` is the service's own spelling, in which SQL never looks.
create table ledger.webhook_delivery (
    delivery_id uuid primary key,
    endpoint_id uuid not null references ledger.webhook_endpoint,
    kind text not null check (kind in ('event', 'replay', 'test')),
    fact_log integer check ((fact_log is null) = (kind = 'test')),
    position bigint check ((position is null) = (kind = 'test')),
    message_id uuid not null,
    subject uuid,
    type text not null,
    state text not null check (state in ('pending', 'delivered', 'failed')),
    attempt_count integer not null,
    attempts json not null,
    created_at timestamptz not null,
    first_attempt_at timestamptz,
    next_attempt_at timestamptz check ((next_attempt_at is null) = (state <> 'pending')),
    finished_at timestamptz check ((finished_at is null) = (state = 'pending'))
);
-- Whoever begins anew, or delivers to it by mistake, makes no second delivery of an event.
create unique index webhook_delivery_event on ledger.webhook_delivery (endpoint_id, fact_log, position)
    where kind = 'event';
-- Lists show the newest first; ids are in order of time.
create index webhook_delivery_endpoint on ledger.webhook_delivery (endpoint_id, delivery_id);
create index webhook_delivery_pending on ledger.webhook_delivery (endpoint_id, delivery_id)
    where state = 'pending';
create index webhook_delivery_finished on ledger.webhook_delivery (finished_at) where state <> 'pending';

-- Stretches of a log that are to be sent once more, and how far that has come.
create table ledger.webhook_replay (
    replay_id uuid primary key,
    endpoint_id uuid not null references ledger.webhook_endpoint,
    fact_log integer not null,
    next_position bigint not null check (next_position >= 0),
    until_position bigint not null,
    -- Whether it is one delivery, whatever types the endpoint is sent now.
    takes_all_types boolean not null
);
create index webhook_replay_endpoint on ledger.webhook_replay (endpoint_id, replay_id);

grant select on ledger.webhook_endpoint, ledger.webhook_progress, ledger.webhook_lease,
    ledger.webhook_delivery, ledger.webhook_replay to token_ledger_service;
-- All but what is sealed.
grant select (endpoint_id, app_id, version, pause_reason, created_at, removed_at)
    on ledger.webhook_endpoint to token_ledger_auditor;

commit;
