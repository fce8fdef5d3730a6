-- When API keys were last used.
begin;

insert into ledger.migration (number, name) values (30, 'api_key_use');

-- Beside ledger.api_key, because the service writes it: nothing is decided by it.
create table ledger.api_key_use (
    key_id text primary key references ledger.api_key,
    used_at timestamptz not null
);

-- Takes when keys were used. A time only moves forward, not into the future and not before the key; a key that
-- there is not is passed over.
create function ledger.note_api_key_use(key_id text[], used_at timestamptz[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(note_api_key_use.key_id) > 10000 then
        raise exception 'one call takes 10000 keys' using errcode = 'LG005';
    end if;
    insert into ledger.api_key_use as kept (key_id, used_at)
    select k.key_id, greatest(k.created_at, least(max(u.used_at), clock_timestamp()))
    from unnest(note_api_key_use.key_id, note_api_key_use.used_at) as u (key_id, used_at)
    join ledger.api_key k on k.key_id = u.key_id
    where u.used_at is not null
    group by k.key_id
    -- Two copies of the service take the rows in one order.
    order by k.key_id
    on conflict on constraint api_key_use_pkey do update
        set used_at = excluded.used_at where kept.used_at < excluded.used_at;
end
$$;

revoke all on function ledger.note_api_key_use from public;
grant select on ledger.api_key_use to token_ledger_service;
grant execute on function ledger.note_api_key_use to token_ledger_service;

commit;
