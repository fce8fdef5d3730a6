-- The part of an append that looks whether its claims may be made. Only append_events calls it.
begin;

insert into ledger.migration (number, name) values (45, 'refused_claims');

-- References of reservations with which no claim can be made any more, in the logs in which it would have been.
create table vault.burned (
    log_id integer not null,
    reference uuid not null,
    primary key (log_id, reference)
);

-- An append may come however late, and must find it.
create trigger burned_is_immutable before update or delete on vault.burned
    for each row execute function ledger.refuse_change();
create trigger burned_is_not_truncated before truncate on vault.burned
    for each statement execute function ledger.refuse_change();
alter table vault.burned enable always trigger burned_is_immutable;
alter table vault.burned enable always trigger burned_is_not_truncated;

-- The number of the log that an id names: the ten bits behind the variant.
create function ledger.log_of(id uuid) returns integer
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select (get_byte(uuid_send(log_of.id), 8) & 63) << 4 | get_byte(uuid_send(log_of.id), 9) >> 4
$$;

-- The commands with a claim that may not be made, by number from 1, with its kind: `claimed` where the
-- fingerprint is taken in this log, `fenced` where the claim's reservation was burned. The log's lock is held.
create function vault.refused_claims(log_id integer, commands ledger.append_command[])
returns table (command bigint, verdict text, kind text)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    -- A reference is burned in the log that it names, so in another one nobody would find it.
    if exists (
        select from (select unnest(c.claims) as claim from unnest(refused_claims.commands) as c) as l
        where (l.claim).reservation is not null
            and ledger.log_of((l.claim).reservation) <> refused_claims.log_id
    ) then
        raise exception 'a reservation is of another log' using errcode = 'LG005';
    end if;
    return query
    select judged.command, judged.verdict, judged.kind
    from (
        select l.command, (l.claim).kind,
            case
                when (
                    -- A person may come back to the user to whom it was linked before.
                    select taken.kind <> 'human' or taken.subject <> l.subject from vault.lookup taken
                    where taken.log_id = refused_claims.log_id
                        and taken.kind = (l.claim).kind and taken.fingerprint = (l.claim).fingerprint
                ) then 'claimed'
                when (l.claim).reservation is not null and (
                    select true from vault.burned
                    where burned.log_id = refused_claims.log_id
                        and burned.reference = (l.claim).reservation
                ) then 'fenced'
            end as verdict
        -- As in append_events, unfolded in the select list.
        from (
            select c.ordinality as command, c.subject, unnest(c.claims) as claim
            from unnest(refused_claims.commands) with ordinality as c
        ) as l
    ) as judged
    where judged.verdict is not null;
end
$$;

revoke all on function ledger.log_of, vault.refused_claims from public;

commit;
