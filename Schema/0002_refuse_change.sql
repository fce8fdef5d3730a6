-- What the triggers of immutable tables call.
begin;

insert into ledger.migration (number, name) values (2, 'refuse_change');

-- All functions name pg_temp last in their search path: unnamed it comes first, for types too, and a
-- caller's temporary type would be used with the owner's rights.
create function ledger.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the ledger is append-only: % on %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'LG001';
end
$$;

revoke all on function ledger.refuse_change from public;

commit;
