-- Event row and projection row in one statement: one round trip, one transaction, one fsync. The
-- record is as long as ours. (A colon with a letter behind it would be one of pgbench's variables.)
\set subject random(1, 100000)
with head as (
    insert into bench.user_state as current
        (subject, subject_version, status, changed_at, state)
    values (:subject, 1, 'launched', clock_timestamp(),
        '{"version": 1, "status": "launched", "doubted": false, "open_finalizes": []}')
    on conflict (subject) do update set
        subject_version = current.subject_version + 1, status = excluded.status,
        changed_at = excluded.changed_at, state = excluded.state
    returning subject, subject_version
)
insert into bench.event (event_id, subject, subject_version, type, recorded_at, record)
select gen_random_uuid(), head.subject, head.subject_version, 'connect.launched',
    clock_timestamp(), convert_to(repeat('x', 450), 'UTF8')
from head;
