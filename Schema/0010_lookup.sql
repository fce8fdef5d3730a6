-- What is found by fingerprint.
begin;

insert into ledger.migration (number, name) values (10, 'lookup');

-- Who or what is found under a keyed fingerprint. The unique key also arbitrates: a session is
-- exchanged once, a person is linked to one user.
-- `reference` is the event that made the claim. Users are found by their row's own fingerprint.
-- Where several logs hold facts, each fingerprint has one of them for a home, and who is in another one first
-- makes a reservation there: a row with reserved_at, whose `reference` is its own id, the bits of which say
-- in which log the claim is made then, with a row there. A token is reserved while it is taken over, and never
-- claimed: whose it is says the log.
create table vault.lookup (
    log_id integer not null,
    kind text not null check (kind in ('human', 'session', 'token')),
    fingerprint bytea not null check (octet_length(fingerprint) = 16),
    subject uuid not null,
    reference uuid not null,
    reserved_at timestamptz,
    primary key (log_id, kind, fingerprint)
);

-- An erasure frees the people to whom a user was linked. What sessions were exchanged stays: the log says it too.
create index lookup_person on vault.lookup (subject, log_id) where kind = 'human';

grant select on vault.lookup to token_ledger_service;

commit;
