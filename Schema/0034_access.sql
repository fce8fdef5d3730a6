-- Who read what of a user.
begin;

insert into ledger.migration (number, name) values (34, 'access');

-- Events of the access log have no subject version, and those of a user are many: a page of them must not
-- begin with all of them. Events of administration have no subject, and are not here. "position + 0", here and
-- in the statements that use this: a page in the order of the primary key would read the log from there on.
create index event_access on ledger.event (log_id, subject, (position + 0))
    where subject_version is null and subject is not null;

commit;
