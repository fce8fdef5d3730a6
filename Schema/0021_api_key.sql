-- The API keys of apps.
begin;

insert into ledger.migration (number, name) values (21, 'api_key');

-- Only a hash of the key is stored: the key is 256 random bits, so a plain SHA-256 is enough.
-- Nobody but the owner writes what decides about a key.
create table ledger.api_key (
    key_id text primary key,
    app_id uuid not null references ledger.app,
    hash bytea not null check (octet_length(hash) = 32),
    is_test boolean not null,
    scopes text[] not null,
    label text,
    -- In CIDR, from where alone it may be used; from everywhere when there are none.
    networks text[] not null,
    -- The SHA-256 of certificates in base64url, with one of which alone it may be used (RFC 8705);
    -- without any when there are none.
    client_certificates text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    -- Whose place it takes.
    replaces text references ledger.api_key
);

grant select on ledger.api_key to token_ledger_service;
-- All but the hash, which an auditor needs for nothing.
grant select (key_id, app_id, is_test, scopes, label, networks, client_certificates, created_at,
    expires_at, revoked_at, replaces)
    on ledger.api_key to token_ledger_auditor;

commit;
