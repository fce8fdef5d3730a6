-- Lets nobody append until this transaction ends, so that a full queue forms.
begin;
select from ledger.log where log_id = 0 for update;
