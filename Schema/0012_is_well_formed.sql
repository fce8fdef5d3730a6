-- What append_events asks of its commands before it takes the lock.
begin;

insert into ledger.migration (number, name) values (12, 'is_well_formed');

-- Whether every command has events, and those of a counted command are its subject's next ones. No two
-- events of a subject have one version (a unique key sees to that), so versions within bounds leave none
-- out. Events of other commands take no version, and bring nothing but an app's secrets. A token comes with
-- its user's row alone: nothing can be put in the place that it will have in vault.value.
create function ledger.is_well_formed(commands ledger.append_command[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
    return cardinality(is_well_formed.commands) between 1 and 1000
        and not exists (
            select from unnest(is_well_formed.commands) as c
            where coalesce(cardinality(c.events), 0) = 0
                or c.expected_version is not null and exists (
                    select from (select unnest(c.events) as event) as e
                    where (e.event).subject is distinct from c.subject
                        or (e.event).subject_version is null
                        or (e.event).subject_version <= c.expected_version
                        or (e.event).subject_version > c.expected_version + cardinality(c.events)
                )
                or c.expected_version is null and (cardinality(c.drops) > 0 or exists (
                    select from (select unnest(c.events) as event) as e
                    where (e.event).subject_version is not null
                ))
                or cardinality(c.values) > 0 and exists (
                    select from (select unnest(c.values) as value) as v
                    where (v.value).kind in ('access_token', 'public_token')
                        or (c.expected_version is null)
                            <> ((v.value).kind in ('client_secret', 'app_key'))
                )
        );
end
$$;

revoke all on function ledger.is_well_formed from public;

commit;
