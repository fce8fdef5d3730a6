-- Search by token finds those that were taken over from another system too.
begin;

insert into ledger.migration (number, name) values (36, 'find_imported_tokens');

-- As ledger.event_token_fingerprint, but this event names two tokens, each behind a key of its own.
create index event_imported_access_token on ledger.event
    (substring(record from position('"access_token":"'::bytea in record) + 16 for 32))
    where type = 'tokens.imported';
create index event_imported_public_token on ledger.event
    (substring(record from position('"public_token":"'::bytea in record) + 16 for 32))
    where type = 'tokens.imported';

create or replace function ledger.find_tokens(
    log_id integer, app_id uuid, fingerprint bytea[], events_max integer
)
returns setof ledger.event
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- A plan made while the table was still small must not scan it later.
set enable_seqscan = off
as $$
begin
    return query
    select found.* from (
        select event.* from ledger.event
        where substring(event.record from position('"fingerprint":"'::bytea in event.record) + 15 for 32)
                = any (find_tokens.fingerprint)
            and event.type in ('access_token.rotated', 'public_token.rotated', 'public_token.recovered')
        -- One event may name two tokens that are asked for.
        union
        select event.* from ledger.event
        where substring(event.record from position('"access_token":"'::bytea in event.record) + 16 for 32)
                = any (find_tokens.fingerprint)
            and event.type = 'tokens.imported'
        union
        select event.* from ledger.event
        where substring(event.record from position('"public_token":"'::bytea in event.record) + 16 for 32)
                = any (find_tokens.fingerprint)
            and event.type = 'tokens.imported'
    ) as found
    where found.log_id + 0 = find_tokens.log_id and found.app_id = find_tokens.app_id
        and found.subject is not null
    order by found.position limit find_tokens.events_max;
end
$$;

commit;
