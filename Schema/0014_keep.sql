-- The part of an append that writes the rest of the vault. Only append_events calls it.
begin;

insert into ledger.migration (number, name) values (14, 'keep');

-- Writes claims, apps' keys and values of every accepted command, and drops values it no longer needs.
create function vault.keep(
    log_id integer,
    commands ledger.append_command[],
    accepted boolean[]
) returns void
language plpgsql set search_path = pg_catalog, pg_temp
-- Rows that are found are then named by log and place. With this the place is always the cheaper way to them: a
-- plan made while the table was empty must not read the log's rows later.
set random_page_cost = 0
as $$
begin
    insert into vault.lookup (log_id, kind, fingerprint, subject, reference)
    select keep.log_id, (l.claim).kind, (l.claim).fingerprint, l.subject, (l.claim).reference
    from (
        select c.subject, unnest(c.claims) as claim
        from unnest(keep.commands) with ordinality as c where keep.accepted[c.ordinality]
    ) as l
    -- A user may be linked to the same person again, and then the claim is there.
    where (l.claim).kind <> 'human' or (
        select true from vault.lookup own where own.log_id = keep.log_id
            and own.kind = 'human' and own.fingerprint = (l.claim).fingerprint
            and own.subject = l.subject
    ) is null;

    insert into vault.data_key (log_id, subject, root_key_id, wrapped)
    select keep.log_id, c.subject, c.root_key_id, c.wrapped_key
    from unnest(keep.commands) with ordinality as c
    where keep.accepted[c.ordinality] and c.expected_version is null and c.wrapped_key is not null;

    insert into vault.value (log_id, subject, kind, version, sealed)
    select keep.log_id, v.subject, (v.value).kind, (v.value).version, (v.value).sealed
    from (
        select c.subject, unnest(c.values) as value
        from unnest(keep.commands) with ordinality as c where keep.accepted[c.ordinality]
    ) as v;

    -- Each row is found by a subquery of its own: a join planned while the table was small would
    -- read all of it later. Nothing else is ever dropped by an append.
    delete from vault.value
    where value.log_id = keep.log_id and value.ctid = any (array(
        select (
            select held.ctid from vault.value held
            where held.log_id = keep.log_id and held.subject = d.subject
                and held.kind = (d.value).kind and held.version = (d.value).version
        )
        from (
            select c.subject, unnest(c.drops) as value
            from unnest(keep.commands) with ordinality as c where keep.accepted[c.ordinality]
        ) as d
        where (d.value).kind in ('session_token', 'claimed_human_id')
    ));
    update vault.user_state set human_id = null
    where user_state.log_id = keep.log_id and user_state.ctid = any (array(
        select (
            select head.ctid from vault.user_state head
            where head.log_id = keep.log_id and head.app_id = d.app_id and head.subject = d.subject
        )
        from (
            select c.app_id, c.subject, unnest(c.drops) as value
            from unnest(keep.commands) with ordinality as c where keep.accepted[c.ordinality]
        ) as d
        where (d.value).kind = 'human_id'
    ));
end
$$;

revoke all on function vault.keep from public;

commit;
