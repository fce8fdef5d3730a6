-- Search by token: the index.
begin;

insert into ledger.migration (number, name) values (19, 'token_index');

-- The fingerprint stands in the record, whose spelling is fixed, as 32 hexadecimal digits behind its key;
-- inside a JSON string the key's quotes would be escaped. Only built-in immutable functions over bytes:
-- nothing depends on an encoding. Events of other types, such as launches, never touch this index.
-- ledger.find_tokens spells the expression as it stands here.
create index event_token_fingerprint on ledger.event
    (log_id, substring(record from position('"fingerprint":"'::bytea in record) + 15 for 32))
    where type in ('access_token.rotated', 'public_token.rotated', 'public_token.recovered');

commit;
