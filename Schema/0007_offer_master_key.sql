-- How a deployment gets its own keys: the first start of the service offers them.
begin;

insert into ledger.migration (number, name) values (7, 'offer_master_key');

-- Keeps the first key that was offered, whoever offers, and answers nothing.
create function vault.offer_master_key(purpose text, root_key_id text, wrapped bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into vault.master_key (purpose, root_key_id, wrapped)
    values (offer_master_key.purpose, offer_master_key.root_key_id, offer_master_key.wrapped)
    on conflict do nothing
$$;

revoke all on function vault.offer_master_key from public;
grant execute on function vault.offer_master_key to token_ledger_service;

commit;
