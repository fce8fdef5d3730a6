-- The part of an append that erases a user. Only append_events calls it.
begin;

insert into ledger.migration (number, name) values (32, 'erase');

-- Removes everything that the vault keeps of a user: key, values, the fingerprint under which the user was
-- found, and who the person was. The row stays, with the state that says so. Which sessions were exchanged
-- stays claimed: the log says the same, and no session may be exchanged twice.
create function vault.erase(log_id integer, app_id uuid, subject uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    delete from vault.value v where v.log_id = erase.log_id and v.subject = erase.subject;
    delete from vault.data_key k where k.log_id = erase.log_id and k.subject = erase.subject;
    delete from vault.lookup l
    where l.log_id = erase.log_id and l.subject = erase.subject and l.kind = 'human';
    update vault.user_state head
    set fingerprint = null, root_key_id = null, wrapped_key = null, client_user_id = null, human_id = null,
        access_token = null, public_token = null
    where head.log_id = erase.log_id and head.app_id = erase.app_id and head.subject = erase.subject;
end
$$;

revoke all on function vault.erase from public;

commit;
