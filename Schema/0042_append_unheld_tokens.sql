-- Appends for users who bring tokens along that nobody else may hold.
begin;

insert into ledger.migration (number, name) values (42, 'append_unheld_tokens');

-- A token that a command brings along, by its fingerprint as it stands in records (32 hexadecimal digits).
-- Whoever sends it has seen that nobody else of the app holds it by events before checked_until, nor in another
-- log: where there are several, a reservation in the token's home keeps others from it until this is done.
create type ledger.unheld_token as (
    -- Which of the commands, from 1.
    command bigint,
    fingerprint bytea,
    checked_until bigint,
    reservation uuid
);
revoke all on type ledger.unheld_token from public;

-- As ledger.append_events; but when an event from checked_until on has given one of these tokens to somebody
-- else of the app, or its reservation was burned, nothing is written of any command, and LG012 says so. The log's lock
-- is held by then, until the commit, so nobody gets one that is not seen here, and of two who bring the same one along
-- the second is refused.
create function ledger.append_unheld_tokens(
    log_id integer, commands ledger.append_command[], tokens ledger.unheld_token[], secret bytea
)
returns table (verdict text, first_position bigint, claimed_kind text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- As in ledger.append_events: each probe goes through an index.
set enable_seqscan = off
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    verdicts text[];
    positions bigint[];
    kinds text[];
begin
    -- A reference is burned in the log that it names, so in another one nobody would find it.
    if exists (
        select from unnest(append_unheld_tokens.tokens) as t
        where t.reservation is not null
            and ledger.log_of(t.reservation) <> append_unheld_tokens.log_id
    ) then
        raise exception 'a reservation is of another log' using errcode = 'LG005';
    end if;

    select array_agg(a.verdict order by a.number), array_agg(a.first_position order by a.number),
        array_agg(a.claimed_kind order by a.number)
    into verdicts, positions, kinds
    from ledger.append_events(
        append_unheld_tokens.log_id, append_unheld_tokens.commands, append_unheld_tokens.secret
    ) with ordinality as a (verdict, first_position, claimed_kind, number);

    if exists (
        select from (
            select t.fingerprint, t.checked_until, t.reservation,
                (append_unheld_tokens.commands[t.command]).app_id as app_id,
                (append_unheld_tokens.commands[t.command]).subject as subject
            from unnest(append_unheld_tokens.tokens) as t
            where verdicts[t.command] = 'appended'
        ) as t
        -- The indexes of ledger.find_tokens, spelled as there. With a bare position a plan made while the
        -- log was small would read all of it from checked_until on.
        where (
            select true from ledger.event
            where substring(event.record from position('"fingerprint":"'::bytea in event.record) + 15 for 32)
                    = t.fingerprint
                and event.type in ('access_token.rotated', 'public_token.rotated', 'public_token.recovered')
                and event.log_id = append_unheld_tokens.log_id and event.app_id = t.app_id
                and event.position + 0 >= t.checked_until and event.subject <> t.subject
            limit 1
        ) or (
            select true from ledger.event
            where substring(event.record from position('"access_token":"'::bytea in event.record) + 16 for 32)
                    = t.fingerprint
                and event.type = 'tokens.imported'
                and event.log_id = append_unheld_tokens.log_id and event.app_id = t.app_id
                and event.position + 0 >= t.checked_until and event.subject <> t.subject
            limit 1
        ) or (
            select true from ledger.event
            where substring(event.record from position('"public_token":"'::bytea in event.record) + 16 for 32)
                    = t.fingerprint
                and event.type = 'tokens.imported'
                and event.log_id = append_unheld_tokens.log_id and event.app_id = t.app_id
                and event.position + 0 >= t.checked_until and event.subject <> t.subject
            limit 1
        ) or (
            select true from vault.burned
            where burned.log_id = append_unheld_tokens.log_id and burned.reference = t.reservation
        )
    ) then
        raise exception 'somebody else got one of the tokens' using errcode = 'LG012';
    end if;

    return query
    select v.verdict, v.first_position, v.claimed_kind
    from unnest(verdicts, positions, kinds) with ordinality as v (verdict, first_position, claimed_kind, number)
    order by v.number;
end
$$;

revoke all on function ledger.append_unheld_tokens from public;
grant execute on function ledger.append_unheld_tokens to token_ledger_service;

commit;
