-- The API keys of apps.
begin;

insert into ledger.migration (number, name) values (21, 'api_key');

-- Only a hash of the key is stored: the key is 256 random bits, so a plain SHA-256 is enough.
create table ledger.api_key (
    key_id text primary key,
    app_id uuid not null references ledger.app,
    hash bytea not null check (octet_length(hash) = 32),
    scopes text[] not null,
    expires_at timestamptz,
    revoked_at timestamptz
);

grant select on ledger.api_key to token_ledger_service;

commit;
