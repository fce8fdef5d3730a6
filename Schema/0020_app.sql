-- The apps.
begin;

insert into ledger.migration (number, name) values (20, 'app');

-- One integration at the provider. Its client secret and app key are vault values whose subject is
-- the app's own id, in the versions that stand here; without a version there is no app key. `policies` are
-- words for what the app has decided. A token that was replaced keeps its value for the grace, a year at most.
-- `access_log` is how much is kept of who read what.
create table ledger.app (
    app_id uuid primary key,
    client_id text not null unique,
    name text not null,
    connect_url text not null,
    user_url text not null,
    api_url text not null,
    allowed_origins text[] not null,
    client_secret_version bigint not null default 1,
    app_key_version bigint,
    policies text[] not null default '{}',
    superseded_grace_seconds bigint not null default 86400
        check (superseded_grace_seconds between 0 and 31536000),
    access_log text not null default 'full' check (access_log in ('full', 'metadata', 'off'))
);

grant select on ledger.app to token_ledger_service, token_ledger_auditor;

commit;
