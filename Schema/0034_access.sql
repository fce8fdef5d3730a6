-- Who read what of a user.
begin;

insert into ledger.migration (number, name) values (34, 'access');

-- Events of the access log have no subject version, and those of a user are many: a page of them must not
-- begin with all of them. Events of administration have no subject, and are not here.
create index event_access on ledger.event (subject, position)
    where subject_version is null and subject is not null;

commit;
