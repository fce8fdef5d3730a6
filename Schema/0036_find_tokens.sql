-- Search by token: whose was it? Also of tokens that were taken over from another system.
begin;

insert into ledger.migration (number, name) values (36, 'find_tokens');

-- As ledger.event_token_fingerprint, but this event names two tokens, each behind a key of its own.
create index event_imported_access_token on ledger.event
    (log_id, substring(record from position('"access_token":"'::bytea in record) + 16 for 32))
    where type = 'tokens.imported';
create index event_imported_public_token on ledger.event
    (log_id, substring(record from position('"public_token":"'::bytea in record) + 16 for 32))
    where type = 'tokens.imported';

-- The events with which users of an app got a token of one of these fingerprints (32 hexadecimal digits each).
-- Who reads them sees by their MACs which of them the service wrote.
create function ledger.find_tokens(
    log_id integer, app_id uuid, fingerprint bytea[], events_max integer
)
returns setof ledger.event
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- A plan made while the table was still small must not scan it later.
set enable_seqscan = off
set jit = off
as $$
begin
    return query
    -- One event may name two tokens that are asked for.
    select distinct found.* from unnest(find_tokens.fingerprint) as asked (fingerprint)
    cross join lateral (
        select event.* from ledger.event
        where substring(event.record from position('"fingerprint":"'::bytea in event.record) + 15 for 32)
                = asked.fingerprint
            and event.type in ('access_token.rotated', 'public_token.rotated', 'public_token.recovered')
            and event.log_id = find_tokens.log_id
        union all
        select event.* from ledger.event
        where substring(event.record from position('"access_token":"'::bytea in event.record) + 16 for 32)
                = asked.fingerprint
            and event.type = 'tokens.imported' and event.log_id = find_tokens.log_id
        union all
        select event.* from ledger.event
        where substring(event.record from position('"public_token":"'::bytea in event.record) + 16 for 32)
                = asked.fingerprint
            and event.type = 'tokens.imported' and event.log_id = find_tokens.log_id
        -- The fence keeps this from being read in the order of the log.
        offset 0
    ) as found
    where found.app_id = find_tokens.app_id and found.subject is not null
    order by found.position limit find_tokens.events_max;
end
$$;

revoke all on function ledger.find_tokens from public;
grant execute on function ledger.find_tokens to token_ledger_service;

commit;
