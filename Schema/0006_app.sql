-- Apps and their API keys.
begin;

insert into ledger.migration (number, name) values (6, 'app');

-- One integration at the provider. Its client secret and app key are vault values whose subject is
-- the app's own id.
create table ledger.app (
    app_id uuid primary key,
    client_id text not null unique,
    name text not null,
    connect_url text not null,
    user_url text not null,
    api_url text not null,
    allowed_origins text[] not null
);

-- Only a hash of the key is stored: the key is 256 random bits, so a plain SHA-256 is enough.
create table ledger.api_key (
    key_id text primary key,
    app_id uuid not null references ledger.app,
    hash bytea not null check (octet_length(hash) = 32),
    scopes text[] not null,
    expires_at timestamptz,
    revoked_at timestamptz
);

create function ledger.add_app(
    app_id uuid, client_id text, name text, connect_url text, user_url text, api_url text,
    allowed_origins text[], event_id uuid, event_time timestamptz, event_record bytea,
    root_key_id text, wrapped_key bytea, value_kind text[], value_sealed bytea[]
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ledger.app (app_id, client_id, name, connect_url, user_url, api_url, allowed_origins)
    values (add_app.app_id, add_app.client_id, add_app.name, add_app.connect_url, add_app.user_url,
        add_app.api_url, add_app.allowed_origins);
    perform ledger.append_events(
        0, array[add_app.app_id], array[add_app.app_id], array[null]::bigint[], array[1],
        array[add_app.event_time], array[null]::text[], array[null]::text[],
        array[1], array[add_app.event_id], array[null]::uuid[], array[null]::bigint[],
        array['app.added'], array[add_app.event_record],
        '{}', '{}', '{}', '{}',
        array[1], array[add_app.root_key_id], array[add_app.wrapped_key],
        array_fill(1, array[cardinality(add_app.value_kind)]), add_app.value_kind,
        array_fill(1::bigint, array[cardinality(add_app.value_kind)]), add_app.value_sealed,
        '{}', '{}', '{}');
end
$$;

create function ledger.add_api_key(
    key_id text, app_id uuid, hash bytea, scopes text[], expires_at timestamptz,
    event_id uuid, event_time timestamptz, event_record bytea
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ledger.api_key (key_id, app_id, hash, scopes, expires_at)
    values (add_api_key.key_id, add_api_key.app_id, add_api_key.hash, add_api_key.scopes,
        add_api_key.expires_at);
    perform ledger.append_events(
        0, array[add_api_key.app_id], array[add_api_key.app_id], array[null]::bigint[], array[1],
        array[add_api_key.event_time], array[null]::text[], array[null]::text[],
        array[1], array[add_api_key.event_id], array[null]::uuid[], array[null]::bigint[],
        array['api_key.created'], array[add_api_key.event_record],
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
end
$$;

revoke all on function ledger.add_app from public;
revoke all on function ledger.add_api_key from public;
grant select on ledger.app, ledger.api_key to token_ledger_service;
-- Not granted to the service: its password must not be enough to make a key that reads tokens.

commit;
