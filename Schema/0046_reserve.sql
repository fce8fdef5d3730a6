-- Claims of users whose log is not the fingerprint's home.
begin;

insert into ledger.migration (number, name) values (46, 'reserve');

-- What each of these functions asks before it writes or locks anything, as ledger.append_events does.
create function ledger.refuse_claimant(secret bytea) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if not ledger.knows_secret(refuse_claimant.secret) then
        raise exception 'only who has the deployment''s keys claims' using errcode = 'LG011';
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'a claim needs read committed' using errcode = 'LG002';
    end if;
    if current_setting('synchronous_commit') = 'off' or current_setting('client_min_messages') = 'error' then
        raise exception 'a claim needs synchronous_commit and warnings' using errcode = 'LG008';
    end if;
end
$$;

-- Reserves a fingerprint in its home for a user of another log, or answers the row that is there; none where
-- that one has just gone. `reference` is a new id of the user's log. A row without an age is a claim of a user
-- of the home itself. Takes no log's lock: the unique key decides. For a token that is taken over, `subject` is who takes
-- it over, whoever works at it, and a user of the home reserves as well: there is no row in whose place it would come.
create function ledger.reserve(
    log_id integer, kind text, fingerprint bytea, subject uuid, reference uuid, secret bytea
)
returns table (holder uuid, held_reference uuid, age interval)
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- A plan made while the table was still small must not scan it later.
set enable_seqscan = off
set jit = off
as $$
begin
    perform ledger.refuse_claimant(reserve.secret);
    if ledger.log_of(reserve.reference) = reserve.log_id and reserve.kind <> 'token' then
        raise exception 'who is at home reserves nothing' using errcode = 'LG005';
    end if;
    -- The user's own row of before is written anew: somebody is at work with it again, and is told that it is
    -- there by a commit that waits for a standby.
    insert into vault.lookup as l (log_id, kind, fingerprint, subject, reference, reserved_at)
    values (reserve.log_id, reserve.kind, reserve.fingerprint, reserve.subject, reserve.reference,
        clock_timestamp())
    on conflict on constraint lookup_pkey do update set reserved_at = excluded.reserved_at
        where l.subject = excluded.subject and l.reserved_at is not null;
    return query
    select l.subject, l.reference, clock_timestamp() - l.reserved_at from vault.lookup l
    where l.log_id = reserve.log_id and l.kind = reserve.kind and l.fingerprint = reserve.fingerprint;
end
$$;

-- Whether the claim was made in this log for which another log has a reservation under this reference. If not,
-- the reference is burned: from now on no append makes the claim with it. Under the log's lock, so an append
-- under way has ended before.
create function ledger.fence(log_id integer, kind text, fingerprint bytea, reference uuid, secret bytea)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    perform ledger.refuse_claimant(fence.secret);
    if ledger.log_of(fence.reference) <> fence.log_id then
        raise exception 'a reservation is of another log' using errcode = 'LG005';
    end if;
    perform ledger.hold(fence.log_id);
    perform from ledger.log where log.log_id = fence.log_id for update;
    if not found then
        raise exception 'there is no log %', fence.log_id using errcode = 'LG003';
    end if;
    -- A token has no such row: its reservation is burned, whatever was written with it so far.
    perform from vault.lookup made
    where made.log_id = fence.log_id and made.kind = fence.kind and made.fingerprint = fence.fingerprint
        and made.reserved_at is null;
    if found then
        return true;
    end if;
    insert into vault.burned (log_id, reference) values (fence.log_id, fence.reference)
    on conflict on constraint burned_pkey do nothing;
    return false;
end
$$;

-- Removes a reservation from its home, where it still has this reference. For who knows that no claim can be
-- made with it: it was burned, or its user erased.
create function ledger.release(log_id integer, kind text, fingerprint bytea, reference uuid, secret bytea)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    perform ledger.refuse_claimant(release.secret);
    delete from vault.lookup l
    where l.log_id = release.log_id and l.kind = release.kind and l.fingerprint = release.fingerprint
        and l.reference = release.reference and l.reserved_at is not null;
end
$$;

revoke all on function ledger.refuse_claimant, ledger.reserve, ledger.fence, ledger.release from public;
grant execute on function ledger.reserve, ledger.fence, ledger.release to token_ledger_service;

commit;
