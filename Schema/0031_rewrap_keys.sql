-- How stored keys come under another root key.
begin;

insert into ledger.migration (number, name) values (31, 'rewrap_keys');

-- A key as it was read, and as the new root key wraps it: of a user, of an app (`data_key`), or of the
-- deployment, which `purpose` names.
create type vault.rewrapped_key as (
    app_id uuid,
    subject uuid,
    purpose text,
    known bytea,
    wrapped bytea
);

revoke all on type vault.rewrapped_key from public;

-- Writes those that are still as they were read, and gives how many. A user's row that an append holds is
-- left for the next time: nothing here is waited for, so no append can wait for this in a circle.
-- Not granted to the service: who overwrites a key has destroyed what it opens.
create function vault.rewrap_keys(
    kind text, log_id integer, root_key_id text, keys vault.rewrapped_key[]
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    written bigint;
begin
    case rewrap_keys.kind
        when 'user' then
            with free as materialized (
                select held.app_id, held.subject, k.wrapped
                from unnest(rewrap_keys.keys) as k, lateral (
                    select head.app_id, head.subject from vault.user_state head
                    where head.log_id = rewrap_keys.log_id and head.app_id = k.app_id
                        and head.subject = k.subject and head.wrapped_key = k.known
                    for no key update skip locked
                ) as held
            )
            update vault.user_state head
            set root_key_id = rewrap_keys.root_key_id, wrapped_key = free.wrapped
            from free
            where head.log_id = rewrap_keys.log_id and head.app_id = free.app_id
                and head.subject = free.subject;
        when 'app' then
            update vault.data_key held
            set root_key_id = rewrap_keys.root_key_id, wrapped = k.wrapped
            from unnest(rewrap_keys.keys) as k
            where held.log_id = rewrap_keys.log_id and held.subject = k.subject
                and held.wrapped = k.known;
        when 'master' then
            insert into vault.retired_root_key (root_key_id, retired_at)
            select distinct held.root_key_id, now() from vault.master_key held
            where held.root_key_id <> rewrap_keys.root_key_id
            on conflict on constraint retired_root_key_pkey do update set retired_at = excluded.retired_at;
            delete from vault.retired_root_key old where old.root_key_id = rewrap_keys.root_key_id;
            update vault.master_key held
            set root_key_id = rewrap_keys.root_key_id, wrapped = k.wrapped, wrapped_at = now()
            from unnest(rewrap_keys.keys) as k
            where held.purpose = k.purpose and held.wrapped = k.known;
    end case;
    get diagnostics written = row_count;
    return written;
end
$$;

revoke all on function vault.rewrap_keys from public;

commit;
